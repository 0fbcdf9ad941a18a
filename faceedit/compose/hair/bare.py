"""A head without its hair: skin over the skull, and what lies behind where hair stood out."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.canvas import Canvas, Fading, Patch, Slices
from faceedit.compose.edit import LARGEST_COLOUR
from faceedit.compose.grain import grain_of
from faceedit.faces.align import invert
from faceedit.numerics import check_answer
from faceedit.ramps import smoothstep

EDGE = 0.012
"""Eye distances over which the outline of a head is soft, and at least so many pixels."""
FEWEST = 1.2


@dataclass(frozen=True)
class BareHead(Fading):
    """Skin and wall in place of hair, a `Detail`.

    Attributes:
        cover: (h, w) float32 in [0, 1] that covers the crop: what is painted over.
        head: (h, w) float32 in [0, 1], smooth; the head's outline is where it is 0.5.
        slope: of `head` across the outline, per eye distance.
        skin: (h, w, 3) float32 RGB in [0, 1], skin in its light, without its grain.
        behind: (h, w, 3) float32 RGB in [0, 1], likewise of what lies behind.
        mirror: (h, w, 3) float32: where what lies behind is seen, in crop pixels from its own
            place, and how far that is so, in [0, 1].
        known: (h, w) float32 in [0, 1] each, where skin, and what lies behind, are seen.
        size: side of the crop in crop pixels.
        unit: the eye distance in crop pixels.
        seed: of what is by chance.
    """

    cover: np.ndarray
    head: np.ndarray
    slope: float
    skin: np.ndarray
    behind: np.ndarray
    mirror: np.ndarray
    known: tuple[np.ndarray, np.ndarray]
    size: int
    unit: float
    seed: int

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        check_answer(LARGEST_COLOUR, cover=self.cover, head=self.head, skin=self.skin)
        check_answer(LARGEST_COLOUR, behind=self.behind, known=self.known[0], wall=self.known[1])
        check_answer(2 * size, mirror=self.mirror)

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        box = canvas.where(self.cover, self.size) if self.strength else None
        if box is None:
            return []
        part = canvas.part(box)
        unit = self.unit / float(np.hypot(part.to_crop[0, 0], part.to_crop[1, 0]))
        head = part.sample(self.head, self.size) - np.float32(0.5)
        head = head / np.float32(self.slope * max(EDGE, FEWEST / unit)) + 0.5
        head = smoothstep(head)[..., None]
        draw = np.random.default_rng(self.seed)
        skin, behind = (
            np.clip(part.sample(field, self.size), 0, 1)
            + grain_of(canvas, known, (self.size, self.unit), part.pixels.shape[:2], draw)
            for field, known in zip((self.skin, self.behind), self.known, strict=True)
        )
        seen, trust = self._mirrored(canvas, part, box)
        behind += trust * (seen - behind)
        cover = np.clip(part.sample(self.cover, self.size), 0, 1) * min(self.strength, 1.0)
        paint = np.clip(behind + head * (skin - behind), 0, 1)
        return [Patch(box, paint, cover.astype(np.float32))]

    def _mirrored(self, canvas: Canvas, part: Canvas, box: Slices) -> tuple[np.ndarray, np.ndarray]:
        """Return the mirror image of what lies behind in a part, its box, and how far it is one."""
        field = part.sample(self.mirror, self.size)
        flow = cv2.transform(np.ascontiguousarray(field[..., :2]), invert(part.to_crop)[:, :2])
        height, width = flow.shape[:2]
        x = flow[..., 0] + np.arange(box[1].start, box[1].start + width, dtype=np.float32)
        y = flow[..., 1] + np.arange(box[0].start, box[0].start + height, dtype=np.float32)[:, None]
        seen = cv2.remap(canvas.pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return seen, np.clip(field[..., 2:], 0, 1)
