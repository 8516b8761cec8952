"""The two captions of a photograph, and captions that come back for another one."""

import random
from collections import deque
from collections.abc import Mapping

from glalign.synthetic.captions import styles_en, styles_vi
from glalign.synthetic.captions.generator import Caption
from glalign.synthetic.domains.domain import Domain, choose

CAPTION = {"en": styles_en.caption, "vi": styles_vi.caption}


def caption_pair(visible: Mapping[str, str], rng: random.Random, domain: Domain, language: str) -> list[Caption]:
    """Generate two different captions in `language`, of two annotators.

    visible: visible attributes of the photograph, for Vietnamese with `attributes.with_grue`.
    """
    styles, captions = domain.annotators[language], list[Caption]()
    while len(captions) < 2:
        caption = CAPTION[language](visible, rng, choose(rng, styles), domain)
        if caption.text not in [other.text for other in captions]:
            captions.append(caption)
    return captions


class Repeats:
    """Lets captions come back: now and then an image gets a caption of an earlier image, of the same person or another.

    In CUHK-PEDES 1.1 % of the captions are not the first with their text. Only a caption whose facts all hold for the
    image is repeated, so it stays true; the first of the image's two captions stays its own.
    """

    KEPT = 400
    """Number of earlier captions that may come back."""

    def __init__(self) -> None:
        self._earlier: deque[Caption] = deque(maxlen=self.KEPT)

    def apply(self, captions: list[Caption], visible: Mapping[str, str], rng: random.Random, rate: float) -> None:
        """Replace, with probability `rate`, the second caption in place by an earlier one; remember the new ones."""
        if rng.random() < rate:
            fitting = [one for one in self._earlier if all(visible.get(name) == value for name, value in one.facts)]
            if fitting:
                captions[1] = rng.choice(fitting)
        self._earlier.extend(captions)
