from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_faces import toy_table

from faceedit.recognisers.naturalness import NaturalnessRecogniser
from faceedit.training.recognisers.corruptions import CORRUPTIONS, UNTOUCHED, WORST
from faceedit.training.recognisers.examine_naturalness import (
    SEVERITIES,
    Series,
    examine_order,
    examine_ratings,
    mean_of,
    one_each,
    order,
    score_series,
)
from faceedit.training.recognisers.faces import SIZE
from faceedit.training.recognisers.naturalness import NaturalnessTrainer, calibrate, rating_loss
from faceedit.training.recognisers.naturalness_samples import (
    NaturalnessRecipe,
    ProxyDrawer,
    RatedDrawer,
)
from faceedit.training.recognisers.rating_losses import hinge_loss, margin_loss
from faceedit.training.recognisers.ratings import RatedFaces

RECIPE = NaturalnessRecipe(steps=10, batch_size=12)


def rated(n: int = 24) -> RatedFaces:
    table = toy_table(n)
    return RatedFaces(
        table.pictures,
        np.where(table.expression == 0, 2, 8).astype(np.float32),
        np.full(n, 0.5, np.float32),
        table.files,
    )


def test_the_margin_loss_is_equation_1():
    found, mean, deviation = (torch.tensor(x) for x in ([5.0, 8.0], [7.0, 8.0], [1.0, 0.5]))
    # (1 - 4)^2 and (0.5 - 0)^2
    assert margin_loss(found, mean, deviation).item() == pytest.approx((9 + 0.25) / 2)


def test_the_margin_loss_draws_to_the_root_of_the_deviation_from_either_side():
    found = torch.linspace(0, 10, 2001)
    mean, deviation = torch.full_like(found, 5), torch.full_like(found, 2.25)
    each = (deviation - (mean - found) ** 2) ** 2
    best = found[each < 1e-4]
    assert torch.allclose((best - 5).abs(), torch.tensor(1.5), atol=0.01)
    assert {bool(x > 5) for x in best} == {True, False}
    at_mean = torch.tensor([5.0], requires_grad=True)
    margin_loss(at_mean, mean[:1], deviation[:1]).backward()
    assert at_mean.grad is not None and at_mean.grad.item() == 0


def test_the_hinge_leaves_predictions_inside_alone():
    mean, deviation = torch.tensor([7.0, 7.0]), torch.tensor([1.0, 1.0])
    assert hinge_loss(torch.tensor([6.1, 7.9]), mean, deviation) == 0
    assert hinge_loss(torch.tensor([5.0, 7.0]), mean, deviation).item() == pytest.approx(1.5)


def test_proxy_batches_hold_photos_as_they_are_and_damaged_ones():
    torch.manual_seed(0)
    recipe = replace(RECIPE, batch_size=24)
    batch = ProxyDrawer(toy_table(), toy_table(seed=1), recipe).draw()
    assert batch["pictures"].shape == (24, 3, SIZE, SIZE)
    assert batch["pictures"].dtype == torch.float32
    assert -1 <= batch["pictures"].min() <= batch["pictures"].max() <= 1
    untouched = batch["mean"] == UNTOUCHED
    assert 0 < untouched.sum() < 16
    assert batch["mean"].min() >= WORST
    assert batch["deviation"][untouched].max() < batch["deviation"].max()


def test_training_never_sees_kinds_that_are_held_out():
    drawer = ProxyDrawer(toy_table(), toy_table(), RECIPE)
    assert {k.name for k in drawer.kinds} == {k.name for k in CORRUPTIONS if not k.held_out}


def test_what_is_drawn_follows_from_torchs_generator():
    drawer = ProxyDrawer(toy_table(), toy_table(seed=1), RECIPE)
    state = torch.get_rng_state()
    first = drawer.draw()
    torch.set_rng_state(state)
    again = drawer.draw()
    assert all(torch.equal(first[k], again[k]) for k in first)


@pytest.mark.parametrize("hinge", [False, True])
def test_ratings_are_learned(hinge):
    torch.manual_seed(0)
    recipe = replace(RECIPE, hinge=hinge, batch_size=8)
    faces = rated(12)
    drawer = RatedDrawer(faces, recipe)
    trainer = NaturalnessTrainer(NaturalnessRecogniser(4, 16, 8), recipe)
    optimiser = torch.optim.AdamW(trainer.parameters(), 2e-3)
    before = examine_ratings(trainer.folded(), faces, draws=5)
    for _ in range(40):
        optimiser.zero_grad()
        batch = drawer.draw()
        rating_loss(trainer(batch["pictures"]), batch, recipe).backward()
        optimiser.step()
    after = examine_ratings(trainer.folded(), faces, draws=5)
    assert after["error"][0] < 0.8 * before["error"][0]
    assert after["spearman"][0] > 0.7


def test_what_is_kept_of_a_training_is_the_network_without_normalisation():
    torch.manual_seed(0)
    trainer = NaturalnessTrainer(NaturalnessRecogniser(4, 16, 8), RECIPE)
    x = torch.rand(6, 3, SIZE, SIZE) * 2 - 1
    for _ in range(3):
        trainer(x)
    for norm in trainer.norms:
        assert isinstance(norm, torch.nn.BatchNorm2d)
        torch.nn.init.uniform_(norm.weight, 0.5, 2)
        torch.nn.init.normal_(norm.bias)
    torch.testing.assert_close(trainer.folded()(x), trainer.eval()(x), atol=1e-4, rtol=1e-4)
    assert set(trainer.folded().state_dict()) == set(trainer.network.state_dict())


def test_calibration_is_the_line_of_least_squares_and_keeps_the_order():
    torch.manual_seed(0)
    network = NaturalnessRecogniser(4, 16, 8).eval()
    batch = {"pictures": torch.rand(12, 3, SIZE, SIZE) * 2 - 1}
    with torch.no_grad():
        before = network(batch["pictures"])
    batch["mean"] = 3 + 2 * before
    slope, offset = calibrate(network, lambda: batch, 2)
    assert (slope, offset) == (pytest.approx(2, rel=1e-3), pytest.approx(3, abs=0.02))
    with torch.no_grad():
        torch.testing.assert_close(network(batch["pictures"]), batch["mean"], atol=1e-3, rtol=0)


def test_batches_of_rated_faces_keep_pictures_and_ratings_together():
    torch.manual_seed(0)
    faces = rated()
    drawer = RatedDrawer(faces, RECIPE)
    batch = drawer.draw()
    plain = torch.from_numpy(faces.pictures).permute(0, 3, 1, 2) / 127.5 - 1
    for picture, mean in zip(batch["pictures"], batch["mean"], strict=True):
        same = (plain == picture).all((1, 2, 3)) | (plain.flip(3) == picture).all((1, 2, 3))
        assert same.any() and (torch.from_numpy(faces.means)[same] == mean).all()


def series(slope: float, noise: float = 0.0, n: int = 30) -> Series:
    rng = np.random.default_rng(0)
    scores = 9 + slope * np.array(SEVERITIES) + noise * rng.normal(size=(n, len(SEVERITIES)))
    return Series(CORRUPTIONS[0], scores, np.array([f"p{i % 10}" for i in range(n)]))


def test_an_order_that_follows_severity_is_perfect_and_chance_is_not():
    right = order([series(-8)], draws=20)
    assert right == {k: [1.0, 1.0, 1.0] for k in ("spearman", "in its own pair", "auc")}
    wrong = order([series(3)], draws=20)
    assert (wrong["spearman"][0], wrong["in its own pair"][0], wrong["auc"][0]) == (-1, 0, 0)
    chance = order([series(0, noise=1.0, n=600)], draws=20)
    assert chance["auc"][0] == pytest.approx(0.5, abs=0.05)
    assert chance["spearman"][0] == pytest.approx(0, abs=0.08)
    low, high = chance["auc"][1:]
    assert low < chance["auc"][0] < high


def test_series_begin_with_the_photo_itself_and_are_the_same_each_time():
    torch.manual_seed(0)
    network = NaturalnessRecogniser(4, 16, 8).eval()
    table = toy_table(4)
    kinds = [CORRUPTIONS[0], CORRUPTIONS[-1]]
    found = score_series(network, table, kinds)
    assert [one.scores.shape for one in found] == [(4, len(SEVERITIES))] * 2
    np.testing.assert_allclose(found[0].scores[:, 0], found[1].scores[:, 0], atol=1e-4)
    assert np.ptp(found[0].scores, axis=1).min() > 0
    np.testing.assert_array_equal(
        score_series(network, table, kinds[1:])[0].scores.shape, found[1].scores.shape
    )
    report = examine_order(found, draws=3)
    assert set(report) == {"kinds learned", "kinds held out"}
    assert set(report["kinds held out"]) == {"all", CORRUPTIONS[-1].name}


def test_means_come_with_intervals_over_people():
    people = np.array(["a", "a", "b", "c"])
    value, low, high = mean_of(np.array([1.0, 3.0, 2.0, 4.0]), people, draws=50)
    assert (value, low >= 1, high <= 4) == (2.5, True, True)
    assert np.isnan(mean_of(np.zeros(0), people[:0])).all()


def test_only_validation_people_are_examined_and_each_once():
    table = toy_table(24)
    part = one_each(table, 5)
    assert len(part) == len(set(part.people)) == len(set(table.people[table.validation]))
    assert part.validation.all()
    assert one_each(table, 5).files.tolist() == part.files.tolist()
