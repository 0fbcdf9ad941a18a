"""Training the branch that makes expressions: semantic consistency on fields (Eq. 11 and 12).

The semantic branch translates the photo's mask into the wanted one. As landmarks say where lips,
brows and eyes go, it is closed form here: segments of the photo as the shape layer moves it, with
those features laid over it. The RGB branch starts from RegGAN's fields, which it goes on saying,
and is held to pictures in which the frozen parser sees that mask.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.errors import UsageError
from faceedit.faces.landmark_maps import CHANNELS
from faceedit.methods.fields.generator import CROP_SIZE, FieldGenerator, FieldTensors
from faceedit.methods.fields.real_pairs import read_faces
from faceedit.methods.fields.recipe import FieldRecipe
from faceedit.methods.fields.rehearsal import rehearsal_losses, rehearsal_rows, teach
from faceedit.methods.fields.samples import FieldSamples
from faceedit.methods.fields.scores import given
from faceedit.methods.fields.sources import begin_with, open_start
from faceedit.methods.fields.task import SHEET_FACES, FieldTask, generator_of
from faceedit.methods.pictures.masks import mask_loss, one_hot
from faceedit.methods.reggan.generator import RegGANGenerator
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.secgan.expressions import ExpressionSeCGAN, rgb_branch
from faceedit.ranges import ranged
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.regions import Region
from faceedit.registry import open_registry
from faceedit.training.task import Batch, TrainingRequest

FEATURES = {"brows": Region.BROWS, "lips": Region.LIPS}
"""Landmark maps that are segments; eyes and the mouth's inside are drawn later, from landmarks."""
COMPARED = 32
"""Faces of the validation split that consistency is measured on."""


@dataclass(frozen=True)
class ExpressionRecipe(FieldRecipe):
    """How the branch is trained."""

    steps: int = ranged(1, 10_000_000, default=350)
    batch_size: int = ranged(1, 4096, default=8)
    learning_rate: float = ranged(1e-9, 1.0, default=4e-4)
    warm_up: int = ranged(0, 10_000_000, default=20)
    average_decay: float = ranged(0.0, 0.999999, default=0.99)
    validate_every: int = ranged(0, 10_000_000, default=50)
    rehearsals: int = ranged(1, 64, default=2)  # targets that each photo is shown with
    consistency: float = ranged(0.0, 1e6, default=4.0)  # lambda_sc of the masks' cross entropy


class ExpressionTask(FieldTask[ExpressionRecipe]):
    """See `training.task.Task`.

    Args:
        request: its data are photos; its start names weights of RegGAN, those that ship by default.

    Raises:
        UsageError: no photo is for training.
    """

    makes = ExpressionSeCGAN
    turn = "rgb"

    def __init__(self, request: TrainingRequest):
        super().__init__(ExpressionRecipe(), request)
        start = open_start(request.start or "reggan", "reggan")
        teacher = begin_with(start, RegGAN.build_generator)
        assert isinstance(teacher, RegGANGenerator)
        generator = rgb_branch(teacher)
        faces = read_faces(list(request.data), request.tell)
        train = [face for face in faces if face.photo.split == "train"]
        if not train:
            raise UsageError("all people of the photos are kept for validation")
        self._unseen = [face for face in faces if face.photo.split == "val"][:COMPARED]
        rng = np.random.default_rng(request.seed)
        shown = [face for face in train for _ in range(self.recipe.rehearsals)]
        rows = rehearsal_rows(self.makes, generator, shown, rng)
        self.samples = FieldSamples(rows, np.arange(len(rows)), self.makes.spec, request.seed)
        self._checked = None
        if self._unseen:
            checked = rehearsal_rows(self.makes, generator, self._unseen, rng)
            self._checked = FieldSamples(
                checked, np.arange(len(checked)), self.makes.spec, 0, augment=False
            )
        self._teacher = teacher.to(request.device).eval().requires_grad_(False)
        parser = AppearanceRecogniser.load(open_registry().checkpoint("appearance"), request.device)
        self._parser = parser.eval().requires_grad_(False)
        self.networks = {"generator": generator}

    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        fields = self.networks["generator"](*given(batch))
        terms = rehearsal_losses(fields, teach(self._teacher, batch), batch, self.recipe.weights)
        with torch.no_grad():
            wanted = translated_mask(self._parser.parse(batch["moved"] * 2 - 1), batch["maps"])
        chances = self._parser.parse(drawn_with(fields, batch) * 2 - 1)
        consistency = mask_loss(wanted * batch["trusted"], chances)
        total = terms.pop("total") + self.recipe.consistency * consistency
        return {**terms, "consistency": consistency, "total": total}

    @torch.no_grad()
    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Compare what the parser sees with the translated mask, on people that no training saw.

        Returns:
            Mean intersection over union of brows, lips, nose and skin: ``iou`` of the branch and
            ``iou_before`` of RegGAN.
        """
        if self._checked is None:
            return {}
        rows = [self._checked.draw(int(r), np.random.default_rng(0)) for r in self._checked.rows]
        device = next(networks["generator"].parameters()).device
        batch = {k: torch.stack([row[k] for row in rows]).to(device) for k in rows[0]}
        wanted = translated_mask(self._parser.parse(batch["moved"] * 2 - 1), batch["maps"])
        return {
            name: self._overlap(network, batch, wanted)
            for name, network in (
                ("iou", generator_of(networks)), ("iou_before", self._teacher)
            )
        }  # fmt: skip

    def _overlap(self, network: FieldGenerator, batch: Batch, wanted: Tensor) -> float:
        picture = drawn_with(network(*given(batch)), batch)
        seen = one_hot(self._parser.parse(picture * 2 - 1))
        of = [Region.SKIN, Region.NOSE, Region.BROWS, Region.LIPS]
        both, either = (
            (found * batch["trusted"]).sum((0, 2, 3))[of]
            for found in (wanted * seen, (wanted + seen).clamp(max=1))
        )
        return float((both / either.clamp(min=1)).mean())

    def sheet_faces(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return some faces of people that are kept for validation."""
        return [(face.pixels, face.landmarks) for face in self._unseen[:SHEET_FACES]]


def translated_mask(chances: Tensor, maps: Tensor) -> Tensor:
    """Return the wanted mask, (N, K, S, S) with 1 for the segment of each pixel.

    Args:
        chances: (N, K, S, S) of segments in the photo as the shape layer moves it.
        maps: (N, 12, M, M) in [0, 1], `landmark_maps` of the moved face.
    """
    mask = one_hot(chances)
    size = chances.shape[-2:]
    for name, region in FEATURES.items():
        plane = maps[:, CHANNELS.index(name)][:, None]
        there = F.interpolate(plane, size, mode="bilinear", align_corners=False) > 0.5
        # Where hair, a hand or spectacles lie over a feature, they stay.
        free = there & (mask[:, [Region.SKIN, Region.BROWS, Region.LIPS]].sum(1, True) > 0)
        stray = (mask[:, region : region + 1] > 0) & ~there
        mask = torch.where(free | stray, torch.zeros_like(mask), mask)
        mask[:, region] += free[:, 0].float()
        mask[:, Region.SKIN] += stray[:, 0].float()
    return mask


def drawn_with(fields: FieldTensors, batch: Batch) -> Tensor:
    """Return the pictures that fields make, (N, 3, 128, 128) in [0, 1], before eyes and mouths.

    The photo as the layers moved it is moved on by what the fields add.
    """
    size = fields.flow.shape[-1]
    further = (fields.flow - batch["drawn_flow"]) * (size / CROP_SIZE)
    steps = torch.arange(size, device=further.device, dtype=further.dtype)
    x, y = steps + further[:, 0], steps[:, None] + further[:, 1]
    grid = (torch.stack([x, y], -1) * 2 + 1) / size - 1
    moved = F.grid_sample(
        batch["moved"], grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    return (moved * fields.log_ratio.exp()).clamp(0, 1)
