"""Sheets of pictures for people to look at: rows and columns with labels."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from faceedit.errors import UsageError
from faceedit.outputs import REPLACE, SEALED_ONLY, Permit, check_writable, sealed, write_atomic

PAPER, INK = (250, 250, 248), (40, 40, 40)
SUFFIXES = (".png", ".jpg", ".jpeg")
QUALITY = 95


def sheet_permit(path: Path, overwrite: bool) -> Permit:
    """Return the permit for a sheet: other sheets are replaced, all else only if asked for.

    Raises:
        UsageError: the name ends otherwise than a sheet's.
        PlanError: something is there that may not be replaced.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: the sheet's name must end with .png or .jpg")
    permit = REPLACE if overwrite else SEALED_ONLY
    check_writable([path], permit)
    return permit


def save_sheet(path: Path, sheet: Image.Image, permit: Permit) -> None:
    """Write a sheet with a seal, by which it may be replaced later.

    Raises:
        WriteError: it cannot be written.
    """
    file = io.BytesIO()
    format = "PNG" if path.suffix.lower() == ".png" else "JPEG"
    sheet.save(file, format, quality=QUALITY)
    write_atomic(path, sealed(file.getvalue()), permit)


def draw_captioned(
    cells: Sequence[np.ndarray], captions: Sequence[str], columns: int, gap: int = 6
) -> Image.Image:
    """Draw pictures in rows, each with its caption above it.

    Args:
        cells: (h, w, 3) uint8 RGB, all of one size.
        captions: as many.
        columns: pictures in a row.
        gap: pixels between pictures and around them.

    Returns:
        An RGB picture.
    """
    height, width = cells[0].shape[:2]
    type_size = max(11.0, width / 14)
    line, font = round(1.6 * type_size), ImageFont.load_default(type_size)
    down = -(-len(cells) // columns)
    size = (gap + columns * (width + gap), gap + down * (line + height + gap))
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    for at, (cell, caption) in enumerate(zip(cells, captions, strict=True)):
        left = gap + at % columns * (width + gap)
        top = gap + at // columns * (line + height + gap)
        middle = (left + width / 2, top + line / 2)
        pen.text(middle, caption, fill=INK, font=font, anchor="mm")
        sheet.paste(Image.fromarray(cell), (left, top + line))
    return sheet


def draw_table(
    cells: Sequence[Sequence[np.ndarray]],
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
    axes: tuple[str, str] = ("", ""),
    gap: int = 0,
    type_size: float = 14.0,
) -> Image.Image:
    """Draw pictures in rows and columns.

    Args:
        cells: (h, w, 3) uint8 RGB, all of one size; all rows are of one length.
        columns: written above each column; may be empty.
        rows: written to the left of each row; may be empty.
        axes: what columns and rows show, written above all and, upwards, to the left of all.
        gap: pixels between pictures and around them.
        type_size: of labels in pixels.

    Returns:
        An RGB picture.
    """
    font = ImageFont.load_default(type_size)
    line, margin = round(1.6 * type_size), round(0.5 * type_size)
    height, width = cells[0][0].shape[:2]
    widest = max((font.getlength(one) for one in rows), default=0.0)
    left = gap + (line if axes[1] else 0) + (round(widest) + 2 * margin if rows else 0)
    top = gap + (line if axes[0] else 0) + (line if columns else 0)
    across, down = len(cells[0]) * (width + gap), len(cells) * (height + gap)
    sheet = Image.new("RGB", (left + across, top + down), PAPER)
    pen = ImageDraw.Draw(sheet)
    for at, label in enumerate(columns):
        middle = left + at * (width + gap) + width / 2, top - line / 2
        pen.text(middle, label, fill=INK, font=font, anchor="mm")
    for at, label in enumerate(rows):
        end = left - margin, top + at * (height + gap) + height / 2
        pen.text(end, label, fill=INK, font=font, anchor="rm")
    if axes[0]:
        pen.text((left + across / 2, gap + line / 2), axes[0], fill=INK, font=font, anchor="mm")
    if axes[1]:
        upright = Image.new("RGB", (down, line), PAPER)
        at = (down / 2, line / 2)
        ImageDraw.Draw(upright).text(at, axes[1], fill=INK, font=font, anchor="mm")
        sheet.paste(upright.transpose(Image.Transpose.ROTATE_90), (gap, top))
    for i, row in enumerate(cells):
        for k, cell in enumerate(row):
            sheet.paste(Image.fromarray(cell), (left + k * (width + gap), top + i * (height + gap)))
    return sheet
