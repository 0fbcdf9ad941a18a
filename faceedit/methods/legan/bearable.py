"""What a photo bears of another light: the rest is held back."""

import cv2
import numpy as np

from faceedit.channels import least, mean
from faceedit.compose.light.depth import DARKEST
from faceedit.lights import GAMMA, LUMA, Light

AROUND = 0.06
"""Eye distances that are around a pixel."""
WHITISH, WHITER = (0.7, 0.9), 0.75
"""Least of the colours of cloth between which it comes to be white, and the share of less light
that white does without: it is brighter than a camera shows, and dims last."""
BRIGHTER, DARKER, SHADE = (0.25, 0.7), (0.6, 0.3), -0.5
"""Log ratios from which more light is held back, and that it never reaches; the share of a light's
own shade from which less light is, and how far it goes beyond that shade at most; the least deep
shade of a light, log."""
FINE, PLAIN, CHANGED = 0.06, 0.5, 0.4
"""Eye distances below which modelling of skin is fine, and what it loses at most, from which log
ratio on."""
BRIGHTEST = 0.7
"""Median of skin beyond which named lights make none brighter, display values."""
OUTSHONE, OVER = 0.85, 0.75
"""Quantile of skin that new light makes little brighter than, and the share of more that it
loses."""
LIT, LIFT = 0.8, 0.8
"""Quantile of skin that tells how bright its lit part is, and by how much all is lifted at most
where that falls behind, natural log."""
SHOULDER = 0.72
"""Display value of what is around a pixel from which more light brightens it ever less."""


def bounded(more: np.ndarray, light: Light) -> np.ndarray:
    """Return what keeps light from doing more than a photo bears, (S, S) float32 log.

    Brightened deep shade shows noise and the photo's own light on every ridge; darkened highlights
    turn to lead.

    Args:
        more: (S, S) float32 log ratio, how it will be lit.
        light: wanted; its own shade is the measure of what is too dark.
    """
    shade = np.float32(min(SHADE, np.log(light.ambient) / GAMMA))
    over = np.maximum(more - np.float32(BRIGHTER[0]), 0)
    under = np.maximum(np.float32(DARKER[0]) * shade - more, 0)
    room = np.float32(BRIGHTER[1] - BRIGHTER[0]), np.float32(DARKER[0] - 1) * shade + DARKER[1]
    return under * under / (under + room[1]) - over * over / (over + room[0])


def old_relief(pixels: np.ndarray, more: np.ndarray, skin: np.ndarray, unit: float) -> np.ndarray:
    """Return what skin loses of the modelling that the photo's light gave it, (S, S) float32 log.

    Wrinkles are ridges lit by a photo's own light: in more light they look like metal, and glints
    in less like wax.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        more: (S, S) float32 log ratio, how it will be lit.
        skin: (S, S) float32 in [0, 1].
        unit: distance of the outer eye corners in pixels.
    """
    logs = np.log(mean(pixels) + np.float32(DARKEST))
    fine = logs - cv2.GaussianBlur(logs, (0, 0), FINE * unit)
    change = np.where(fine > 0, np.abs(more), np.maximum(more, 0))
    return np.minimum(change * np.float32(PLAIN / CHANGED), np.float32(PLAIN)) * skin * fine


def smeared(pixels: np.ndarray, more: np.ndarray, bare: np.ndarray, unit: float) -> np.ndarray:
    """Return by how much skin in new light would outshine lit cheeks, (S, S) float32 log.

    Small surfaces that turn to a light, such as the flank of a nose, lose more shade than they had
    where that is guessed, and look smeared.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        more: (S, S) float32 log ratio, how it will be lit.
        bare: (S, S) bool, bare skin of the face.
        unit: distance of the outer eye corners in pixels.
    """
    if not bare.any():
        return np.zeros_like(more)
    after = cv2.GaussianBlur(mean(pixels) * np.exp(more), (0, 0), AROUND / 2 * unit)
    lit = np.float32(np.quantile(after[bare], OUTSHONE))
    over = np.log(np.maximum(after / np.maximum(lit, 1e-3), 1))
    return np.clip(np.float32(OVER) * over, 0, np.maximum(more, 0))


def stays_white(pixels: np.ndarray, skin: np.ndarray, unit: float) -> np.ndarray:
    """Return what share of less light white cloth does without, (S, S) float32.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        skin: (S, S) float32 in [0, 1].
        unit: distance of the outer eye corners in pixels.
    """
    # Blond hair is bright, but not in blue.
    around = cv2.GaussianBlur(least(pixels), (0, 0), AROUND * unit)
    white = np.clip((around - WHITISH[0]) / np.float32(WHITISH[1] - WHITISH[0]), 0, 1)
    return np.float32(WHITER) * white * (1 - skin)


def dulled(wanted: np.ndarray, ratio: np.ndarray, pixels: np.ndarray) -> np.float32:
    """Return what the lit part of a face lacks of the brightness it would have, log.

    What a photo does not bear is held back where it is to brighten, but not where it is to darken:
    against hard light of its own a face would end up dark all over, in no light at all.

    Args:
        wanted: (N, 3) log ratios on bare skin as the light has it.
        ratio: (N, 3), as they are.
        pixels: (N, 3) RGB in [0, 1].
    """
    if not len(pixels):
        return np.float32(0)
    was, ideal, now = (
        float(np.quantile(mean(pixels * np.exp(r)), LIT)) for r in (wanted * 0, wanted, ratio)
    )
    lacks = np.log(max(min(was, ideal), 1e-3) / max(now, 1e-3))
    return np.float32(np.clip(lacks, 0, LIFT))


def rolled_off(ratio: np.ndarray, pixels: np.ndarray, unit: float) -> np.ndarray:
    """Return by how much more light rises less where all around is bright, (S, S) float32 log.

    Bent pixel by pixel, bright skin turns to chalk; so it keeps its colour and its modelling.

    Args:
        ratio: (S, S, 3) float32 log ratio, how it will be lit.
        pixels: (S, S, 3) float32 RGB in [0, 1].
        unit: the eye distance in pixels.
    """
    more, was = (
        cv2.resize(one, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        for one in (ratio, pixels)
    )
    was = cv2.GaussianBlur(was.max(2), (0, 0), 0.03 * unit)
    to = was * np.exp(np.maximum(mean(more), 0))
    return cv2.resize(np.log(_held(to) / _held(was)), ratio.shape[1::-1])


def _held(bright: np.ndarray) -> np.ndarray:
    """Return the share of brightness that is left where it is bent beyond `SHOULDER`, (S, S)."""
    room = np.float32(1 - SHOULDER)
    over = np.maximum(bright - np.float32(SHOULDER), 0)
    return (bright - over + room * (1 - np.exp(-over / room))) / np.maximum(bright, 1e-3)


def too_bright(ratio: np.ndarray, pixels: np.ndarray) -> np.float32:
    """Return by how much (N, 3) pixels of skin would be brighter than a portrait's, log."""
    if not len(pixels):
        return np.float32(0)
    before = float(np.median(mean(pixels)))
    after = float(np.median(mean(pixels * np.exp(ratio))))
    return np.log(np.float32(max(1.0, after / max(BRIGHTEST, before))))


def exposure(ratio: np.ndarray, pixels: np.ndarray) -> np.float32:
    """Return the log ratio of display values by which the mean luma of (N, 3) pixels changes."""
    if not len(pixels):
        return np.float32(0)
    before = pixels ** np.float32(GAMMA) @ np.array(LUMA, np.float32)
    gain = np.exp(GAMMA * ratio) @ np.array(LUMA, np.float32)
    return np.log(np.average(gain, weights=before + np.float32(1e-4))) / np.float32(GAMMA)
