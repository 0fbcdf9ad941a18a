"""Training EGGAN's ``paper`` profile: an adversarial autoencoder and a conditional GAN (Eq. 7)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.datasets.labelled import LabelledPhoto
from faceedit.faces.align import Crop
from faceedit.methods.eggan.examine import examine
from faceedit.methods.eggan.losses import (
    identity_loss,
    interpolate,
    latent_critic_loss,
    latent_encoder_loss,
    moment_loss,
    reconstruction_loss,
    units_loss,
)
from faceedit.methods.eggan.networks import (
    Classifier,
    ImageDiscriminator,
    LatentDiscriminator,
    PaperNetworks,
)
from faceedit.methods.eggan.recipe import EGGANRecipe
from faceedit.methods.pictures.losses import (
    feature_loss,
    total_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from faceedit.methods.pictures.task import PictureTask
from faceedit.nn.mesh_features import open_features
from faceedit.numerics import pick_numerics
from faceedit.recognisers.units import UnitReader
from faceedit.registry import open_registry
from faceedit.targets import ACTION_UNITS
from faceedit.training.portraits import PortraitSamples, find_portraits, to_signed
from faceedit.training.recognisers.augment import CROP, Augmentation, frame, place, recolour
from faceedit.training.task import Batch, OptimiserOptions, Schedule, TrainingRequest, Update

SHEET_PEOPLE = 6
SHEET_UNITS = (4, 26, 12)
"""The targets of sheets are the photos that show most of these."""
COPIES = Augmentation(
    0.05, 0.05, 0.03, gamma=0.15, gain=0.1, ramp=0.0, colour=0.06,
    grey=0.0, blur=0.0, noise=0.0, cover=0.0,
)  # fmt: skip
"""What C_id sees of a photo: mirrored, moved a little and recoloured a little."""
GENERATES = ("encoder", "generator")


class UnitLabels:
    """Action units as labels of portraits, see `training.portraits.Labels`.

    Args:
        device: where the network runs that reads them.
    """

    width = len(ACTION_UNITS)

    def __init__(self, device: torch.device):
        self._device = device
        self._reader: UnitReader | None = None

    def knows(self, photo: LabelledPhoto) -> bool:
        """Any photo shows some."""
        return True

    def read(self, photos: Sequence[LabelledPhoto], crops: Sequence[Crop]) -> np.ndarray:
        """Return what crops show: (n, 17), 0 to 5."""
        if self._reader is None:
            checkpoint = open_registry().checkpoint(UnitReader.name)
            self._reader = UnitReader.load(checkpoint, self._device)
        return np.stack(self._reader.read(crops))


class PaperTask(PictureTask[EGGANRecipe]):
    """See `training.task.Task`.

    Args:
        request: its data are as `portraits.find_portraits` takes them.
    """

    method = "eggan"
    averaged = GENERATES

    def __init__(self, request: TrainingRequest):
        super().__init__(EGGANRecipe(), request)
        recipe = self.recipe
        self._portraits = portraits = find_portraits(
            request, recipe.size, UnitLabels(request.device)
        )
        rows = np.flatnonzero(~portraits.validation)
        epoch = max(1, len(rows) // recipe.batch_size)
        self.schedule = Schedule(
            steps=recipe.epochs * epoch,
            batch_size=recipe.batch_size,
            rate="linear",
            falls_from=recipe.falls_from,
            validate_every=epoch,
            sheet_every=epoch,
        )
        self.samples = PortraitSamples(portraits, rows, request.seed)
        self._pictures = torch.from_numpy(portraits.pictures[rows]).permute(0, 3, 1, 2)
        self._people = torch.from_numpy(portraits.people[rows])
        used = PaperNetworks(recipe.size, recipe.latent, recipe.width)
        used.expression.begin_with(torch.from_numpy(portraits.labels[rows]))
        self._architecture = used.architecture()
        self.networks = {
            "encoder": used.encoder,
            "generator": used.generator,
            "expression": used.expression,
            "latent_critic": LatentDiscriminator(recipe.latent),
            "image_critic": ImageDiscriminator(recipe.size, recipe.critic_width),
        }
        if recipe.identity:
            people = int(self._people.max()) + 1
            self.networks["identity"] = Classifier(people, recipe.size, recipe.width)
        for network in self.networks.values():
            network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        if recipe.identity and not request.resumed and request.rank == 0:
            self._learn_people(self.networks["identity"], request)
        if recipe.perceptual:
            self._features = open_features(recipe.vgg, request.tell).to(request.device)
        optimiser = OptimiserOptions(rate=recipe.learning_rate, betas=recipe.betas)
        faster = replace(optimiser, rate=recipe.expression_rate)
        turns = recipe.latent_turns
        self.updates = (
            Update("latent_critic", ("latent_critic",), self._judge_codes, optimiser, turns),
            Update("prior", ("encoder",), self._shape_codes, optimiser, turns),
            Update("image_critic", ("image_critic",), self._judge_images, optimiser),
            Update("expression", ("expression",), self._read_units, faster),
            Update("generator", GENERATES, self._generate, optimiser),
        )

    def _judge_codes(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 1 for D_z."""
        critic = self.networks["latent_critic"]
        codes = self._codes(batch["image"].device)
        return {"total": latent_critic_loss(critic(torch.randn_like(codes)), critic(codes))}

    def _shape_codes(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 1 for E."""
        codes = self._codes(batch["image"].device)
        terms = {
            "latent": latent_encoder_loss(self.networks["latent_critic"](codes).float()),
            "moments": moment_loss(codes),
        }
        return {**terms, "total": total_loss(terms, self.recipe.weights)}

    def _judge_images(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 2 for D_img."""
        made = self.networks["generator"](
            self.networks["encoder"](batch["image"]).float(), batch["target"]
        )
        critic, penalty = self.networks["image_critic"], self.recipe.weights.penalty
        return {"total": wasserstein_critic_loss(critic, batch["image"], made.detach(), penalty)}

    def _read_units(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 3 for C_exp, on photos with their own units."""
        logits = self.networks["expression"].train()(batch["image"])
        return {"total": units_loss(logits, batch["labels"])}

    def _generate(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 7 for E and G, less its first term."""
        recipe, image = self.recipe, batch["image"]
        for name in {"expression", "identity"} & self.networks.keys():
            self.networks[name].eval()
        latent = self.networks["encoder"](image).float()
        both = torch.cat([batch["target"], batch["labels"]])
        made, rebuilt = self.networks["generator"](latent.repeat(2, 1), both).float().chunk(2)
        terms = {
            "image": wasserstein_generator_loss(self.networks["image_critic"](made)),
            "units": units_loss(self.networks["expression"](made), batch["target"]),
            "reconstruction": reconstruction_loss(rebuilt, image, recipe.ms_ssim),
        }
        if recipe.identity:
            terms["identity"] = identity_loss(self.networks["identity"](made), batch["person"])
        if recipe.perceptual:  # Eq. 5 writes no square; its source [18] has one
            terms["perceptual"] = feature_loss(self._features, image, [made, rebuilt], 2)
        return {**terms, "total": total_loss(terms, recipe.weights)}

    def _codes(self, device: torch.device) -> Tensor:
        """Return the codes of random training photos: a step's own are too few for D_z."""
        rows = torch.randint(len(self._pictures), (self.recipe.latent_batch,))
        pictures = self._pictures[rows].to(device).float() / 127.5 - 1
        mirrored = torch.rand(len(rows), device=device) < 0.5
        pictures[mirrored] = pictures[mirrored].flip(3)
        return self.networks["encoder"](pictures).float()

    def _learn_people(self, classifier: nn.Module, request: TrainingRequest) -> None:
        """Train C_id on the training people (3.3)."""
        recipe, device = self.recipe, request.device
        numerics = pick_numerics("auto", device)
        classifier.to(device).train()
        optimiser = torch.optim.Adam(classifier.parameters(), lr=recipe.identity_rate)
        known: list[float] = []
        for step in range(recipe.identity_steps):
            rows = torch.randint(len(self._pictures), (recipe.identity_batch,))
            pictures = recolour(self._pictures[rows] / 255, COPIES) * 2 - 1
            moved = place(len(rows), COPIES, CROP, torch.rand(len(rows)) < 0.5)
            pictures = frame(pictures, moved, recipe.size).to(device)
            people = self._people[rows].to(device)
            with numerics.autocast(device):
                logits = classifier(pictures)
            loss = identity_loss(logits, people)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            known.append(float((logits.argmax(1) == people).float().mean()))
            if step % 100 == 99:
                request.tell(f"identities, step {step + 1}: {np.mean(known[-100:]):.1%} known")

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """See `examine.examine`; on unseen people."""
        used = self._used(networks)
        unseen = np.flatnonzero(self._portraits.validation)
        return examine(used, self._portraits, unseen) if len(unseen) > 1 else {}

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]]:
        """Draw people, rebuilt, with the units of three photos, and on the way to the last."""
        used, portraits = self._used(networks), self._portraits
        device = next(used.parameters()).device
        rows = np.flatnonzero(portraits.validation)
        rows = rows if len(rows) else np.flatnonzero(~portraits.validation)
        rows = rows[np.linspace(0, len(rows) - 1, min(SHEET_PEOPLE, len(rows))).astype(int)]
        places = [ACTION_UNITS.index(unit) for unit in SHEET_UNITS]
        wanted = torch.from_numpy(portraits.labels[portraits.labels[:, places].argmax(0)]).to(
            device
        )
        drawn = []
        for row in rows:
            image = to_signed(portraits.pictures[row : row + 1]).to(device)
            own = torch.from_numpy(portraits.labels[row : row + 1]).to(device)
            way = [interpolate(own, wanted[-1:], alpha) for alpha in (0.25, 0.5, 0.75)]
            asked = torch.cat([own, wanted, *way])
            made = used.generator(used.encoder(image).expand(len(asked), -1), asked)
            shown = (torch.cat([image, made.float()]).cpu() + 1) / 2
            drawn.append(list(shown.permute(0, 2, 3, 1).numpy()))
        titles = ["input", "rebuilt", *(f"AU {unit} photo" for unit in SHEET_UNITS)]
        return drawn, [*titles, "1/4 to it", "1/2", "3/4"]

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """Write E, G and C_exp in half precision."""
        return self.write(path, self._used(networks), self._architecture, notes["step"])

    def _used(self, networks: Mapping[str, nn.Module]) -> PaperNetworks:
        """Return the networks that an edit needs as one."""
        used = PaperNetworks(**self._architecture)
        for name in ("encoder", "generator", "expression"):
            setattr(used, name, networks[name])
        return used
