"""What RegGAN's fast profile is steered by: named expressions, and the face's own going away."""

import torch
from torch import Tensor

from faceedit.errors import UsageError
from faceedit.methods.fields.condition import ConditionSpec
from faceedit.targets import EXPRESSIONS, Target

BLOCKS = ("calm", *EXPRESSIONS)
"""How points move where the face's own expression goes, and to each target at strength 1 (neutral
in full, the others beyond calm)."""
SPEC = ConditionSpec(BLOCKS, one_sided=("contemptuous",))
CALM = 0
"""Number of calm in `BLOCKS`."""


def block_shares(strengths: Tensor) -> Tensor:
    """Return how much of each of `BLOCKS` is asked for, (N, 9), by (N, 8) strengths from 0.

    A face's own expression goes as far as the strengths together reach 1, whichever come instead.
    """
    gone = strengths.sum(1).clamp(max=1.0)
    return torch.cat([(gone - strengths[:, 0]).clamp(min=0)[:, None], strengths], 1)


def strengths_of(target: Target, known: tuple[str, ...] = EXPRESSIONS) -> Tensor:
    """Return a (known,) vector of strengths.

    Raises:
        UsageError: the target names an expression without weights.
    """
    strengths = torch.zeros(len(known))
    for expression in target.expressions:
        if expression.name not in known:
            raise UsageError(
                f"reggan has no weights for {expression.name}; it has {', '.join(known)}"
            )
        strengths[known.index(expression.name)] = expression.strength
    return strengths
