"""The joints of a walking person.

A joint is (towards the left, below the crown, ahead), in hundredths of the person's height.

Segment lengths follow the usual anthropometric shares of stature (Drillis and Contini 1966: thigh .245, shank .246,
upper arm .186, forearm .146), rounded, with a larger head as seen in photographs from above.
"""

import math
from typing import NamedTuple

Joint = tuple[float, float, float]
THIGH, SHANK, UPPER_ARM, FOREARM = 22.0, 22.5, 15.5, 14.0
SHOULDER_DOWN, HIP_DOWN = 19.8, 50.0


class Skeleton(NamedTuple):
    """Joints; each pair is (person's left, person's right)."""

    hip: tuple[Joint, Joint]
    knee: tuple[Joint, Joint]
    ankle: tuple[Joint, Joint]
    shoulder: tuple[Joint, Joint]
    elbow: tuple[Joint, Joint]
    hand: tuple[Joint, Joint]


def _leg(side: float, phase: float, stride: float) -> tuple[Joint, Joint, Joint]:
    swing = stride * math.sin(phase)
    flex = 0.06 + stride * 1.3 * max(0.0, math.cos(phase)) ** 1.5
    knee = (side * 1.02, HIP_DOWN + THIGH * math.cos(swing), THIGH * math.sin(swing))
    shin = swing - flex
    ankle = (side * 0.98, knee[1] + SHANK * math.cos(shin), knee[2] + SHANK * math.sin(shin))
    return (side, HIP_DOWN, 0.0), knee, ankle


def _arm(side: float, phase: float, stride: float, raised: float, out: float) -> tuple[Joint, Joint, Joint]:
    swing = -stride * 0.8 * math.sin(phase) + 0.35 * (raised > 0)
    bend = raised if raised > 0 else 0.25 + stride * 0.6
    sign = math.copysign(1.0, side)
    x = side + sign * UPPER_ARM * math.sin(out)
    down, ahead = SHOULDER_DOWN + UPPER_ARM * math.cos(swing) * math.cos(out), UPPER_ARM * math.sin(swing)
    fore = swing + bend
    inward = -0.25 if raised > 0 else 0.3 * math.sin(out)
    hand = (x + sign * FOREARM * inward, down + FOREARM * math.cos(fore), ahead + FOREARM * math.sin(fore))
    return (side, SHOULDER_DOWN, 0.0), (x, down, ahead), hand


def make_skeleton(woman: bool, girth: float, phase: float, stride: float, raised: tuple[float, float]) -> Skeleton:
    """Return the joints at a `phase` (radians) of a step.

    stride: maximum angle of the thighs, radians. raised: elbow angle (radians) of the left and the right arm that holds
    something, else 0.
    """
    shoulder = (8.3 if woman else 9.7) * (0.5 + 0.5 * girth)
    hip = 4.3 * (0.5 + 0.5 * girth)
    out = 0.13 + 0.2 * max(0.0, girth - 1)
    left = (*_leg(hip, phase, stride), *_arm(shoulder, phase, stride, raised[0], out))
    late = phase + math.pi
    right = (*_leg(-hip, late, stride), *_arm(-shoulder, late, stride, raised[1], out))
    return Skeleton(*zip(left, right, strict=True))
