"""A tiny adversarial training, and a command that runs it."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from faceedit.methods.descriptor import Descriptor
from faceedit.training.recipe_file import override
from faceedit.training.task import OptimiserOptions, Schedule, Task, TrainingRequest, Update

SIDE = 8


@dataclass(frozen=True)
class ToyRecipe:
    steps: int = 6
    batch_size: int = 4
    accumulate: int = 1
    critic_turns: int = 1
    rate: float = 0.01
    dropout: float = 0.5
    betas: tuple[float, float] = (0.5, 0.9)
    log_every: int = 1
    validate_every: int = 0
    sheet_every: int = 0
    break_at: int = -1


class Noise:
    """Pictures that depend on seed and number alone."""

    def __init__(self, seed: int):
        self.seed = seed

    def __getitem__(self, number: int):
        rng = np.random.default_rng([self.seed, number])
        photo = torch.from_numpy(rng.random((3, SIDE, SIDE), np.float32))
        return {"photo": photo, "number": torch.tensor(number)}


class ToyTask(Task):
    method, profile = "toy", "fast"
    averaged = ("generator",)

    def __init__(self, request: TrainingRequest):
        recipe = self.recipe = override(ToyRecipe(), request.overrides)
        self.schedule = Schedule(
            steps=recipe.steps,
            batch_size=request.batch_size or recipe.batch_size,
            accumulate=recipe.accumulate,
            warm_up=2,
            rate="cosine",
            log_every=recipe.log_every,
            validate_every=recipe.validate_every,
            sheet_every=recipe.sheet_every,
        )
        self.networks = {
            "generator": nn.Sequential(
                nn.Conv2d(3, 6, 3, padding=1),
                nn.GroupNorm(2, 6),
                nn.Dropout(recipe.dropout),
                nn.Conv2d(6, 3, 3, padding=1),
            ),
            "critic": nn.Sequential(nn.Conv2d(3, 6, 3), nn.LeakyReLU(0.2), nn.Conv2d(6, 1, 3)),
        }
        optimiser = OptimiserOptions(rate=recipe.rate, betas=recipe.betas, largest_gradient=0.5)
        self.updates = (
            Update("critic", ("critic",), self.judge, optimiser, recipe.critic_turns),
            Update("generator", ("generator",), self.please, optimiser),
        )
        self.samples = Noise(request.seed)
        self.seen: list[tuple[str, int, list[int]]] = []

    def judge(self, batch):
        self._note("critic", batch)
        with torch.no_grad():
            fake = self.networks["generator"](batch["photo"])
        photo = batch["photo"].clone().requires_grad_()
        real = self.networks["critic"](photo)
        (slope,) = torch.autograd.grad(real.float().sum(), photo, create_graph=True)
        penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
        adversarial = self.networks["critic"](fake).mean() - real.mean()
        return {
            "adversarial": adversarial,
            "gradient_penalty": penalty,
            "total": adversarial + 10 * penalty,
        }

    def please(self, batch):
        self._note("generator", batch)
        fake = self.networks["generator"](batch["photo"])
        pixel = (fake - batch["photo"].flip(3)).abs().mean()
        total = 10 * pixel - self.networks["critic"](fake).mean()
        if self.step == self.recipe.break_at:
            total = total * torch.nan
        return {"pixel": pixel, "total": total}

    def _note(self, name, batch):
        self.seen.append((name, self.step, batch["number"].tolist()))

    def validate(self, networks):
        return {"error": networks["generator"](torch.ones(1, 3, SIDE, SIDE)).abs().mean().item()}

    def pictures(self, networks):
        photo = torch.rand(1, 3, SIDE, SIDE)
        pair = [photo, networks["generator"](photo)]
        return [[p[0].permute(1, 2, 0).numpy() for p in pair]], ["in", "out"]

    def export(self, path, networks, notes):
        assert notes["recipe"]["rate"] == asdict(self.recipe)["rate"]
        save_file(networks["generator"].state_dict(), path, {"step": str(notes["step"])})
        return Path(path)


DESCRIPTOR = Descriptor("toy", "none", "fast", (), 8, "face", 1, "toy_gan", "toy_gan")


def build(request: TrainingRequest) -> ToyTask:
    return ToyTask(request)


if __name__ == "__main__":
    from faceedit.cli import main
    from faceedit.methods.catalogue import METHODS

    METHODS["toy"] = DESCRIPTOR
    main()
