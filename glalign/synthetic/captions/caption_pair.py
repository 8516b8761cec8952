"""The two captions of a photograph."""

import random
from collections.abc import Mapping

from glalign.synthetic.captions import styles_en, styles_vi
from glalign.synthetic.captions.generator import Caption
from glalign.synthetic.domains.domain import Domain, choose

CAPTION = {"en": styles_en.caption, "vi": styles_vi.caption}


def caption_pair(visible: Mapping[str, str], rng: random.Random, domain: Domain, language: str) -> list[Caption]:
    """Generate two captions in `language`, of annotators of different styles.

    visible: visible attributes of the photograph, for Vietnamese with `attributes.with_grue`.
    """
    styles = domain.annotators[language]
    first = choose(rng, styles)
    second = choose(rng, {style: weight for style, weight in styles.items() if style != first})
    return [CAPTION[language](visible, rng, style, domain) for style in (first, second)]
