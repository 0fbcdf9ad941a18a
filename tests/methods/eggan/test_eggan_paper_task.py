import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from faceedit.errors import UsageError
from faceedit.methods.eggan import paper_task
from faceedit.methods.eggan.examine import code_moments
from faceedit.methods.eggan.paper_method import RgbEGGAN
from faceedit.methods.eggan.paper_task import PaperTask
from faceedit.registry import load_checkpoint
from faceedit.training.portraits import to_signed

RECIPE = {
    "size": 32,
    "latent": 8,
    "width": 4,
    "critic_width": 4,
    "batch_size": 3,
    "epochs": 2,
    "latent_batch": 8,
    "identity_steps": 2,
    "identity_batch": 8,
}
TERMS = {
    *("latent_critic/total", "prior/latent", "prior/moments", "prior/total"),
    *("image_critic/total", "expression/total", "generator/image", "generator/units"),
    *("generator/reconstruction", "generator/identity", "generator/perceptual"),
    "generator/total",
}


class Thrice(nn.Module):
    """Features without a network."""

    def forward(self, image: Tensor) -> list[Tensor]:
        return [image, image, 3 * image]


@pytest.fixture
def ask(few_portraits, request_for, tmp_path, monkeypatch):
    """Make a request on made-up portraits: ``ask(**recipe) -> TrainingRequest``."""
    monkeypatch.setattr(paper_task, "open_features", lambda vgg, tell: Thrice())
    few_portraits.save(tmp_path / "portraits")

    def make(changes=None, **request):
        recipe = {**RECIPE, **(changes or {})}
        return request_for("paper", recipe, data=(tmp_path / "portraits",), **request)

    return make


def some(task: PaperTask) -> dict[str, Tensor]:
    samples = [task.samples[number] for number in range(6)]
    return {name: torch.stack([one[name] for one in samples]) for name in samples[0]}


def test_a_step_of_each_update_lowers_its_loss(ask):
    task = PaperTask(ask())
    batch = some(task)

    def loss(update) -> Tensor:
        torch.manual_seed(0)
        return update.loss(batch)["total"]

    for update in task.updates:
        parameters = [p for name in update.trains for p in task.networks[name].parameters()]
        optimiser = torch.optim.SGD(parameters, lr=1e-4)
        before = loss(update)
        optimiser.zero_grad()
        before.backward()
        optimiser.step()
        assert loss(update) < before, update.name


def test_from_portraits_to_weights_that_edit(ask, tmp_path):
    pytest.importorskip("lightning.fabric")
    from faceedit.training.engine import EngineOptions, train

    made = []

    def build(request):
        made.append(PaperTask(request))
        return made[-1]

    outcome = train(build, ask(), EngineOptions())
    # Nine training photos are three steps an epoch.
    assert (outcome.finished, outcome.step) == (True, 6)
    assert set(outcome.losses) == TERMS
    assert all(np.isfinite(v) for v in [*outcome.losses.values(), *outcome.metrics.values()])
    assert {"means_within", "deviations_within", "dead", "reconstruction_error"} < set(
        outcome.metrics
    )
    assert (tmp_path / "run" / "sheet-000006.jpg").is_file()
    path = tmp_path / "run" / "eggan-paper.safetensors"
    checkpoint = load_checkpoint(path, method="eggan", profile="paper")
    assert json.loads(checkpoint.metadata["recipe"])["weights"]["units"] == 100
    method = RgbEGGAN.load(checkpoint, torch.device("cpu"))
    assert (method.crop_size, len(method.targets)) == (32, 17)
    task, image = made[0], torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        wanted = task.networks["expression"].eval()(image)
        found = method.networks.expression(image)
        torch.testing.assert_close(found, wanted, atol=0.02, rtol=0.02)


def test_classifiers_judge_made_pictures_as_they_are(ask):
    """Statistics of batches of made pictures neither help nor stay."""
    task = PaperTask(ask())
    generate, batch = task.updates[-1].loss, some(task)
    for network in task.networks.values():
        network.train()
    judges = [task.networks[name] for name in ("expression", "identity")]
    before = [{k: v.clone() for k, v in one.state_dict().items()} for one in judges]
    generate(batch)
    assert all(
        torch.equal(v, old[k])
        for one, old in zip(judges, before, strict=True)
        for k, v in one.state_dict().items()
    )


def test_people_are_learned_beforehand_from_training_photos(ask, few_portraits):
    told: list[str] = []
    task = PaperTask(ask({"identity_steps": 100, "identity_batch": 16}, tell=told.append))
    assert told[0].startswith("identities, step 100: ")
    seen = few_portraits.people[~few_portraits.validation]
    with torch.no_grad():
        pictures = to_signed(few_portraits.pictures[~few_portraits.validation])
        logits = task.networks["identity"].eval()(pictures)
    assert logits.shape == (9, 8)
    assert (logits.argmax(1).numpy() == seen).mean() > 0.8
    told.clear()
    PaperTask(ask(resumed=True, tell=told.append))
    assert not told


@pytest.mark.parametrize(
    ("switch", "missing"), [("perceptual", "perceptual"), ("identity", "identity"), ("ms_ssim", "")]
)
def test_ablations_leave_a_term_out(ask, switch, missing):
    torch.manual_seed(0)
    whole = PaperTask(ask({"identity_steps": 0}))
    torch.manual_seed(0)
    task = PaperTask(ask({"identity_steps": 0, switch: False}))
    full, terms = (one.updates[-1].loss(some(one)) for one in (whole, task))
    assert set(full) - set(terms) == ({missing} if missing else set())
    if switch == "ms_ssim":
        assert terms["reconstruction"] < full["reconstruction"]


def test_moments_of_codes_are_told():
    torch.manual_seed(0)
    codes = torch.randn(4000, 4) * torch.tensor([1.0, 1.0, 1.0, 0.01]) + torch.tensor([0, 1, 0, 0])
    told = code_moments(codes)
    assert told["means_within"] == 0.75
    assert told["deviations_within"] == 0.75
    assert told["dead"] == 1
    assert told["largest_mean"] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("settings", [{"size": 48}, {"latent_batch": 1}, {"weights": {"gp": 1}}])
def test_settings_out_of_range_are_refused(ask, settings):
    with pytest.raises(UsageError, match=r"the recipe (does not fit|has no setting)"):
        PaperTask(ask(settings))


def test_the_paper_profile_begins_anew(ask):
    with pytest.raises(UsageError, match="--from is for the fast profile"):
        PaperTask(ask(start="eggan"))
