"""Training the hourglass of light on what the studio knows of its pictures."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.compose.compose import compose
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.lights import LIGHTS
from faceedit.methods.fields.sources import open_start
from faceedit.methods.legan.light_network import (
    HEIGHT_UNIT,
    LightConfig,
    LightNetwork,
    Surface,
)
from faceedit.methods.legan.light_samples import LightSamples
from faceedit.methods.legan.method import LEGAN
from faceedit.methods.legan.relight import relight
from faceedit.ranges import Ranged, ranged
from faceedit.registry import write_checkpoint
from faceedit.studio.reliefs import ReliefTable, refine_mattes
from faceedit.tones import to_bytes
from faceedit.training.recipe_file import override
from faceedit.training.task import Batch, OptimiserOptions, Schedule, Task, TrainingRequest, Update
from faceedit.training.together import begin_together

GUESSED = 0.15
"""Weight of the surface of hair and clothes, which the studio only guesses, beside skin's."""
SHEET_PEOPLE, SHEET_LIGHTS = 8, ("left", "right_shadow", "top", "bottom")
JUDGED = 96
"""Pictures of validation people that are looked at."""


@dataclass(frozen=True)
class LightWeights(Ranged):
    """Weights of the terms of the loss."""

    normals: float = ranged(0.0, 1e6, default=1.0)  # 1 less the cosine, on the person
    height: float = ranged(0.0, 1e6, default=0.3)  # absolute, in `HEIGHT_UNIT`
    skin: float = ranged(0.0, 1e6, default=0.2)  # cross entropy
    matte: float = ranged(0.0, 1e6, default=1.0)  # absolute, and cross entropy a fifth of it
    shading: float = ranged(0.0, 1e6, default=3.0)  # absolute, log ratio of display values


@dataclass(frozen=True)
class LightRecipe(Ranged):
    """How the hourglass of light learns."""

    steps: int = ranged(1, 10_000_000, default=6000)  # updates
    batch_size: int = ranged(1, 4096, default=8)  # samples a step
    learning_rate: float = ranged(1e-9, 1.0, default=1.5e-3)  # of Adam; it falls by a cosine
    warm_up: int = ranged(0, 10_000_000, default=100)  # steps over which the rate rises
    average_decay: float = ranged(0.0, 0.999999, default=0.998)  # of the averaged weights
    validate_every: int = ranged(0, 10_000_000, default=1000)  # steps
    own_mattes: bool = False  # believe what `start` says of mattes, not the studio's guesses
    weights: LightWeights = field(default_factory=LightWeights)
    network: LightConfig = field(default_factory=LightConfig)


class LightTask(Task):
    """See `training.task.Task`.

    Args:
        request: its data are folders of ``faceedit studio reliefs``.

    Raises:
        UsageError: there are no such tables.
    """

    method, profile = "legan", "fast"
    averaged = ("light",)

    def __init__(self, request: TrainingRequest):
        recipe = override(LightRecipe(), request.overrides)
        if request.batch_size:
            recipe = replace(recipe, batch_size=request.batch_size)
        self.recipe = recipe
        self.schedule = Schedule(
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            warm_up=recipe.warm_up,
            rate="cosine",
            average_decay=recipe.average_decay,
            validate_every=recipe.validate_every,
        )
        network = LightNetwork(recipe.network)
        if request.start is not None and not request.resumed:
            network.load_state_dict(dict(open_start(request.start, self.method).tensors))
        self.networks = {"light": network}
        options = OptimiserOptions(rate=recipe.learning_rate, largest_gradient=2.0)
        self.updates = (Update("light", ("light",), self._loss, options),)
        table, trust = read_reliefs(request), None
        if recipe.own_mattes:
            table, trust = _with_own_mattes(table, network, request)
        learned = np.flatnonzero(~table.validation)
        self.samples = LightSamples(table, learned, request.seed, trust=trust)
        self.unseen = LightSamples(table, np.flatnonzero(table.validation), 0, augment=False)

    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        found = self.networks["light"](batch["picture"], batch["maps"])
        terms = surface_losses(Surface(*found), batch)
        weights = self.recipe.weights
        total = sum(getattr(weights, name) * value for name, value in terms.items())
        return {**terms, "total": torch.as_tensor(total)}

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Return errors on people that no training saw.

        ``even`` is that of no shading at all, ``exact_matte`` that of people before an even wall,
        whose mattes are exact, set before other photos.
        """
        network, device = networks["light"], next(networks["light"].parameters()).device
        rows, rng = self.unseen.rows, np.random.default_rng(0)

        def errors(rows: np.ndarray, elsewhere: bool) -> np.ndarray:
            found: list[list[float]] = []
            for row in rows[np.linspace(0, len(rows) - 1, min(JUDGED, len(rows))).astype(int)]:
                drawn = self.unseen.draw(int(row), rng, elsewhere)
                sample = {k: v[None].to(device) for k, v in drawn.items()}
                found.append(_errors(Surface(*network(sample["picture"], sample["maps"])), sample))
            return np.mean(found, 0)

        names = ("matte_error", "normals_degrees", "height_cm", "shading_error", "even_error")
        if not len(rows):
            return {}
        said: dict[str, float] = dict(zip(names, errors(rows, False).tolist(), strict=True))
        exact = rows[self.unseen.table.plain[rows]]
        if len(exact):
            said["exact_matte_error"] = float(errors(exact, True)[0])
        return said

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]] | None:
        """Draw people that no training saw, what is said of them, and the same in other lights."""
        method = LEGAN(unwrapped(networks))
        rows = self.unseen.rows
        if not len(rows):
            return None
        chosen = rows[np.linspace(0, len(rows) - 1, min(SHEET_PEOPLE, len(rows))).astype(int)]
        drawn = [sheet_row(method, self.unseen.table, int(row)) for row in chosen]
        return drawn, ["input", "matte", "normals", "shading", *SHEET_LIGHTS]

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """Write the network in half precision."""
        network = unwrapped(networks)
        tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
        write_checkpoint(
            path,
            {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()},
            method=self.method,
            profile=self.profile,
            architecture=network.architecture(),
            metadata={"recipe": json.dumps(asdict(self.recipe)), "step": str(notes["step"])},
        )
        return path


def _with_own_mattes(
    table: ReliefTable, network: LightNetwork, request: TrainingRequest
) -> tuple[ReliefTable, np.ndarray]:
    """Return the table with mattes of what the network says, refined, and how far they are trusted.

    A file keeps both.

    Raises:
        UsageError: the network has not been trained.
    """
    file = request.folder / "mattes.npy"
    if not file.exists():
        if request.start is None or request.resumed:
            raise UsageError("own_mattes needs weights to start with: --from legan")
        method = LEGAN(deepcopy(network))

        def rough(crop: Crop) -> np.ndarray:
            return method.look([crop]).matte[0, 0].sigmoid().float().cpu().numpy()

        def tell(done: int, of: int) -> None:
            request.tell(f"mattes of {done} of {of} photos")

        begin_together(request.rank, lambda: np.save(file, refine_mattes(table, rough, tell)))
    matte, trust = np.load(file)
    return replace(table, matte=matte), trust


def unwrapped(networks: Mapping[str, nn.Module]) -> LightNetwork:
    """Return the one network."""
    network = networks["light"]
    assert isinstance(network, LightNetwork)
    return network


def sheet_row(method: LEGAN, table: ReliefTable, row: int) -> list[np.ndarray]:
    """Return a picture, what is said of it, and it in the lights of a sheet, uint8 each."""
    picture = np.ascontiguousarray(table.pictures[row])
    crop = Crop(picture.astype(np.float32) / 255, table.landmarks[row], np.eye(2, 3))
    surface = Surface(*(part[0].float().cpu() for part in method.look([crop])))
    planes = (surface.matte.sigmoid(), (surface.normals + 1) / 2, 0.5 + surface.shading / 2)
    seen = [to_bytes(plane.expand(3, -1, -1).permute(1, 2, 0).numpy()) for plane in planes]
    mask = np.ones((crop.size, crop.size), np.float32)
    mask[[0, -1]] = mask[:, [0, -1]] = 0
    lit = [
        compose(picture, relight(crop, surface, LIGHTS[name], 1.0), crop.affine, mask)
        for name in SHEET_LIGHTS
    ]
    return [picture, *seen, *lit]


def surface_losses(found: Surface, batch: Batch) -> dict[str, Tensor]:
    """Return the unweighted terms of `LightWeights`, scalars.

    Args:
        found: (N, ., 256, 256), by the network.
        batch: of `LightSamples`.
    """
    valid, skin = batch["valid"], batch["skin"]
    person = F.avg_pool2d(batch["matte"], 2)
    known = valid * (skin + GUESSED * (1 - skin) * person)
    normals, height, shading = (
        F.avg_pool2d(part, 2) for part in (found.normals, found.height, found.shading)
    )
    large = F.interpolate(valid, scale_factor=2.0)
    off = (found.matte.sigmoid() - batch["matte"]).abs()
    entropy = F.binary_cross_entropy_with_logits(found.matte, batch["matte"], reduction="none")
    seen = F.avg_pool2d(found.skin, 2)
    skins = F.binary_cross_entropy_with_logits(seen, skin, reduction="none")
    return {
        "normals": _mean(1 - (normals * batch["normals"]).sum(1, keepdim=True), known),
        "height": _mean((height - batch["height"]).abs(), known),
        "skin": _mean(skins, valid),
        "matte": _mean(off + 0.2 * entropy, large * batch["trust"]),
        "shading": _mean((shading - batch["shading"]).abs().mean(1, keepdim=True), valid * person),
    }


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1)


def _errors(found: Surface, sample: Batch) -> list[float]:
    skin = sample["skin"] * sample["valid"]
    normals = F.normalize(F.avg_pool2d(found.normals, 2), dim=1)
    angle = (normals * sample["normals"]).sum(1, keepdim=True).clamp(-1, 1).acos().rad2deg()
    height = (F.avg_pool2d(found.height, 2) - sample["height"]).abs() * HEIGHT_UNIT
    off = (F.avg_pool2d(found.shading, 2) - sample["shading"]).abs().mean(1, keepdim=True)
    even = sample["shading"].abs().mean(1, keepdim=True)
    matte = (found.matte.sigmoid() - sample["matte"]).abs()
    large = F.interpolate(sample["valid"], scale_factor=2.0)
    pairs = ((matte, large), (angle, skin), (height, skin), (off, skin), (even, skin))
    return [float(_mean(*pair)) for pair in pairs]


def read_reliefs(request: TrainingRequest) -> ReliefTable:
    """Read all tables of the data's folders.

    Raises:
        UsageError: there are none, or one is damaged.
    """
    files = [
        file
        for path in request.data
        for file in ([path] if path.is_file() else sorted(path.glob("*.npz")))
        if ReliefTable.is_one(file)
    ]
    if not files:
        raise UsageError(
            f"no {ReliefTable.kind} among {', '.join(map(str, request.data))}; make some with: "
            "faceedit studio reliefs"
        )
    tables = [ReliefTable.load(file) for file in files]
    return ReliefTable(
        **{
            f.name: np.concatenate([getattr(t, f.name) for t in tables])
            for f in fields(ReliefTable)
        }
    )
