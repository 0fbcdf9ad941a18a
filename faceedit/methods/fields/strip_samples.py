"""Training strips about the eyes: shifted a little, and now and then with spectacles drawn on.

Few people of the portraits wear spectacles, and their frames are few; drawn ones are of all kinds.
"""

import cv2
import numpy as np

from faceedit.compose.eye_strip import CENTRE, SPAN, STRIP_SIZE

DRAWN = 0.2
"""Share of bare faces that get spectacles."""


def vary_strip(strip: np.ndarray, worn: bool, rng: np.random.Generator) -> tuple[np.ndarray, bool]:
    """Return a strip as another finder might have cut it, and whether spectacles are worn on it.

    Args:
        strip: (32, 96, 3) float32 RGB in [0, 1].
        worn: whether spectacles are worn on the photo.
        rng: decides.
    """
    if not worn and rng.random() < DRAWN:
        strip, worn = draw_spectacles(strip, rng), True
    height, width = STRIP_SIZE
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 3), rng.normal(1, 0.06))
    turn[:, 2] += rng.normal(0, 1.5, 2)
    return cv2.warpAffine(strip, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), worn


def draw_spectacles(strip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a strip with random frames in front of the eyes."""
    fine = 4
    height, width = (fine * side for side in STRIP_SIZE)
    unit = width / SPAN
    # Eyes' middles lie a third of the distance of their outer corners from the middle.
    apart, up = rng.normal(0.34, 0.03) * unit, rng.normal(0.03, 0.03) * unit
    half = np.array([rng.uniform(0.22, 0.33), rng.uniform(0.14, 0.26)]) * unit
    square = rng.choice([2.0, 2.5, 4.0, 8.0])
    around = np.linspace(np.pi, 3 * np.pi, 49)
    lens = np.stack([np.cos(around), np.sin(around)], 1)
    lens = np.sign(lens) * np.abs(lens) ** (2 / square) * half
    thick = max(1, round(unit * rng.choice([0.012, 0.025, 0.05])))
    lines = np.zeros((height, width), np.uint8)
    glass = np.zeros((height, width), np.uint8)
    y = height * CENTRE + up
    whole = rng.random() < 0.75
    for side in (-1, 1):
        centre = np.array([width / 2 + side * apart, y])
        ring = np.rint(lens + centre).astype(np.int32)
        cv2.fillPoly(glass, [ring], 255)
        # Some rims are of the upper half alone.
        cv2.polylines(lines, [ring if whole else ring[:25]], False, 255, thick, cv2.LINE_AA)
        hinge = round(width / 2 + side * (apart + half[0]))
        end = (round(width / 2 + side * width / 2), round(y - rng.uniform(0.3, 0.8) * half[1]))
        cv2.line(lines, (hinge, end[1]), end, 255, thick, cv2.LINE_AA)
    left, right = (round(width / 2 + s * (apart - half[0])) for s in (-1, 1))
    over = round(y - 0.3 * half[1])
    cv2.line(lines, (left, over), (right, over), 255, thick, cv2.LINE_AA)
    frame, seen = (
        cv2.resize(plane, STRIP_SIZE[::-1], interpolation=cv2.INTER_AREA)[..., None] / 255.0
        for plane in (lines, glass)
    )
    dark = rng.random() < 0.75
    colour = (rng.uniform(0, 0.35) if dark else rng.uniform(0.5, 1)) + rng.normal(0, 0.06, 3)
    tint = rng.choice([0.0, rng.uniform(0.05, 0.9)], p=[0.7, 0.3])
    drawn = strip * (1 - tint * seen) + tint * seen * rng.uniform(0, 0.4)
    return (drawn + frame * rng.uniform(0.5, 1) * (colour - drawn)).astype(np.float32)
