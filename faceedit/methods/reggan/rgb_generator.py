"""The ``paper`` profile: x_R = G_R(G_E(x)), a picture."""

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from faceedit.methods.fields.refinement import RefinementConfig, RefinementNetwork
from faceedit.methods.reggan.expression_layer import ExpressionLayer
from faceedit.numerics import FULL
from faceedit.ranges import check_ranges
from faceedit.targets import EXPRESSIONS

MAX_SIZE = 1024
"""Pixels of a crop's side."""


class RgbGenerator(nn.Module):
    """Expression layers, one per target, and the refinement network that they share.

    Args:
        targets: names of the expressions.
        size: side of the crops in pixels.
        config: of the refinement network; None takes the paper's.
        receptive_field: side of the expression layers' receptive fields.

    Raises:
        ValueError: a target is unknown or named twice, or a size is out of range.
    """

    def __init__(
        self,
        targets: tuple[str, ...],
        size: int,
        config: RefinementConfig | None = None,
        receptive_field: int = 5,
    ):
        super().__init__()
        check_ranges(size=(size, 16, MAX_SIZE))
        if size % 8:
            raise ValueError(f"size is {size}, which is no multiple of 8")
        if not set(targets) <= set(EXPRESSIONS) or len(set(targets)) != len(targets):
            raise ValueError(f"targets are some of {', '.join(EXPRESSIONS)}, each once")
        self.targets, self.size, self.receptive_field = targets, size, receptive_field
        self.expression_layers = nn.ModuleList(
            ExpressionLayer(size, receptive_field=receptive_field) for _ in targets
        )
        self.refinement = RefinementNetwork(config or RefinementConfig.paper())
        self.numerics = FULL

    def express(self, x: Tensor, strengths: Tensor) -> Tensor:
        """Apply the expression layers: x + sum of strength times (G_E(x) - x).

        Args:
            x: (N, 3, S, S) in [-1, 1].
            strengths: (N, targets).
        """
        return express(self.expression_layers, x, strengths)

    def forward(self, x: Tensor, strengths: Tensor) -> Tensor:
        """Return x_R, (N, 3, S, S) in [-1, 1], from x in [-1, 1] and (N, targets) strengths."""
        return self.refinement.activate(self.answer(x, strengths))

    def answer(self, x: Tensor, strengths: Tensor) -> Tensor:
        """Return what the last convolution says; `forward` is its activation.

        An overflow is seen here only: tanh makes a plain 1 of an infinity.
        """
        coarse = self.express(x, strengths).contiguous(memory_format=torch.channels_last)
        with self.numerics.autocast(x.device):
            return self.refinement.decode(*self.refinement.encode(coarse))

    def architecture(self) -> dict[str, Any]:
        """Return what `from_architecture` needs, as JSON."""
        return {
            "targets": list(self.targets),
            "size": self.size,
            "field": self.receptive_field,
            "refinement": asdict(self.refinement.config),
        }

    @classmethod
    def from_architecture(cls, values: dict[str, Any]) -> "RgbGenerator":
        """Build the module that `architecture` described."""
        config = RefinementConfig.from_dict(values["refinement"])
        return cls(tuple(values["targets"]), values["size"], config, values.get("field", 5))


def express(layers: nn.ModuleList, x: Tensor, strengths: Tensor) -> Tensor:
    """Return x + sum over layers of strength times (layer(x) - x); see `RgbGenerator.express`."""
    result = x
    for index, layer in enumerate(layers):
        strength = strengths[:, index, None, None, None]
        if bool((strength > 0).any()):
            result = result + strength * (layer(x) - x)
    return result
