"""Check that the vocabulary files of a release are those that its network was trained with."""

from collections.abc import Sequence
from pathlib import Path

from glalign.support.errors import UserError
from glalign.weights.catalogue import WeightRelease

PAIR = ("vocab.txt", "bpe.codes")
"""PhoBERT's files, which are read together."""


def check_vocabulary(release: WeightRelease, files: Sequence[Path], folder: Path) -> None:
    """Read vocabulary files as a system would. folder: where files imported earlier are.

    Raises: UserError naming a file that is missing, or a vocabulary of another size.
    """
    if not files:
        return
    if release.vocabulary == "phobert":
        from glalign.language.phobert_tokenizer import PhoBertFileTokenizer  # noqa: PLC0415  (seconds)

        known = {path.name: path for path in files}
        here = {name: known.get(name, folder / f"{release.name}.{name}") for name in PAIR}
        for name, path in here.items():
            if not path.is_file():
                raise UserError(f"{path}: no such file; import {' and '.join(PAIR)} together ({name} is missing)")
        found = PhoBertFileTokenizer(here[PAIR[0]], here[PAIR[1]]).vocab_size
    else:
        from glalign.language.tokenizers import FileTokenizer  # noqa: PLC0415

        found = FileTokenizer(files[0], 77, release.vocabulary).vocab_size
    if found != release.words:
        sizes = f"{found:,} entries, the vocabulary of {release.name} has {release.words:,}"
        raise UserError(f"{', '.join(map(str, files))}: {sizes}; the file is not whole or of another model")
