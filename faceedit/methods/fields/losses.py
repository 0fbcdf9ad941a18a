"""The objective of composed methods: fields that are known."""

import torch
from torch import Tensor
from torch.nn import functional as F

from faceedit.methods.fields.generator import FLOW_UNIT, RATIO_UNIT, FieldTensors
from faceedit.methods.fields.recipe import FieldWeights

_DARKEST = 0.03
_STRONG = 0.1
"""Log ratio from which on a square counts: folds are rare, and a median would leave them out."""


def field_losses(
    fields: FieldTensors, batch: dict[str, Tensor], weights: FieldWeights
) -> dict[str, Tensor]:
    """Compare predicted fields with a batch of `samples.FieldSamples`.

    Args:
        fields: predicted for the batch.
        batch: what the samples hold, stacked.
        weights: of the terms.

    Returns:
        The unweighted terms, scalars, and their weighted sum as ``total``. ``flow`` is in crop
        pixels.
    """
    trusted = batch["trusted"]
    off = fields.log_ratio - batch["log_ratio"]
    edges = sum((off.diff(dim=axis).abs() * _both(trusted, axis)).mean() for axis in (2, 3))
    known = batch["known"]
    tone = (fields.tone + _DARKEST).log() - (batch["tone"] + _DARKEST).log()
    terms = {
        "flow": ((fields.flow - batch["flow"]).abs() * trusted).mean(),
        "log_ratio": ((off.abs() + off.square() / _STRONG) * trusted).mean(),
        "edges": torch.as_tensor(edges),
        "tone": (tone.abs() * known).sum() / (3 * known.sum().clamp(min=1)),
        "eyeglasses": F.binary_cross_entropy_with_logits(
            fields.eyeglasses, batch["eyeglasses"][:, 0]
        ),
    }
    total = weights.flow / FLOW_UNIT * terms["flow"]
    total = total + weights.log_ratio / RATIO_UNIT * terms["log_ratio"]
    total = total + weights.edges / RATIO_UNIT * terms["edges"]
    total = total + weights.tone * terms["tone"] + weights.eyeglasses * terms["eyeglasses"]
    return {**terms, "total": total}


def _both(trusted: Tensor, axis: int) -> Tensor:
    """Return the trust in slopes along an axis: that of the less trusted pixel."""
    length = trusted.shape[axis] - 1
    return torch.minimum(trusted.narrow(axis, 0, length), trusted.narrow(axis, 1, length))
