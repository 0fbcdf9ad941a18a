"""Building a bank of mouths from smiling photos."""

import cv2
import numpy as np

from faceedit.errors import UsageError
from faceedit.faces.topology import INNER_LIPS, LIPS
from faceedit.studio.drawing import draw_model
from faceedit.studio.model import MOUTH_PARTS
from faceedit.studio.mouth_bank import Donor, MouthBank
from faceedit.studio.subject import Subject
from faceedit.tones import LUMA

MOST_DONORS = 24
OPEN, MOST_RESIDUAL, MOST_TURN = 0.05, 0.02, 0.2
"""Of photos to learn from: least gap of the lips in eye distances, largest error of the fit in
eye distances, largest yaw in radians."""
LEAST_SHOWN, FULL_HEIGHT = 0.006, 0.11
"""Square eye distances of an open mouth to learn from; height in eye distances that shows teeth
whole."""
PALE, DARK, BLOWN, LEAST_TEETH = 0.68, 0.6, 0.985, 0.6
"""Teeth are at least so near grey, so bright against the brightest, and below white; the
least share of them between the lips."""


def learn_mouths(subjects: list[Subject], most: int = MOST_DONORS) -> MouthBank:
    """Build a bank from smiling photos.

    Kept are mouths well open, frontal, well exposed and sharp; the sharpest first, but no more
    than `most`.

    Args:
        subjects: fitted photos, of people one may learn from; at 512 pixels or so.
        most: donors to keep.

    Raises:
        UsageError: none of them shows its teeth well.
    """
    found = []
    for number, subject in enumerate(subjects):
        if subject.gap < OPEN or subject.residual > MOST_RESIDUAL:
            continue
        if abs(float(subject.pose.camera.turn[1])) > MOST_TURN:
            continue
        donor = _donor(subject, str(number))
        quality = _quality(donor, subject.unit)
        if quality is not None:
            found.append((quality, number, donor))
    if not found:
        raise UsageError("no photo shows its teeth well enough to learn mouths from")
    found.sort(key=lambda f: (-f[0], f[1]))
    model = subjects[0].model
    vertices = np.flatnonzero(np.isin(model.vertex_part, MOUTH_PARTS)).astype(np.int32)
    return MouthBank(vertices, tuple(donor for _, _, donor in found[:most]))


def _donor(subject: Subject, identity: str) -> Donor:
    model, pose, unit = subject.model, subject.pose, subject.unit
    size, landmarks = subject.crop.size, subject.crop.landmarks
    lips, ring = (landmarks[list(of), :2] for of in (LIPS, INNER_LIPS))
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.rint(ring * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    width = max(3, int(0.018 * unit) | 1)
    mask = cv2.erode(mask, np.ones((width, width), np.uint8))
    alpha = cv2.GaussianBlur(np.asarray(mask, np.float32) / 255, (0, 0), 0.012 * unit)
    low = np.clip(np.floor(lips.min(0)), 0, size - 2).astype(int)
    high = np.clip(np.ceil(lips.max(0)) + 1, low + 2, size).astype(int)
    box = (slice(low[1], high[1]), slice(low[0], high[0]))
    vertices = np.flatnonzero(np.isin(model.vertex_part, MOUTH_PARTS))
    drawn = draw_model(model, pose.places, pose.depth, (size, size), MOUTH_PARTS)
    pixels, alpha = subject.crop.pixels[box].copy(), alpha[box]
    well = alpha > 0.8
    tone = float(np.percentile((pixels @ LUMA)[well], 75)) if well.any() else 0.0
    return Donor(
        pixels=pixels,
        alpha=alpha,
        places=pose.places[vertices] - low.astype(np.float32),
        nearest=drawn.depth[box],
        depth=pose.depth[vertices],
        tone=tone,
        identity=identity,
    )


def _quality(donor: Donor, unit: float) -> float | None:
    """Return how well a donor's teeth are seen, sharp and of their full height.

    None where they are not: too small, blown out, or mostly lips, tongue and dark.
    """
    well = donor.alpha > 0.8
    if well.sum() < LEAST_SHOWN * unit**2:
        return None
    luma, inside = donor.pixels @ LUMA, donor.pixels[well]
    pale = 1 - np.ptp(inside, axis=1) / np.maximum(inside.max(1), 1e-3)
    tooth = (pale > PALE) & (luma[well] > DARK * np.percentile(luma[well], 92))
    if (inside.min(1) > BLOWN).mean() > 0.1 or donor.tone < 0.4 or tooth.mean() < LEAST_TEETH:
        return None
    height = float(np.percentile(well.sum(0)[well.any(0)], 75)) / unit
    detail = cv2.Laplacian(cv2.GaussianBlur(luma, (0, 0), 0.8), cv2.CV_32F)[well]
    return float(np.asarray(detail).std()) / donor.tone * min(height / FULL_HEIGHT, 1.0) ** 2
