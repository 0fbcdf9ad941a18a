"""How much memory a photo takes on its way through an edit, told from its header.

The figures are peaks of whole runs over photos of 36 megapixels beyond what a small photo takes,
as ``scripts/measure_memory.py`` measures them, and a tenth more.
"""

from collections.abc import Collection

import numpy as np

# Bytes per pixel of 8-bit colour. Most are taken while the edited photo is encoded: it is held
# twice, before and after, and once more as the encoder has it.
_BYTES = {"jpeg": 13, "png": 13, "bmp": 13, "tiff": 17, "webp": 19, "avif": 38, "heif": 40}
_ALPHA = 4
_SCANS = 6
"""JPEG keeps all coefficients of a picture that is stored in several scans."""
_FACE = 90
"""Bytes per pixel of the photo that the largest face's crop covers; its eyes take most of them."""
_BETWEEN = 24
"""The same for the floats between the steps of an edit."""


def estimate(
    formats: Collection[str],
    mode: str,
    size: tuple[int, int],
    data: int,
    *,
    deep: bool = False,
    scans: int = 1,
) -> int:
    """Return the bytes that reading a photo, finding its faces and writing it take.

    Args:
        formats: names from ``formats.FORMATS``: the photo's and the output's.
        mode: of Pillow's picture.
        size: width and height.
        data: bytes of the file.
        deep: colour of 16 bits a channel.
        scans: of a JPEG file.
    """
    each = max(_BYTES[format] for format in formats)
    alpha = _ALPHA if mode in ("LA", "RGBA", "PA") else 0
    if deep:
        each = 2 * (each + alpha) + 2 * alpha
    elif mode.startswith("I;16"):
        each = 3 * each // 2
    else:
        each += alpha
    if scans > 1:
        each += _SCANS
    return size[0] * size[1] * each + 2 * data


def estimate_faces(pixels: np.ndarray, area: int, several: bool = False) -> int:
    """Return the bytes that a photo and composing the largest of its faces take.

    Args:
        pixels: (H, W, 3), the photo.
        area: pixels of the photo that the face's crop covers.
        several: the edit has several steps.
    """
    return 2 * pixels.nbytes + (_FACE + several * _BETWEEN) * area
