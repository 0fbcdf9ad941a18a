"""One photo's before/after sheet, from both files' own pixels."""

import io
from pathlib import Path

import numpy as np

from faceedit.batch.report.items import ReportItem
from faceedit.batch.result import Box
from faceedit.batch.sheet import draw_versions
from faceedit.errors import UnsupportedError
from faceedit.outputs import SEALED_ONLY, Permit, sealed, shared_permissions, write_atomic
from faceedit.photos.picture import read_picture

MAX_FACES = 4
CELL = 896
"""Side in pixels of the square that a photo, or the close-ups of its faces, fill."""
_QUALITY = 92


def write_compare(item: ReportItem, path: Path, permit: Permit = SEALED_ONLY) -> None:
    """Write a JPEG sheet: the photo before and after, and close-ups of its largest faces.

    Colours are in sRGB. Close-ups are cut from the full pixels of both files, the largest four
    faces at most, from left to right.

    Args:
        item: a photo with an ``after``.
        path: the sheet, which gets the permissions of the photo.
        permit: what may be replaced.

    Raises:
        PhotoError: there is no after, one of the files cannot be read, they differ in size, or
            the sheet cannot be written.
    """
    if item.after is None:
        raise UnsupportedError(item.before, "there is no edited picture to compare it with")
    before, after = read_picture(item.before).image, read_picture(item.after).image
    if before.size != after.size:
        raise UnsupportedError(item.after, "it has not the size of the photo that it was made from")
    versions = [("before", np.asarray(before)), ("after", np.asarray(after))]
    sheet = draw_versions(versions, _largest(item.boxes), CELL)
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=_QUALITY)
    write_atomic(
        path,
        sealed(stream.getvalue()),
        permit,
        permissions=shared_permissions([item.before, item.after]),
        like=item.after.parent,
    )


def _largest(boxes: tuple[Box, ...]) -> list[Box]:
    def area(box: Box) -> float:
        return (box[2] - box[0]) * (box[3] - box[1])

    return sorted(sorted(boxes, key=area, reverse=True)[:MAX_FACES])
