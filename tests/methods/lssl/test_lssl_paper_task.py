import json
from dataclasses import asdict

import contract
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from faceedit.errors import UsageError
from faceedit.methods.catalogue import find_training
from faceedit.methods.lssl.networks import Generator
from faceedit.methods.lssl.paper_method import RgbLSSL
from faceedit.methods.lssl.paper_task import PaperTask
from faceedit.methods.lssl.recipe import LossWeights, LSSLRecipe
from faceedit.methods.pictures.losses import mixed
from faceedit.registry import load_checkpoint

TERMS = {"adversarial", "classes", "identity", "parsing", "bidirectional"}


def some(task: PaperTask, count: int = 4) -> dict[str, Tensor]:
    samples = [task.samples[number] for number in range(count)]
    return {name: torch.stack([one[name] for one in samples]) for name in samples[0]}


def losses(task: PaperTask, batch: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    torch.manual_seed(5)
    return {update.name: update.loss(batch) for update in task.updates}


def test_the_recipe_is_the_papers():
    recipe = LSSLRecipe()
    assert recipe.weights == LossWeights(
        adversarial=1, penalty=10, classes=1, identity=10, parsing=10, bidirectional=10
    )
    assert (recipe.learning_rate, recipe.betas) == (1e-4, (0.5, 0.999))
    assert (recipe.critic_turns, recipe.batch_size, recipe.constant_epochs) == (5, 8, 100)
    assert (recipe.size, recipe.blocks) == (128, 6)


@pytest.mark.parametrize(
    "wrong", [{"goal": "profile"}, {"size": 48}, {"size": 16}, {"weights": {"bi": 1}}, {"side": 3}]
)
def test_settings_out_of_range_are_refused(ask, wrong):
    with pytest.raises(UsageError, match=r"the recipe (does not fit|has no setting)"):
        PaperTask(ask(wrong))


def test_the_terms_of_a_step_are_the_papers_equations(ask):
    task = PaperTask(ask())
    batch = some(task)
    pair, (generator, critic) = batch["pair"], task.networks.values()
    assert isinstance(generator, Generator)
    found = losses(task, batch)
    with torch.no_grad():
        latent, made = generator(pair, batch["target"], with_latent=True)
        made_latent, again = generator(made, batch["labels"], with_latent=True)
        real, fake = (critic(x)[0] for x in (pair, made))
        told = [
            (labels * critic(x)[1].sigmoid().log()
             + (1 - labels) * (1 - critic(x)[1].sigmoid()).log()).sum(1).mean()
            for x, labels in ((pair, batch["labels"]), (made, batch["target"]))
        ]  # fmt: skip
        parser = task._find_parser(ask(), np.arange(6))
        parts = parser(pair[:, :3]).argmax(1)
        parsed = parser(made[:, :3]).log_softmax(1).gather(1, parts[:, None])
    torch.manual_seed(5)
    at = mixed(pair, made).requires_grad_()
    (slope,) = torch.autograd.grad(critic(at)[0].sum(), at)
    penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
    wanted = {
        "discriminator": {
            "adversarial": fake.mean() - real.mean() + 10 * penalty,  # Eq. 1
            "classes": -told[0],  # Eq. 2
        },
        "generator": {
            "adversarial": -fake.mean(),  # Eq. 1
            "classes": -told[1],  # Eq. 3
            "identity": (made - pair)[:, :3].abs().mean(),  # Eq. 4
            "parsing": -parsed.mean(),  # Eq. 5
            "bidirectional": (again - pair)[:, :3].abs().mean()  # Eq. 6
            + (again - pair)[:, 3:].abs().mean()
            + (latent - made_latent).abs().mean(),
        },
    }
    weights = asdict(LossWeights())
    for name, terms in wanted.items():
        assert set(found[name]) == {*terms, "total"}
        for term, value in terms.items():
            torch.testing.assert_close(found[name][term], value, rtol=1e-3, atol=1e-4)
        total = sum(weights[term] * found[name][term] for term in terms)  # Eq. 7
        torch.testing.assert_close(found[name]["total"], total)


@pytest.mark.parametrize("goal", ["attributes", "frontal"])
def test_a_step_of_each_update_lowers_its_loss(ask, goal):
    torch.manual_seed(0)
    task = PaperTask(ask({"goal": goal}))
    contract.check_steps(task, rate=1e-6)


@pytest.mark.parametrize(
    ("switch", "missing"),
    [("side", set()), ("bidirectional", {"bidirectional"}), ("parsing", {"parsing"})],
)
def test_an_ablation_leaves_its_part_out(ask, switch, missing):
    task = PaperTask(ask({switch: False}))
    batch = some(task)
    assert batch["pair"].shape[1] == (4 if switch != "side" else 3)
    assert TERMS - set(losses(task, batch)["generator"]) == missing
    with torch.no_grad():
        rows, titles = task.pictures(task.networks)
    assert {len(row) for row in rows} == {len(titles)}


def test_a_network_that_straightens_is_judged_by_single_pictures(ask):
    task = PaperTask(ask({"goal": "frontal"}))
    batch = some(task)
    assert (batch["pair"].shape[1], batch["real"].shape[1]) == (6, 3)
    # The photo is beside what was simulated of it, and is what D takes for real.
    torch.testing.assert_close(batch["pair"][:, 3:], batch["real"])
    assert (batch["target"][:, 11] == 1).all() and (batch["labels"][:, 11] == 1).all()
    assert set(losses(task, batch)["generator"]) == {*TERMS, "total"}


class OneMode(nn.Module):
    """A discriminator that takes one grey picture alone for real, whatever it is to show."""

    def forward(self, pair: Tensor) -> tuple[Tensor, Tensor]:
        return -(pair - 0.2).abs().mean((1, 2, 3)), torch.zeros(len(pair), 15)


@pytest.fixture(scope="module")
def collapse():
    """Train G against `OneMode`: how far apart its pictures of two attributes are."""

    def run(task: PaperTask) -> float:
        task.networks["discriminator"] = OneMode()
        generator = task.networks["generator"]
        optimiser = torch.optim.Adam(generator.parameters(), 3e-3, (0.5, 0.999))
        batch = some(task, 6)
        for _ in range(40):
            optimiser.zero_grad()
            task.updates[-1].loss(batch)["total"].backward()
            optimiser.step()
        with torch.no_grad():
            one, two = (generator(batch["pair"], batch[y]) for y in ("labels", "target"))
        differ = (batch["labels"] != batch["target"]).any(1)
        return float((one - two)[differ, :3].abs().mean())

    return run


def test_the_bidirectional_loss_keeps_distinct_attributes_distinct(ask, collapse):
    apart = {}
    for is_on in (True, False):
        torch.manual_seed(1)
        weights = {"identity": 0.0, "classes": 0.0}
        recipe = {"bidirectional": is_on, "parsing": False, "weights": weights}
        apart[is_on] = collapse(PaperTask(ask(recipe)))
    assert apart[True] > 5 * apart[False]


def test_from_portraits_to_weights_that_edit(ask, tmp_path):
    pytest.importorskip("lightning.fabric")
    from faceedit.training.engine import EngineOptions, train

    made = []

    def build(request):
        made.append(find_training("lssl")(request))
        return made[-1]

    outcome = train(build, ask(), EngineOptions())
    # Six portraits are one step of two turns an epoch.
    assert (outcome.finished, outcome.step) == (True, 2)
    assert all(np.isfinite(v) for v in [*outcome.losses.values(), *outcome.metrics.values()])
    assert set(outcome.metrics) == {"accuracy", "apart", "rebuilt_error"}
    assert (tmp_path / "run" / "sheet-000002.jpg").is_file()
    checkpoint = load_checkpoint(tmp_path / "run" / "lssl-paper.safetensors", method="lssl")
    assert json.loads(checkpoint.metadata["recipe"])["weights"]["bidirectional"] == 10
    method = RgbLSSL.load(checkpoint, torch.device("cpu"))
    pair, y = torch.rand(1, 4, 32, 32) * 2 - 1, torch.eye(15)[1:2]
    with torch.no_grad():
        wanted = made[0].networks["generator"](pair, y)
        torch.testing.assert_close(method.generator(pair, y), wanted, atol=0.02, rtol=0)
    # The parser is made once.
    assert not [line for line in again(ask, build) if "parser" in line]


def again(ask, build) -> list[str]:
    told: list[str] = []
    build(ask(tell=told.append))
    return told


def test_other_profiles_are_refused(request_for):
    with pytest.raises(UsageError, match="lssl has no profile 'slow'; it has: fast, paper"):
        find_training("lssl")(request_for("slow"))


def test_crops_without_landmarks_are_refused(ask, tmp_path):
    request = ask()
    (tmp_path / "crops" / "landmarks.npy").unlink()
    with pytest.raises(UsageError, match="holds no portraits"):
        PaperTask(request)
