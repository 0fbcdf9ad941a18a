"""Landmarks refined by the face-alignment package (Bulat and Tzimiropoulos 2017).

The package finds 68 points. They correct the 478 of the mesh: the 51 inside the face name the same
places in both, and a smoothing thin-plate spline carries their differences to all other points. The
17 of the jaw follow the visible outline, which is no fixed place of the mesh, and are not used.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from faceedit.errors import MissingError, UsageError
from faceedit.faces.find.mesh import cut, region_of_landmarks
from faceedit.faces.types import Face

WEIGHTS = "2DFAN4-11f355bf06.pth.tar"
N_JAW = 17
MESH_POINTS = (
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),
    *(168, 197, 5, 4, 98, 97, 2, 326, 327),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),
    *(78, 82, 13, 312, 308, 317, 14, 87),
)
"""The mesh's points for iBUG points 17 to 67: brows, nose, eyes, outer lips, inner lips."""
SIZE = 384
MARGIN = 1.6
SMOOTHING = 0.02


class Aligner(Protocol):
    """What is used of ``face_alignment.FaceAlignment``."""

    def get_landmarks_from_image(self, image_or_path: Any, detected_faces: Any = None) -> Any:
        """(68, 2) points for each box of an RGB picture; None where there are none."""
        ...


def check_landmarks(kind: str) -> None:
    """Refuse landmarks of no known kind.

    Raises:
        UsageError: it is neither ``mesh`` nor ``face-alignment``.
    """
    if kind not in ("mesh", "face-alignment"):
        raise UsageError(f"landmarks must be mesh or face-alignment, not {kind!r}")


def load_aligner(device: str = "cpu") -> Aligner:
    """The package's 2D network, without ever asking the network for its weights.

    Args:
        device: a torch device.

    Raises:
        MissingError: the package or its weights are not on this machine.
    """
    import torch

    path = Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS
    if not path.is_file():
        raise MissingError(
            f"--landmarks face-alignment needs the weights {WEIGHTS}; put them at {path}, "
            "or use the built-in landmarks"
        )
    try:
        from face_alignment import FaceAlignment, LandmarksType
        from face_alignment.api import models_urls
    except ImportError as error:
        raise MissingError(f"the face-alignment package cannot be imported: {error}") from error
    if not str(models_urls.get("2DFAN-4", "")).endswith(f"/{WEIGHTS}"):
        # Another version would go and download other weights.
        raise MissingError(f"this face-alignment package uses other weights than {WEIGHTS}")
    # The package's "folder" detector has no network of its own; boxes come from the mesh.
    return FaceAlignment(LandmarksType.TWO_D, device=device, face_detector="folder", compile=False)


def refine(aligner: Aligner, pixels: np.ndarray, faces: Sequence[Face]) -> list[Face]:
    """Faces with landmarks corrected by the package's.

    Each face is shown to it level, in a square cut from the photo, with the box of its mesh.

    Args:
        aligner: from `load_aligner`.
        pixels: (H, W, 3) uint8 RGB photo.
        faces: of that photo.

    Returns:
        The faces in the same order; one that the package says nothing about is unchanged.
    """
    refined = []
    for face in faces:
        region = region_of_landmarks(face.landmarks, MARGIN)
        to_photo = region.to_photo(SIZE)
        turn, shift = to_photo[:, :2], to_photo[:, 2]
        level = (face.landmarks[:, :2] - shift) @ np.linalg.inv(turn).T
        box = [*level.min(0).tolist(), *level.max(0).tolist()]
        points = aligner.get_landmarks_from_image(cut(pixels, region, SIZE), detected_faces=[box])
        if not points:
            refined.append(face)
            continue
        target = np.asarray(points[0], np.float64)[N_JAW:, :2] @ turn.T + shift
        xy = bend(face.landmarks[:, :2], face.landmarks[list(MESH_POINTS), :2], target)
        landmarks = np.column_stack([xy, face.landmarks[:, 2]]).astype(np.float32)
        refined.append(replace(face, landmarks=landmarks))
    return refined


def bend(points: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Move points by the smoothing thin-plate spline that takes sources to targets.

    Args:
        points: (N, 2) to move.
        source: (K, 2), K at least 3 and not on one line.
        target: (K, 2).

    Returns:
        (N, 2) float64.
    """
    origin = source.mean(0)
    unit = np.sqrt(((source - origin) ** 2).sum(1).mean())
    a, p = (source - origin) / unit, (points - origin) / unit
    count = len(a)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(a, a) + SMOOTHING * np.eye(count)
    system[:count, count:] = np.column_stack([np.ones(count), a])
    system[count:, :count] = system[:count, count:].T
    moves = np.vstack([target - source, np.zeros((3, 2))])
    solution = np.linalg.solve(system, moves)
    basis = np.column_stack([_kernel(p, a), np.ones(len(p)), p])
    return points + basis @ solution


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    squared = ((a[:, None].astype(np.float64) - b[None]) ** 2).sum(2)
    return squared * np.log(squared + 1e-12) / 2
