"""Whether a photo can hold a face at all, asked on a smaller copy of it."""

from collections.abc import Sequence

import numpy as np

from faceedit.faces.find.confirm import FaceNetworks
from faceedit.faces.find.detector import Detection
from faceedit.faces.find.lockstep import Search
from faceedit.faces.find.mesh import region_of_detection
from faceedit.faces.find.nearer import DOUBT, look_nearer
from faceedit.faces.find.options import FindOptions
from faceedit.faces.find.photo_search import (
    FAINT,
    SEEN_FULL,
    SMALLER,
    levels,
    longer_side,
    more_views,
)
from faceedit.faces.find.search import distinct, propose, scaled, shrunk
from faceedit.faces.find.view import Looks, View, tiles

LOWER = 0.1
"""A detector may score a face this much lower on the copy."""
ROUNDING = 0.99
"""The copy's sides are whole pixels, so that its scale is not exact."""


def search_any_face(
    networks: FaceNetworks, options: FindOptions, small: np.ndarray, scale: float
) -> Search[bool]:
    """Whether `search_faces` could find a face in a photo, by looking where it would look.

    The detectors look again with lower thresholds, a doubtful face is looked at from near, and the
    first one ends the search. The mesh is not asked: how sure it is of a small or turned face
    depends on a hair.

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
        self.sure_short = networks.short.threshold - LOWER
        self.sure_full = networks.full.threshold - LOWER

    def search_whole(self) -> Search[bool]:
        looks, whole = Looks(self.pixels), View.whole(self.pixels)
        near = yield from propose(self.networks.short, looks, [whole], self.sure_short)
        if (yield from self._any(near, self.sure_short)):
            return True
        more = more_views(self.pixels)
        near = yield from propose(self.networks.short, looks, more, FAINT - LOWER)
        if (yield from self._any(near, self.sure_short)):
            return True
        far = yield from propose(self.networks.full, looks, [whole, *more], FAINT - LOWER)
        return (yield from self._any(far, self.sure_full))

    def search_tiles(self) -> Search[bool]:
        small, factor = shrunk(self.pixels)
        looks = Looks(small)
        seen = SEEN_FULL * max(self.pixels.shape[:2])
        for level in levels(self.options, in_company=False):
            if seen * self.scale <= ROUNDING * self.options.min_face:
                break
            views = tiles(small, level)
            reach = SEEN_FULL * factor * max(views[0].width, views[0].height)
            if reach < seen:
                far = yield from propose(self.networks.full, looks, views, FAINT - LOWER)
                if (yield from self._any([scaled(one, factor) for one in far], self.sure_full)):
                    return True
                seen = reach
        return False

    def _any(self, detections: Sequence[Detection], sure: float) -> Search[bool]:
        """Whether one of some proposals, of which those of a score are sure, may be a face."""
        least = SMALLER * self.options.min_face / self.scale
        large = [one for one in distinct(detections) if longer_side(one) >= least]
        if any(detection.score >= DOUBT - LOWER for detection in large):
            return True
        regions = [region_of_detection(detection) for detection in large]
        short = self.networks.short
        scores = yield from look_nearer(short, self.pixels, regions, self.sure_short)
        return any(
            score > 0 and (one.score >= sure or score >= DOUBT - LOWER)
            for one, score in zip(large, scores, strict=True)
        )
