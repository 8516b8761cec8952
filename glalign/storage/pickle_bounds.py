"""Pickles from elsewhere, refused before they take memory out of proportion to their length."""

import io
import pickle
import pickletools
from typing import IO

LONGEST = 1 << 30
"""Bytes of a pickle that is read."""

PLACED = ("PUT", "BINPUT", "LONG_BINPUT")
"""Opcodes whose argument is a place of the memo; the unpickler reserves all places up to it."""


def bounded_pickle(file: IO[bytes]) -> io.BytesIO:
    """Read a pickle as a whole, to be unpickled.

    Nine bytes can have the standard library write 64 GB: those with a place of its memo beyond all that were taken.

    Raises: pickle.UnpicklingError for a pickle that has such a place, or is longer than `LONGEST`; ValueError for one
    that is damaged, such as a length beyond its end.
    """
    content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise pickle.UnpicklingError(f"a pickle of more than {LONGEST:,} bytes")
    for code, argument, _ in pickletools.genops(content):
        if code.name in PLACED and int(argument or 0) > len(content):  # each place takes a byte or more to fill
            raise pickle.UnpicklingError(f"place {argument:,} of a pickle of {len(content):,} bytes")
    return io.BytesIO(content)
