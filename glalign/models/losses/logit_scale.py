"""The logit scale: the factor that turns cosines into logits (decision D1)."""

import math

import torch
from torch import Tensor, nn

from glalign.support.errors import UserError

TEMPERATURE = 0.07
"""Section 3.3 of the paper; Radford et al. 2021 start from the same value."""

LARGEST = 100.0
"""Upper limit of the learned factor, for a stable training (Radford et al. 2021, section 2.5)."""


MODES = ("learned", "checkpoint", "fixed", "literal")
"""Values of `model.temperature`, see `LogitScale`."""


class LogitScale(nn.Module):
    """A positive factor of shape (), or one per part, (count,), at most 100 where it is learned.

    mode: "learned", the logarithm is a parameter that starts at ln(1/0.07), as CLIP's pre-training does; "checkpoint",
    it starts at `stored`; "fixed", 1/0.07; "literal", the paper's exp(t) with t = 0.07, that is 1.07.
    stored: logarithm that the weight file holds, ln 100 in OpenAI's files; None without one.
    Raises: UserError for an unknown mode.
    """

    def __init__(self, mode: str, count: int | None = None, *, stored: float | None = None):
        super().__init__()
        if mode not in MODES:
            raise UserError(f"model.temperature: {mode!r}; choose {', '.join(MODES[:-1])} or {MODES[-1]}")
        value = TEMPERATURE if mode == "literal" else -math.log(TEMPERATURE)
        if mode == "checkpoint" and stored is not None:
            value = stored
        log = torch.full(() if count is None else (count,), value)
        if mode in ("learned", "checkpoint"):
            self.log = nn.Parameter(log)
        else:
            self.register_buffer("log", log, persistent=False)

    def forward(self) -> Tensor:
        """Return the factor, at most 100; the gradient passes as if it were not limited.

        The stored logarithm may pass ln 100 and comes back by the gradient, as in Flame-Chasers/TBPS-CLIP@ba090bc.
        """
        return (self.log + (self.log.clamp(max=math.log(LARGEST)) - self.log).detach()).exp()
