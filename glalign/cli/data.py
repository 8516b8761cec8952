"""`glalign data` and `glalign translation`: check releases, count captions; export, fill in and judge translations."""

import json
import sys
from pathlib import Path
from shlex import quote

import click

from glalign.cli.options import JSON, PATH
from glalign.contract.formats import FORMATS


@click.group()
def data() -> None:
    """Check datasets; count what their captions are like."""


@data.command()
@click.argument("kind", metavar="FORMAT", type=click.Choice(list(FORMATS)))
@click.argument("root", type=PATH)
@click.option("--annotations", help="Annotation file below ROOT, when it is not the format's own.")
@click.option("--images", help="Image folder below ROOT, when it is not the format's own.")
@JSON
def verify(kind: str, root: Path, annotations: str | None, images: str | None, as_json: bool) -> None:
    """Check a dataset directory and list what is missing; exit 1 if anything is."""
    from glalign.data.verify import describe, verify

    report = verify(root, kind, annotations, images)
    click.echo(json.dumps(report, ensure_ascii=False) if as_json else describe(report))
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
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else describe(found))


@click.group()
def translation() -> None:
    """Fill a translated dataset from a file of translations; judge one by hand."""


@translation.command()
@click.argument("source", type=PATH)
@click.option("--out", required=True, type=PATH, help="The CSV to write.")
def export(source: Path, out: Path) -> None:
    """Write the captions of the release in SOURCE to a file, to be translated."""
    from glalign.data.translations import export_captions

    count = export_captions(source, out)
    command = f"glalign translation fill {quote(str(source))} {quote(str(out))} --out FOLDER"
    click.echo(f"{out}: {count} captions; translate the column `text`, then `{command}`")


@translation.command()
@click.argument("source", type=PATH)
@click.argument("translations", type=PATH)
@click.option("--out", required=True, type=PATH, help="Folder of the translated dataset.")
def fill(source: Path, translations: Path, out: Path) -> None:
    """Write CUHK-PEDES-VN or 3000Vn-V2E from the release in SOURCE and a file of translations."""
    from glalign.data.translations import fill

    kind, count = fill(source, translations, out)
    command = f"glalign data verify {kind} {quote(str(out))}"
    click.echo(f"{out}: {count} captions, `format: {kind}`; check it with `{command}`")


@translation.command()
@click.argument("source", type=PATH)
@click.argument("target", type=PATH)
@click.option("--out", required=True, type=PATH, help="The CSV to write.")
@click.option("--pairs", default=200, show_default=True, type=click.IntRange(min=1), help="How many captions.")
@click.option("--seed", default=0, show_default=True, help="Another seed draws other captions.")
def sample(source: Path, target: Path, out: Path, pairs: int, seed: int) -> None:
    """Write captions of two manifests side by side, to be judged right or wrong by a person."""
    from glalign.evaluation.judging import write_sample

    count = write_sample(source, target, out, pairs, seed)
    command = f"glalign translation judge {quote(str(out))}"
    click.echo(f"{out}: {count} pairs; write right or wrong into the column `judge`, then `{command}`")


@translation.command()
@click.argument("judged", type=PATH)
@click.option("--out", type=PATH, help="Write the counts to this file, too, as JSON.")
def judge(judged: Path, out: Path | None) -> None:
    """Count the pairs that a person judged; exit 1 when some are not judged yet."""
    from glalign.evaluation.judging import describe, read_judged
    from glalign.storage.whole_files import write_json

    found = read_judged(judged)
    if out:
        write_json(out, found)
    click.echo(describe(found))
    sys.exit(bool(found["open"]))
