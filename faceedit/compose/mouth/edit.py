"""A mouth that moves: the flow about the lips, what the photo shows between them, and new paint."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.channels import length
from faceedit.compose.mouth.lips import continue_flow, keep_off, keep_side, lip_change
from faceedit.compose.mouth.meeting import contact, meet, seam
from faceedit.compose.mouth.moustache import hang_hairs
from faceedit.compose.mouth.opening import CLOSED, EVERYWHERE, Box, MouthPoints, Opening, lip_gap
from faceedit.compose.mouth.own import OwnMouth, own_light, own_mouth
from faceedit.compose.mouth.rims import roll_in
from faceedit.tones import LUMA

OWN_TEETH = 0.05
"""Gap of the lips in eye distances from which on a photo says what its teeth look like."""
TRUST = (0.7, 0.78)
"""Openings of a photo over those of the target between which its own teeth come to be shown: what
is seen of them in a narrow one would stand as a torn strip in a wide one."""
INSIDE = 0.008
"""Eye distances inside the opening from where on pixels are teeth and not lips."""

Painter = Callable[[np.ndarray | None, float, float], np.ndarray]
"""Paints the target's opening, (h, w, 3) RGB in [0, 1]: from the photo's (N, 3) pixels between its
lips, None where they are closed, the pixels by which its upper teeth end lower than marked, and how
far these are shown themselves."""


@dataclass(frozen=True)
class MouthFields:
    """What an edit does in the box about a mouth.

    Attributes:
        box: slices of the picture.
        flow: (h, w, 2) float32 pixels, the given flow corrected in and about the mouth.
        log_ratio: (h, w, 3) float32, the contact line of lips that close.
        paint: (h, w, 3) float32 RGB in [0, 1].
        opacity: (h, w) float32 in [0, 1].
        painted: (h, w) float32 in [0, 1], opening that the photo does not show.
    """

    box: Box
    flow: np.ndarray
    log_ratio: np.ndarray
    paint: np.ndarray
    opacity: np.ndarray
    painted: np.ndarray


def edit_mouth(
    pixels: np.ndarray,
    flow: np.ndarray,
    before: MouthPoints,
    after: MouthPoints,
    opening: Opening,
    gap: float,
    draw_shown: Callable[[], Opening],
    paint: Painter,
    hair: float = 0.0,
) -> MouthFields:
    """Fill the target's mouth and correct the flow about it.

    Args:
        pixels: (H, W, 3) float32 RGB in [0, 1], the photo, upright.
        flow: (h, w, 2) backward flow of the skin, in the box.
        before: the mouth in the photo.
        after: in the target.
        opening: of the target.
        gap: mean opening of the photo's lips in eye distances; 0 shows nothing of what is there.
        draw_shown: draws the photo's opening in the same box.
        paint: what to show where the photo shows nothing.
        hair: of `moustache.hair_over_lip`.
    """
    box, unit = opening.box, opening.unit
    change = lip_change(before, after, unit)
    shape = opening.coverage.shape
    bare = MouthFields(
        box,
        flow,
        np.zeros((*shape, 3), np.float32),
        np.zeros((*shape, 3), np.float32),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
    )
    if change == 0:
        return bare
    shown = None
    lips = continue_flow(opening, flow)
    if gap >= CLOSED:
        shown = draw_shown()
        lips = meet(opening, keep_off(shown, lips, change), before, after, change)
    elif opening.coverage.any():
        lips = keep_side(opening, lips, before.lips, after.lips, change * opening.visible)
    line = contact(before, after, opening, gap)
    coverage = opening.coverage
    if not coverage.any():
        return _sealed(
            replace(bare, flow=lips, log_ratio=line),
            pixels,
            opening,
            before,
            after,
            change if shown else 0.0,
        )
    photo = pixels[box]
    own = own_mouth(photo @ LUMA, before, after, opening, shown, gap, change)
    trust = _trust(gap, lip_gap(after.landmarks, unit)) if shown is not None else 0.0
    own = replace(own, share=own.share * np.float32(trust))
    shade = np.zeros_like(line)
    if shown is not None and shown.coverage.any():
        shade = own_light(own, before, after, opening, shown)
    inside = None
    if shown is not None and gap > OWN_TEETH:
        inside = photo[-shown.distance() > INSIDE * unit]
    new = paint(inside, own.drop, trust)
    about = _carried(pixels, opening, lips)
    new = roll_in(new, about, opening)
    new = hang_hairs(new, about, after, opening, hair)
    bare = replace(bare, flow=lips, log_ratio=line + shade)
    fields = _laid(bare, own, new, pixels, opening, shade)
    return _sealed(fields, pixels, opening, before, after, change if shown else 0.0)


def _laid(
    bare: MouthFields,
    own: OwnMouth,
    new: np.ndarray,
    pixels: np.ndarray,
    opening: Opening,
    shade: np.ndarray,
) -> MouthFields:
    """Return the fields with what the photo shows of the opening, and new paint elsewhere in it.

    Args:
        bare: flow of the lips and their line; paint and opacity are written over.
        own: what the photo shows.
        new: (h, w, 3) RGB in [0, 1].
        pixels: of the photo.
        opening: of the target; outside it nothing is laid.
        shade: (h, w, 3) log ratio of what the photo shows.
    """
    part = opening.seen()
    coverage, share, own_flow = (one[part] for one in (opening.coverage, own.share, own.flow))
    lips, new = bare.flow[part], new[part]
    core = coverage > 0.99
    kept = np.clip(length(own_flow - lips) / 0.25, 0, 1)
    opacity = np.where(core, 1 - share, coverage * np.maximum(1 - share, kept))
    opacity *= opening.visible
    carried = _carried(pixels, opening, own.flow, part) * np.exp(shade[part])
    mixed = share[..., None] * carried + (1 - share[..., None]) * new
    mixed = np.where((~core & (coverage > 0))[..., None], mixed, new)
    bare.paint[part] = np.clip(mixed, 0, 1) * (opacity > 0)[..., None]
    bare.opacity[part] = opacity
    bare.painted[part] = coverage * (1 - share)
    flow = bare.flow.copy()
    flow[part] = np.where((core & (share > 0.02))[..., None], own_flow, lips)
    return replace(bare, flow=flow)


def _trust(had: float, has: float) -> float:
    """Return how far a photo's own teeth are shown, by mean openings in eye distances."""
    low, high = TRUST
    return float(np.clip((had / max(has, 1e-6) - low) / (high - low), 0, 1))


def _sealed(
    fields: MouthFields,
    pixels: np.ndarray,
    opening: Opening,
    before: MouthPoints,
    after: MouthPoints,
    change: float,
) -> MouthFields:
    """Return what an edit does where lips that were apart meet, painted along their line, too.

    Args:
        fields: of the mouth without that.
        pixels: of the photo.
        opening: of the target.
        before: the mouth in the photo.
        after: in the target.
        change: of `lips.lip_change`, 0 where the photo's lips are closed.
    """
    if change == 0 or opening.visible == 1:
        return fields
    lips, share = seam(_carried(pixels, opening, fields.flow), opening, before, after)
    share *= change * (1 - opening.visible) * (1 - fields.opacity)
    opacity = fields.opacity + share
    laid = fields.opacity[..., None] * fields.paint + share[..., None] * lips * np.exp(
        fields.log_ratio
    )
    paint = laid / np.maximum(opacity, 1e-6)[..., None]
    return replace(fields, paint=np.clip(paint, 0, 1), opacity=opacity)


def _carried(
    pixels: np.ndarray, opening: Opening, flow: np.ndarray, part: Box = EVERYWHERE
) -> np.ndarray:
    """Return the photo as a flow carries it into a part of the opening's box, (h, w, 3)."""
    places = opening.places[part] + flow[part]
    return cv2.remap(
        pixels, places[..., 0], places[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
