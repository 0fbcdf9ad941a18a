"""The network of composed methods: closed-form layers, then refinement to fields."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.faces.landmark_maps import CHANNELS
from faceedit.methods.fields.condition import ConditionSpec, one_of_each
from faceedit.methods.fields.drawn import FIELD_SIZE, WORKING_SIZE
from faceedit.methods.fields.refinement import RefinementConfig, RefinementNetwork
from faceedit.methods.fields.shade_layer import ShadeLayer
from faceedit.methods.fields.shape_layer import FaceFeatures, ShapeLayer
from faceedit.methods.fields.spectacles import SpectaclesHead
from faceedit.numerics import FULL

CROP_SIZE = 256
FLOW_UNIT, RATIO_UNIT = 2.0, 0.2
"""What 1 of the network's output stands for: crop pixels, log ratio."""
CALIBRATION = (0.5, 1.5)
"""Least and most that strength 1 of an edit is in terms of the training."""
EXTREME = 1.5
"""The largest number of a condition."""
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
        code: (N, L) what a method says of the face in a latent code; None where it has none.
    """

    flow: Tensor
    log_ratio: Tensor
    tone: Tensor
    eyeglasses: Tensor
    code: Tensor | None = None

    def present(self) -> dict[str, Tensor]:
        """Return those that are there, by name."""
        return {name: field for name, field in self._asdict().items() if field is not None}


class FieldGenerator(nn.Module):
    """Closed-form layers of shape and shade, and a network that corrects what they say.

    The refinement network is shown the photo as the shape layer moves it, the moved face's
    landmarks, the shade layer's log ratio, the condition, and what a method adds in `extra`.

    Args:
        spec: of the condition, of any width C.
        components: of the shape layer.
        config: of the refinement network; None takes the usual one.
        extra_channels: of the planes that `extra` gives.
        acting: (C, 468) how far each number acts at the points of the mesh, 0 to 1; None for
            numbers that act everywhere. Two that are each other's mirror image share a plane.
        calibration: by names of the condition, what 1 is in the terms of the training, see
            `calibrated`; 1 for all others.

    Raises:
        ValueError: the config does not fit the condition's width, or a calibration is of no name
            or not in `CALIBRATION`.
    """

    acting: Tensor | None

    def __init__(
        self,
        spec: ConditionSpec,
        components: int = 160,
        config: RefinementConfig | None = None,
        extra_channels: int = 0,
        calibration: Mapping[str, float] | None = None,
        acting: Tensor | None = None,
    ):
        super().__init__()
        self.spec = spec
        self.register_buffer("acting", acting)
        self.calibration = dict(calibration or {})
        low, high = CALIBRATION
        if not all(low <= one <= high for one in self.calibration.values()):
            raise ValueError(f"a calibration is a number from {low:g} to {high:g}")
        if not set(self.calibration) <= set(spec.names):
            raise ValueError(f"a calibration names some of {', '.join(spec.names)}")
        planes = spec.width if acting is None else len(one_of_each(spec.partners))
        channels = (3 + 3) * _FINER**2 + extra_channels + len(CHANNELS) + 2 + planes
        outputs = FIELDS * _FINER**2
        config = config or RefinementConfig.fast(channels, outputs)
        if config.in_channels != channels or config.out_channels != outputs:
            raise ValueError(f"the refinement network must map {channels} to {outputs}")
        self.components = components
        self.shape_layer = self.make_shape_layer()
        self.shade_layer = ShadeLayer(spec)
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
        condition: Tensor,
        strip: Tensor,
        acting: Tensor | None = None,
    ) -> FieldTensors:
        """Predict fields.

        Args:
            picture: (N, 3, 64, 64) the photo in [0, 1].
            moved: (N, 3, 128, 128), and the others as `drawn.Drawn` has them.
            maps: (N, 12, 64, 64).
            flow: (N, 2, 128, 128) crop pixels.
            shade: (N, 3, 128, 128).
            condition: (N, C), each number 0 to about 1.5, or to ±1 of a signed one.
            strip: (N, 3, 32, 96) in [0, 1], `compose.eye_strip` of the photo.
            acting: (N, P, 64, 64) of numbers that act somewhere.
        """
        x = picture * 2 - 1
        planes = condition[:, :, None, None].expand(-1, -1, WORKING_SIZE, WORKING_SIZE)
        planes = planes if acting is None else acting
        code = self.code_of(x)
        inputs = [
            F.pixel_unshuffle(moved * 2 - 1, _FINER),
            F.pixel_unshuffle(shade * 4, _FINER),
            *self.extra(x, condition, code),
            maps * 2 - 1,
            F.avg_pool2d(flow, _FINER) / 8,
            planes,
        ]
        given = torch.cat(inputs, 1).contiguous(memory_format=torch.channels_last)
        with self.numerics.autocast(given.device):
            latent, skips = self.refinement.encode(given)
            out = F.pixel_shuffle(self.refinement.decode(latent, skips), _FINER).float()
        # Nothing is asked of a face at strength 0, and little near it.
        onset = condition.abs().sum(1).clamp(max=1.0)[:, None, None, None]
        share = 1 + out[:, 5:6] * onset
        return FieldTensors(
            flow=flow + out[:, :2] * FLOW_UNIT * onset,
            log_ratio=shade * share + out[:, 2:5] * RATIO_UNIT * onset,
            tone=torch.sigmoid(self.tone(latent.mean((2, 3)).float())),
            eyeglasses=self.spectacles(strip),
            code=code,
        )

    def make_shape_layer(self) -> FaceFeatures:
        """Return an empty shape layer, which is called with landmarks and conditions."""
        return ShapeLayer(self.components, self.spec.width)

    def acting_at(self, condition: Tensor) -> np.ndarray | None:
        """Return how far a (C,) condition acts at the mesh's points, (468, P) float32, or None."""
        if self.acting is None:
            return None
        at = condition.to(self.acting)[:, None] * self.acting
        kept = one_of_each(self.spec.partners)
        partners = [self.spec.partners[n] for n in kept]
        pairs = zip(kept, partners, strict=True)
        planes = [at[n] if p in (None, n) else at[n] + at[p] for n, p in pairs]
        return torch.stack(planes, 1).cpu().numpy()

    def calibrated(self, condition: Tensor) -> Tensor:
        """Return an edit's (C,) condition in the terms of the training.

        Strength 1 is what people call an expression, which is found out after a training. From
        there to `EXTREME` it goes on evenly to where the training goes, too.
        """
        factors = torch.tensor([self.calibration.get(name, 1.0) for name in self.spec.names])
        beyond = (EXTREME - condition) / (EXTREME - 1)
        return condition + (factors - 1) * torch.minimum(condition, beyond.clamp(min=0))

    def code_of(self, picture: Tensor) -> Tensor | None:
        """Return the latent code of (N, 3, 64, 64) pictures in [-1, 1]; a method may have none."""
        return None

    def extra(self, picture: Tensor, condition: Tensor, code: Tensor | None) -> list[Tensor]:
        """Return more planes that the refinement network is shown; a method may have none.

        Args:
            picture: (N, 3, 64, 64) in [-1, 1].
            condition: (N, C).
            code: of `code_of`.

        Returns:
            (N, channels, 64, 64) each, `extra_channels` together.
        """
        return []

    def architecture(self) -> dict[str, Any]:
        """Return what `from_architecture` needs, as JSON."""
        kept = {"components": self.components, "refinement": asdict(self.refinement.config)}
        return kept | ({"calibration": self.calibration} if self.calibration else {})

    @classmethod
    def from_architecture(cls, values: dict[str, Any], spec: ConditionSpec) -> "FieldGenerator":
        """Build the module that `architecture` described, for a condition."""
        config = RefinementConfig.from_dict(values["refinement"])
        return cls(spec, values["components"], config, calibration=values.get("calibration"))
