"""Whether a photo can hold a face at all, asked on a smaller copy of it."""

from collections.abc import Sequence

import numpy as np

from faceedit.faces.confirm import DOUBT, FaceNetworks, look_nearer
from faceedit.faces.detector import Detection
from faceedit.faces.lockstep import Search
from faceedit.faces.mesh import region_of_detection
from faceedit.faces.options import FindOptions
from faceedit.faces.photo_search import SEEN_FULL, levels, more_views
from faceedit.faces.search import distinct, propose, scaled, shrunk
from faceedit.faces.view import Looks, View, tiles

LOWER_SCORE = 0.1
"""A detector may score a face this much lower on the copy."""
LOWER_NEAR_SCORE = 0.2
"""Likewise from near, where the copy is less sharp."""
PRESENCE_SHARE, SIZE_SHARE = 0.5, 0.6
"""The mesh may be less confident of a face by this share, and see it smaller by this one."""
ROUNDING = 0.99
"""The copy's sides are whole pixels, so that its scale is not exact."""


def search_any_face(
    networks: FaceNetworks, options: FindOptions, small: np.ndarray, scale: float
) -> Search[bool]:
    """Whether `search_faces` could find a face in a photo, by looking where it would look.

    What it would find at the least passes with room to spare, and the first face ends the search.

    Args:
        networks: all three.
        options: as for the photo.
        small: (h, w, 3) uint8 RGB copy of the photo, its longer side 1024 pixels or more; below
            that, tiles are coarser than those of the photo, and faces may be missed.
        scale: the photo's sides over the copy's.
    """
    copy = _Copy(networks, options, np.ascontiguousarray(small), scale)
    return (yield from copy.search_whole()) or (yield from copy.search_tiles())


class _Copy:
    def __init__(
        self, networks: FaceNetworks, options: FindOptions, pixels: np.ndarray, scale: float
    ):
        self.networks = networks
        self.options = options
        self.pixels = pixels
        self.scale = scale
        self.short_score = networks.short.threshold - LOWER_SCORE
        self.full_score = networks.full.threshold - LOWER_SCORE

    def search_whole(self) -> Search[bool]:
        looks, whole = Looks(self.pixels), View.whole(self.pixels)
        near = yield from propose(self.networks.short, looks, [whole], self.short_score)
        if (yield from self._any(near)):
            return True
        more = more_views(self.pixels)
        near = yield from propose(self.networks.short, looks, more, self.short_score)
        if (yield from self._any(near)):
            return True
        far = yield from propose(self.networks.full, looks, [whole, *more], self.full_score)
        return (yield from self._any(far))

    def search_tiles(self) -> Search[bool]:
        small, factor = shrunk(self.pixels)
        looks = Looks(small)
        seen = SEEN_FULL * max(self.pixels.shape[:2])
        for level in levels(self.options):
            if seen * self.scale <= ROUNDING * self.options.min_face:
                break
            views = tiles(small, level)
            reach = SEEN_FULL * factor * max(views[0].width, views[0].height)
            if reach < seen:
                far = yield from propose(self.networks.full, looks, views, self.full_score)
                if (yield from self._any([scaled(one, factor) for one in far])):
                    return True
                seen = reach
        return False

    def _any(self, detections: Sequence[Detection]) -> Search[bool]:
        """Whether one of some proposals may be a face."""
        new = distinct(detections)
        regions = [region_of_detection(detection) for detection in new]
        landmarks, presence = yield from self.networks.mesh.coarse(self.pixels, regions)
        likely = [
            (detection, own)
            for detection, own, present in zip(new, landmarks, presence, strict=True)
            if present >= PRESENCE_SHARE * self.options.presence
            and _longer_side(own) * self.scale >= SIZE_SHARE * self.options.min_face
        ]
        if any(detection.score >= DOUBT for detection, _ in likely):
            return True
        least = self.networks.short.threshold - LOWER_NEAR_SCORE
        short, doubtful = self.networks.short, [own for _, own in likely]
        return any((yield from look_nearer(short, self.pixels, doubtful, least)))


def _longer_side(landmarks: np.ndarray) -> float:
    return float(np.ptp(landmarks[:, :2], axis=0).max())
