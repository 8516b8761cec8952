"""The tiny PhoBERT's pre-training and the twins' Vietnamese vocabularies: pieces of words, languages, what ships."""

import json
import math

import pytest
import torch
from helpers.twins import twin_spec

from glalign.config.training import Optim
from glalign.config.twins import Corpus
from glalign.contract.specs.twins import VocabularySpec
from glalign.language.phobert_tokenizer import PhoBertFileTokenizer
from glalign.language.tokenizers import FileTokenizer
from glalign.pretraining.corpus import draw_captions, draw_corpus
from glalign.pretraining.phobert import pretrain_phobert, spellings
from glalign.pretraining.phobert_vocabulary import make_phobert_vocabulary, partial_merges
from glalign.pretraining.vocabulary import make_vocabulary, make_vocabulary_pair
from glalign.pretraining.words import Table
from glalign.storage.weight_files import PRETRAINED, Weights, read_weights

TEXT = "Cô gái mặc áo khoác đen, đi giày trắng."


def people(*languages: str, identities: int = 4, images: int = 2) -> Corpus:
    """A small corpus."""
    return Corpus(domain="pretrain", identities=identities, images=images, seed=1, languages=languages)


@pytest.fixture
def files(tmp_path):
    pieces, codes = make_phobert_vocabulary([TEXT, TEXT], 400)
    (tmp_path / "v.vocab.txt").write_text(pieces, encoding="utf-8")
    (tmp_path / "v.bpe.codes").write_text(codes, encoding="utf-8")
    return Weights(tmp_path).phobert_vocabulary("v")


def test_a_word_partial_merges_is_what_fewer_merges_make_of_it() -> None:
    order = {("m", "à"): 0, ("đ", "e"): 1, ("mà", "u</w>"): 2}
    assert partial_merges("màu", order) == [["m@@", "à@@", "u"], ["mà@@", "u"]]
    assert partial_merges("đen", order) == [["đ@@", "e@@", "n"]]
    assert partial_merges("ô", order) == []


def test_words_are_spelt_in_every_smaller_way(files) -> None:
    tokenizer = PhoBertFileTokenizer(*files)
    known = spellings(*files, tokenizer)
    name = {number: piece for piece, number in tokenizer._pieces.get_vocab().items()}
    coat = tokenizer.encode("áo khoác")[0][1]
    assert ["".join(name[i].removesuffix("@@") for i in ids) for ids in known[coat]] == ["áo_khoác"] * len(known[coat])
    assert [len(ids) for ids in known[coat]] == list(range(len("áo_khoác"), 1, -1))
    table = Table([TEXT] * 200, tokenizer, known, 1.0, torch.Generator().manual_seed(0))
    assert set(table.ids.unique().tolist()) >= {number for ways in known.values() for ids in ways for number in ids}
    plain = Table([TEXT], tokenizer, known, 0.0, torch.Generator())
    assert plain.ids[0].tolist() == tokenizer.encode(TEXT)[0]


def test_a_short_training_learns_and_repeats_itself(tmp_path) -> None:
    spec = twin_spec(
        kind="phobert",
        steps=12,
        held_out=6,
        validate_every=6,
        batch=32,
        corpus=people("vi", identities=24, images=1),
        model={"backbone": "tiny/phobert", "vocabulary": "tiny_phobert", "max_tokens": 40, "spelt": 0.1},
        optim=Optim(name="adamw", lr=0.006, schedule="cosine", warmup=0.1),
    )
    threads = torch.get_num_threads()
    try:
        record = pretrain_phobert(spec, tmp_path / "one.safetensors")
        pretrain_phobert(spec, tmp_path / "two.safetensors")
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(threads)
    assert [line["step"] for line in record["course"]] == [6, 12]
    shipped, _ = read_weights(PRETRAINED / "tiny_phobert.safetensors")
    words = len(shipped["roberta.embeddings.word_embeddings.weight"])
    assert record["course"][-1]["loss"] < math.log(words) - 1
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()
    made, _ = read_weights(tmp_path / "one.safetensors")
    assert {name: value.shape for name, value in made.items()} == {name: value.shape for name, value in shipped.items()}


def test_the_shipped_twin_has_learnt_to_fill_gaps() -> None:
    record = json.loads((PRETRAINED / "tiny_phobert.json").read_text(encoding="utf-8"))
    assert record["recipe"]["corpus"]["languages"] == ["vi"]
    assert record["record"]["course"][-1]["held_out_accuracy"] > 60
    assert (PRETRAINED / "tiny_phobert.safetensors").stat().st_size < 1_000_000


def test_a_corpus_in_two_languages_shows_the_same_people() -> None:
    both = draw_corpus(people("en", "vi"), (16, 8))
    alone = {code: draw_corpus(people(code), (16, 8)) for code in ("en", "vi")}
    for code, corpus in alone.items():
        assert both.records_in(code) == corpus.records
        assert (both.images.pixels == corpus.images.pixels).all()
    assert both.split(1)[1].languages == ("en", "vi")
    texts = draw_captions(people("vi"))
    assert len(texts) == 4 * 2 * 2
    assert {person for person, _ in texts} == {1, 2, 3, 4}


def test_vocabularies_of_both_families_read_what_they_are_made_of(tmp_path) -> None:
    corpus = people("en", "vi")
    make_vocabulary(VocabularySpec(name="u", family="roberta", size=2000, corpus=corpus), tmp_path / "u.tokenizer.json")
    pair_spec = VocabularySpec(name="p", family="phobert", size=2000, corpus=corpus)
    make_vocabulary_pair(pair_spec, tmp_path / "p.vocab.txt", tmp_path / "p.bpe.codes")
    unigram = FileTokenizer(tmp_path / "u.tokenizer.json", 200, "roberta")
    unknown = unigram._pieces.token_to_id("<unk>")
    pair = PhoBertFileTokenizer(*Weights(tmp_path).phobert_vocabulary("p"))
    for _, caption in draw_captions(corpus):
        assert unknown not in unigram.encode(caption)[0]
        assert pair.unknown_id not in pair.encode(caption)[0]
