"""The attention mesh: 478 landmarks of faces that were proposed (Grishchenko et al. 2020)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from faceedit.faces.batching import Batching
from faceedit.faces.find.detector import FARTHEST, Detection
from faceedit.faces.find.graph import GraphModule
from faceedit.faces.find.lockstep import Ask, NetworkCall, Search
from faceedit.faces.types import N_LANDMARKS
from faceedit.numerics import check_answer

MARGIN = 1.5
N_MESH, N_IRIS = 468, 5
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


def cut(
    pixels: np.ndarray, region: Region, size: int, border: int = cv2.BORDER_REPLICATE
) -> np.ndarray:
    """The pixels of a region.

    Args:
        pixels: (H, W, 3) uint8.
        region: where.
        size: side of the result.
        border: what lies outside the photo, as OpenCV names it: its edge repeated, or black.

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
        borderMode=border,
    )


class Mesh:
    """The landmark network.

    Args:
        network: the converted network.
        batching: how many faces the network takes at once.
    """

    def __init__(self, network: GraphModule, batching: Batching | None = None):
        self.network = network.eval()
        self.size = network.size
        self.batching = batching or Batching()
        self._parts = refinements(network)
        self._sources = torch.tensor(_sources(self._parts), device=network.device)
        lids = [self._parts[name][:EYE_CONTOUR] for name in ("left_eye", "right_eye")]
        self._lids = torch.tensor(lids, device=network.device)

    def coarse(
        self, pixels: np.ndarray, regions: Sequence[Region]
    ) -> Search[tuple[list[np.ndarray], list[float]]]:
        """Landmarks without the closer look at lips and eyes, in less than half the time.

        Args:
            pixels: (H, W, 3) uint8 RGB photo.
            regions: where faces may be.

        Returns:
            landmarks: of each region, (468, 3) float32 in pixels of the photo.
            presence: of each region, 0 to 1.
        """
        return self._search(self.look_coarsely, pixels, regions)

    def landmarks(
        self, pixels: np.ndarray, regions: Sequence[Region]
    ) -> Search[tuple[list[np.ndarray], list[float]]]:
        """All 478 landmarks.

        Args:
            pixels: (H, W, 3) uint8 RGB photo.
            regions: where faces are.

        Returns:
            landmarks: of each region, (478, 3) float32 in pixels of the photo.
            presence: of each region, 0 to 1.

        Raises:
            NetworkError: the network's answer is not finite, or far outside its square.
        """
        return self._search(self.look, pixels, regions)

    @torch.inference_mode()
    def look_coarsely(self, squares: Sequence[np.ndarray]) -> list[tuple[np.ndarray, float]]:
        """The network's answers without the closer look.

        Args:
            squares: (size, size, 3) uint8 RGB each.

        Returns:
            For each square (468, 3) float32 landmarks in its own pixels and presence, 0 to 1.
        """
        return self.batching.run(squares, lambda some: self._run(some, ("mesh", "presence")))

    @torch.inference_mode()
    def look(self, squares: Sequence[np.ndarray]) -> list[tuple[np.ndarray, float]]:
        """The network's answers; as `look_coarsely`, with all 478 landmarks."""
        return self.batching.run(squares, lambda some: self._run(some, None))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Landmarks of aligned squares, with gradients if wanted.

        Args:
            x: (N, 3, size, size) RGB in [0, 1].

        Returns:
            landmarks: (N, 478, 3) in pixels of the square.
            presence: (N,) logits.
        """
        return self._assemble(self.network(x))

    def _search(
        self, ask: Ask, pixels: np.ndarray, regions: Sequence[Region]
    ) -> Search[tuple[list[np.ndarray], list[float]]]:
        if not regions:
            return [], []
        answers = yield NetworkCall(ask, [cut(pixels, region, self.size) for region in regions])
        landmarks = [
            place(own, region, self.size) for (own, _), region in zip(answers, regions, strict=True)
        ]
        return landmarks, [presence for _, presence in answers]

    def _run(
        self, squares: Sequence[np.ndarray], outputs: Sequence[str] | None
    ) -> list[tuple[np.ndarray, float]]:
        out = self.network(self.network.prepare(squares), outputs)
        landmarks, logits = self._assemble(out)
        check_answer(FARTHEST * self.size, landmarks=landmarks)
        check_answer(math.inf, presence=logits)
        presence = logits.sigmoid().tolist()
        return list(zip(landmarks.cpu().numpy(), presence, strict=True))

    def _assemble(self, out: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        mesh = out["mesh"].reshape(-1, N_MESH, 3)
        presence = out["presence"].reshape(-1)
        if "lips" not in out:
            return mesh, presence
        parts = [out[name] for name in self._parts]
        xy = torch.cat([mesh[..., :2], *parts], 1)[:, self._sources.to(mesh.device)]
        irises = mesh[..., 2][:, self._lids.to(mesh.device)].mean(2)
        depth = torch.cat([mesh[..., 2], irises.repeat_interleave(N_IRIS, 1)], 1)
        return torch.cat([xy, depth.unsqueeze(2)], 2), presence


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
    parts["left_iris"] = list(range(N_MESH, N_MESH + N_IRIS))
    parts["right_iris"] = list(range(N_MESH + N_IRIS, N_LANDMARKS))
    return parts


def _sources(parts: Mapping[str, Sequence[int]]) -> list[int]:
    """Which point says each landmark best, of the mesh's and then all the parts' points."""
    sources = list(range(N_LANDMARKS))
    first = N_MESH
    for points in parts.values():
        for i, landmark in enumerate(points):
            sources[landmark] = first + i
        first += len(points)
    return sources
