"""Training the correction of turned heads on photos that were turned there and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.methods.fields.sources import open_start
from faceedit.methods.lssl.turn_network import TurnConfig, TurnNetwork, corrected
from faceedit.methods.lssl.turn_samples import TurnSamples
from faceedit.methods.lssl.turned_pairs import find_table
from faceedit.ranges import Ranged, ranged
from faceedit.registry import write_checkpoint
from faceedit.training.recipe_file import override
from faceedit.training.task import Batch, OptimiserOptions, Schedule, Task, TrainingRequest, Update

SHEET_PEOPLE = 12
JUDGED = 96
"""Pictures of validation people that are looked at."""


@dataclass(frozen=True)
class TurnWeights(Ranged):
    """Weights of the terms of the loss."""

    pixels: float = ranged(0.0, 1e6, default=1.0)  # absolute, of photos turned there and back
    rough: float = ranged(0.0, 1e6, default=0.002)  # change of the flow from step to step, pixels
    lit: float = ranged(0.0, 1e6, default=0.01)  # absolute log ratio


@dataclass(frozen=True)
class TurnRecipe(Ranged):
    """How the correction of turned heads learns."""

    steps: int = ranged(1, 10_000_000, default=6000)  # updates
    batch_size: int = ranged(1, 4096, default=8)  # samples a step
    learning_rate: float = ranged(1e-9, 1.0, default=1e-3)  # of Adam; it falls by a cosine
    warm_up: int = ranged(0, 10_000_000, default=100)  # steps over which the rate rises
    average_decay: float = ranged(0.0, 0.999999, default=0.997)  # of the averaged weights
    validate_every: int = ranged(0, 10_000_000, default=1000)  # steps
    each: int = ranged(1, 64, default=4)  # turns there and back of each photo
    weights: TurnWeights = field(default_factory=TurnWeights)
    network: TurnConfig = field(default_factory=TurnConfig)


class TurnTask(Task):
    """See `training.task.Task`.

    Args:
        request: its data are portraits, or a `TurnedTable` of an earlier run.

    Raises:
        UsageError: there are none.
    """

    method, profile = "lssl", "fast"
    averaged = ("turn",)

    def __init__(self, request: TrainingRequest):
        recipe = override(TurnRecipe(), request.overrides)
        if request.batch_size:
            recipe = replace(recipe, batch_size=request.batch_size)
        self.recipe = recipe
        self.schedule = Schedule(
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            warm_up=recipe.warm_up,
            rate="cosine",
            average_decay=recipe.average_decay,
            validate_every=recipe.validate_every,
            log_every=50,
        )
        network = TurnNetwork(recipe.network)
        if request.start is not None and not request.resumed:
            network.load_state_dict(dict(open_start(request.start, self.method).tensors))
        self.networks = {"turn": network}
        options = OptimiserOptions(rate=recipe.learning_rate, largest_gradient=1.0)
        self.updates = (Update("turn", ("turn",), self._loss, options),)
        table = find_table(request, recipe.each)
        self.samples = TurnSamples(table, request.seed)
        self.unseen = TurnSamples(table, 0, validation=True)

    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        found = self.networks["turn"](batch["seen"], batch["maps"], batch["turn"])
        down, across = (found.flow.diff(dim=dim).abs().mean() for dim in (2, 3))
        terms = {
            "pixels": F.l1_loss(corrected(batch["turned"], found), batch["photo"]),
            "rough": down + across,
            "lit": found.log_ratio.abs().mean(),
        }
        weights = self.recipe.weights
        total = sum(getattr(weights, name) * value for name, value in terms.items())
        return {**terms, "total": torch.as_tensor(total)}

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Return how far people that no training saw are from their photos, in levels of 255.

        ``before_error`` is that without the correction.
        """
        found = [
            [255 * F.l1_loss(one, photo).item() for one in (after, before)]
            for before, after, photo in self._shown(networks["turn"], JUDGED)
        ]
        names = ("error", "before_error")
        return dict(zip(names, np.mean(found, 0).tolist(), strict=True)) if found else {}

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]] | None:
        """Draw people that no training saw."""
        drawn = [
            [one[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy() for one in shown]
            for shown in self._shown(networks["turn"], SHEET_PEOPLE)
        ]
        return (drawn, ["there and back", "corrected", "photo"]) if drawn else None

    def _shown(self, network: nn.Module, count: int) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Return validation pictures before and after, and their photos, (1, 3, 160, 160) each."""
        rows, device = self.unseen.rows, next(network.parameters()).device
        shown = []
        for row in rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]:
            one = {k: v[None].to(device) for k, v in self.unseen.draw(int(row)).items()}
            found = network(one["seen"], one["maps"], one["turn"])
            shown.append((one["turned"], corrected(one["turned"], found), one["photo"]))
        return shown

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """Write the network in half precision."""
        network = networks["turn"]
        assert isinstance(network, TurnNetwork)
        tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
        write_checkpoint(
            path,
            {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()},
            method=self.method,
            profile=self.profile,
            architecture=network.architecture(),
            metadata={"recipe": json.dumps(asdict(self.recipe)), "step": str(notes["step"])},
        )
        return path
