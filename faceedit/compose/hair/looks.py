"""How much likelier a pixel's look is for hair than for what lies around it."""

import cv2
import numpy as np

from faceedit.tones import to_bytes

SHARES = 0.97
"""How far log odds of colours are of shares of each set."""
DARK = 5.0
"""Added to L* before its logarithm."""
BINS, BLUR = 32, np.array([0.05, 0.25, 0.4, 0.25, 0.05])
"""Of histograms of colours: 8 levels of L*, 4 of a* and b* around grey; and their blur."""
FINE = 24
"""Bins of fine contrast."""
HUES, FAINT, PLAIN = 40, 15.0, 0.25
"""Bins of a* and b* beside L*, what is added to that, and chroma beside it from which on hues begin
to tell."""


def colour_bins(pixels: np.ndarray) -> np.ndarray:
    """Return the number of each pixel's bin of colour, (S, S)."""
    lab = np.asarray(cv2.cvtColor(to_bytes(pixels), cv2.COLOR_RGB2LAB)).astype(np.int32)
    light, chroma = lab[..., 0] // 8, np.clip(lab[..., 1:] - 64, 0, 127) // 4
    return (light * BINS + chroma[..., 0]) * BINS + chroma[..., 1]


def colour_logs(bins: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (S, S) float32 log chances of each pixel's colour among weighted pixels."""
    counts = np.bincount(bins.ravel(), weights.ravel(), BINS**3).reshape([BINS] * 3)
    counts = counts.astype(np.float32)
    total = max(float(counts.sum()), 1e-6)
    for axis in range(3):
        planes = np.moveaxis(counts, axis, 0).reshape(BINS, -1)
        smooth = cv2.sepFilter2D(planes, -1, np.ones(1), BLUR, borderType=cv2.BORDER_CONSTANT)
        counts = np.moveaxis(smooth.reshape([BINS] * 3), 0, axis)
    logs = np.log(counts + 0.05) - SHARES * np.log(total)
    return logs.ravel()[bins].astype(np.float32)


def colour_odds(bins: np.ndarray, hair: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return (S, S) float32 log odds of colours by two sets' histograms, of weighted pixels."""
    return colour_logs(bins, hair) - colour_logs(bins, other)


def likeness(bins: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """Return the overlap (Bhattacharyya's) of the histograms of weighted pixels' colours."""
    shares = [np.bincount(bins.ravel(), one.ravel(), BINS**3) for one in (first, second)]
    shares = [np.sqrt(one / max(float(one.sum()), 1e-6)) for one in shares]
    return float(shares[0] @ shares[1])


def hue_bins(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of each pixel's bin of hue, whatever the light, and how plain hues are."""
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    chroma = lab[..., 1:] / (np.maximum(lab[..., :1], 0) + np.float32(FAINT))
    plain = np.clip(np.linalg.norm(chroma, axis=2) / PLAIN - 1, 0, 1)
    cells = np.clip((chroma + 1) * (HUES / 2), 0, HUES - 1).astype(np.int32)
    return cells[..., 0] * HUES + cells[..., 1], plain


def hue_logs(bins: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (S, S) float32 log chances of each pixel's hue among weighted pixels."""
    counts = np.bincount(bins.ravel(), weights.ravel(), HUES**2).reshape(HUES, HUES)
    counts = cv2.GaussianBlur(counts.astype(np.float32), (0, 0), 1.0)
    logs = np.log(counts + 0.2) - np.log(max(float(counts.sum()), 1e-6))
    return logs.ravel()[bins].astype(np.float32)


def hue_odds(bins: np.ndarray, hair: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return (S, S) float32 log odds of hues by two sets' histograms, of weighted pixels."""
    return hue_logs(bins, hair) - hue_logs(bins, other)


def strand_bins(pixels: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """Return the number of each pixel's bin of fine contrast, (S, S): walls are out of focus."""
    light = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[..., 0]
    log = np.log(np.maximum(light, 0) + np.float32(DARK))
    fine = cv2.GaussianBlur(np.abs(log - cv2.GaussianBlur(log, (0, 0), 1.5)), (0, 0), 2.0)
    fine = np.log(fine + np.float32(0.004))
    low, high = np.percentile(fine[photo], (2, 98)) if photo.any() else (0.0, 1.0)
    return np.clip((fine - low) / max(high - low, 1e-6) * (FINE - 1), 0, FINE - 1).astype(np.int32)


def strand_odds(bins: np.ndarray, hair: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return (S, S) float32 log odds of fine contrast by two sets' histograms."""
    shares = [
        cv2.GaussianBlur(
            np.bincount(bins.ravel(), weights.ravel(), FINE)[None].astype(np.float32), (0, 0), 1.5
        )
        for weights in (hair, other)
    ]
    first, second = (share[0] / max(float(share.sum()), 1e-6) + 0.004 for share in shares)
    return np.log(first / second).astype(np.float32)[bins]
