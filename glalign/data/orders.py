"""Orders of the training items: pure functions of (items, seed), drawn epoch by epoch."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Generator, Tensor

from glalign.config.training import Data
from glalign.support.errors import UserError, within

Stream = Callable[..., Generator]
"""The random stream of a name, a number and, where each of several sources has its own, the source."""


class Order(Protocol):
    """Item numbers of every step. per_epoch: number of items of an epoch."""

    per_epoch: int

    def batch(self, step: int) -> Tensor:
        """Return the item numbers (batch_size,) of a step, from 0."""


def make_order(sampling: str, persons: Tensor, sources: Sequence[str] | None, options: Data, stream: Stream) -> Order:
    """Return the order of items by their persons (N,) and the names of their sources, None for one source.

    sampling: see `Pairs`. Raises: UserError if no batch is possible.
    """

    def order(persons: Tensor, size: int, stream: Stream) -> Order:
        if sampling == "groups":
            return Grouped(persons.unique(return_inverse=True)[1], size, options.group, stream)
        return Shuffled(len(persons), size, stream)

    if options.sources == "union" or sources is None or len(set(sources)) == 1:
        return order(persons, options.batch_size, stream)

    def of_source(name: str, items: Tensor, share: int) -> Order:
        with within(f"data.sources: balanced, {name}"):
            return order(persons[items], share, lambda *names: stream(*names, name))

    return Balanced(sources, options.batch_size, options.group if sampling == "groups" else 1, of_source)


class Shuffled:
    """Order with every item once per epoch. A batch that reaches the end of an epoch continues with the next."""

    def __init__(self, count: int, batch_size: int, stream: Stream) -> None:
        self.per_epoch, self._size, self._stream = count, batch_size, stream
        self._orders: dict[int, Tensor] = {}

    def batch(self, step: int) -> Tensor:
        """Return the item numbers (batch_size,) of a step."""
        places = torch.arange(step * self._size, (step + 1) * self._size)
        epochs = places // self.per_epoch
        return torch.cat(
            [self._order(e)[places[epochs == e] % self.per_epoch] for e in range(int(epochs[0]), int(epochs[-1]) + 1)]
        )

    def _order(self, epoch: int) -> Tensor:
        if epoch not in self._orders:
            # Keep the epoch before, too: a batch across the border needs both.
            self._orders = {e: order for e, order in self._orders.items() if e == epoch - 1}
            self._orders[epoch] = torch.randperm(self.per_epoch, generator=self._stream("epoch", epoch))
        return self._orders[epoch]


class Grouped:
    """Batches of `batch_size / group` persons with `group` items each (ViTAA's sampler: 16 persons, 4 captions).

    Each epoch shuffles the items of each person and cuts them into groups, without the remainder; a person with fewer
    than `group` items repeats them to fill one. Persons with groups left are drawn at random, until they are too few
    for a batch. Source: the sampler of Jarr0d/ViTAA@0bd7638.
    """

    def __init__(self, classes: Tensor, batch_size: int, group: int, stream: Stream) -> None:
        """Group items by `classes` (N,), each one's person from 0 on. Raises: UserError if no batch is possible."""
        self._persons, self._group, self._stream = batch_size // group, group, stream
        self._items = torch.argsort(classes, stable=True).split(torch.bincount(classes).tolist())
        if batch_size % group or len(self._items) < self._persons:
            raise UserError(
                f"data.batch_size: {batch_size} in groups of {group} (data.group) needs a multiple of {group} and at "
                f"least {self._persons} persons; there are {len(self._items)}"
            )
        self.per_epoch = sum(max(1, len(items) // group) * group for items in self._items)  # before the last leftovers
        self._epoch, self._first, self._batches = -1, 0, torch.empty(0, 0, dtype=torch.int64)

    def batch(self, step: int) -> Tensor:
        """Return the item numbers (batch_size,) of a step, group after group."""
        if step < self._first:
            self._epoch, self._first, self._batches = -1, 0, self._batches[:0]
        while step >= self._first + len(self._batches):  # how many batches an epoch has is known when it is drawn
            self._first += len(self._batches)
            self._epoch += 1
            self._batches = self._draw(self._epoch)
        return self._batches[step - self._first]

    def _draw(self, epoch: int) -> Tensor:
        rng = np.random.default_rng(self._stream("epoch", epoch).initial_seed())
        groups = []
        for items in self._items:
            mixed = items.numpy()[rng.permutation(len(items))]
            count = max(1, len(mixed) // self._group)
            # np.resize drops the remainder, and repeats items that are fewer than a group.
            groups.append(list(np.resize(mixed, (count, self._group))))
        batches, waiting = [], np.arange(len(groups))
        while len(waiting) >= self._persons:
            drawn = rng.choice(waiting, self._persons, replace=False)
            batches.append(np.concatenate([groups[person].pop() for person in drawn]))
            waiting = waiting[[bool(groups[person]) for person in waiting]]
        return torch.from_numpy(np.stack(batches))


class Balanced:
    """Batches with as many items of each source, each in an order of its own (D26).

    An epoch is one of the source with most items, and has as many items of each of the others, which begin anew before
    it ends. The sources take turns within a batch, so that equal parts of it (`memory.accumulate`) are balanced, too.
    """

    def __init__(
        self, sources: Sequence[str], batch_size: int, turn: int, order: Callable[[str, Tensor, int], Order]
    ) -> None:
        """Divide items among their `sources`, the name of each item's.

        turn: items of a source that stand together, a group or 1. order: (source, its item numbers, its items of a
        batch) -> their order, whose batches number these items from 0. Raises: UserError if a batch cannot be divided.
        """
        numbers = {name: [i for i, source in enumerate(sources) if source == name] for name in dict.fromkeys(sources)}
        share, rest = divmod(batch_size, len(numbers))
        if rest or share % turn:
            wanted = f"a multiple of {len(numbers) * turn}, for as many items of {', '.join(numbers)}"
            raise UserError(f"data.batch_size: {batch_size} with data.sources: balanced needs {wanted}")
        self._items = {name: torch.tensor(items) for name, items in numbers.items()}
        self._orders = {name: order(name, items, share) for name, items in self._items.items()}
        self._turn = turn
        self.per_epoch = len(numbers) * max(one.per_epoch for one in self._orders.values())

    def batch(self, step: int) -> Tensor:
        """Return the item numbers (batch_size,) of a step, turn by turn of the sources."""
        drawn = [self._items[name][order.batch(step)] for name, order in self._orders.items()]
        return torch.stack([items.reshape(-1, self._turn) for items in drawn], dim=1).reshape(-1)
