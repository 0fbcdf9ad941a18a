"""Before and after on one sheet: the whole photo and its face, a column per version."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from faceedit.faces.types import Face

CELL, GAP, HEADING = 448, 16, 56
PAPER, INK = (250, 250, 248), (40, 40, 40)
CLOSE = 1.9
"""The close-up shows this many times the longer side of the face's box."""


def draw_sheet(versions: Sequence[tuple[str, np.ndarray]], face: Face) -> Image.Image:
    """Draw a sheet.

    Args:
        versions: label and (H, W, 3) uint8 RGB of each column, all of one size.
        face: whom the close-ups show.

    Returns:
        An RGB picture: labels, below them the photos, below them the close-ups.
    """
    height, width = versions[0][1].shape[:2]
    scale = CELL / max(width, height)
    photo_size = round(width * scale), round(height * scale)
    top = HEADING + photo_size[1] + GAP
    sheet = Image.new("RGB", (GAP + (CELL + GAP) * len(versions), top + CELL + GAP), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(26)
    for at, (label, pixels) in enumerate(versions):
        left = GAP + (CELL + GAP) * at
        pen.text((left + CELL / 2, HEADING / 2), label, fill=INK, font=font, anchor="mm")
        photo = Image.fromarray(pixels)
        whole = photo.resize(photo_size, Image.Resampling.LANCZOS)
        sheet.paste(whole, (left + (CELL - photo_size[0]) // 2, HEADING))
        box = _square(face, width, height)
        sheet.paste(photo.resize((CELL, CELL), Image.Resampling.LANCZOS, box), (left, top))
    return sheet


def _square(face: Face, width: int, height: int) -> tuple[float, float, float, float]:
    """Return the square about a face, moved and shrunk to lie inside the photo."""
    left, top, right, bottom = face.box
    side = min(CLOSE * max(right - left, bottom - top), width, height)
    x = min(max((left + right - side) / 2, 0.0), width - side)
    y = min(max((top + bottom - side) / 2, 0.0), height - side)
    return x, y, x + side, y + side
