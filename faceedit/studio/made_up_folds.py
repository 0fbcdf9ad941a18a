"""Folds and lines that muscles of expression draw, made up on the atlas of the skin.

What every face shows (soft folds, pits and bulges) is kept apart from lines, which only skin of
some age has. Positions follow the mesh points of the atlas; numbers are lengths on the atlas, where
the outer eye corners are about 0.36 apart, and logarithms of brightness.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.studio.strokes import SIDE, columns, pit, stroke

ACTIONS = (
    "forehead_inner",
    "forehead_outer",
    "frown",
    "nose",
    "wing",
    "corner",
    "chin",
    "dimple",
    "crow",
    "lid",
)
"""What can fold: inner and outer forehead (AU 1 and 2), between the brows (4), the nose (9), the
fold from its wings (9 and 10), under the mouth's corners (15), chin (17), dimples beside the mouth
(14), beside the eyes (6) and under the lower lids (6 and 7)."""


@dataclass(frozen=True)
class Fold:
    """What one of `ACTIONS` does to one person's skin, on a window of the maps.

    Attributes:
        window: rows and columns of the (SIDE, SIDE) atlas maps.
        soft: (h, w) float32 log ratio of folds at full strength.
        fine: (h, w) float32 log ratio of lines on the most lined skin.
        zone: (h, w) float32 in [0, 1], where the skin folds.
    """

    window: tuple[slice, slice]
    soft: np.ndarray
    fine: np.ndarray
    zone: np.ndarray


Folds = tuple[Fold, ...]
"""One person's way of folding, a `Fold` for each of `ACTIONS`."""


def draw_folds(points: np.ndarray, seed: int) -> Folds:
    """Make up one person's folds and lines.

    Args:
        points: (468, 2) places of the mesh points on the atlas.
        seed: which person.
    """
    rng = np.random.default_rng(seed)
    layers = {name: _Layer(*np.zeros((2, SIDE, SIDE), np.float32)) for name in ACTIONS}
    sheet = _Layer(*np.zeros((2, SIDE, SIDE), np.float32))
    _forehead(sheet, points, rng)
    inner = np.exp(-((np.abs(columns() - points[9, 0]) / 0.075) ** 4))
    for name, share in (("forehead_inner", inner), ("forehead_outer", 1 - inner)):
        layers[name].soft[:] = sheet.soft * share
        layers[name].fine[:] = sheet.fine * share
    for name, draw in _DRAWN.items():
        for mirrored in (False, True):
            draw(layers[name].of_side(mirrored), _Anchors(points, mirrored), rng)
    _chin_skin(layers["chin"], points, rng)
    return tuple(_cut_out(layers[name]) for name in ACTIONS)


def _cut_out(layer: "_Layer") -> Fold:
    """Cut out what of the maps is not empty."""
    energy = np.maximum(np.abs(layer.fine), 0.35 * np.abs(layer.soft))
    zone = np.clip(cv2.GaussianBlur(energy, (0, 0), 0.012 * SIDE) / 0.03, 0.0, 1.0)
    used = (zone > 0.01) | (np.abs(layer.soft) > 1e-3)
    rows, columns = np.flatnonzero(used.any(1)), np.flatnonzero(used.any(0))
    if not len(rows):
        return Fold((slice(0, 0), slice(0, 0)), *np.zeros((3, 0, 0), np.float32))
    window = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    parts = (np.ascontiguousarray(m[window]) for m in (layer.soft, layer.fine, zone))
    return Fold(window, *parts)


@dataclass(frozen=True)
class _Layer:
    """Soft and fine maps that are drawn on, seen in a mirror or not."""

    soft: np.ndarray
    fine: np.ndarray

    def of_side(self, mirrored: bool) -> "_Layer":
        """Return views on which the person's left is drawn as if it were the right."""
        return _Layer(self.soft[:, ::-1], self.fine[:, ::-1]) if mirrored else self


@dataclass(frozen=True)
class _Anchors:
    """Places of one side, given as those of the person's right."""

    points: np.ndarray
    mirrored: bool

    def __call__(self, right: int, left: int) -> np.ndarray:
        """Return the (2,) place of a mesh point or of its mirror image."""
        if not self.mirrored:
            return self.points[right].astype(np.float64)
        x, y = self.points[left]
        return np.array([1.0 - x, y], np.float64)


def _beside(place: np.ndarray, right: float, down: float) -> np.ndarray:
    """Return a place (2,) moved on the atlas."""
    return place + np.array([right, down])


def _forehead(layer: _Layer, points: np.ndarray, rng: np.random.Generator) -> None:
    """Draw lines across the forehead that rise over the brows."""
    top, brow = points[10, 1] + 0.018, (points[105, 1] + points[334, 1]) / 2 - 0.022
    middle, half = points[9, 0], abs(points[334, 0] - points[105, 0])
    count = int(rng.integers(3, 6))
    for k in range(count):
        height = brow + (top - brow) * (k + rng.uniform(0.1, 0.6)) / count
        reach = half * rng.uniform(0.5, 0.95) * (1.0 - 0.25 * k / count)
        offset = rng.normal(0.0, 0.012)
        turn, waves = rng.uniform(0, 6, 2), rng.uniform(14, 26)
        x = np.linspace(-reach, reach, 13) + offset
        arch = -0.014 * (1.0 - np.cos(x / half * 2.6))
        wiggle = 0.0035 * np.sin(x * waves + turn[0]) + 0.0018 * np.sin(x * 2.3 * waves + turn[1])
        path = np.stack([middle + x, height + arch + wiggle], axis=1)
        depth = rng.uniform(0.6, 1.0) * (1.0 - 0.35 * k / count)
        stroke(layer.soft, path, 0.075 * depth, 0.0085, ridge=0.8, taper=1.0)
        # A line breaks where its neighbours take the strain.
        cut = int(rng.integers(4, 13))
        for piece in (path[:cut], path[cut - 1 :]):
            if len(piece) > 2:
                stroke(layer.fine, piece, 0.26 * depth * rng.uniform(0.7, 1.0), 0.0036, 0.45)


def _frown(layer: _Layer, at: _Anchors, rng: np.random.Generator) -> None:
    """Draw one side of the frown: an upright fold, a bulge, shade under the brow."""
    brow, root = at(107, 336), at(168, 168)
    foot = np.array([root[0] - rng.uniform(0.017, 0.025), root[1] - 0.040])
    head = np.array([foot[0] - rng.uniform(0.0, 0.012), brow[1] - rng.uniform(0.0, 0.020)])
    middle = (foot + head) / 2 + (rng.uniform(-0.003, 0.004), 0.0)
    stroke(layer.soft, [foot, middle, head], 0.20, 0.0085, ridge=0.45, taper=1.0)
    stroke(layer.fine, [foot, middle, head], rng.uniform(0.15, 0.30), 0.0036, 0.4)
    pit(layer.soft, _beside(brow, 0.012, 0.055), (0.026, 0.024), 0.20)
    pit(layer.soft, _beside(brow, -0.045, 0.040), (0.050, 0.016), 0.10)
    pit(layer.soft, _beside(brow, -0.005, -0.022), (0.022, 0.015), -0.07)
    across = [(root[0] - 0.020, root[1] - 0.006), (root[0], root[1] - 0.002)]
    stroke(layer.soft, [*across, (root[0] + 0.020, root[1] - 0.006)], 0.05, 0.007, 0.5, 1.0)


def _nose(layer: _Layer, at: _Anchors, rng: np.random.Generator) -> None:
    """Draw one side of a sneering nose: oblique lines on its flank, a fold across its root."""
    root, wing = at(6, 6), at(129, 358)
    for k in range(3):
        y = root[1] - 0.030 + 0.021 * k + rng.normal(0, 0.002)
        reach = 0.036 + 0.009 * k + rng.uniform(-0.004, 0.004)
        path = [(root[0] - 0.003, y), (root[0] - 0.5 * reach, y + 0.005)]
        path.append((root[0] - reach, y + 0.022))
        strength = rng.uniform(0.7, 1.0)
        stroke(layer.soft, path, 0.13 * strength, 0.0080, ridge=0.6, taper=1.0)
        stroke(layer.fine, path, 0.18 * strength, 0.0034, ridge=0.4)
    trough = [(root[0] - 0.050, root[1] + 0.015), (root[0] - 0.058, root[1] + 0.060)]
    trough.append((wing[0] + 0.004, wing[1] - 0.040))
    stroke(layer.soft, trough, 0.13, 0.013, ridge=0.4, taper=1.0)
    pit(layer.soft, _beside(wing, -0.040, -0.075), (0.036, 0.030), -0.06)


def _wing(layer: _Layer, at: _Anchors, rng: np.random.Generator) -> None:
    """Draw the fold from the wing of the nose outwards, its cheek side raised."""
    wing, low = at(129, 358), at(206, 426)
    path = [_beside(wing, 0.006, -0.028), _beside(wing, -0.011, 0.002), _beside(low, 0.006, -0.022)]
    path += [_beside(low, -0.006, 0.010), _beside(low, -0.014, 0.036)]
    jitter = rng.normal(0, 0.002, (len(path), 2))
    bent = [p + j for p, j in zip(path, jitter, strict=True)]
    stroke(layer.soft, bent[::-1], 0.26, 0.0115, ridge=0.38, taper=1.0)
    stroke(layer.fine, bent[::-1], 0.16, 0.0040, ridge=0.3)
    pit(layer.soft, _beside(wing, -0.002, 0.004), (0.014, 0.018), 0.14)
    pit(layer.soft, _beside(wing, -0.055, 0.000), (0.040, 0.030), -0.07)


def _corner(layer: _Layer, at: _Anchors, rng: np.random.Generator) -> None:
    """Draw the pit under a corner of the mouth and the line that runs down from it."""
    corner = at(61, 291)
    down = _beside(corner, -0.010 + rng.normal(0, 0.002), 0.034)
    end = _beside(corner, -0.011 + rng.normal(0, 0.003), 0.068)
    path = [_beside(corner, -0.006, 0.004), down, end]
    stroke(layer.soft, path[::-1], 0.15, 0.0120, ridge=0.4, taper=1.0)
    stroke(layer.fine, path[::-1], 0.18, 0.0038, ridge=0.3)
    pit(layer.soft, _beside(corner, -0.008, 0.016), (0.018, 0.017), 0.11)
    pit(layer.soft, _beside(corner, -0.038, 0.030), (0.024, 0.030), -0.05)


def _chin(layer: _Layer, at: _Anchors, rng: np.random.Generator) -> None:
    """Draw half of the fold between lower lip and chin; the other half is drawn like it."""
    fold = (at(18, 18) + at(200, 200)) / 2 - (0.0, 0.004)
    path = [_beside(fold, -0.062, 0.026), _beside(fold, -0.034, 0.006)]
    path += [fold, _beside(fold, 0.018, 0.002)]
    stroke(layer.soft, path[::-1], 0.13, 0.011, ridge=0.3, taper=1.0)
    pit(layer.soft, _beside(at(200, 200), 0.0, 0.014), (0.038, 0.020), -0.04)
    for k in range(2):
        down = -0.006 + 0.018 * k + rng.normal(0, 0.003)
        start = _beside(at(200, 200), -0.045 + 0.012 * k, down)
        line = [start, _beside(start, 0.014, -0.009), _beside(start, 0.03, -0.011)]
        stroke(layer.fine, line, 0.1, 0.0036)


def _dimple(layer: _Layer, at: _Anchors, rng: np.random.Generator) -> None:
    """Draw an upright fold beside a corner of the mouth."""
    corner = at(61, 291)
    x = corner[0] - rng.uniform(0.024, 0.032)
    path = [(x + 0.006, corner[1] - 0.034), (x - 0.003, corner[1] - 0.006)]
    path.append((x + 0.003, corner[1] + 0.026))
    stroke(layer.soft, path[::-1], 0.24, 0.0085, ridge=0.45, taper=1.0)
    stroke(layer.fine, path[::-1], 0.18, 0.0036, ridge=0.3)
    pit(layer.soft, _beside(corner, -0.010, 0.0), (0.012, 0.012), 0.14)


def _crow(layer: _Layer, at: _Anchors, rng: np.random.Generator) -> None:
    """Draw lines that fan out from the outer corner of an eye."""
    eye = at(33, 263)
    for k in range(int(rng.integers(3, 5))):
        angle = np.radians(-24 + 24 * k + rng.normal(0, 4))
        away = np.array([-np.cos(angle), np.sin(angle)])
        start = eye + (-0.014, 0.0) + away * rng.uniform(0.008, 0.016)
        reach = rng.uniform(0.028, 0.052)
        bow = np.array([0.0, 0.004 * np.sin(angle)])
        path = [start, start + away * reach / 2 - bow, start + away * reach]
        stroke(layer.fine, path, rng.uniform(0.12, 0.22), 0.0034, 0.4, taper=1.0)
        stroke(layer.soft, path, 0.035, 0.0075, ridge=0.6, taper=1.0)


def _lid(layer: _Layer, at: _Anchors, rng: np.random.Generator) -> None:
    """Draw the fold under a tense lower lid and the bulge of the lid above it."""
    outer, low, inner = at(33, 263), at(145, 374), at(133, 362)
    drop = rng.uniform(0.019, 0.024)
    path = [_beside(inner, -0.010, 0.014), _beside(low, 0.024, drop)]
    path += [_beside(low, -0.020, drop + 0.002), _beside(outer, 0.004, 0.018)]
    stroke(layer.soft, path, 0.16, 0.0080, ridge=0.0, taper=1.0)
    pit(layer.soft, _beside(low, 0.0, 0.010), (0.035, 0.006), -0.07)
    for k in range(2):
        lower = [_beside(p, 0.0, 0.005 + 0.010 * k) for p in path[1:]]
        stroke(layer.fine, lower, rng.uniform(0.06, 0.14), 0.0034, ridge=0.3, taper=1.0)


def _chin_skin(layer: _Layer, points: np.ndarray, rng: np.random.Generator) -> None:
    """Pucker the chin: blunt dimples, more of them on older skin."""
    noise = rng.normal(0.0, 1.0, (SIDE, SIDE)).astype(np.float32)
    blobs = cv2.GaussianBlur(noise, (0, 0), 0.0055 * SIDE) - cv2.GaussianBlur(
        noise, (0, 0), 0.010 * SIDE
    )
    blobs /= np.abs(blobs).max()
    middle = points[200] + (0.0, 0.012)
    x = (columns() - middle[0]) / 0.052
    y = (columns()[:, None] - middle[1]) / 0.034
    there = np.exp(-((x**2 + y**2) ** 2)).astype(np.float32)
    for part in (layer.soft, layer.fine):
        part -= 0.14 * there * np.clip(blobs, -0.25, 0.7)


_DRAWN: dict[str, Callable[[_Layer, _Anchors, np.random.Generator], None]] = {
    "frown": _frown,
    "nose": _nose,
    "wing": _wing,
    "corner": _corner,
    "chin": _chin,
    "dimple": _dimple,
    "crow": _crow,
    "lid": _lid,
}
