"""Spectacles drawn on the photo's own pixels: frame, lenses, reflections and shadow."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.canvas import FARTHEST, Canvas, Fading, Patch
from faceedit.compose.edit import LARGEST_COLOUR, sample_field
from faceedit.compose.eyewear.frames import Frame, Wire
from faceedit.compose.eyewear.gloss import band_colours
from faceedit.faces.align import invert
from faceedit.numerics import check_answer
from faceedit.ramps import smoothstep

BITS = 4
"""Of fractions of a pixel."""
SOFT = (0.45, 0.003)
"""Blur of what is drawn: pixels, and eye distances, whichever is more."""
FINE = 700.0
"""Eye distance in pixels at which shapes are filled."""
SHADOWS = ((0.2, 0.022, 0.012), (0.24, 0.075, 0.032))
"""Opacity, distance and blur of shadows, close and farther, in eye distances."""
SHADOW_COLOUR = (0.10, 0.045, 0.03)
USUAL = 0.55
"""Luma of lit skin at which frames have their own brightness."""
BEHIND = 0.04
"""Eye distances behind the skin from which on it hides a temple."""
PAD, GLASS, SKY = (0.75, 0.72, 0.68), (0.82, 0.85, 0.86), (0.93, 0.96, 1.0)
"""Colours of pads, of a lens's own edge, and of what lenses reflect."""
GLARE = (0.085, 0.2)
"""Opacity of the reflection on clear lenses and on dark ones."""
HORIZON = (0.5, 0.36)
"""Where the sky that dark lenses reflect has ended, and begins to end, from above to below."""
RIM_LIGHT = 0.09
"""Of the light that the bevel of a lens catches."""


@dataclass(frozen=True)
class Eyewear(Fading):
    """Spectacles on a face, a `Detail`.

    Attributes:
        frame: in crop pixels.
        hidden: (h, w) float32 in [0, 1], what stands before the temples: hair.
        locks: (h, w) float32 in [0, 1], what stands before the front.
        skin: (h, w) float32 in [0, 1], where its shadow falls.
        depth: (h, w) float32 crop pixels away, of the face; far where it is not.
        lit: (h, w) float32, light on the face beside its middle.
        light: luma of the face's skin.
        mottle: seed of a mottled frame's pattern.
        size: side of the crop in crop pixels.
        unit: the eye distance in crop pixels.
    """

    frame: Frame
    hidden: np.ndarray
    locks: np.ndarray
    skin: np.ndarray
    depth: np.ndarray
    lit: np.ndarray
    light: float
    mottle: int
    size: int
    unit: float

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        points = [edge for wire in self.frame.wires for edge in wire.edges]
        check_answer(FARTHEST * size, frame=np.vstack([*points, *self.frame.lenses]))
        check_answer(LARGEST_COLOUR, hidden=self.hidden, locks=self.locks)
        check_answer(LARGEST_COLOUR, skin=self.skin, lit=self.lit)
        check_answer(2 * FARTHEST * size, depth=self.depth)
        check_answer(LARGEST_COLOUR, light=np.float32(self.light))

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        box = self._box(canvas) if self.strength else None
        if box is None:
            return []
        part = canvas.part(box)
        sheet = _Sheet(part.to_crop, part.pixels.shape[:2], self)
        temples, front = sheet.frame("temple"), sheet.frame("end", "rim", "bridge")
        for layer in sheet.shadows(front[1]):
            sheet.add(*layer)
        sheet.lay(*temples)
        for number in (0, 1):
            for paint, opacity in sheet.lens(number):
                sheet.add(paint, opacity)
        for wire in self.frame.wires:
            if wire.part == "pad":
                sheet.add(sheet.plain(PAD), 0.22 * sheet.fill(wire.edges[0]) * sheet.free)
        sheet.lay(*front)
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
        self.finer = int(np.clip(FINE / self.unit, 1, 6))
        self.paint = np.zeros((*shape, 3), np.float32)
        self.opacity = np.zeros(shape, np.float32)
        # The front stands before hair, but for locks that hang over the face.
        self.free, self.before = (
            1 - np.clip(sample_field(field, eyewear.size, to_crop, shape), 0, 1)
            for field in (eyewear.hidden, eyewear.locks)
        )
        self.bright = np.float32(np.clip(eyewear.light / USUAL, 0.25, 1.25))

    def add(self, colour: np.ndarray, opacity: np.ndarray) -> None:
        """Lay a layer over all others."""
        self.lay(colour * opacity[..., None], opacity)

    def lay(self, paint: np.ndarray, opacity: np.ndarray) -> None:
        """Lay a layer over all others whose colours are multiplied by their opacity."""
        self.paint += paint - opacity[..., None] * self.paint
        self.opacity += opacity * (1 - self.opacity)

    def seen(self, points: np.ndarray) -> np.ndarray:
        """Take (..., >= 2) crop pixels to those of the window."""
        return points[..., :2] @ self.back[:, :2].T + self.back[:, 2]

    def fixed(self, places: np.ndarray) -> np.ndarray:
        """Take (..., 2) window pixels to the filler's numbers."""
        fine = (places + 0.5) * self.finer - 0.5
        return np.round(fine * (1 << BITS)).astype(np.int32)

    def fill(self, *rings: np.ndarray) -> np.ndarray:
        """Draw rings in crop pixels, filled between them, (h, w) float32 in [0, 1]."""
        # Finer than the photo, and averaged: the filler's own soft edges are too wide.
        drawn = np.zeros((self.finer * self.shape[0], self.finer * self.shape[1]), np.uint8)
        cv2.fillPoly(drawn, [self.fixed(self.seen(one)) for one in rings], 255, cv2.LINE_8, BITS)
        return self.averaged(drawn)

    def averaged(self, drawn: np.ndarray) -> np.ndarray:
        """Take what was drawn finer to the window's own pixels, float32 in [0, 1]."""
        drawn = cv2.resize(drawn, self.shape[::-1], interpolation=cv2.INTER_AREA)
        return cv2.GaussianBlur(drawn.astype(np.float32) / 255, (0, 0), self.soft)

    def frame(self, *parts: str) -> tuple[np.ndarray, np.ndarray]:
        """Return some parts of the frame: colours times opacity, and opacity."""
        fine = (self.finer * self.shape[0], self.finer * self.shape[1], 4)
        drawn = np.zeros(fine, np.uint8)
        for wire in self.eyewear.frame.wires:
            if wire.part in parts:
                self._strip(drawn, wire)
        free = self.free if "temple" in parts else self.before
        made = self.averaged(drawn) * free[..., None]
        return made[..., :3], made[..., 3]

    def _strip(self, drawn: np.ndarray, wire: Wire) -> None:
        """Draw a wire, patch by patch in its own light."""
        first, second = (self.seen(edge) for edge in wire.edges)
        eyewear = self.eyewear
        colours = band_colours(second - first, self.style, wire, eyewear.mottle)
        middle = np.round((wire.edges[0] + wire.edges[1])[:, :2] / 2).astype(int)
        x, y = np.clip(middle, 0, eyewear.size - 1).T
        colours = colours * (self.bright * eyewear.lit[y, x])[:, None, None]
        told = np.clip(np.concatenate([colours, np.ones_like(colours[..., :1])], 2), 0, 1) * 255
        bands = colours.shape[1]
        share = np.linspace(0, 1, bands + 1)[:, None, None]
        lines = self.fixed(first + share * (second - first))
        shown = np.ones(len(first), bool)
        if wire.part == "temple":
            away = ((wire.edges[0] + wire.edges[1]) / 2)[:, 2]
            shown = away < eyewear.depth[y, x] + BEHIND * eyewear.unit
        count = len(first) - (not wire.closed)
        for k in np.flatnonzero(shown[:count]):
            after = (k + 1) % len(first)
            for band in range(bands):
                pair = lines[band : band + 2]
                patch = np.array([pair[0, k], pair[0, after], pair[1, after], pair[1, k]])
                cv2.fillConvexPoly(drawn, patch, told[k, band].tolist(), cv2.LINE_8, BITS)

    def lens(self, number: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return colours and opacities of a lens: its tint, its reflection, its edge."""
        style, ring = self.style, self.eyewear.frame.lenses[number]
        inside = self.fill(ring) * self.before
        seen = self.seen(ring)
        y, x = np.mgrid[: self.shape[0], : self.shape[1]].astype(np.float32)
        middle, span = seen.mean(0), np.maximum(np.ptp(seen, axis=0), 1)
        down = np.clip((y - middle[1]) / span[1] + 0.5, 0, 1)[..., None]
        above, below = (np.array(one, np.float32) for one in style.tint)
        tint = (1 - down) * above + down * below
        opacity = (1 - down) * style.opacity[0] + down * style.opacity[1]
        layers = [(tint * self.bright, inside * opacity[..., 0])]
        # A window high on one side, seen in both lenses, and the sky above.
        across = ((x - middle[0]) + 0.55 * (y - middle[1])) / span[0]
        window = np.exp(-np.square((across + 0.24) / 0.16))
        window += 0.6 * np.exp(-np.square((across + 0.02) / 0.05))
        window *= np.clip(1.1 - down[..., 0] * 1.3, 0, 1)
        # On dark lenses the sky ends at a horizon, bent as they are.
        bent = down[..., 0] + 0.25 * np.square((x - middle[0]) / span[0])
        sky = (
            np.square(1 - down[..., 0])
            if style.opacity[0] < 0.5
            else 1.2 * smoothstep(bent, HORIZON)
        )
        window += 0.35 * sky
        glare = GLARE[style.opacity[0] > 0.5] * window * inside
        layers.append((self.plain(SKY), glare))
        bevel = np.clip(inside - self.fill(_drawn_in(ring, 0.965)), 0, 1) * self.before
        bevel *= RIM_LIGHT if style.rim and not style.upper else 0.38
        layers.append((self.plain(GLASS), bevel * (0.4 + 0.6 * down[..., 0])))
        return layers

    def shadows(self, front: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return colours and opacities of what the frame's front throws on the skin."""
        dark = self.style.opacity[0] > 0.5
        cast = front
        for ring in self.eyewear.frame.lenses:
            cast = np.maximum(cast, (0.8 if dark else 0.08) * self.fill(ring))
        eyewear = self.eyewear
        skin = np.clip(sample_field(eyewear.skin, eyewear.size, self.to_crop, self.shape), 0, 1)
        turn = self.back[:, :2] / np.hypot(self.back[0, 0], self.back[1, 0])
        layers = []
        for opacity, distance, blur in SHADOWS:
            away = turn @ np.array([0.25, 1.0]) * distance * self.unit
            moved = np.array([[1, 0, away[0]], [0, 1, away[1]]], np.float32)
            fallen = cv2.warpAffine(cast, moved, self.shape[::-1])
            fallen = cv2.GaussianBlur(fallen, (0, 0), max(0.8, blur * self.unit))
            layers.append((self.plain(SHADOW_COLOUR), opacity * fallen * skin))
        return layers

    def plain(self, colour: tuple[float, float, float]) -> np.ndarray:
        """Return (h, w, 3) of one colour, as bright as the photo is."""
        return np.broadcast_to(np.array(colour, np.float32) * self.bright, (*self.shape, 3))


def _drawn_in(ring: np.ndarray, share: float) -> np.ndarray:
    """Return a ring drawn in towards its middle."""
    middle = ring.mean(0)
    return middle + np.float32(share) * (ring - middle)
