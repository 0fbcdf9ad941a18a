"""The guard: an edit that would make a face another person's is weakened, then left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch

from faceedit.compose.compose import compose
from faceedit.compose.edit import Edit, no_edit
from faceedit.compose.mask import face_mask
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.faces.batching import Batching
from faceedit.methods.base import Method
from faceedit.recognisers.identity import Identity, IdentityRecogniser
from faceedit.targets import Target

STEPS = (1.0, 0.8, 0.6, 0.4, 0.2)
"""Parts of the strength that are tried, one after the other."""


@dataclass(frozen=True, eq=False)
class Held:
    """An edit as it may be applied.

    Attributes:
        edit: in the crop's coordinates; the identity where nothing is to be applied.
        target: what the edit makes, weakened by what the face shows already and by the guard.
        identity: cosine of the face before and after; None where it was not measured. Where
            nothing is applied it is that of the weakest edit that was tried.
        shown: how far the face shows the target already, 0 to 1.
        asked: strength of all expressions together before the guard weakened them.
    """

    edit: Edit
    target: Target
    identity: float | None = None
    shown: float = 0.0
    asked: float = 0.0

    @property
    def strength(self) -> float:
        """Strength of all expressions together; 0 edits nothing."""
        return whole_strength(self.target)

    @property
    def scores(self) -> dict[str, float]:
        """Return what the manifest says of it."""
        known = {} if self.identity is None else {"identity": self.identity}
        return {"strength": self.strength, "shown": self.shown, **known}


def whole_strength(target: Target) -> float:
    """Return the strength of all expressions of a target together."""
    return sum(one.strength for one in target.expressions)


def hold_nothing(
    method: Method, crops: Sequence[Crop], targets: Sequence[Target], batching: Batching
) -> list[Held]:
    """Make edits and let all of them pass; arguments as in `Guard.hold`."""
    edits = make_edits(method, crops, targets, batching)
    return [Held(*one) for one in zip(edits, targets, strict=True)]


def make_edits(
    method: Method, crops: Sequence[Crop], targets: Sequence[Target], batching: Batching
) -> list[Edit]:
    """Ask a method for the edits of faces, always as many at once as ``batching`` says.

    Args:
        method: makes them.
        crops: the faces.
        targets: what each of them is to show.
        batching: how many the method takes at once.

    Returns:
        One for each crop, in order.

    Raises:
        Exception: what the method raises.
    """
    edits: dict[int, Edit] = {}
    with torch.inference_mode():
        for target in dict.fromkeys(targets):
            places = [at for at, one in enumerate(targets) if one == target]
            made = batching.run([crops[at] for at in places], partial(method.edit, target=target))
            edits |= dict(zip(places, made, strict=True))
    return [edits[at] for at in range(len(crops))]


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
        method: Method,
        crops: Sequence[Crop],
        targets: Sequence[Target],
        batching: Batching,
    ) -> list[Held]:
        """Make edits, each as strong as the target says or as strong as the face bears.

        Args:
            method: makes them.
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
            edits = make_edits(method, some, weaker, batching)
            after = self._look([_apply(*one) for one in zip(some, edits, strict=True)], batching)
            for at, edit, target, seen in zip(left, edits, weaker, after, strict=True):
                held[at] = Held(edit, target, before[at].cosine(seen))
        return [self._or_nothing(held[at]) for at in range(len(crops))]

    def _look(self, crops: Sequence[Crop], batching: Batching) -> list[Identity]:
        return batching.run(crops, lambda some: self.network.read(some, len(some)))

    def _or_nothing(self, held: Held) -> Held:
        if _passes(held, self.least):
            return held
        return Held(no_edit(), held.target.scaled(0), held.identity)


def _passes(held: Held | None, least: float) -> bool:
    return held is not None and held.identity is not None and held.identity >= least


def _apply(crop: Crop, edit: Edit) -> Crop:
    """Return the crop of an edited face."""
    here: Any = np.eye(2, 3)
    pixels = compose(crop.to_bytes(), edit, here, face_mask(crop.landmarks, crop.size))
    return Crop(np.float32(1 / 255) * pixels, crop.landmarks, crop.affine)
