"""What each step of an edit changes, and how strongly: LEGAN's masks (Fig. 4), for every method."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.compose import compose_steps
from faceedit.compose.edit import Edit
from faceedit.compose.mask import draw_mask, in_frame
from faceedit.compose.matte import draw_matte
from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import make_edits, step_masks
from faceedit.faces.align import Crop, widened
from faceedit.faces.topology import eye_distance
from faceedit.methods.catalogue import WORDS
from faceedit.targets import Part, Target
from faceedit.tones import to_bytes

SMOOTH = 0.04
"""Width in eye distances over which changes are averaged: lines that move are no areas."""
FAINT = 0.02
"""Change of display values below which nothing is drawn hot."""
PAPER_NAMES = {Part.EXPRESSION: " (Me)", Part.LIGHT: " (Ml)"}
"""What LEGAN calls the masks of these parts."""


@dataclass(frozen=True, eq=False)
class ChangeMask:
    """What one step changes, or which pixels are the person's.

    Attributes:
        name: what the step changes, or ``matte``.
        values: (H, W) float32 in [0, 1]: the mean change of display values, or the opacity.
    """

    name: str
    values: np.ndarray


def change_masks(
    pixels: np.ndarray, crop: Crop, target: Target, editor: FaceEditor
) -> tuple[np.ndarray, list[ChangeMask]]:
    """Edit one face, whatever it shows already, and say what each step has changed.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        crop: the face, of `FaceEditor.cut`.
        target: what it is to show.
        editor: of this target.

    Returns:
        The edited photo, and a mask for each step; behind it the person's matte where it has one.

    Raises:
        UsageError, FaceEditError: as `FaceEditor.edit_pixels` does.
    """
    steps = [step for step in editor.steps if target.only(*step.parts).changes]
    (edits,) = make_edits(steps, [crop], [target], editor.batching)
    (masks,) = step_masks([crop], [edits])
    width = SMOOTH * eye_distance(crop.landmarks) / float(np.hypot(*crop.affine[:, 0]))
    before = pixels.astype(np.float32) / 255
    placed, found, after = [], [], before
    for step, edit, mask in zip(steps, edits, masks, strict=True):
        placed.append((edit, mask))
        last, after = after, compose_steps(before, placed, crop.affine)
        change = cv2.GaussianBlur(np.abs(after - last).mean(2), (0, 0), width)
        part = next(part for part in step.parts if part in target.parts)
        found.append(ChangeMask(f"{WORDS[part]}{PAPER_NAMES.get(part, '')}", change))
        if edit.matte is not None:
            found.append(ChangeMask("matte", _matte(last, edit, mask, crop.affine)))
    return to_bytes(after), found


def _matte(pixels: np.ndarray, edit: Edit, mask: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return the person's opacity in the photo, (H, W) float32, 0 beyond the edit's region."""
    assert edit.matte is not None
    to_mask = widened(affine, mask.shape[0] // 2) if edit.wide else affine
    mask, to_crop = in_frame(mask, to_mask, edit.size)
    inside = draw_mask(mask, to_crop, pixels.shape[:2]) > 0
    return draw_matte(edit.matte, pixels, 1.0, to_crop, edit.size) * inside


def draw_heat(mask: ChangeMask, photo: np.ndarray) -> np.ndarray:
    """Draw a mask as a heat map on a dim photo.

    Args:
        mask: of the photo; its largest value is hottest.
        photo: (H, W, 3) uint8 RGB.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    level = (mask.values / max(float(mask.values.max()), FAINT))[..., None]
    hot = cv2.applyColorMap(np.rint(255 * level).astype(np.uint8), cv2.COLORMAP_INFERNO)
    dim = 0.35 * cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    share = np.clip(2 * level, 0, 1)
    return np.rint(share * hot[..., ::-1] + (1 - share) * dim).astype(np.uint8)
