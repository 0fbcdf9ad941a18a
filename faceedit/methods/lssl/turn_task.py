"""Training the correction of turned heads: photos turned there and back, and critics."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.methods.fields.discriminator import PyramidDiscriminator, discriminator_loss
from faceedit.methods.fields.sources import open_start
from faceedit.methods.lssl.turn_network import TurnConfig, TurnNetwork, corrected
from faceedit.methods.lssl.turn_samples import TurnSamples
from faceedit.methods.lssl.turned_pairs import find_table
from faceedit.nn.losses import feature_distance, hinge_generator_loss
from faceedit.ranges import Ranged, ranged
from faceedit.registry import write_checkpoint
from faceedit.training.recipe_file import override
from faceedit.training.task import Batch, OptimiserOptions, Schedule, Task, TrainingRequest, Update

SHEET_PEOPLE = 10
JUDGED = 96
"""Pictures of validation people that are looked at."""


@dataclass(frozen=True)
class TurnWeights(Ranged):
    """Weights of the terms of the loss."""

    pixels: float = ranged(0.0, 1e6, default=10.0)  # absolute, of photos turned there and back
    adversarial: float = ranged(0.0, 1e6, default=1.0)  # hinge, mean of both kinds of pictures
    matching: float = ranged(0.0, 1e6, default=3.0)  # of the critics' features
    kept: float = ranged(0.0, 1e6, default=2.0)  # absolute change of what was turned once
    opacity: float = ranged(0.0, 1e6, default=0.3)  # of the paint, in the mean


@dataclass(frozen=True)
class TurnRecipe(Ranged):
    """How the correction of turned heads learns."""

    steps: int = ranged(1, 10_000_000, default=12000)  # updates
    batch_size: int = ranged(1, 4096, default=16)  # samples a step
    learning_rate: float = ranged(1e-9, 1.0, default=3e-4)  # of Adam; it falls by a cosine
    critic_rate: float = ranged(1e-9, 1.0, default=2e-4)
    warm_up: int = ranged(0, 10_000_000, default=200)  # steps over which the rates rise
    alone: int = ranged(0, 10_000_000, default=1500)  # steps before the critics begin
    average_decay: float = ranged(0.0, 0.999999, default=0.998)  # of the averaged weights
    validate_every: int = ranged(0, 10_000_000, default=2000)  # steps
    critic_width: int = ranged(1, 256, default=48)  # channels of the critics' first layers
    critic_scales: int = ranged(1, 4, default=2)
    each: int = ranged(1, 64, default=2)  # turns there and back of each photo
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
            falls_from=0.3,
            average_decay=recipe.average_decay,
            validate_every=recipe.validate_every,
            log_every=50,
        )
        network = TurnNetwork(recipe.network)
        if request.start is not None and not request.resumed:
            network.load_state_dict(dict(open_start(request.start, self.method).tensors))
        critic = PyramidDiscriminator(
            3, recipe.critic_width, recipe.critic_scales, norm="none", spectral=True
        )
        self.networks = {"turn": network, "critic": critic}
        self.updates = (
            Update(
                "critic",
                ("critic",),
                self._judge,
                OptimiserOptions(rate=recipe.critic_rate, betas=(0.5, 0.99)),
                begins=recipe.alone,
            ),
            Update(
                "turn",
                ("turn",),
                self._loss,
                OptimiserOptions(
                    rate=recipe.learning_rate, betas=(0.5, 0.99), largest_gradient=5.0
                ),
            ),
        )
        table = find_table(request, recipe.each)
        self.samples = TurnSamples(table, request.seed)
        self.unseen = TurnSamples(table, 0, validation=True)

    def _correct(self, batch: Batch) -> dict[str, Tensor]:
        """Return both kinds of pictures, before and after, and the photo, in [0, 1]."""
        names = ("back", "once")
        before = torch.cat([batch[name] for name in names]).float() / 255
        maps = torch.cat([batch[f"{name}_maps"] for name in names]).float() / 255
        turns = torch.cat([batch[f"{name}_turn"] for name in names])
        found = self.networks["turn"](before, maps, turns)
        after = corrected(before, found)
        photo = batch["photo"].float() / 255
        return {"before": before, "after": after, "photo": photo, "opacity": found.opacity}

    def _judge(self, batch: Batch) -> dict[str, Tensor]:
        """Tell photos from corrected pictures."""
        with torch.no_grad():
            shown = self._correct(batch)
        critic = self.networks["critic"]
        false, true = critic(shown["after"] * 2 - 1), critic(shown["photo"] * 2 - 1)
        return {"total": discriminator_loss(false, true)}

    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        shown, weights = self._correct(batch), self.recipe.weights
        back, once = shown["after"].chunk(2)
        terms = {
            "pixels": F.l1_loss(back, shown["photo"]),
            "kept": F.l1_loss(once, shown["before"].chunk(2)[1]),
            "opacity": shown["opacity"].mean(),
        }
        if self.step >= self.recipe.alone:
            critic = self.networks["critic"]
            false = critic(shown["after"] * 2 - 1)
            with torch.no_grad():
                true = critic(shown["photo"] * 2 - 1)
            terms["adversarial"] = hinge_generator_loss([one.logits for one in false])
            terms["matching"] = feature_distance(
                [layer.chunk(2)[0] for one in false for layer in one.features],
                [layer for one in true for layer in one.features],
            )
        else:
            terms["adversarial"] = terms["matching"] = back.new_zeros(())
        total = sum(getattr(weights, name) * value for name, value in terms.items())
        return {**terms, "total": torch.as_tensor(total)}

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Return how far people that no training saw are from their photos, in levels of 255.

        ``back_error`` is that of heads turned there and back, ``before_error`` without correction.
        """
        back, _ = self.unseen.rows
        found = []
        for row in back[np.linspace(0, len(back) - 1, min(JUDGED, len(back))).astype(int)]:
            before, after, photo, _ = self._shown(networks["turn"], int(row))
            found.append([255 * F.l1_loss(one, photo).item() for one in (after, before)])
        names = ("back_error", "before_error")
        return dict(zip(names, np.mean(found, 0).tolist(), strict=True)) if found else {}

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]] | None:
        """Draw people that no training saw: turned once, and there and back."""
        drawn = []
        for rows in self.unseen.rows[::-1]:
            for row in rows[np.linspace(0, len(rows) - 1, min(SHEET_PEOPLE, len(rows))).astype(int)]:
                cells = self._shown(networks["turn"], int(row))
                cells = [one.expand(-1, 3, -1, -1)[0].clamp(0, 1) for one in cells]
                drawn.append([one.permute(1, 2, 0).cpu().numpy() for one in cells])
        return (drawn, ["turned", "corrected", "photo", "opacity"]) if drawn else None

    def _shown(self, network: nn.Module, row: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return a row before and after, its photo, and the opacity of the paint."""
        device = next(network.parameters()).device
        one = {k: v[None].to(device) for k, v in self.unseen.draw(row, row, None).items()}
        before, maps, photo = (one[k].float() / 255 for k in ("back", "back_maps", "photo"))
        found = network(before, maps, one["back_turn"])
        return before, corrected(before, found), photo, found.opacity

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
