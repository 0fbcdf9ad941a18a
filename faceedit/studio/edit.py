"""A photo's face in another expression, as fields."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.compose.mouth.opening import CLOSED
from faceedit.compose.spectacles import spectacle_hold
from faceedit.studio.expressions import PRESSED, Ask
from faceedit.studio.eyes import edit_eyes, seen_landmarks
from faceedit.studio.fields import Fields
from faceedit.studio.flow import pose_flow
from faceedit.studio.fold_atlas import FoldChoice
from faceedit.studio.folds import fold_log_ratio, fold_removal
from faceedit.studio.mouth import MouthChoice, move_mouth
from faceedit.studio.photo import Sitter
from faceedit.studio.rig import Rig
from faceedit.studio.subject import Pose

DARKEST = 4 / 255
"""Ratios of pixels darker than this are noise."""
LARGEST_RATIO = 1.0
DETAIL = 0.012
"""Eye distances below which the log ratio back to a photo keeps nothing."""


@dataclass(frozen=True)
class ExpressionEdit:
    """What leads a crop to another expression, and what it is made of.

    Attributes:
        pose: of the target.
        fields: lead from input to target.
        painted: (S, S) float32, newly painted pixels of the mouth.
        tooth_coordinates: (S, S, 2) float32 on the chart of the teeth.
        shown_eye: (S, S) float32, newly shown eye.
        landmarks: (478, 3) of the target.
    """

    pose: Pose
    fields: Fields
    painted: np.ndarray
    tooth_coordinates: np.ndarray
    shown_eye: np.ndarray
    landmarks: np.ndarray


def edit_expression(
    sitter: Sitter, rig: Rig, ask: Ask, mouth: MouthChoice, folds: FoldChoice
) -> ExpressionEdit:
    """Lead a photo to what is asked.

    Args:
        sitter: the photo.
        rig: tables, folds and mouths.
        ask: what the target shows.
        mouth: whose teeth, where new ones show.
        folds: whose.
    """
    subject, tables = sitter.subject, rig.tables
    weights = tables.target(subject.expression, ask)
    gap = closed_gap(ask, subject.gap)
    pose = subject.posed(weights, gap)
    flow = pose_flow(subject.pose, pose)
    held = _held(sitter)
    free = (1 - held)[..., None]
    flow = flow * free
    eyes = edit_eyes(subject, pose, flow, held)
    lips = move_mouth(subject, pose, eyes.flow, rig.mouths, mouth)
    ratio = fold_log_ratio(subject, pose, rig.folds, folds, bare=sitter.bare_skin)
    ratio = ratio + fold_removal(subject, pose, rig.folds, bare=sitter.bare_skin)
    lit = ratio * free + eyes.log_ratio + lips.log_ratio
    opacity = np.maximum(lips.opacity, eyes.opacity)
    paint = np.where((lips.opacity >= eyes.opacity)[..., None], lips.paint, eyes.paint)
    fields = Fields(lips.flow, lit.astype(np.float32), paint, opacity)
    return ExpressionEdit(
        pose=pose,
        fields=fields,
        painted=lips.painted,
        tooth_coordinates=lips.tooth_coordinates,
        shown_eye=eyes.revealed,
        landmarks=seen_landmarks(subject, pose),
    )


def _held(sitter: Sitter) -> np.ndarray:
    """Return how firmly spectacles hold each pixel, 0 without any."""
    crop = sitter.subject.crop
    if not sitter.eyeglasses:
        return np.zeros((crop.size, crop.size), np.float32)
    return spectacle_hold(crop.landmarks, sitter.subject.unit, crop.size)


def closed_gap(ask: Ask, shown: float) -> float | None:
    """Return the gap that the target's lips are brought to, or None to leave them.

    Blends of expressions close the lips as far as their amplitudes go; action units that part no
    lips keep what the photo shows, except that closed lips stay closed, and that lips close where
    what opened them is taken away.
    """
    if not ask.closes:
        return None
    if ask.of_units and not ask.blend and shown > CLOSED and not ask.shuts:
        return None
    # Named closed expressions start from the neutral face, whose lips are closed.
    return shown + ask.share * (PRESSED - shown)


def lead_back(
    sitter: Sitter, edit: ExpressionEdit, composed: np.ndarray, rig: Rig
) -> ExpressionEdit:
    """Lead an edited picture back to the photo it was made from.

    The photo is then a real target. What the edit hid (teeth, parts of the eyes) is painted from
    the photo itself; ratios are what the photo has against the warped picture, in coarse.

    Args:
        sitter: the photo.
        edit: from the photo to `composed`.
        composed: (S, S, 3) float32 RGB in [0, 1], the edited picture.
        rig: tables, folds and mouths.
    """
    subject = sitter.subject
    pixels = subject.crop.pixels
    crop = replace(subject.crop, pixels=composed, landmarks=edit.landmarks)
    posed = replace(subject, crop=crop, pose=edit.pose, gap=0.0)
    held = _held(sitter)
    flow = pose_flow(edit.pose, subject.pose) * (1 - held)[..., None]
    # What was shut may open: it is painted from the photo.
    eyes = edit_eyes(posed, subject.pose, flow, held, may_open=True)
    choice = MouthChoice(donor=0)
    lips = move_mouth(posed, subject.pose, eyes.flow, rig.mouths, choice)
    opacity = np.maximum(lips.opacity, eyes.opacity)
    bare = Fields(lips.flow, np.zeros_like(pixels), pixels, opacity)
    warped = replace(bare, opacity=np.zeros_like(opacity)).compose(composed)
    ratio = np.log(np.maximum(pixels, DARKEST) / np.maximum(warped, DARKEST))
    ratio = np.clip(ratio, -LARGEST_RATIO, LARGEST_RATIO) * (1 - opacity)[..., None]
    weight = cv2.GaussianBlur(1 - opacity, (0, 0), DETAIL * subject.unit)[..., None]
    ratio = cv2.GaussianBlur(ratio, (0, 0), DETAIL * subject.unit) / np.maximum(weight, 0.05)
    return ExpressionEdit(
        pose=subject.pose,
        fields=replace(bare, log_ratio=ratio.astype(np.float32)),
        painted=lips.painted,
        tooth_coordinates=lips.tooth_coordinates,
        shown_eye=eyes.revealed,
        landmarks=subject.crop.landmarks,
    )
