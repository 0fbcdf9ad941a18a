"""What EGGAN is steered by: how far each action unit rises or falls on either side."""

import torch
from torch import Tensor

from faceedit.methods.fields.condition import ConditionSpec
from faceedit.targets import ACTION_UNITS, MAX_INTENSITY, Target, unit_changes

_LEFT, _RIGHT = ([f"{unit} {side}" for unit in ACTION_UNITS] for side in ("left", "right"))
SPEC = ConditionSpec((*_LEFT, *_RIGHT), swapped=tuple(zip(_LEFT, _RIGHT, strict=True)), signed=True)
"""Changes over the largest intensity, -1 to 1: those of the person's left side, then the right."""
SHARED_SKIN = ((1, 4), (6, 12), (12, 15), (10, 25), (25, 26), (4, 9), (20, 26), (5, 45))
"""Units that pull at the same skin, so that what they do does not add up."""
_PLACES = {unit: at for at, unit in enumerate(ACTION_UNITS)}
_PAIRS = [
    tuple(_PLACES[unit] + shift for unit in pair)
    for shift in (0, len(ACTION_UNITS))
    for pair in SHARED_SKIN
]
N_TERMS = 3 * SPEC.width + len(_PAIRS)


def condition_of(target: Target) -> Tensor:
    """Return the (34,) condition of a target that says how far units rise and fall."""
    return torch.tensor(unit_changes(target, None)).flatten() / MAX_INTENSITY


def terms_of(condition: Tensor) -> Tensor:
    """Return what displacements are linear in, (N, 118), for (N, 34) conditions.

    What rises, what falls, squares of what rises (its curve from 0 to 5), and products of units
    that share skin and rise together.
    """
    risen, fallen = SPEC.parts(condition).chunk(2, 1)
    first, second = (list(column) for column in zip(*_PAIRS, strict=True))
    return torch.cat([risen, fallen, risen.square(), risen[:, first] * risen[:, second]], 1)
