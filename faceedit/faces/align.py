"""The similarity transform between a photo and the square that networks see."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.errors import NetworkError
from faceedit.faces.topology import MOUTH_CORNERS
from faceedit.numerics import check_answer

LEFT_EYE = (33, 133)
RIGHT_EYE = (362, 263)

TEMPLATE = np.array([[0.3764, 0.3714], [0.6236, 0.3714], [0.5, 0.6421]])
"""Image-left eye, image-right eye and mouth in a crop of side 1.

The mean of 1,177 frontal portraits; the side is 2.8 times the distance of the outer eye corners.
"""


BLANK = 0.5
"""What a wide crop shows beyond the photo: a reflection would show the person again."""
SMALLEST = 1e-3
"""Extent of eyes and mouth below which they are one point."""


@dataclass(frozen=True)
class Crop:
    """A face as networks see it, and the way back to the photo.

    Pixel centres lie at integers in both frames.

    Attributes:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        landmarks: (478, 3) float32 in crop pixels.
        affine: (2, 3) float64, takes photo pixels to crop pixels: a similarity.
        around: (2 S, 2 S, 3) as `pixels`, a square twice as wide about the same middle, `BLANK`
            beyond the photo; None where nobody looks at it.
    """

    pixels: np.ndarray
    landmarks: np.ndarray
    affine: np.ndarray
    around: np.ndarray | None = None

    @property
    def size(self) -> int:
        """Side in pixels."""
        return self.pixels.shape[0]

    def to_bytes(self) -> np.ndarray:
        """Return the pixels as (S, S, 3) uint8 RGB."""
        return np.rint(self.pixels * 255).astype(np.uint8)

    @property
    def wide(self) -> "Crop":
        """The crop that shows what lies around, with landmarks and affine in its own pixels.

        Raises:
            ValueError: the crop was cut without.
        """
        if self.around is None:
            raise ValueError("the crop shows nothing around it")
        shift = np.float32(self.size / 2)
        landmarks = self.landmarks + np.array([shift, shift, 0], np.float32)
        return Crop(self.around, landmarks, widened(self.affine, self.size))

    @property
    def scale(self) -> float:
        """Crop pixels per photo pixel."""
        return float(np.hypot(self.affine[0, 0], self.affine[1, 0]))


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Fit the least-squares similarity (turn, one scale, shift; no mirror) between point sets.

    Args:
        source: (N, 2) points, N >= 2, not all equal.
        target: (N, 2) points.

    Returns:
        (2, 3) float64 matrix that takes `source` to `target`.

    >>> turned = similarity(np.array([[0, 0], [1, 0]]), np.array([[5, 5], [5, 7]]))
    >>> (turned @ np.array([1, 0, 1])).round(6).tolist()
    [5.0, 7.0]
    """
    a = np.asarray(source, np.float64) @ np.array([1, 1j])
    b = np.asarray(target, np.float64) @ np.array([1, 1j])
    a0, b0 = a.mean(), b.mean()
    turn = np.vdot(a - a0, b - b0) / np.vdot(a - a0, a - a0).real
    shift = b0 - turn * a0
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def invert(affine: np.ndarray) -> np.ndarray:
    """Return the exact inverse of a (2, 3) similarity, as (2, 3) float64.

    >>> invert(np.array([[2.0, 0.0, 6.0], [0.0, 2.0, 4.0]])).tolist()
    [[0.5, 0.0, -3.0], [-0.0, 0.5, -2.0]]
    """
    a, b = affine[0, 0], affine[1, 0]
    linear = np.array([[a, b], [-b, a]]) / (a * a + b * b)
    return np.hstack([linear, -linear @ affine[:, 2:]])


def crop_affine(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Return the (2, 3) similarity from photo pixels to a crop of `size` pixels.

    Eyes and mouth decide it together, so that roll is undone and yaw shrinks nothing.

    Args:
        landmarks: (478, 2 or 3) mesh points in photo pixels.
        size: side of the crop in pixels.

    Raises:
        NetworkError: the landmarks are not finite, or lie in one point.
    """
    points = landmarks[:, :2].astype(np.float64)
    anchors = np.stack([points[list(i)].mean(0) for i in (LEFT_EYE, RIGHT_EYE, MOUTH_CORNERS)])
    check_answer(math.inf, landmarks=anchors)
    if np.ptp(anchors, axis=0).max() < SMALLEST:
        raise NetworkError("the network's answer is no face: its landmarks lie in one point")
    return similarity(anchors, TEMPLATE * size - 0.5)


def crop_side(landmarks: np.ndarray) -> float:
    """Return the side in pixels of a face's crop in the picture that its landmarks lie in.

    >>> from faceedit.faces.topology import mean_shape
    >>> points = transform_landmarks(mean_shape(), crop_affine(mean_shape(), 256))
    >>> round(crop_side(points), 3)
    256.0
    """
    affine = crop_affine(landmarks, 1)
    return 1 / float(np.hypot(affine[0, 0], affine[1, 0]))


def widened(affine: np.ndarray, size: int) -> np.ndarray:
    """Return the map to a square of 2 `size` pixels about a crop, from that to the crop."""
    return affine + np.array([[0, 0, size / 2], [0, 0, size / 2]])


def transform_landmarks(landmarks: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Take (N, 3) landmarks through a similarity; z is scaled with x and y.

    >>> half = np.array([[0.5, 0.0, 1.0], [0.0, 0.5, 1.0]])
    >>> transform_landmarks(np.array([[10.0, 20.0, 4.0]]), half).tolist()
    [[6.0, 11.0, 2.0]]
    """
    scale = np.hypot(affine[0, 0], affine[1, 0])
    xy = landmarks[:, :2] @ affine[:, :2].T + affine[:, 2]
    return np.column_stack([xy, landmarks[:, 2] * scale]).astype(np.float32)


def resized(landmarks: np.ndarray, before: int, after: int) -> np.ndarray:
    """Return (478, 3) landmarks of a square picture after its side became another one.

    >>> resized(np.zeros((1, 3)), 2, 1).tolist()
    [[-0.25, -0.25, 0.0]]
    """
    ratio = after / before
    shift = np.array([0.5, 0.5, 0.0])
    return ((landmarks + shift) * ratio - shift).astype(np.float32)


def extract_crop(
    image: np.ndarray, landmarks: np.ndarray, size: int, *, wide: bool = False
) -> Crop:
    """Cut one aligned face out of a photo.

    What lies outside the photo is filled by reflection, and is `BLANK` in what lies around. A photo
    finer than the crop is low-pass filtered first.

    Args:
        image: (H, W, 3) RGB, uint8, uint16 or float32 in [0, 1].
        landmarks: (478, 3) mesh points in photo pixels.
        size: side of the crop in pixels.
        wide: cut out what lies around, too.

    >>> from faceedit.faces.topology import mean_shape
    >>> points = 40 * mean_shape() + 200
    >>> crop = extract_crop(np.zeros((400, 400, 3), np.uint8), points, 256)
    >>> crop.pixels.shape, crop.landmarks.shape, crop.affine.shape
    ((256, 256, 3), (478, 3), (2, 3))
    """
    affine = crop_affine(landmarks, size)
    pixels = sample_crop(image, affine, size)
    around = None
    if wide:
        reach = widened(affine, size)
        around = sample_crop(image, reach, 2 * size)
        around[~on_photo(reach, 2 * size, image.shape)] = BLANK
    return Crop(pixels, transform_landmarks(landmarks, affine), affine, around)


def on_photo(affine: np.ndarray, size: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return which pixels of a crop have their centre on the photo, (size, size) bool.

    Args:
        affine: (2, 3) similarity from photo pixels to crop pixels.
        size: side of the crop in pixels.
        shape: (H, W, ...) of the photo.
    """
    back = invert(affine)
    steps = np.arange(size, dtype=np.float64)
    x = back[0, 0] * steps + (back[0, 1] * steps + back[0, 2])[:, None]
    y = back[1, 0] * steps + (back[1, 1] * steps + back[1, 2])[:, None]
    return (np.abs(x - (shape[1] - 1) / 2) <= shape[1] / 2) & (
        np.abs(y - (shape[0] - 1) / 2) <= shape[0] / 2
    )


def sample_crop(image: np.ndarray, affine: np.ndarray, size: int) -> np.ndarray:
    """Sample a photo as `extract_crop` does, in a frame that is given.

    Args:
        image: as in `extract_crop`.
        affine: (2, 3) similarity from photo pixels to crop pixels.
        size: side of the crop in pixels.

    Returns:
        (size, size, 3) float32 RGB in [0, 1].
    """
    top = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}.get(image.dtype, 1.0)
    window, shift = _window(image, affine, size)
    local = affine.copy()
    local[:, 2] += affine[:, :2] @ shift
    scale = float(np.hypot(affine[0, 0], affine[1, 0]))
    border = cv2.BORDER_REFLECT_101
    if scale < 0.5:
        # The edge of the photo is now the edge of a pixel, no more the centre of one.
        border = cv2.BORDER_REFLECT
        window, factor = _shrink(window, scale)
        # A pixel of the smaller window is centred on the block that it averages.
        local = np.hstack(
            [local[:, :2] / factor, local[:, 2:] + local[:, :2] @ (0.5 / factor[:, None] - 0.5)]
        )
        scale = float(np.hypot(local[0, 0], local[1, 0]))
    elif scale < 1:
        window = cv2.GaussianBlur(window, (0, 0), 0.4 / scale, borderType=border)
    pixels = cv2.warpAffine(window, local, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.clip(pixels.astype(np.float32) / top, 0.0, 1.0)


def _window(image: np.ndarray, affine: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the part of the photo that the crop can see, and its top left corner (x, y)."""
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float64) - 0.5
    back = invert(affine)
    seen = corners @ back[:, :2].T + back[:, 2]
    height, width = image.shape[:2]
    margin = 8.0
    low = np.clip(np.floor(seen.min(0) - margin), 0, [width - 1, height - 1]).astype(int)
    high = np.clip(np.ceil(seen.max(0) + margin), 1, [width, height]).astype(int)
    # Reflection must see the photo's own edge: near it, keep as much again behind the edge.
    low = np.maximum(0, np.minimum(low, [width, height] - (seen.max(0) - [width, height])))
    high = np.minimum([width, height], np.maximum(high, -seen.min(0)))
    low, high = np.floor(low).astype(int), np.ceil(high).astype(int)
    return image[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)


def _shrink(window: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Average the window down to about the crop's own resolution; return it and (fx, fy)."""
    height, width = window.shape[:2]
    small = max(1, round(width * scale)), max(1, round(height * scale))
    factor = np.array([small[0] / width, small[1] / height])
    return cv2.resize(window, small, interpolation=cv2.INTER_AREA), factor
