"""Checkpoints with random values as the original libraries write them, and what those libraries make of an input.

Each function writes the files of a release into a folder, at its real size or with a small configuration of the same
network, and returns the release, the files, and the check that what the suite loads computes the same.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.clip_zero_shot import ClipZeroShot
from baselines.dual_path import DualPath
from baselines.gna_rnn import GnaRnn
from baselines.m_irra import MIrra
from baselines.rasa import RaSa
from baselines.srcf import Srcf
from glalign.contract.regions import ATR_LABELS
from glalign.contract.retriever import Retriever
from glalign.contract.training_info import TrainingInfo
from glalign.cost.size import dictionary, write_stand_in
from glalign.language.tokenizers import FileTokenizer
from glalign.models.glalign import GLAlign
from glalign.models.towers.albef import SHAPES as ALBEFS
from glalign.models.towers.albef import Albef
from glalign.models.towers.albef import albef as albef_network
from glalign.models.towers.bert import Bert
from glalign.models.towers.clip import ClipTowers
from glalign.models.towers.gpt2 import Gpt2
from glalign.models.towers.multilingual import SHAPES as MULTILINGUAL
from glalign.models.towers.multilingual import MultilingualTowers
from glalign.models.towers.phobert import PhoBert
from glalign.models.towers.resnet import ResNetTrunk
from glalign.models.towers.vgg import TINY, VggTrunk
from glalign.parsing.parser import Parser, paired
from glalign.storage.weight_files import PRETRAINED, Weights
from glalign.weights.catalogue import WeightRelease, weight_release
from glalign.weights.importing import import_release

INFO = TrainingInfo(identities=4, steps=10, words=dictionary(30))
LENGTHS = torch.tensor([9, 4, 7])


@dataclass(frozen=True)
class Original:
    """A release as its owners publish it. check: raises unless what is loaded from a folder is the same network."""

    release: WeightRelease
    files: list[Path]
    check: Callable[[Path], None]


def shipped_words(name: str) -> int:
    """The number of entries of a vocabulary of the tiny twins."""
    return int(Tokenizer.from_file(str(Weights(PRETRAINED).vocabulary(name))).get_vocab_size())


def randomised(module: nn.Module, std: float = 0.02) -> nn.Module:
    """Values off their defaults, biases and norms too, so that a tensor that is left out or swapped shows."""
    torch.manual_seed(0)
    with torch.no_grad():
        for value in module.parameters():
            value.add_(torch.empty_like(value).uniform_(-std, std))
    return module.eval()


def part(system: Retriever, kind: type[nn.Module]) -> nn.Module:
    """The network of this kind in a system."""
    return next(module for module in system.eval().modules() if isinstance(module, kind))


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-3)


def pixels_of(*size: int) -> Tensor:
    return torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1))


def ids_of(words: int, start: int, end: int, pad: int) -> tuple[Tensor, Tensor]:
    """Captions of LENGTHS tokens (3, 9) between their marks, and where they are no padding."""
    places = torch.arange(9)
    ids = torch.randint(5, words - 4, (3, 9), generator=torch.Generator().manual_seed(2))
    real = places < LENGTHS[:, None]
    ids = torch.where(places == LENGTHS[:, None] - 1, end, ids.where(real, pad))
    ids[:, 0] = start
    return ids, real


def clip(folder: Path, name: str, real: bool) -> Original:
    """open_clip's CLIP, its file and its own resizing of positions."""
    import open_clip  # noqa: PLC0415
    from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg, resize_pos_embed  # noqa: PLC0415

    release, square, tall = weight_release(name), (224, 224), (384, 128)
    vision = CLIPVisionCfg(layers=12, width=768, patch_size=int(name[-2:]))
    text, joint, quick = CLIPTextCfg(), 512, True
    if not real:
        release, square, tall = replace(release, backbone="tiny/clip"), (64, 64), (64, 32)
        vision = CLIPVisionCfg(layers=2, width=64, head_width=32, mlp_ratio=3.0, patch_size=8)
        text, joint, quick = CLIPTextCfg(vocab_size=4096, width=64, heads=2, layers=2, mlp_ratio=3.0), 128, False
    if real:
        model = open_clip.create_model(f"ViT-B-{name[-2:]}-quickgelu", pretrained=None)
    else:
        model = CLIP(joint, replace(vision, image_size=square), text, quick_gelu=quick)
    model = randomised(model)
    tensors = model.state_dict()
    file = folder / "open_clip_model.safetensors"
    save_file(tensors, file)
    words = len(model.token_embedding.weight)
    ids = F.pad(ids_of(words, words - 2, words - 1, 0)[0], (0, 77 - 9))
    other = CLIP(joint, replace(vision, image_size=tall), text, quick_gelu=quick).eval()
    resize_pos_embed(tensors, other)
    other.load_state_dict(tensors)
    with torch.no_grad():
        images, captions = model.encode_image(pixels_of(*square)), model.encode_text(ids)
        resized = other.encode_image(pixels_of(*tall))

    def check(weights: Path) -> None:
        options = {"backbone": release.backbone, "weights": name}
        system = ClipZeroShot if name == "clip-vit-b-16" else GLAlign
        for size, expected in ((square, images), (tall, resized)):
            towers = part(system.build(options, size, INFO, Weights(weights)), ClipTowers)
            with torch.no_grad():
                close(towers.image_tokens(pixels_of(*size))[:, 0], expected)
                close(towers.text_tokens(ids)[torch.arange(3), LENGTHS - 1], captions)

    return Original(release, [file], check)


def multilingual(folder: Path, real: bool) -> Original:
    """The parts of open_clip's CustomTextCLIP under its names; its constructor would ask the hub."""
    from open_clip.hf_model import HFTextEncoder  # noqa: PLC0415
    from open_clip.model import CLIPVisionCfg, _build_vision_tower  # noqa: PLC0415
    from transformers import XLMRobertaConfig  # noqa: PLC0415

    name, size = "xlm-roberta-base-vit-b-32", (224, 224) if real else (64, 64)
    release = weight_release(name)
    pad, tiny = 1, PRETRAINED / "tiny_unigram.tokenizer.json"
    if not real:
        release = replace(release, backbone="tiny/multilingual", words=shipped_words("tiny_unigram"))
        pad = FileTokenizer(tiny, 77, "roberta").pad_id
    shape, words = MULTILINGUAL[release.backbone], release.words
    config = XLMRobertaConfig(
        vocab_size=words,
        hidden_size=shape.text.width,
        num_hidden_layers=shape.text.layers,
        num_attention_heads=shape.text.heads,
        intermediate_size=shape.text.hidden,
        max_position_embeddings=shape.text.positions,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=pad,
    )
    vision = CLIPVisionCfg(
        layers=shape.vision_layers,
        width=shape.vision_width,
        head_width=shape.head_width,
        mlp_ratio=shape.mlp_ratio,
        patch_size=shape.patch,
        image_size=size,
    )
    visual = randomised(_build_vision_tower(shape.joint, vision))
    text = HFTextEncoder("", shape.joint, config, pooler_type="mean_pooler", proj_type="mlp", pretrained=False)
    text = randomised(text)
    tensors = {f"visual.{n}": v for n, v in visual.state_dict().items()}
    tensors |= {f"text.{n}": v for n, v in text.state_dict().items()}
    tensors["logit_scale"] = torch.tensor(4.6)
    tensors["text.transformer.embeddings.position_ids"] = torch.arange(shape.text.positions)[None]
    file = folder / "open_clip_pytorch_model.bin"
    torch.save(tensors, file)
    ids, _ = ids_of(words, 3, 4, pad)
    with torch.no_grad():
        images, captions = visual(pixels_of(*size)), text(ids)

    def check(weights: Path) -> None:
        vocabulary = "xlm-roberta-base"
        file = folder / "tokenizer.json"
        if real:
            xlmr_vocabulary(file, words)
        else:
            shutil.copy(tiny, file)
        import_release(replace(weight_release(vocabulary), words=words), [file], weights, print)
        options = {
            "backbone": release.backbone,
            "weights": name,
            "vocabulary": vocabulary,
            "cross_depth": 1,
            "tie_head": True,
        }
        towers = part(MIrra.build(options, size, INFO, Weights(weights)), MultilingualTowers)
        with torch.no_grad():
            close(towers.image_tokens(pixels_of(*size))[:, 0], images)
            close(towers.texts(ids)[0], captions)

    return Original(release, [file], check)


def xlmr_vocabulary(path: Path, words: int) -> None:
    """A tokenizer.json as XLM-R's: a Unigram model, its marks first, the mask last."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers  # noqa: PLC0415

    marks = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [(mark, 0.0) for mark in marks]
    pieces += [(f"\u2581w{number}", -1.0 - number / words) for number in range(words - len(marks) - 1)]
    tokenizer = Tokenizer(models.Unigram([*pieces, ("<mask>", 0.0)], unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in (*marks, "<mask>")])
    tokenizer.save(str(path))


def phobert(folder: Path, real: bool) -> Original:
    """transformers' RoBERTa with its word head, in the format of torch before 1.6, and PhoBERT's two files."""
    from transformers import RobertaConfig, RobertaForMaskedLM, RobertaModel  # noqa: PLC0415

    release = weight_release("phobert-base")
    if not real:
        release = replace(release, backbone="tiny/phobert", words=2048)
    width, layers, heads = (768, 12, 12) if real else (64, 2, 2)
    config = RobertaConfig(
        vocab_size=release.words,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=3072 if real else 192,
        max_position_embeddings=258,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
    )
    model = randomised(RobertaForMaskedLM(config))
    tensors = model.state_dict()
    tensors |= {f"roberta.pooler.{n}": v for n, v in RobertaModel(config).pooler.state_dict().items()}
    tensors["roberta.embeddings.position_ids"] = torch.arange(258)[None]
    file = folder / "pytorch_model.bin"
    torch.save(tensors, file, _use_new_zipfile_serialization=False)
    write_stand_in(folder, "x", "phobert", release.words)
    pair = [(folder / f"x.{kind}").rename(folder / kind) for kind in ("vocab.txt", "bpe.codes")]
    ids, real_tokens = ids_of(release.words, 0, 2, 1)
    with torch.no_grad():
        expected = model.roberta(input_ids=ids, attention_mask=real_tokens.long()).last_hidden_state

    def check(weights: Path) -> None:
        text = {f"text_{key}": "phobert-base" for key in ("weights", "vocabulary")}
        options = {"backbone": "tiny/clip", "weights": "random", "text_backbone": release.backbone, **text}
        system = GLAlign.build(options, (64, 32), INFO, Weights(weights))
        with torch.no_grad():
            close(part(system, PhoBert)(ids, LENGTHS)[real_tokens], expected[real_tokens])

    return Original(release, [file, *pair], check)


def bert(folder: Path, real: bool) -> Original:
    """transformers' BERT with both heads of its pre-training, norms under their old names, and a tokenizer.json."""
    from transformers import BertConfig, BertForPreTraining  # noqa: PLC0415

    release = weight_release("bert-base-uncased")
    if not real:
        release = replace(release, backbone="tiny/bert", words=shipped_words("tiny_wordpiece"))
    width, layers, heads, positions = (768, 12, 12, 512) if real else (64, 2, 2, 128)
    config = BertConfig(
        vocab_size=release.words,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        max_position_embeddings=positions,
    )
    model = randomised(BertForPreTraining(config))
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    tensors = {}
    for key, value in model.state_dict().items():
        end = next((end for end in old if key.endswith(end)), "")
        if not key.startswith("cls.predictions.decoder"):
            tensors[key.removesuffix(end) + old.get(end, "")] = value
    file = folder / "model.safetensors"
    save_file(tensors, file, metadata={"format": "pt"})
    vocabulary = folder / "tokenizer.json"
    if real:
        write_stand_in(folder, "x", "bert", release.words)
        (folder / "x.tokenizer.json").rename(vocabulary)
    else:
        shutil.copy(PRETRAINED / "tiny_wordpiece.tokenizer.json", vocabulary)
    ids, real_tokens = ids_of(release.words, 2, 3, 0)
    with torch.no_grad():
        expected = model.bert(input_ids=ids, attention_mask=real_tokens.long()).last_hidden_state

    def check(weights: Path) -> None:
        names = {"text_weights": "bert-base-uncased", "vocabulary": "bert-base-uncased"}
        options = {"backbone": "tiny/resnet", "weights": "random", "text": release.backbone, **names}
        system = Srcf.build(options, (64, 32), INFO, Weights(weights))
        with torch.no_grad():
            close(part(system, Bert)(ids, LENGTHS)[real_tokens], expected[real_tokens])

    return Original(release, [file, vocabulary], check)


def gpt2(folder: Path, real: bool) -> Original:
    """transformers' GPT-2 without its word head, with the causal masks that older releases stored, a tokenizer.json."""
    from transformers import GPT2Config, GPT2Model  # noqa: PLC0415

    release = weight_release("gpt2")
    if not real:
        release = replace(release, backbone="tiny/gpt2", words=shipped_words("tiny_gpt2"))
    width, layers, heads, positions = (768, 12, 12, 1024) if real else (64, 2, 2, 256)
    config = GPT2Config(
        vocab_size=release.words,
        n_positions=positions,
        n_embd=width,
        n_layer=layers,
        n_head=heads,
        n_inner=3072 if real else 192,
    )
    model = randomised(GPT2Model(config))
    masks = {f"h.{number}.attn.bias": torch.ones(1, 1, positions, positions).tril() for number in range(layers)}
    file, vocabulary = folder / "model.safetensors", folder / "tokenizer.json"
    save_file({**model.state_dict(), **masks}, file, metadata={"format": "pt"})
    if real:
        write_stand_in(folder, "x", "gpt2", release.words)
        (folder / "x.tokenizer.json").rename(vocabulary)
    else:
        shutil.copy(PRETRAINED / "tiny_gpt2.tokenizer.json", vocabulary)
    ids, real_tokens = ids_of(release.words, 7, release.words - 1, release.words - 1)
    with torch.no_grad():
        expected = model(input_ids=ids, attention_mask=real_tokens.long()).last_hidden_state

    def check(weights: Path) -> None:
        text = {f"text_{key}": "gpt2" for key in ("weights", "vocabulary")}
        options = {"backbone": "tiny/clip", "weights": "random", "text_backbone": release.backbone, **text}
        system = GLAlign.build(options, (64, 32), INFO, Weights(weights))
        with torch.no_grad():
            close(part(system, Gpt2)(ids, LENGTHS)[real_tokens], expected[real_tokens])

    return Original(release, [file, vocabulary], check)


def resnet(folder: Path) -> Original:
    """torchvision's ResNet-50, whose first release counted no batches."""
    from torchvision.models import resnet50  # noqa: PLC0415

    model = randomised(resnet50(weights=None))
    for number, (key, value) in enumerate(model.named_buffers()):
        if key.endswith(("running_mean", "running_var")):
            value.add_(torch.rand(len(value), generator=torch.Generator().manual_seed(number)) / 10)
    file = folder / "resnet50.pth"
    torch.save({n: v for n, v in model.state_dict().items() if not n.endswith("num_batches_tracked")}, file)
    with torch.no_grad():
        expected = nn.Sequential(*list(model.children())[:-2])(pixels_of(64, 32))

    def check(weights: Path) -> None:
        system = DualPath.build({"backbone": "resnet50", "weights": "resnet50"}, (64, 32), INFO, Weights(weights))
        with torch.no_grad():
            close(part(system, ResNetTrunk)(pixels_of(64, 32)), expected)

    return Original(weight_release("resnet50"), [file], check)


def vgg(folder: Path, real: bool) -> Original:
    """torchvision's VGG-16; the small one has torchvision's convolutions and a classifier under its names."""
    from torchvision.models import vgg16  # noqa: PLC0415
    from torchvision.models.vgg import make_layers  # noqa: PLC0415

    release, size = weight_release("vgg16"), (224, 224)
    if real:
        model = vgg16(weights=None, init_weights=False)
    else:
        release, size = replace(release, backbone="tiny/vgg"), TINY.image_size
        widths = [width for stage in TINY.stages for width in (*stage, "M")]
        inside = TINY.stages[-1][-1] * TINY.grid[0] * TINY.grid[1]
        sizes = [nn.Linear(inside, TINY.hidden), nn.Linear(TINY.hidden, TINY.hidden), nn.Linear(TINY.hidden, 7)]
        layers = [layer for linear in sizes for layer in (linear, nn.ReLU(), nn.Dropout())][:7]
        model = nn.ModuleDict({"features": make_layers(widths), "classifier": nn.Sequential(*layers)})
    model = randomised(model)
    features, classifier = model.get_submodule("features"), model.get_submodule("classifier")
    file = folder / "vgg16.pth"
    torch.save(model.state_dict(), file)
    with torch.no_grad():
        expected = classifier[:-1](features(pixels_of(*size)).flatten(1))

    def check(weights: Path) -> None:
        system = GnaRnn.build({"backbone": release.backbone, "weights": "vgg16"}, size, INFO, Weights(weights))
        with torch.no_grad():
            close(part(system, VggTrunk)(pixels_of(*size)), expected)

    return Original(release, [file], check)


def albef(folder: Path, real: bool) -> Original:
    """timm's image tower and transformers' BERT under ALBEF's names, with momentum copies, queues, training state."""
    import timm  # noqa: PLC0415
    from transformers import BertConfig, BertLMHeadModel, BertModel  # noqa: PLC0415

    release, square, tall = weight_release("albef"), (256, 256), (384, 128)
    if not real:
        release = replace(release, backbone="tiny/albef", words=shipped_words("tiny_wordpiece"))
        square, tall = (64, 64), (64, 32)
    shape = ALBEFS[release.backbone]
    width, words, first = shape.text.width, release.words, shape.text.layers
    visual = randomised(
        timm.models.VisionTransformer(
            img_size=square,
            patch_size=shape.patch,
            embed_dim=width,
            depth=shape.vision_layers,
            num_heads=shape.vision_heads,
            mlp_ratio=shape.text.ratio,
            num_classes=0,
            global_pool="",
        )
    )
    config = BertConfig(
        vocab_size=words,
        hidden_size=width,
        num_hidden_layers=first + shape.fusion_layers,
        num_attention_heads=shape.text.heads,
        intermediate_size=shape.text.ratio * width,
        max_position_embeddings=shape.text.positions,
        is_decoder=True,
        add_cross_attention=True,
    )
    whole = randomised(BertLMHeadModel(config))
    text = {
        key: value
        for key, value in whole.state_dict().items()
        if ".crossattention." not in key or int(key.split(".")[3]) >= first
    }
    heads = {"vision_proj": shape.joint, "text_proj": shape.joint, "itm_head": 2}
    heads = {key: randomised(nn.Linear(width, size)) for key, size in heads.items()}
    tensors = {f"visual_encoder.{n}": v for n, v in visual.state_dict().items()}
    tensors |= {f"text_encoder.{n}": v for n, v in text.items()}
    tensors["text_encoder.bert.embeddings.position_ids"] = torch.arange(shape.text.positions)[None]
    tensors |= {f"{key}.{n}": v for key, head in heads.items() for n, v in head.state_dict().items()}
    slow = ("visual_encoder.", "text_encoder.", "vision_proj.", "text_proj.")
    tensors |= {n.replace(".", "_m.", 1): v for n, v in tensors.items() if n.startswith(slow)}
    queue = torch.zeros(shape.joint, 64)
    tensors |= {
        "temp": torch.tensor(0.05),
        "image_queue": queue,
        "text_queue": queue,
        "queue_ptr": torch.zeros(1).long(),
    }
    file = folder / "ALBEF.pth"
    torch.save({"model": tensors, "optimizer": {"state": {}}, "config": {"image_res": square[0]}, "epoch": 29}, file)

    ids, real_tokens = ids_of(words, 2, 3, 0)
    plain = {"is_decoder": False, "add_cross_attention": False, "num_hidden_layers": first}
    tower = BertModel(BertConfig(**config.to_diff_dict() | plain), add_pooling_layer=False).eval()
    tower.load_state_dict({n.removeprefix("bert."): v for n, v in text.items()}, strict=False)
    with torch.no_grad():
        images = visual(pixels_of(*square))
        captions = tower(input_ids=ids, attention_mask=real_tokens.long()).last_hidden_state
        table = visual.pos_embed.data
        grid = (tall[0] // shape.patch, tall[1] // shape.patch)
        resized = timm.layers.resample_abs_pos_embed(table, grid, antialias=False)[0]

    def check(weights: Path) -> None:
        if real:
            write_stand_in(weights, "bert-base-uncased", "bert", words)
        else:
            shutil.copy(PRETRAINED / "tiny_wordpiece.tokenizer.json", weights / "bert-base-uncased.tokenizer.json")
        other = albef_network(release.backbone, tall, words)
        Weights(weights).fill(other, "albef")
        close(other.vision.positions.detach(), resized)
        del other
        options = {"backbone": release.backbone, "weights": "albef", "vocabulary": "bert-base-uncased", "queue": 64}
        network = part(RaSa.build(options, square, INFO, Weights(weights)), Albef)
        with torch.no_grad():
            close(network.vision(pixels_of(*square)), images)
            close(network.text(ids, LENGTHS)[real_tokens], captions[real_tokens])
        assert network.temperature.item() == np.float32(0.05)

    return Original(release, [file], check)


def segformer(folder: Path, real: bool) -> Original:
    """transformers' SegFormer and its image processor, saved by themselves."""
    from transformers import (  # noqa: PLC0415
        SegformerConfig,
        SegformerForSemanticSegmentation,
        SegformerImageProcessor,
    )

    sizes = {"hidden_sizes": [24, 32, 48, 64], "depths": [1, 1, 1, 1], "decoder_hidden_size": 32}
    if real:  # nvidia/mit-b2
        sizes = {"hidden_sizes": [64, 128, 320, 512], "depths": [3, 4, 6, 3], "decoder_hidden_size": 768}
    side = 512 if real else 64
    labels = dict(enumerate(ATR_LABELS))
    config = SegformerConfig(**sizes, num_attention_heads=[1, 2, 4 + real, 8], id2label=labels)
    model = randomised(SegformerForSemanticSegmentation(config))
    processor = SegformerImageProcessor(size={"height": side, "width": side}, do_reduce_labels=False)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(processor.to_dict(), default=str), encoding="utf-8")
    image = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    with torch.no_grad():
        pixels = processor(image, return_tensors="pt")["pixel_values"]
        expected = model(pixels).logits
        enlarged = F.interpolate(paired(expected), image.shape[:2], mode="bilinear", align_corners=False)

    def check(weights: Path) -> None:
        parser = Parser.load(weights, "segformer_b2_clothes")
        assert parser.size == (side, side)
        plain = pixels * parser.deviation + parser.mean
        with torch.no_grad():
            close(parser.logits(plain), expected)
        assert (parser.predict([image])[0] == enlarged.argmax(1)[0].numpy()).mean() > 0.99

    files = [folder / name for name in ("model.safetensors", "config.json", "preprocessor_config.json")]
    return Original(weight_release("segformer_b2_clothes"), files, check)
