"""How light falls across a mouth: teeth in the shade are not as bright as those in the light."""

import cv2
import numpy as np

from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import INNER_LIPS, MOUTH_CORNERS, OUTER_LIPS, SUBNASALE, eye_distance
from faceedit.tones import LUMA

KEPT, DARKEST, BRIGHTEST = 1.1, -1.2, 0.4
"""Of the light's fall across lips and the skin about them what teeth show, as in 100 real smiles;
log ratios over a mouth that are not exceeded."""
OF_LIGHT, LIT = 0.68, 0.17
"""Log of lit teeth over that of the lips, by 151 real smiles and 66 other open mouths: a share and
what is added, so that teeth drawn with their seams and shade are as light as these."""
SKIN_OVER_LIPS = 0.2
"""Log of skin over lips that it says as much as: where these are painted or under hair."""
BETWEEN_CORNERS, BESIDE_LIPS = 0.35, (0.033, 0.14)
"""Half widths of a mouth from its middle on, and eye distances beside its lips, of what is looked
at."""
SHARPEST, SOFTEST = 0.5, 0.03
"""Pixels of blur that a photo has at its own resolution; most, in eye distances."""
OF_LIPS = 0.75
"""Blur of teeth over that of closed lips, whose edges are soft: that of 40 smiles and 40 others."""
OF_SOBEL = 0.5
"""Square of the blur in pixels that Sobel's operator adds."""
EDGES = 95
"""Percentile of gradients from which on they are edges."""
LOOKED_AT = 64
"""Pixels across in which a mouth is looked at."""
FEWEST = 12
"""Places that say something."""
BLACK = 0.01
"""Luma below which there is no telling."""
UPPER_SHADE, UPPER_SHADE_REACH = 0.3, 0.05
"""Of light lost to the upper lip, and eye distances over which it is."""
HANGING_SHADE, HANGING_LIGHT, HANGING_GAPS = 0.85, 0.8, (0.1, 0.22)
"""Of light lost towards the corners of a mouth that hangs open: its cheeks lie before its teeth;
what is left in its middle where it is but parted, and openings in eye distances between which all
of it comes in, as on 36 portraits that do not smile."""
SHADED = np.array([0.78, 1.13, 1.12], np.float32)
"""Exponents of RGB of the light on teeth: what comes from within a mouth is red."""
CORRIDOR = ((0.4, 0.62, 0.75, 0.9, 1.0), (1.0, 0.92, 0.68, 0.3, 0.12))
"""Half widths of a mouth that smiles, and the light there."""
TALL, LEAST_SHADED = (0.3, 0.5), 0.35
"""Heights of an opening over its width between which teeth come to stand in all of that shade, and
the share of it in mouths that are lower."""


def blur_of(photo: np.ndarray, ring: np.ndarray, unit: float) -> float:
    """Return by how many pixels the edges of a photo's mouth are blurred, at least `SHARPEST`.

    The blur of an edge follows from how much its gradient falls when it is blurred further (Zhuo
    and Sim, "Defocus map estimation from a single image", 2011, Eq. 4).

    Args:
        photo: (H, W, 3) float32 RGB in [0, 1].
        ring: (N, 2) pixels of its lips.
        unit: the eye distance in pixels.
    """
    low = np.maximum(np.floor(ring.min(0) - 0.1 * unit), 0).astype(int)
    high = np.maximum(np.ceil(ring.max(0) + 0.1 * unit), 0).astype(int)
    luma = photo[low[1] : high[1], low[0] : high[0]] @ LUMA
    if min(luma.shape) < 4:
        return SHARPEST
    fine, coarse = (_steepness(cv2.GaussianBlur(luma, (0, 0), s)) for s in (1.0, 2.0))
    edges = fine >= np.percentile(fine, EDGES)
    ratio = float(np.median(fine[edges] / np.maximum(coarse[edges], 1e-6))) ** 2
    squared = max(4 - ratio, 0.0) / max(ratio - 1, 1e-3)
    blur = np.sqrt(max(squared - OF_SOBEL, 0.0))
    return float(np.clip(OF_LIPS * blur, SHARPEST, SOFTEST * unit))


def _steepness(luma: np.ndarray) -> np.ndarray:
    return np.hypot(cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1))


def lit_luma(photo: np.ndarray, landmarks: np.ndarray) -> float:
    """Return the luma of teeth in the light that falls on a mouth, 0 where nothing tells.

    Args:
        photo: (H, W, 3) float32 RGB in [0, 1], upright.
        landmarks: (>= 468, >= 2) in its pixels.
    """
    unit, points = eye_distance(landmarks), landmarks[:, :2]
    left, right = points[list(MOUTH_CORNERS), 0]
    middle, half = (left + right) / 2, BETWEEN_CORNERS * abs(right - left) / 2
    far = BESIDE_LIPS[1] * unit
    lips = points[list(OUTER_LIPS)]
    low = np.maximum([middle - half, max(lips[:, 1].min() - far, points[SUBNASALE, 1])], 0)
    high = np.array([middle + half, lips[:, 1].max() + far])
    (x, y), (right_end, end) = np.floor(low).astype(int), np.ceil(high).astype(int) + 1
    luma = photo[y:end, x:right_end] @ LUMA
    if not luma.size:
        return 0.0
    outer, inner = (
        fill_polygon(ring - (x, y), luma.shape) for ring in (lips, points[list(INNER_LIPS)])
    )
    away = cv2.distanceTransform((outer < 0.5).astype(np.uint8), cv2.DIST_L2, 5) / unit
    near, far = BESIDE_LIPS
    of_lips, of_skin = luma[(outer > 0.5) & (inner < 0.02)], luma[(away > near) & (away < far)]
    lit = [
        np.log(max(float(np.median(one)), BLACK)) - over
        for one, over in ((of_lips, 0), (of_skin, SKIN_OVER_LIPS))
        if len(one) >= FEWEST
    ]
    return min(float(np.exp(LIT + OF_LIGHT * max(lit))), 1.0) if lit else 0.0


def light_across(
    photo: np.ndarray, lips: np.ndarray, opening: np.ndarray, unit: float
) -> np.ndarray:
    """Return the light along a mouth over that of its middle, (w,) float32.

    Args:
        photo: (h, w, 3) float32 RGB in [0, 1], lips and skin about them, upright.
        lips: (N, 2) points of the lips in its pixels.
        opening: (M, 2) those of the inner lips: what is between says nothing.
        unit: the eye distance in pixels.
    """
    height, width = photo.shape[:2]
    step = max(1.0, width / LOOKED_AT)
    size = (max(1, round(width / step)), max(1, round(height / step)))
    luma = cv2.resize(photo, size, interpolation=cv2.INTER_AREA) @ LUMA
    log = np.log(np.maximum(luma, BLACK))
    scale = np.divide(size, (width, height))
    log[fill_polygon(opening * scale, luma.shape) > 0.02] = np.nan
    columns = np.arange(size[0])
    ends = lips[:, 0].min() * scale[0], lips[:, 0].max() * scale[0]
    seen = (columns >= ends[0]) & (columns <= ends[1]) & ~np.isnan(log).all(0)
    if seen.sum() < FEWEST:
        return np.ones(width, np.float32)
    middle = float(lips[:, 0].mean())
    x = np.arange(width, dtype=np.float32) - middle
    at = (columns[seen] / scale[0] - middle) / unit
    slope = np.polyfit(at, np.nanmedian(log[:, seen], axis=0), 1)[0]
    return np.exp(np.clip(KEPT * slope * x / unit, DARKEST, BRIGHTEST)).astype(np.float32)


def teeth_light(mask: np.ndarray, unit: float, hangs: float = 0) -> np.ndarray:
    """Return the light that lips leave to teeth, (H, W) float32 in (0, 1].

    Args:
        mask: (H, W) bool, the opening.
        unit: the eye distance in its pixels.
        hangs: in [0, 1], how far it opens with corners that hang, and does not smile.
    """
    rows = np.arange(mask.shape[0], dtype=np.float32)[:, None]
    top = np.where(mask.any(0), mask.argmax(0), 0)[None]
    below = np.maximum(rows - top, 0) / unit
    light = 1 - UPPER_SHADE * np.exp(-below / UPPER_SHADE_REACH)
    aside, half = _aside(mask)
    shaded = 1 - HANGING_SHADE * np.clip((aside - 0.2) / 0.8, 0, 1) ** 1.1
    height = float(np.ptp(np.flatnonzero(mask.any(1))))
    start, end = HANGING_GAPS
    opened = float(np.clip((height / unit - start) / (end - start), 0, 1))
    hanging = light * shaded[None] * (HANGING_LIGHT + opened * (1 - HANGING_LIGHT))
    # A mouth that is drawn wide lets light in along all of its teeth, but for its corners.
    tall = height / (2 * half)
    share = np.clip((tall - TALL[0]) / (TALL[1] - TALL[0]), LEAST_SHADED, 1)
    smiling = (1 - share * (1 - light)) * corridor(mask)[None]
    return (smiling + hangs * (hanging - smiling)).astype(np.float32)


def corridor(mask: np.ndarray) -> np.ndarray:
    """Return the light along a mouth that smiles, (W,) float32 in (0, 1]: dark in its corners.

    Args:
        mask: (H, W) bool, the opening.
    """
    return np.interp(_aside(mask)[0], *CORRIDOR).astype(np.float32)


def _aside(mask: np.ndarray) -> tuple[np.ndarray, float]:
    """Return how far each column of an opening lies aside, (W,) in half widths, and that width."""
    columns = np.flatnonzero(mask.any(0))
    half = max(float(np.ptp(columns)) / 2, 1.0)
    return np.abs(np.arange(mask.shape[1]) - columns.mean()) / half, half
