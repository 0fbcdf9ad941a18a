"""What action units move, measured on landmarks: a check that needs no network."""

from collections.abc import Sequence

import numpy as np

from faceedit.faces.topology import LOWER_LIDS, OUTER_EYE_CORNERS, UPPER_LIDS

EYE_CORNERS = (33, 133, 362, 263)
INNER_BROWS, OUTER_BROWS = (107, 55, 336, 285), (70, 46, 300, 276)
MOUTH_CORNERS, INNER_LIPS = (61, 291), (13, 14)


def unit_measures(landmarks: np.ndarray) -> dict[int, np.ndarray]:
    """Return what tells of action units in eye distances, (N,) each, larger where it is stronger.

    Height of the inner and outer brows (1, 2), nearness of the brows to each other and to the eyes
    (4), opening of the lids (5, and less of it 45), the mouth's corners up and apart (12), down
    (15) and apart (20), and opening of the lips (25, 26).

    Args:
        landmarks: (N, 478, 2 or 3) in pixels of upright faces.
    """
    points = landmarks[..., :2].astype(np.float64)
    right, left = (points[:, i] for i in OUTER_EYE_CORNERS)
    points = points / np.linalg.norm(left - right, axis=1)[:, None, None]
    eyes = points[:, list(EYE_CORNERS), 1].mean(1)

    def height(numbers: Sequence[int]) -> np.ndarray:
        return eyes - points[:, list(numbers), 1].mean(1)

    def opening(high: Sequence[int], low: Sequence[int]) -> np.ndarray:
        return (points[:, list(low), 1] - points[:, list(high), 1]).mean(1)

    lids = np.mean(
        [opening(a[1:-1], b[1:-1]) for a, b in zip(UPPER_LIDS, LOWER_LIDS, strict=True)], axis=0
    )
    corners, lips = points[:, list(MOUTH_CORNERS)], opening(INNER_LIPS[:1], INNER_LIPS[1:])
    wide = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
    apart = (points[:, list(INNER_BROWS[2:]), 0] - points[:, list(INNER_BROWS[:2]), 0]).mean(1)
    return {
        1: height(INNER_BROWS),
        2: height(OUTER_BROWS),
        4: -apart - height(INNER_BROWS),
        5: lids,
        12: height(MOUTH_CORNERS) + wide / 2,
        15: -height(MOUTH_CORNERS),
        20: wide,
        25: lips,
        26: lips,
        45: -lids,
    }
