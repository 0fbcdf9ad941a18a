"""Spectacles drawn on the photo's own pixels: frame, lenses, reflections and shadow."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.channels import length
from faceedit.compose.canvas import FARTHEST, Canvas, Fading, Patch
from faceedit.compose.edit import LARGEST_COLOUR, sample_field
from faceedit.compose.eyewear.frames import Frame, Wire
from faceedit.faces.align import invert
from faceedit.numerics import check_answer

BITS = 4
"""Of fractions of a pixel."""
SOFT = (0.45, 0.003)
"""Blur of what is drawn: pixels, and eye distances, whichever is more."""
FINE = 900.0
"""Eye distance in pixels at which shapes are filled."""
SHADOW, SHADOW_COLOUR = (0.26, 0.075, 0.03), (0.10, 0.045, 0.03)
"""Opacity, distance and blur of the shadow, in eye distances."""
LIGHT = np.array([-0.35, -0.6, -0.72], np.float32)
"""Towards the light that frames shine in: from above, a little from the left."""
USUAL = 0.55
"""Luma of lit skin at which frames have their own brightness."""
WIRE = 2.0
"""Pixels of half a width by which a band has its sides lit differently."""
PAD, GLASS, SKY = (0.75, 0.72, 0.68), (0.82, 0.85, 0.86), (0.93, 0.96, 1.0)
"""Colours of pads, of a lens's own edge, and of what lenses reflect."""
GLARE = (0.13, 0.18)
"""Opacity of the reflection on clear lenses and on dark ones."""


@dataclass(frozen=True)
class Eyewear(Fading):
    """Spectacles on a face, a `Detail`.

    Attributes:
        frame: in crop pixels.
        hidden: (h, w) float32 in [0, 1], what stands before the frame's sides: hair, the face.
        skin: (h, w) float32 in [0, 1], where its shadow falls.
        light: luma of the face's skin.
        mottle: seed of a mottled frame's pattern.
        size: side of the crop in crop pixels.
        unit: the eye distance in crop pixels.
    """

    frame: Frame
    hidden: np.ndarray
    skin: np.ndarray
    light: float
    mottle: int
    size: int
    unit: float

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        points = [edge for wire in self.frame.wires for edge in wire.edges]
        check_answer(FARTHEST * size, frame=np.vstack([*points, *self.frame.lenses]))
        check_answer(LARGEST_COLOUR, hidden=self.hidden, skin=self.skin)
        check_answer(LARGEST_COLOUR, light=np.float32(self.light))

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        box = self._box(canvas) if self.strength else None
        if box is None:
            return []
        part = canvas.part(box)
        sheet = _Sheet(part.to_crop, part.pixels.shape[:2], self)
        sheet.add(*sheet.shadow())
        for number in (0, 1):
            for paint, opacity in sheet.lens(number):
                sheet.add(paint, opacity)
        for wire in self.frame.wires:
            sheet.add(*sheet.wire(wire))
        opacity = sheet.opacity * np.float32(min(self.strength, 1.0))
        paint = sheet.paint / np.maximum(sheet.opacity, 1e-4)[..., None]
        return [Patch(box, np.clip(paint, 0, 1), opacity)]

    def _box(self, canvas: Canvas) -> tuple[slice, slice] | None:
        points = np.vstack([edge for wire in self.frame.wires for edge in wire.edges])
        back = invert(canvas.to_crop)
        seen = points[:, :2] @ back[:, :2].T + back[:, 2]
        reach = 0.25 * self.unit * float(np.hypot(back[0, 0], back[1, 0]))
        size = canvas.pixels.shape[1::-1]
        low = np.clip(np.floor(seen.min(0) - reach), 0, size).astype(int)
        high = np.clip(np.ceil(seen.max(0) + reach), 0, size).astype(int)
        return (slice(low[1], high[1]), slice(low[0], high[0])) if (high - low).min() > 3 else None


class _Sheet:
    """A window of the photo that layers are laid on, premultiplied by their opacity."""

    def __init__(self, to_crop: np.ndarray, shape: tuple[int, int], eyewear: Eyewear):
        self.to_crop, self.shape, self.eyewear = to_crop, shape, eyewear
        self.style = eyewear.frame.style
        self.back = invert(to_crop)
        self.unit = eyewear.unit * float(np.hypot(self.back[0, 0], self.back[1, 0]))
        self.soft = max(SOFT[0], SOFT[1] * self.unit)
        self.finer = int(np.clip(FINE / self.unit, 2, 6))
        self.paint = np.zeros((*shape, 3), np.float32)
        self.opacity = np.zeros(shape, np.float32)
        free = 1 - np.clip(sample_field(eyewear.hidden, eyewear.size, to_crop, shape), 0, 1)
        self.free = free
        self.bright = np.float32(np.clip(eyewear.light / USUAL, 0.25, 1.25))

    def add(self, colour: np.ndarray, opacity: np.ndarray) -> None:
        """Lay a layer over all others."""
        self.paint += opacity[..., None] * (colour - self.paint)
        self.opacity += opacity * (1 - self.opacity)

    def fill(self, *rings: np.ndarray) -> np.ndarray:
        """Draw rings in crop pixels, filled between them, (h, w) float32 in [0, 1]."""
        seen = [ring[:, :2] @ self.back[:, :2].T + self.back[:, 2] for ring in rings]
        # Finer than the photo, and averaged: the filler's own soft edges are too wide.
        fine = self.finer
        fixed = [np.round(((r + 0.5) * fine - 0.5) * (1 << BITS)).astype(np.int32) for r in seen]
        drawn = np.zeros((fine * self.shape[0], fine * self.shape[1]), np.uint8)
        cv2.fillPoly(drawn, fixed, 255, cv2.LINE_8, BITS)
        drawn = cv2.resize(drawn, self.shape[::-1], interpolation=cv2.INTER_AREA)
        return cv2.GaussianBlur(drawn.astype(np.float32) / 255, (0, 0), self.soft)

    def band(self, wire: Wire) -> np.ndarray:
        """Draw the area of a wire."""
        if wire.part == "pad":
            return self.fill(wire.edges[0])
        if wire.closed:
            return self.fill(*wire.edges)
        drawn = self.fill(np.vstack([wire.edges[0], wire.edges[1][::-1]]))
        if wire.part == "bridge":
            for ring in self.eyewear.frame.lenses:
                drawn *= 1 - self.fill(ring)
        return drawn

    def wire(self, wire: Wire) -> tuple[np.ndarray, np.ndarray]:
        """Return colour and opacity of a part of the frame."""
        band = self.band(wire)
        if wire.part == "pad":
            return self.plain(PAD), 0.22 * band * self.free
        colour = np.array(self.style.colour, np.float32)
        if self.style.second is not None:
            share = self._mottle()[..., None]
            colour = colour + share * (np.array(self.style.second, np.float32) - colour)
        shade, shine = self._lit(band)
        lit = colour * shade[..., None] + np.float32(self.style.gloss) * shine[..., None]
        return lit * self.bright, band * self.free

    def lens(self, number: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return colours and opacities of a lens: its tint, its reflection, its edge."""
        style, ring = self.style, self.eyewear.frame.lenses[number]
        inside = self.fill(ring)
        seen = ring[:, :2] @ self.back[:, :2].T + self.back[:, 2]
        y, x = np.mgrid[: self.shape[0], : self.shape[1]].astype(np.float32)
        middle, span = seen.mean(0), np.maximum(np.ptp(seen, axis=0), 1)
        down = np.clip((y - middle[1]) / span[1] + 0.5, 0, 1)[..., None]
        above, below = (np.array(one, np.float32) for one in style.tint)
        tint = (1 - down) * above + down * below
        opacity = (1 - down) * style.opacity[0] + down * style.opacity[1]
        layers = [(tint * self.bright, inside * opacity[..., 0])]
        # A window high on one side, seen in both lenses.
        across = ((x - middle[0]) + 0.55 * (y - middle[1])) / span[0]
        window = np.exp(-np.square((across + 0.2) / 0.13))
        window += 0.6 * np.exp(-np.square((across - 0.05) / 0.05))
        window *= np.clip(1.1 - down[..., 0] * 1.3, 0, 1)
        glare = GLARE[style.opacity[0] > 0.5] * window * inside
        layers.append((self.plain(SKY) / self.bright, glare))
        if not style.rim or style.upper:
            edge = self.fill(ring, _drawn_in(ring, 0.965))
            layers.append((self.plain(GLASS), 0.38 * edge * self.free))
        return layers

    def shadow(self) -> tuple[np.ndarray, np.ndarray]:
        """Return colour and opacity of what the frame's front throws on the skin."""
        front = [wire for wire in self.eyewear.frame.wires if wire.part in ("rim", "bridge")]
        cast = np.zeros(self.shape, np.float32)
        for wire in front:
            cast = np.maximum(cast, self.band(wire))
        dark = self.style.opacity[0] > 0.5
        for ring in self.eyewear.frame.lenses:
            cast = np.maximum(cast, (0.8 if dark else 0.05) * self.fill(ring))
        opacity, distance, blur = SHADOW
        turn = self.back[:, :2] / np.hypot(self.back[0, 0], self.back[1, 0])
        away = turn @ np.array([0.25, 1.0]) * distance * self.unit
        moved = np.array([[1, 0, away[0]], [0, 1, away[1]]], np.float32)
        cast = cv2.warpAffine(cast, moved, self.shape[::-1])
        cast = cv2.GaussianBlur(cast, (0, 0), max(0.8, blur * self.unit))
        eyewear = self.eyewear
        skin = np.clip(sample_field(eyewear.skin, eyewear.size, self.to_crop, self.shape), 0, 1)
        return self.plain(SHADOW_COLOUR), opacity * cast * skin

    def plain(self, colour: tuple[float, float, float]) -> np.ndarray:
        """Return (h, w, 3) of one colour, as bright as the photo is."""
        return np.broadcast_to(np.array(colour, np.float32) * self.bright, (*self.shape, 3))

    def _lit(self, band: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return shade and highlights of a round band, from how deep in it pixels lie."""
        depth = cv2.distanceTransform((band > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        reach = max(float(depth.max()), 1.0)
        height = reach * np.sqrt(np.clip(1 - np.square(1 - depth / reach), 0, 1))
        height = cv2.GaussianBlur(height.astype(np.float32), (0, 0), max(0.7, 0.25 * reach))
        normal = np.dstack(
            [
                -cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125),
                -cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125),
                np.full(self.shape, -1, np.float32),
            ]
        )
        normal /= length(normal)[..., None]
        facing = np.clip(normal @ LIGHT, 0, 1)
        half = LIGHT + np.array([0, 0, -1], np.float32)
        half /= np.linalg.norm(half)
        shine = np.clip(normal @ half, 0, 1) ** 24
        # A wire of a pixel has no sides to tell apart.
        known = np.float32(np.clip((reach - 1) / WIRE, 0, 1))
        shade = 0.95 + known * (0.85 * facing - 0.5)
        return shade, 0.12 + known * (0.6 * shine - 0.12)

    def _mottle(self) -> np.ndarray:
        """Return the pattern of horn, (h, w) in [0, 1]."""
        draw = np.random.default_rng(self.eyewear.mottle)
        grain = draw.normal(size=(48, 48)).astype(np.float32)
        grain = cv2.GaussianBlur(grain, (0, 0), 1.2, sigmaY=0.9)
        large = cv2.resize(grain, self.shape[::-1], interpolation=cv2.INTER_CUBIC)
        return np.clip(0.35 + 0.9 * large / max(float(grain.std()), 1e-6) * 0.5, 0, 1)


def _drawn_in(ring: np.ndarray, share: float) -> np.ndarray:
    """Return a ring drawn in towards its middle."""
    middle = ring.mean(0)
    return middle + np.float32(share) * (ring - middle)
