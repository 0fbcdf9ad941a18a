"""Before and after on one sheet: the whole photo and its faces, a column per version."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from faceedit.batch.result import Box
from faceedit.faces.types import Face
from faceedit.sheets import INK, PAPER

CELL, GAP, HEADING = 448, 16, 56
CLOSE = 1.9
"""A close-up shows this many times the longer side of the face's box."""


def draw_sheet(versions: Sequence[tuple[str, np.ndarray]], face: Face) -> Image.Image:
    """Draw a sheet about one face; see `draw_versions`."""
    return draw_versions(versions, [face.box])


def draw_versions(
    versions: Sequence[tuple[str, np.ndarray]], boxes: Sequence[Box], cell: int = CELL
) -> Image.Image:
    """Draw a sheet.

    Args:
        versions: label and (H, W, 3) uint8 RGB of each column, all of one size.
        boxes: (left, top, right, bottom) of the faces that close-ups show, which share a square
            below the photo; there may be none.
        cell: width of a column and of that square, in pixels.

    Returns:
        An RGB picture: labels, below them the photos, below them the close-ups.
    """
    height, width = versions[0][1].shape[:2]
    scale = cell / max(width, height)
    photo_size = max(1, round(width * scale)), max(1, round(height * scale))
    top = HEADING + photo_size[1] + GAP
    tiles = _tiles(len(boxes), cell)
    below = max((y + side + GAP for _, y, side in tiles), default=0)
    sheet = Image.new("RGB", (GAP + (cell + GAP) * len(versions), top + below), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(26)
    for at, (label, pixels) in enumerate(versions):
        left = GAP + (cell + GAP) * at
        pen.text((left + cell / 2, HEADING / 2), label, fill=INK, font=font, anchor="mm")
        photo = Image.fromarray(pixels)
        whole = photo.resize(photo_size, Image.Resampling.LANCZOS)
        sheet.paste(whole, (left + (cell - photo_size[0]) // 2, HEADING))
        for box, (x, y, side) in zip(boxes, tiles, strict=True):
            part = _square(box, width, height)
            face = photo.resize((side, side), Image.Resampling.LANCZOS, part)
            sheet.paste(face, (left + x, top + y))
    return sheet


def _tiles(count: int, cell: int) -> list[tuple[int, int, int]]:
    """Return left, top and side of so many squares that share a square cell."""
    if count == 0:
        return []
    columns = int(np.ceil(np.sqrt(count)))
    # Nearer to each other than the columns are.
    gap = GAP // 2
    side = (cell - gap * (columns - 1)) // columns
    step = side + gap
    return [(at % columns * step, at // columns * step, side) for at in range(count)]


def _square(box: Box, width: int, height: int) -> Box:
    """Return the square about a face, moved and shrunk to lie inside the photo."""
    left, top, right, bottom = box
    side = min(max(CLOSE * max(right - left, bottom - top), 1.0), width, height)
    x = min(max((left + right - side) / 2, 0.0), width - side)
    y = min(max((top + bottom - side) / 2, 0.0), height - side)
    return x, y, x + side, y + side
