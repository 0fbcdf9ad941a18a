"""Training LSSL's ``paper`` profile: pictures and side images against D, held by P (Eq. 1 to 7)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.methods.lssl.losses import bidirectional_loss, parsing_loss
from faceedit.methods.lssl.networks import Generator
from faceedit.methods.lssl.pairs import signed
from faceedit.methods.lssl.parser import PartParser, parts_of, train_parser
from faceedit.methods.lssl.recipe import LSSLRecipe
from faceedit.methods.lssl.samples import PairSamples, ShownLabels, dimmed
from faceedit.methods.lssl.vector import LIGHTS, WIDTH, asked_vector, with_group
from faceedit.methods.pictures.backbones import Shape, StarDiscriminator
from faceedit.methods.pictures.losses import (
    classification_loss,
    mixed,
    total_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from faceedit.methods.pictures.task import PictureTask
from faceedit.nn.loading import build_network
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.registry import load_checkpoint, open_registry
from faceedit.targets import EXPRESSIONS, parse_target
from faceedit.training.portraits import find_portraits
from faceedit.training.task import Batch, OptimiserOptions, Schedule, TrainingRequest, Update
from faceedit.training.together import begin_together

SHEET_PEOPLE = 6
SHEET = ("happy", "surprised", "sad", "light=weak", "light=dark", "turn=to=0", "turn=to=30")
EXAMINED = 16
"""People that a validation looks at."""
PARSER = "parser.safetensors"
"""Of a run: P."""


class PaperTask(PictureTask[LSSLRecipe]):
    """See `training.task.Task`.

    Args:
        request: its data are as `portraits.find_portraits` takes them.
    """

    method = "lssl"

    def __init__(self, request: TrainingRequest):
        super().__init__(LSSLRecipe(), request)
        recipe = self.recipe
        self._portraits = find_portraits(request, recipe.size, ShownLabels(), landmarks=True)
        rows = np.flatnonzero(~self._portraits.validation)
        epoch = max(1, len(rows) // (recipe.batch_size * recipe.critic_turns))
        self.schedule = Schedule(
            steps=recipe.epochs * epoch,
            batch_size=recipe.batch_size,
            rate="linear",
            falls_from=min(1.0, recipe.constant_epochs / recipe.epochs),
            validate_every=epoch,
            sheet_every=epoch,
        )
        self.samples = self._pairs = PairSamples(self._portraits, rows, recipe, request.seed)
        generator = Generator(recipe.size, recipe.width, recipe.blocks, recipe.side_channels)
        shape = Shape(WIDTH, recipe.critic_channels, recipe.size, recipe.critic_width)
        self.networks = {"generator": generator, "discriminator": StarDiscriminator(shape)}
        self._architecture = {**generator.architecture, "goal": recipe.goal}
        self._device, own = request.device, open_registry().checkpoint
        self._expression = ExpressionRecogniser.load(own("expression"), request.device)
        self._parser = self._find_parser(request, rows) if recipe.parsing else None
        optimiser = OptimiserOptions(rate=recipe.learning_rate, betas=recipe.betas)
        self.updates = (
            Update(
                "discriminator", ("discriminator",), self._judge, optimiser, recipe.critic_turns
            ),
            Update("generator", ("generator",), self._generate, optimiser),
        )

    def _find_parser(self, request: TrainingRequest, rows: np.ndarray) -> PartParser:
        """Return P of the run's folder; it is trained where there is none yet."""
        path, recipe = request.folder / PARSER, self.recipe

        def make() -> None:
            if path.is_file():
                return
            request.tell(f"training the parser: {recipe.parser_steps} steps")
            appearance = AppearanceRecogniser.load(
                open_registry().checkpoint("appearance"), request.device
            )
            rng = np.random.default_rng(request.seed)
            pictures = self._portraits.pictures

            def stacked(many: list[np.ndarray]) -> Tensor:
                return torch.stack([signed(one) for one in many]).to(request.device)

            def batches(count: int) -> Iterator[tuple[Tensor, Tensor]]:
                for _ in range(count):
                    some = [np.array(pictures[r]) for r in rng.choice(rows, recipe.batch_size)]
                    lights = [LIGHTS[n] for n in rng.integers(len(LIGHTS), size=len(some))]
                    seen = [dimmed(one, light) for one, light in zip(some, lights, strict=True)]
                    yield stacked(seen), stacked(some)

            parser = train_parser(
                batches(recipe.parser_steps),
                lambda photos: parts_of(appearance.parse(photos)),
                PartParser(recipe.parser_width).to(request.device),
                recipe.parser_steps,
            )
            self.write(path, parser, {"width": recipe.parser_width}, recipe.parser_steps)

        begin_together(request.rank, make)
        made = load_checkpoint(path, method=self.method)
        parser = build_network(lambda: PartParser(recipe.parser_width), made.tensors)
        return parser.eval().requires_grad_(False).to(request.device)

    def _judged(self, pair: Tensor) -> Tensor:
        """Return what of a made pair D is shown."""
        return pair[:, : self.recipe.critic_channels]

    def _judge(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 7 for D: Eq. 1 and 2."""
        weights, critic, real = self.recipe.weights, self.networks["discriminator"], batch["real"]
        with torch.no_grad():
            pair = self.networks["generator"](batch["pair"], batch["target"]).float()
        made = self._judged(pair)
        terms = {
            "adversarial": wasserstein_critic_loss(
                lambda x: critic(x)[0], real, made, weights.penalty, at=mixed(real, made)
            ),
            "classes": classification_loss(critic(real)[1], batch["shown"]),
        }
        return {**terms, "total": total_loss(terms, weights)}

    def _generate(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 7 for G: Eq. 1 and 3 to 6."""
        recipe, pair, generator = self.recipe, batch["pair"], self.networks["generator"]
        latent, made = generator(pair, batch["target"], True)
        made = made.float()
        source, found = self.networks["discriminator"](self._judged(made))
        terms = {
            "adversarial": wasserstein_generator_loss(source),
            "classes": classification_loss(found, batch["target"]),
            "identity": F.l1_loss(made[:, :3], pair[:, :3]),  # Eq. 4, as the mean over pixels
        }
        if self._parser is not None:
            terms["parsing"] = parsing_loss(self._parser, pair[:, :3], made[:, :3])
        if recipe.bidirectional:
            made_latent, again = generator(made, batch["labels"], True)
            terms["bidirectional"] = bidirectional_loss(pair, again, latent, made_latent)
        return {**terms, "total": total_loss(terms, recipe.weights)}

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Return what edits of people that no training sees are like.

        ``accuracy`` is the share of edits to each expression that a recogniser reads so; ``apart``
        the mean absolute difference between a person's edits to two expressions, in levels of 255,
        which is 0 where G has collapsed to one; ``rebuilt_error`` that of Eq. 6, of photos.
        """
        generator, found = networks["generator"], []
        count = len(EXPRESSIONS)
        for row in np.flatnonzero(self._portraits.validation)[:EXAMINED]:
            pair, shown = self._open(row)
            wanted = torch.stack([
                torch.from_numpy(with_group(shown, 0, value)) for value in range(count)
            ]).to(self._device)  # fmt: skip
            made = generator(pair.expand(count, -1, -1, -1), wanted).float()
            own = torch.from_numpy(shown)[None].to(self._device).expand(count, -1)
            again = generator(made, own).float()
            pictures = made[:, :3]
            read = self._expression(pictures).logits.argmax(1)
            found.append([
                (read == torch.arange(count, device=read.device)).float().mean(),
                127.5 * (pictures[1:] - pictures[:-1]).abs().mean(),
                127.5 * F.l1_loss(again[:, :3], pair[:, :3].expand(count, -1, -1, -1)),
            ])  # fmt: skip
        names = ("accuracy", "apart", "rebuilt_error")
        values = torch.tensor(found).mean(0).tolist() if found else []
        return dict(zip(names, values, strict=False))

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]]:
        """Draw people, what G is shown beside them, and edits; the last one's side image, too."""
        generator, drawn = networks["generator"], []
        frontal = self.recipe.goal == "frontal"
        titles = [text for text in SHEET if not (frontal and text.startswith("turn"))]
        rows = np.flatnonzero(self._portraits.validation)
        rows = rows if len(rows) else np.flatnonzero(~self._portraits.validation)
        for row in rows[np.linspace(0, len(rows) - 1, min(SHEET_PEOPLE, len(rows))).astype(int)]:
            pair, shown = self._open(row)
            asked = [asked_vector(parse_target(text), shown, 0.0) for text in titles]
            wanted = torch.from_numpy(np.stack(asked)).to(self._device)
            made = generator(pair.expand(len(asked), -1, -1, -1), wanted).float()
            cells = [
                pair[:, :3],
                *([pair[:, 3:]] if self.recipe.side else []),
                *made[:, :3].split(1),
            ]
            cells += [made[-1:, 3:]] if self.recipe.side else []
            shades = [(cell.expand(-1, 3, -1, -1)[0].cpu() + 1) / 2 for cell in cells]
            drawn.append([one.clamp(0, 1).permute(1, 2, 0).numpy() for one in shades])
        beside = ["side"] * self.recipe.side
        return drawn, ["input", *beside, *titles, *beside]

    def _open(self, row: int) -> tuple[Tensor, np.ndarray]:
        """Return a portrait's pair (1, 3 + side, S, S) on the device, and y' (15,)."""
        sample = self._pairs.open(int(row))
        return sample["pair"][None].to(self._device), sample["labels"].numpy()

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """Write G in half precision."""
        return self.write(path, networks["generator"], self._architecture, notes["step"])
