"""The ``fast`` profile: expression layers and refinement network with the compose head."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.faces.landmark_maps import CHANNELS
from faceedit.methods.reggan.expression_layer import ExpressionLayer
from faceedit.methods.reggan.refinement import RefinementConfig, RefinementNetwork
from faceedit.methods.reggan.rgb_generator import express

CROP_SIZE = 256
WORKING_SIZE = 128
OUT_CHANNELS = 10
"""Flow 2, log ratio 3, opacity 1, gain 3, saturation 1."""
STRONGEST = 1.6
"""Highest strength that the network is trained for."""
ONSET = 0.15
"""Below this total strength the fields fade to nothing, so that 0 is the identity."""
FLOW_UNIT, RATIO_UNIT, OPACITY_UNIT = 8.0, 0.4, 4.0
"""What 1 of the network's output stands for: crop pixels, log ratio, logits."""


@dataclass(frozen=True)
class FieldTensors:
    """What the generator gives for a batch, at its working size.

    Attributes:
        flow: (N, 2, h, w) in crop pixels.
        log_ratio: (N, 3, h, w).
        opacity_logit: (N, 1, h, w); `opacity` is its sigmoid times `onset`.
        log_gain: (N, 3, h, w) light on the mouth texture.
        saturation: (N, 1, h, w) in [0, 1].
        onset: (N, 1, 1, 1) in [0, 1], already in `flow` and `log_ratio`.
    """

    flow: Tensor
    log_ratio: Tensor
    opacity_logit: Tensor
    log_gain: Tensor
    saturation: Tensor
    onset: Tensor

    @property
    def opacity(self) -> Tensor:
        """(N, 1, h, w) in [0, 1]."""
        return torch.sigmoid(self.opacity_logit) * self.onset


class FieldGenerator(nn.Module):
    """x_E = G_E(x), then fields = G_R(x, x_E, landmarks, strengths, style).

    The paper's G_R sees x_E alone and gives the picture. This one also sees the photo, and gives
    the fields of `faces.edit.Edit`.

    Args:
        targets: names of the expressions, one expression layer each.
        code_size: length of a style code.
        config: of the refinement network; None takes the profile's.
    """

    def __init__(
        self, targets: tuple[str, ...], code_size: int, config: RefinementConfig | None = None
    ):
        super().__init__()
        self.targets = targets
        self.code_size = code_size
        channels = 3 + 3 + len(CHANNELS) + len(targets) + code_size
        config = config or RefinementConfig.fast(channels, OUT_CHANNELS)
        if config.in_channels != channels or config.out_channels != OUT_CHANNELS:
            raise ValueError(f"the refinement network must map {channels} to {OUT_CHANNELS}")
        self.expression_layers = nn.ModuleList(ExpressionLayer(WORKING_SIZE) for _ in targets)
        self.refinement = RefinementNetwork(config)

    def forward(self, crop: Tensor, maps: Tensor, strengths: Tensor, code: Tensor) -> FieldTensors:
        """Predict fields.

        Args:
            crop: (N, 3, 256, 256) in [0, 1].
            maps: (N, 12, 128, 128) landmark maps in [0, 1].
            strengths: (N, targets) 0 to `STRONGEST`.
            code: (N, code_size) style.

        Returns:
            Fields of 128 px; where all strengths are 0, they are 0 too.
        """
        x = F.interpolate(crop, size=(WORKING_SIZE, WORKING_SIZE), mode="area") * 2 - 1
        planes = torch.cat([strengths, code * strengths.sum(1, keepdim=True)], 1)
        planes = planes[:, :, None, None].expand(-1, -1, WORKING_SIZE, WORKING_SIZE)
        inputs = torch.cat([x, self.express(x, strengths), maps * 2 - 1, planes], 1)
        out = self.refinement(inputs.contiguous(memory_format=torch.channels_last)).float()
        onset = (strengths.sum(1) / ONSET).clamp(0, 1)[:, None, None, None]
        return FieldTensors(
            flow=out[:, 0:2] * FLOW_UNIT * onset,
            log_ratio=out[:, 2:5] * RATIO_UNIT * onset,
            opacity_logit=(out[:, 5:6] - 1) * OPACITY_UNIT,
            log_gain=out[:, 6:9],
            saturation=torch.sigmoid(out[:, 9:10] * 2 + 2),
            onset=onset,
        )

    def express(self, x: Tensor, strengths: Tensor) -> Tensor:
        """Apply the expression layers: x + sum of strength times (G_E(x) - x).

        Args:
            x: (N, 3, 128, 128) in [-1, 1].
            strengths: (N, targets).
        """
        return express(self.expression_layers, x, strengths)

    def architecture(self) -> dict[str, Any]:
        """Return what `from_architecture` needs, as JSON."""
        return {
            "targets": list(self.targets),
            "code_size": self.code_size,
            "refinement": asdict(self.refinement.config),
        }

    @classmethod
    def from_architecture(cls, values: dict[str, Any]) -> "FieldGenerator":
        """Build the module that `architecture` described."""
        config = RefinementConfig.from_dict(values["refinement"])
        return cls(tuple(values["targets"]), values["code_size"], config)
