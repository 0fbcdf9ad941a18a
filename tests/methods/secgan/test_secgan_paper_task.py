"""Eq. 1 to 16 as they are written, the recipe's switches, and a training from end to end."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from faceedit.errors import UsageError
from faceedit.methods.catalogue import find_training
from faceedit.methods.pictures.losses import mixed
from faceedit.methods.pictures.masks import one_hot
from faceedit.methods.secgan.paper_method import RgbSeCGAN
from faceedit.methods.secgan.paper_task import PaperTask
from faceedit.methods.secgan.recipe import LossWeights, SeCGANRecipe, default_recipe
from faceedit.registry import load_checkpoint

BACKBONES = ("stargan", "attgan")


def some(task: PaperTask, count: int = 3) -> dict[str, Tensor]:
    samples = [task.samples[number] for number in range(count)]
    return {name: torch.stack([one[name] for one in samples]) for name in samples[0]}


def losses(task: PaperTask, batch: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    torch.manual_seed(5)
    return {update.name: update.loss(batch) for update in task.updates}


def still(task: PaperTask) -> PaperTask:
    """Batch normalisation would move between one look and the next."""
    for network in task.networks.values():
        network.eval()
    return task


def test_the_recipes_are_the_papers():
    star = SeCGANRecipe()
    assert star == default_recipe("secgan", {})
    assert star.weights == LossWeights(1, 10, 1, 1, 10, 0.01)
    assert (star.learning_rate, star.betas, star.batch_size) == (1e-4, (0.5, 0.999), 16)
    assert (star.steps * star.critic_turns, star.critic_turns, star.falls) == (200_000, 5, "linear")
    assert (star.size, star.width, star.blocks, star.critic_width) == (128, 64, 6, 64)
    att = default_recipe("secgan", {"backbone": "attgan"})
    assert att.weights == LossWeights(1, 10, 1 / 13, 10 / 13, 100, 0.01)
    assert (att.learning_rate, att.batch_size, att.falls) == (2e-4, 32, "exponential")
    assert att.steps * att.critic_turns == 1_100_000
    assert default_recipe("attgan", {}) == replace(att, variant="baseline")
    assert default_recipe("stargan", {}) == replace(star, variant="baseline")
    eight = default_recipe("secgan", {"backbone": "attgan", "labels": "expressions"})
    assert eight.weights.classes == 10 / 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"backbone": "stylegan"}, {"variant": "mask"}, {"labels": "hats"}, {"size": 48},
        {"width": 0}, {"critic_turns": 0}, {"falls": "never"}, {"weights": {"consistency": -1}},
        {"weights": {"cycle": 1}}, {"lambda": 1},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(ask, wrong):
    with pytest.raises(UsageError, match=r"the recipe (does not fit|has no setting)"):
        PaperTask(ask(wrong))


def test_a_recipe_checks_itself():
    for name in ("backbone", "variant", "labels"):
        with pytest.raises(ValueError, match=f"{name} is 'x', not one of"):
            replace(SeCGANRecipe(), **{name: "x"})


def chance_loss(logits: Tensor, labels: Tensor) -> float:
    total = 0.0
    for row, wanted in zip(logits.tolist(), labels.tolist(), strict=True):
        for logit, there in zip(row, wanted, strict=True):
            chance = 1 / (1 + math.exp(-logit))
            total -= there * math.log(chance) + (1 - there) * math.log(1 - chance)
    return total / len(logits)


def cross_entropy(wanted: Tensor, chances: Tensor) -> float:
    n, _, height, width = wanted.shape
    total = 0.0
    for i, y, x in np.ndindex(n, height, width):
        total -= float(wanted[i, :, y, x] @ chances[i, :, y, x].clamp(1e-6).log())
    return total / (n * height * width)


def critic_loss(task: PaperTask, critic, real: Tensor, made: Tensor) -> Tensor:
    at = mixed(real, made).requires_grad_()
    (slope,) = torch.autograd.grad(critic(at)[0].sum(), at)
    penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
    return (critic(made)[0].mean() - critic(real)[0].mean() + 10 * penalty).detach()


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_terms_of_a_step_are_the_papers_equations(ask, backbone):
    task = still(PaperTask(ask({"backbone": backbone})))
    batch, nets, weights = some(task), task.networks, task.recipe.weights
    image, shown, asked = (batch[name] for name in ("image", "labels", "target"))
    found, nothing = losses(task, batch), torch.zeros_like(shown)
    found = {k: {name: term.detach() for name, term in v.items()} for k, v in found.items()}
    with torch.no_grad():
        s_in = one_hot(task._appearance.parse(image))
        x_out, kept = (nets["generator"](image, y).tanh() for y in (asked - shown, nothing))
        s_out, s_kept = (
            nets["mask_generator"](s_in, y).softmax(1) for y in (asked - shown, nothing)
        )
        parsed = task._appearance.parse(x_out)
    critics = nets["critic"], nets["mask_critic"]
    wanted = {
        "adversarial": -critics[0](x_out)[0].detach().mean(),  # Eq. 2
        "classes": chance_loss(critics[0](x_out)[1], asked),  # Eq. 4
        "reconstruction": (image - kept).abs().mean(),  # Eq. 5, over its number of pixels
        "consistency": cross_entropy(one_hot(s_out), parsed),  # Eq. 11
        "mask_adversarial": -critics[1](s_out)[0].detach().mean(),  # Eq. 7
        "mask_classes": chance_loss(critics[1](s_out)[1], asked),  # Eq. 9
        "mask_reconstruction": cross_entropy(s_in, s_kept),  # Eq. 10
        "mask_consistency": cross_entropy(one_hot(parsed), s_out),  # Eq. 12
    }
    made = found["generators"]
    assert made.keys() == {*wanted, "total"}
    for name, value in wanted.items():
        assert float(made[name]) == pytest.approx(float(value), rel=1e-3, abs=1e-4), name
    total = sum(  # Eq. 14 and 16
        getattr(weights, name.removeprefix("mask_")) * made[name] for name in wanted
    )
    assert float(made["total"]) == pytest.approx(float(total), rel=1e-5)
    torch.manual_seed(5)
    judged = {
        "adversarial": critic_loss(task, critics[0], image, x_out),  # Eq. 1
        "mask_adversarial": critic_loss(task, critics[1], s_in, s_out),  # Eq. 6
        "judged": chance_loss(critics[0](image)[1], shown),  # Eq. 3
        "mask_judged": chance_loss(critics[1](s_in)[1], shown),  # Eq. 8
    }
    seen = found["discriminators"]
    assert seen.keys() == {*judged, "total"}
    for name, value in judged.items():
        assert float(seen[name]) == pytest.approx(float(value), rel=1e-3, abs=1e-4), name
    total = seen["adversarial"] + seen["mask_adversarial"]  # Eq. 13 and 15
    total = total + weights.judged * (seen["judged"] + seen["mask_judged"])
    assert float(seen["total"]) == pytest.approx(float(total), rel=1e-5)


@pytest.mark.parametrize(("term", "moves"), [("consistency", 0), ("mask_consistency", 1)])
def test_each_generator_takes_the_others_mask_for_a_constant(ask, term, moves):
    task = PaperTask(ask())
    losses(task, some(task))["generators"][term].backward()
    nets = task.networks
    moved = [
        any(p.grad is not None and p.grad.abs().max() > 0 for p in nets[name].parameters())
        for name in ("generator", "mask_generator")
    ]
    assert moved == [moves == 0, moves == 1]


def test_the_parser_is_frozen_and_reached_through(ask):
    task = PaperTask(ask())
    image = some(task)["image"].requires_grad_()
    parsed = task._appearance.parse(image)
    torch.testing.assert_close(parsed.sum(1), torch.ones(3, 32, 32))
    parsed[:, 1].sum().backward()
    assert image.grad is not None and image.grad.abs().max() > 0
    assert not any(p.requires_grad for p in task._appearance.parameters())


@pytest.mark.parametrize("variant", ["secgan", "concat", "baseline"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_step_of_each_update_lowers_its_loss(ask, backbone, variant):
    torch.manual_seed(0)
    task = still(PaperTask(ask({"backbone": backbone, "variant": variant})))
    batch = some(task)
    for update in task.updates:
        parameters = [p for name in update.trains for p in task.networks[name].parameters()]
        before = losses(task, batch)[update.name]["total"]
        for parameter in parameters:
            parameter.grad = None
        before.backward()
        steepness = sum(p.grad.square().sum() for p in parameters if p.grad is not None)
        torch.optim.SGD(parameters, lr=float(1e-3 / steepness)).step()
        assert losses(task, batch)[update.name]["total"] < before, update.name


@pytest.mark.parametrize(("variant", "channels"), [("concat", 15), ("baseline", 3)])
def test_variants_have_one_branch(ask, variant, channels):
    task = PaperTask(ask({"variant": variant}))
    assert set(task.networks) == {"generator", "critic"}
    first = next(task.networks["generator"].parameters())
    assert first.shape[1] == channels + 13
    found = losses(task, some(task))
    assert set(found["generators"]) == {"adversarial", "classes", "reconstruction", "total"}
    assert set(found["discriminators"]) == {"adversarial", "judged", "total"}
    with torch.no_grad():
        assert set(task.validate(task.networks)) == {"accuracy", "rebuilt_error"}
        rows, titles = task.pictures(task.networks)
    assert {len(row) for row in rows} == {len(titles)}


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_weight_of_consistency_is_its_own(ask, weight):
    torch.manual_seed(1)
    task = still(PaperTask(ask({"weights": {"consistency": weight}})))
    made = losses(task, some(task))["generators"]
    rest = [made[f"{p}{n}"] * w for p in ("", "mask_") for n, w in (
        ("adversarial", 1), ("classes", 1), ("reconstruction", 10), ("consistency", weight),
    )]  # fmt: skip
    torch.testing.assert_close(made["total"], torch.stack(rest).sum())


@pytest.mark.parametrize("backbone", BACKBONES)
def test_from_portraits_to_weights_that_edit(ask, tmp_path, backbone):
    pytest.importorskip("lightning.fabric")
    from faceedit.training.engine import EngineOptions, train

    made = []

    def build(request):
        made.append(find_training("secgan")(request))
        return made[-1]

    outcome = train(build, ask({"backbone": backbone}), EngineOptions())
    assert (outcome.finished, outcome.step) == (True, 2)
    assert all(np.isfinite(v) for v in [*outcome.losses.values(), *outcome.metrics.values()])
    assert set(outcome.metrics) == {"accuracy", "rebuilt_error", "agreement"}
    assert (tmp_path / "run" / "sheet-000002.jpg").is_file()
    checkpoint = load_checkpoint(tmp_path / "run" / "secgan-paper.safetensors", method="secgan")
    recipe = json.loads(checkpoint.metadata["recipe"])
    assert (recipe["backbone"], recipe["weights"]["consistency"]) == (backbone, 0.01)
    # One branch is kept, and not the half that judges.
    own = made[0].networks["generator"].eval()
    assert checkpoint.tensors.keys() == own.state_dict().keys()
    method = RgbSeCGAN.load(checkpoint, torch.device("cpu"))
    image, difference = torch.rand(1, 3, 32, 32) * 2 - 1, torch.eye(13)[1:2]
    with torch.no_grad():
        wanted = own(image, difference).tanh()
        torch.testing.assert_close(
            method.generator(image, difference).tanh(), wanted, atol=0.02, rtol=0
        )


@pytest.mark.parametrize("name", BACKBONES)
def test_a_baseline_is_its_backbone_alone(ask, name):
    task = find_training(name)(ask())
    assert isinstance(task, PaperTask)
    assert (task.method, task.profile) == (name, "paper")
    assert (task.recipe.backbone, task.recipe.variant) == (name, "baseline")
    for wrong in ({"variant": "secgan"}, {"backbone": BACKBONES[name == "stargan"]}):
        with pytest.raises(UsageError, match=f"{name} is a baseline; train secgan"):
            find_training(name)(ask(wrong))


def test_baselines_have_no_fast_profile(request_for):
    for name in BACKBONES:
        with pytest.raises(UsageError, match=f"{name} has no profile 'fast'; it has: paper"):
            find_training(name)(request_for("fast"))


def test_eight_expressions_are_the_other_set_of_labels(ask, labelled_portraits, tmp_path):
    eight = np.eye(8, dtype=np.float32)[[*range(8), 1]]
    replace(labelled_portraits, labels=eight).save(tmp_path / "eight")
    task = still(PaperTask(ask({"labels": "expressions"}, data=(tmp_path / "eight",))))
    made = losses(task, some(task))["generators"]
    assert torch.isfinite(made["total"])
    with torch.no_grad():
        found = task.validate(task.networks)
        rows, titles = task.pictures(task.networks)
    assert 0 <= found["accuracy"] <= 1
    assert titles[:3] == ["input", "happy", "sad"]
    assert {len(row) for row in rows} == {len(titles)}
    with pytest.raises(UsageError, match="labels are not of 9 portraits"):
        PaperTask(ask({"labels": "expressions"}))


def test_without_people_to_validate_on_it_draws_the_others(ask, labelled_portraits, tmp_path):
    replace(labelled_portraits, validation=np.zeros(9, bool)).save(tmp_path / "all")
    task = PaperTask(ask(data=(tmp_path / "all",)))
    with torch.no_grad():
        assert task.validate(task.networks) == {}
        rows, titles = task.pictures(task.networks)
    assert titles[:3] == ["input", "attr=bangs", "attr=blond_hair"]
    assert {len(row) for row in rows} == {len(titles)} == {12}
