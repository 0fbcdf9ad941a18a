"""The steps of an edit: each method in turn is shown what the ones before it made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch

from faceedit.compose.compose import compose_steps
from faceedit.compose.edit import Edit, sample_field
from faceedit.compose.mask import edit_masks, region_mask
from faceedit.editing.units import ReadsUnits, count_shown
from faceedit.errors import UsageError
from faceedit.faces.align import Crop, invert, transform_landmarks
from faceedit.faces.batching import Batching
from faceedit.methods.base import Method, check_target
from faceedit.targets import Part, Target, in_units

ROUNDS = 8
"""Fixed-point rounds that carry a landmark along a flow; smooth flows settle in three."""

Edits = tuple[Edit, ...]
"""Of one face: the edit of each step that changes it, in order."""


@dataclass(frozen=True)
class Step:
    """A loaded method and what it makes.

    Attributes:
        method: makes edits.
        parts: of a target.
        weights_sha256: hash of the method's checkpoint, for the manifest.
        reader: reads what a face shows, where the method changes action units by so much; see
            `Descriptor.counts_shown`.
    """

    method: Method
    parts: tuple[Part, ...] = tuple(Part)
    weights_sha256: str | None = None
    reader: ReadsUnits | None = None

    @property
    def label(self) -> str:
        """Method and profile, such as ``reggan fast``."""
        return f"{self.method.name} {self.method.profile}"

    def facts(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        return {
            "method": self.method.name,
            "profile": self.method.profile,
            "weights_sha256": self.weights_sha256,
        }


def steps_of(steps: Sequence[Step], target: Target) -> tuple[Step, ...]:
    """Return the steps that a target needs, each with no other parts than the target has."""
    parts = {id(step): tuple(one for one in step.parts if one in target.parts) for step in steps}
    return tuple(replace(step, parts=parts[id(step)]) for step in steps if parts[id(step)])


def steps_facts(steps: Sequence[Step]) -> dict[str, Any]:
    """Return what the manifest says of all steps of an edit."""
    if len(steps) == 1:
        return steps[0].facts()
    several = [{"parts": [str(part) for part in step.parts], **step.facts()} for step in steps]
    joined: Mapping[str, Any] = {
        key: "+".join(str(one[key]) for one in several) for key in ("method", "profile")
    }
    return {**joined, "weights_sha256": None, "steps": several}


def weights_of(steps: Sequence[Step]) -> str | None:
    """Return the hashes of the steps' checkpoints as one text; None where none has one."""
    return ", ".join(one.weights_sha256 for one in steps if one.weights_sha256) or None


def make_edits(
    steps: Sequence[Step], crops: Sequence[Crop], targets: Sequence[Target], batching: Batching
) -> list[Edits]:
    """Ask each step's method for the edits of faces, always as many at once as ``batching`` says.

    Args:
        steps: in order.
        crops: the faces, as large as the largest crop that a method takes.
        targets: what each of them is to show.
        batching: how many a method takes at once.

    Returns:
        One tuple for each crop, in order.

    Raises:
        UsageError: a target asks for a part that no step makes.
        Exception: what a method raises.
    """
    made: list[list[Edit]] = [[] for _ in crops]
    for target in set(targets):
        if missing := set(target.parts) - {part for step in steps for part in step.parts}:
            raise UsageError(f"nothing that is loaded makes {', '.join(sorted(missing))}")
    for step in steps:
        asked = {at: one for at, one in enumerate(targets) if set(one.parts) & set(step.parts)}
        own = {at: one.only(*step.parts) for at, one in asked.items()}
        own = {at: one for at, one in own.items() if one.changes}
        with torch.inference_mode():
            seen = {at: _seen(crops[at], made[at], step.method) for at in own}
            # Landmarks say where they end, whatever the face shows.
            counted = {at: one for at, one in own.items() if set(one.parts) != {Part.LANDMARKS}}
            if step.reader is not None and counted:
                changes = count_shown(
                    list(counted.values()),
                    [seen[at] for at in counted],
                    step.reader,
                    batching.size,
                )
                own |= dict(zip(counted, changes, strict=True))
            wanted: dict[Target, list[int]] = {}
            for at, target in own.items():
                wanted.setdefault(target, []).append(at)
            for target, places in wanted.items():
                some = [seen[at] for at in places]
                edits = batching.run(some, partial(step.method.edit, target=target))
                for at, edit in zip(places, edits, strict=True):
                    made[at].append(edit)
    return [tuple(edits) for edits in made]


def check_targets(steps: Sequence[Step], targets: Iterable[Target | None]) -> None:
    """Refuse targets that the methods of steps do not know; None is no target.

    Raises:
        UsageError: a method does not know one.
    """
    served = {name for step in steps for name in step.method.targets}
    for asked in dict.fromkeys(targets):
        target = None if asked is None else in_units(asked, served)
        for step in steps:
            if target is not None and set(target.parts) & set(step.parts):
                check_target(step.method, target.only(*step.parts))


def step_masks(crops: Sequence[Crop], edits: Sequence[Edits]) -> list[list[np.ndarray]]:
    """Draw the masks of the edits of all faces of a photo; at each step they share no pixel.

    Args:
        crops: the faces of one photo, in order of precedence.
        edits: of each.

    Returns:
        For each face the mask of each of its edits, as `edit_masks` draws them.
    """
    masks: list[list[np.ndarray]] = [[] for _ in crops]
    for number in range(max((len(own) for own in edits), default=0)):
        carried = [moved(crop, own[:number]) for crop, own in zip(crops, edits, strict=True)]
        nth = [own[number] if number < len(own) else None for own in edits]
        drawn = edit_masks(
            [_frame(crop, one) for crop, one in zip(carried, nth, strict=True)],
            ["face" if one is None else one.region for one in nth],
        )
        for own, edit, mask in zip(masks, nth, drawn, strict=True):
            if edit is not None:
                own.append(mask)
    return masks


def apply_edits(crop: Crop, edits: Edits, view: Crop | None = None) -> Crop:
    """Return a crop as it is after edits: its pixels, and its landmarks carried along.

    Args:
        crop: that the edits were made for.
        edits: in order.
        view: shows the same face in another size or width; None is the crop itself. It is this that
            is returned.
    """
    steps, now = [], crop
    for edit in edits:
        frame = _frame(now, edit)
        steps.append((edit, region_mask(edit.region, frame.landmarks, frame.size)))
        now = moved(now, (edit,))
    if view is None:
        here: Any = np.eye(2, 3)
        return Crop(compose_steps(crop.pixels, steps, here), now.landmarks, crop.affine)
    back = invert(view.affine)
    to_crop = np.hstack([crop.affine[:, :2] @ back[:, :2], crop.affine @ [*back[:, 2:], [1.0]]])
    landmarks = transform_landmarks(now.landmarks, invert(to_crop))
    return Crop(compose_steps(view.pixels, steps, to_crop), landmarks, view.affine)


def carry_landmarks(landmarks: np.ndarray, edit: Edit, size: int) -> np.ndarray:
    """Return where landmarks lie after an edit.

    The flow says where an output pixel comes from, so that a point p goes to the q for which
    q + F(q) = p.

    Args:
        landmarks: (478, 3) in pixels of a crop.
        edit: in a crop of the same content, which may have another size.
        size: side of the landmarks' crop.
    """
    if edit.wide:
        shift = np.array([size / 2, size / 2, 0], np.float32)
        return carry_landmarks(landmarks + shift, replace(edit, wide=False), 2 * size) - shift
    ratio = np.float32(size / edit.size)
    if edit.landmarks is not None:
        return _in_size(edit.landmarks, float(ratio))
    points = landmarks.astype(np.float32).copy()
    if not edit.flow.any():
        return points
    whole = sample_field(edit.flow, size, np.eye(2, 3), (size, size)) * ratio
    for _ in range(ROUNDS):
        x, y = (np.ascontiguousarray(points[:, k]) for k in (0, 1))
        flow = cv2.remap(whole, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        points[:, :2] = landmarks[:, :2] - flow.reshape(-1, 2)
    return points


def moved(crop: Crop, edits: Sequence[Edit]) -> Crop:
    """Return a crop with its landmarks carried along edits, in order; its pixels stay."""
    landmarks = crop.landmarks
    for edit in edits:
        landmarks = carry_landmarks(landmarks, edit, crop.size)
    return replace(crop, landmarks=landmarks)


def _frame(crop: Crop, edit: Edit | None) -> Crop:
    """Return the crop that an edit covers."""
    return crop.wide if edit is not None and edit.wide else crop


def _seen(crop: Crop, edits: Sequence[Edit], method: Method) -> Crop:
    """Return a crop as a method is to see it."""
    view, size = crop.wide if method.wide else crop, method.crop_size
    if view.size != size:
        ratio = size / view.size
        pixels = cv2.resize(view.pixels, (size, size), interpolation=cv2.INTER_AREA)
        affine = np.hstack([view.affine[:, :2] * ratio, (view.affine[:, 2:] + 0.5) * ratio - 0.5])
        view = Crop(pixels, _in_size(view.landmarks, ratio), affine)
    return apply_edits(crop, tuple(edits), view) if edits else view


def _in_size(landmarks: np.ndarray, ratio: float) -> np.ndarray:
    """Return landmarks in the pixels of a crop of the same content, `ratio` times as large."""
    half = np.array([0.5, 0.5, 0.0], np.float32)
    return ((landmarks + half) * np.float32(ratio) - half).astype(np.float32)
