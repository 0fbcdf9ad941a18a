"""Where a person ends, told by the colours of both sides nearby."""

import cv2
import numpy as np

REACH = 0.18
"""Outer eye corner distances over which colours of the person and behind are gathered."""
DOUBT = 0.25
"""Outer eye corner distances from a matte's edge within which the edge may be wrong."""
COARSE = 8
"""Pixels of a matte to one of the grid on which colours are gathered: they change slowly."""
SHARE = np.float32(0.02)
"""Weight of colours of the whole picture beside those nearby."""
NOISE = np.float32(1.5e-4)
"""Variance of display values that every colour has at least."""
BELIEVED, LARGEST = 0.5, np.float32(4.0)
"""Weight of what colours say beside the matte, and its bounds, log odds."""
SURE, UNSURE = np.float32(0.01), np.float32(0.15)
"""How near to none or whole a matte is believed, far from its edge and at it."""
EDGE_SHARE = np.float32(0.6)
"""Weight of colours at the edge in later rounds; in the first, none."""
ROUNDS = 2
PAIRS = np.triu_indices(3)
"""Rows and columns of the six entries of a symmetric matrix,"""
ROWS = ([0, 1, 2], [1, 3, 4], [2, 4, 5])
"""and which of them are its rows."""


def outline_matte(
    matte: np.ndarray,
    pixels: np.ndarray,
    valid: np.ndarray,
    unit: float,
    believed: float = BELIEVED,
) -> np.ndarray:
    """Move a matte's edge to where the colours of the person end.

    Colours of either side nearby are Gaussians; how much likelier a pixel is by one than by the
    other is added to the matte's log odds, a few times over. Where both look alike, such as dark
    hair before a dark wall, the matte stays as it is.

    Args:
        matte: (S, S) float32 opacity of the person.
        pixels: (S, S, 3) float32 RGB in [0, 1].
        valid: (S, S) float32, 1 on the photo, 0 beyond its edge.
        unit: distance of the outer eye corners in pixels.
        believed: weight of what colours say beside the matte.

    Returns:
        (S, S) float32 in [0, 1].
    """
    inside = (matte > 0.5).astype(np.uint8)
    deep = sum(cv2.distanceTransform(side, cv2.DIST_L2, 3) for side in (inside, 1 - inside))
    deep = np.minimum(deep / np.float32(DOUBT * unit), 1)
    sure = UNSURE + (SURE - UNSURE) * deep
    held = np.clip(matte, sure, 1 - sure)
    prior, found = np.log(held / (1 - held)), matte
    seen = cv2.GaussianBlur(pixels, (0, 0), 0.7)
    seen = np.dstack([np.ones_like(matte), seen, seen[..., PAIRS[0]] * seen[..., PAIRS[1]]])
    # Deep inside and far outside the matte is sure.
    rows, columns = np.nonzero(deep < 1)
    edge = rows, columns
    at_edge = seen[edge]
    around = _neighbours(edge, matte.shape, (matte.shape[0] // COARSE, matte.shape[1] // COARSE))
    weight = deep * deep * valid
    found = 1 / (1 + np.exp(-prior))
    for _ in range(ROUNDS):
        told, known = np.zeros(len(at_edge), np.float32), np.ones(len(at_edge), np.float32)
        for sign, share in ((1, (found - 0.6) / 0.35), (-1, (0.4 - found) / 0.35)):
            grid = _densities(seen, weight * np.clip(share, 0, 1), unit).reshape(-1, 11)
            terms = np.zeros((len(at_edge), 11), np.float32)
            for cell, part in around:
                terms += grid.take(cell, 0) * part
            told += np.float32(-0.5 * sign) * np.einsum("nk,nk->n", terms[:, :10], at_edge)
            known = np.minimum(known, terms[:, 10] / np.float32(0.05))
        told = np.clip(told, -LARGEST, LARGEST) * known
        found[edge] = 1 / (1 + np.exp(-prior[edge] - np.float32(believed) * told))
        weight = np.maximum(deep * deep, EDGE_SHARE) * valid
    return found.astype(np.float32)


def _densities(seen: np.ndarray, weight: np.ndarray, unit: float) -> np.ndarray:
    """Return the densities of colours among those of some weight nearby, on a coarse grid.

    Args:
        seen: (S, S, 10) float32, 1, the colours and their products of `PAIRS`.
        weight: (S, S) float32.
        unit: distance of the outer eye corners in pixels.

    Returns:
        (h, w, 11) float32: of -2 log density the factors of `seen`, then how many there are.
    """
    size = weight.shape
    grid = cv2.resize(
        seen * weight[..., None], (size[1] // COARSE, size[0] // COARSE), None, 0, 0, cv2.INTER_AREA
    )
    overall = grid.reshape(-1, 10).sum(0) / max(float(grid[..., 0].sum()), 1.0)
    grid = cv2.GaussianBlur(grid, (0, 0), REACH * unit / COARSE)
    near = grid[..., 0]
    means = (grid + SHARE * overall) / (near + SHARE)[..., None]
    mean = means[..., 1:4]
    a, b = PAIRS
    spread = means[..., 4:] - mean[..., a] * mean[..., b]
    spread[..., a == b] += NOISE
    # (x - m)' A (x - m) + log det A⁻¹ is c - 2 (A m)'x + x'Ax, of which all but x is smooth.
    inverse, determinant = _invert(spread)
    square = inverse * np.where(a == b, 1, 2).astype(np.float32)
    linear = np.dstack([(inverse[..., row] * mean).sum(2) for row in ROWS])
    constant = (linear * mean).sum(2) + np.log(determinant)
    return np.dstack([constant, -2 * linear, square, near])


def _neighbours(
    places: tuple[np.ndarray, np.ndarray], size: tuple[int, int], grid: tuple[int, int]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return where on a grid that covers (H, W) pixels values of N of them lie, and how much.

    Returns:
        Four cells, (N,) each, and their shares, (N, 1) float32.
    """
    sides = []
    for place, of, cells in zip(places, size, grid, strict=True):
        at = np.clip((place + 0.5) * (cells / of) - 0.5, 0, cells - 1).astype(np.float32)
        low = at.astype(int)
        part = (at - low)[:, None]
        sides.append(((low, 1 - part), (np.minimum(low + 1, cells - 1), part)))
    rows, columns = sides
    return [(y * grid[1] + x, above * left) for y, above in rows for x, left in columns]


def _invert(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Invert symmetric matrices, (..., 6) entries of `PAIRS`; return them and determinants."""
    m00, m01, m02, m11, m12, m22 = np.moveaxis(matrices, -1, 0)
    c00, c01, c02 = m11 * m22 - m12 * m12, m02 * m12 - m01 * m22, m01 * m12 - m02 * m11
    determinant = m00 * c00 + m01 * c01 + m02 * c02
    rest = (m00 * m22 - m02 * m02, m01 * m02 - m00 * m12, m00 * m11 - m01 * m01)
    return np.stack([c00, c01, c02, *rest], -1) / determinant[..., None], determinant
