"""The guard: an edit that does a face no good is weakened, then left out.

It judges the face as it will be in the photo: composed on the photo's own pixels, and cut out anew
where its eyes and its mouth have moved to, as whoever looks at the result does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import cv2
import numpy as np

from faceedit.compose.compose import compose_steps
from faceedit.editing.steps import Edits, Step, make_edits, moved, step_masks
from faceedit.errors import UsageError
from faceedit.faces.align import Crop, extract_crop, invert, transform_landmarks
from faceedit.faces.batching import Batching
from faceedit.recognisers.identity import Identity, IdentityRecogniser
from faceedit.recognisers.naturalness import HIGHEST, NaturalnessReading, NaturalnessRecogniser
from faceedit.targets import Target

STEPS = (1.0, 0.8, 0.6, 0.4, 0.2)
"""Parts of the strength that are tried, one after the other."""

REACH = 1.25
"""Sides of a crop from its centre that are composed."""

FINEST = 4.0
"""Pixels of the photo, for one of the crop, from which on it is composed smaller."""


@dataclass(frozen=True, eq=False)
class Held:
    """The edits of a face as they may be applied.

    Attributes:
        edits: in the crop's coordinates, one for each step; empty where nothing is to be applied.
        target: what the edits make, weakened by what the face shows already and by the guard.
        judged: what the judges measured, by name, and ``held``, the part of the strength that they
            let pass; empty without any. Where nothing is applied that of the weakest edit tried.
        shown: how far the face shows the target already, 0 to 1.
        asked: strength of all terms together before the guard weakened them.
        left: why the methods left all as it is; empty where they did not.
    """

    edits: Edits
    target: Target
    judged: Mapping[str, float] = field(default_factory=dict)
    shown: float = 0.0
    asked: float = 0.0
    left: str = ""

    @classmethod
    def nothing(cls, target: Target, shown: bool = True, left: str = "") -> "Held":
        """Return what is applied to a face that is left as it is.

        Args:
            target: what it was to show.
            shown: whether it shows that already.
            left: why the methods left it.
        """
        return cls((), target.scaled(0), shown=float(shown), left=left)

    @property
    def refusal(self) -> str:
        """Why the methods left a face as it is, all of it; empty where something changes."""
        for edit in self.edits:
            # Details that do not paint move what flow moves.
            if edit.paints or edit.details or edit.flow.any() or edit.log_ratio.any():
                return ""
        return "; ".join(dict.fromkeys(why for edit in self.edits for why in edit.left))

    @property
    def strength(self) -> float:
        """Strength of all terms together; 0 edits nothing."""
        return self.target.strength

    @property
    def scores(self) -> dict[str, float]:
        """Return what the manifest says of it."""
        return {"strength": self.strength, "shown": self.shown, **self.judged}


class Judge(Protocol):
    """Looks at a face before and after, and says whether the edit may be applied."""

    name: ClassVar[str]

    def read(self, crops: Sequence[Crop], batch: int) -> Sequence[Any]:
        """Look at faces."""
        ...

    def score(self, before: Any, after: Any) -> float:
        """Return what the manifest says, the more the better, of two readings."""
        ...

    def passes(self, score: float, before: Any) -> bool:
        """Say whether that is enough."""
        ...


@dataclass(frozen=True)
class SamePerson:
    """Judges whether a face is still the same person's.

    Attributes:
        least: cosine of the identity network from which on it is, -1 to 1.
        network: on its device.

    Raises:
        UsageError: ``least`` is no cosine.
    """

    name: ClassVar[str] = "identity"
    least: float
    network: IdentityRecogniser = field(repr=False)

    def __post_init__(self) -> None:
        if not -1 <= self.least <= 1:
            raise UsageError(f"--min-identity is a cosine, -1 to 1, not {self.least:g}")

    def read(self, crops: Sequence[Crop], batch: int) -> list[Identity]:
        """Return who each crop shows."""
        return self.network.read(crops, batch)

    def score(self, before: Identity, after: Identity) -> float:
        """Return the cosine."""
        return before.cosine(after)

    def passes(self, score: float, before: Identity) -> bool:
        """Say whether the cosine is large enough."""
        return score >= self.least


@dataclass(frozen=True)
class AsNatural:
    """Judges whether a face still looks like a photo's.

    Attributes:
        least: score of the naturalness network from which on it does, 0 to 10. A face that has less
            before an edit must not have less after it.
        network: on its device.

    Raises:
        UsageError: ``least`` is no such score.
    """

    name: ClassVar[str] = "naturalness"
    least: float
    network: NaturalnessRecogniser = field(repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.least <= HIGHEST:
            raise UsageError(f"--min-naturalness is a score, 0 to 10, not {self.least:g}")

    def read(self, crops: Sequence[Crop], batch: int) -> list[NaturalnessReading]:
        """Return how natural each crop looks."""
        return self.network.read(crops, batch)

    def score(self, before: NaturalnessReading, after: NaturalnessReading) -> float:
        """Return the score after."""
        return after.score

    def passes(self, score: float, before: NaturalnessReading) -> bool:
        """Say whether the score is large enough, or no less than before."""
        return score >= min(self.least, before.score)


def hold_nothing(
    steps: Sequence[Step],
    crops: Sequence[Crop],
    targets: Sequence[Target],
    batching: Batching,
    photos: Sequence[np.ndarray] = (),
) -> list[Held]:
    """Make edits and let all of them pass; arguments as in `Guard.hold`."""
    edits = make_edits(steps, crops, targets, batching)
    return [Held(*one) for one in zip(edits, targets, strict=True)]


@dataclass(frozen=True)
class Guard:
    """Compares faces before and after.

    Attributes:
        judges: all of which an edit has to pass.
    """

    judges: tuple[Judge, ...]

    def hold(
        self,
        steps: Sequence[Step],
        crops: Sequence[Crop],
        targets: Sequence[Target],
        batching: Batching,
        photos: Sequence[np.ndarray],
    ) -> list[Held]:
        """Make edits, each as strong as the target says, or as all judges let pass.

        Args:
            steps: make them.
            crops: the faces.
            targets: what each of them is to show.
            batching: how many a network takes at once.
            photos: (H, W, 3) of each face, that the crops were cut out of.

        Returns:
            One for each crop, in order.
        """
        before = self._look(crops, batching)
        held: dict[int, Held] = {}
        left = list(range(len(crops)))
        for strength in STEPS:
            some = [crops[at] for at in left]
            weaker = [targets[at].scaled(strength) for at in left]
            edits = make_edits(steps, some, weaker, batching)
            faces = [
                edited_face(photos[at], crops[at], own) for at, own in zip(left, edits, strict=True)
            ]
            after = self._look(faces, batching)
            for at, edit, target, seen in zip(left, edits, weaker, after, strict=True):
                pairs = zip(self.judges, before[at], seen, strict=True)
                judged = {j.name: j.score(was, now) for j, was, now in pairs}
                held[at] = Held(edit, target, {"held": strength, **judged})
            left = [at for at in left if not self._passes(held[at], before[at])]
        for at in left:
            judged = {**held[at].judged, "held": 0.0}
            held[at] = Held((), held[at].target.scaled(0), judged)
        return [held[at] for at in range(len(crops))]

    def _look(self, crops: Sequence[Crop], batching: Batching) -> list[tuple[Any, ...]]:
        """Return what each judge reads of each crop."""
        read = [
            batching.run_once(crops, lambda some, j=judge: j.read(some, len(some)))
            for judge in self.judges
        ]
        return list(zip(*read, strict=True))

    def _passes(self, held: Held, before: Sequence[Any]) -> bool:
        pairs = zip(self.judges, before, strict=True)
        return all(judge.passes(held.judged[judge.name], was) for judge, was in pairs)


def edited_face(photo: np.ndarray, crop: Crop, edits: Edits) -> Crop:
    """Return a face as it will be in the photo, aligned as it is then.

    Args:
        photo: (H, W, 3) RGB, uint8 or uint16; it is not changed.
        crop: cut out of it.
        edits: of that face, in order.
    """
    part, affine = _around(photo, crop)
    (masks,) = step_masks([crop], [edits])
    composed = compose_steps(part, list(zip(edits, masks, strict=True)), affine)
    landmarks = transform_landmarks(moved(crop, edits).landmarks, invert(affine))
    return extract_crop(composed, landmarks, crop.size)


def _around(photo: np.ndarray, crop: Crop) -> tuple[np.ndarray, np.ndarray]:
    """Return a face with what edits may reach, no finer than `FINEST`, and the map to the crop."""
    middle = invert(crop.affine) @ [(crop.size - 1) / 2, (crop.size - 1) / 2, 1.0]
    reach = REACH * crop.size / crop.scale
    low = np.clip(np.floor(middle - reach), 0, None).astype(int)
    high = np.ceil(middle + reach).astype(int) + 1
    part, affine = photo[low[1] : high[1], low[0] : high[0]], crop.affine.copy()
    affine[:, 2] += affine[:, :2] @ low
    ratio = FINEST * crop.scale
    if ratio >= 1:
        return part, affine
    size = [max(1, round(side * ratio)) for side in part.shape[1::-1]]
    smaller = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    # Pixels are counted from their centres.
    affine[:, 2] += affine[:, :2] @ np.full(2, 0.5 / ratio - 0.5)
    affine[:, :2] /= ratio
    return smaller, affine
