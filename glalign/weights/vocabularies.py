"""Vocabularies of a release: their files here, and whether they are the ones that its network was trained with."""

from collections.abc import Sequence
from pathlib import Path

from glalign.support.errors import UserError
from glalign.weights.catalogue import WeightRelease

PAIR = ("vocab.txt", "bpe.codes")
"""PhoBERT's files, of no use without each other."""


def check_vocabulary(release: WeightRelease, files: Sequence[Path], folder: Path) -> None:
    """Read the files as a system would.

    Raises: UserError naming one that is missing, or a vocabulary of another size.
    """
    if not files:
        return
    if release.vocabulary == "phobert":
        from glalign.language.phobert_tokenizer import PhoBertFileTokenizer  # noqa: PLC0415  (seconds)

        known = {path.name: path for path in files}
        here = {name: known.get(name, folder / f"{release.name}.{name}") for name in PAIR}
        for name, path in here.items():
            if not path.is_file():
                raise UserError(f"{path}: no such file; bring {' and '.join(PAIR)} together ({name} is missing)")
        found = PhoBertFileTokenizer(*here.values()).vocab_size
    else:
        from glalign.language.tokenizers import FileTokenizer  # noqa: PLC0415

        found = FileTokenizer(files[0], 77, release.vocabulary).vocab_size
    if found != release.words:
        raise UserError(
            f"{', '.join(map(str, files))}: {found:,} entries, the vocabulary of {release.name} has {release.words:,}; "
            "the file is not whole or of another model"
        )
