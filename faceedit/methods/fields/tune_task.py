"""Going on from trained weights on a user's own photos, without forgetting what they knew.

The shape layer is solved again with a ridge towards what it was; the network learns the photos'
own fields, and on the same photos goes on saying what it said for all other targets (learning
without forgetting: Li and Hoiem, 2016).
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.errors import UsageError
from faceedit.faces.topology import LIPS, eye_distance
from faceedit.methods.fields.generator import FieldGenerator, FieldTensors
from faceedit.methods.fields.losses import field_losses
from faceedit.methods.fields.method import FieldMethod
from faceedit.methods.fields.prepared import of_details
from faceedit.methods.fields.real_pairs import RealPair, pair_faces, read_faces
from faceedit.methods.fields.recipe import TuneRecipe
from faceedit.methods.fields.rehearsal import (
    columns,
    plain_row,
    rehearsal_losses,
    rehearsal_rows,
    teach,
)
from faceedit.methods.fields.samples import FieldSamples
from faceedit.methods.fields.scores import given
from faceedit.methods.fields.shape_fit import tune_shape_layer
from faceedit.methods.fields.shape_layer import FaceFeatures, ShapeLayer
from faceedit.methods.fields.sources import begin_with, open_start
from faceedit.methods.fields.task import SHEET_FACES, FieldTask, generator_of
from faceedit.targets import Expression, Target
from faceedit.tones import to_bytes
from faceedit.training.task import Batch, TrainingRequest


@dataclass(frozen=True)
class TuneSamples:
    """Samples by number that hold a real pair (``real.`` names) and a rehearsal (``kept.``).

    Attributes:
        real: of the user's pairs.
        kept: of the same photos with other targets.
    """

    real: FieldSamples
    kept: FieldSamples

    def __getitem__(self, number: int) -> Batch:
        """Draw the `number`-th sample."""
        parts = {"real": self.real[number], "kept": self.kept[number]}
        return {f"{part}.{k}": v for part, sample in parts.items() for k, v in sample.items()}


class TuneTask(FieldTask[TuneRecipe]):
    """See `training.task.Task`.

    Args:
        request: its data are labelled photos; its start names the weights.

    Attributes:
        tuned: numbers of the condition that the shape layer is solved again for; None: all.
    """

    turn = "tune"
    tuned: tuple[int, ...] | None = None

    def __init__(self, request: TrainingRequest):
        if request.start is None:
            name = self.makes.name
            raise UsageError(f"photos alone do not train {name}; begin with --from {name}")
        super().__init__(TuneRecipe(), request)
        recipe = self.recipe
        self._teacher = begin_with(
            open_start(request.start, self.makes.name), self.makes.build_generator
        )
        self._teacher.to(request.device).eval().requires_grad_(False)
        generator = copy.deepcopy(self._teacher).cpu().requires_grad_(True)

        faces = read_faces(list(request.data), request.tell)
        pairs = pair_faces(faces)
        train = [p for p in pairs if p.face.photo.split == "train"]
        self._unseen = [p for p in pairs if p.face.photo.split == "val"]
        if not train:
            raise UsageError("all people of the photos are kept for validation")
        request.tell(f"{len(train)} pairs to learn from, {len(self._unseen)} kept for validation")
        asked = conditions_of(self.makes, train)
        landmarks, moved = (
            torch.from_numpy(np.stack(points))
            for points in ([p.face.landmarks for p in train], [p.moved for p in train])
        )
        ridge, layer = recipe.shape_ridge, generator.shape_layer
        assert isinstance(layer, ShapeLayer)
        tune_shape_layer(layer, landmarks, moved, asked, ridge, self.tuned)
        self._faces = faces
        rng = np.random.default_rng(request.seed)
        real = columns([_real_row(generator, p, c) for p, c in zip(train, asked, strict=True)])
        rehearsed = [p.face for p in train for _ in range(recipe.rehearsals)]
        kept = rehearsal_rows(self.makes, generator, rehearsed, rng)
        spec = self.makes.spec
        self.samples = TuneSamples(
            FieldSamples(real, np.arange(len(real)), spec, request.seed),
            FieldSamples(kept, np.arange(len(kept)), spec, request.seed + 1),
        )
        self.networks = {"generator": generator}

    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        parts = {
            part: {k.removeprefix(f"{part}."): v for k, v in batch.items() if k.startswith(part)}
            for part in ("real", "kept")
        }
        network = self.networks["generator"]
        # One pass, so that batch statistics are those of both.
        both = network(
            *(torch.cat([a, b]) for a, b in zip(*map(given, parts.values()), strict=True))
        )
        half = len(both.flow) // 2
        real, kept = (
            FieldTensors(*(f[k : k + half] for f in both.present().values())) for k in (0, half)
        )
        terms = field_losses(real, parts["real"], self.recipe.weights)
        said = teach(self._teacher, parts["kept"])
        rehearsal = rehearsal_losses(kept, said, parts["kept"], self.recipe.weights)["total"]
        total = terms.pop("total") + self.recipe.kept * rehearsal
        return {**terms, "rehearsal": rehearsal, "total": total}

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Compare landmarks with the same people's real photos, people that were not trained on.

        Returns:
            Mean errors of the lips' landmarks in eye distances: ``lips``, and ``lips_before`` of
            the weights that the training began with.
        """
        if not self._unseen:
            return {}
        return {
            "lips": lip_error(generator_of(networks).shape_layer, self._unseen, self.makes),
            "lips_before": lip_error(self._teacher.shape_layer, self._unseen, self.makes),
        }

    def sheet_faces(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return some of the photos' faces."""
        return [(face.pixels, face.landmarks) for face in self._faces[:SHEET_FACES]]


@torch.no_grad()
def lip_error(layer: FaceFeatures, pairs: Sequence[RealPair], makes: type[FieldMethod]) -> float:
    """Return the mean distance of a layer's lips from the real ones, in eye distances.

    Args:
        layer: solved.
        pairs: at least one.
        makes: the method whose layer it is.
    """
    device = layer.mean.device
    landmarks = torch.from_numpy(np.stack([p.face.landmarks for p in pairs])).to(device)
    moved = layer(landmarks, conditions_of(makes, pairs).to(device)).landmarks.cpu().numpy()
    off = np.linalg.norm(moved - np.stack([p.moved for p in pairs]), axis=-1)[:, list(LIPS)]
    units = np.array([eye_distance(p.face.landmarks) for p in pairs])
    return float((off.mean(1) / units).mean())


def conditions_of(makes: type[FieldMethod], pairs: Sequence[RealPair]) -> Tensor:
    """Return the (N, C) conditions of what pairs lead to, in full."""
    targets = [Target((Expression(p.target, 1.0),)) for p in pairs]
    return torch.stack([makes.condition_of(target) for target in targets])


def _real_row(
    generator: FieldGenerator, pair: RealPair, condition: Tensor
) -> dict[str, np.ndarray]:
    row = plain_row(generator, pair.face, condition)
    trusted = pair.trusted * (1 - of_details(pair.face.landmarks, pair.moved))
    return row | {
        "flow": pair.flow.astype(np.float16),
        "log_ratio": pair.log_ratio.astype(np.float16),
        "trusted": to_bytes(trusted),
    }
