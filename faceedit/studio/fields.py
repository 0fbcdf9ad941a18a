"""The fields that lead from one picture to another: flow, log ratio, paint, opacity.

Everything the studio does to a photo is written in them, so that what it records is what it did.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np


@dataclass(frozen=True)
class Fields:
    """out = A · P + (1 − A) · warp(I, F) · exp(R), on the pixels of one crop.

    Attributes:
        flow: F, (S, S, 2) float32 pixels x, y: where in the input each output pixel comes from,
            relative to itself.
        log_ratio: R, (S, S, 3) float32 RGB, of display values.
        paint: P, (S, S, 3) float32 RGB in [0, 1].
        opacity: A, (S, S) float32 in [0, 1].
    """

    flow: np.ndarray
    log_ratio: np.ndarray
    paint: np.ndarray
    opacity: np.ndarray

    def compose(self, pixels: np.ndarray) -> np.ndarray:
        """Apply the fields to (S, S, 3) float32 RGB in [0, 1]; returns the same, clipped."""
        lit = warp(pixels, self.flow) * np.exp(self.log_ratio)
        opacity = self.opacity[..., None]
        return np.clip(opacity * self.paint + (1 - opacity) * lit, 0.0, 1.0)

    def with_light(self, log_ratio: np.ndarray) -> "Fields":
        """Return the fields with further light (S, S, 3) on all that they show, paint too."""
        paint = np.clip(self.paint * np.exp(log_ratio), 0.0, 1.0)
        return replace(self, log_ratio=self.log_ratio + log_ratio, paint=paint)


def no_fields(size: int) -> Fields:
    """Return fields that change nothing."""
    zeros = np.zeros((size, size, 3), np.float32)
    return Fields(zeros[..., :2].copy(), zeros, zeros.copy(), zeros[..., 0].copy())


def warp(pixels: np.ndarray, flow: np.ndarray, flags: int = cv2.INTER_CUBIC) -> np.ndarray:
    """Sample (S, S, C) or (S, S) pixels at each place plus flow; mirrored beyond the edge."""
    size_y, size_x = flow.shape[:2]
    x = flow[..., 0] + np.arange(size_x, dtype=np.float32)
    y = flow[..., 1] + np.arange(size_y, dtype=np.float32)[:, None]
    return cv2.remap(pixels, x, y, flags, borderMode=cv2.BORDER_REFLECT_101)


def grid(size: tuple[int, int]) -> np.ndarray:
    """Return the (H, W, 2) float32 places x, y of all pixels."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.stack([columns, rows], axis=-1).astype(np.float32)


def warp_labels(labels: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Carry an (S, S) map along: labels by the nearest, shares (float32) by interpolation."""
    smooth = labels.dtype.kind == "f"
    return warp(labels, flow, cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST)
