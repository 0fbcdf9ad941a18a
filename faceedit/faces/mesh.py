"""The attention mesh: 478 landmarks of faces that were proposed (Grishchenko et al. 2020)."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from faceedit.faces.detector import Detection
from faceedit.faces.graph import GraphModule
from faceedit.faces.types import N_LANDMARKS

MARGIN = 1.5
N_MESH = 468
RIGHT_EYE_CORNER, LEFT_EYE_CORNER = 33, 263
EYE_CONTOUR = 16
"""The first so many points of an eye's list run round its lids; irises take their depth."""


@dataclass(frozen=True)
class Region:
    """A turned square of a photo in which the mesh looks for one face.

    Attributes:
        centre: (x, y) in pixels of the photo.
        side: in pixels of the photo.
        angle: of the face's horizontal in radians, clockwise as seen.
    """

    centre: tuple[float, float]
    side: float
    angle: float

    def to_photo(self, size: int) -> np.ndarray:
        """(2, 3) from the pixels of a square of ``size`` to the photo's.

        The square's pixel 0 lies on the region's edge, as MediaPipe has it on the CPU; the
        network's landmarks are in the same units.
        """
        scale = self.side / size
        cos, sin = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        turn = np.array([[cos, -sin], [sin, cos]])
        shift = np.array(self.centre) - turn @ [size / 2, size / 2]
        return np.column_stack([turn, shift])

    def turn_to(self, other: "Region") -> float:
        """The angle between two regions in radians, 0 to π."""
        return abs(float(np.angle(np.exp(1j * (other.angle - self.angle)))))


def region_of_detection(detection: Detection) -> Region:
    """The region that a detector proposes: its box enlarged, its eyes level."""
    left, top, right, bottom = detection.box.tolist()
    across, down = (detection.keypoints[1] - detection.keypoints[0]).tolist()
    return Region(
        centre=((left + right) / 2, (top + bottom) / 2),
        side=max(right - left, bottom - top) * MARGIN,
        angle=float(np.arctan2(down, across)),
    )


def region_of_landmarks(landmarks: np.ndarray, margin: float = MARGIN) -> Region:
    """The region that landmarks themselves ask for.

    Args:
        landmarks: (468 or more, 2 or 3) in pixels of the photo.
        margin: side of the region over the longer side of the landmarks' box.
    """
    xy = landmarks[:, :2].astype(np.float64)
    across, down = xy[LEFT_EYE_CORNER] - xy[RIGHT_EYE_CORNER]
    angle = float(np.arctan2(down, across))
    low, high = xy.min(0), xy.max(0)
    centre = (low + high) / 2
    side = float((high - low).max()) * margin
    return Region((float(centre[0]), float(centre[1])), side, angle)


def cut(pixels: np.ndarray, region: Region, size: int) -> np.ndarray:
    """The pixels of a region, the photo's edge repeated outside it.

    Args:
        pixels: (H, W, 3) uint8.
        region: where.
        size: side of the result.

    Returns:
        (size, size, 3) uint8.
    """
    to_photo = region.to_photo(size)
    shrink = int(region.side / size)
    if shrink > 1:
        # Bilinear sampling alone would skip pixels, and fine skin texture would alias.
        corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]]) @ to_photo.T
        height, width = pixels.shape[:2]
        low = np.clip(corners.min(0).astype(int) - shrink, 0, [width - 1, height - 1])
        high = np.clip(corners.max(0).astype(int) + shrink, low + 1, [width, height])
        columns, rows = np.maximum((high - low) // shrink, 1)
        part = pixels[low[1] : high[1], low[0] : high[0]]
        part = part[: rows * shrink, : columns * shrink]
        pixels = cv2.resize(part, (int(columns), int(rows)), interpolation=cv2.INTER_AREA)
        to_photo = (to_photo - [[0, 0, low[0]], [0, 0, low[1]]]) / shrink
        to_photo[:, 2] -= (shrink - 1) / (2 * shrink)
    return cv2.warpAffine(
        pixels,
        to_photo,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


class Mesh:
    """The landmark network.

    Args:
        network: the converted network.
    """

    def __init__(self, network: GraphModule):
        self.network = network.eval()
        self.size = network.size
        self._parts = refinements(network)

    def coarse(
        self, pixels: np.ndarray, regions: Sequence[Region]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks without the closer look at lips and eyes, in less than half the time.

        Args:
            pixels: (H, W, 3) uint8 RGB photo.
            regions: where faces may be.

        Returns:
            landmarks: (N, 468, 3) float32 in pixels of the photo.
            presence: (N,) float32, 0 to 1.
        """
        return self._run(pixels, regions, ("mesh", "presence"))

    def landmarks(
        self, pixels: np.ndarray, regions: Sequence[Region]
    ) -> tuple[np.ndarray, np.ndarray]:
        """All 478 landmarks.

        Args:
            pixels: (H, W, 3) uint8 RGB photo.
            regions: where faces are.

        Returns:
            landmarks: (N, 478, 3) float32 in pixels of the photo.
            presence: (N,) float32, 0 to 1.
        """
        return self._run(pixels, regions, None)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Landmarks of aligned squares, with gradients if wanted.

        Args:
            x: (N, 3, size, size) RGB in [0, 1].

        Returns:
            landmarks: (N, 478, 3) in pixels of the square.
            presence: (N,) logits.
        """
        return self._assemble(self.network(x))

    def _assemble(self, out: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        mesh = out["mesh"].reshape(-1, N_MESH, 3)
        presence = out["presence"].reshape(-1)
        if "lips" not in out:
            return mesh, presence
        n = len(mesh)
        xy = torch.cat([mesh[..., :2], mesh.new_zeros((n, N_LANDMARKS - N_MESH, 2))], 1)
        depth = [mesh[..., 2]]
        for name, points in self._parts.items():
            index = torch.tensor(points, device=mesh.device)
            xy = xy.index_copy(1, index, out[name])
        for name in ("left_iris", "right_iris"):
            lids = self._parts[name.replace("iris", "eye")][:EYE_CONTOUR]
            depth.append(mesh[:, lids, 2].mean(1, keepdim=True).expand(-1, 5))
        return torch.cat([xy, torch.cat(depth, 1).unsqueeze(2)], 2), presence

    @torch.inference_mode()
    def _run(
        self, pixels: np.ndarray, regions: Sequence[Region], outputs: Sequence[str] | None
    ) -> tuple[np.ndarray, np.ndarray]:
        if not regions:
            count = N_LANDMARKS if outputs is None else N_MESH
            return np.zeros((0, count, 3), np.float32), np.zeros(0, np.float32)
        low, high = self.network.range
        squares = np.stack([cut(pixels, region, self.size) for region in regions])
        batch = torch.from_numpy(squares).to(self.network.device)
        x = batch.permute(0, 3, 1, 2).float() * ((high - low) / 255) + low
        landmarks, logits = self._assemble(self.network(x, outputs))
        points, presence = landmarks.cpu().numpy(), logits.sigmoid().cpu().numpy()
        placed = [
            place(own, region, self.size) for own, region in zip(points, regions, strict=True)
        ]
        return np.stack(placed), presence


def place(landmarks: np.ndarray, region: Region, size: int) -> np.ndarray:
    """Landmarks of a square to the photo.

    Args:
        landmarks: (K, 3) in pixels of the square.
        region: what the square shows.
        size: side of the square.

    Returns:
        (K, 3) float32; z keeps the scale of x and y.
    """
    to_photo = region.to_photo(size)
    xy = landmarks[:, :2] @ to_photo[:, :2].T + to_photo[:, 2]
    return np.column_stack([xy, landmarks[:, 2] * (region.side / size)]).astype(np.float32)


def refinements(network: GraphModule) -> dict[str, list[int]]:
    """Which landmarks each part of the network says better.

    The part's points come in the order of the list that its region was made from.

    Args:
        network: the converted mesh.

    Returns:
        Landmark numbers of lips, eyes and irises by the name of the output.
    """
    made = {step.output: step for step in network.steps}
    parts = {}
    for name in ("lips", "left_eye", "right_eye"):
        region = made[made[network.outputs[name]].inputs[1]]
        parts[name] = list(region.options["points"])
    parts["left_iris"] = list(range(N_MESH, N_MESH + 5))
    parts["right_iris"] = list(range(N_MESH + 5, N_LANDMARKS))
    return parts
