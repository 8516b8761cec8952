"""`glalign data` and `glalign translation`: check releases, count captions; export, fill in and judge translations."""

import sys
from pathlib import Path
from shlex import quote

import click

from glalign.cli.echo import echo, echo_report
from glalign.cli.options import CONFIG, JSON, PATH
from glalign.contract.formats import FORMATS
from glalign.support.checkout import suite_file


@click.group()
def data() -> None:
    """Check datasets; count what their captions are like."""


@data.command()
@click.argument("kind", metavar="FORMAT", type=click.Choice(list(FORMATS)))
@click.argument("root", type=PATH)
@click.option("--annotations", help="Annotation file below ROOT, when it is not the format's own.")
@click.option("--images", help="Image folder below ROOT, when it is not the format's own.")
@click.option(
    "--tokenizer", "tokenizers", type=(PATH, click.IntRange(min=3)), multiple=True, metavar="FILE LENGTH",
    help="Also count the captions longer than LENGTH tokens of a tokenizer.json, such as weights/...; may be repeated.",
)  # fmt: skip
@JSON
def verify(
    kind: str,
    root: Path,
    annotations: str | None,
    images: str | None,
    tokenizers: tuple[tuple[Path, int], ...],
    as_json: bool,
) -> None:
    """Check a dataset directory and list what is missing; exit 1 if anything is."""
    from glalign.data.caption_facts import tokenizers_of
    from glalign.data.verify import describe, verify

    report = verify(root, kind, annotations, images, tokenizers_of(tokenizers))
    echo_report(report, describe(report), as_json=as_json)
    sys.exit(not report["ok"])


@data.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=PATH)
@click.option("--language", type=click.Choice(["en", "vi"]), help="Of the captions, when they do not look like it.")
@click.option("--words", default=20_000, show_default=True, type=click.IntRange(min=1), help="Words to count types of.")
@JSON
def captions(files: tuple[Path, ...], language: str | None, words: int, as_json: bool) -> None:
    """Count vocabulary and habits of the captions of manifests, annotation files or synthetic datasets."""
    from glalign.data.caption_statistics import caption_statistics, describe, read_captions

    found = {str(file): caption_statistics(read_captions(file), language, words) for file in files}
    echo_report(found, describe(found), as_json=as_json)


@click.group()
def translation() -> None:
    """Fill a translated dataset from a file of translations; let people judge one."""


@translation.command()
@click.argument("source", type=PATH)
@click.option("--out", required=True, type=PATH, help="The CSV to write.")
def export(source: Path, out: Path) -> None:
    """Write the captions of the release in SOURCE to a file, to be translated."""
    from glalign.data.translations import export_captions

    count = export_captions(source, out)
    command = f"glalign translation fill {quote(str(source))} {quote(str(out))} --out FOLDER"
    echo(f"{out}: {count} captions; translate the column `text`, then `{command}`")


@translation.command()
@click.argument("source", type=PATH)
@click.argument("translations", type=PATH)
@click.option("--out", required=True, type=PATH, help="Folder of the translated dataset.")
def fill(source: Path, translations: Path, out: Path) -> None:
    """Write CUHK-PEDES-VN or 3000Vn-V2E from the release in SOURCE and a file of translations."""
    from glalign.data.translations import fill

    kind, count = fill(source, translations, out)
    command = f"glalign data verify {kind} {quote(str(out))}"
    echo(f"{out}: {count} captions, `format: {kind}`; check it with `{command}`")


@translation.command()
@click.argument("source", type=PATH)
@click.argument("target", type=PATH)
@click.option("--out", required=True, type=PATH, help="The CSV to write.")
@click.option("--pairs", default=200, show_default=True, type=click.IntRange(min=1), help="One caption per person.")
@click.option("--seed", default=0, show_default=True, help="Another seed draws other captions.")
@click.option("--images", type=PATH, help="Folder of the pictures, by default that of the configuration.")
@CONFIG
def sample(
    source: Path, target: Path, out: Path, pairs: int, seed: int, images: Path | None, paths: tuple[str, ...]
) -> None:
    """Write captions of two manifests with their phrases side by side, to be judged by two people."""
    from glalign.config.loading import overlaid
    from glalign.evaluation.judging import MARGIN, pairs_needed
    from glalign.evaluation.judging_sheet import write_sample
    from glalign.evaluation.samples import image_folder, phrase_rules
    from glalign.reporting.translation import read_printed

    config = overlaid(*paths)
    rules = (phrase_rules(source, config.phrases), phrase_rules(target, config.phrases))
    count = write_sample(*rules, images or image_folder(source, config), out, pairs, seed)
    command = f"glalign translation judge {quote(str(out))} SECOND"
    echo(f"{out}: {count} pairs; two judges fill a copy each (docs/phrases.md), then `{command}`")
    for row in read_printed(suite_file("paper/translation.csv")):
        needed = pairs_needed(int(row["wrong"]) / int(row["pairs"]))
        echo(f"+-{MARGIN} points at the paper's rate of {row['percent']} % need {needed} pairs")


@translation.command()
@click.argument("sheets", nargs=-1, required=True, type=PATH)
@click.option("--out", type=PATH, help="Write the counts to this file, too, as JSON.")
def judge(sheets: tuple[Path, ...], out: Path | None) -> None:
    """Count what one or two judges say, and how far they agree; exit 1 when an answer is missing or unclear."""
    from glalign.evaluation.judging import describe, read_judged
    from glalign.storage.whole_files import write_json

    found = read_judged(sheets)
    if out:
        write_json(out, found)
    echo(describe(found))
    sys.exit(bool(found["open"]))
