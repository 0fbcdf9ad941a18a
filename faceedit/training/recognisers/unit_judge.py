"""Training of the judge of action units, on studio pictures of people of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.ranges import ranged
from faceedit.recognisers.base import FACE_WINDOW
from faceedit.recognisers.unit_judge import UnitJudge
from faceedit.targets import ACTION_UNITS
from faceedit.training.recognisers.augment import NOTHING, Augmentation, frame, place, recolour
from faceedit.training.recognisers.faces import FaceTable, to_tensor
from faceedit.training.recognisers.scores import over_people, pearson
from faceedit.training.recognisers.task import (
    RecogniserRecipe,
    RecogniserTask,
    begin,
    read_tables,
    settings,
)
from faceedit.training.task import TrainingRequest

LEAST_SPREAD = 0.1
"""Of action units, in intensities."""
CHANGE = Augmentation(
    turn=0.15, scale=0.1, shift=0.05, gamma=0.4, gain=0.25, ramp=0.4, colour=0.15, grey=0.25,
    blur=0.4, noise=0.06, cover=0.2,
)  # fmt: skip


@dataclass(frozen=True)
class JudgeRecipe(RecogniserRecipe):
    """How the judge is trained: squared errors over each unit's variance."""

    steps: int = ranged(1, 10_000_000, default=3000)  # updates in all
    change: Augmentation = field(default_factory=lambda: CHANGE)  # of the pictures


class _Framed(nn.Module):
    """The judge, called on pictures that are framed already."""

    def __init__(self, network: UnitJudge):
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        return self.network.judge(pictures)


class JudgeTask(RecogniserTask):
    """Studio pictures of the table ``judge``; measured on the validation people of ``studio``."""

    method = "unit-judge"

    def __init__(self, request: TrainingRequest):
        recipe = settings(request, JudgeRecipe())
        own, studio = (
            table.take(~np.isnan(table.action_units[:, 0]))
            for table in read_tables(request, "judge", "studio")
        )
        self.table = own.take(~own.validation)
        self.unseen = studio.take(studio.validation)
        self.network = begin(request, UnitJudge)
        spread = self.table.action_units.std(0) + LEAST_SPREAD
        self.spread = torch.from_numpy(spread).to(request.device)
        super().__init__(request, recipe, {self.method: _Framed(self.network)}, self._draw)

    def _draw(self, step: int) -> dict[str, Tensor]:
        count, change = self.recipe.batch_size, self.recipe.change
        index = torch.randint(len(self.table), (count,))
        mirrored = torch.rand(count) < 0.5
        pictures = (to_tensor(self.table.pictures[index.numpy()]) + 1) / 2
        transforms = place(count, change, FACE_WINDOW, mirrored)
        framed = frame(pictures, transforms, self.network.size)
        units = torch.from_numpy(self.table.action_units[index.numpy()])
        return {"pictures": recolour(framed, change) * 2 - 1, "units": units}

    def losses(self, name: str, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """See `RecogniserTask`."""
        pictures = batch["pictures"].contiguous(memory_format=torch.channels_last)
        found = self.networks[name](pictures)
        return {"units": ((found - batch["units"]) / self.spread).square().mean()}

    def finish(self, networks: Mapping[str, Any]) -> UnitJudge:
        """Nothing is chosen at the end."""
        return networks[self.method].network

    def watch(self, networks: Mapping[str, Any]) -> dict[str, float]:
        """Measure on a third of the validation pictures."""
        some = self.unseen.take(np.arange(len(self.unseen))[::3])
        return measure(networks[self.method].network, some, draws=1)["summary"]

    def examine(self, recogniser: UnitJudge) -> dict[str, Any]:
        """See `measure`."""
        return measure(recogniser, self.unseen)


def build(request: TrainingRequest) -> JudgeTask:
    """Make the task that ``faceedit train unit-judge`` runs."""
    return JudgeTask(request)


@torch.inference_mode()
def judge_table(network: UnitJudge, table: FaceTable, batch: int = 128) -> np.ndarray:
    """Return (N, 17) intensities of all faces of a table."""
    found = []
    for start in range(0, len(table), batch):
        pictures = to_tensor(table.pictures[start : start + batch])
        still = torch.zeros(len(pictures), dtype=torch.bool)
        framed = frame(pictures, place(len(pictures), NOTHING, FACE_WINDOW, still), network.size)
        found.append(network.judge(framed.contiguous(memory_format=torch.channels_last)).numpy())
    return np.concatenate(found)


def measure(network: UnitJudge, faces: FaceTable, draws: int = 300) -> dict[str, Any]:
    """Return correlations of each unit with intervals over people, and errors, as JSON."""
    wanted, found = faces.action_units, judge_table(network, faces)

    def correlations(weights: np.ndarray) -> np.ndarray:
        each = pearson(wanted, found, weights)
        return np.append(each, np.nanmean(each))

    names = [*(f"AU{unit}" for unit in ACTION_UNITS), "mean"]
    rows = over_people(faces.people, correlations, draws)
    units = {k: np.round(v, 4).tolist() for k, v in zip(names, rows, strict=True)}
    mse = float(np.square(found - wanted).mean())
    return {"summary": {"units pcc": units["mean"][0], "units mse": mse}, "action units": units}
