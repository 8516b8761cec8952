"""What a system knows about its training set beyond the batches."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingInfo:
    """Argument of `Retriever.build`; stored with the trained weights.

    identities: number of training identities, the width of an identity classifier. steps: length of the training.
    words: words of the *training* captions with their counts, most frequent first; empty unless the system needs
    "words".
    """

    identities: int
    steps: int
    words: tuple[tuple[str, int], ...] = ()
