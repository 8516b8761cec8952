"""The logit scale: the factor that turns cosines into logits (decision D1)."""

import math

import torch
from torch import Tensor, nn

from glalign.support.errors import UserError

TEMPERATURE = 0.07
"""Section 3.3 of the paper; Radford et al. 2021 start from the same value."""

LARGEST = 100.0
"""Upper limit of the learned factor, for a stable training (Radford et al. 2021, section 2.5)."""


class LogitScale(nn.Module):
    """A positive factor of shape (), or one per part, (count,).

    mode: "learned", the logarithm is a parameter that starts at ln(1/0.07) and is clipped at ln 100, as in CLIP;
    "fixed", 1/0.07; "literal", the paper's exp(t) with t = 0.07, that is 1.07.
    """

    def __init__(self, mode: str, count: int | None = None):
        super().__init__()
        if mode not in ("learned", "fixed", "literal"):
            raise UserError(f"model.temperature: {mode!r}; choose learned, fixed or literal")
        value = TEMPERATURE if mode == "literal" else -math.log(TEMPERATURE)
        log = torch.full(() if count is None else (count,), value)
        if mode == "learned":
            self.log = nn.Parameter(log)
        else:
            self.register_buffer("log", log, persistent=False)

    def forward(self) -> Tensor:
        """Return the factor; clips the parameter first."""
        if isinstance(self.log, nn.Parameter):
            with torch.no_grad():  # the parameter, not its value: a clipped value has no gradient
                self.log.clamp_(max=math.log(LARGEST))
        return self.log.exp()
