"""What an expression does to faces, measured on pairs of photos of the same people.

A linear model in the frame of the mean face: mesh displacement and log ratio of the skin, each a
mean and a few modes that share one code. It turns one unpaired face into supervision for fields,
which 79 pairs alone are too few for. Nothing of it runs when photos are edited.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.faces.pose import fit_similarity3, to_mean_face
from faceedit.faces.raster import fill_polygon, rasterize_mesh
from faceedit.faces.topology import (
    EYES,
    INNER_LIPS,
    IRISES,
    N_SURFACE,
    OUTER_EYE_CORNERS,
    STILL,
    mean_shape,
)

MODES = 3
ATLAS_SIZE = 160
ATLAS_SPAN = 2.0
"""Side of the atlas in eye distances."""
MOST_SHOWN = 1.6
"""Amplitude above which `ExpressionPrior.shown` believes nothing."""
LEAST_LIGHT = 6.0
"""Of 255: darker than this a logarithm measures noise."""
LARGEST_RATIO = 0.8
"""Log ratios of a pair beyond this are hair, shadows or spectacles, not skin."""
_SHOWN_MIDDLE = 0.5
"""Half of the faces that `shown` is fitted on show the whole mean expression, half nothing."""


@dataclass(frozen=True)
class Pair:
    """The same person neutral and with the expression.

    Attributes:
        neutral: (H, W, 3) uint8 RGB.
        neutral_landmarks: (478, 3) in pixels of `neutral`.
        expressive: (H', W', 3) uint8 RGB.
        expressive_landmarks: (478, 3) in pixels of `expressive`.
    """

    neutral: np.ndarray
    neutral_landmarks: np.ndarray
    expressive: np.ndarray
    expressive_landmarks: np.ndarray


@dataclass(frozen=True)
class ExpressionPrior:
    """Displacement and log ratio of one expression.

    Lengths are in eye distances, in the frame of the mean face.

    Attributes:
        displacement: (1 + MODES, 478, 3), mean first; modes have unit variance.
        log_ratio: (1 + MODES, ATLAS_SIZE, ATLAS_SIZE, 3) on the atlas.
        atlas: (468, 2) place of each mesh point on the atlas, in its pixels.
        style: (MODES,) the code used for edits.
        shown_mean: (478 * 3,) mean over neutral and expressive faces, for `shown`.
        shown_weights: (478 * 3, 1 + MODES) regression from a face's shape less `shown_mean` to its
            amplitude less `_SHOWN_MIDDLE` and its code.
    """

    displacement: np.ndarray
    log_ratio: np.ndarray
    atlas: np.ndarray
    style: np.ndarray
    shown_mean: np.ndarray
    shown_weights: np.ndarray

    def displace(self, amplitude: float, code: np.ndarray) -> np.ndarray:
        """Return the (478, 3) displacement at an amplitude and a code."""
        return amplitude * np.tensordot(np.append(1.0, code), self.displacement, axes=1)

    def ratio(self, amplitude: float, code: np.ndarray) -> np.ndarray:
        """Return the log ratio atlas at an amplitude and a code."""
        return amplitude * np.tensordot(np.append(1.0, code), self.log_ratio, axes=1)

    def shown(self, landmarks: np.ndarray) -> tuple[float, np.ndarray]:
        """Estimate how much of the expression a face already shows.

        Args:
            landmarks: (478, 3) in any unit.

        Returns:
            The amplitude, 0 to `MOST_SHOWN`, and the (MODES,) code.
        """
        shape = to_mean_face(landmarks).points(landmarks.astype(np.float64)).ravel()
        found = (shape - self.shown_mean) @ self.shown_weights
        amplitude = float(np.clip(_SHOWN_MIDDLE + found[0], 0.0, MOST_SHOWN))
        # What a faint expression's code seems to be is noise; do not blow it up.
        code = found[1:] / max(amplitude, 0.3) if amplitude > 0 else np.zeros(MODES)
        return amplitude, np.clip(code, -2.0, 2.0)

    def code_of(self, displacement: np.ndarray) -> np.ndarray:
        """Return the (MODES,) code of a measured (478, 3) displacement at amplitude 1."""
        flat = (displacement - self.displacement[0]).ravel()
        modes = self.displacement[1:].reshape(MODES, -1)
        return np.clip(modes @ flat / np.maximum((modes * modes).sum(1), 1e-12), -2.5, 2.5)


def in_neutral_frame(pair: Pair) -> np.ndarray:
    """Return the expressive landmarks in the neutral photo's pixels and head pose, (478, 3)."""
    still = list(STILL)
    expressive = pair.expressive_landmarks.astype(np.float64)
    neutral = pair.neutral_landmarks.astype(np.float64)
    moved = fit_similarity3(expressive[still], neutral[still]).points(expressive)
    # Gaze is not part of the expression.
    for iris in IRISES:
        moved[list(iris)] = neutral[list(iris)]
    return moved


def mouth_gap(landmarks: np.ndarray) -> float:
    """Return the opening between the lips' middles in eye distances."""
    left, right = OUTER_EYE_CORNERS
    unit = np.linalg.norm(landmarks[left] - landmarks[right])
    return float(np.linalg.norm(landmarks[13] - landmarks[14]) / unit)


def fit_prior(pairs: list[Pair], style_gap: float = 0.0, ridge: float = 0.1) -> ExpressionPrior:
    """Measure the expression on pairs.

    Args:
        pairs: at least MODES + 2.
        style_gap: edits use the mean code of the people whose mouths open at least this far.
        ridge: of the regression behind `shown`, relative to the variance of shapes.

    Raises:
        ValueError: too few pairs.
    """
    if len(pairs) < MODES + 2:
        raise ValueError(f"{len(pairs)} pairs are too few; {MODES + 2} are the least")
    neutral, moves = [], []
    for pair in pairs:
        pose = to_mean_face(pair.neutral_landmarks)
        expressive = in_neutral_frame(pair)
        neutral.append(pose.points(pair.neutral_landmarks.astype(np.float64)))
        moves.append(pose.vectors(expressive - pair.neutral_landmarks))
    shapes, displacement = np.array(neutral), np.array(moves)
    mean = displacement.mean(0)
    flat = (displacement - mean).reshape(len(pairs), -1)
    _, singular, axes = np.linalg.svd(flat, full_matrices=False)
    # Where all people do the same, a mode is nothing and its codes are 0.
    deviation = np.maximum(singular[:MODES] / np.sqrt(len(pairs)), 1e-6)
    codes = flat @ axes[:MODES].T / deviation
    modes = (axes[:MODES] * deviation[:, None]).reshape(MODES, *mean.shape)
    gaps = np.array([mouth_gap(pair.expressive_landmarks) for pair in pairs])
    chosen = gaps >= style_gap if (gaps >= style_gap).any() else np.ones(len(pairs), bool)
    atlas = _atlas_places(mean)
    shown_mean, shown_weights = _fit_shown(shapes, displacement, codes, ridge)
    return ExpressionPrior(
        displacement=np.concatenate([mean[None], modes]),
        log_ratio=_fit_log_ratio(pairs, codes, atlas),
        atlas=atlas,
        style=codes[chosen].mean(0),
        shown_mean=shown_mean,
        shown_weights=shown_weights,
    )


def _fit_shown(
    shapes: np.ndarray, displacement: np.ndarray, codes: np.ndarray, ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """Regress amplitude and code on the shape of a face, neutral ones included, by kernel ridge."""
    n = len(shapes)
    inputs = np.concatenate([shapes, shapes + displacement]).reshape(2 * n, -1)
    targets = np.zeros((2 * n, 1 + codes.shape[1]))
    targets[:n, 0], targets[n:, 0] = -_SHOWN_MIDDLE, 1.0 - _SHOWN_MIDDLE
    targets[n:, 1:] = codes
    mean = inputs.mean(0)
    centred = inputs - mean
    kernel = centred @ centred.T
    weight = ridge * np.trace(kernel) / len(kernel)
    dual = np.linalg.solve(kernel + weight * np.eye(len(kernel)), targets)
    return mean, centred.T @ dual


def _atlas_places(displacement: np.ndarray) -> np.ndarray:
    """Lay the half-expressive mean face out on the atlas, so that no triangle degenerates."""
    places = (mean_shape() + 0.5 * displacement)[:N_SURFACE, :2]
    centre = (places.min(0) + places.max(0)) / 2
    return (places - centre) * (ATLAS_SIZE / ATLAS_SPAN) + ATLAS_SIZE / 2 - 0.5


def _fit_log_ratio(pairs: list[Pair], codes: np.ndarray, atlas: np.ndarray) -> np.ndarray:
    """Regress the pairs' log ratios on the atlas on their codes, mirror-symmetric."""
    raster = rasterize_mesh(atlas, (ATLAS_SIZE, ATLAS_SIZE))
    inside = raster.inside.astype(np.float32)
    per_unit = ATLAS_SIZE / ATLAS_SPAN

    def unwrap(image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        places = raster.interpolate(landmarks[:N_SURFACE, :2])
        finer = _eye_distance(landmarks) / per_unit
        if finer > 1:
            image = cv2.GaussianBlur(image, (0, 0), 0.4 * finer)
        colour = cv2.remap(image, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
        return np.log(np.maximum(colour.astype(np.float32), LEAST_LIGHT))

    rows, columns = np.mgrid[:ATLAS_SIZE, :ATLAS_SIZE]
    from_brow = np.hypot(columns - atlas[9, 0], rows - atlas[9, 1])
    steady = raster.inside & (from_brow < 0.17 * per_unit)
    ratios = []
    for pair in pairs:
        ratio = unwrap(pair.expressive, pair.expressive_landmarks)
        ratio -= unwrap(pair.neutral, pair.neutral_landmarks)
        ratio = _smooth_inside(ratio, inside, 1.0)
        # Exposure differs between the two photos; the skin between the brows tells by how much.
        ratio -= np.median(ratio[steady], axis=0)
        ratios.append(np.clip(ratio, -LARGEST_RATIO, LARGEST_RATIO))
    stack = np.array(ratios)
    design = np.column_stack([np.ones(len(codes)), codes])
    fit = np.linalg.lstsq(design, stack.reshape(len(stack), -1), rcond=None)[0]
    maps = fit.reshape(1 + codes.shape[1], ATLAS_SIZE, ATLAS_SIZE, 3).astype(np.float32)
    maps[0] += np.median(stack - np.tensordot(design, maps, axes=1), axis=0)
    # Next to mouth and eyes the ratio mixes lip and tooth, lid and eye; at the rim, face and what
    # lies behind it.
    rings = (INNER_LIPS, *EYES)
    holes = np.max([fill_polygon(atlas[list(ring)], inside.shape) for ring in rings], axis=0) > 0.1
    sound = (_outside_distance(holes) / per_unit > 0.025) & raster.inside
    sound &= sound[:, ::-1]
    off_rim = cv2.distanceTransform(raster.inside.astype(np.uint8), cv2.DIST_L2, 5) / per_unit
    off_rim = np.minimum(off_rim, off_rim[:, ::-1])
    faded = np.clip(off_rim / 0.12, 0.0, 1.0)[..., None]
    return np.stack([_fill(m, sound) * faded for m in (maps + maps[:, :, ::-1]) / 2])


def _smooth_inside(values: np.ndarray, inside: np.ndarray, sigma: float) -> np.ndarray:
    weight = np.maximum(cv2.GaussianBlur(inside, (0, 0), sigma), 0.05)
    return cv2.GaussianBlur(values * inside[..., None], (0, 0), sigma) / weight[..., None]


def _outside_distance(region: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, 5)


def _fill(values: np.ndarray, sound: np.ndarray) -> np.ndarray:
    """Replace unsound values by their sound neighbourhood's."""
    filled = values
    for sigma in (8.0, 3.0, 1.5):
        near = cv2.GaussianBlur(sound.astype(np.float32), (0, 0), sigma)
        local = cv2.GaussianBlur(values * sound[..., None], (0, 0), sigma)
        trust = np.clip(near * 8.0, 0.0, 1.0)[..., None]
        local = local / np.maximum(near, 1e-4)[..., None]
        filled = np.where(sound[..., None], values, trust * local + (1 - trust) * filled)
    return filled


def _eye_distance(landmarks: np.ndarray) -> float:
    left, right = OUTER_EYE_CORNERS
    return float(np.linalg.norm(landmarks[left, :2] - landmarks[right, :2]))
