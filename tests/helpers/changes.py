"""Ways to change a file."""

from collections.abc import Callable
from pathlib import Path


def flip(file: Path) -> None:
    """Turn one bit in the middle."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def truncate(file: Path) -> None:
    """Cut the last byte off."""
    file.write_bytes(file.read_bytes()[:-1])


def replace(file: Path) -> None:
    """Put another content in its place."""
    file.write_bytes(b"of another run")


CHANGES: dict[str, Callable[[Path], None]] = {
    "flip": flip,
    "truncate": truncate,
    "replace": replace,
    "delete": Path.unlink,
}
