"""A zip archive with its own SHA-256 in its comment, such as a checkpoint: one file, whole or not there.

A digest in a second file could be lost in a kill between the two writes. torch reads an archive with a comment and does
not compare the checksums of its entries, so that it reads a changed one, too.
"""

import hashlib
from pathlib import Path

NO_COMMENT = b"\0\0"
"""The last bytes of an archive without a comment: its length, 0, in two bytes."""

DIGITS = 64
SEAL = DIGITS.to_bytes(2, "little")
"""The same field of a sealed archive. The hexadecimal digest follows, which is that of the archive without it."""


def seal(path: Path) -> None:
    """Append the digest of a zip archive without a comment as its comment."""
    with path.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(-len(NO_COMMENT), 2)
        if file.read() != NO_COMMENT:
            raise ValueError(f"{path}: not a zip archive without a comment")
        file.seek(-len(NO_COMMENT), 2)
        file.write(SEAL + digest.encode("ascii"))


def is_intact(path: Path) -> bool:
    """Whether an archive is as `seal` left it. One that was never sealed is not."""
    with path.open("rb") as file:
        size, rest = path.stat().st_size - len(SEAL) - DIGITS, hashlib.sha256()
        if size <= 0:
            return False
        file.seek(size)
        end = file.read()
        file.seek(0)
        while size and (block := file.read(min(size, 1 << 20))):
            rest.update(block)
            size -= len(block)
    rest.update(NO_COMMENT)
    return end == SEAL + rest.hexdigest().encode("ascii")
