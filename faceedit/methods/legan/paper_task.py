"""Training LEGAN's ``paper`` profile: three hourglasses against D, held by Q and T (Eq. 2 to 7)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.errors import UsageError
from faceedit.methods.fields.sources import find_table
from faceedit.methods.legan.losses import identity_loss, variation_loss
from faceedit.methods.legan.networks import N_EXPRESSIONS, TARGETS, Generator
from faceedit.methods.legan.paper_method import condition_of
from faceedit.methods.legan.recipe import LEGANRecipe
from faceedit.methods.legan.samples import Album, PictureSamples, spaced
from faceedit.methods.pictures.losses import (
    classification_loss,
    mixed,
    quality_loss,
    total_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from faceedit.methods.pictures.networks import Discriminator
from faceedit.methods.pictures.task import PictureTask, to_signed
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.recognisers.naturalness import NaturalnessRecogniser
from faceedit.registry import open_registry
from faceedit.targets import parse_target
from faceedit.training.task import Batch, OptimiserOptions, Schedule, TrainingRequest, Update
from faceedit.training.together import begin_together

SHEET_PEOPLE = 6
SHEET = {"happy": "happy", "left": "light=left", "both": "happy light=left"}
"""Columns of sheets with their targets; the masks are those of the last."""
EXAMINED = 32
"""Pictures that a validation looks at."""


class PaperTask(PictureTask[LEGANRecipe]):
    """See `training.task.Task`.

    Args:
        request: its data are folders of shards, or packed tables.
    """

    method = "legan"

    def __init__(self, request: TrainingRequest):
        super().__init__(LEGANRecipe(), request)
        recipe = self.recipe
        begin_together(request.rank, lambda: find_table(request))
        table = find_table(request)
        self._album = album = Album.read(table, recipe.amplitudes, validation=False)
        self._unseen = Album.read(table, recipe.amplitudes, validation=True)
        _check(album)
        pictures = len(album.made) + len(album.photos)
        epoch = max(1, pictures // (recipe.batch_size * recipe.critic_turns))
        self.schedule = Schedule(
            steps=recipe.epochs * epoch,
            batch_size=recipe.batch_size,
            validate_every=epoch,
            sheet_every=epoch,
        )
        self.samples = PictureSamples(album, recipe, request.seed)
        generator = Generator(
            recipe.size, recipe.width, recipe.blocks, recipe.upsampling, recipe.disentangled
        )
        discriminator = Discriminator(len(TARGETS), recipe.size, recipe.critic_width)
        self.networks = {"generator": generator, "discriminator": discriminator}
        self._architecture = generator.architecture
        self._device, registry = request.device, open_registry()
        self._identity, self._naturalness = (
            kind.load(registry.checkpoint(kind.name), request.device)
            for kind in (IdentityRecogniser, NaturalnessRecogniser)
        )
        optimiser = OptimiserOptions(rate=recipe.learning_rate, betas=recipe.betas)
        self.updates = (Update("generator", ("generator",), self._generate, optimiser),)
        if recipe.adversarial or recipe.classification:
            turns = recipe.critic_turns
            judge = Update("discriminator", ("discriminator",), self._judge, optimiser, turns)
            self.updates = (judge, *self.updates)

    def _judge(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 7 for D: Eq. 2, and the first term of Eq. 3."""
        recipe, image, discriminator = self.recipe, batch["image"], self.networks["discriminator"]
        terms = {}
        if recipe.adversarial:
            with torch.no_grad():
                made = self.networks["generator"](image, batch["asked"]).float()
            terms["adversarial"] = wasserstein_critic_loss(
                lambda pictures: discriminator(pictures)[0].mean((1, 2, 3)),
                image,
                made,
                recipe.weights.penalty,
                at=mixed(image, made),
            )
        if recipe.classification:
            terms["classes"] = classification_loss(discriminator(image)[1], batch["shown"])
        return {**terms, "total": total_loss(terms, recipe.weights)}

    def _generate(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 7 for G."""
        recipe, image, generator = self.recipe, batch["image"], self.networks["generator"]
        made = generator(image, batch["asked"]).float()
        rebuilt = generator(made, batch["shown"]).float()
        terms = {"variation": variation_loss(made) + variation_loss(rebuilt)}
        source, found = self.networks["discriminator"](made)
        if recipe.adversarial:
            terms["adversarial"] = wasserstein_generator_loss(source)
        if recipe.classification:
            terms["classes"] = classification_loss(found, batch["wanted"])
        if recipe.reconstruction:  # Eq. 5, as the mean over pixels
            terms["reconstruction"] = F.l1_loss(rebuilt, image)
        if recipe.quality:
            both = (image, rebuilt)
            terms["quality"] = quality_loss(self._naturalness, made, recipe.wanted_quality, both)
        if recipe.identity:
            with torch.no_grad():
                own = self._identity(image)
            terms["identity"] = identity_loss(own, self._identity(made))
        return {**terms, "total": total_loss(terms, recipe.weights)}

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Return what edits of people that no training sees are like.

        ``quality`` is Q's rating, ``identity`` T's cosine with the picture, ``rebuilt_error`` the
        mean absolute error of Eq. 5 in levels of 255.
        """
        unseen, generator = self._unseen, networks["generator"]
        asks = unseen.asked[spaced(unseen.made, EXAMINED)]
        found = []
        for number, face in enumerate(unseen.faces(EXAMINED) if len(asks) else ()):
            image, shown = self._open(unseen, face)
            asked = torch.from_numpy(asks[number % len(asks)])[None].to(image)
            made = generator(image, asked).float()
            rebuilt = generator(made, shown).float()
            known = 1 - identity_loss(self._identity(image), self._identity(made))
            error = 127.5 * F.l1_loss(rebuilt, image)
            found.append([float(x) for x in (self._naturalness(made), known, error)])
        names = ("quality", "identity", "rebuilt_error")
        return dict(zip(names, np.mean(found, axis=0).tolist(), strict=True)) if found else {}

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]]:
        """Draw some people, what is made of them, and its masks."""
        generator = networks["generator"]
        assert isinstance(generator, Generator)
        album = self._unseen if len(self._unseen.made) else self._album
        conditions = torch.stack([condition_of(parse_target(text)) for text in SHEET.values()])
        titles, drawn = ["input", *SHEET], []
        for face in album.faces(SHEET_PEOPLE):
            image, _ = self._open(album, face)
            cells = [image, *(generator(image, one[None].to(image)) for one in conditions)]
            if generator.disentangled:
                cells += generator.masks(image, conditions[-1:].to(image))
            shown = (torch.cat([cell.float() for cell in cells]).cpu() + 1) / 2
            drawn.append(list(shown.permute(0, 2, 3, 1).numpy()))
        return drawn, titles + ["M_e", "M_l"] * generator.disentangled

    def _open(self, album: Album, face: tuple[int, bool]) -> tuple[Tensor, Tensor]:
        """Return a picture (1, 3, S, S) and f_a (1, 28) on the device."""
        picture, label = album.open(*face)
        image, shown = to_signed(picture, self.recipe.size), torch.from_numpy(label)
        return image[None].to(self._device), shown[None].to(self._device)

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """Write G in half precision."""
        return self.write(path, networks["generator"], self._architecture, notes["step"])


def _check(album: Album) -> None:
    """Refuse pairs that ask for no expression, or for no light.

    Raises:
        UsageError: they are such.
    """
    asked = np.split(album.asked[album.made], [N_EXPRESSIONS], axis=1)
    for name, strengths in zip(("expressions", "lights"), asked, strict=True):
        if not strengths.any():
            raise UsageError(
                f"no pair asks for {name}; make some with: faceedit studio pairs --{name} all"
            )
