"""From a photo to its faces: proposals by the detectors, confirmed by the mesh."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

import cv2
import numpy as np
import torch

from faceedit.errors import UsageError
from faceedit.faces.detector import FULL, IOU_THRESHOLD, SHORT, Detection, Detector, overlap
from faceedit.faces.graph import GraphModule
from faceedit.faces.mesh import Mesh, Region, cut, region_of_detection, region_of_landmarks
from faceedit.faces.search import SAME_FACE, distinct, propose, scaled
from faceedit.faces.types import Face
from faceedit.faces.view import View, tiles

TILE_LEVELS = (1, 2, 4, 6)
TILE_SIDE = 1024
"""Tiles are cut from a copy of the photo no larger than this, still finer than the detector."""
SEEN_SHORT, SEEN_FULL = 0.12, 0.08
"""The detectors see most faces down to these shares of their view's side."""
COMPANY = 2.5
"""Smaller faces are expected down to this many times smaller than the smallest one found."""
CHUNK = 16
LEVEL = np.deg2rad(8)
MAX_PASSES = 5
DOUBT = 0.7
"""Small faces may score below this from afar; ears, knots and folds do so from near, too."""
NEAR = 3.5
"""The nearer look shows this many times the face's size."""
SURE = 0.8
"""Upright faces score above this; a face that does not may be another turned by a quarter."""


@dataclass(frozen=True)
class FindOptions:
    """What counts as a face to find.

    Attributes:
        faces: ``"all"``, ``"largest"``, or the largest so many.
        min_face: least longer side of a face's box (`Face.box`) in pixels.
        search: how far to go after small faces. ``"auto"`` looks ever closer while nothing is found
            or faces were found that are hardly larger than what could be seen so far; so a portrait
            (its face three tenths of the photo's longer side or more) needs one look, and a group
            many. ``"thorough"`` goes down to ``min_face`` always, ``"fast"`` looks at no tiles.
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

        The short-range detector looks at the whole photo. Where nothing is found for sure, both
        detectors look again, also with a margin (a face may fill the photo) and turned by quarters.
        Then smaller faces are looked for, as `FindOptions.search` says, by the full-range detector
        in the whole photo and in tiles. The mesh network confirms every face; a doubtful one counts
        only where there is no better.

        Args:
            pixels: (H, W, 3) uint8 RGB.

        Returns:
            Faces by the area of their box, largest first.
        """
        pixels = np.ascontiguousarray(pixels)
        longer = max(pixels.shape[:2])
        whole = View.whole(pixels)
        found, seen = self._confirm(pixels, propose(self.short, pixels, [whole])), SEEN_SHORT
        if max(map(_confidence, found), default=0.0) < SURE:
            again = [View.whole(pixels, padding=0.5)]
            again += [View.whole(pixels, quarters=quarters) for quarters in (1, 2, 3)]
            more = propose(self.short, pixels, again) + propose(self.full, pixels, [whole, *again])
            found, seen = _without_duplicates(found + self._confirm(pixels, more)), SEEN_FULL
        found = self._search_smaller(pixels, found, seen * longer)
        doubt = min(max(map(_confidence, found), default=0.0), DOUBT)
        wanted = [
            face
            for face in found
            if _confidence(face) >= doubt and _longer_side(face) >= self.options.min_face
        ]
        return sorted(wanted, key=_area, reverse=True)[: self.options.limit]

    def _search_smaller(self, pixels: np.ndarray, found: list[Face], seen: float) -> list[Face]:
        """Look for faces below ``seen`` pixels, in the whole photo and then in tiles."""
        small, factor = pixels, max(1.0, max(pixels.shape[:2]) / TILE_SIDE)
        for level in TILE_LEVELS[:1] if self.options.search == "fast" else TILE_LEVELS:
            if not self._wants_smaller(found, seen):
                break
            if factor > 1 and small is pixels:
                height, width = (round(side / factor) for side in pixels.shape[:2])
                small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
            views = tiles(small, level)
            reach = SEEN_FULL * factor * max(views[0].width, views[0].height)
            if reach < seen:
                proposals = [scaled(one, factor) for one in propose(self.full, small, views)]
                found, seen = self._confirm(pixels, proposals, found), reach
        return found

    def _wants_smaller(self, found: Sequence[Face], seen: float) -> bool:
        """Whether to look for faces below ``seen`` pixels."""
        options = self.options
        if seen <= options.min_face:
            return False
        if options.search == "thorough" or not found:
            return True
        if options.limit is not None and len(found) >= options.limit:
            return False
        return min(map(_longer_side, found)) < COMPANY * seen

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
        scores, regions = self._settle(pixels, detections)
        landmarks, presence = self.mesh.landmarks(pixels, regions)
        faces = [
            Face(landmarks=own, score=score, presence=float(sure))
            for score, own, sure in zip(scores, landmarks, presence, strict=True)
            if sure >= self.options.presence
        ]
        doubtful = [i for i, face in enumerate(faces) if face.score < DOUBT]
        scores = self._look_nearer(pixels, [faces[i] for i in doubtful])
        for i, score in zip(doubtful, scores, strict=True):
            faces[i] = replace(faces[i], score=score)
        return [face for face in faces if face.score > 0]

    def _look_nearer(self, pixels: np.ndarray, faces: Sequence[Face]) -> list[float]:
        """The short-range detector's scores when each face is level and of middle size."""
        size = self.short.size
        regions = [region_of_landmarks(face.landmarks, NEAR) for face in faces]
        seen = self.short.detect([cut(pixels, region, size) for region in regions])
        expected = np.array([[1 - 1 / NEAR] * 2 + [1 + 1 / NEAR] * 2]) * size / 2
        return [
            max(
                (one.score for one in own if overlap(one.box, expected)[0] > IOU_THRESHOLD),
                default=0.0,
            )
            for own in seen
        ]

    def _settle(
        self, pixels: np.ndarray, detections: Sequence[Detection]
    ) -> tuple[list[float], list[Region]]:
        """Scores and final regions of the proposals that the coarse mesh confirms."""
        regions = [region_of_detection(detection) for detection in detections]
        pending = list(range(len(detections)))
        settled = []
        for _ in range(MAX_PASSES):
            landmarks, presence = self.mesh.coarse(pixels, [regions[i] for i in pending])
            turning = []
            for i, own, sure in zip(pending, landmarks, presence, strict=True):
                if sure < self.options.presence:
                    continue
                before, regions[i] = regions[i], region_of_landmarks(own)
                # The mesh is at its best on level faces, and says itself which way level is.
                turned = before.turn_to(regions[i]) > LEVEL
                (turning if turned else settled).append(i)
            pending = turning
            if not pending:
                break
        settled += pending
        return [detections[i].score for i in settled], [regions[i] for i in settled]


def _boxes(faces: Sequence[Face]) -> np.ndarray:
    return np.array([face.box for face in faces], np.float32).reshape(-1, 4)


def _longer_side(face: Face) -> float:
    left, top, right, bottom = face.box
    return max(right - left, bottom - top)


def _area(face: Face) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)


def _confidence(face: Face) -> float:
    return face.score * face.presence


def _without_duplicates(faces: Sequence[Face]) -> list[Face]:
    kept: list[Face] = []
    for face in sorted(faces, key=_confidence, reverse=True):
        box = np.array(face.box, np.float32)
        if not (overlap(box, _boxes(kept), over_smaller=True) > SAME_FACE).any():
            kept.append(face)
    return kept
