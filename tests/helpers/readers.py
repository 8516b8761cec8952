"""Every reader of files that come from elsewhere: a valid file, a function that reads it, and how files near it look.

A new reader is one line of `READERS`.
"""

import contextlib
import io
import json
import pickle
import shutil
import sys
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import PIL
import torch
from helpers.mutations import Near, near_bytes, near_csv, near_json, near_json_lines, near_safetensors, near_zip
from PIL import Image
from safetensors.torch import save

from glalign.audit.reading import files_of, read_material
from glalign.audit.rules import audit
from glalign.audit.statements import STATEMENTS
from glalign.config.base import Section
from glalign.config.loading import layered, merge, overlaid, resolve
from glalign.config.typed_json import read_typed
from glalign.contract.formats import FORMATS, ReleaseLayout, dataset_release
from glalign.contract.phrase_counts import CoverageRecord
from glalign.contract.phrase_rows import read_phrase_rows
from glalign.contract.records import Record, read_manifest, write_manifest
from glalign.contract.results import (
    AlphaScores,
    DatasetStatistics,
    JobTimes,
    MetricsRecord,
    RanksSummary,
    RunRecord,
    SizeRecord,
)
from glalign.cost.cost_table import Cost, read_costs
from glalign.data.cache import why_unusable
from glalign.data.caption_statistics import caption_statistics, read_captions
from glalign.data.caption_statistics import describe as describe_captions
from glalign.data.reader import read_release
from glalign.data.translations import fill
from glalign.data.verify import describe, verify
from glalign.engine.checkpoint import load_checkpoint
from glalign.evaluation.judging import describe as describe_judges
from glalign.evaluation.judging import read_judged
from glalign.evaluation.judging_sheet import COLUMNS as JUDGED
from glalign.evaluation.phrase_labels import NEEDED, describe_labels, read_labels
from glalign.evaluation.phrase_truth import read_truth
from glalign.evaluation.ranking import RankRow
from glalign.evaluation.ranks_file import read_ranks, write_ranks
from glalign.evaluation.scores import evaluate_scores
from glalign.language.phobert_tokenizer import PhoBertFileTokenizer
from glalign.language.tokenizers import FileTokenizer
from glalign.language.translated_phrases import COLUMNS as PHRASE_COLUMNS
from glalign.language.translated_phrases import read_translated_phrases
from glalign.models.towers.albef import Albef, AlbefShape
from glalign.models.towers.bert import BertShape
from glalign.models.towers.vit import VisionTransformer
from glalign.parsing import label_maps
from glalign.parsing.label_map_record import check_one_parser
from glalign.planning.job_files import JobFile
from glalign.planning.job_record import OutputDigests
from glalign.planning.printed_claims import read_claims
from glalign.reporting.audit import describe as describe_findings
from glalign.reporting.compare import compare, tolerances
from glalign.reporting.terminal import render_terminal
from glalign.storage.image_files import VERSION, DecodeError, decode_rgb
from glalign.storage.sealed_zip import seal
from glalign.storage.weight_files import adapt_tensors, load_weights, read_weights
from glalign.storage.weight_status import fault
from glalign.storage.whole_files import write_json
from glalign.support.class_source import class_outline, source_of, tree_of
from glalign.support.errors import UserError
from glalign.weights.parser_record import ARCHITECTURE, PARSER_CONFIGS, parser_record
from glalign.weights.released_tensors import read_released_tensors

OUT = "out"
"""The only folder that a reader may write to, beside its file."""


class Reader(NamedTuple):
    """file: name of the file below a folder. read: called with its path; a text that it returns is one to be shown.
    write: writes what was read to a path, of which `read` makes the same. beside: other files of the folder."""

    file: str
    valid: bytes
    read: Callable[[Path], Any]
    near: Near
    write: Callable[[Path, Any], None] | None = None
    beside: Mapping[str, bytes] = {}


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def lines(*rows: object) -> bytes:
    return b"".join(dumped(row) + b"\n" for row in rows)


def table(*rows: Sequence[object]) -> bytes:
    return "".join(",".join(map(str, row)) + "\n" for row in rows).encode()


def example(schema: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> Any:
    """A value of a JSON schema; half, as a number, is within every bound of ours: a share is at most 1."""
    known = known or schema.get("$defs", {})
    schema = known.get(schema.get("$ref", "").rpartition("/")[2], schema)
    if "anyOf" in schema:
        return example(schema["anyOf"][0], known)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            extra = schema.get("additionalProperties")
            own = schema.get("properties", {"a": extra} if isinstance(extra, dict) else {"a": {"type": "string"}})
            return {key: example(part, known) for key, part in own.items()}
        case "array":
            return [example(part, known) for part in schema.get("prefixItems", [schema.get("items", {})])]
        case kind:
            return {"string": "a", "integer": 2, "number": 0.5, "boolean": True}.get(str(kind))


def typed(kind: type[Section]) -> Reader:
    """A record in JSON."""
    valid = dumped(example(kind.model_json_schema()))
    return Reader("r.json", valid, lambda p: read_typed(p, kind), near_json, lambda p, v: write_json(p, v.to_json()))


def entries(layout: ReleaseLayout) -> list[dict[str, Any]]:
    """Two images of a person and one of another in a dialect."""
    texts = [["A man in a red coat.", "He has a bag."], ["Áo đỏ &amp; quần."], ["blue jeans"]]
    rows = [(1, "a/1.png", texts[0]), (1, "a/2.png", texts[1]), (2, "b/3.png", texts[2])]
    keys = (layout.person, layout.image, layout.captions)
    return [
        {"split": layout.splits[0], **dict(zip(keys, (person, image, text), strict=True))}
        for person, image, whole in rows
        for text in (whole if layout.per_caption else [whole])
    ]


def dialect(name: str) -> Reader:
    """The annotations of the first split of a release."""
    layout = FORMATS[name]
    split, rows = layout.splits[0], entries(layout)
    file = layout.annotations.replace("{split}", split)

    def read(path: Path) -> list[Record]:
        root = Path(str(path).removesuffix(file))
        entry = {"format": name, "root": str(root), "splits": {"train": split}}
        return read_release(dataset_release(entry), {"train": split})

    if file.endswith(".pkl"):
        columns = {key: [row[key] for row in rows] for key in rows[0]}
        return Reader(file, pickle.dumps(columns, protocol=0), read, near_bytes)
    return Reader(file, dumped({layout.under: rows} if layout.under else rows), read, near_json)


def saved(value: object, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


def archive(save_arrays: Callable[..., None] = np.savez, **arrays: Any) -> bytes:
    file = io.BytesIO()
    save_arrays(file, **arrays)
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def torchscript() -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, the files of old releases are not
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 1)), file)
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(small := io.BytesIO(), "w") as kept:
        for name in whole.namelist():
            if name.endswith(("data.pkl", "constants.pkl")) or "/data/" in name:
                kept.writestr(name, whole.read(name))
    return small.getvalue()


def picture(kind: str, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    values = np.arange(16, dtype=np.uint8).reshape(4, 4)
    Image.fromarray(values).convert(mode).save(file, kind)
    return file.getvalue()


def resumed(path: Path) -> object:
    """The step of a checkpoint with a right digest, and of the file as it is."""
    path.with_name(OUT).mkdir()
    copy = shutil.copy(path, path.with_name(OUT) / path.name)
    with contextlib.suppress(OSError, ValueError):  # what is no archive has no digest
        seal(copy)
    return [state and state["step"] for state in (load_checkpoint(one, "k", 9) for one in (copy, path))]


def decoded(path: Path) -> object:
    try:
        return decode_rgb(path).size
    except DecodeError as error:
        raise UserError(str(error)) from error


def whole_weights(path: Path) -> object:
    """Told by the header while planning, and by reading."""
    return fault(path, "w") or sorted(read_weights(path)[0])


def filled(path: Path) -> object:
    """What a release is filled with, read back."""
    kind, _ = fill(path.parent, path, path.with_name(OUT))
    release = dataset_release({"format": kind, "root": str(path.with_name(OUT)), "splits": {}})
    return read_release(release, {"train": "train"})


def ranked(path: Path, found: tuple[list[RankRow], RanksSummary]) -> None:
    rows, summary = found
    write_ranks(path, rows, summary.n_gallery, {k: v for k, v in summary.to_json().items() if k[:2] != "n_"})


def parser(path: Path) -> object:
    return parser_record({name: path.with_name(name) for name in PARSER_CONFIGS})


def cached(path: Path) -> str:
    return why_unusable(path.parent, DECODED)


def outlined(path: Path) -> object:
    """The outline of a system's class in a module of this name."""
    for cached in (source_of, tree_of):
        cached.cache_clear()
    sys.path.insert(0, str(path.parent))
    try:
        return class_outline(f"{path.stem}.Own")
    finally:
        sys.path.remove(str(path.parent))


def counted(path: Path) -> str:
    return describe_captions({"c": caption_statistics(read_captions(path))})


def compared(path: Path) -> str:
    return "\n".join(compare(path, path.with_name("b.csv")) + compare(path.with_name("b.csv"), path, 3))


TENSORS = {"a.weight": torch.ones(2, 3), "b": torch.zeros(1)}
TOWER = VisionTransformer((16, 8), 8, 4, 1, 1)
"""An image tower with a grid of 2 x 1."""
FUSED = Albef(AlbefShape(8, 1, 1, BertShape(4, 1, 1, 6), 1, 2), (16, 8), 9)
ALBEF_NAMES = {
    "visual_encoder.cls_token": torch.zeros(1, 1, 4),
    "visual_encoder.pos_embed": torch.zeros(1, 3, 4),
    **{f"text_encoder.bert.encoder.layer.{layer}.attention.self.{part}.weight": torch.ones(4, 4)
       for layer in (0, 1) for part in ("query", "key", "value")},
    "text_encoder.bert.encoder.layer.1.crossattention.self.query.weight": torch.ones(4, 4),
    "text_encoder.bert.encoder.layer.1.crossattention.output.LayerNorm.bias": torch.ones(4),
    "itm_head.weight": torch.ones(2, 4),
}  # fmt: skip
SUMMARY = dumped({"spec": {}, "code": "0", "versions": {}, "n_queries": 2, "n_gallery": 9, "galleries": [],
                  "parts": ["HEAD", "SHOES"]})  # fmt: skip
RANKS = lines(
    {
        "query": "a.png#0",
        "person": 1,
        "first": 2,
        "hits": [2, 9],
        "best": [1, 9],
        "top": [["a.png", 0.5]],
        "cosines": [[0.25, None]],
        "ahead": [1],
    },
    {"query": "ả.png#1", "person": "x", "first": 1, "hits": [1], "best": [1], "top": []},
)
MANIFEST = lines(
    {"image": "a/1.png", "person": 1, "split": "train", "captions": ["a red coat", "Áo đỏ"]},
    {"image": "b/2.png", "person": 2, "split": "test", "captions": ["blue jeans"]},
)
PHRASES = lines(
    {"image": "a", "index": 0, "phrases": [{"text": "a red coat", "start": 0, "end": 10, "region": "UPPERBODY"}]},
    {"image": "b", "index": 1, "phrases": []},
)
CAPTION = {("a", 0): "a coat"}
COAT = {"text": "coat", "start": 2, "end": 6, "region": "UPPERBODY"}
TRUTH = {"a": {"phrases": [[COAT]], "visible": {}, "facts": [[]]}}
SHEET = table(JUDGED, ["a", 0, "p", "s", "", "right", "", "t", "", "wrong", "vague", ""], ["b", 1, *[""] * 10])
LABELS = table(NEEDED, ["a", 0, "a coat", "coat", 2, "UPPERBODY"], ["a", 0, "a coat", "", "", ""])
TRANSLATED = table(PHRASE_COLUMNS, ["a", 0, "a coat", "coat"], ["a", 0, "coat", "áo"])
HEAD = ["method", "rank1_paper", "rank1", "rank1_delta", "status"]
TABLE = table(HEAD, ["A", 1.5, "2.50", 1, "run"], ["B", "", "", "", ""])
SOURCE = {"reid_raw.json": dumped(entries(FORMATS["cuhk_pedes"])), "imgs/x": b""}
FILLED = [("a/1.png", 0, "x"), ("a/1.png", 1, "y"), ("a/2.png", 0, "z"), ("b/3.png", 0, "quần")]
SCORES = {"similarity": np.eye(3), "query_ids": np.arange(3), "gallery_ids": np.arange(3)}
PARSER = {"id2label": {str(n): name for n, name in enumerate(label_maps.ATR_LABELS)}, **dict.fromkeys(ARCHITECTURE, 1)}
INPUT = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": {"height": 8, "width": 8}}
DECODED = {"decoder": VERSION, "pillow": PIL.__version__, "images": 2, "size": [4, 4], "files": ""}
ABOUT = {"about.json": dumped(DECODED)}
RECORDS: tuple[type[Section], ...] = (
    RunRecord, RanksSummary, MetricsRecord, SizeRecord, DatasetStatistics, CoverageRecord, AlphaScores, JobTimes,
    JobFile, OutputDigests,
)  # fmt: skip
IMAGES = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "co", "##at")
WORDPIECE = {
    "type": "WordPiece",
    "unk_token": "[UNK]",
    "continuing_subword_prefix": "##",
    "max_input_chars_per_word": 9,
}
TOKENIZER = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": {"type": "Lowercase"},
    "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
    "model": {**WORDPIECE, "vocab": {word: number for number, word in enumerate(WORDS)}},
}  # fmt: skip


VOCABULARY, MERGES = b"m\xc3\xa0u 9\n, 8\no 7\n", b"m \xc3\xa0 9\nm\xc3\xa0 u</w> 7\n"
"""A PhoBERT's two files."""


def segmented(path: Path) -> object:
    """A caption in the pieces of a PhoBERT whose files are t.vocab.txt and t.bpe.codes."""
    return PhoBertFileTokenizer(path.with_name("t.vocab.txt"), path.with_name("t.bpe.codes")).encode("Áo màu đỏ, to.")


def read_as(path: Path) -> object:
    """The configuration under a reading with this overlay."""
    reading = {"readings": {"a": {"about": "a"}}, "files": {"a": str(path)}}
    return resolve(merge(layered(), {"sensitivity": reading})).readings["a"]


CLAIMS = b"""claims:
  - {claim: C1, text: A gap., where: Table 4, caveat: None., comparisons: [
      {kind: gap, first: [SE1, glalign], second: [SE1, printed]}, {kind: alpha, best: 0.5, than: 0.2},
      {kind: coverage, dataset: X, part: HEAD, above: 85}]}
"""


SYSTEM = b"""from dataclasses import dataclass
from glalign.contract.retriever import Retriever

@dataclass
class Options:
    width: int = 8

class Own(Retriever):
    needs = frozenset({"parts"})

    def loss(self, batch):
        return {}
"""


def audited(path: Path) -> str:
    return "\n".join(describe_findings(audit(read_material(files_of([path.parent]), queries=(1000, 997)))))


AUDITED = {
    "table1.csv": table(
        ["system", "scenario", "dataset", "rank1", "rank5", "mAP", "mean_words"],
        *(["a", f"S{k}", "X", f"{50.72 + k:.2f}", f"{67.31 + 2 * k:.2f}", f"4{k} %", "26.10"] for k in range(9)),
    ),
    "test_sets.csv": table(STATEMENTS["test_sets"], ["S", "S1", "", "identities", 100, "stated"]),
    "relations.csv": table(STATEMENTS["relations"], ["S", "([S1 a rank1] - 2) * 3 > [S2 a rank1] / ~4"]),
    "paired_tests.csv": table(STATEMENTS["paired_tests"], ["S", "a", "S1", "S2", "rank1", 1000, ".05"]),
    "numbers.csv": table(STATEMENTS["numbers"], ["S", "a", "S1", "", "rank1", "51.72", "%", 200]),
    "published.csv": table(STATEMENTS["published"], ["a", "X", "rank1", "51.8", "elsewhere"]),
}
"""A table and statements about it."""


READERS: dict[str, Reader] = {
    **{f"dialect {name}": dialect(name) for name in FORMATS},
    **{f"record {kind.__name__}": typed(kind) for kind in RECORDS},
    "data verify": Reader("reid_raw.json", SOURCE["reid_raw.json"], lambda p: describe(verify(p.parent)), near_json),
    "captions": Reader("c.json", SOURCE["reid_raw.json"], counted, near_json),
    "overlay": Reader(
        "o.yaml", b"profile: demo\nseeds: [1, 2]\nsystems: {irra: {optim: {lr: 1.0e-3}}}\n", overlaid, near_bytes
    ),
    "reading": Reader(
        "o.yaml", b"systems: {glalign: {model: {alpha: .2}}}\nphrases: {lexicon: paper}\n", read_as, near_bytes
    ),
    "claims": Reader("c.yaml", CLAIMS, read_claims, near_bytes),
    "scores": Reader("s.npz", archive(**SCORES, gallery=[]), evaluate_scores, near_zip),
    "manifest": Reader("m.jsonl", MANIFEST, read_manifest, near_json_lines, write_manifest),
    "phrases": Reader("p.jsonl", PHRASES, read_phrase_rows, near_json_lines),
    "ranks": Reader("r.jsonl", RANKS, read_ranks, near_json_lines, ranked, {"r.json": SUMMARY}),
    "truth": Reader("t.json", dumped(TRUTH), lambda p: read_truth(p, CAPTION), near_json),
    "judging sheet": Reader("j.csv", SHEET, lambda p: describe_judges(read_judged([p, p])), near_csv),
    "labelled phrases": Reader("l.csv", LABELS, lambda p: describe_labels(read_labels(p, CAPTION)), near_csv),
    "table": Reader("t.csv", TABLE, render_terminal, near_csv),
    "compare": Reader("t.csv", TABLE, compared, near_csv, beside={"b.csv": TABLE}),
    "tolerances": Reader(
        "tolerances.yaml", b"columns: {a: 1.5, b: null}\nrows: {x: 2}\n", lambda p: tolerances(p.parent), near_bytes
    ),
    **{f"audited {name}": Reader(name, text, audited, near_csv, beside=AUDITED) for name, text in AUDITED.items()},
    "costs": Reader("c.csv", table(["built_as", *Cost._fields], ["x", *range(7)]), read_costs, near_csv),
    "translated phrases": Reader("p.csv", TRANSLATED, lambda p: read_translated_phrases(p, CAPTION), near_csv),
    "translations as CSV": Reader("f.csv", table(["image", "index", "text"], *FILLED), filled, near_csv, beside=SOURCE),
    "translations as JSON lines": Reader(
        "f.jsonl",
        lines(*(dict(zip(("image", "index", "text"), row, strict=True)) for row in FILLED)),
        filled,
        near_json_lines,
        beside=SOURCE,
    ),
    "checkpoint": Reader("c.pt", saved({"key": "k", "step": 3, "model": TENSORS}), resumed, near_zip),
    "weights": Reader("w.safetensors", save(TENSORS), whole_weights, near_safetensors),
    "weights of an image tower": Reader(
        "w.safetensors",
        save(TOWER.state_dict(), {"grid": "2x1"}),
        lambda p: load_weights(TOWER, p.parent, "w"),
        near_safetensors,
    ),
    "weights of an ALBEF": Reader(
        "w.safetensors",
        save(ALBEF_NAMES, {"grid": "2x1"}),
        lambda p: sorted(adapt_tensors(FUSED, *read_weights(p), str(p))),
        near_safetensors,
    ),
    "record of weights": Reader(
        "w.json",
        dumped({"files": {"w.safetensors": {"sha256": "0"}}}),
        lambda p: fault(p.with_suffix(".safetensors"), "w"),
        near_json,
        beside={"w.safetensors": save(TENSORS)},
    ),
    "released .pth": Reader("r.pth", saved({"model": TENSORS, "epoch": 3}), read_released_tensors, near_zip),
    "released .bin": Reader("r.bin", saved(TENSORS, zipped=False), read_released_tensors, near_bytes),
    "TorchScript": Reader("r.pt", torchscript(), read_released_tensors, near_zip),
    "class of a system": Reader("own_system.py", SYSTEM, outlined, near_bytes),
    "cache of images": Reader("pixels.npy", npy(np.zeros((2, 3, 4, 4), np.uint8)), cached, near_bytes, beside=ABOUT),
    "tokenizer": Reader("t.json", dumped(TOKENIZER), lambda p: FileTokenizer(p, 9).encode("A red coat"), near_json),
    "vocabulary of a PhoBERT": Reader("t.vocab.txt", VOCABULARY, segmented, near_bytes, beside={"t.bpe.codes": MERGES}),
    "merges of a PhoBERT": Reader("t.bpe.codes", MERGES, segmented, near_bytes, beside={"t.vocab.txt": VOCABULARY}),
    "label map": Reader("l.png", picture("PNG", "L"), label_maps.read_labels, near_bytes, label_maps.write_labels),
    "maker of label maps": Reader(
        "parser.json", dumped({"digest": "x"}), lambda p: check_one_parser([p.parent] * 2), near_json
    ),
    "configuration of a parser": Reader(
        PARSER_CONFIGS[0],
        dumped(PARSER),
        parser,
        near_json,
        beside={PARSER_CONFIGS[1]: dumped(INPUT)},
    ),
    "input of a parser": Reader(
        PARSER_CONFIGS[1],
        dumped(INPUT),
        parser,
        near_json,
        beside={PARSER_CONFIGS[0]: dumped(PARSER)},
    ),
    **{f"image {kind}": Reader("i.img", picture(kind), decoded, near_bytes) for kind in IMAGES},
}
