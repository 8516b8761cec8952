"""Keep what a frozen encoder returns for each caption, so that it is computed once."""

from collections.abc import Callable

import torch
from torch import Tensor

KEPT_BYTES = 1 << 28
"""256 MiB: 21,000 captions of 48 tokens and 64 channels, or 1,300 of 65 tokens and 768 channels."""


class KeptRows:
    """Rows of a function of rows of token ids, kept until they take up `limit` bytes; later ones are computed again.

    The function must depend on a row alone and not change; `clear` forgets all rows when it does. The rows of training
    and those of validation are kept apart, as they may differ in precision.
    """

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self.limit = limit
        self.clear()

    def clear(self) -> None:
        """Forget every row."""
        self._rows: dict[tuple[object, ...], Tensor] = {}
        self._bytes = 0

    def of(self, encode: Callable[[Tensor, Tensor], Tensor], ids: Tensor, lengths: Tensor, kind: object) -> Tensor:
        """Return `encode(ids, lengths)` (B, ...); ids (B, T), lengths (B,). kind: rows of another kind are others."""
        keys = [(kind, length, *row) for row, length in zip(ids.tolist(), lengths.tolist(), strict=True)]
        lacking = [place for place, key in enumerate(keys) if key not in self._rows]
        if not lacking:
            return torch.stack([self._rows[key] for key in keys])
        new = encode(ids[lacking], lengths[lacking])
        found = dict(zip(lacking, new.unbind(), strict=True))
        rows = [found[place] if place in found else self._rows[key] for place, key in enumerate(keys)]
        for place, row in found.items():
            if keys[place] not in self._rows and self._bytes + row.nbytes <= self.limit:
                self._rows[keys[place]] = row.clone()
                self._bytes += row.nbytes
        return torch.stack(rows)
