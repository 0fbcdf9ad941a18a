"""The guard: an edit that would make a face another person's is weakened, then left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from faceedit.editing.steps import Edits, Step, apply_edits, make_edits
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.faces.batching import Batching
from faceedit.recognisers.identity import Identity, IdentityRecogniser
from faceedit.targets import Target

STEPS = (1.0, 0.8, 0.6, 0.4, 0.2)
"""Parts of the strength that are tried, one after the other."""


@dataclass(frozen=True, eq=False)
class Held:
    """The edits of a face as they may be applied.

    Attributes:
        edits: in the crop's coordinates, one for each step; empty where nothing is to be applied.
        target: what the edits make, weakened by what the face shows already and by the guard.
        identity: cosine of the face before and after; None where it was not measured. Where
            nothing is applied it is that of the weakest edit that was tried.
        shown: how far the face shows the target already, 0 to 1.
        asked: strength of all terms together before the guard weakened them.
    """

    edits: Edits
    target: Target
    identity: float | None = None
    shown: float = 0.0
    asked: float = 0.0

    @property
    def strength(self) -> float:
        """Strength of all terms together; 0 edits nothing."""
        return self.target.strength

    @property
    def scores(self) -> dict[str, float]:
        """Return what the manifest says of it."""
        known = {} if self.identity is None else {"identity": self.identity}
        return {"strength": self.strength, "shown": self.shown, **known}


def hold_nothing(
    steps: Sequence[Step], crops: Sequence[Crop], targets: Sequence[Target], batching: Batching
) -> list[Held]:
    """Make edits and let all of them pass; arguments as in `Guard.hold`."""
    edits = make_edits(steps, crops, targets, batching)
    return [Held(*one) for one in zip(edits, targets, strict=True)]


@dataclass(frozen=True)
class Guard:
    """Compares faces before and after.

    Attributes:
        least: cosine of the identity network from which on it is the same person, -1 to 1.
        network: on its device.

    Raises:
        UsageError: ``least`` is no cosine.
    """

    least: float
    network: IdentityRecogniser = field(repr=False)

    def __post_init__(self) -> None:
        if not -1 <= self.least <= 1:
            raise UsageError(f"--min-identity is a cosine, -1 to 1, not {self.least:g}")

    def hold(
        self,
        steps: Sequence[Step],
        crops: Sequence[Crop],
        targets: Sequence[Target],
        batching: Batching,
    ) -> list[Held]:
        """Make edits, each as strong as the target says, or as keeps the face the same person's.

        Args:
            steps: make them.
            crops: the faces.
            targets: what each of them is to show.
            batching: how many a network takes at once.

        Returns:
            One for each crop, in order.
        """
        before = self._look(crops, batching)
        held: dict[int, Held] = {}
        for strength in STEPS:
            left = [at for at in range(len(crops)) if not _passes(held.get(at), self.least)]
            some = [crops[at] for at in left]
            weaker = [targets[at].scaled(strength) for at in left]
            edits = make_edits(steps, some, weaker, batching)
            after = self._look([_apply(*one) for one in zip(some, edits, strict=True)], batching)
            for at, edit, target, seen in zip(left, edits, weaker, after, strict=True):
                held[at] = Held(edit, target, before[at].cosine(seen))
        return [self._or_nothing(held[at]) for at in range(len(crops))]

    def _look(self, crops: Sequence[Crop], batching: Batching) -> list[Identity]:
        return batching.run_once(crops, lambda some: self.network.read(some, len(some)))

    def _or_nothing(self, held: Held) -> Held:
        if _passes(held, self.least):
            return held
        return Held((), held.target.scaled(0), held.identity)


def _passes(held: Held | None, least: float) -> bool:
    return held is not None and held.identity is not None and held.identity >= least


def _apply(crop: Crop, edits: Edits) -> Crop:
    """Return the crop of an edited face, in 8 bits as it will be written."""
    edited = apply_edits(replace(crop, pixels=crop.to_bytes()), edits)
    return replace(crop, pixels=np.float32(1 / 255) * edited.pixels)
