"""People drawn from ellipses, with the true maps of their parts."""

from typing import NamedTuple

import cv2
import numpy as np

from faceedit.faces.align import crop_affine, transform_landmarks
from faceedit.faces.topology import BROW_OUTLINES, EYES, FACE_OVAL, OUTER_LIPS, mean_shape
from faceedit.studio.head import Zone
from faceedit.studio.matte import face_coordinates

EYE_DISTANCES = 2.8


class Drawn(NamedTuple):
    """One picture: pixels (S, S, 3), landmarks (478, 3), and three (S, S) float32 maps."""

    pixels: np.ndarray
    landmarks: np.ndarray
    matte: np.ndarray
    hair: np.ndarray
    skin: np.ndarray


def mesh(size):
    """The mean face where an aligned crop of `size` pixels has it."""
    shape = mean_shape() * 100.0 + 300.0
    return transform_landmarks(shape, crop_affine(shape, size))


def draw_person(size, background, tone, hair=(0.18, 0.10, 0.06)):
    landmarks = mesh(size)
    unit = size / EYE_DISTANCES
    oval = landmarks[list(FACE_OVAL), :2]
    x, chin, top = oval[:, 0].mean(), oval[:, 1].max(), oval[:, 1].min()
    half = np.ptp(oval[:, 0]) / 2
    maps = {name: np.zeros((size, size), np.float32) for name in ("head", "face", "neck", "body")}
    head = (x, (chin + top) / 2 - 0.18 * unit), (1.2 * half, (chin - top) / 2 + 0.18 * unit)
    _ellipse(maps["head"], *head)
    _polygon(maps["face"], oval)
    low = np.array([[x - 0.6 * half, chin - 0.3 * unit], [x + 0.6 * half, chin - 0.3 * unit]])
    _polygon(maps["neck"], np.vstack([low, low[::-1] + np.array([0, unit])]))
    _ellipse(maps["body"], (x, chin + 0.85 * unit), (1.3 * unit, 0.6 * unit))
    columns = np.arange(size)[None, :, None] < size * 0.55
    pixels = np.where(columns, np.float32(background[0]), np.float32(background[1]))
    pixels = np.broadcast_to(pixels, (size, size, 3)).astype(np.float32)
    skin = np.array(tone, np.float32)
    layers = [
        ("body", (0.55, 0.12, 0.14)),
        ("neck", skin * 0.95),
        ("head", skin if hair is None else hair),
        ("face", skin),
    ]
    for name, colour in layers:
        alpha = maps[name][..., None]
        pixels = pixels * (1 - alpha) + np.asarray(colour, np.float32) * alpha
    for outline in BROW_OUTLINES:
        _paint(pixels, landmarks, outline, (0.2, 0.12, 0.08))
    for outline in EYES:
        _paint(pixels, landmarks, outline, (0.9, 0.9, 0.9))
    _paint(pixels, landmarks, OUTER_LIPS, (0.65, 0.3, 0.3))
    noise = np.random.default_rng(0).normal(0, 0.01, pixels.shape)
    pixels = np.clip(pixels + noise, 0, 1).astype(np.float32)
    matte = np.max(list(maps.values()), axis=0)
    flesh = np.maximum(maps["face"], maps["neck"] * (1 - maps["head"]))
    hairy = maps["head"] * (1 - maps["face"]) * (hair is not None)
    return Drawn(pixels, landmarks, matte, hairy.astype(np.float32), flesh)


def zones_of(person):
    """The zones that a head model fitted to a drawn person would have."""
    size = len(person.pixels)
    gap, height, aside = face_coordinates(person.landmarks, size)
    half = np.ptp(person.landmarks[list(FACE_OVAL), 0]) / 2 / (size / EYE_DISTANCES)
    zones = np.full((size, size), Zone.NONE, np.uint8)
    zones[(gap > 0) & (height > 0.6) & (gap < 0.25)] = Zone.SCALP
    zones[(gap > 0) & (gap < 0.1) & (height > 0.3) & (height < 0.6)] = Zone.EAR
    zones[(height < 0) & (height > -0.3) & (aside < 0.6 * half)] = Zone.NECK
    zones[(height < -0.3)] = Zone.SHOULDERS
    zones[gap <= 0] = Zone.FACE
    return zones


def draw_spectacles(person, colour=(0.05, 0.05, 0.06), glass=None):
    """Put frames on a drawn person, round, half an eye distance wide: pixels and (2, 64, 2)."""
    size = len(person.pixels)
    unit = size / EYE_DISTANCES
    pixels = person.pixels.copy()
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    rims = []
    for eye in EYES:
        middle = person.landmarks[list(eye), :2].mean(0) + np.array([0, 0.06 * unit])
        axes = np.array([0.27 * unit, 0.23 * unit])
        rim = np.column_stack([np.cos(angle), np.sin(angle)]) * axes + middle
        fixed = np.round(rim * 16).astype(np.int32)
        if glass is not None:
            _polygon(pixels, rim, glass)
        cv2.polylines(pixels, [fixed], True, colour, max(1, size // 64), cv2.LINE_AA, 4)
        rims.append(rim)
    return pixels, np.array(rims)


def _ellipse(canvas, centre, axes):
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    _polygon(canvas, np.column_stack([np.cos(angle), np.sin(angle)]) * axes + centre)


def _polygon(canvas, corners, value=1.0):
    fixed = np.round(np.asarray(corners) * 16).astype(np.int32)
    cv2.fillPoly(canvas, [fixed], value, cv2.LINE_8, 4)


def _paint(pixels, landmarks, outline, colour):
    _polygon(pixels, landmarks[list(outline), :2], colour)
