"""Training pairs of the studio as tensors: streamed from shards, or made on the way."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from faceedit.errors import PhotoError, UsageError
from faceedit.training.pair_tensors import pair_tensors

if TYPE_CHECKING:
    from faceedit.studio.produce import Commission
    from faceedit.studio.record import Pair
    from faceedit.studio.rig import Rig
    from faceedit.studio.sources import SourcePhoto

T = TypeVar("T")

OPEN_STREAMS = 8
"""Shards or photos that are read at once, so that neighbours in a batch are different people."""
BUFFER = 32
"""Pairs held back for shuffling; one of 256 pixels takes 5 MB."""


class _Epochs(IterableDataset[dict[str, Tensor]]):
    """What both sources of pairs share: epochs, and a part of the work for each worker and rank.

    The order depends on seed, epoch, rank and the number of workers alone. Ranks may get different
    numbers of pairs; where they step together, end an epoch after a fixed number of steps.

    Args:
        seed: of all orders.
        rank: of this process among those that train together.
        world: how many there are.
    """

    def __init__(self, seed: int, rank: int, world: int):
        if not 0 <= rank < world:
            raise ValueError(f"rank {rank} of {world}")
        self.seed, self.rank, self.world = seed, rank, world
        # Shared memory, so that workers that live on learn of it.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch the next iteration is; call it before each."""
        self._epoch.fill_(epoch)

    def _part(self, items: list[T]) -> tuple[list[T], np.random.Generator]:
        """Return this worker's part of the items in the epoch's order, and its generator."""
        epoch, worker = int(self._epoch), get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        order = np.random.default_rng([self.seed, epoch]).permutation(len(items))
        share = self.rank * workers + number
        mine = [items[i] for i in order[share :: self.world * workers]]
        return mine, np.random.default_rng([self.seed, epoch, share])


class ShardPairs(_Epochs):
    """Pairs from shards, each once an epoch, shuffled, as `pair_tensors` gives them.

    Whole shards are dealt to workers and ranks: there should be several for each.

    Args:
        folder: of ``*.tar`` files that ``faceedit studio pairs`` wrote.
        seed: of the order.
        split: "train" or "val"; None for both.
        rank: of this process among those that train together.
        world: how many there are.
        open_shards: how many are read at once.
        buffer: pairs held back for shuffling.

    Raises:
        UsageError: there are no shards; while reading: one is damaged.
    """

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        split: str | None = "train",
        rank: int = 0,
        world: int = 1,
        open_shards: int = OPEN_STREAMS,
        buffer: int = BUFFER,
    ):
        super().__init__(seed, rank, world)
        self.shards = sorted(folder.glob("*.tar"))
        if not self.shards:
            raise UsageError(f"no shards of pairs in {folder}; faceedit studio pairs makes them")
        self.split, self.open_shards, self.buffer = split, open_shards, buffer

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """Yield this worker's part of an epoch."""
        shards, rng = self._part(self.shards)
        streams = (self._read(shard) for shard in shards)
        for pair in mix(streams, rng, self.open_shards, self.buffer):
            yield pair_tensors(pair)

    def _read(self, shard: Path) -> "Iterator[Pair]":
        from faceedit.studio.shards import read_shard

        for _, pair in read_shard(shard):
            if self.split in (None, pair.labels.split):
                yield pair


class LivePairs(_Epochs):
    """Pairs made as they are needed, other ones each epoch, as `pair_tensors` gives them.

    Photos are dealt to workers and ranks; those that cannot be used are left out. Start workers
    with ``multiprocessing_context="spawn"``: threads of OpenCV and numba do not survive a fork.

    Args:
        commission: what to make of each photo, with the folder of the rig and the seed.
        sources: photos with their landmarks.
        rank: of this process among those that train together.
        world: how many there are.
        open_photos: how many are worked on at once.
        buffer: pairs held back for shuffling.
    """

    def __init__(
        self,
        commission: "Commission",
        sources: "list[SourcePhoto]",
        *,
        rank: int = 0,
        world: int = 1,
        open_photos: int = OPEN_STREAMS,
        buffer: int = BUFFER,
    ):
        super().__init__(commission.seed, rank, world)
        if not sources:
            raise UsageError("no photos to make pairs of")
        self.commission, self.sources = commission, sources
        self.open_photos, self.buffer = open_photos, buffer
        self._rig: Rig | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the rig behind: every worker reads its own."""
        return self.__dict__ | {"_rig": None}

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """Yield this worker's part of an epoch."""
        if get_worker_info() is not None:
            import cv2

            cv2.setNumThreads(1)
        sources, rng = self._part(self.sources)
        epoch = np.random.SeedSequence([self.seed, int(self._epoch)])
        commission = replace(self.commission, seed=int(epoch.generate_state(1)[0]))
        streams = (self._make(source, commission) for source in sources)
        for pair in mix(streams, rng, self.open_photos, self.buffer):
            yield pair_tensors(pair)

    def _make(self, source: "SourcePhoto", commission: "Commission") -> "Iterator[Pair]":
        from faceedit.studio.produce import pairs_of
        from faceedit.studio.rig import load_rig

        if self._rig is None:
            self._rig = load_rig(commission.rig)
        try:
            yield from pairs_of(self._rig, source, commission)
        except PhotoError:
            # Photos were looked at when their landmarks were found; one that is gone is left out.
            return


def mix(
    streams: Iterator[Iterator[T]], rng: np.random.Generator, opened: int, buffer: int
) -> Iterator[T]:
    """Yield all that streams yield in random order.

    Args:
        streams: are begun one after another.
        rng: of the order.
        opened: how many are read at once, at least 1.
        buffer: items held back to be drawn from.
    """
    reading: list[Iterator[T]] = []
    held: list[T] = []
    while True:
        while len(reading) < opened and (stream := next(streams, None)) is not None:
            reading.append(stream)
        if not reading:
            break
        at = int(rng.integers(len(reading)))
        for item in reading[at]:
            held.append(item)
            break
        else:
            del reading[at]
            continue
        if len(held) > buffer:
            yield _draw(held, rng)
    while held:
        yield _draw(held, rng)


def _draw(held: list[T], rng: np.random.Generator) -> T:
    at = int(rng.integers(len(held)))
    held[at], held[-1] = held[-1], held[at]
    return held.pop()
