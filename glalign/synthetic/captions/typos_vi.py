"""Typing errors of Vietnamese captions: lost tones, swapped or doubled letters, missing spaces and punctuation."""

import random
import re
import unicodedata

from glalign.synthetic.domains.domain import Domain

KNOWN = {"màu": ("mầu", "mau"), "nữ": ("nũ", "nưx"), "trái": ("trai", "tráii"), "quần": ("quàn", "quân"),
         "đeo": ("đeoo", "deo"), "giày": ("dày", "giáy"), "khẩu": ("khảu",), "phông": ("phong",),
         "xanh": ("xnah", "xah"), "đen": ("den", "đne"), "trắng": ("tráng", "trăng")}  # fmt: skip
TONES = "\u0300\u0301\u0303\u0309\u0323"
"""Combining grave, acute, tilde, hook and dot below: the five written tones."""
WORD = re.compile(r"[^\W\d_]+")


def _mistype(rng: random.Random, word: str) -> str:
    """Misspell a word; the result may be another word of the language, as in real captions."""
    if word in KNOWN and rng.random() < 0.5:
        return rng.choice(KNOWN[word])
    bare = toneless(word)
    if bare != word and rng.random() < 0.6:
        return bare
    if len(word) < 3:
        return word
    i = rng.randint(1, len(word) - 1)
    if rng.random() < 0.5:
        return word[: i - 1] + word[i] + word[i - 1] + word[i + 1 :]
    return word[:i] + word[i - 1] + word[i:]


def toneless(word: str) -> str:
    """Remove the tone of a word; the diacritics of ă, â, ê, ô, ơ, ư and đ stay.

    >>> toneless("trắng"), toneless("giày")
    ('trăng', 'giay')
    """
    return unicodedata.normalize("NFC", "".join(c for c in unicodedata.normalize("NFD", word) if c not in TONES))


def add_typos(rng: random.Random, caption: str, domain: Domain) -> str:
    """Add typing errors to a caption at the rate of the domain; the markers of its phrases are kept."""
    if rng.random() < domain.typo_rate:
        for _ in range(rng.choice((1, 1, 1, 2))):
            words = list(WORD.finditer(caption))
            word = words[rng.randrange(len(words))]
            caption = caption[: word.start()] + _mistype(rng, word.group()) + caption[word.end() :]
    if rng.random() < domain.typo_rate * 0.4:
        caption = caption.replace(", ", ",", 1) if rng.random() < 0.6 else caption.replace(", ", " ", 1)
    if rng.random() < domain.typo_rate * 0.1:
        caption = caption.rstrip(".")
    return caption
