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
from faceedit.methods.reggan.field_losses import field_losses
from faceedit.methods.reggan.field_task import SHEET_FACES, FieldTask, generator_of
from faceedit.methods.reggan.generator import FieldGenerator, FieldTensors
from faceedit.methods.reggan.prepared import Prepared, draw_row, of_details
from faceedit.methods.reggan.real_pairs import RealFace, RealPair, pair_faces, read_faces
from faceedit.methods.reggan.recipe import TuneRecipe
from faceedit.methods.reggan.samples import Samples
from faceedit.methods.reggan.scores import given
from faceedit.methods.reggan.shape_fit import tune_shape_layer
from faceedit.methods.reggan.shape_layer import ShapeLayer, block_shares
from faceedit.methods.reggan.sources import begin_with, open_start
from faceedit.targets import EXPRESSIONS
from faceedit.tones import to_bytes
from faceedit.training.task import Batch, Request


@dataclass(frozen=True)
class TuneSamples:
    """Samples by number that hold a real pair (``real.`` names) and a rehearsal (``kept.``).

    Attributes:
        real: of the user's pairs.
        kept: of the same photos with other targets.
    """

    real: Samples
    kept: Samples

    def __getitem__(self, number: int) -> Batch:
        """Draw the `number`-th sample."""
        parts = {"real": self.real[number], "kept": self.kept[number]}
        return {f"{part}.{k}": v for part, sample in parts.items() for k, v in sample.items()}


class TuneTask(FieldTask[TuneRecipe]):
    """See `training.task.Task`.

    Args:
        request: its data are labelled photos; its start names the weights.
    """

    turn = "tune"

    def __init__(self, request: Request):
        if request.start is None:
            raise UsageError("photos alone do not make a RegGAN; begin with --from reggan")
        super().__init__(TuneRecipe(), request)
        recipe = self.recipe
        self._teacher, self.textures = begin_with(open_start(request.start))
        self._teacher.to(request.device).eval().requires_grad_(False)
        generator = copy.deepcopy(self._teacher).cpu().requires_grad_(True)

        faces = read_faces(list(request.data), request.tell)
        pairs = pair_faces(faces)
        train = [p for p in pairs if p.face.photo.split == "train"]
        self._unseen = [p for p in pairs if p.face.photo.split == "val"]
        if not train:
            raise UsageError("all people of the photos are kept for validation")
        request.tell(f"{len(train)} pairs to learn from, {len(self._unseen)} kept for validation")
        strengths = _one_hot([p.target for p in train])
        landmarks, moved = (
            torch.from_numpy(np.stack(points))
            for points in ([p.face.landmarks for p in train], [p.moved for p in train])
        )
        shares = block_shares(strengths)
        tune_shape_layer(generator.shape_layer, landmarks, moved, shares, recipe.shape_ridge)
        self._faces = faces
        rng = np.random.default_rng(request.seed)
        real = _columns([_real_row(generator, p) for p in train])
        rehearsed = [p.face for p in train for _ in range(recipe.rehearsals)]
        kept = _columns([_kept_row(generator, face, rng) for face in rehearsed])
        self.samples = TuneSamples(
            Samples(real, np.arange(len(real)), request.seed),
            Samples(kept, np.arange(len(kept)), request.seed + 1),
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
        real, kept = (FieldTensors(*(f[k : k + half] for f in both)) for k in (0, half))
        terms = field_losses(real, parts["real"], self.recipe.weights)
        with torch.no_grad():
            said = self._teacher(*given(parts["kept"]))
        wanted = parts["kept"] | said._asdict() | {"known": torch.ones_like(parts["kept"]["known"])}
        wanted["eyeglasses"] = torch.sigmoid(said.eyeglasses)[:, None]
        rehearsal = field_losses(kept, wanted, self.recipe.weights)["total"]
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
            "lips": lip_error(generator_of(networks).shape_layer, self._unseen),
            "lips_before": lip_error(self._teacher.shape_layer, self._unseen),
        }

    def shown(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return some of the photos' faces."""
        return [(face.pixels, face.landmarks) for face in self._faces[:SHEET_FACES]]


@torch.no_grad()
def lip_error(layer: ShapeLayer, pairs: Sequence[RealPair]) -> float:
    """Return the mean distance of a layer's lips from the real ones, in eye distances."""
    device = layer.mean.device
    landmarks = torch.from_numpy(np.stack([p.face.landmarks for p in pairs])).to(device)
    shares = block_shares(_one_hot([p.target for p in pairs])).to(device)
    moved = layer(landmarks, shares).landmarks.cpu().numpy()
    off = np.linalg.norm(moved - np.stack([p.moved for p in pairs]), axis=-1)[:, list(LIPS)]
    units = np.array([eye_distance(p.face.landmarks) for p in pairs])
    return float((off.mean(1) / units).mean())


def _one_hot(targets: Sequence[int]) -> Tensor:
    return torch.eye(len(EXPRESSIONS))[list(targets)]


def _columns(rows: list[dict[str, np.ndarray]]) -> Prepared:
    return Prepared(**{name: np.stack([row[name] for row in rows]) for name in rows[0]})


def _real_row(generator: FieldGenerator, pair: RealPair) -> dict[str, np.ndarray]:
    row = _row(generator, pair.face, _one_hot([pair.target]))
    trusted = pair.trusted * (1 - of_details(pair.face.landmarks, pair.moved))
    return row | {
        "flow": pair.flow.astype(np.float16),
        "log_ratio": pair.log_ratio.astype(np.float16),
        "trusted": to_bytes(trusted),
    }


def _kept_row(
    generator: FieldGenerator, face: RealFace, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    strengths = _one_hot([int(rng.integers(len(EXPRESSIONS)))]) * float(rng.uniform(0.3, 1.5))
    return _row(generator, face, strengths)


def _row(generator: FieldGenerator, face: RealFace, strengths: Tensor) -> dict[str, np.ndarray]:
    """Return a row of `Prepared` for (1, 8) strengths, its fields those of the layers."""
    shares = block_shares(strengths)[0].numpy()
    layers = generator.shape_layer, generator.shade_layer
    given, by_details = draw_row(face.pixels, face.landmarks, shares, *layers)
    return given | {
        "flow": given["drawn_flow"],
        "log_ratio": given["drawn_shade"],
        "trusted": to_bytes(1 - by_details),
        "tone": np.full(3, np.nan, np.float32),
        "eyeglasses": np.array(face.photo.eyeglasses),
        "validation": np.array(False),
    }
