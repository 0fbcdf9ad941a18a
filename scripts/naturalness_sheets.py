"""Pictures of what the naturalness recogniser looked at, with its scores."""

from pathlib import Path

import cv2
import numpy as np

from faceedit.recognisers.naturalness import NaturalnessRecogniser
from faceedit.training.recognisers.corruption_parts import plain_face
from faceedit.training.recognisers.corruptions import CORRUPTIONS
from faceedit.training.recognisers.examine_naturalness import SEVERITIES, score
from faceedit.training.recognisers.faces import SIZE, FaceTable


def draw_faults(network: NaturalnessRecogniser, table: FaceTable, path: Path) -> None:
    """Draw each fault on two faces by severity, with severity, proxy rating and Q."""
    order = np.random.default_rng(2).permutation(len(table))
    rows = []
    for number, kind in enumerate(CORRUPTIONS):
        cells = []
        for half in range(2):
            face, donor = (plain_face(table, int(order[2 * number + half + k])) for k in (0, 41))
            made = np.stack([to_bytes(kind(face, donor, s, 7 * number + half)) for s in SEVERITIES])
            for picture, s, q in zip(made, SEVERITIES, score(network, made), strict=True):
                cells.append(captioned(picture, f"{kind.rating(s):.1f} Q {q:.1f}"))
        cells[0] = captioned(cells[0], kind.name + ("*" if kind.held_out else ""), 14)
        rows.append(np.concatenate(cells, 1))
    cv2.imwrite(str(path), np.concatenate(rows)[..., ::-1])


def draw_lowest(network: NaturalnessRecogniser, table: FaceTable, path: Path) -> None:
    """Draw the 32 photos as they are that score lowest, and 16 that score highest."""
    found = score(network, table.pictures)
    order = np.argsort(found)
    chosen = [*order[:32], *order[-16:]]
    cells = [captioned(table.pictures[i].copy(), f"{found[i]:.1f}") for i in chosen]
    rows = [np.concatenate(cells[k : k + 8], 1) for k in range(0, 48, 8)]
    cv2.imwrite(str(path), np.concatenate(rows)[..., ::-1])


def to_bytes(picture: np.ndarray) -> np.ndarray:
    """Return a picture of [0, 1] as uint8."""
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def captioned(picture: np.ndarray, text: str, row: int = SIZE - 6) -> np.ndarray:
    """Return a copy of a picture with a text at a row of pixels."""
    return cv2.putText(picture.copy(), text, (3, row), 0, 0.45, (255, 255, 0), 1, cv2.LINE_AA)
