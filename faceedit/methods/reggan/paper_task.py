"""Training the ``paper`` profile: G_R against three discriminators (Eq. 10 to 15)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.errors import UsageError
from faceedit.methods.fields.colour import transfer_histogram
from faceedit.methods.fields.discriminator import PyramidDiscriminator, discriminator_loss
from faceedit.methods.fields.refinement import RefinementConfig
from faceedit.methods.fields.sources import find_table
from faceedit.methods.pictures.losses import quality_loss
from faceedit.methods.pictures.task import PictureTask, to_signed
from faceedit.methods.reggan.fit_layers import fit_expression_layer
from faceedit.methods.reggan.losses import generator_losses
from faceedit.methods.reggan.pairs import single_strengths
from faceedit.methods.reggan.recipe import RegGANRecipe
from faceedit.methods.reggan.rgb_generator import RgbGenerator
from faceedit.nn.mesh_features import open_features
from faceedit.nn.perceptual import PerceptualLoss
from faceedit.recognisers.naturalness import NaturalnessRecogniser
from faceedit.registry import open_registry
from faceedit.targets import EXPRESSIONS
from faceedit.training.pair_table import PairTable
from faceedit.training.task import Batch, OptimiserOptions, Schedule, TrainingRequest, Update
from faceedit.training.together import begin_together

SHEET_PEOPLE = 6


@dataclass(frozen=True)
class PaperSamples:
    """Pairs of pictures by number: ``input`` and ``target`` (3, S, S) in [-1, 1], ``strengths``.

    Attributes:
        table: of pairs.
        rows: those that lead to one target at about strength 1.
        strengths: (N, 8) of all pairs, 1 for the target.
        size: side S.
        seed: of all samples.
        recoloured: share of samples in the colours of another person's photo (IV-C).
    """

    table: PairTable
    rows: np.ndarray
    strengths: np.ndarray
    size: int
    seed: int
    recoloured: float = 0.0

    def __getitem__(self, number: int) -> Batch:
        """Draw the `number`-th sample, mirrored half of the time."""
        rng = np.random.default_rng([self.seed, number])
        row = int(self.rows[rng.integers(len(self.rows))])
        given = [np.asarray(self.table.pictures[row]), np.asarray(self.table.targets[row])]
        if rng.random() < self.recoloured:
            other = int(self.rows[rng.integers(len(self.rows))])
            given = transfer_histogram(given, np.asarray(self.table.pictures[other]))
        pictures = [to_signed(picture, self.size) for picture in given]
        one_sided = self.strengths[row, EXPRESSIONS.index("contemptuous")] > 0
        if rng.random() < 0.5 and not one_sided:
            pictures = [picture.flip(2) for picture in pictures]
        strengths = torch.from_numpy(self.strengths[row])
        return {"input": pictures[0], "target": pictures[1], "strengths": strengths}


class PaperTask(PictureTask[RegGANRecipe]):
    """See `training.task.Task`.

    Args:
        request: its data are folders of shards, or packed tables.
    """

    method = "reggan"

    def __init__(self, request: TrainingRequest):
        super().__init__(RegGANRecipe(), request)
        recipe = self.recipe
        begin_together(request.rank, lambda: find_table(request))
        table = find_table(request)
        strengths = single_strengths(table)
        train = ~np.asarray(table.validation)
        rows = np.flatnonzero((strengths.sum(1) > 0) & train)
        if not len(rows):
            raise UsageError("no pair leads to one expression at about strength 1")
        self._table, self._strengths, self._rows = table, strengths, rows
        epoch = max(1, len(rows) // recipe.batch_size)
        self.schedule = Schedule(
            steps=recipe.epochs * epoch, batch_size=recipe.batch_size, sheet_every=epoch
        )
        config = replace(
            RefinementConfig.paper(),
            attention=recipe.attention,
            latent_blocks=recipe.latent_blocks,
        )
        generator = RgbGenerator(EXPRESSIONS, recipe.size, config, recipe.receptive_field)
        if not request.resumed and request.rank == 0:
            for index in range(len(EXPRESSIONS)):
                layer = fit_expression_layer(
                    table, strengths, np.flatnonzero(train), index, recipe.layer, recipe.size
                )
                generator.expression_layers[index].load_state_dict(layer.state_dict())
            request.tell(f"expression layers: {len(EXPRESSIONS)} of {recipe.size} pixels")
        self.samples = PaperSamples(
            table, rows, strengths, recipe.size, request.seed, recipe.recoloured
        )
        discriminator = PyramidDiscriminator(
            width=recipe.discriminator_width,
            scales=recipe.discriminator_scales,
            spectral=recipe.spectral_norm,
        )
        self.networks = {"generator": generator, "discriminator": discriminator}
        self._perceptual = _perceptual(recipe, request)
        if recipe.weights.quality:
            checkpoint = open_registry().checkpoint(NaturalnessRecogniser.name)
            self._naturalness = NaturalnessRecogniser.load(checkpoint, request.device)
        optimiser = OptimiserOptions(rate=recipe.learning_rate, betas=recipe.betas)
        self.updates = (
            Update("discriminator", ("discriminator",), self._judge, optimiser),
            Update("generator", ("generator",), self._refine, optimiser),
        )

    def _judge(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 15."""
        discriminator = self.networks["discriminator"]
        with torch.no_grad():
            fake = self.networks["generator"](batch["input"], batch["strengths"])
        wrong = discriminator_loss(discriminator(fake.float()), discriminator(batch["target"]))
        return {"total": wrong}

    def _refine(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 10, and L_qual of LEGAN where it has a weight."""
        discriminator, real = self.networks["discriminator"], batch["target"]
        fake = self.networks["generator"](batch["input"], batch["strengths"]).float()
        losses = generator_losses(
            fake,
            real,
            discriminator(fake),
            discriminator(real),
            self._perceptual,
            self.recipe.weights,
        )
        weight = self.recipe.weights.quality
        if not weight:
            return vars(losses)
        quality = quality_loss(self._naturalness, fake)
        return {**vars(losses), "quality": quality, "total": losses.total + weight * quality}

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Return the mean absolute error of x_R and of x_E in levels of 255, on unseen people."""
        rows = np.flatnonzero((self._strengths.sum(1) > 0) & np.asarray(self._table.validation))
        generator = networks["generator"]
        assert isinstance(generator, RgbGenerator)
        errors = []
        for row in rows[np.linspace(0, len(rows) - 1, min(64, len(rows))).astype(int)]:
            given, real, strengths = self._pair(row, next(generator.parameters()).device)
            coarse, refined = generator.express(given, strengths), generator(given, strengths)
            errors.append([float((x.float() - real).abs().mean()) for x in (refined, coarse)])
        refined, coarse = np.mean(errors, axis=0) * 127.5 if errors else (np.nan, np.nan)
        return {"refined_error": float(refined), "layer_error": float(coarse)} if errors else {}

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]] | None:
        """Draw input, x_E, x_R and the target of some people."""
        generator = networks["generator"]
        assert isinstance(generator, RgbGenerator)
        validation = np.asarray(self._table.validation)
        rows = np.flatnonzero((self._strengths.sum(1) > 0) & validation)
        rows = rows if len(rows) else self._rows
        drawn = []
        for row in rows[np.linspace(0, len(rows) - 1, min(SHEET_PEOPLE, len(rows))).astype(int)]:
            given, real, strengths = self._pair(row, next(generator.parameters()).device)
            coarse, refined = generator.express(given, strengths), generator(given, strengths)
            drawn.append(
                [
                    ((x[0].float().cpu() + 1) / 2).permute(1, 2, 0).numpy()
                    for x in (given, coarse, refined, real)
                ]
            )
        return drawn, ["input", "expression layer", "refined", "target"]

    def _pair(self, row: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        given, real = (
            to_signed(np.asarray(p), self.recipe.size)[None].to(device)
            for p in (self._table.pictures[row], self._table.targets[row])
        )
        return given, real, torch.from_numpy(self._strengths[row : row + 1]).to(device)

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """See `PictureTask.write`."""
        generator = networks["generator"]
        assert isinstance(generator, RgbGenerator)
        return self.write(path, generator, generator.architecture(), notes["step"])


def _perceptual(recipe: RegGANRecipe, request: TrainingRequest) -> PerceptualLoss:
    """Return the loss of Eq. 14, by VGG-19 where the recipe names its weights."""
    features = open_features(recipe.vgg, request.tell)
    return PerceptualLoss(features.to(request.device))
