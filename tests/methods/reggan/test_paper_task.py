import json
from collections.abc import Mapping

import made_up
import numpy as np
import pytest
import torch

from faceedit.errors import UsageError
from faceedit.methods.pictures.task import to_signed
from faceedit.methods.reggan import paper_task
from faceedit.methods.reggan.expression_layer import ExpressionLayer
from faceedit.methods.reggan.method import RgbRegGAN, load
from faceedit.methods.reggan.pairs import single_strengths
from faceedit.methods.reggan.paper_task import PaperSamples, PaperTask
from faceedit.methods.reggan.rgb_generator import RgbGenerator
from faceedit.methods.reggan.tasks import build
from faceedit.nn.attention import AttentionUnit
from faceedit.nn.perceptual import PerceptualLoss
from faceedit.registry import load_checkpoint
from faceedit.targets import EXPRESSIONS
from faceedit.training.pair_table import PairTable

CPU = torch.device("cpu")
RECIPE = {
    "size": 32,
    "batch_size": 2,
    "epochs": 6,
    "learning_rate": 5e-3,
    "discriminator_width": 4,
    "discriminator_scales": 2,
    "latent_blocks": 1,
}


@pytest.fixture
def colours(monkeypatch):
    """A perceptual loss without a network."""
    loss = PerceptualLoss(lambda image: [3 * image])
    monkeypatch.setattr(paper_task, "_perceptual", lambda recipe, request: loss)


def samples(table: PairTable, rows: list[int], recoloured: float = 0.0, seed: int = 0):
    strengths = single_strengths(table)
    return PaperSamples(table, np.array(rows), strengths, 32, seed, recoloured)


def table(**columns) -> PairTable:
    """Pairs that lead to happy, but for what is named."""
    count = len(next(iter(columns.values())))
    return made_up.taken(made_up.pair_table(), [1] * count, **columns)


def amplitudes(*asked: Mapping[str, float]) -> np.ndarray:
    return np.array([[one.get(name, 0.0) for name in EXPRESSIONS] for one in asked], np.float32)


def test_a_strength_is_one_where_one_target_is_reached():
    asked = amplitudes(
        {"happy": 1.0}, {"happy": 1.3}, {"neutral": 1.0}, {"happy": 0.7}, {"happy": 1.4},
        {"happy": 1.0, "sad": 0.5}, {"happy": 1.0, "sad": 0.04}, {},
    )  # fmt: skip
    found = single_strengths(table(amplitudes=asked))
    assert found.dtype == np.float32
    happy, neutral, none = (amplitudes(one)[0] for one in ({"happy": 1}, {"neutral": 1}, {}))
    wanted = [happy, happy, neutral, none, none, none, happy, none]
    np.testing.assert_array_equal(found, wanted)


def test_pairs_that_go_part_of_the_way_or_lead_to_photos_do_not_count():
    asked = amplitudes({"happy": 1.3}, {"happy": 1.3}, {"happy": 1.0})
    pairs = table(
        amplitudes=asked,
        share=np.array([0.5, 0.7, 1.0], np.float32),
        real_target=np.array([False, False, True]),
    )
    assert single_strengths(pairs).sum(1).tolist() == [0, 1, 0]


def test_a_sample_is_a_function_of_seed_and_number():
    few = made_up.few_pairs()
    first, again = (samples(few, [0, 1, 2], 0.5, seed=3) for _ in range(2))
    again[0]
    for number in (5, 2):
        one, two = first[number], again[number]
        assert {k: tuple(v.shape) for k, v in one.items()} == {
            "input": (3, 32, 32),
            "target": (3, 32, 32),
            "strengths": (8,),
        }
        assert all(torch.equal(one[name], two[name]) for name in one)
    other = samples(few, [0, 1, 2], 0.5, seed=4)
    assert any(not torch.equal(first[n]["input"], other[n]["input"]) for n in range(3))


@pytest.mark.parametrize(
    ("row", "name", "turned"), [(1, "happy", True), (2, "contemptuous", False)]
)
def test_pairs_are_mirrored_but_for_what_is_one_sided(row, name, turned):
    few = made_up.few_pairs()
    given, wanted = (to_signed(p[row], 32) for p in (few.pictures, few.targets))
    mirrored = []
    for number in range(16):
        sample = samples(few, [row])[number]
        assert sample["strengths"].tolist() == amplitudes({name: 1})[0].tolist()
        mirrored.append(torch.equal(sample["input"], given.flip(2)))
        flip = (lambda x: x.flip(2)) if mirrored[-1] else (lambda x: x)
        torch.testing.assert_close(sample["input"], flip(given))
        torch.testing.assert_close(sample["target"], flip(wanted))
    assert (0 < sum(mirrored) < 16) is turned
    assert turned or not any(mirrored)


def test_recoloured_pairs_wear_the_colours_of_another():
    few = made_up.few_pairs()
    plain, other = (samples(few, [0, 3], share) for share in (0.0, 1.0))
    means = {name: set() for name in ("plain", "other")}
    for number in range(10):
        for name, of in (("plain", plain), ("other", other)):
            means[name].add(tuple(of[number]["input"].mean((1, 2)).mul(20).round().tolist()))
    # Two people have two sets of colours, also when they swap them.
    assert len(means["plain"]) == 2
    assert len(means["other"]) > 2


def pixel_loss(task: PaperTask) -> float:
    """The mean difference from the targets of one batch, always the same."""
    batch = [task.samples[number] for number in range(100, 106)]
    given, wanted, strengths = (
        torch.stack([b[k] for b in batch]) for k in ("input", "target", "strengths")
    )
    with torch.no_grad():
        return (task.networks["generator"](given, strengths) - wanted).abs().mean().item()


def test_from_a_table_to_weights_that_edit(tiny, colours, request_for, train_reggan, tmp_path):
    before = []
    request = request_for("paper", RECIPE)
    outcome, task = train_reggan(request, lambda task: before.append(pixel_loss(task)))
    assert outcome.finished
    assert outcome.step == 6
    assert pixel_loss(task) < 0.8 * before[0]
    assert set(outcome.losses) == {
        "discriminator/total",
        *(f"generator/{name}" for name in ("pixel", "adversarial", "feature_matching")),
        *("generator/perceptual", "generator/total"),
    }
    assert all(np.isfinite(v) for v in outcome.losses.values())
    assert set(outcome.metrics) == {"refined_error", "layer_error"}
    assert 0 < outcome.metrics["layer_error"] < 128
    assert (tmp_path / "run" / "sheet-000006.jpg").is_file()

    checkpoint = load_checkpoint(tmp_path / "run" / "reggan-paper.safetensors", method="reggan")
    assert json.loads(checkpoint.metadata["recipe"])["size"] == 32
    method = load(checkpoint, CPU)
    assert isinstance(method, RgbRegGAN)
    assert (method.crop_size, method.targets) == (32, EXPRESSIONS)
    x, strengths = torch.rand(1, 3, 32, 32) * 2 - 1, torch.eye(8)[1:2]
    with torch.no_grad():
        wanted = task.networks["generator"].eval()(x, strengths)
        torch.testing.assert_close(method.generator(x, strengths), wanted, atol=0.02, rtol=0)


def test_natural_looks_may_be_a_term(tiny, colours, request_for):
    torch.manual_seed(0)
    plain = build(request_for("paper", RECIPE))
    torch.manual_seed(0)
    rated = build(request_for("paper", {**RECIPE, "weights": {"quality": 0.5}}))
    first, second = (
        task.updates[1].loss({k: torch.stack([v, v]) for k, v in task.samples[0].items()})
        for task in (plain, rated)
    )
    assert set(second) - set(first) == {"quality"}
    assert second["quality"] > 0
    torch.testing.assert_close(second["total"], first["total"] + 0.5 * second["quality"])


def test_only_people_to_train_on_are_trained_on(tiny, colours, request_for, monkeypatch):
    fitted = []

    def fit(table, strengths, rows, target, recipe, size):
        fitted.append((rows.tolist(), target, strengths[rows, target].sum()))
        return ExpressionLayer(size)

    monkeypatch.setattr(paper_task, "fit_expression_layer", fit)
    task = build(request_for("paper", RECIPE))
    assert isinstance(task, PaperTask)
    assert isinstance(task.samples, PaperSamples)
    assert task.samples.rows.tolist() == [0, 1, 2]
    # One step is made of two pairs, and three pairs make an epoch.
    assert (task.schedule.steps, task.schedule.sheet_every) == (6, 1)
    reached = {"neutral": 1, "happy": 1, "contemptuous": 1}
    assert fitted == [([0, 1, 2], i, reached.get(name, 0)) for i, name in enumerate(EXPRESSIONS)]
    fitted.clear()
    build(request_for("paper", RECIPE, resumed=True))
    assert not fitted


def test_without_people_to_validate_on_it_looks_at_the_others(tiny, colours, request_for, tmp_path):
    some = made_up.taken(made_up.few_pairs(), range(3))
    data = (made_up.write_table(tmp_path / "data", some),)
    task = build(request_for("paper", RECIPE, data=data))
    networks = {name: network.eval() for name, network in task.networks.items()}
    with torch.no_grad():
        assert task.validate(networks) == {}
        rows, titles = task.pictures(networks) or ([], [])
    assert titles == ["input", "expression layer", "refined", "target"]
    assert len(rows) == 3
    assert all(p.shape == (32, 32, 3) for row in rows for p in row)


@pytest.mark.parametrize(
    ("change", "units", "latent"),
    [
        ({}, 7, 1),
        ({"receptive_field": 3}, 7, 1),
        ({"attention": False}, 0, 1),
        ({"latent_blocks": 3}, 9, 3),
    ],
)
def test_ablations_change_the_architecture(tiny, colours, request_for, change, units, latent):
    task = build(request_for("paper", {**RECIPE, **change}))
    generator = task.networks["generator"]
    assert isinstance(generator, RgbGenerator)
    assert sum(isinstance(m, AttentionUnit) for m in generator.modules()) == units
    assert len(generator.refinement.latent) == latent
    again = RgbGenerator.from_architecture(generator.architecture())
    again.load_state_dict(generator.state_dict())


def test_discriminators_follow_the_recipe(tiny, colours, request_for):
    changes = {"discriminator_scales": 3, "spectral_norm": True}
    discriminator = build(request_for("paper", {**RECIPE, **changes})).networks["discriminator"]
    assert len(discriminator.get_submodule("scales")._modules) == 3
    assert any("parametrizations" in name for name, _ in discriminator.named_parameters())


def test_without_a_whole_expression_there_is_nothing_to_learn(tiny, colours, request_for, tmp_path):
    few = made_up.few_pairs()
    half = made_up.taken(few, range(6), share=np.full(6, 0.3, np.float32))
    data = (made_up.write_table(tmp_path / "half", half),)
    with pytest.raises(UsageError, match="no pair leads to one expression at about strength 1"):
        build(request_for("paper", RECIPE, data=data))


def test_it_begins_anew(tiny, colours, request_for):
    with pytest.raises(UsageError, match="--from is for the fast profile"):
        build(request_for("paper", RECIPE, start="reggan"))
