import json
from dataclasses import asdict, replace

import made_up
import numpy as np
import pytest
import torch
from torch import Tensor

from faceedit.errors import UsageError
from faceedit.methods.catalogue import find_training
from faceedit.methods.legan.networks import Generator
from faceedit.methods.legan.paper_method import RgbLEGAN
from faceedit.methods.legan.paper_task import PaperTask
from faceedit.methods.legan.recipe import LEGANRecipe, LossWeights
from faceedit.methods.pictures.losses import mixed
from faceedit.methods.pictures.networks import Discriminator
from faceedit.recognisers.bundle import Recognisers
from faceedit.registry import load_checkpoint, open_registry

RECIPE = {
    "size": 32,
    "width": 4,
    "blocks": 1,
    "critic_width": 4,
    "batch_size": 2,
    "critic_turns": 2,
    "epochs": 2,
}
TERMS = ("variation", "adversarial", "classes", "reconstruction", "quality", "identity")


@pytest.fixture
def ask(lit_pairs, request_for, tmp_path):
    """Make a request on lit pairs: ``ask(recipe) -> TrainingRequest``."""
    folder = made_up.write_table(tmp_path / "pairs", lit_pairs)

    def make(changes=None, **request):
        return request_for("paper", {**RECIPE, **(changes or {})}, **{"data": (folder,), **request})

    return make


def some(task: PaperTask, count: int = 4) -> dict[str, Tensor]:
    samples = [task.samples[number] for number in range(count)]
    return {name: torch.stack([one[name] for one in samples]) for name in samples[0]}


def losses(task: PaperTask, batch: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    torch.manual_seed(5)
    return {update.name: update.loss(batch) for update in task.updates}


def test_the_recipe_is_the_papers():
    recipe = LEGANRecipe()
    assert recipe.weights == LossWeights(1, 10, 20, 10, 10, 0.5, 1e-7)
    assert (recipe.learning_rate, recipe.betas) == (1e-4, (0.5, 0.999))
    assert (recipe.critic_turns, recipe.batch_size, recipe.epochs) == (5, 10, 100)
    assert (recipe.size, recipe.width, recipe.blocks, recipe.critic_width) == (128, 64, 6, 64)
    assert (recipe.wanted_quality, recipe.upsampling) == (8, "shuffle")


@pytest.mark.parametrize(
    "wrong",
    [
        {"wanted_quality": 4.9}, {"wanted_quality": 10.1}, {"size": 96}, {"width": 0},
        {"upsampling": "nearest"}, {"recoloured": 0.6, "balanced": 0.5}, {"critic_turns": 0},
        {"weights": {"quality": -1}}, {"weights": {"gp": 1}}, {"quality": "often"},
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(ask, wrong):
    with pytest.raises(UsageError, match=r"the recipe (does not fit|has no setting)"):
        PaperTask(ask(wrong))


def test_a_recipe_checks_itself():
    for wrong in ({"wanted_quality": 4.0}, {"size": 96}, {"upsampling": "nearest"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            replace(LEGANRecipe(), **wrong)


def test_the_terms_of_a_step_are_the_papers_equations(ask):
    task = PaperTask(ask())
    batch, networks = some(task), task.networks
    image, (generator, critic) = batch["image"], networks.values()
    found = losses(task, batch)
    with torch.no_grad():
        made = generator(image, batch["asked"])
        again = generator(made, batch["shown"])
        real, fake = (critic(x)[0].mean((1, 2, 3)) for x in (image, made))
        judges = Recognisers.load(open_registry(), "cpu", ("identity", "naturalness"))
        assert judges.identity is not None and judges.naturalness is not None
        own, kept = judges.identity(image), judges.identity(made)
        rated = [judges.naturalness(x) for x in (image, made, again)]
        labels = batch["wanted"].clamp(max=1)[:, :, None, None]
        chances = critic(made)[1].sigmoid()
        told = labels * chances.log() + (1 - labels) * (1 - chances).log()
    torch.manual_seed(5)
    at = mixed(image, made).requires_grad_()
    (slope,) = torch.autograd.grad(critic(at)[0].mean((1, 2, 3)).sum(), at)
    penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
    wanted = {
        "adversarial": -fake.mean(),  # Eq. 2
        "classes": -told.sum(1).mean(),  # Eq. 3
        "identity": (1 - (own * kept).sum(1)).mean(),  # Eq. 4
        "reconstruction": (image - again).abs().mean(),  # Eq. 5
        "quality": (8 - rated[1]).abs().mean() + (rated[0] - rated[2]).abs().mean(),  # Eq. 6
    }
    for name, value in wanted.items():
        torch.testing.assert_close(found["generator"][name], value, rtol=1e-4, atol=1e-5)
    judged = fake.mean() - real.mean() + 10 * penalty
    torch.testing.assert_close(found["discriminator"]["adversarial"], judged, rtol=1e-4, atol=1e-5)
    for terms in found.values():  # Eq. 7
        weights = asdict(LossWeights())
        total = sum(weights[name] * value for name, value in terms.items() if name != "total")
        torch.testing.assert_close(terms["total"], total)


def test_d_reads_photos_as_they_are_and_pictures_as_they_are_to_be(ask):
    task = PaperTask(ask())
    batch = some(task)
    before = losses(task, batch)
    for name, changes in (("shown", "discriminator"), ("wanted", "generator")):
        after = losses(task, {**batch, name: 1 - batch[name].clamp(max=1)})
        moved = {k for k in after if not torch.equal(after[k]["classes"], before[k]["classes"])}
        assert moved == {changes}


def test_a_step_of_each_update_lowers_its_loss(ask):
    torch.manual_seed(0)
    task = PaperTask(ask())
    batch = some(task)
    for update in task.updates:
        (name,) = update.trains
        optimiser = torch.optim.SGD(task.networks[name].parameters(), lr=1e-7)
        before = losses(task, batch)[update.name]["total"]
        optimiser.zero_grad()
        before.backward()
        optimiser.step()
        assert losses(task, batch)[update.name]["total"] < before, update.name


@pytest.mark.parametrize(
    ("switch", "term", "judged"),
    [
        ("adversarial", "adversarial", True),
        ("classification", "classes", True),
        ("reconstruction", "reconstruction", False),
        ("quality", "quality", False),
        ("identity", "identity", False),
    ],
)
def test_an_ablation_leaves_its_term_out_and_no_other(ask, switch, term, judged):
    task = PaperTask(ask({switch: False}))
    found = losses(task, some(task))
    assert set(TERMS) - set(found["generator"]) == {term}
    missing = {"adversarial", "classes"} - set(found["discriminator"])
    assert missing == ({term} if judged else set())


def test_without_a_judgement_there_is_no_judge(ask):
    task = PaperTask(ask({"adversarial": False, "classification": False}))
    assert [update.name for update in task.updates] == ["generator"]
    assert set(losses(task, some(task))["generator"]) > {"reconstruction", "total"}


@pytest.mark.parametrize("wanted", [6.0, 10.0])
def test_another_q_is_wanted(ask, wanted):
    found = []
    for q in (8.0, wanted):
        torch.manual_seed(1)
        task = PaperTask(ask({"wanted_quality": q}))
        found.append(losses(task, some(task))["generator"])
    moved = {name for name in found[0] if not torch.equal(found[0][name], found[1][name])}
    assert moved == {"quality", "total"}


@pytest.mark.parametrize(
    "changes", [{"upsampling": "bilinear"}, {"upsampling": "transposed"}, {"disentangled": False}]
)
def test_networks_follow_the_recipe(ask, changes):
    task = PaperTask(ask(changes))
    generator, critic = task.networks.values()
    assert isinstance(generator, Generator) and isinstance(critic, Discriminator)
    assert generator.architecture == {
        "size": 32, "width": 4, "blocks": 1, "upsampling": "shuffle", "disentangled": True,
    } | changes  # fmt: skip
    assert critic.classes.out_channels == 28
    with torch.no_grad():
        rows, titles = task.pictures(task.networks)
    assert {len(row) for row in rows} == {len(titles)}
    assert ("M_e" in titles) == generator.disentangled


def test_from_a_table_to_weights_that_edit(ask, tmp_path):
    pytest.importorskip("lightning.fabric")
    from faceedit.training.engine import EngineOptions, train

    made = []

    def build(request):
        made.append(find_training("legan")(request))
        return made[-1]

    outcome = train(build, ask(), EngineOptions())
    # Three targets and a photo are one step of two turns an epoch.
    assert (outcome.finished, outcome.step) == (True, 2)
    assert set(outcome.losses) == {
        *(f"generator/{name}" for name in (*TERMS, "total")),
        *(f"discriminator/{name}" for name in ("adversarial", "classes", "total")),
    }
    assert all(np.isfinite(v) for v in [*outcome.losses.values(), *outcome.metrics.values()])
    assert set(outcome.metrics) == {"quality", "identity", "rebuilt_error"}
    assert (tmp_path / "run" / "sheet-000002.jpg").is_file()
    checkpoint = load_checkpoint(tmp_path / "run" / "legan-paper.safetensors", method="legan")
    assert json.loads(checkpoint.metadata["recipe"])["weights"]["classes"] == 20
    method = RgbLEGAN.load(checkpoint, torch.device("cpu"))
    image, condition = torch.rand(1, 3, 32, 32) * 2 - 1, torch.eye(28)[1:2]
    with torch.no_grad():
        wanted = made[0].networks["generator"](image, condition)
        torch.testing.assert_close(method.generator(image, condition), wanted, atol=0.02, rtol=0)


def test_d_has_its_turns_and_an_epoch_is_a_pass_of_them(ask):
    task = PaperTask(ask({"critic_turns": 1, "batch_size": 1, "epochs": 3}))
    assert [(u.name, u.repeats) for u in task.updates] == [("discriminator", 1), ("generator", 1)]
    assert (task.schedule.steps, task.schedule.sheet_every) == (12, 4)


@pytest.mark.parametrize(("light", "said"), [(-1, "no pair asks for lights"), (5, "expressions")])
def test_pairs_have_to_ask_for_both(ask, lit_pairs, tmp_path, light, said):
    table = replace(lit_pairs, light=np.full(6, light), measured=np.full(6, True))
    folder = made_up.write_table(tmp_path / "other", table)
    with pytest.raises(UsageError, match=said):
        PaperTask(ask(data=(folder,)))


def test_without_people_to_validate_on_it_looks_at_the_others(ask, lit_pairs, tmp_path):
    folder = made_up.write_table(tmp_path / "other", made_up.taken(lit_pairs, [0, 1, 2]))
    task = PaperTask(ask(data=(folder,)))
    with torch.no_grad():
        assert task.validate(task.networks) == {}
        rows, _ = task.pictures(task.networks)
    assert [len(row) for row in rows] == [6]


def test_the_paper_profile_begins_anew(ask):
    with pytest.raises(UsageError, match="--from is for the fast profile"):
        PaperTask(ask(start="legan"))
