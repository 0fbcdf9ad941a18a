"""Contact sheets: rows of pictures for people to look at."""

from pathlib import Path

import cv2
import numpy as np

from faceedit.errors import WriteError
from faceedit.outputs import REPLACE, write_atomic
from faceedit.sheets import draw_table


def write_sheet(path: Path, rows: list[list[np.ndarray]], titles: list[str] | None = None) -> None:
    """Write pictures of one size as a grid, in place of what is there.

    Args:
        path: a .jpg or .png file.
        rows: (S, S, 3) float32 RGB in [0, 1] or uint8 pictures; all rows are of one length.
        titles: one per column, written above it.

    Raises:
        WriteError: it cannot be written.
    """
    cells = [[_to_bytes(picture) for picture in row] for row in rows]
    sheet = np.asarray(draw_table(cells, titles or ()))[..., ::-1]
    done, data = cv2.imencode(path.suffix, sheet)
    if not done:
        raise WriteError(path, "the pictures cannot be encoded")
    write_atomic(path, data.tobytes(), REPLACE)


def _to_bytes(picture: np.ndarray) -> np.ndarray:
    if picture.dtype == np.uint8:
        return picture
    return np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
