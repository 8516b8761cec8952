"""M-IRRA: parameter counts, masking by id, the tied head, the terms on masked captions, the learning-rate rules."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from baselines.irra import rule
from baselines.m_irra import MIrra, Options, TiedHead, mask_word_pieces
from glalign.contract.retriever import Batch
from glalign.contract.training_info import TrainingInfo
from glalign.data.caption_tensors import TokenTable
from glalign.language.tokenizers import FileTokenizer
from glalign.models.losses.contrastive import sdm
from glalign.storage.weight_files import PRETRAINED, UNFILLED, VOCABULARY, Weights
from glalign.support.errors import UserError

TINY = {
    "backbone": "tiny/multilingual",
    "weights": "random",
    "vocabulary": "tiny_unigram",
    "cross_depth": 1,
    "text_dropout": 0.0,
}
TOKENIZER = FileTokenizer(PRETRAINED / f"tiny_unigram{VOCABULARY}", 77, "roberta")
CAPTIONS = (
    "A man wears a red shirt.",
    "The woman has long black hair and carries a blue bag.",
    "A man with black shoes.",
    "She wears a long skirt, a blue jacket and red shoes.",
    "A woman.",
)


def build(**options: object) -> MIrra:
    torch.manual_seed(0)
    return MIrra.build({**TINY, **options}, (64, 32), TrainingInfo(identities=4, steps=10), UNFILLED).train()


def batch_of(captions: tuple[str, ...] = CAPTIONS) -> Batch:
    stream = torch.Generator().manual_seed(0)
    text = TokenTable(captions, TOKENIZER).batch(torch.arange(len(captions)))
    person = torch.arange(len(captions)) % 4
    return Batch(torch.randn(len(captions), 3, 64, 32, generator=stream), person=person, generator=stream, **text)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module")
def real_vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """A vocabulary with the ids of XLM-R's: marks first, 250,002 entries, the mask last."""
    from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: PLC0415

    words = ["<s>", "<pad>", "</s>", "<unk>", *(f"w{number}" for number in range(249_997)), "<mask>"]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    folder = tmp_path_factory.mktemp("weights")
    tokenizer.save(str(folder / f"xlm-roberta-base{VOCABULARY}"))
    return Weights(folder, load=False)


def test_original_size_has_the_published_parameters(real_vocabulary: Weights) -> None:
    info = TrainingInfo(identities=11_003, steps=1)
    with torch.device("meta"):
        full = MIrra.build({"tie_head": False}, (384, 128), info, real_vocabulary)
        tied = MIrra.build({}, (384, 128), info, real_vocabulary)
    assert count(full.towers.visual) == 87_848_448
    assert count(full.towers.text) == 278_272_256
    assert count(full.towers.text.transformer) == 277_453_056
    assert count(full.mlm_head) == 128_514_706
    assert count(full) == 513_943_181
    # 512 -> 768 linear, LayerNorm and a bias per word in place of the head of 12b.
    assert count(tied) == 513_943_181 - 128_514_706 + (512 * 768 + 768) + 2 * 768 + 250_002
    assert full.patch_grid == (12, 4)
    tokenizer = full.tokenizer
    assert (tokenizer.pad_id, tokenizer.mask_id, tokenizer.context_length) == (1, 250_001, 77)
    config = full.towers.text.transformer.config
    assert (config.hidden_dropout_prob, config.attention_probs_dropout_prob, config.pad_token_id) == (0.1, 0.1, 1)
    assert full.cross_attention.num_heads == 8
    assert (len(full.cross_blocks), full.options.tau, full.options.share_masked_ids) == (4, 0.02, True)


class XlmIds:
    """The ids of XLM-R's marks in a vocabulary of 40."""

    sot_id, pad_id, eot_id, mask_id, vocab_size = 0, 1, 2, 39, 40


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(3, 40), st.booleans())
def test_masking_touches_words_only_and_one_at_least(seed: int, captions: int, length: int, real: bool) -> None:
    tokenizer = XlmIds() if real else TOKENIZER
    marks = torch.tensor([tokenizer.pad_id, tokenizer.sot_id, tokenizer.eot_id, tokenizer.mask_id])
    stream = torch.Generator().manual_seed(seed)
    words = torch.randint(1, length - 1, (captions,), generator=stream)
    ids = torch.randint(4, tokenizer.vocab_size - 1, (captions, length), generator=stream)
    place = torch.arange(length)
    ids[place > words[:, None] + 1] = tokenizer.pad_id
    ids[place == words[:, None] + 1] = tokenizer.eot_id
    ids[:, 0] = tokenizer.sot_id
    kept = ids.clone()
    masked, chosen = mask_word_pieces(ids, tokenizer, stream)
    assert torch.equal(ids, kept)
    assert not (chosen & torch.isin(ids, marks)).any()
    assert torch.equal(masked[~chosen], ids[~chosen])
    assert chosen.any(dim=1).all()
    assert not torch.isin(masked[chosen], marks[:3]).any()  # a random word is no mark


def test_masking_shares_and_the_words_that_it_draws() -> None:
    ids = torch.randint(4, XlmIds.mask_id, (2_000, 50), generator=torch.Generator().manual_seed(0))
    masked, chosen = mask_word_pieces(ids, XlmIds(), torch.Generator().manual_seed(1))
    assert float(chosen.float().mean()) == pytest.approx(0.15, abs=0.005)
    assert float((masked == XlmIds.mask_id)[chosen].float().mean()) == pytest.approx(0.8, abs=0.015)
    drawn = masked[chosen & (masked != ids) & (masked != XlmIds.mask_id)]
    assert sorted(set(drawn.tolist())) == list(range(3, 39))  # from <unk> to the last word before the mask


def test_the_tied_head_reads_the_table_of_the_tower_and_does_not_store_it() -> None:
    torch.manual_seed(1)
    embedding = torch.nn.Embedding(7, 6)
    head = TiedHead(4, embedding).double()
    embedding.double()
    hidden = torch.randn(3, 4, dtype=torch.float64)
    inner = hidden @ head.dense.weight.T + head.dense.bias
    inner = inner * torch.sigmoid(1.702 * inner)
    inner = (inner - inner.mean(1, keepdim=True)) / (inner.var(1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    for row in range(3):
        for word in range(7):
            expected = float(((inner[row] * embedding.weight[word]).sum() + head.bias[word]).detach())
            assert float(head(hidden)[row, word].detach()) == pytest.approx(expected, rel=1e-9)
    assert sorted(head.state_dict()) == ["bias", "dense.bias", "dense.weight", "norm.bias", "norm.weight"]
    head(hidden).sum().backward()
    assert embedding.weight.grad.abs().sum() > 0


def test_terms_are_irras_on_the_masked_caption() -> None:
    system, batch = build(), batch_of()
    losses = system.loss(replace(batch, generator=torch.Generator().manual_seed(3)))
    assert set(losses) == {"sdm", "id", "mlm"}
    masked, chosen = mask_word_pieces(batch.tokens, TOKENIZER, torch.Generator().manual_seed(3))
    assert chosen.any()
    image, text = system.towers.image_tokens(batch.pixels)[:, 0], system.towers.texts(masked)[0]
    scores = F.cosine_similarity(image[:, None], text[None], dim=2)
    torch.testing.assert_close(losses["sdm"], sdm(scores, batch.person, 0.02) + sdm(scores.T, batch.person, 0.02))
    both = [F.cross_entropy(system.classifier(side), batch.person) for side in (image, text)]
    torch.testing.assert_close(losses["id"], sum(both) / 2)


def test_masked_words_are_predicted_from_projected_tokens() -> None:
    """One caption, no padding: the loss is the head on all positions, of which only the chosen count."""
    system, batch = build(), batch_of(CAPTIONS[:1])
    masked, chosen = mask_word_pieces(batch.tokens, TOKENIZER, torch.Generator().manual_seed(3))
    hidden = system.towers.text.transformer(input_ids=masked).last_hidden_state
    tokens, context = system.towers.text.proj(hidden), system.ln_image(system.towers.image_tokens(batch.pixels))
    mixed = system.cross_attention(system.ln_text(tokens), context, context)[0]
    logits = system.mlm_head(system.ln_post(system.cross_blocks(mixed)))
    labels = batch.tokens.masked_fill(~chosen, -100)
    expected = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
    found = system.loss(replace(batch, generator=torch.Generator().manual_seed(3)))["mlm"]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("tied", [True, False])
def test_every_parameter_learns(tied: bool) -> None:
    system = build(tie_head=tied)
    sum(system.loss(batch_of()).values()).backward()
    without = [name for name, p in system.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert without == []
    table = system.towers.text.transformer.embeddings.word_embeddings.weight.grad
    assert bool((table.abs().sum(dim=1) > 0).all()) == tied  # a tied head moves words that no caption has


def test_rates_are_those_of_the_names_and_the_towers_have_none_of_their_own() -> None:
    system = build()
    groups = list(system.parameter_groups(1e-5, 4e-5))
    assert sum(p.numel() for group in groups for p in group["params"]) == count(system)
    assert {round(group["lr"] / 1e-5) for group in groups} == {1, 2, 5}
    for name, _ in system.towers.named_parameters(prefix="towers"):
        assert rule(name) == ((2.0, False) if "bias" in name else (1.0, True))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text_dropout": 1.5}, r"model\.text_dropout: 1\.5"),
        ({"backbone": "tiny/clip"}, "model.backbone: unknown multilingual CLIP 'tiny/clip'.*xlm-roberta-base-vit-b-32"),
        ({"vocabulary": "nowhere"}, r"nowhere\.tokenizer\.json"),
        ({"vocabulary": "tiny_wordpiece"}, "vocabulary of another model"),
    ],
)
def test_impossible_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build(**options)


def test_defaults_are_the_originals() -> None:
    options = Options()
    assert (options.tau, options.cross_depth, options.share_masked_ids, options.text_dropout) == (0.02, 4, True, 0.1)
