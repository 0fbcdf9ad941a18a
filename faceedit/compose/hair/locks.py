"""Locks of hair that are cut out of a photo's own, and laid elsewhere."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.tones import LUMA

FINE = 0.012
"""Eye distances over which the direction of strands is told."""
LENGTH, WIDTH = 0.4, 0.16
"""Of the pieces of hair that locks are cut from, in eye distances."""
TRIES, KEPT = 900, 40
"""Places that are looked at, and pieces that are cut, those whose strands are the most alike."""
HAIRY = 0.9
"""Share of hair that a piece has everywhere."""
DARK = np.float32(0.02)
"""Added to display values before the logarithm."""
EVEN = np.float32(0.65)
"""Of the contrast of a piece, that its locks have."""
OUTLIER = 0.4
"""Log brightness by which pieces may differ from most."""
ROOT, TIP = 0.3, 0.16
"""Share of a lock's length over which it comes out of hair, and eye distances over which its
strands end."""
STRAND = 0.008
"""Eye distances across a lock between strands that end at different lengths."""
SHORTER = 0.22
"""Spread of that, of the lock's length."""
EDGE = np.float32(0.12)
"""Of its light that a lock loses towards its sides."""


@dataclass(frozen=True)
class Piece:
    """Hair whose strands run down it.

    Attributes:
        pixels: (h, w, 3) float32 RGB in [0, 1].
        middle: (2,) where it comes from.
        light: (3,) mean log display values.
    """

    pixels: np.ndarray
    middle: np.ndarray
    light: np.ndarray


@dataclass(frozen=True)
class Lock:
    """Where a lock is to lie, in pixels of a window.

    Attributes:
        root: (2,) where it begins.
        tip: (2,) where it ends.
        width: at its root.
        down: (2,) unit vector, the way that the lock goes but for its lean.
        bow: power of the way down that the lean goes with: below 1 the lock goes aside first.
    """

    root: np.ndarray
    tip: np.ndarray
    width: float
    down: np.ndarray
    bow: float = 1.3


def find_pieces(
    pixels: np.ndarray, matte: np.ndarray, unit: float, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Find where hair has strands that run one way.

    Args:
        pixels: (H, W, 3) float32 RGB in [0, 1].
        matte: (H, W) float32 in [0, 1], which pixels show hair.
        unit: the eye distance in pixels.
        draw: what is by chance.

    Returns:
        (N, 3) x, y and the angle of the strands, and (N,) how alike they are, 0 to 1, the most
        alike first; of `TRIES` places.
    """
    grey = np.log(pixels @ LUMA.astype(np.float32) + DARK)
    grey = cv2.GaussianBlur(grey, (0, 0), max(0.7, 0.3 * FINE * unit))
    gx, gy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    xx, yy, xy = (cv2.GaussianBlur(p, (0, 0), 3 * FINE * unit) for p in (gx * gx, gy * gy, gx * gy))
    alike = np.hypot(xx - yy, 2 * xy) / (xx + yy + np.float32(1e-6))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.float32(np.pi / 2)
    rows, columns = np.nonzero(matte > HAIRY)
    if not len(rows):
        return np.zeros((0, 3)), np.zeros(0)
    chosen = draw.integers(0, len(rows), TRIES)
    x, y = columns[chosen], rows[chosen]
    a = angle[y, x]
    along = LENGTH * unit * np.linspace(-0.5, 0.5, 7)[:, None]
    beside = WIDTH * unit * np.array([-0.45, 0.0, 0.45])
    cosine, sine = (one[:, None, None] for one in (np.cos(a), np.sin(a)))
    px = np.rint(x[:, None, None] + along * cosine + beside * sine).astype(int)
    py = np.rint(y[:, None, None] + along * sine - beside * cosine).astype(int)
    height, width = matte.shape
    held = (px >= 0) & (py >= 0) & (px < width) & (py < height)
    px, py = np.clip(px, 0, width - 1), np.clip(py, 0, height - 1)
    whole = (held & (matte[py, px] > HAIRY)).all((1, 2))
    line = py[..., 1], px[..., 1]
    same = np.abs(np.cos(angle[line] - a[:, None])).mean(1) * alike[line].mean(1)
    order = np.argsort(-same[whole])
    return np.column_stack([x, y, a])[whole][order], same[whole][order]


def cut_pieces(pixels: np.ndarray, found: np.ndarray, unit: float) -> list[Piece]:
    """Cut the first `KEPT` pieces that `find_pieces` found out of the picture."""
    height, width = round(LENGTH * unit), round(WIDTH * unit)
    pieces = []
    for x, y, angle in found[:KEPT]:
        way = np.array([np.cos(angle), np.sin(angle)])
        # Strands hang down.
        way *= -1 if way[1] < 0 else 1
        across = np.array([way[1], -way[0]])
        corner = np.array([x, y]) - way * height / 2 - across * width / 2
        grid = np.column_stack([across, way, corner]).astype(np.float32)
        how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        cut = cv2.warpAffine(
            pixels, grid, (width, height), flags=how, borderMode=cv2.BORDER_REFLECT
        )
        cut = np.clip(cut, 0, 1)
        light = np.log(cut + DARK).mean((0, 1))
        # What has the plainest strands has more contrast than hair has on the whole.
        cut = np.exp(light + EVEN * (np.log(cut + DARK) - light)) - DARK
        pieces.append(Piece(np.clip(cut, 0, 1).astype(np.float32), np.array([x, y]), light))
    levels = np.array([piece.light.mean() for piece in pieces])
    far = np.abs(levels - np.median(levels)) if len(levels) else levels
    return [piece for piece, off in zip(pieces, far, strict=True) if off < OUTLIER]


def lay_lock(
    sheet: np.ndarray,
    piece: Piece,
    lock: Lock,
    gain: np.ndarray,
    unit: float,
    draw: np.random.Generator,
) -> None:
    """Lay a lock over what is on a sheet, in place.

    Args:
        sheet: (H, W, 4) float32: RGB times opacity, and opacity.
        piece: that it is cut from.
        lock: where it lies.
        gain: (3,) float32 factors of its display values.
        unit: the eye distance in pixels.
        draw: what is by chance.
    """
    across = np.array([lock.down[1], -lock.down[0]])
    reach = float((lock.tip - lock.root) @ lock.down)
    lean, width = float((lock.tip - lock.root) @ across), lock.width
    side = across * (0.5 * width + 0.06 * unit)
    corners = np.array([end + sign * side for end in (lock.root, lock.tip) for sign in (-1, 1)])
    x0, y0 = np.maximum(np.floor(corners.min(0)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(corners.max(0)) + 1, sheet.shape[1::-1]).astype(int)
    if reach < 1 or x1 - x0 < 1 or y1 - y0 < 1:
        return
    dx = np.arange(x0, x1, dtype=np.float32) - np.float32(lock.root[0])
    dy = np.arange(y0, y1, dtype=np.float32)[:, None] - np.float32(lock.root[1])
    v = (dx * np.float32(lock.down[0]) + dy * np.float32(lock.down[1])) / np.float32(reach)
    t = np.clip(v, 0, 1)
    bend = np.clip(draw.normal(0, 0.1), -0.2, 0.2) * unit
    u = dx * np.float32(across[0]) + dy * np.float32(across[1])
    u = u - (np.float32(lean) * t ** np.float32(lock.bow) + np.float32(bend) * t * (1 - t))
    half = np.float32(0.5 * width) * (1 - 0.92 * t ** np.float32(draw.uniform(2.2, 5.0)))
    strands = max(6, round(width / unit / STRAND))
    ends = 1 - SHORTER * np.abs(draw.normal(0, 1, strands + 1))
    place = np.clip((u / np.float32(width) + 0.5) * strands, 0, strands - 1e-3)
    first, ends = place.astype(np.intp), ends.astype(np.float32)
    end = ends[first] + (place - first) * (ends[first + 1] - ends[first])
    alpha = np.clip((half - np.abs(u)) / np.float32(max(0.7, STRAND * unit)) + 0.5, 0, 1)
    alpha *= np.sqrt(np.clip((end - v) * np.float32(reach / (TIP * unit)), 0, 1)) * np.clip(
        v / ROOT, 0, 1
    )
    height, breadth = piece.pixels.shape[:2]
    shift = draw.uniform(-0.5, 0.5) * max(breadth - width, 0)
    at = (u + np.float32(shift + 0.5 * breadth)).astype(np.float32), t * np.float32(height - 1)
    paint = cv2.remap(piece.pixels, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    edge = 1 - EDGE * np.square(np.clip(np.abs(u) / np.maximum(half, 1), 0, 1))
    paint *= gain * edge[..., None]
    alpha = alpha[..., None].astype(np.float32)
    box = (slice(y0, y1), slice(x0, x1))
    sheet[box] += alpha * (np.dstack([paint, np.ones_like(edge)]) - sheet[box])
