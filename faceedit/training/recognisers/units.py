"""Training of the networks that read action units, and of the one that judges them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.faces.topology import mirror
from faceedit.ranges import ranged
from faceedit.recognisers.base import FACE_WINDOW, METHOD
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.recognisers.units import UnitReader, UnitRecogniser
from faceedit.registry import load_checkpoint, open_registry
from faceedit.training.recognisers.augment import Augmentation, frame, place, recolour
from faceedit.training.recognisers.examine_units import examine, measure
from faceedit.training.recognisers.expression import face_shapes, shape_goals
from faceedit.training.recognisers.faces import FaceTable, to_tensor
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
class UnitRecipe(RecogniserRecipe):
    """How action units are learned: squared errors over each unit's variance.

    A rare unit counts as much as a common one, and is not taken for never there. Nobody knows the
    units of photos. They teach where brows, lids and lips are, so that features mean the same on
    them as on studio pictures.
    """

    steps: int = ranged(1, 10_000_000, default=6000)  # updates in all
    photos: float = ranged(0.0, 0.9, default=0.25)  # share of each batch
    shape_weight: float = ranged(0.0, 1e3, default=0.3)  # of the loss on brows, lids and lips
    shape_parts: int = ranged(1, 1434, default=24)  # principal components of these
    shape_noise: float = ranged(0.0, 10.0, default=0.15)  # pixels of 160, on every landmark
    unseen_shapes: float = ranged(0.0, 1.0, default=0.1)  # share of faces without landmarks
    change: Augmentation = field(default_factory=lambda: CHANGE)  # of the pictures


class Drawer:
    """Draws batches of training faces.

    Args:
        studio: pictures whose units are known.
        photos: tables of photos; there may be none.
        recipe: how.
        size: side of the pictures that the network takes.
    """

    def __init__(self, studio: FaceTable, photos: list[FaceTable], recipe: UnitRecipe, size: int):
        self.recipe, self.size = recipe, size
        self.tables = [studio, *photos]
        count = sum(len(table) for table in photos)
        share = recipe.photos if count else 0.0
        each = [share * len(table) / max(1, count) for table in photos]
        self.chances = torch.tensor([1 - share, *each])
        shapes = np.concatenate([face_shapes(table.landmarks) for table in self.tables])
        goals = torch.from_numpy(shape_goals(shapes, recipe.shape_parts))
        self.shapes = goals.split([len(table) for table in self.tables])
        self.swapped = torch.from_numpy(np.argsort(mirror()))

    def draw(self, step: int) -> dict[str, Tensor]:
        """Return a batch, whatever the step.

        - pictures: (N, 3, size, size) float32 in [-1, 1], framed and changed.
        - units: (N, 17), NaN where not known.
        - shape: (N, shape_parts) of the picture as it is or mirrored.
        - landmarks: (N, 478, 2) as pictures show them; known: (N,) 0 where they are left out.
        """
        recipe, batch = self.recipe, self.recipe.batch_size
        source = torch.multinomial(self.chances, batch, replacement=True)
        parts = [self._some(n, int((source == n).sum())) for n in range(len(self.tables))]
        columns = (torch.cat(column) for column in zip(*parts, strict=True))
        pictures, units, landmarks, shapes = columns
        mirrored = torch.rand(batch) < 0.5
        seen = landmarks[:, self.swapped] * torch.tensor([-1.0, 1.0])
        landmarks = torch.where(mirrored[:, None, None], seen, landmarks)
        framed = frame(pictures, place(batch, recipe.change, FACE_WINDOW, mirrored), self.size)
        return {
            "pictures": recolour(framed, recipe.change) * 2 - 1,
            "units": units,
            "shape": shapes[torch.arange(batch), mirrored.long()],
            "landmarks": landmarks + recipe.shape_noise * torch.randn(landmarks.shape),
            "known": (torch.rand(batch) >= recipe.unseen_shapes).float(),
        }

    def _some(self, source: int, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        table = self.tables[source]
        rows = np.sort(torch.randint(len(table), (count,)).numpy())
        units = torch.from_numpy(table.action_units[rows])
        pictures = (to_tensor(table.pictures[rows]) + 1) / 2
        landmarks = torch.from_numpy(table.landmarks[rows])
        return pictures, units, landmarks, self.shapes[source][rows]


class UnitTrainer(nn.Module):
    """A network with the head that only training needs.

    Args:
        network: to train.
        recipe: how.
        spread: (17,) standard deviation of each action unit over all faces.
    """

    spread: Tensor

    def __init__(self, network: UnitRecogniser, recipe: UnitRecipe, spread: Tensor):
        super().__init__()
        self.network, self.recipe = network, recipe
        self.register_buffer("spread", spread, persistent=False)
        self.shape = nn.Linear(network.width, recipe.shape_parts)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the weighted losses of a batch of `Drawer.draw`, by name."""
        pictures = batch["pictures"].contiguous(memory_format=torch.channels_last)
        features = self.network.features(pictures)
        found = self.network.judge(features, batch["landmarks"], batch["known"])
        known = ~batch["units"][:, 0].isnan()
        errors = (found[known] - batch["units"][known]) / self.spread.to(found)
        shape = F.smooth_l1_loss(self.shape(features), batch["shape"])
        return {"units": errors.square().mean(), "shape": self.recipe.shape_weight * shape}


class UnitTask(RecogniserTask):
    """Studio pictures, and photos, of all people but those kept for validation."""

    kind: ClassVar[type[UnitRecogniser]] = UnitReader
    table: ClassVar[str] = "studio"

    def __init__(self, request: TrainingRequest):
        recipe = settings(request, UnitRecipe())
        self.method = self.kind.name
        names = dict.fromkeys((self.table, "studio", "web", "portraits"))
        tables = dict(zip(names, read_tables(request, *names), strict=True))
        learned = _known(tables[self.table])
        learned = learned.take(~learned.validation)
        self.photos = [tables[name] for name in ("web", "portraits")]
        photos = [table.take(~table.validation) for table in self.photos]
        self.unseen = _known(tables["studio"])
        self.unseen = self.unseen.take(self.unseen.validation)
        network = self._begin(request)
        spread = torch.from_numpy(learned.action_units.std(0) + LEAST_SPREAD)
        drawer = Drawer(learned, photos, recipe, network.size)
        trainer = UnitTrainer(network, recipe, spread)
        super().__init__(request, recipe, {self.method: trainer}, drawer.draw)

    def _begin(self, request: TrainingRequest) -> UnitRecogniser:
        return begin(request, self.kind)

    def losses(self, name: str, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """See `RecogniserTask`."""
        return self.networks[name](batch)

    def finish(self, networks: Mapping[str, Any]) -> UnitRecogniser:
        """Nothing is chosen at the end."""
        return networks[self.method].network

    def watch(self, networks: Mapping[str, Any]) -> dict[str, float]:
        """Measure on a third of the validation pictures."""
        some = self.unseen.take(np.arange(len(self.unseen))[::3])
        return measure(networks[self.method].network, some, draws=1)["summary"]

    def examine(self, recogniser: UnitRecogniser) -> dict[str, Any]:
        """See `examine_units.examine`."""
        return examine(recogniser, self.unseen, *self.photos)


class ReaderTask(UnitTask):
    """The training of the reader; ``--from`` an expression recogniser takes over its encoder."""

    def _begin(self, request: TrainingRequest) -> UnitRecogniser:
        if request.start is None:
            return UnitReader()
        file = Path(request.start)
        found = (
            load_checkpoint(file) if file.is_file() else open_registry().checkpoint(request.start)
        )
        if (found.method, found.profile) != (METHOD, ExpressionRecogniser.name):
            return begin(request, UnitReader)
        network = UnitReader(found.architecture["widths"], found.architecture["size"])
        own = {k: v for k, v in found.tensors.items() if k.startswith("encoder.")}
        network.load_state_dict({**network.state_dict(), **own})
        return network


def build(request: TrainingRequest) -> UnitTask:
    """Make the task that ``faceedit train units`` runs."""
    return ReaderTask(request)


def _known(table: FaceTable) -> FaceTable:
    return table.take(~np.isnan(table.action_units[:, 0]))
