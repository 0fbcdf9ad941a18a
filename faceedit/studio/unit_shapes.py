"""Where landmarks go in mixes of action units, without a picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from faceedit.studio.arrays import ArrayTable
from faceedit.studio.edit import closed_gap
from faceedit.studio.expressions import Ask
from faceedit.studio.rig import Rig
from faceedit.studio.sampling import draw_units
from faceedit.studio.shapes import jaw_marks, mover, start_faces
from faceedit.studio.sources import SourcePhoto


@dataclass(frozen=True)
class UnitShapes(ArrayTable):
    """N faces and M mixes; points are 478 landmarks, then 20 marks on the jaws.

    Attributes:
        landmarks: (N, 478, 3) float32 crop pixels.
        jaws: (N, 20, 2) float32 crop pixels.
        neutral: (N, 498, 2) float32, how points move to the neutral face.
        face: (M,) int32, which face a mix was asked of.
        changes: (M, 2, 17) float32 changes of intensity of the person's left and right side, in the
            order of `ACTION_UNITS`.
        moved: (M, 498, 2) float32, how points move.
        validation: (N,) bool.
        photo: (N,) int32, which photo a face was made of.
    """

    kind = "table of action units' shapes"
    halves = ("neutral", "moved")

    landmarks: np.ndarray
    jaws: np.ndarray
    neutral: np.ndarray
    face: np.ndarray
    changes: np.ndarray
    moved: np.ndarray
    validation: np.ndarray
    photo: np.ndarray

    def of_faces(self, chosen: np.ndarray) -> "UnitShapes":
        """Return some of the faces, (N,) bool, with their mixes."""
        rows = chosen[self.face]
        return UnitShapes(
            landmarks=self.landmarks[chosen],
            jaws=self.jaws[chosen],
            neutral=self.neutral[chosen],
            face=(np.cumsum(chosen) - 1)[self.face[rows]].astype(np.int32),
            changes=self.changes[rows],
            moved=self.moved[rows],
            validation=self.validation[chosen],
            photo=self.photo[chosen],
        )


def unit_shapes(
    rig: Rig,
    sources: Sequence[SourcePhoto],
    size: int = 256,
    starts: int = 2,
    mixes: int = 20,
    seed: int = 0,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> UnitShapes:
    """Move the landmarks of photos to random mixes of action units, see `sampling.draw_units`.

    Args:
        rig: model and tables.
        sources: photos; those that no pairs can be made of are left out.
        size: side of the crops in pixels.
        starts: faces for each photo, the first its own, the others made to show something else.
        mixes: for each face.
        seed: of all that is random.
        tell: is told how many photos of how many are done.

    Raises:
        UsageError: no photo can be used.
    """
    tables = rig.tables
    faces: list[tuple[np.ndarray, np.ndarray, np.ndarray, bool, int]] = []
    rows: list[tuple[int, tuple, np.ndarray]] = []
    for number, source, subject, rng in start_faces(rig, sources, size, starts, seed, tell):
        moved = mover(rig, subject)
        shown = tables.units_shown(subject.expression)

        def asked(ask: Ask, subject=subject, moved=moved) -> np.ndarray:
            weights = tables.target(subject.expression, ask)
            return moved(weights, closed_gap(ask, subject.gap)).astype(np.float16)

        for _ in range(mixes):
            ask = draw_units(rng, shown, varied=False)
            rows.append((len(faces), ask.side_units, asked(ask)))
        validation = source.photo.split == "val"
        of_face = subject.crop.landmarks, jaw_marks(rig, subject), asked(Ask())
        faces.append((*of_face, validation, number))
    landmarks, jaws, neutral, validation, photo = map(np.array, zip(*faces, strict=True))
    face, changes, moved = map(np.array, zip(*rows, strict=True))
    return UnitShapes(
        landmarks=landmarks.astype(np.float32),
        jaws=jaws.astype(np.float32),
        neutral=neutral,
        face=face.astype(np.int32),
        changes=changes.astype(np.float32),
        moved=moved,
        validation=validation,
        photo=photo.astype(np.int32),
    )
