"""Training pairs of the studio as tensors: streamed from shards, or made on the way."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from faceedit.errors import PhotoError, UsageError
from faceedit.studio.lights import LIGHTS
from faceedit.targets import EXPRESSIONS

if TYPE_CHECKING:
    from faceedit.studio.expressions import Ask
    from faceedit.studio.produce import Commission
    from faceedit.studio.record import Choices, Pair
    from faceedit.studio.rig import Rig
    from faceedit.studio.sources import SourcePhoto

T = TypeVar("T")

ASKABLE = (*EXPRESSIONS, "squint", "scream")
"""Order of the vectors of amplitudes."""
LIGHT_ORDER = tuple(LIGHTS)
"""What the numbers of lights mean."""
AS_PHOTOGRAPHED = -1
"""Number of the photo's own light."""
CHOICES = (
    "mouth_brightness", "mouth_warmth", "mouth_size", "mouth_midline", "crease_gain", "gap_input",
    "gap_target", "lean",
)  # fmt: skip
"""Order of the vector of choices."""
CREASES = 3
"""How many numbers say which maps folds came from."""
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


def pair_tensors(pair: "Pair") -> dict[str, Tensor]:
    """Return a pair as tensors, which default collation stacks; float32 where not said otherwise.

    The equation is target = opacity · paint + (1 − opacity) · warp(input, flow) · exp(log_ratio).

    - input, target: (3, S, S) RGB in [0, 1].
    - flow: (2, S, S) pixels of the crop, x and y, from a target's pixel to where it comes from.
    - log_ratio: (3, S, S) natural logarithm, RGB of display values.
    - paint: (3, S, S) RGB in [0, 1], 0 where opacity is 0; opacity: (1, S, S) in [0, 1].
    - painted: (1, S, S) in [0, 1], between the lips, not shown by the input.
    - tooth_coordinates: (2, S, S) in [0, 1] on the chart of the teeth, 0 elsewhere.
    - shown_eye: (1, S, S) in [0, 1], eye that the input's lids hide.
    - valid: (1, S, S) bool, False beyond the photo.
    - part: (S, S) int8, `model.Part` of the target, −1 for none.
    - regions_input, regions_target: (S, S) uint8, `semantic.Region`.
    - landmarks_input, landmarks_target: (478, 3) crop pixels.
    - amplitudes, shown: (10,) of the expressions asked for and of those in the input, in the order
      of `ASKABLE`; the neutral face is 1 of the first; all 0 where action units were asked for.
    - action_units: (17,) in [0, 5], of the target; measured: () bool, explained from a fit.
    - by_units: () bool, whether action units were asked for.
    - light: () int64, number in `LIGHT_ORDER` or `AS_PHOTOGRAPHED`; light_colour: (3,) linear RGB;
      input_light: (3,) estimated direction of the input's times its strength.
    - turn: () degrees, positive to the image's right.
    - real_is_target: () bool, the target is the untouched photo; else the input is.
    - choices: (6,) in the order of `CHOICES`, those of the mouth at rest where none was painted.
    - donor: () int64, of teeth, −1 for none; creases: (3,) which maps folds came from, 0 for none.
    - eyeglasses: () bool; person: () int64, the same for one person; seed: () int64, of the pair.

    Raises:
        UsageError: the pair names an expression or a light that is not known.
    """
    fields, labels = pair.fields, pair.labels
    creases = np.zeros(CREASES, np.float32)
    given = pair.choices.creases[:CREASES]
    creases[: len(given)] = given
    return {
        "input": _picture(pair.input),
        "target": _picture(pair.target),
        "flow": _planes(fields.flow),
        "log_ratio": _planes(fields.log_ratio),
        "paint": _planes(fields.paint),
        "opacity": _planes(fields.opacity),
        "painted": _planes(pair.painted),
        "tooth_coordinates": _planes(pair.tooth_coordinates),
        "shown_eye": _planes(pair.shown_eye),
        "valid": torch.tensor(pair.valid)[None],
        "part": torch.tensor(pair.part),
        "regions_input": torch.tensor(pair.regions_input),
        "regions_target": torch.tensor(pair.regions_target),
        "landmarks_input": _floats(pair.landmarks_input),
        "landmarks_target": _floats(pair.landmarks_target),
        "amplitudes": _amplitudes(labels.ask),
        "shown": _amplitudes(labels.shown),
        "action_units": _floats(labels.action_units),
        "measured": torch.tensor(labels.measured),
        "by_units": torch.tensor(labels.ask.of_units),
        "light": torch.tensor(_light_number(labels.light)),
        "light_colour": _floats(labels.light_colour),
        "input_light": _floats(labels.input_light),
        "turn": _floats(labels.turn),
        "real_is_target": torch.tensor(labels.real == "target"),
        "choices": _chosen(pair.choices, labels.ask.lean),
        "donor": torch.tensor(pair.choices.mouth),
        "creases": _floats(creases),
        "eyeglasses": torch.tensor(labels.eyeglasses),
        "person": torch.tensor(zlib.crc32(labels.person.encode())),
        "seed": torch.tensor(pair.choices.seed),
    }


def _picture(pixels: np.ndarray) -> Tensor:
    return torch.tensor(pixels).permute(2, 0, 1).contiguous().float() / 255


def _planes(values: np.ndarray) -> Tensor:
    """Return (S, S) or (S, S, C) as (C, S, S)."""
    planes = values[None] if values.ndim == 2 else values.transpose(2, 0, 1)
    return _floats(planes)


def _floats(values: Any) -> Tensor:
    # A copy: arrays of a pair may be shared or read-only.
    return torch.from_numpy(np.array(values, np.float32, order="C"))


def _amplitudes(ask: "Ask") -> Tensor:
    amplitudes = torch.zeros(len(ASKABLE))
    blend: Mapping[str, float] = dict(ask.blend)
    if not blend and not ask.of_units:
        blend = {"neutral": 1.0}
    for name, amplitude in blend.items():
        if name not in ASKABLE:
            raise UsageError(f"unknown expression {name!r} in a pair; known: {', '.join(ASKABLE)}")
        amplitudes[ASKABLE.index(name)] = amplitude
    return amplitudes


def _light_number(name: str) -> int:
    from faceedit.studio import record

    if name == record.AS_PHOTOGRAPHED:
        return AS_PHOTOGRAPHED
    if name not in LIGHTS:
        raise UsageError(f"unknown light {name!r} in a pair; known: {', '.join(LIGHTS)}")
    return LIGHT_ORDER.index(name)


def _chosen(choices: "Choices", lean: float) -> Tensor:
    painted = choices.mouth >= 0
    return _floats(
        [
            choices.mouth_brightness if painted else 1.0,
            choices.mouth_warmth if painted else 0.0,
            choices.mouth_size if painted else 1.0,
            choices.mouth_midline if painted else 0.0,
            choices.crease_gain,
            choices.gap_input,
            choices.gap_target,
            lean,
        ]
    )
