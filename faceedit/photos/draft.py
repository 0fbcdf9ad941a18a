"""A JPEG at a fraction of its size, at a fraction of the time: enough to see what it shows."""

from dataclasses import dataclass, replace

import numpy as np

from faceedit.photos import jpeg
from faceedit.photos import metadata as meta
from faceedit.photos.budget import Budget, Spending
from faceedit.photos.formats import format_of, sniff
from faceedit.photos.pixels import Raster, turn
from faceedit.photos.types import PhotoFile

LEAST_SIDE = 1024
"""The longer side of a draft is not below this."""


@dataclass(frozen=True, eq=False)
class Draft:
    """A photo made smaller by its decoder.

    Attributes:
        pixels: (h, w, 3) uint8 RGB, upright.
        scale: the photo's longer side over that of ``pixels``.
    """

    pixels: np.ndarray
    scale: float


def draft_photo(file: PhotoFile, shrink: int = 4, budget: Budget | None = None) -> Draft | None:
    """Decode a photo smaller than it is.

    Args:
        file: loaded.
        shrink: 2, 4 or 8 times.
        budget: what decoding the photo in full may cost; a draft may take a third of the time.

    Returns:
        The draft, or None where there is none to be had: the file is no sound 8-bit RGB or grey
        JPEG, or is too small to be made smaller. What is wrong with it `decode_photo` says.
    """
    if format_of(file.path) != "jpeg" or sniff(file.data[:64]) != "jpeg":
        return None
    try:
        return _draft(file, shrink, budget or Budget())
    # Decoders raise almost anything on broken files.
    except Exception:
        return None


def _draft(file: PhotoFile, shrink: int, budget: Budget) -> Draft | None:
    from PIL.JpegImagePlugin import JpegImageFile

    layout = jpeg.walk(file.data)
    budget = replace(budget, seconds=budget.seconds / 3)
    spending = Spending(file.path, len(file.data), budget)
    image = JpegImageFile(spending.open(jpeg.without_metadata(file.data, layout)))
    width, height = image.size
    if image.mode not in ("L", "RGB") or max(width, height) < shrink * LEAST_SIDE:
        return None
    spending.check_size(image.size)
    jpeg.check_scans(layout.scans, width * height)
    # Pillow takes the largest fraction that is no smaller than what is asked for.
    image.draft(image.mode, (width // shrink, height // shrink))
    # All coefficients of several scans are kept, whatever is made of them.
    size = image.size if layout.scans == 1 else (width, height)
    spending.check_memory("jpeg", image.mode, size, scans=layout.scans)
    image.load()
    pixels = np.asarray(image.convert("RGB"))
    orientation = meta.orientation(jpeg.read_metadata(file.data, layout))
    upright = turn(Raster("RGB", pixels), orientation).pixels
    return Draft(np.ascontiguousarray(upright), max(width, height) / max(upright.shape[:2]))
