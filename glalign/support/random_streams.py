"""Named random streams: adding a system or a stage changes no other stream."""

import hashlib


def seed_for(root: int, *names: object) -> int:
    """Return the seed of the stream `names`: a 63-bit hash of the root seed and the names.

    >>> seed_for(1, "glalign", "cuhk_en", "dropout") == seed_for(1, "glalign", "cuhk_en", "dropout")
    True
    """
    text = "\x1f".join(str(part) for part in (root, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
