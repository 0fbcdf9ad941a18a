"""Readings drawn on the photo: a box, an arrow from the light, and a caption for every face."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from faceedit.analysis.captions import (
    GAP,
    LINE,
    SMALLEST,
    Box,
    Caption,
    captions_of,
    place_caption,
    shared,
)
from faceedit.analysis.reading import FaceReading
from faceedit.photos.pixels import eight_bits

INK = (255, 255, 255, 255)
PAPER, THICK_PAPER = (0, 0, 0, 175), (0, 0, 0, 235)
"""Behind captions: white on it is read over any photo, and over the lines of a box."""
SHADOW = (0, 0, 0, 255)
LIGHT = (255, 214, 10, 255)
TEXT = 0.052
"""Size of the type as a share of the face's height."""
WIDEST_TEXT = 0.045
"""The most that it is, as a share of the photo's shorter side."""
STROKE = 0.16
"""Width of lines in sizes of the type."""
FRONTAL = 0.2
"""A light whose direction is nearer to the camera's than this is drawn as a disc."""


def draw_readings(pixels: np.ndarray, faces: Sequence[FaceReading]) -> np.ndarray:
    """Draw readings on a copy of a photo; every other pixel keeps its value.

    Captions lie beside their faces and cover no other face where there is room for that; where
    there is little, they say less.

    Args:
        pixels: (H, W, 3) uint8 or uint16 RGB, upright.
        faces: of this photo.

    Returns:
        Pixels of the same shape and type.
    """
    deep = pixels.dtype == np.uint16
    seen = eight_bits(pixels)
    image = Image.fromarray(seen)
    # In this mode Pillow blends what it draws by its opacity.
    pen = ImageDraw.Draw(image, "RGBA")
    limit = (image.width, image.height)
    sizes = [_type_size(face, limit) for face in faces]
    boxes = [_outer(face, size) for face, size in zip(faces, sizes, strict=True)]
    for face, box, size in zip(faces, boxes, sizes, strict=True):
        _draw_box(pen, box, size)
        _draw_light(pen, face, box, size)
    if len(faces) > 1:
        for number, (box, size) in enumerate(zip(boxes, sizes, strict=True), 1):
            _draw_number(pen, number, box, size)
    cores = [_core(face) for face in faces]
    placed: list[Box] = []
    for number, (face, box, size) in enumerate(zip(faces, boxes, sizes, strict=True), 1):
        blocked = [*boxes, *placed], [*cores, *placed]
        caption, place = place_caption(captions_of(face, number, size), box, blocked, limit)
        crossed = any(shared(place, other) for other in boxes)
        _draw_caption(pen, caption, place, THICK_PAPER if crossed else PAPER)
        placed.append(place)
    drawn = np.asarray(image)
    result = pixels.copy()
    changed = (drawn != seen).any(axis=2)
    result[changed] = drawn[changed].astype(pixels.dtype) * (257 if deep else 1)
    return result


def _type_size(face: FaceReading, limit: tuple[int, int]) -> float:
    _, top, _, bottom = face.face.box
    most = max(SMALLEST, WIDEST_TEXT * min(limit))
    return float(np.clip(TEXT * (bottom - top), SMALLEST, most))


def _outer(face: FaceReading, size: float) -> Box:
    left, top, right, bottom = face.face.box
    margin = 0.6 * size
    return left - margin, top - margin, right + margin, bottom + margin


def _core(face: FaceReading) -> Box:
    """Return the part of a face, brows to lower lip, that a caption should leave to be seen."""
    left, top, right, bottom = face.face.box
    width, height = right - left, bottom - top
    return left + 0.1 * width, top + 0.25 * height, right - 0.1 * width, bottom - 0.15 * height


def _draw_box(pen: ImageDraw.ImageDraw, box: Box, size: float) -> None:
    width = max(1, round(STROKE * size))
    outer = tuple(side + d for side, d in zip(box, (-width, -width, width, width), strict=True))
    pen.rectangle(outer, outline=SHADOW, width=3 * width)
    pen.rectangle(box, outline=INK, width=width)


def _draw_number(pen: ImageDraw.ImageDraw, number: int, box: Box, size: float) -> None:
    """Draw a face's number inside its box: among many its caption may be nearer to another."""
    font = ImageFont.load_default(size)
    width = font.getlength(str(number)) + GAP * size
    corner = box[0], box[1]
    pen.rectangle((*corner, corner[0] + width, corner[1] + LINE * size), fill=THICK_PAPER)
    middle = corner[0] + width / 2, corner[1] + LINE * size / 2
    pen.text(middle, str(number), fill=INK, font=font, anchor="mm")


def _draw_light(pen: ImageDraw.ImageDraw, face: FaceReading, box: Box, size: float) -> None:
    """Draw an arrow into the box from where the light comes, longer for stronger light."""
    x, y, _ = (float(v) for v in face.appearance.light_vector)
    strength = face.appearance.strength
    aside = float(np.hypot(x, y))
    centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
    width = max(2, round(1.6 * STROKE * size))
    if aside < FRONTAL * max(strength, 1e-6):
        radius = size * (0.4 + strength)
        at = np.array([centre[0], box[1]])
        _ring(pen, at, radius, width)
        return
    to_light = np.array([x, -y]) / aside
    # Where the ray leaves the box, its point lies a little inside.
    half = np.array([box[2] - box[0], box[3] - box[1]]) / 2
    reach = float(np.min(half / np.maximum(np.abs(to_light), 1e-6)))
    point = centre + to_light * (reach - size)
    tail = point + to_light * size * (1.8 + 3.2 * strength)
    side = np.array([-to_light[1], to_light[0]])
    barbs = [point + size * (0.9 * to_light + s * 0.6 * side) for s in (-1, 1)]
    for colour, wide in ((SHADOW, 2.2 * width), (LIGHT, width)):
        shaft = [tuple(tail), tuple(point)]
        pen.line(shaft, fill=colour, width=round(wide))
        head = [tuple(barbs[0]), tuple(point), tuple(barbs[1])]
        pen.line(head, fill=colour, width=round(wide), joint="curve")


def _ring(pen: ImageDraw.ImageDraw, at: np.ndarray, radius: float, width: int) -> None:
    for colour, more in ((SHADOW, 0.6 * width), (LIGHT, 0.0)):
        r = radius + more
        pen.ellipse((*(at - r), *(at + r)), outline=colour, width=round(width + 2 * more))


def _draw_caption(
    pen: ImageDraw.ImageDraw, caption: Caption, place: Box, paper: tuple[int, int, int, int]
) -> None:
    pen.rectangle(place, fill=paper)
    size = caption.size
    for at, line in enumerate(caption.lines):
        where = place[0] + GAP * size, place[1] + (GAP + (at + 0.5) * LINE) * size
        pen.text(where, line, fill=INK, font=caption.font, anchor="lm")
