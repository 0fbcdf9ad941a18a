"""Contact sheets: rows of pictures for people to look at."""

from pathlib import Path

import cv2
import numpy as np


def write_sheet(path: Path, rows: list[list[np.ndarray]], titles: list[str] | None = None) -> None:
    """Write pictures of one size as a grid.

    Args:
        path: a .jpg or .png file.
        rows: (S, S, 3) float32 RGB in [0, 1] or uint8 pictures; all rows are of one length.
        titles: one per column, written above it.
    """
    strips = [np.hstack([_to_bytes(picture) for picture in row]) for row in rows]
    sheet = np.vstack(strips)[..., ::-1].copy()
    if titles:
        side = rows[0][0].shape[1]
        head = np.full((22, sheet.shape[1], 3), 255, np.uint8)
        for column, title in enumerate(titles):
            place = (column * side + 6, 16)
            cv2.putText(
                head, title, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA
            )
        sheet = np.vstack([head, sheet])
    if not cv2.imwrite(str(path), sheet):
        raise OSError(f"cannot write {path}")


def _to_bytes(picture: np.ndarray) -> np.ndarray:
    if picture.dtype == np.uint8:
        return picture
    return np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
