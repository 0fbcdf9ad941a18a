"""Going on from trained weights on a user's own photos, without forgetting what they knew.

The shape layer is solved again with a ridge towards what it was; the network learns the photos'
own fields, and on the same photos goes on saying what it said for all other targets (learning
without forgetting: Li and Hoiem, 2016).
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from faceedit.errors import UsageError
from faceedit.methods.reggan.drawn import WORKING_SIZE, draw_face
from faceedit.methods.reggan.export import export_fast, sheet_row
from faceedit.methods.reggan.field_losses import field_losses
from faceedit.methods.reggan.generator import FieldGenerator, FieldTensors
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.reggan.prepared import Prepared, of_details
from faceedit.methods.reggan.real_pairs import RealFace, RealPair, pair_faces, read_faces
from faceedit.methods.reggan.recipe import TuneRecipe
from faceedit.methods.reggan.samples import Samples
from faceedit.methods.reggan.scores import given
from faceedit.methods.reggan.shape_fit import tune_shape_layer
from faceedit.methods.reggan.shape_layer import ShapeLayer, block_shares
from faceedit.methods.reggan.sources import open_start
from faceedit.methods.reggan.teeth import unpack_textures
from faceedit.targets import EXPRESSIONS
from faceedit.training.recipe_file import override
from faceedit.training.task import Batch, OptimiserPlan, Plan, Request, Task, Update

SHEET_FACES = 6


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


class TuneTask(Task):
    """See `training.task.Task`.

    Args:
        request: its data are labelled photos; its start names the weights.
    """

    method, profile = "reggan", "fast"
    averaged = ("generator",)

    def __init__(self, request: Request):
        if request.start is None:
            raise UsageError("photos alone do not make a RegGAN; begin with --from reggan")
        self.recipe = recipe = override(TuneRecipe(), request.overrides)
        if request.batch_size:
            self.recipe = recipe = replace(recipe, batch_size=request.batch_size)
        self.plan = Plan(
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            warm_up=recipe.warm_up,
            rate="cosine",
            average_decay=recipe.average_decay,
            validate_every=recipe.validate_every,
        )
        checkpoint = open_start(request.start)
        tensors = {name: tensor.float() for name, tensor in checkpoint.tensors.items()}
        self.textures = tensors.pop("textures").numpy()
        self._teacher = FieldGenerator.from_architecture(checkpoint.architecture)
        self._teacher.load_state_dict(tensors)
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
        self._shown = faces
        rng = np.random.default_rng(request.seed)
        real = _columns([_real_row(generator, p) for p in train])
        rehearsed = [p.face for p in train for _ in range(recipe.rehearsals)]
        kept = _columns([_kept_row(generator, face, rng) for face in rehearsed])
        self.samples = TuneSamples(
            Samples(real, np.arange(len(real)), request.seed),
            Samples(kept, np.arange(len(kept)), request.seed + 1),
        )
        self.networks = {"generator": generator}
        plan = OptimiserPlan(
            rate=recipe.learning_rate, betas=recipe.betas, largest_gradient=recipe.largest_gradient
        )
        self.updates = (Update("tune", ("generator",), self._loss, plan),)

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
        generator = networks["generator"]
        assert isinstance(generator, FieldGenerator)
        return {
            "lips": lip_error(generator.shape_layer, self._unseen),
            "lips_before": lip_error(self._teacher.shape_layer, self._unseen),
        }

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]] | None:
        """Draw some of the photos for every target."""
        generator = networks["generator"]
        assert isinstance(generator, FieldGenerator)
        method = RegGAN(generator, unpack_textures(self.textures))
        rows = [sheet_row(method, f.pixels, f.landmarks) for f in self._shown[:SHEET_FACES]]
        return rows, ["input", *EXPRESSIONS]

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """Write the weights that edit photos, in half precision."""
        generator = networks["generator"]
        assert isinstance(generator, FieldGenerator)
        about = {"recipe": json.dumps(asdict(self.recipe)), "step": str(notes["step"])}
        return export_fast(path, generator, self.textures, about)


@torch.no_grad()
def lip_error(layer: ShapeLayer, pairs: Sequence[RealPair]) -> float:
    """Return the mean distance of a layer's lips from the real ones, in eye distances."""
    from faceedit.faces.topology import LIPS, OUTER_EYE_CORNERS

    device = layer.mean.device
    landmarks = torch.from_numpy(np.stack([p.face.landmarks for p in pairs])).to(device)
    shares = block_shares(_one_hot([p.target for p in pairs])).to(device)
    moved = layer(landmarks, shares).landmarks.cpu().numpy()
    off = np.linalg.norm(moved - np.stack([p.moved for p in pairs]), axis=-1)[:, list(LIPS)]
    left, right = (np.stack([p.face.landmarks[i, :2] for p in pairs]) for i in OUTER_EYE_CORNERS)
    return float((off.mean(1) / np.linalg.norm(right - left, axis=1)).mean())


def _one_hot(targets: Sequence[int]) -> Tensor:
    return torch.eye(len(EXPRESSIONS))[list(targets)]


def _columns(rows: list[dict[str, np.ndarray]]) -> Prepared:
    return Prepared(**{name: np.stack([row[name] for row in rows]) for name in rows[0]})


def _real_row(generator: FieldGenerator, pair: RealPair) -> dict[str, np.ndarray]:
    shares = block_shares(_one_hot([pair.target]))
    row = _row(generator, pair.face, shares)
    trusted = pair.trusted * (1 - of_details(pair.face.landmarks, pair.moved))
    return row | {
        "flow": pair.flow.astype(np.float16),
        "log_ratio": pair.log_ratio.astype(np.float16),
        "trusted": np.rint(255 * trusted).astype(np.uint8),
    }


def _kept_row(
    generator: FieldGenerator, face: RealFace, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    strengths = _one_hot([int(rng.integers(len(EXPRESSIONS)))]) * float(rng.uniform(0.3, 1.5))
    return _row(generator, face, block_shares(strengths))


@torch.no_grad()
def _row(generator: FieldGenerator, face: RealFace, shares: Tensor) -> dict[str, np.ndarray]:
    """Return a row of `Prepared` without anything known about its fields."""
    pixels = face.pixels.astype(np.float32) / 255
    moved = generator.shape_layer(torch.from_numpy(face.landmarks[None]), shares).landmarks[0]
    shade = np.ascontiguousarray(generator.shade_layer(shares)[0].permute(1, 2, 0).numpy())
    drawn = draw_face(pixels, face.landmarks, moved.numpy(), shade)
    small = cv2.resize(pixels, (WORKING_SIZE, WORKING_SIZE), interpolation=cv2.INTER_AREA)
    trusted = 1 - of_details(face.landmarks, moved.numpy())

    def as_bytes(values: np.ndarray) -> np.ndarray:
        return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)

    return {
        "picture": as_bytes(small),
        "moved": as_bytes(drawn.moved),
        "maps": as_bytes(drawn.maps),
        "drawn_flow": drawn.flow.astype(np.float16),
        "drawn_shade": drawn.shade.astype(np.float16),
        "flow": drawn.flow.astype(np.float16),
        "log_ratio": drawn.shade.astype(np.float16),
        "trusted": as_bytes(trusted),
        "target": as_bytes(drawn.moved),
        "shares": shares[0].numpy(),
        "tone": np.full(3, np.nan, np.float32),
        "eyeglasses": np.array(face.photo.eyeglasses),
        "validation": np.array(False),
    }
