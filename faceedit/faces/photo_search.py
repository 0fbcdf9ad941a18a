"""The search for one photo's faces: where to look, and when to stop."""

from collections.abc import Sequence

import numpy as np

from faceedit.faces.confirm import DOUBT, FaceNetworks, confirmed
from faceedit.faces.detector import Detection, overlap
from faceedit.faces.lockstep import Search
from faceedit.faces.options import FindOptions
from faceedit.faces.search import SAME_FACE, distinct, propose, scaled, shrunk
from faceedit.faces.types import Face
from faceedit.faces.view import Looks, View, tiles

TILE_LEVELS = (1, 2, 4, 6)
SEEN_SHORT, SEEN_FULL = 0.12, 0.08
"""The detectors see most faces down to these shares of their view's side."""
COMPANY = 2.5
"""Smaller faces are expected down to this many times smaller than the smallest one found."""
SURE = 0.8
"""Upright faces score above this; a face that does not may be another turned by a quarter."""


def search_faces(
    networks: FaceNetworks, options: FindOptions, pixels: np.ndarray
) -> Search[list[Face]]:
    """Find the faces of a photo.

    The short-range detector looks at the whole photo. Where nothing is found for sure, both
    detectors look again, also with a margin (a face may fill the photo) and turned by quarters.
    Then smaller faces are looked for, as `FindOptions.search` says, by the full-range detector in
    the whole photo and in tiles. The mesh network confirms every face; a doubtful one counts only
    where there is no better.

    Args:
        networks: all three.
        options: what to find.
        pixels: (H, W, 3) uint8 RGB.

    Returns:
        Faces by the area of their box, largest first.
    """
    photo = _Photo(networks, options, np.ascontiguousarray(pixels))
    found, seen = yield from photo.search_whole()
    found = yield from photo.search_smaller(found, seen)
    doubt = min(max(map(_confidence, found), default=0.0), DOUBT)
    wanted = [
        face
        for face in found
        if _confidence(face) >= doubt and _longer_side(face) >= options.min_face
    ]
    return sorted(wanted, key=_area, reverse=True)[: options.limit]


def levels(options: FindOptions) -> tuple[int, ...]:
    """How many tiles along the longer side, one look after the other."""
    return TILE_LEVELS[:1] if options.search == "fast" else TILE_LEVELS


def more_views(pixels: np.ndarray) -> list[View]:
    """Views of a whole photo for faces that fill it or are turned."""
    quarters = [View.whole(pixels, quarters=quarters) for quarters in (1, 2, 3)]
    return [View.whole(pixels, padding=0.5), *quarters]


class _Photo:
    def __init__(self, networks: FaceNetworks, options: FindOptions, pixels: np.ndarray):
        self.networks = networks
        self.options = options
        self.pixels = pixels
        self.looks = Looks(pixels)

    def search_whole(self) -> Search[tuple[list[Face], float]]:
        """Faces in the whole photo, and the pixels below which none could be seen."""
        short, full = self.networks.short, self.networks.full
        longer, whole = max(self.pixels.shape[:2]), View.whole(self.pixels)
        proposals = yield from propose(short, self.looks, [whole])
        found = yield from self._confirm(proposals)
        if max(map(_confidence, found), default=0.0) >= SURE:
            return found, SEEN_SHORT * longer
        more = more_views(self.pixels)
        near = yield from propose(short, self.looks, more)
        far = yield from propose(full, self.looks, [whole, *more])
        again = yield from self._confirm(near + far)
        return _without_duplicates(found + again), SEEN_FULL * longer

    def search_smaller(self, found: list[Face], seen: float) -> Search[list[Face]]:
        """Look for faces below ``seen`` pixels, in the whole photo and then in tiles."""
        if not self._wants_smaller(found, seen):
            return found
        small, factor = shrunk(self.pixels)
        looks = Looks(small)
        for level in levels(self.options):
            if not self._wants_smaller(found, seen):
                break
            views = tiles(small, level)
            reach = SEEN_FULL * factor * max(views[0].width, views[0].height)
            if reach < seen:
                proposals = yield from propose(self.networks.full, looks, views)
                proposals = [scaled(one, factor) for one in proposals]
                found = yield from self._confirm(proposals, found)
                seen = reach
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
        self, detections: Sequence[Detection], found: Sequence[Face] = ()
    ) -> Search[list[Face]]:
        """The faces found before and those of some proposals that the mesh network confirms."""
        known = _boxes(found)
        new = [
            detection
            for detection in distinct(detections)
            if not (overlap(detection.box, known, over_smaller=True) > SAME_FACE).any()
        ]
        faces = yield from confirmed(self.networks, self.pixels, new, self.options.presence)
        return _without_duplicates([*found, *faces])


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
