"""GLAlign's features, score and options against explicit loops and single passes."""

import pytest
import torch
from torch.nn import functional as F

from glalign.contract.retriever import Batch
from glalign.contract.training_info import TrainingInfo
from glalign.models.glalign import GLAlign
from glalign.models.losses.contrastive import contrastive
from glalign.storage.weight_files import UNFILLED, Weights, save_weights
from glalign.support.errors import UserError

CAPTIONS = [
    "a man in a red shirt and black shoes",
    "a woman with long hair, a blue skirt and a bag",
    "the person wears a cap",
    "an old man walks by in grey trousers",
]
PHRASES = [  # part -> characters of the caption
    {1: "a red shirt", 3: "black shoes"},
    {0: "long hair", 2: "a blue skirt", 4: "a bag"},
    {0: "a cap"},
    {},
]
SIZE = (64, 32)


def build(**options) -> GLAlign:
    torch.manual_seed(3)
    return GLAlign.build(
        {"backbone": "tiny/clip", "dropout": 0.0, **options}, SIZE, TrainingInfo(3, 1), UNFILLED
    ).eval()


def batch_for(model: GLAlign, extra: int = 0) -> Batch:
    """The four captions with their phrases, random images and part maps in which part 4 is nowhere."""
    encoded = [model.tokenizer.encode(caption) for caption in CAPTIONS]
    length = max(len(ids) for ids, _ in encoded) + extra
    tokens = torch.zeros(4, length, dtype=torch.int64)
    phrases = torch.zeros(4, 5, length, dtype=torch.bool)
    for row, (ids, spans) in enumerate(encoded):
        tokens[row, : len(ids)] = torch.tensor(ids)
        for part, text in PHRASES[row].items():
            start = CAPTIONS[row].index(text)
            for place, (a, b) in enumerate(spans):
                phrases[row, part, place] = b > a >= start and b <= start + len(text)
    generator = torch.Generator().manual_seed(5)
    parts = (torch.rand(4, 5, 8, 4, generator=generator) - 0.6).clamp(min=0)
    parts[:, 4] = 0
    parts[2, 0] = 0
    return Batch(
        pixels=torch.randn(4, 3, *SIZE, generator=generator),
        tokens=tokens,
        lengths=torch.tensor([len(ids) for ids, _ in encoded]),
        person=torch.tensor([0, 1, 1, 2]),
        parts=parts,
        phrases=phrases,
    )


@pytest.fixture(scope="module")
def model() -> GLAlign:
    return build()


def test_pooled_features_are_means_of_tokens(model):
    batch = batch_for(model)
    with torch.no_grad():
        images, texts = model.encode_images(batch), model.encode_texts(batch)
        patches = model.towers.image_tokens(batch.pixels)[:, 1:]
        words = model.towers.text_tokens(batch.tokens)
    for row in range(4):
        for part in range(5):
            shares = batch.parts[row, part].flatten().tolist()
            total = sum(s * patches[row, n] for n, s in enumerate(shares))
            expected = F.normalize(total / sum(shares), dim=0) if sum(shares) else torch.zeros(128)
            torch.testing.assert_close(images["local"][row, part], expected, atol=1e-5, rtol=1e-4)
            assert images["present"][row, part].item() == (sum(shares) > 0)
            inside = [words[row, t] for t in range(words.shape[1]) if batch.phrases[row, part, t]]
            assert bool(inside) == (part in PHRASES[row]) == bool(texts["present"][row, part])
            if inside:
                expected = F.normalize(torch.stack(inside).mean(0), dim=0)
                torch.testing.assert_close(texts["local"][row, part], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("alpha", "score_alpha"), [(0.5, None), (0.2, None), (0.0, None), (1.0, None), (0.5, 0.8), (0.3, "validation")]
)
def test_similarity_is_the_written_out_score(alpha, score_alpha):
    model = build(alpha=alpha, score_alpha=score_alpha)
    batch = batch_for(model)
    with torch.no_grad():
        images, texts = model.encode_images(batch), model.encode_texts(batch)
        scores = model.similarity(texts, images)
    weight = score_alpha if isinstance(score_alpha, float) else alpha
    for q in range(4):
        for g in range(4):
            expected = weight * float(texts["global"][q] @ images["global"][g])
            if weight < 1:
                both = [p for p in range(5) if texts["present"][q, p] and images["present"][g, p]]
                cosines = [float(texts["local"][q, p] @ images["local"][g, p]) for p in both]
                expected += (1 - weight) * (sum(cosines) / len(cosines) if cosines else 0.0)
            assert scores[q, g].item() == pytest.approx(expected, abs=1e-6)
    assert model.similarity(texts, {k: v[:2] for k, v in images.items()}).shape == (4, 2)


def test_the_local_score_is_the_mean_of_the_cosines_of_parts(model):
    batch = batch_for(model)
    with torch.no_grad():
        images, texts = model.encode_images_and_parts(batch), model.encode_texts_and_parts(batch)
        scores = model.similarity(texts, images)
        cosines = model.part_cosines(texts, {key: value.expand(4, *value.shape) for key, value in images.items()})
    for q in range(4):
        for g in range(4):
            for p in range(5):
                shared = p in PHRASES[q] and batch.parts[g, p].any()
                direct = float(texts["local"][q, p] @ images["local"][g, p]) if shared else float("nan")
                assert cosines[q, g, p].item() == pytest.approx(direct, abs=1e-6, nan_ok=True)
    mean = cosines.nanmean(-1).nan_to_num()  # a pair that shares no part has a local score of 0
    torch.testing.assert_close(scores, 0.5 * texts["global"] @ images["global"].T + 0.5 * mean)


def test_a_score_without_the_local_branch_has_no_cosines_of_parts():
    assert build(alpha=1.0).part_names == build(alpha=0.5, score_alpha=1.0).part_names == ()
    assert build(alpha=1.0, score_alpha=0.5).part_names == ("HEAD", "UPPERBODY", "LOWERBODY", "SHOES", "OTHERS")


def test_loss_is_the_weighted_sum_of_both_branches():
    whole = batch_for(build())
    values = {}
    for alpha in (0.0, 0.3, 1.0):
        terms = build(alpha=alpha).loss(whole)
        assert set(terms) == {0.0: {"local"}, 0.3: {"global", "local"}, 1.0: {"global"}}[alpha]
        values[alpha] = {name: float(term.detach()) for name, term in terms.items()}
    assert values[0.3]["global"] == pytest.approx(0.3 * values[1.0]["global"], rel=1e-5)
    assert values[0.3]["local"] == pytest.approx(0.7 * values[0.0]["local"], rel=1e-5)


def test_a_branch_of_weight_zero_is_not_computed():
    model = build(alpha=1.0)
    batch = batch_for(model)
    bare = Batch(pixels=batch.pixels, tokens=batch.tokens, lengths=batch.lengths, person=batch.person)
    assert float(model.loss(bare)["global"].detach()) > 0
    assert set(model.encode_images(bare)) == set(model.encode_texts(bare)) == {"global"}


def test_identity_targets_use_the_persons():
    batch = batch_for(build())
    model = build(alpha=1.0, targets="identity")
    with torch.no_grad():
        images, texts = model.encode_images(batch)["global"], model.encode_texts(batch)["global"]
        expected = contrastive(images, texts, model.scale(), batch.person)
        assert float(model.loss(batch)["global"]) == pytest.approx(float(expected), rel=1e-5)
        assert float(expected) != pytest.approx(float(contrastive(images, texts, model.scale())), rel=1e-3)


def test_separate_phrase_pass_reads_the_phrase_as_a_sentence():
    model = build(phrase="separate")
    batch = batch_for(model, extra=3)
    with torch.no_grad():
        found = model.encode_texts(batch)
        for row, named in enumerate(PHRASES):
            for part, text in named.items():
                ids = torch.tensor([model.tokenizer.encode(text)[0]])
                alone = F.normalize(model.towers.text_tokens(ids)[0, -1], dim=0)
                torch.testing.assert_close(found["local"][row, part], alone, atol=1e-5, rtol=1e-4)
    assert found["present"].sum() == sum(len(named) for named in PHRASES)


def test_masked_region_is_the_image_with_other_patches_blank():
    model = build(region="masked")
    batch = batch_for(model)
    with torch.no_grad():
        found = model.encode_images(batch)
        blanked = batch.pixels[1:2].clone()
        for row in range(8):
            for column in range(4):
                if batch.parts[1, 2, row, column] == 0:
                    blanked[..., row * 8 : row * 8 + 8, column * 8 : column * 8 + 8] = 0
        alone = F.normalize(model.towers.image_tokens(blanked)[0, 0], dim=0)
    torch.testing.assert_close(found["local"][1, 2], alone, atol=1e-5, rtol=1e-4)
    assert found["local"][:, 4].abs().sum() == 0


@pytest.mark.parametrize("options", [{"phrase": "separate"}, {"region": "masked"}])
def test_a_batch_without_parts_and_phrases_has_zero_local_loss(options):
    model = build(alpha=0.0, **options)
    batch = batch_for(model)
    none = Batch(
        pixels=batch.pixels,
        tokens=batch.tokens,
        parts=torch.zeros_like(batch.parts),
        phrases=torch.zeros_like(batch.phrases),
    )
    loss = model.loss(none)["local"]
    loss.backward()
    assert float(loss.detach()) == 0.0


def test_last_word_instead_of_the_end_mark():
    """D5: the tokens before the end mark do not see it, so `last` is what a text cut there ends with."""
    model = build(text_token="last", alpha=1.0)
    batch = batch_for(model)
    with torch.no_grad():
        found = model.encode_texts(batch)["global"]
        for row, length in enumerate(batch.lengths.tolist()):
            words = model.towers.token_embedding(batch.tokens[row : row + 1, : length - 1])
            cut = model.towers.encode_words(words)[0, -1]
            torch.testing.assert_close(found[row], F.normalize(cut, dim=0), atol=1e-5, rtol=1e-4)


def test_scale_per_part_belongs_to_the_local_branch():
    assert build(local_scale="per_part").part_scale.log.shape == (5,)
    assert build(local_scale="per_part", alpha=1.0).part_scale is None
    assert build().part_scale is None
    terms = build(local_scale="per_part").loss(batch_for(build()))
    assert float(terms["local"].detach()) == pytest.approx(
        float(build().loss(batch_for(build()))["local"].detach()), rel=1e-5
    )


def test_every_trained_parameter_is_in_one_group(model):
    groups = list(model.parameter_groups(1e-3, 0.01))
    listed = [id(p) for group in groups for p in group["params"]]
    assert sorted(listed) == sorted(id(p) for p in model.parameters())
    assert all(group["weight_decay"] == 0 or all(p.ndim > 1 for p in group["params"]) for group in groups)


def test_options_of_the_tokenizer():
    model = build(context_length=8, lower_case=False)
    assert len(model.tokenizer.encode(" ".join(["word"] * 30))[0]) == 8
    assert model.tokenizer.encode("Red")[0] != model.tokenizer.encode("red")[0]


def test_weights_are_read_from_the_folder(tmp_path):
    source = build()
    save_weights(tmp_path / "twin.safetensors", source.towers.state_dict(), source.towers.about())
    torch.manual_seed(9)
    model = GLAlign.build({"weights": "twin"}, SIZE, TrainingInfo(1, 1), Weights(tmp_path))
    assert torch.equal(model.towers.visual.proj, source.towers.visual.proj)
    with pytest.raises(UserError, match=r"absent\.safetensors"):
        GLAlign.build({"weights": "absent"}, SIZE, TrainingInfo(1, 1), Weights(tmp_path))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpa": 0.5}, r"model\.alpa: unknown key; did you mean 'alpha'"),
        ({"alpha": 1.5}, r"model\.alpha: 1\.5"),
        ({"score_alpha": -0.1}, r"model\.score_alpha"),
        ({"score_alpha": "val"}, r"model\.score_alpha: 'val'; choose a number from 0 to 1, null or validation"),
        (
            {"score_alpha": "validation", "alpha": 1.0},
            r"model\.score_alpha: validation .*, and alpha 1 trains one; set",
        ),
        ({"score_alpha": "validation", "alpha": 0}, r"model\.score_alpha: validation .*, and alpha 0 trains one; set"),
        ({"dropout": 1.0}, r"model\.dropout"),
        ({"region": "cropped"}, r"model\.region: 'cropped'; choose pooled or masked"),
        ({"temperature": "warm"}, r"model\.temperature"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(UserError, match=message):
        build(**options)


def test_the_temperature_may_start_at_the_checkpoints(tmp_path):
    towers = build().towers
    save_weights(tmp_path / "bare.safetensors", towers.state_dict(), towers.about())
    tensors = {**towers.state_dict(), "logit_scale": torch.tensor(100.0).log()}
    save_weights(tmp_path / "openai.safetensors", tensors, towers.about())

    def scales(name: str, temperature: str) -> list[float]:
        model = {"backbone": "tiny/clip", "weights": name, "temperature": temperature, "local_scale": "per_part"}
        system = GLAlign.build(model, SIZE, TrainingInfo(3, 1), Weights(tmp_path))
        return [system.scale().item(), *system.part_scale().tolist()]

    assert scales("openai", "checkpoint") == pytest.approx([100.0] * 6)
    assert scales("openai", "learned") == pytest.approx([1 / 0.07] * 6)
    with pytest.raises(UserError, match=r"model\.temperature: the weights bare hold no logit scale; choose learned"):
        scales("bare", "checkpoint")
