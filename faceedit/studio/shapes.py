"""Where landmarks go in every expression, without a picture: much cheaper than pairs.

A network that moves landmarks needs many faces and many starts, and nothing of the pixels.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from faceedit.compose.mouth.opening import lip_gap
from faceedit.errors import PhotoError, UsageError
from faceedit.studio.arrays import ArrayTable
from faceedit.studio.edit import closed_gap
from faceedit.studio.expressions import Ask
from faceedit.studio.eyes import seen_landmarks
from faceedit.studio.quality import refuse
from faceedit.studio.rig import Rig
from faceedit.studio.sampling import Menu, draw_expression
from faceedit.studio.sitting import take_sitting
from faceedit.studio.sources import SourcePhoto
from faceedit.studio.subject import Pose, Subject
from faceedit.targets import EXPRESSIONS

LEVELS = (1.0, 1.5)
"""Amplitudes that are written down; between and beyond them landmarks go in straight lines."""
STARTS = Menu(EXPRESSIONS, action_units=False, lights=(), amplitudes=(0.3, 1.5), partway=0.3)


@dataclass(frozen=True)
class ShapeTable(ArrayTable):
    """Faces of N starts; points are 478 landmarks, then 20 marks on the jaws (`jaw_points`).

    Attributes:
        landmarks: (N, 478, 3) float32 crop pixels.
        jaws: (N, 20, 2) float32 crop pixels.
        calm: (N, 498, 2) float32, how points move where the face's own expression goes, as it
            does when another comes.
        neutral: (N, 498, 2) float32, how they move to the neutral face.
        moved: (N, 7, len(LEVELS), 498, 2) float32, how they move to the expressions after neutral.
        validation: (N,) bool.
        photo: (N,) int32, which photo the face was made of.
    """

    kind = "table of shapes"
    halves = ("calm", "neutral", "moved")

    landmarks: np.ndarray
    jaws: np.ndarray
    calm: np.ndarray
    neutral: np.ndarray
    moved: np.ndarray
    validation: np.ndarray
    photo: np.ndarray

    def taken(self, rows: np.ndarray) -> "ShapeTable":
        """Return some of the faces."""
        return ShapeTable(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def shape_table(
    rig: Rig,
    sources: Sequence[SourcePhoto],
    size: int = 256,
    starts: int = 2,
    seed: int = 0,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> ShapeTable:
    """Move the landmarks of photos to every expression.

    Args:
        rig: model and tables.
        sources: photos; those that no pairs can be made of are left out.
        size: side of the crops in pixels.
        starts: faces for each photo, the first its own, the others made to show something else.
        seed: of those.
        tell: is told how many photos of how many are done.

    Raises:
        UsageError: no photo can be used.
    """
    rows: dict[str, list] = {f.name: [] for f in fields(ShapeTable)}
    for number, source, subject, _ in start_faces(rig, sources, size, starts, seed, tell):
        for name, value in _row(rig, subject).items():
            rows[name].append(value)
        rows["validation"].append(source.photo.split == "val")
        rows["photo"].append(number)
    arrays = {name: np.array(values) for name, values in rows.items()}
    return ShapeTable(
        **{k: v.astype(np.float32) if v.dtype == float else v for k, v in arrays.items()}
    )


def start_faces(
    rig: Rig,
    sources: Sequence[SourcePhoto],
    size: int,
    starts: int,
    seed: int,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> Iterator[tuple[int, SourcePhoto, Subject, np.random.Generator]]:
    """Yield photos' faces, and the same faces made to show something else.

    Args:
        rig: model and tables.
        sources: photos; those that no pairs can be made of are left out.
        size: side of the crops in pixels.
        starts: faces for each photo, the first its own.
        seed: of the others.
        tell: is told how many photos of how many are done.

    Yields:
        The photo's number, the photo, the face, and a generator of random numbers for it.

    Raises:
        UsageError: no photo can be used.
    """
    used = False
    for number, source in enumerate(sources):
        rng = np.random.default_rng([seed, number])
        try:
            sitter = take_sitting(rig, source, size).sitter
        except PhotoError:
            continue
        if refuse(sitter.subject, sitter.valid, occluded=source.photo.occluded):
            continue
        used = True
        for start in range(starts):
            made = draw_expression(STARTS, rng) if start else None
            subject = sitter.subject if made is None else _shown(rig, sitter.subject, made)
            yield number, source, subject, rng
        tell(number + 1, len(sources))
    if not used:
        raise UsageError("no photo has a face that can be moved")


def _shown(rig: Rig, subject: Subject, ask: Ask) -> Subject:
    """Return the subject as a photo of it with another expression would be fitted."""
    weights = rig.tables.target(subject.expression, ask)
    pose = subject.posed(weights, closed_gap(ask, subject.gap))
    crop = replace(subject.crop, landmarks=seen_landmarks(subject, pose))
    return replace(subject, crop=crop, pose=pose, gap=lip_gap(crop.landmarks, subject.unit))


def mover(rig: Rig, subject: Subject) -> Callable[[np.ndarray, float | None], np.ndarray]:
    """Return what says where a face's points go, (498, 2) crop pixels, landmarks then jaws.

    It is called with (E,) blend weights and the gap that the lips are brought to, or None.
    """
    anatomy = rig.mouths.anatomy(rig.model)

    def points(pose: Pose) -> np.ndarray:
        return np.concatenate(
            [seen_landmarks(subject, pose)[:, :2], anatomy.jaw_points(pose.places)]
        )

    before = points(subject.pose)
    return lambda weights, gap: points(subject.posed(weights, gap)) - before


def jaw_marks(rig: Rig, subject: Subject) -> np.ndarray:
    """Return the (20, 2) marks of a face's jaws, crop pixels."""
    return rig.mouths.anatomy(rig.model).jaw_points(subject.pose.places)


def _row(rig: Rig, subject: Subject) -> dict[str, np.ndarray]:
    moved = mover(rig, subject)

    def asked(ask: Ask) -> np.ndarray:
        weights = rig.tables.target(subject.expression, ask)
        return moved(weights, closed_gap(ask, subject.gap))

    return {
        "landmarks": subject.crop.landmarks,
        "jaws": jaw_marks(rig, subject),
        "calm": moved(rig.tables.neutralised(subject.expression), None),
        "neutral": asked(Ask()),
        "moved": np.array(
            [[asked(Ask(((name, level),))) for level in LEVELS] for name in EXPRESSIONS[1:]]
        ),
    }
