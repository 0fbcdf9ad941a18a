"""The search for one photo's faces: where to look, and when to stop."""

from collections.abc import Sequence

import numpy as np

from faceedit.faces.find.confirm import FaceNetworks, clear_from_near, confirmed
from faceedit.faces.find.detector import Detection, overlap
from faceedit.faces.find.lockstep import Search
from faceedit.faces.find.nearer import DOUBT
from faceedit.faces.find.options import FindOptions
from faceedit.faces.find.search import SAME_FACE, distinct, propose, scaled, shrunk
from faceedit.faces.find.view import Looks, View, tiles
from faceedit.faces.types import Face

TILE_LEVELS = (1, 2, 4, 6, 9)
"""Tiles along the longer side. The last level costs more than all others together, and is for faces
in company, see `CROWD`."""
FAINT = 0.3
"""Least score of a proposal. From afar and in tiles detectors score many faces below their own
thresholds; what is so faint has to be clear from near."""
SEEN_SHORT, SEEN_FULL = 0.12, 0.08
"""The detectors see most faces down to these shares of their view's side."""
SMALLER = 0.6
"""The share of the landmarks' box that a detector's has at least."""
COMPANY = 2.5
"""Smaller faces are expected down to this many times smaller than the smallest one found."""
CROWD = 1.6
"""As `COMPANY`, for the last level."""
SURE = 0.8
"""Upright faces score above this; a face that does not may be another turned by a quarter."""


def search_faces(
    networks: FaceNetworks, options: FindOptions, pixels: np.ndarray
) -> Search[list[Face]]:
    """Find the faces of a photo.

    The short-range detector looks at the whole photo. Where nothing is found for sure, both
    detectors look again, also with a margin (a face may fill the photo) and turned by quarters.
    Then smaller faces are looked for, as `FindOptions.search` says, by the full-range detector in
    the whole photo and in tiles. Proposals below a detector's own threshold have to be clear in a
    nearer look. The mesh network confirms every face; a doubtful one counts only where there is no
    better, and hides no other.

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
        if _confidence(face) >= doubt and longer_side(face) >= options.min_face
    ]
    return sorted(wanted, key=_area, reverse=True)[: options.limit]


def levels(options: FindOptions, in_company: bool) -> tuple[int, ...]:
    """How many tiles along the longer side, one look after the other.

    Args:
        options: what to find.
        in_company: faces may have been found already.
    """
    if options.search == "fast":
        return TILE_LEVELS[:1]
    return TILE_LEVELS if in_company or options.search == "thorough" else TILE_LEVELS[:-1]


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
        self.least = SMALLER * options.min_face

    def search_whole(self) -> Search[tuple[list[Face], float]]:
        """Faces in the whole photo, and the pixels below which none could be seen."""
        short, full = self.networks.short, self.networks.full
        longer, whole = max(self.pixels.shape[:2]), View.whole(self.pixels)
        proposals = yield from propose(short, self.looks, [whole])
        found = yield from self._confirm(proposals)
        if max(map(_confidence, found), default=0.0) >= SURE:
            return found, SEEN_SHORT * longer
        more = more_views(self.pixels)
        near = yield from propose(short, self.looks, more, FAINT)
        far = yield from propose(full, self.looks, [whole, *more], FAINT)
        again = yield from self._confirm(_sure(near + far))
        found = _without_duplicates(found + again)
        found = yield from self._confirm_faint(near + far, found)
        return found, SEEN_FULL * longer

    def search_smaller(self, found: list[Face], seen: float) -> Search[list[Face]]:
        """Look for faces below ``seen`` pixels, in the whole photo and then in tiles."""
        if not self._wants_smaller(found, seen, TILE_LEVELS[0]):
            return found
        small, factor = shrunk(self.pixels)
        looks = Looks(small)
        for level in levels(self.options, in_company=True):
            if not self._wants_smaller(found, seen, level):
                break
            views = tiles(small, level)
            reach = SEEN_FULL * factor * max(views[0].width, views[0].height)
            if reach < seen:
                proposals = yield from propose(self.networks.full, looks, views, FAINT)
                proposals = [scaled(one, factor) for one in proposals]
                found = yield from self._confirm(_sure(proposals), found)
                found = yield from self._confirm_faint(proposals, found)
                seen = reach
        return found

    def _wants_smaller(self, found: Sequence[Face], seen: float, level: int) -> bool:
        """Whether to look for faces below ``seen`` pixels in the tiles of a level."""
        options = self.options
        if seen <= options.min_face:
            return False
        if options.search == "thorough":
            return True
        is_last = level == TILE_LEVELS[-1]
        if not found:
            return not is_last
        if options.limit is not None and len(found) >= options.limit:
            return False
        return min(map(longer_side, found)) < (CROWD if is_last else COMPANY) * seen

    def _confirm(
        self, detections: Sequence[Detection], found: Sequence[Face] = ()
    ) -> Search[list[Face]]:
        """The faces found before and those of some proposals that the mesh network confirms."""
        new = _unknown(detections, found)
        faces = yield from confirmed(self.networks, self.pixels, new, self.options.presence)
        return _without_duplicates([*found, *faces])

    def _confirm_faint(
        self, detections: Sequence[Detection], found: Sequence[Face]
    ) -> Search[list[Face]]:
        """As `_confirm`, with the faint ones of some proposals that are clear from near."""
        faint = [one for one in detections if not one.is_sure]
        new = [one for one in _unknown(faint, found) if longer_side(one) >= self.least]
        clear = yield from clear_from_near(self.networks.short, self.pixels, new)
        return (yield from self._confirm(clear, found))


def _sure(detections: Sequence[Detection]) -> list[Detection]:
    return [one for one in detections if one.is_sure]


def _unknown(detections: Sequence[Detection], found: Sequence[Face]) -> list[Detection]:
    """One detection of each face that is not found for sure yet, best first."""
    known = _boxes([face for face in found if _confidence(face) >= DOUBT])
    return [
        one
        for one in distinct(detections)
        if not (overlap(one.box, known, over_smaller=True) > SAME_FACE).any()
    ]


def _boxes(faces: Sequence[Face]) -> np.ndarray:
    return np.array([face.box for face in faces], np.float32).reshape(-1, 4)


def longer_side(one: Detection | Face) -> float:
    """Of the box, in pixels."""
    left, top, right, bottom = map(float, one.box)
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
