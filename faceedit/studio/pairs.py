"""Making pairs: a photo, an order and a seed give one record, always the same."""

from dataclasses import replace

import numpy as np

from faceedit.compose.mouth.opening import lip_gap
from faceedit.lights import LIGHTS, coloured
from faceedit.regions import Region
from faceedit.studio.edit import ExpressionEdit, edit_expression, lead_back
from faceedit.studio.expressions import Ask
from faceedit.studio.fields import Fields, no_fields, warp_labels
from faceedit.studio.fold_atlas import FoldChoice, draw_fold_choice
from faceedit.studio.light import LightEstimate, estimate_light, relight
from faceedit.studio.model import Part
from faceedit.studio.mouth import MouthChoice, draw_mouth_choice
from faceedit.studio.photo import Sitter
from faceedit.studio.record import Choices, Labels, Pair
from faceedit.studio.rig import Rig
from faceedit.studio.sampling import Order
from faceedit.studio.sitting import Sitting
from faceedit.studio.subject import Pose
from faceedit.studio.turn import turn_head
from faceedit.tones import to_bytes


def make_pair(rig: Rig, sitting: Sitting, order: Order, seed: int, *, varied: bool = True) -> Pair:
    """Make the pair whose input is the photo.

    Args:
        rig: model, tables, folds and mouths.
        sitting: the photo.
        order: what the target is to be.
        seed: of every choice that is not ordered.
        varied: False takes the median's folds and the first mouth instead.
    """
    sitter = sitting.sitter
    mouth, folds = _draw_choices(rig, seed, varied)
    subject = sitter.subject
    if order.turn:
        return _turned(rig, sitting, order, seed)
    if order.ask is None:
        edit = _unchanged(sitter)
    else:
        edit = edit_expression(sitter, rig, order.ask, mouth, folds)
    labels = replace(
        sitting.labels,
        ask=order.ask or sitting.shows or Ask(),
        shown=sitting.shows or Ask(),
        action_units=_units(rig, sitter, order.ask),
        measured=order.ask is None,
    )
    fields = edit.fields
    estimate = estimate_light(subject, sitter.matte)
    labels = replace(labels, input_light=_rounded(estimate))
    if order.light is not None:
        light = coloured(LIGHTS[order.light], order.light_colour)
        matte = warp_labels(sitter.matte, fields.flow)
        lit = fields.compose(subject.crop.pixels)
        fields = fields.with_light(relight(subject, edit.pose, lit, matte, estimate, light))
        labels = replace(labels, light=order.light, light_colour=order.light_colour)
    choices = _choices(seed, edit, mouth, folds, subject.gap, subject.unit)
    return _record(
        rig,
        sitter,
        subject.crop.pixels,
        sitter.regions,
        replace(edit, fields=fields),
        (subject.pose, subject.crop.landmarks),
        labels,
        choices,
    )


def make_real_target(
    rig: Rig, sitting: Sitting, start: Ask, seed: int, *, varied: bool = True
) -> Pair:
    """Make the pair whose target is the photo, its input the same face with another expression.

    Args:
        rig: model, tables, folds and mouths.
        sitting: a photo that shows an expression.
        start: what the input shows; the empty `Ask` is a neutral face.
        seed: of every choice that is not ordered.
        varied: as in `make_pair`.
    """
    sitter = sitting.sitter
    subject = sitter.subject
    mouth, folds = _draw_choices(rig, seed, varied)
    away = edit_expression(sitter, rig, start, mouth, folds)
    # The network sees bytes.
    composed = to_bytes(away.fields.compose(subject.crop.pixels))
    back = lead_back(sitter, away, composed.astype(np.float32) / 255, rig)
    labels = replace(
        sitting.labels,
        ask=sitting.shows or Ask(),
        shown=start,
        action_units=_units(rig, sitter, None),
        measured=True,
        input_light=_rounded(estimate_light(subject, sitter.matte)),
        real="target",
    )
    # The dice shaped the input, which is seen; the target's teeth and folds are the photo's own.
    choices = Choices(seed, gap_input=lip_gap(away.landmarks, subject.unit), gap_target=subject.gap)
    regions = _moved_regions(sitter.regions, away)
    pair = _record(
        rig,
        sitter,
        composed.astype(np.float32) / 255,
        regions,
        back,
        (away.pose, away.landmarks),
        labels,
        choices,
    )
    return replace(pair, target=subject.crop.to_bytes(), regions_target=sitter.regions)


def _draw_choices(rig: Rig, seed: int, varied: bool) -> tuple[MouthChoice, FoldChoice]:
    if not varied:
        return MouthChoice(donor=0), FoldChoice()
    rng = np.random.default_rng(seed)
    return draw_mouth_choice(rng, rig.mouths), draw_fold_choice(rng, rig.folds)


def _record(
    rig: Rig,
    sitter: Sitter,
    pixels: np.ndarray,
    regions: np.ndarray,
    edit: ExpressionEdit,
    start: tuple[Pose, np.ndarray],
    labels: Labels,
    choices: Choices,
) -> Pair:
    """Put a pair together; `start` is the input's pose and its landmarks."""
    jaws = rig.mouths.anatomy(rig.model)
    pose, landmarks = start
    return Pair(
        input=to_bytes(pixels),
        target=to_bytes(edit.fields.compose(pixels)),
        fields=edit.fields,
        part=edit.pose.drawing.part,
        regions_input=regions,
        regions_target=_moved_regions(regions, edit),
        valid=sitter.valid,
        painted=edit.painted,
        tooth_coordinates=edit.tooth_coordinates,
        shown_eye=edit.shown_eye,
        landmarks_input=landmarks,
        landmarks_target=edit.landmarks,
        jaws_input=jaws.jaw_points(pose.places),
        jaws_target=jaws.jaw_points(edit.pose.places),
        labels=labels,
        choices=choices,
    )


def _moved_regions(regions: np.ndarray, edit: ExpressionEdit) -> np.ndarray:
    """Carry a semantic mask along, what shows between lids and lips as the model has it."""
    moved = warp_labels(regions, edit.fields.flow)
    drawing = edit.pose.drawing
    moved[drawing.mouth & (edit.painted > 0.5)] = Region.MOUTH
    shut = drawing.part == Part.SKIN
    moved[shut & (moved == Region.MOUTH)] = Region.LIPS
    moved[drawing.eyes & (edit.shown_eye > 0.5)] = Region.EYES
    return moved


def _unchanged(sitter: Sitter) -> ExpressionEdit:
    subject, size = sitter.subject, sitter.subject.crop.size
    nothing = np.zeros((size, size), np.float32)
    return ExpressionEdit(
        pose=subject.pose,
        fields=no_fields(size),
        painted=nothing,
        tooth_coordinates=np.zeros((size, size, 2), np.float32),
        shown_eye=nothing,
        landmarks=subject.crop.landmarks,
    )


def _turned(rig: Rig, sitting: Sitting, order: Order, seed: int) -> Pair:
    sitter = sitting.sitter
    subject = sitter.subject
    turned = turn_head(subject, order.turn, sitter.matte)
    fields = Fields(turned.flow, np.zeros_like(subject.crop.pixels), turned.paint, turned.opacity)
    edit = replace(_unchanged(sitter), pose=turned.pose, fields=fields, landmarks=turned.landmarks)
    labels = replace(
        sitting.labels,
        ask=sitting.shows or Ask(),
        shown=sitting.shows or Ask(),
        action_units=_units(rig, sitter, None),
        measured=True,
        input_light=_rounded(estimate_light(subject, sitter.matte)),
        turn=order.turn,
        trust=round(float(turned.trust), 3),
    )
    gap = subject.gap
    return _record(
        rig,
        sitter,
        subject.crop.pixels,
        sitter.regions,
        edit,
        (subject.pose, subject.crop.landmarks),
        labels,
        Choices(seed, gap_input=gap, gap_target=gap),
    )


def _rounded(estimate: LightEstimate) -> tuple[float, float, float]:
    x, y, z = (round(v, 4) for v in estimate.harmonics)
    return x, y, z


def _units(rig: Rig, sitter: Sitter, ask: Ask | None) -> tuple[float, ...]:
    """Return what an ask means in action units; for a photo's own face, what its fit shows."""
    tables = rig.tables
    shown = sitter.subject.expression
    if ask is not None and ask.of_units and not ask.blend:
        kept = tables.units_shown(shown)
        units = np.clip(ask.share * np.asarray(ask.action_units) + kept, 0.0, 5.0)
    elif ask is not None and ask.share < 1:
        units = tables.units_shown(tables.target(shown, ask))
    elif ask is not None:
        units = tables.units_of(tables.change(ask))
    else:
        units = tables.units_shown(shown)
    return tuple(round(float(u), 2) for u in units)


def _choices(
    seed: int,
    edit: ExpressionEdit,
    mouth: MouthChoice,
    folds: FoldChoice,
    gap: float,
    unit: float,
) -> Choices:
    painted = bool(edit.painted.max() > 0)
    return Choices(
        seed=seed,
        mouth=mouth.donor if painted else -1,
        mouth_brightness=mouth.brightness,
        mouth_warmth=mouth.warmth,
        mouth_size=mouth.size,
        mouth_midline=mouth.midline,
        folds=(folds.person, folds.share, folds.made_up),
        fold_gain=folds.gain,
        gap_input=gap,
        gap_target=lip_gap(edit.landmarks, unit),
    )
