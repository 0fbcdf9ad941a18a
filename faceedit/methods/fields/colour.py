"""Colour augmentation: a photo in the colours of another person's, or of another white balance."""

import cv2
import numpy as np

from faceedit.lights import GAMMA, LUMA, temperature_colour
from faceedit.tones import to_bytes

_LEVELS = np.linspace(2, 98, 25)
"""Percentiles at which histograms are compared."""
_SMOOTHING = 6.0
"""Standard deviation in levels of the blur of the curves: no banding, no posters."""
_MARGIN = 24
"""Levels beyond 0 and 255 on which curves are drawn, so that smoothing sees no end."""


def transfer_histogram(
    images: list[np.ndarray],
    like: np.ndarray,
    of: np.ndarray | None = None,
    lightness: bool = True,
) -> list[np.ndarray]:
    """Give images the colour distribution of another, channel by channel in Lab.

    All images go through the curves that take the first one to `like`, so that a pair stays one.
    RegGAN (IV-C) uses ReHistoGAN; matching histograms needs no network.

    Args:
        images: (H, W, 3) uint8 RGB each.
        like: (H', W', 3) uint8 RGB.
        of: (H, W) bool, the pixels of the first image and of `like` that are compared; None: all.
        lightness: False keeps how light each pixel is, and with it the light of the scene.
    """
    source, target = _lab(images[0]), _lab(like)
    if of is None:
        of = np.ones(source.shape[:2], bool)
    there = cv2.resize(of.astype(np.uint8), like.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    curves = [_match(source[..., c][of], target[..., c][there]) for c in range(3)]
    if not lightness:
        curves[0] = np.arange(256.0)
    return [_apply(_lab(image), curves) for image in images]


def white_balanced(image: np.ndarray, kelvin: float) -> np.ndarray:
    """Return a picture as a camera would show it that is set to another light than daylight.

    Args:
        image: (H, W, 3) uint8 RGB.
        kelvin: temperature of the light that the camera is set to: 2850 (tungsten) makes a picture
            bluer, 7500 (shade) warmer, and 6500 leaves it alone. Greys keep their luma.
    """
    gains = 1 / np.array(temperature_colour(kelvin))
    gains /= gains @ np.array(LUMA)
    return to_bytes(image / 255.0 * gains ** (1 / GAMMA))


def _lab(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2LAB)


def _match(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the 256-entry curve that takes one histogram to another, kept smooth and gentle."""
    x, y = np.percentile(source, _LEVELS), np.percentile(target, _LEVELS)
    x = x + np.arange(len(x)) * 1e-3
    # Beyond the outermost levels the curve runs on with slope 1.
    beyond = 256 + 2 * _MARGIN
    x = np.concatenate([[x[0] - beyond], x, [x[-1] + beyond]])
    y = np.concatenate([[y[0] - beyond], y, [y[-1] + beyond]])
    curve = np.interp(np.arange(-_MARGIN, 256 + _MARGIN), x, y)
    smooth = cv2.GaussianBlur(curve[None].astype(np.float32), (0, 0), _SMOOTHING)[0]
    return np.clip(smooth[_MARGIN:-_MARGIN], 0, 255)


def _apply(lab: np.ndarray, curves: list[np.ndarray]) -> np.ndarray:
    channels = [curve[lab[..., c]] for c, curve in enumerate(curves)]
    new = np.rint(np.dstack(channels)).astype(np.uint8)
    return cv2.cvtColor(new, cv2.COLOR_LAB2RGB)
