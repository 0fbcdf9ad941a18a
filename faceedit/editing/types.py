"""What the stages of editing one photo hand on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from faceedit.editing.guard import Held
from faceedit.editing.steps import Edits
from faceedit.faces.align import Crop
from faceedit.faces.types import Face
from faceedit.targets import Target


@dataclass(frozen=True, eq=False)
class FaceEdits:
    """What is to be done to the faces of a photo.

    Attributes:
        faces: the faces asked for, the one in front first.
        crops: of each face; empty where nothing is to be done.
        held: for each crop its edits, as the guard let them pass.
        others: the faces found that were not asked for, each with the reason.
    """

    faces: tuple[Face, ...]
    crops: tuple[Crop, ...] = ()
    held: tuple[Held, ...] = ()
    others: tuple[tuple[Face, str], ...] = ()


@dataclass(frozen=True, eq=False)
class EditedPhoto:
    """What became of a photo.

    Attributes:
        pixels: (H, W, 3) of the photo's own type. Where nothing was edited it is the very array
            that was given.
        faces: the faces asked for, the one in front first.
        edits: what was applied to each of them, step by step; empty where nothing was.
        scores: of each edit, by name, see `result.FaceResult`; empty where the target's strengths
            are all 0.
        applied: for each of the scores what was applied, all strengths 0 where nothing was.
        faint: for each of the scores whether an edit was applied that nobody sees.
        others: the faces found that were not asked for, each with the reason.
        left: for each of the scores why a method left the face as it is; empty where it did not.
    """

    pixels: np.ndarray
    faces: tuple[Face, ...]
    edits: tuple[Edits, ...] = ()
    scores: tuple[Mapping[str, float], ...] = ()
    applied: tuple[Target, ...] = ()
    faint: tuple[bool, ...] = ()
    others: tuple[tuple[Face, str], ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Found:
    """The faces of a photo.

    Attributes:
        pixels: of the photo.
        asked: the faces asked for.
        others: the other faces, and why they are not asked for.
        crops: of those asked for.
        own: what each of those is to show in place of what the photo is asked for, or None.
    """

    pixels: np.ndarray
    asked: tuple[Face, ...]
    others: tuple[tuple[Face, str], ...] = ()
    crops: tuple[Crop, ...] = ()
    own: tuple[Target | None, ...] = ()

    def targets(self, target: Target) -> list[Target]:
        """Return what each face asked for is to show."""
        own = self.own or (None,) * len(self.asked)
        return [one or target.of_face(number) for number, one in enumerate(own, 1)]
