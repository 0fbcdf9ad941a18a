"""Bare skin, and the light that its brightness tells of.

Skin of one face has nearly one colour, so that what its brightness does over a wide space is light.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from faceedit.channels import mean
from faceedit.compose.blur import blur_wide
from faceedit.compose.light.depth import DARKEST, FEWEST, Depth, darkened, depth_change
from faceedit.faces.topology import BROWS, EYES, FACE_OVAL, OUTER_LIPS, eye_distance
from faceedit.ramps import ramp
from faceedit.tones import LUMA

SURE = 0.8
"""Share of skin from which a pixel is looked at."""
LARGEST, TINT = 0.55, 0.2
"""Bounds of slopes, and of how they differ between colours."""
WIDE, EDGES = 0.15, 0.03
"""Of what is left as a smooth layer: distance in eye distances, and the variance of log luma from
which an edge counts as one of light, such as a cast shadow's."""
LAYER, LAYER_BOUNDS = 0.35, (-0.6, 0.2)
"""Share of that layer which is believed, and its bounds, natural log."""
OWN_COLOUR, UNEVEN = 0.05, 0.25
"""Differences of colour that are skin's own, and log ratios to even light from which all others are
the light's."""
PALE = (0.55, 0.8)
"""Luma of skin from which its colour is less than it was, and from which it is lost."""
DIM, SHOWN, NOISE = (-1.2, -1.9), 0.3, 0.6
"""Logs, of bare skin's mean and else of the brightest colour, below which own colours are doubtful,
and from which they are noise; the log ratio of more light from which this is so in full; and the
share of such colours that all but skin loses."""
DYED = (0.7, 1.0)
"""Distance of logs of colours from skin's from which on something is dyed hair."""
GREYER, BLACK = (0.15, 0.35), (-1.0, -1.6)
"""Logs by which colours above the brows are greyer than skin is at their brightness, and mean logs
below which they are dark, from which on they are a fringe's and from which surely."""
CURVED, SOFT, STRAND, DEEPER = 0.8, 0.11, 0.4, 0.06
"""How far bare skin in more light takes the colour that the face has at its new brightness, the
share of `WIDE` by which that fades towards brows, eyes and lips, from which difference of logs on
it is hair, and by how much deeper its colour is for this in full."""
HIDDEN = 0.02
"""Weight of brows, eyes and lips, which skin around fills."""


def _inside(landmarks: np.ndarray, size: int) -> np.ndarray:
    oval = np.zeros((size, size), np.uint8)
    cv2.fillPoly(oval, [np.round(landmarks[list(FACE_OVAL), :2]).astype(np.int32)], 1)
    return oval > 0


def _above_brows(landmarks: np.ndarray, size: int) -> np.ndarray:
    left, right = (landmarks[list(brow), :2].mean(0) for brow in BROWS)
    across = right - left
    columns, rows = np.meshgrid(np.arange(size) - left[0], np.arange(size) - left[1])
    return across[0] * rows - across[1] * columns < 0


def bare_skin(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Return where a face has skin without brows, eyes and lips, (size, size) bool.

    Args:
        landmarks: (478, >= 2) mesh points in pixels.
        size: side of the crop in pixels.
    """
    points = landmarks[:, :2]
    bare = cv2.erode(_inside(landmarks, size).astype(np.uint8), np.ones((3, 3), np.uint8))
    width = 2 * max(1, round(0.05 * eye_distance(landmarks))) + 1
    for ring in (*EYES, *BROWS, OUTER_LIPS):
        hull = cv2.convexHull(np.round(points[list(ring)]).astype(np.int32))
        covered = np.zeros_like(bare)
        cv2.fillConvexPoly(covered, hull, 1)
        bare[cv2.dilate(covered, np.ones((width, width), np.uint8)) > 0] = 0
    return bare > 0


@dataclass(frozen=True, eq=False)
class SeenSkin:
    """Skin of a picture, and what its smooth layers tell of light.

    Attributes:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        skin: (S, S) float32 in [0, 1], without what dark strands hide.
        sure: (S, S) bool, bare skin of the face that is surely some.
        weight: (S, S) float32, what counts in the mean of skin around.
        wide: pixels over which that is.
    """

    pixels: np.ndarray
    skin: np.ndarray
    sure: np.ndarray
    weight: np.ndarray
    wide: float

    @classmethod
    def of(cls, pixels: np.ndarray, landmarks: np.ndarray, skin: np.ndarray) -> "SeenSkin":
        """Look at a picture's skin.

        Args:
            pixels: (S, S, 3) float32 RGB in [0, 1].
            landmarks: (478, >= 2) mesh points in pixels.
            skin: (S, S) float32 in [0, 1].
        """
        seen = cls._among(pixels, landmarks, skin)
        fringe = seen._fringe() * _above_brows(landmarks, len(skin))
        return cls._among(pixels, landmarks, skin * (1 - fringe)) if fringe.any() else seen

    @classmethod
    def _among(cls, pixels: np.ndarray, landmarks: np.ndarray, skin: np.ndarray) -> "SeenSkin":
        bare = bare_skin(landmarks, len(skin))
        weight = np.where(skin > 0.5, skin, 0).astype(np.float32)
        weight[_inside(landmarks, len(skin)) & ~bare] = HIDDEN
        return cls(pixels, skin, bare & (skin > SURE), weight, WIDE * eye_distance(landmarks))

    def _fringe(self) -> np.ndarray:
        """Return what strands hide, (S, S) float32 in [0, 1].

        Dark ones are greyer than skin is in such shade, and dyed ones of another colour.
        """
        level, colour = self.colour
        skins = self.depth.at(level)
        greyer = ((skins - colour) * skins).sum(2) / np.maximum(np.linalg.norm(skins, axis=2), 1e-2)
        reach = 2 * SOFT * self.wide
        near = cv2.GaussianBlur(self.weight, (0, 0), reach) + np.float32(1e-3)
        greyer = cv2.GaussianBlur(greyer * self.weight, (0, 0), reach) / near
        share = np.clip((greyer - GREYER[0]) / np.float32(GREYER[1] - GREYER[0]), 0, 1)
        dark = share * np.clip((BLACK[0] - level) / np.float32(BLACK[0] - BLACK[1]), 0, 1)
        off = np.linalg.norm(cv2.GaussianBlur(colour - skins, (0, 0), 0.5 * reach), axis=2)
        return np.maximum(dark, ramp(off, DYED).astype(np.float32))

    @cached_property
    def near(self) -> np.ndarray:
        """(S, S) float32, how much skin there is around."""
        return blur_wide(self.weight, self.wide) + np.float32(1e-3)

    @cached_property
    def known(self) -> np.ndarray:
        """(S, S) float32 in [0, 1], how far a pixel is skin among skin."""
        return np.clip(self.near / 0.4, 0, 1) * np.clip((self.skin - 0.3) / 0.5, 0, 1)

    @cached_property
    def colour(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean log of each pixel, (S, S) float32, and logs of each colour over it, (S, S, 3)."""
        logs = np.log(self.pixels + np.float32(DARKEST))
        level = mean(logs)
        return level, logs - level[..., None]

    @cached_property
    def depth(self) -> Depth:
        """Its colours by brightness."""
        level, colour = self.colour
        return Depth.of(level[self.sure], colour[self.sure])

    def around(self, values: np.ndarray) -> np.ndarray:
        """Return the mean of (S, S, ...) values on skin around each pixel."""
        weight, near = self.weight, self.near
        if values.ndim == 3:
            weight, near = weight[..., None], near[..., None]
        return blur_wide(values * weight, self.wide) / near

    def shade(self, shading: np.ndarray) -> np.ndarray:
        """Find what of its brightness is light, beyond what is known, (S, S) float32 log ratio.

        The smooth layer of what is left, which keeps edges of hard shadows (a guided filter, with
        weights, guided by the picture's own luma); 0 in the middle, and where there is no skin.

        Args:
            shading: (S, S, 3) float32, what is known, log ratio of display values.
        """
        if self.sure.sum() < FEWEST:
            return np.zeros_like(self.skin)
        luma = np.log(self.pixels @ LUMA + DARKEST).astype(np.float32)
        left = luma - mean(shading)
        left = np.clip(left - np.median(left[self.sure]), -1.5, 1.0)
        of_luma, of_left = self.around(luma), self.around(left)
        slope = self.around(luma * left) - of_luma * of_left
        slope /= np.maximum(self.around(luma * luma) - of_luma * of_luma, 0) + np.float32(EDGES)
        layer = self.around(slope) * luma + self.around(of_left - slope * of_luma)
        return np.float32(LAYER) * np.clip(layer, *LAYER_BOUNDS) * self.known

    def colours(self, shading: np.ndarray) -> np.ndarray:
        """Find the colours that lights leave on it, (S, S, 3) float32 log ratios.

        How far its smooth colour, beyond `OWN_COLOUR`, is from the face's of that brightness, where
        a photo's light is far from even: bounce off a wall in the shade, a warm lamp on one cheek.

        Args:
            shading: (S, S, 3) float32, what is known, log ratio of display values.
        """
        if self.sure.sum() < FEWEST:
            return np.zeros_like(self.pixels)
        level, colour = self.colour
        off = self.around(colour - self.depth.at(level))
        # Cameras lose the colour of what they hold nearly white.
        pale = self.around(self.pixels @ LUMA)
        pale = np.clip((pale - PALE[0]) / np.float32(PALE[1] - PALE[0]), 0, 1)
        most = np.float32(TINT) + np.float32(LARGEST - TINT) * pale
        off = np.sign(off) * np.clip(np.abs(off) - np.float32(OWN_COLOUR), 0, most[..., None])
        uneven = np.clip(np.abs(mean(shading)) / np.float32(UNEVEN), 0, 1)
        return off * (self.known * uneven)[..., None]

    def deepened(self, more: np.ndarray, matte: np.ndarray) -> np.ndarray:
        """Return how colours change with their brightness, (S, S, 3) float32 log ratios.

        Args:
            more: (S, S) float32, how much brighter they become, log ratio.
            matte: (S, S) float32 opacity of the person.
        """
        level, colour = self.colour
        to = self.depth.at(level + more)
        # At edges of shadows and on blush, colours are there already; further would be beyond.
        way = to - colour
        skins = np.clip(to - self.depth.at(level), np.minimum(way, 0), np.maximum(way, 0))
        # What is dark holds colours of noise, which more light would show, as it does the red
        # edges of old shadows.
        shown = np.clip(more / np.float32(SHOWN), 0, 1)
        dark = _murky(np.log(self.pixels.max(2) + np.float32(DARKEST)))
        bare = cv2.GaussianBlur((self.weight > HIDDEN).astype(np.float32), (0, 0), SOFT * self.wide)
        off = cv2.GaussianBlur(np.abs(way).max(2), (0, 0), SOFT * self.wide)
        alike = np.float32(CURVED) / (1 + (off / np.float32(STRAND)) ** 4)
        # Strands may be paler than skin, old edges are deeper.
        deeper = -np.einsum("ijk,ijk->ij", way, to) / np.maximum(np.linalg.norm(to, axis=2), 1e-2)
        alike *= np.clip(deeper / np.float32(DEEPER), 0, 1)
        own = np.maximum(bare * np.maximum(alike, _murky(level)), dark)
        skins += (shown * own)[..., None] * (way - skins)
        others = colour * np.where(more > 0, depth_change(level, more), 0)[..., None]
        hair = np.clip(4 * matte - 3, 0, 1) * (1 - self.skin)
        others += darkened(level, colour, more, hair, round(self.wide))
        others -= (np.float32(NOISE) * shown * dark)[..., None] * colour
        return others + self.skin[..., None] * (skins - others)


def _murky(level: np.ndarray) -> np.ndarray:
    """Return how far colours are noise at (S, S) logs, in [0, 1]."""
    return np.clip((DIM[0] - level) / np.float32(DIM[0] - DIM[1]), 0, 1)
