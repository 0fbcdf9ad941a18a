"""Learning what a smile does to skin, and what neutral faces look like, from real pairs of photos.

The log ratio of a smile to the same person's neutral face is the expression ratio image of Liu,
Shan and Zhang (SIGGRAPH 2001), unrolled onto the atlas of the skin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from faceedit.errors import UsageError
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import EYES, FACE_OVAL, OUTER_LIPS
from faceedit.outputs import REPLACE, write_atomic
from faceedit.studio.arrays import pack
from faceedit.studio.drawing import Drawing, draw_model
from faceedit.studio.fold_atlas import ASSETS_FILE, FoldAtlas, make_up_folds
from faceedit.studio.model import Part, load_arrays
from faceedit.studio.skin import atlas_coordinates
from faceedit.studio.subject import Subject

SIDE = 256
"""Of the maps in pixels."""
LEAST_GAP = 0.05
"""Eye distances: closed smiles fold the skin too little to be averaged with open ones."""
LEAST_PAIRS = 3
N_PEOPLE = 10
"""Single people kept, those whose folds agree best with the median's."""
FACING = 0.25
"""Least z of a normal where skin is seen well enough."""
LARGEST_RATIO, LARGEST_OWN = 0.7, 0.5
OWN_SHARE = 0.75
"""Of a single person's map; the rest is the median, since one pair is noisy."""
DARKEST = 8 / 255
NOSE_ROOT = 6
"""The mesh point under which folds may be removed: brows above it are no folds."""


@dataclass(frozen=True)
class _Pair:
    """One person's smile against their neutral face.

    Attributes:
        ratio: (SIDE, SIDE, 3) float32 log ratio, 0 where either is not seen.
        seen: (SIDE, SIDE) bool.
        gap: opening of the smiling lips in eye distances.
    """

    ratio: np.ndarray
    seen: np.ndarray
    gap: float


def learn_folds(pairs: Sequence[tuple[Subject, Subject]]) -> FoldAtlas:
    """Learn the fold atlas.

    Args:
        pairs: of each person the neutral and the smiling photo, all of one face model.

    Raises:
        UsageError: fewer than three smiles show teeth.
    """
    measured: list[_Pair] = []
    if pairs:
        model = pairs[0][0].model
        places = atlas_coordinates(model.neutral[: model.n_skin])
        depth = np.ascontiguousarray(model.neutral[:, 2])
        on_atlas = np.zeros((len(model.neutral), 2), np.float32)
        on_atlas[: model.n_skin] = places * (SIDE - 1)
        sheet = draw_model(model, on_atlas, depth, (SIDE, SIDE), (Part.SKIN,))
        measured = [_measure(sheet, neutral, smiling) for neutral, smiling in pairs]
    measured = [pair for pair in measured if pair.gap > LEAST_GAP]
    if len(measured) < LEAST_PAIRS:
        raise UsageError(
            f"{len(measured)} of {len(pairs)} pairs have an open smile; {LEAST_PAIRS} are the least"
        )
    points = places[model.landmark_vertices]
    face = face_mask(points)
    ratios = np.stack([pair.ratio for pair in measured])
    seen = np.mean([pair.seen for pair in measured], axis=0)
    median = np.where(seen[..., None] > 0.45, np.median(ratios, axis=0), 0) * face[..., None]
    median = (median + median[:, ::-1]) / 2
    chosen = sorted(range(len(measured)), key=lambda i: -_agreement(ratios[i], median))[:N_PEOPLE]
    return FoldAtlas(
        places=places,
        smile_median=median.astype(np.float32),
        smile_people=np.stack([_own(ratios[i], median, face) for i in sorted(chosen)]),
        face=face,
        folds=_fold_mask(median, float(points[NOSE_ROOT, 1])),
        neutral_expression=mean_neutral([neutral for neutral, _ in pairs]),
        made_up=make_up_folds(points),
    )


def mean_neutral(neutrals: Sequence[Subject]) -> np.ndarray:
    """Return the mean fitted weights of neutral faces, the same on both sides, (E,) float64."""
    mean = np.mean([subject.expression for subject in neutrals], axis=0)
    return (mean + mean[neutrals[0].model.mirrored]) / 2


def save_folds(atlas: FoldAtlas, folder: Path) -> None:
    """Write the learned part of an atlas into a rig; what else its file holds stays."""
    path = folder / ASSETS_FILE
    arrays = load_arrays(path) if path.is_file() else {}
    arrays |= {
        "atlas_xy": atlas.places,
        "eri_median": atlas.smile_median[..., ::-1].astype(np.float16),
        "eri_people": atlas.smile_people[..., ::-1].astype(np.float16),
        "eri_mask": atlas.face.astype(np.float16),
        "fold_mask": atlas.folds.astype(np.float16),
        "neutral_cex": atlas.neutral_expression.astype(np.float32),
    }
    write_atomic(path, pack(arrays), REPLACE)


def _measure(sheet: Drawing, neutral: Subject, smiling: Subject) -> _Pair:
    """Unroll both photos and compare them, the change of exposure taken out."""
    (before, seen), (after, seen_too) = (_unroll(sheet, s) for s in (neutral, smiling))
    seen &= seen_too
    ratio = np.log(np.maximum(after, DARKEST) / np.maximum(before, DARKEST))
    if seen.any():
        ratio -= np.median(ratio[seen], axis=0)
    ratio = np.clip(ratio, -LARGEST_RATIO, LARGEST_RATIO) * seen[..., None]
    return _Pair(ratio.astype(np.float32), seen, smiling.gap)


def _unroll(sheet: Drawing, subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Return a photo's skin on the atlas (SIDE, SIDE, 3) and where it faces the camera."""
    known = np.column_stack([subject.pose.places, subject.pose.normals[:, 2]])
    spread = sheet.interpolate(known)
    soft = cv2.GaussianBlur(subject.crop.pixels, (0, 0), 0.0044 * subject.unit)
    skin = cv2.remap(soft, spread[..., 0], spread[..., 1], cv2.INTER_LINEAR)
    return skin, sheet.skin & (spread[..., 2] > FACING)


def face_mask(points: np.ndarray) -> np.ndarray:
    """Return the atlas's face without lips and eyes, (SIDE, SIDE) float32 in [0, 1]."""

    def drawn(outline: np.ndarray) -> np.ndarray:
        return fill_polygon(outline.astype(np.float64) * (SIDE - 1), (SIDE, SIDE))

    oval = points[list(FACE_OVAL)]
    middle = oval.mean(0)
    mask = cv2.GaussianBlur(drawn(middle + 0.93 * (oval - middle)), (0, 0), 6.0)
    for part, grow, soft in ((OUTER_LIPS, 5, 2.0), (EYES[0], 3, 1.0), (EYES[1], 3, 1.0)):
        hole = cv2.dilate(drawn(points[list(part)]), np.ones((grow, grow), np.uint8))
        mask = mask * (1.0 - cv2.GaussianBlur(hole, (0, 0), soft))
    return ((mask + mask[:, ::-1]) / 2).astype(np.float32)


def _agreement(ratio: np.ndarray, median: np.ndarray) -> float:
    """Return the correlation of a person's folds with the median's."""
    own, common = ratio.mean(2) * (np.abs(median).sum(2) > 0), median.mean(2)
    size = np.linalg.norm(own) * np.linalg.norm(common)
    return float((own * common).sum() / max(size, 1e-9))


def _own(ratio: np.ndarray, median: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return a person's map (SIDE, SIDE, 3), little of its colour noise, drawn to the median."""
    ratio = np.clip(ratio, -LARGEST_OWN, LARGEST_OWN) * face[..., None]
    gray = ratio.mean(2, keepdims=True)
    ratio = 0.8 * gray + 0.2 * cv2.GaussianBlur(ratio, (0, 0), 4.0)
    own = OWN_SHARE * cv2.GaussianBlur(ratio, (0, 0), 0.7) + (1 - OWN_SHARE) * median
    return own.astype(np.float32)


def _fold_mask(median: np.ndarray, top: float) -> np.ndarray:
    """Return where smiles change skin much, below the root of the nose."""
    strength = cv2.GaussianBlur(np.abs(median.mean(2)), (0, 0), 2.0)
    folds = cv2.GaussianBlur(np.clip((strength - 0.02) / 0.05, 0, 1), (0, 0), 2.0)
    below = np.linspace(0, 1, SIDE)[:, None] > top
    return (folds * below).astype(np.float32)
