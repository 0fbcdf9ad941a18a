"""Training SeCGAN's ``paper`` profile: pictures and masks side by side (Eq. 1 to 16)."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.errors import UsageError
from faceedit.methods.pictures.backbones import make_discriminator, make_generator
from faceedit.methods.pictures.losses import (
    classification_loss,
    mixed,
    total_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from faceedit.methods.pictures.masks import SEGMENTS, mask_loss, one_hot
from faceedit.methods.pictures.task import PictureTask
from faceedit.methods.secgan.labels import LABEL_SETS
from faceedit.methods.secgan.recipe import SeCGANRecipe, default_recipe
from faceedit.methods.secgan.vector import NAMES, rgb_shape
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.registry import open_registry
from faceedit.studio.sheet import REGION_COLOURS
from faceedit.targets import EXPRESSIONS
from faceedit.training.portraits import PortraitSamples, find_portraits, to_signed
from faceedit.training.task import Batch, OptimiserOptions, Schedule, TrainingRequest, Update

SHEET_PEOPLE = 6
SHEET = {
    "attributes": ("attr=bangs", "attr=blond_hair", "attr=eyeglasses", "attr=male", "attr=young"),
    "expressions": ("happy", "sad", "angry", "surprised"),
}
"""Columns of sheets: attributes are reversed."""
EXAMINED = 16
"""People that a validation looks at."""


class Branch(NamedTuple):
    """One of the two GANs.

    Attributes:
        prefix: of its terms in the log.
        generator: name among the task's networks.
        critic: likewise.
        activate: makes pictures or masks of what the generator answers.
        compare: Eq. 5 (as the mean over pixels) or 10, of what was given and what was made of it.
    """

    prefix: str
    generator: str
    critic: str
    activate: Callable[[Tensor], Tensor]
    compare: Callable[[Tensor, Tensor], Tensor]


RGB = Branch("", "generator", "critic", torch.tanh, F.l1_loss)
MASKS = Branch("mask_", "mask_generator", "mask_critic", partial(torch.softmax, dim=1), mask_loss)


class PaperTask(PictureTask[SeCGANRecipe]):
    """See `training.task.Task`.

    Both discriminators learn in one update, then both generators in another: what Algorithm 1
    writes as two gradients each, since the networks of one branch are constants to the other.

    Args:
        request: its data are as `portraits.find_portraits` takes them.
        method: ``secgan``, or a baseline by the name of its backbone.

    Raises:
        UsageError: a baseline was asked for another backbone, or for masks.
    """

    def __init__(self, request: TrainingRequest, method: str = "secgan"):
        super().__init__(default_recipe(method, request.overrides), request)
        self.method, recipe = method, self.recipe
        if method != "secgan" and (recipe.backbone, recipe.variant) != (method, "baseline"):
            raise UsageError(f"{method} is a baseline; train secgan with another backbone or masks")
        labels = LABEL_SETS[recipe.labels]
        self._portraits = portraits = find_portraits(request, recipe.size, labels)
        rows = np.flatnonzero(~portraits.validation)
        self.schedule = Schedule(
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            rate=recipe.falls,
            falls_from=0.5,
            validate_every=recipe.validate_every,
            sheet_every=recipe.validate_every,
        )
        self.samples = PortraitSamples(portraits, rows, request.seed)
        self._device, own = request.device, open_registry().checkpoint
        self._appearance = AppearanceRecogniser.load(own("appearance"), request.device)
        self._expression = ExpressionRecogniser.load(own("expression"), request.device)
        self._branches = (RGB, MASKS) if recipe.variant == "secgan" else (RGB,)
        self.networks = self._make_networks()
        optimiser = OptimiserOptions(rate=recipe.learning_rate, betas=recipe.betas)
        generators = tuple(branch.generator for branch in self._branches)
        critics = tuple(branch.critic for branch in self._branches)
        self.updates = (
            Update("discriminators", critics, self._judge, optimiser, recipe.critic_turns),
            Update("generators", generators, self._generate, optimiser),
        )

    def _make_networks(self) -> dict[str, nn.Module]:
        recipe = self.recipe
        names = ("labels", "size", "width", "blocks")
        self._architecture = {name: getattr(recipe, name) for name in names}
        self._architecture["masked"] = recipe.variant == "concat"
        pictures = rgb_shape(**self._architecture)
        masks = pictures._replace(channels=SEGMENTS, extra=0)
        networks: dict[str, nn.Module] = {}
        for branch in self._branches:
            shape = masks if branch is MASKS else pictures
            networks[branch.generator] = make_generator(recipe.backbone, shape)
            shape = shape._replace(width=recipe.critic_width)
            networks[branch.critic] = make_discriminator(recipe.backbone, shape)
        for network in networks.values():
            network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return networks

    def _real(self, branch: Branch, image: Tensor) -> Tensor:
        """Return what a branch translates: x_in, or s_in."""
        if branch is RGB:
            return image
        with torch.no_grad():
            return one_hot(self._appearance.parse(image))

    def _make(
        self, branch: Branch, real: Tensor, difference: Tensor, networks: Mapping[str, nn.Module]
    ) -> Tensor:
        """Return x_out, or the probabilities of s_out."""
        given = real
        if self.recipe.variant == "concat":
            with torch.no_grad():
                given = torch.cat([real, one_hot(self._appearance.parse(real))], 1)
        return branch.activate(networks[branch.generator](given, difference).float())

    def _judge(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 13 and 15."""
        weights, networks = self.recipe.weights, self.networks
        difference = batch["target"] - batch["labels"]
        logged, totals = {}, []
        for branch in self._branches:
            real = self._real(branch, batch["image"])
            with torch.no_grad():
                made = self._make(branch, real, difference, networks)
            critic = networks[branch.critic]
            terms = {
                "adversarial": wasserstein_critic_loss(
                    lambda x, critic=critic: critic(x)[0],
                    real,
                    made,
                    weights.penalty,
                    at=mixed(real, made),
                ),
                "judged": classification_loss(critic(real)[1], batch["labels"]),
            }
            totals.append(total_loss(terms, weights))
            logged |= {f"{branch.prefix}{name}": term for name, term in terms.items()}
        return {**logged, "total": torch.stack(totals).sum()}

    def _generate(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 14 and 16."""
        networks, difference = self.networks, batch["target"] - batch["labels"]
        found: dict[str, dict[str, Tensor]] = {}
        made: dict[str, Tensor] = {}
        for branch in self._branches:
            real = self._real(branch, batch["image"])
            made[branch.prefix] = self._make(branch, real, difference, networks)
            kept = self._make(branch, real, torch.zeros_like(difference), networks)
            realism, labels = networks[branch.critic](made[branch.prefix])
            found[branch.prefix] = {
                "adversarial": wasserstein_generator_loss(realism),
                "classes": classification_loss(labels, batch["target"]),
                "reconstruction": branch.compare(real, kept),
            }
        if MASKS in self._branches:
            parsed, translated = self._appearance.parse(made[RGB.prefix]), made[MASKS.prefix]
            found[RGB.prefix]["consistency"] = mask_loss(one_hot(translated), parsed)  # Eq. 11
            found[MASKS.prefix]["consistency"] = mask_loss(one_hot(parsed), translated)  # Eq. 12
        totals = [total_loss(terms, self.recipe.weights) for terms in found.values()]
        logged = {f"{prefix}{k}": v for prefix, terms in found.items() for k, v in terms.items()}
        return {**logged, "total": torch.stack(totals).sum()}

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Return what edits of people that no training sees are like.

        ``accuracy`` is the share of edits whose label a recogniser reads as asked (4.4),
        ``rebuilt_error`` the mean absolute error of Eq. 5 in levels of 255, ``agreement`` the share
        of pixels where picture and mask, translated side by side, show the same segment.
        """
        found = []
        for row in np.flatnonzero(self._portraits.validation)[:EXAMINED]:
            image, asked, made, masks = self._edits(row, networks)
            kept = self._make(RGB, image, torch.zeros_like(asked[:1]), networks)
            one = {
                "accuracy": (self._read(made).diagonal() == asked.diagonal()).float().mean(),
                "rebuilt_error": 127.5 * F.l1_loss(image, kept),
            }
            if masks is not None:
                same = masks.argmax(1) == self._appearance.parse(made).argmax(1)
                one["agreement"] = same.float().mean()
            found.append({name: float(value) for name, value in one.items()})
        return {k: float(np.mean([one[k] for one in found])) for k in found[0]} if found else {}

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]]:
        """Draw people and some edits, each with the mask that was translated beside it (Fig. 5)."""
        titles = SHEET[self.recipe.labels]
        chosen = [NAMES[self.recipe.labels].index(name) for name in titles]
        rows = np.flatnonzero(self._portraits.validation)
        rows = rows if len(rows) else np.flatnonzero(~self._portraits.validation)
        drawn = []
        for row in rows[np.linspace(0, len(rows) - 1, min(SHEET_PEOPLE, len(rows))).astype(int)]:
            image, _, made, masks = self._edits(row, networks)
            cells = [_pictures_of(image), _pictures_of(made[chosen])]
            if masks is not None:
                cells += [_colours_of(self._real(MASKS, image)), _colours_of(masks[chosen])]
            drawn.append(list(np.concatenate(cells)))
        return drawn, ["input", *titles] + ["mask", *titles] * (MASKS in self._branches)

    def _edits(
        self, row: int, networks: Mapping[str, nn.Module]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Edit a portrait to every label.

        Returns:
            The portrait (1, 3, S, S), the labels asked for (K, K), and x_out and s_out of each.
        """
        portraits, device = self._portraits, self._device
        image = to_signed(portraits.pictures[row : row + 1]).to(device)
        shown = portraits.labels[row]
        asked = torch.from_numpy(LABEL_SETS[self.recipe.labels].all_edits(shown)).to(device)
        difference = asked - torch.from_numpy(shown).to(device)
        many = image.expand(len(asked), -1, -1, -1)
        masks = None
        if MASKS in self._branches:
            masks = self._make(MASKS, self._real(MASKS, many), difference, networks)
        return image, asked, self._make(RGB, many, difference, networks), masks

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """Write the RGB branch's generator in half precision: nothing else is needed (3)."""
        architecture = {"backbone": self.recipe.backbone, **self._architecture}
        return self.write(path, networks["generator"], architecture, notes["step"])

    def _read(self, pictures: Tensor) -> Tensor:
        """Return the labels that recognisers read, (N, K) of 0 and 1."""
        if self.recipe.labels == "attributes":
            return (self._appearance(pictures).attributes >= 0).float()
        read = self._expression(pictures).logits.argmax(1)
        return F.one_hot(read, len(EXPRESSIONS)).float()


def _pictures_of(images: Tensor) -> np.ndarray:
    return ((images.float().cpu() + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).numpy()


def _colours_of(masks: Tensor) -> np.ndarray:
    return (REGION_COLOURS[masks.argmax(1).cpu().numpy()] / 255).astype(np.float32)
