"""The ``fast`` profile's network: expression layers beside the layers of all composed methods."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from faceedit.methods.fields.condition import ConditionSpec
from faceedit.methods.fields.drawn import WORKING_SIZE
from faceedit.methods.fields.generator import FieldGenerator
from faceedit.methods.fields.refinement import RefinementConfig
from faceedit.methods.reggan.condition import SPEC
from faceedit.methods.reggan.expression_layer import ExpressionLayer
from faceedit.methods.reggan.rgb_generator import express
from faceedit.targets import EXPRESSIONS


class RegGANGenerator(FieldGenerator):
    """x_E = G_E(x), then fields = G_R(x, x_E, landmarks, strengths).

    The paper's G_R sees x_E alone and gives the picture. This one is shown x_E beside what every
    `FieldGenerator` is shown.

    Args:
        components: of the shape layer.
        config: of the refinement network; None takes the usual one.
        receptive_field: side of the expression layers' receptive fields.
        calibration: as in `FieldGenerator`.
    """

    def __init__(
        self,
        components: int = 160,
        config: RefinementConfig | None = None,
        receptive_field: int = 5,
        calibration: Mapping[str, float] | None = None,
    ):
        super().__init__(SPEC, components, config, extra_channels=3, calibration=calibration)
        self.receptive_field = receptive_field
        self.expression_layers = nn.ModuleList(
            ExpressionLayer(WORKING_SIZE, receptive_field=receptive_field) for _ in EXPRESSIONS
        )

    def extra(self, picture: Tensor, condition: Tensor, code: Tensor | None) -> list[Tensor]:
        """Return x_E, (N, 3, 64, 64), for the strengths of a condition."""
        return [express(self.expression_layers, picture, condition[:, 1:])]

    def architecture(self) -> dict[str, Any]:
        """Return what `from_architecture` needs, as JSON."""
        return {**super().architecture(), "field": self.receptive_field}

    @classmethod
    def from_architecture(
        cls, values: dict[str, Any], spec: ConditionSpec = SPEC
    ) -> "RegGANGenerator":
        """Build the module that `architecture` described; the condition is always RegGAN's."""
        config = RefinementConfig.from_dict(values["refinement"])
        calibration = values.get("calibration")
        return cls(values["components"], config, values.get("field", 5), calibration)
