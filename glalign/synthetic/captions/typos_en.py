"""Typing errors of English captions: swapped, dropped or doubled letters, a lost space or full stop, capitals."""

import random

from glalign.synthetic.domains.domain import Domain

KNOWN = {"wearing": ("wering", "wearing", "waring"), "carrying": ("carring", "caring", "carying"),
         "shirt": ("sihrt", "shrit"), "backpack": ("backback", "bakpack"),
         "sneakers": ("sneekers", "sneakes"), "striped": ("stripped", "stiped"),
         "sleeved": ("sleved", "sleeve"), "is": ("s", "us"), "and": ("an",), "has": ("had",),
         "colored": ("coloured", "color"), "t-shirt": ("tshirt", "t shirt")}  # fmt: skip


def _mistype(rng: random.Random, word: str) -> str:
    """Misspell a word; words of fewer than four letters that are not in `KNOWN` stay as they are."""
    if word in KNOWN and rng.random() < 0.7:
        return rng.choice(KNOWN[word])
    end = word[len(word.rstrip(".,")) :]
    word = word.removesuffix(end)
    if len(word) < 4 or not word.isalpha():
        return word + end
    i = rng.randint(1, len(word) - 2)
    kind = rng.randrange(3)
    if kind == 0:
        i -= i > 1
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :] + end
    return (word[:i] + word[i + 1 :] if kind == 1 else word[:i] + word[i] + word[i:]) + end


def add_typos(rng: random.Random, caption: str, domain: Domain) -> str:
    """Add typing errors to a caption at the rate of the domain; the number of words changes by at most two."""
    if rng.random() < domain.typo_rate:
        parts = caption.split(" ")
        for _ in range(rng.choice((1, 1, 1, 2))):
            long = [i for i, part in enumerate(parts) if len(part) > 4 or part in KNOWN]
            i = rng.choice(long or range(len(parts)))
            parts[i] = _mistype(rng, parts[i])
        caption = " ".join(parts)
    if rng.random() < domain.typo_rate * 0.25:
        caption = caption.replace(". ", ".", 1) if rng.random() < 0.5 else caption.replace(", ", ",", 1)
    if rng.random() < domain.typo_rate * 0.05:
        caption = caption[0].lower() + caption[1:]
    if rng.random() < domain.typo_rate * 0.4:
        caption = caption.rstrip(".")
    if rng.random() < domain.typo_rate * 0.027:
        caption = caption.upper()
    return caption
