"""The ``fast`` profile's network: E's latent code beside the layers of all composed methods."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from faceedit.faces.topology import N_SURFACE
from faceedit.methods.eggan.condition import SPEC
from faceedit.methods.eggan.networks import Encoder
from faceedit.methods.eggan.unit_layer import UnitLayer
from faceedit.methods.fields.condition import ConditionSpec
from faceedit.methods.fields.drawn import WORKING_SIZE
from faceedit.methods.fields.generator import FieldGenerator
from faceedit.methods.fields.refinement import RefinementConfig

STYLES = 8
"""Planes that the latent code fills."""


class EGGANGenerator(FieldGenerator):
    """l = E(x), then fields = G(x, l, landmarks, maps of the action units).

    The paper's G makes the picture of l and the action units alone. This one is shown the photo as
    well, and each unit where its muscle acts.

    Args:
        components: of the shape layer.
        config: of the refinement network; None takes the usual one.
        latent: numbers L in E's code; 0 leaves E out.
    """

    def __init__(
        self, components: int = 64, config: RefinementConfig | None = None, latent: int = 64
    ):
        extra, acting = STYLES if latent else 0, torch.zeros(SPEC.width, N_SURFACE)
        super().__init__(SPEC, components, config, extra, acting=acting)
        self.latent = latent
        if latent:
            self.encoder = Encoder(WORKING_SIZE, latent)
            self.style = nn.Linear(latent, STYLES)

    def make_shape_layer(self) -> UnitLayer:
        """Return an empty layer of action units."""
        return UnitLayer(self.components)

    def code_of(self, picture: Tensor) -> Tensor | None:
        """Return E's code, (N, L)."""
        return self.encoder(picture) if self.latent else None

    def extra(self, picture: Tensor, condition: Tensor, code: Tensor | None) -> list[Tensor]:
        """Return planes that the code fills, (N, 8, 64, 64)."""
        if code is None:
            return []
        style = self.style(code)[:, :, None, None]
        return [style.expand(-1, -1, WORKING_SIZE, WORKING_SIZE)]

    def architecture(self) -> dict[str, Any]:
        """Return what `from_architecture` needs, as JSON."""
        return {**super().architecture(), "latent": self.latent}

    @classmethod
    def from_architecture(
        cls, values: Mapping[str, Any], spec: ConditionSpec = SPEC
    ) -> "EGGANGenerator":
        """Build the module that `architecture` described; the condition is always EGGAN's."""
        config = RefinementConfig.from_dict(values["refinement"])
        return cls(values["components"], config, values["latent"])
