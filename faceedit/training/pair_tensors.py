"""One training pair as tensors: what each holds, in which order and units."""

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from faceedit.errors import UsageError
from faceedit.lights import LIGHTS
from faceedit.targets import EXPRESSIONS

if TYPE_CHECKING:
    from faceedit.studio.expressions import Ask
    from faceedit.studio.record import Choices, Pair

ASKABLE = (*EXPRESSIONS, "squint", "scream")
"""Order of the vectors of amplitudes."""
LIGHT_ORDER = tuple(LIGHTS)
"""What the numbers of lights mean."""
AS_PHOTOGRAPHED = -1
"""Number of the photo's own light."""
CHOICES = (
    "mouth_brightness", "mouth_warmth", "mouth_size", "mouth_midline", "crease_gain", "gap_input",
    "gap_target", "lean",
)  # fmt: skip
"""Order of the vector of choices."""
CREASES = 3
"""How many numbers say which maps folds came from."""


def pair_tensors(pair: "Pair") -> dict[str, Tensor]:
    """Return a pair as tensors, which default collation stacks; float32 where not said otherwise.

    The equation is target = opacity · paint + (1 − opacity) · warp(input, flow) · exp(log_ratio).

    - input, target: (3, S, S) RGB in [0, 1].
    - flow: (2, S, S) pixels of the crop, x and y, from a target's pixel to where it comes from.
    - log_ratio: (3, S, S) natural logarithm, RGB of display values.
    - paint: (3, S, S) RGB in [0, 1], 0 where opacity is 0; opacity: (1, S, S) in [0, 1].
    - painted: (1, S, S) in [0, 1], between the lips, not shown by the input.
    - tooth_coordinates: (2, S, S) in [0, 1] on the chart of the teeth, 0 elsewhere.
    - shown_eye: (1, S, S) in [0, 1], eye that the input's lids hide.
    - valid: (1, S, S) bool, False beyond the photo.
    - part: (S, S) int8, `model.Part` of the target, −1 for none.
    - regions_input, regions_target: (S, S) uint8, `semantic.Region`.
    - landmarks_input, landmarks_target: (478, 3) crop pixels; jaws_input, jaws_target: (20, 2).
    - amplitudes, shown: (10,) of the expressions asked for and of those in the input, in the order
      of `ASKABLE`; the neutral face is 1 of the first; all 0 where action units were asked for.
    - share: () 0 to 1, how much of the way to what was asked is gone.
    - action_units: (17,) in [0, 5], of the target; measured: () bool, explained from a fit.
    - by_units: () bool, whether action units were asked for.
    - light: () int64, number in `LIGHT_ORDER` or `AS_PHOTOGRAPHED`; light_colour: (3,) linear RGB;
      input_light: (3,) estimated direction of the input's times its strength.
    - turn: () degrees, positive to the image's right.
    - real_is_target: () bool, the target is the untouched photo; else the input is.
    - choices: (6,) in the order of `CHOICES`, those of the mouth at rest where none was painted.
    - donor: () int64, of teeth, −1 for none; creases: (3,) which maps folds came from, 0 for none.
    - eyeglasses: () bool; person: () int64, the same for one person; seed: () int64, of the pair.

    Raises:
        UsageError: the pair names an expression or a light that is not known.
    """
    fields, labels = pair.fields, pair.labels
    creases = np.zeros(CREASES, np.float32)
    given = pair.choices.creases[:CREASES]
    creases[: len(given)] = given
    return {
        "input": _picture(pair.input),
        "target": _picture(pair.target),
        "flow": _planes(fields.flow),
        "log_ratio": _planes(fields.log_ratio),
        "paint": _planes(fields.paint),
        "opacity": _planes(fields.opacity),
        "painted": _planes(pair.painted),
        "tooth_coordinates": _planes(pair.tooth_coordinates),
        "shown_eye": _planes(pair.shown_eye),
        "valid": torch.tensor(pair.valid)[None],
        "part": torch.tensor(pair.part),
        "regions_input": torch.tensor(pair.regions_input),
        "regions_target": torch.tensor(pair.regions_target),
        "landmarks_input": _floats(pair.landmarks_input),
        "landmarks_target": _floats(pair.landmarks_target),
        "jaws_input": _floats(pair.jaws_input),
        "jaws_target": _floats(pair.jaws_target),
        "amplitudes": _amplitudes(labels.ask),
        "shown": _amplitudes(labels.shown),
        "share": _floats(labels.ask.share),
        "action_units": _floats(labels.action_units),
        "measured": torch.tensor(labels.measured),
        "by_units": torch.tensor(labels.ask.of_units),
        "light": torch.tensor(_light_number(labels.light)),
        "light_colour": _floats(labels.light_colour),
        "input_light": _floats(labels.input_light),
        "turn": _floats(labels.turn),
        "real_is_target": torch.tensor(labels.real == "target"),
        "choices": _chosen(pair.choices, labels.ask.lean),
        "donor": torch.tensor(pair.choices.mouth),
        "creases": _floats(creases),
        "eyeglasses": torch.tensor(labels.eyeglasses),
        "person": torch.tensor(zlib.crc32(labels.person.encode())),
        "seed": torch.tensor(pair.choices.seed),
    }


def _picture(pixels: np.ndarray) -> Tensor:
    return torch.tensor(pixels).permute(2, 0, 1).contiguous().float() / 255


def _planes(values: np.ndarray) -> Tensor:
    """Return (S, S) or (S, S, C) as (C, S, S)."""
    planes = values[None] if values.ndim == 2 else values.transpose(2, 0, 1)
    return _floats(planes)


def _floats(values: Any) -> Tensor:
    # A copy: arrays of a pair may be shared or read-only.
    return torch.from_numpy(np.array(values, np.float32, order="C"))


def _amplitudes(ask: "Ask") -> Tensor:
    amplitudes = torch.zeros(len(ASKABLE))
    blend: Mapping[str, float] = dict(ask.blend)
    if not blend and not ask.of_units:
        blend = {"neutral": 1.0}
    for name, amplitude in blend.items():
        if name not in ASKABLE:
            raise UsageError(f"unknown expression {name!r} in a pair; known: {', '.join(ASKABLE)}")
        amplitudes[ASKABLE.index(name)] = amplitude
    return amplitudes


def _light_number(name: str) -> int:
    from faceedit.studio import record

    if name == record.AS_PHOTOGRAPHED:
        return AS_PHOTOGRAPHED
    if name not in LIGHTS:
        raise UsageError(f"unknown light {name!r} in a pair; known: {', '.join(LIGHTS)}")
    return LIGHT_ORDER.index(name)


def _chosen(choices: "Choices", lean: float) -> Tensor:
    painted = choices.mouth >= 0
    return _floats(
        [
            choices.mouth_brightness if painted else 1.0,
            choices.mouth_warmth if painted else 0.0,
            choices.mouth_size if painted else 1.0,
            choices.mouth_midline if painted else 0.0,
            choices.crease_gain,
            choices.gap_input,
            choices.gap_target,
            lean,
        ]
    )
