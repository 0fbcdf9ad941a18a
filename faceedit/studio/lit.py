"""A person in another light, and with another expression, as well as the studio knows it."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from faceedit.compose.light.left_over import LeftOver, fit_left_over
from faceedit.compose.light.ratio import light_ratio
from faceedit.compose.light.relief import Relief
from faceedit.compose.light.shading import own_light
from faceedit.lights import GAMMA, Light
from faceedit.studio.edit import edit_expression
from faceedit.studio.expressions import Ask
from faceedit.studio.fields import warp_labels
from faceedit.studio.fold_atlas import FoldChoice
from faceedit.studio.light import LightEstimate, estimate_light
from faceedit.studio.mouth import MouthChoice
from faceedit.studio.photo import Sitter
from faceedit.studio.relief import build_relief
from faceedit.studio.rig import Rig
from faceedit.studio.subject import Pose


class Look(NamedTuple):
    """A person in the photo's own light.

    Attributes:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        pose: the face as `pixels` show it.
        landmarks: (478, 3) crop pixels.
        matte: (S, S) float32 opacity of the person.
        unit: distance of the outer eye corners in pixels.
    """

    pixels: np.ndarray
    pose: Pose
    landmarks: np.ndarray
    matte: np.ndarray
    unit: float

    @property
    def relief(self) -> Relief:
        """The person's surface."""
        return build_relief(self.pose, self.pixels, self.matte, self.unit)


def own_look(sitter: Sitter, matte: np.ndarray) -> Look:
    """Return the person as photographed, of a (S, S) float32 matte."""
    subject = sitter.subject
    return Look(
        subject.crop.pixels, subject.pose, subject.crop.landmarks, matte, float(subject.unit)
    )


def expressive_look(
    rig: Rig, sitter: Sitter, matte: np.ndarray, ask: Ask, choices: tuple[MouthChoice, FoldChoice]
) -> Look:
    """Return the person with another expression.

    Args:
        rig: tables, folds and mouths.
        sitter: the photo.
        matte: (S, S) float32 opacity of the person in the photo.
        ask: what the face shows.
        choices: whose teeth and whose folds.
    """
    edit = edit_expression(sitter, rig, ask, *choices)
    pixels = edit.fields.compose(sitter.subject.crop.pixels)
    moved = warp_labels(matte, edit.fields.flow)
    return Look(pixels, edit.pose, edit.landmarks, moved, float(sitter.subject.unit))


@dataclass(frozen=True)
class PhotoLight:
    """How a photo is lit.

    Attributes:
        estimate: which is careful, for pairs that are to look natural.
        left_over: what the face shows beyond it. Here all is to be right.
    """

    estimate: LightEstimate
    left_over: LeftOver

    @classmethod
    def read(cls, sitter: Sitter, look: Look, relief: Relief) -> Self:
        """Find it.

        Args:
            sitter: the photo.
            look: of `own_look`.
            relief: of the look.
        """
        estimate = estimate_light(sitter.subject, look.matte)
        known = np.broadcast_to(_known(estimate, relief), look.pixels.shape)
        left_over = fit_left_over(look.pixels, look.landmarks, relief.normals, relief.skin, known)
        return cls(estimate, left_over)

    def shading(self, relief: Relief) -> np.ndarray:
        """Return the (S, S, 3) float32 log ratio of a person in this light to even light."""
        return _known(self.estimate, relief) + self.left_over.on(relief.normals, relief.skin)

    def ratio(self, look: Look, relief: Relief, light: Light) -> np.ndarray:
        """Return the (S, S, 3) float32 log ratio that puts a look into another light."""
        lit = np.exp(np.float32(GAMMA) * self.shading(relief))
        return light_ratio(relief, look.pixels, look.landmarks, lit, light, self.estimate.redness)


def _known(estimate: LightEstimate, relief: Relief) -> np.ndarray:
    return np.log(own_light(relief, estimate.light)) / np.float32(GAMMA)
