"""The ``fast`` profile: closed-form layers, and a refinement network with the compose head."""

from dataclasses import asdict
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.faces.landmark_maps import CHANNELS
from faceedit.methods.reggan.drawn import FIELD_SIZE, WORKING_SIZE
from faceedit.methods.reggan.expression_layer import ExpressionLayer
from faceedit.methods.reggan.refinement import RefinementConfig, RefinementNetwork
from faceedit.methods.reggan.rgb_generator import express
from faceedit.methods.reggan.shade_layer import ShadeLayer
from faceedit.methods.reggan.shape_layer import BLOCKS, ShapeLayer
from faceedit.methods.reggan.spectacles import SpectaclesHead
from faceedit.numerics import FULL
from faceedit.targets import EXPRESSIONS

CROP_SIZE = 256
STRONGEST = 1.5
"""Highest strength that the network is trained for."""
FLOW_UNIT, RATIO_UNIT = 2.0, 0.2
"""What 1 of the network's output stands for: crop pixels, log ratio."""
FIELDS = 6
"""Flow 2, log ratio 3, share of the shade layer 1."""
_FINER = FIELD_SIZE // WORKING_SIZE


class FieldTensors(NamedTuple):
    """What the generator gives for a batch.

    Attributes:
        flow: (N, 2, 128, 128) in crop pixels.
        log_ratio: (N, 3, 128, 128).
        tone: (N, 3) RGB in [0, 1] of lit teeth.
        eyeglasses: (N,) logit, whether spectacles are worn.
    """

    flow: Tensor
    log_ratio: Tensor
    tone: Tensor
    eyeglasses: Tensor


class FieldGenerator(nn.Module):
    """x_E = G_E(x), then fields = G_R(x, x_E, landmarks, strengths).

    The paper's G_R sees x_E alone and gives the picture. This one is also shown the photo as the
    shape layer moves it, the moved face's landmarks, and the shade layer's log ratio, and corrects
    what these layers say.

    Args:
        components: of the shape layer.
        config: of the refinement network; None takes the profile's.
        field: side of the expression layers' receptive fields.
    """

    def __init__(
        self, components: int = 160, config: RefinementConfig | None = None, field: int = 5
    ):
        super().__init__()
        self.targets = EXPRESSIONS
        channels = (3 + 3) * _FINER**2 + 3 + len(CHANNELS) + 2 + len(BLOCKS)
        outputs = FIELDS * _FINER**2
        config = config or RefinementConfig.fast(channels, outputs)
        if config.in_channels != channels or config.out_channels != outputs:
            raise ValueError(f"the refinement network must map {channels} to {outputs}")
        self.components, self.field = components, field
        self.shape_layer = ShapeLayer(components)
        self.shade_layer = ShadeLayer()
        self.expression_layers = nn.ModuleList(
            ExpressionLayer(WORKING_SIZE, field=field) for _ in self.targets
        )
        self.refinement = RefinementNetwork(config)
        self.numerics = FULL
        self.tone = nn.Linear(config.widths[-1], 3)
        self.spectacles = SpectaclesHead()

    def forward(
        self,
        picture: Tensor,
        moved: Tensor,
        maps: Tensor,
        flow: Tensor,
        shade: Tensor,
        shares: Tensor,
        strip: Tensor,
    ) -> FieldTensors:
        """Predict fields.

        Args:
            picture: (N, 3, 64, 64) the photo in [0, 1].
            moved: (N, 3, 128, 128), and the others as `drawn.Drawn` has them.
            maps: (N, 12, 64, 64).
            flow: (N, 2, 128, 128) crop pixels.
            shade: (N, 3, 128, 128).
            shares: (N, 9) of `shape_layer.BLOCKS`, 0 to `STRONGEST`.
            strip: (N, 3, 32, 96) in [0, 1], `compose.eye_strip` of the photo.
        """
        x = picture * 2 - 1
        planes = shares[:, :, None, None].expand(-1, -1, WORKING_SIZE, WORKING_SIZE)
        inputs = [
            F.pixel_unshuffle(moved * 2 - 1, _FINER),
            F.pixel_unshuffle(shade * 4, _FINER),
            self.express(x, shares[:, 1:]),
            maps * 2 - 1,
            F.avg_pool2d(flow, _FINER) / 8,
            planes,
        ]
        given = torch.cat(inputs, 1).contiguous(memory_format=torch.channels_last)
        with self.numerics.autocast(given.device):
            latent, skips = self.refinement.encode(given)
            out = F.pixel_shuffle(self.refinement.decode(latent, skips), _FINER).float()
        # Nothing is asked of a face at strength 0, and little near it.
        onset = shares.sum(1).clamp(max=1.0)[:, None, None, None]
        share = 1 + out[:, 5:6] * onset
        return FieldTensors(
            flow=flow + out[:, :2] * FLOW_UNIT * onset,
            log_ratio=shade * share + out[:, 2:5] * RATIO_UNIT * onset,
            tone=torch.sigmoid(self.tone(latent.mean((2, 3)).float())),
            eyeglasses=self.spectacles(strip),
        )

    def express(self, x: Tensor, strengths: Tensor) -> Tensor:
        """Apply the expression layers: x + sum of strength times (G_E(x) - x).

        Args:
            x: (N, 3, 64, 64) in [-1, 1].
            strengths: (N, 8).
        """
        return express(self.expression_layers, x, strengths)

    def architecture(self) -> dict[str, Any]:
        """Return what `from_architecture` needs, as JSON."""
        return {
            "components": self.components,
            "field": self.field,
            "refinement": asdict(self.refinement.config),
        }

    @classmethod
    def from_architecture(cls, values: dict[str, Any]) -> "FieldGenerator":
        """Build the module that `architecture` described."""
        config = RefinementConfig.from_dict(values["refinement"])
        return cls(values["components"], config, values.get("field", 5))
