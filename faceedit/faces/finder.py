"""From a photo to its faces: proposals by the detectors, confirmed by the mesh."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import cv2
import numpy as np
import torch

from faceedit.errors import UsageError
from faceedit.faces.detector import FULL, SHORT, Detection, Detector, overlap
from faceedit.faces.graph import GraphModule
from faceedit.faces.mesh import Mesh, region_of_detection, region_of_landmarks
from faceedit.faces.search import SAME_FACE, distinct, propose, scaled
from faceedit.faces.types import Face
from faceedit.faces.view import View, tiles

TILE_LEVELS = (2, 4, 6)
TILE_SIDE = 1024
"""Tiles are cut from a copy of the photo no larger than this, still finer than the detector."""
SMALLEST = 0.12
"""The short-range detector sees faces down to this share of its view."""
ALONE = 0.25
"""A single face with this share of the photo's longer side is a portrait: no tiles."""
CHUNK = 16
LEVEL = np.deg2rad(20)


@dataclass(frozen=True)
class FindOptions:
    """What counts as a face to find.

    Attributes:
        faces: ``"all"``, ``"largest"``, or the largest so many.
        min_face: least longer side of a face's box (`Face.box`) in pixels.
        search: ``"auto"`` looks for small faces in tiles unless the photo is a portrait (one face
            of a quarter of its longer side or more); ``"thorough"`` always, ``"fast"`` never.
        presence: least confidence of the mesh network.

    Raises:
        UsageError: a value without a meaning.
    """

    faces: Literal["all", "largest"] | int = "all"
    min_face: float = 32.0
    search: Literal["auto", "fast", "thorough"] = "auto"
    presence: float = 0.5

    def __post_init__(self) -> None:
        if self.faces not in ("all", "largest") and not (
            isinstance(self.faces, int) and self.faces > 0
        ):
            raise UsageError(f"faces must be all, largest or a number above 0, not {self.faces!r}")
        if self.min_face < 0:
            raise UsageError(f"min_face must be 0 pixels or more, not {self.min_face}")

    @property
    def limit(self) -> int | None:
        """Most faces to return; None for all."""
        if isinstance(self.faces, int):
            return self.faces
        return 1 if self.faces == "largest" else None


class FaceFinder:
    """Finds the faces of photos.

    Args:
        short: BlazeFace for faces near the camera.
        full: BlazeFace for faces at any distance.
        mesh: the attention mesh.
        options: what to find.
    """

    def __init__(
        self,
        short: GraphModule,
        full: GraphModule,
        mesh: GraphModule,
        options: FindOptions | None = None,
    ):
        self.short = Detector(short, SHORT)
        self.full = Detector(full, FULL)
        self.mesh = Mesh(mesh)
        self.options = options or FindOptions()

    @classmethod
    def from_files(
        cls,
        short: Path,
        full: Path,
        mesh: Path,
        options: FindOptions | None = None,
        device: torch.device | str = "cpu",
    ) -> Self:
        """Load the three networks.

        Raises:
            WeightsError: a file is missing or is not a converted face network.
        """
        networks = [GraphModule.from_file(path).to(device) for path in (short, full, mesh)]
        return cls(*networks, options=options)

    def find(self, pixels: np.ndarray) -> list[Face]:
        """Find the faces of a photo.

        Both detectors look at the whole photo. Where nothing is confirmed they look again at the
        photo with a margin (a face may fill it) and turned by quarters. Then small faces are looked
        for in tiles, as `FindOptions.search` says. The mesh network confirms every face.

        Args:
            pixels: (H, W, 3) uint8 RGB.

        Returns:
            Faces by the area of their box, largest first.
        """
        pixels = np.ascontiguousarray(pixels)
        whole = [View.whole(pixels)]
        detectors = (self.short, self.full)
        found = self._confirm(pixels, [d for one in detectors for d in propose(one, pixels, whole)])
        if not found:
            again = [View.whole(pixels, padding=0.5)]
            again += [View.whole(pixels, quarters=quarters) for quarters in (1, 2, 3)]
            more = [d for one in detectors for d in propose(one, pixels, again)]
            found = self._confirm(pixels, more)
        if self._wants_tiles(pixels, found):
            found = self._confirm(pixels, self._in_tiles(pixels), found)
        wanted = [face for face in found if _longer_side(face) >= self.options.min_face]
        return sorted(wanted, key=_area, reverse=True)[: self.options.limit]

    def _wants_tiles(self, pixels: np.ndarray, found: Sequence[Face]) -> bool:
        options = self.options
        if options.search != "auto":
            return options.search == "thorough"
        if options.limit is not None and len(found) >= options.limit:
            return False
        return len(found) != 1 or _longer_side(found[0]) < ALONE * max(pixels.shape[:2])

    def _in_tiles(self, pixels: np.ndarray) -> list[Detection]:
        longer = max(pixels.shape[:2])
        factor = max(1.0, longer / TILE_SIDE)
        height, width = (round(side / factor) for side in pixels.shape[:2])
        small = pixels
        if factor > 1:
            small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        found: list[Detection] = []
        seen = SMALLEST * longer
        for level in TILE_LEVELS:
            if seen <= self.options.min_face:
                break
            views = tiles(small, level)
            found += propose(self.short, small, views)
            seen = SMALLEST * factor * max(views[0].width, views[0].height)
        return [scaled(detection, factor) for detection in found]

    def _confirm(
        self, pixels: np.ndarray, detections: Sequence[Detection], found: Sequence[Face] = ()
    ) -> list[Face]:
        """The faces found before and those of some proposals that the mesh network confirms."""
        known = _boxes(found)
        new = [
            detection
            for detection in distinct(detections)
            if not (overlap(detection.box, known, over_smaller=True) > SAME_FACE).any()
        ]
        faces = list(found)
        for start in range(0, len(new), CHUNK):
            faces += self._faces(pixels, new[start : start + CHUNK])
        return _without_duplicates(faces)

    def _faces(self, pixels: np.ndarray, detections: Sequence[Detection]) -> list[Face]:
        proposed = [(one, region_of_detection(one)) for one in detections]
        for _ in range(2):
            landmarks, presence = self.mesh.coarse(pixels, [region for _, region in proposed])
            turned = [
                abs(np.angle(np.exp(1j * (region_of_landmarks(own).angle - region.angle)))) > LEVEL
                for own, (_, region) in zip(landmarks, proposed, strict=True)
            ]
            proposed = [
                (detection, region_of_landmarks(own))
                for (detection, _), own, sure in zip(proposed, landmarks, presence, strict=True)
                if sure >= self.options.presence
            ]
            # The mesh is at its best on level faces; a keypoint may have misjudged the turn.
            if not any(turned):
                break
        landmarks, presence = self.mesh.landmarks(pixels, [region for _, region in proposed])
        return [
            Face(landmarks=own, score=detection.score, presence=float(sure))
            for (detection, _), own, sure in zip(proposed, landmarks, presence, strict=True)
            if sure >= self.options.presence
        ]


def _boxes(faces: Sequence[Face]) -> np.ndarray:
    return np.array([face.box for face in faces], np.float32).reshape(-1, 4)


def _longer_side(face: Face) -> float:
    left, top, right, bottom = face.box
    return max(right - left, bottom - top)


def _area(face: Face) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)


def _without_duplicates(faces: Sequence[Face]) -> list[Face]:
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: f.score * f.presence, reverse=True):
        box = np.array(face.box, np.float32)
        if not (overlap(box, _boxes(kept), over_smaller=True) > SAME_FACE).any():
            kept.append(face)
    return kept
