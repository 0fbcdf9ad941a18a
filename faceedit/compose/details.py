"""Eyes and mouths, edited at the photo's own resolution from its own pixels.

Fields of a network are smooth; lids, lashes and teeth are not. Landmarks before and after an edit
say where these go, and `compose.eyes` and `compose.mouth` do the rest on native pixels.
"""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.channels import largest
from faceedit.compose.canvas import FARTHEST, Canvas, Patch, Slices
from faceedit.compose.edit import LARGEST_COLOUR, sample_field
from faceedit.compose.eyes.edit import BOX, EyeEdit, edit_eye
from faceedit.compose.eyes.lids import Lids, lay_lids
from faceedit.compose.mouth.edit import MouthFields, edit_mouth
from faceedit.compose.mouth.light import blur_of, light_across
from faceedit.compose.mouth.lips import follow_lips, seal
from faceedit.compose.mouth.meeting import as_closed
from faceedit.compose.mouth.opening import MouthPoints, box_of, draw_opening, lip_gap, mouth_box
from faceedit.compose.mouth.paint import Ends, TeethTexture, paint_mouth
from faceedit.compose.mouth.traits import traits_of
from faceedit.faces.align import invert
from faceedit.faces.topology import LIPS, eye_distance
from faceedit.numerics import check_answer
from faceedit.tones import LUMA, muted

LEVEL = 0.01
"""Radians: pictures turned by less are taken for upright."""
BRIGHT = 65
"""Percentile of luma from which on pixels between lips are lit teeth."""
PALE, LEAST_SEEN = 0.62, 30
"""How near grey they are where they are teeth, and how many pixels tell."""
LEAST_TONE = 0.75
"""Of the tone expected; darker is no tooth."""
OF_BLUR, EDGE, FLOOR = 0.7, 0.01, 0.004
"""Of the photo's blur, that of the edges of what is painted, at least so many eye distances, as
lips are round; and opacity that nobody sees."""
TORN = 0.7
"""Pixels between a flow and its neighbour's from which on they belong to two lips."""


@dataclass(frozen=True)
class MovedPoints:
    """Where a face's points are before and after an edit, in crop pixels.

    Attributes:
        before: (478, >= 2) landmarks.
        after: (478, 2).
        jaws_before: (20, 2) marks of `mouth.paint.JAW_MARKS`, the upper jaw's first.
        jaws_after: (20, 2).
    """

    before: np.ndarray
    after: np.ndarray
    jaws_before: np.ndarray
    jaws_after: np.ndarray

    def check(self, size: int) -> None:
        """See `Detail.check`: no point lies or moves farther than a few sides of the crop."""
        check_answer(
            FARTHEST * size,
            landmarks=self.before,
            moved_landmarks=self.after,
            jaws=self.jaws_before,
            moved_jaws=self.jaws_after,
        )
        check_answer(size, moves=self.after - self.before[:, :2])

    def scaled(self, strength: float) -> "MovedPoints":
        """Return the points moved by `strength` of the way."""
        start = self.before[:, :2]
        return replace(
            self,
            after=start + strength * (self.after - start),
            jaws_after=self.jaws_before + strength * (self.jaws_after - self.jaws_before),
        )

    def mapped(self, affine: np.ndarray) -> "MovedPoints":
        """Return all points taken through a (2, 3) affine map."""
        parts = (self.before[:, :2], self.after, self.jaws_before, self.jaws_after)
        return MovedPoints(*(p @ affine[:, :2].T + affine[:, 2] for p in parts))

    @property
    def unit(self) -> float:
        """The eye distance before the edit."""
        return max(eye_distance(self.before), 1e-3)


@dataclass(frozen=True)
class EyesDetail:
    """Lids that move over eyes that stand still.

    Attributes:
        points: of the face.
        held: (n, n) float32 in [0, 1] that covers the crop, how firmly spectacles keep it in place.
        size: side of the crop in crop pixels.
    """

    points: MovedPoints
    held: np.ndarray
    size: int

    @property
    def paints(self) -> bool:
        """See `Detail.paints`."""
        return False

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        self.points.check(size)
        check_answer(1.0, spectacles=self.held)

    def scaled(self, strength: float) -> "EyesDetail":
        """See `Detail.scaled`."""
        return replace(self, points=self.points.scaled(strength))

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        points = self.points.mapped(invert(canvas.to_crop))
        patches = []
        for eye in (0, 1):
            lids = lay_lids(points.before, points.after, points.unit, eye)
            if not lids.still and self.held.min() < 1:
                patches += self._draw_eye(canvas, lids)
        return patches

    def _draw_eye(self, canvas: Canvas, lids: Lids) -> list[Patch]:
        size = np.array(canvas.pixels.shape[1::-1])
        # The eye's frame may be turned in the picture.
        reach = np.abs(lids.axes).T @ np.multiply(BOX, lids.unit)
        low = np.clip(np.floor(lids.origin - reach), 0, size).astype(int)
        high = np.clip(np.ceil(lids.origin + reach) + 1, 0, size).astype(int)
        if (high - low).min() < 4:
            return []
        box = (slice(low[1], high[1]), slice(low[0], high[0]))
        shape = canvas.pixels[box].shape[:2]
        edit = EyeEdit(
            flow=canvas.flow[box],
            log_ratio=np.zeros((*shape, 3), np.float32),
            paint=np.zeros((*shape, 3), np.float32),
            opacity=np.zeros(shape, np.float32),
            revealed=np.zeros(shape, np.float32),
        )
        held = None
        if self.held.any():
            to_crop = canvas.part(box).to_crop
            held = np.clip(sample_field(self.held, self.size, to_crop, shape), 0, 1)
        edit_eye(edit, replace(lids, origin=lids.origin - low), canvas.pixels[box], held)
        canvas.gain[box] *= np.exp(edit.log_ratio)
        return [Patch(box, edit.paint, edit.opacity)]


@dataclass(frozen=True)
class MouthDetail:
    """Lips that move, and what shows between them.

    Attributes:
        points: of the face.
        texture: whose teeth are painted.
        tone: (3,) RGB in [0, 1] of lit teeth, where the photo shows none.
        colour: in [0, 1], share of its colour that paint has: none in a grey photo.
        hair: of `moustache.hair_over_lip`.
    """

    points: MovedPoints
    texture: TeethTexture
    tone: np.ndarray
    colour: float = 1.0
    hair: float = 0.0

    @property
    def paints(self) -> bool:
        """See `Detail.paints`."""
        return False

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        self.points.check(size)
        teeth = self.texture
        check_answer(LARGEST_COLOUR, tone=self.tone, colour=np.float32(self.colour))
        check_answer(LARGEST_COLOUR, teeth=teeth.colour, shown=teeth.shown)

    def scaled(self, strength: float) -> "MouthDetail":
        """See `Detail.scaled`."""
        return replace(self, points=self.points.scaled(strength))

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        size = canvas.pixels.shape[:2]
        upright = _upright(canvas.to_crop)
        points = self.points.mapped(invert(canvas.to_crop))
        rings = [MouthPoints(p, p, p).ring for p in (points.before, points.after)]
        outer = mouth_box(rings, points.unit, size)
        if min(s.stop - s.start for s in outer) < 8:
            return []
        if upright is None:
            fields = self._edit(canvas.pixels, canvas.flow[outer], points, outer)
            canvas.flow[outer] = fields.flow
            if fields.log_ratio.any():
                canvas.gain[outer] *= np.exp(fields.log_ratio)
            return _patch(outer, fields.paint, fields.opacity)
        return self._draw_turned(canvas, outer, upright)

    def _edit(
        self, pixels: np.ndarray, flow: np.ndarray, points: MovedPoints, box: Slices
    ) -> MouthFields:
        before = MouthPoints(points.before, points.jaws_before[:10], points.jaws_before[10:])
        after = MouthPoints(points.after, points.jaws_after[:10], points.jaws_after[10:])
        unit = points.unit
        before = as_closed(pixels, before, after, unit)
        after = seal(before, after, unit)
        opening = draw_opening(after, box, unit)
        soft = blur_of(pixels, before.ring, unit)
        traits = traits_of(points.before)

        def paint(inside: np.ndarray | None, drop: float, own: float) -> np.ndarray:
            tone = _own_tone(inside, self.tone)
            part = opening.seen(math.ceil(4 * soft) + 2)
            ends = Ends(drop, own, self.hair)
            new = paint_mouth(self.texture, after, opening, tone, ends, traits, part)
            painted = np.zeros((*opening.coverage.shape, 3), np.float32)
            corner = opening.places[0, 0]
            lips = points.before[list(LIPS), :2] - corner
            light = light_across(pixels[box], lips, before.ring - corner, unit)[part[1]]
            painted[part] = cv2.GaussianBlur(new, (0, 0), soft) * light[None, :, None]
            return painted

        fields = edit_mouth(
            pixels,
            follow_lips(opening, flow, before, after),
            before,
            after,
            opening,
            lip_gap(before.landmarks, unit),
            lambda: draw_opening(before, box, unit),
            paint,
            self.hair,
        )
        if fields.log_ratio.any():
            fields = replace(fields, log_ratio=muted(fields.log_ratio, self.colour))
        fields = soft_edges(fields, max(OF_BLUR * soft, EDGE * unit))
        part = box_of(fields.opacity > 0)
        fields.paint[part] = muted(fields.paint[part], self.colour)
        return fields

    def _draw_turned(self, canvas: Canvas, outer: Slices, turn: np.ndarray) -> list[Patch]:
        """Draw where the picture is not upright: on a copy that is, and back."""
        corner = np.array([outer[1].start, outer[0].start], np.float64)
        height, width = (s.stop - s.start for s in outer)
        corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ turn.T
        low = np.floor(corners.min(0))
        size = np.ceil(corners.max(0) - low).astype(int) + 1
        # From the box of the window to the upright copy.
        there = np.hstack([turn, -low[:, None]])
        pixels, flow = (
            cv2.warpAffine(
                values[outer], there, size.tolist(), flags=how, borderMode=cv2.BORDER_REFLECT_101
            )
            for values, how in (
                (canvas.pixels, cv2.INTER_CUBIC),
                (canvas.flow, cv2.INTER_LINEAR),
            )
        )
        flow = flow @ turn.T.astype(np.float32)
        whole = np.hstack([turn, (-turn @ corner - low)[:, None]])
        points = self.points.mapped(invert(canvas.to_crop)).mapped(whole)
        box = (slice(0, int(size[1])), slice(0, int(size[0])))
        fields = self._edit(pixels, flow, points, box)
        change = (fields.flow - flow) @ turn.astype(np.float32)
        laid = np.dstack([fields.paint * fields.opacity[..., None], fields.opacity])

        def back(values: np.ndarray, how: int = cv2.INTER_LINEAR) -> np.ndarray:
            return cv2.warpAffine(values, there, (width, height), flags=how | cv2.WARP_INVERSE_MAP)

        moved, nearest = (back(change, how) for how in (cv2.INTER_LINEAR, cv2.INTER_NEAREST))
        # Between lips that meet nothing is a mean of both: it would show what was between them.
        torn = largest(np.abs(moved - nearest))[..., None] > TORN
        canvas.flow[outer] += np.where(torn, nearest, moved)
        if fields.log_ratio.any():
            canvas.gain[outer] *= np.exp(back(fields.log_ratio))
        laid = back(laid)
        return _patch(outer, laid[..., :3], laid[..., 3], times=True)


def soft_edges(fields: MouthFields, blur: float) -> MouthFields:
    """Return what is painted with soft edges, by `blur` pixels."""
    part = box_of(fields.opacity > 0, math.ceil(4 * blur))
    opacity, paint = fields.opacity[part], fields.paint[part]
    if not opacity.size:
        return fields
    soft = cv2.GaussianBlur(opacity, (0, 0), blur)
    beyond = cv2.GaussianBlur(paint * opacity[..., None], (0, 0), blur)
    beyond /= np.maximum(soft, 1e-4)[..., None]
    whole = np.clip(2 * opacity - 1, 0, 1)[..., None]
    fields.paint[part] = beyond + whole * (paint - beyond)
    fields.opacity[part] = np.where(soft > FLOOR, soft, 0)
    return fields


def _patch(box: Slices, paint: np.ndarray, opacity: np.ndarray, times: bool = False) -> list[Patch]:
    """Return the part of a box that is painted.

    Args:
        box: of the window.
        paint: (h, w, 3) in it.
        opacity: (h, w).
        times: the paint comes times its opacity.
    """
    rows, columns = part = box_of(opacity > 0)
    paint, opacity = paint[part], opacity[part]
    if times:
        paint = paint / np.maximum(opacity, 1e-4)[..., None]
    down, right = box[0].start, box[1].start
    at = (
        slice(down + rows.start, down + rows.stop),
        slice(right + columns.start, right + columns.stop),
    )
    return [Patch(at, paint, opacity)] if opacity.size else []


def _upright(to_crop: np.ndarray) -> np.ndarray | None:
    """Return the (2, 2) rotation that sets a window upright, None where it is."""
    rotation = to_crop[:, :2] / np.hypot(to_crop[0, 0], to_crop[1, 0])
    return None if abs(np.arctan2(rotation[1, 0], rotation[0, 0])) < LEVEL else rotation


def _own_tone(inside: np.ndarray | None, expected: np.ndarray) -> np.ndarray:
    """Return the tone of the teeth that a photo shows, else what is expected."""
    if inside is None or len(inside) < LEAST_SEEN:
        return expected
    luma = inside @ LUMA
    bright = inside[luma >= np.percentile(luma, BRIGHT)].mean(0)
    paleness = 1 - np.ptp(bright) / max(float(bright.max()), 1e-3)
    shows = paleness > PALE and float(bright @ LUMA) > LEAST_TONE * float(expected @ LUMA)
    return bright.astype(np.float32) if shows else expected
