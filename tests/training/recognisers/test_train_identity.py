"""Tests of the identity recogniser's training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_faces import toy_table

from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.fisher import discriminants
from faceedit.training.recognisers.identity import (
    Album,
    Drawer,
    IdentityRecipe,
    IdentityTrainer,
    make_album,
    make_maps,
)
from faceedit.training.recognisers.identity_examination import (
    calibrate,
    choose_alike,
    describe_maps,
    describe_table,
    guess_sex,
    verify,
)
from faceedit.training.recognisers.identity_losses import contrast, margin_softmax
from faceedit.training.recognisers.verification import Pairs, accuracy

RECIPE = IdentityRecipe(steps=10, batch_size=16, variants=(3, 3), pictures=4)


@pytest.fixture
def network() -> IdentityRecogniser:
    torch.manual_seed(0)
    return IdentityRecogniser(dimensions=16, widths=(6, 8), levels=3, grid=6)


@pytest.fixture
def tables() -> tuple[FaceTable, FaceTable]:
    return toy_table(12, people=6), toy_table(8, studio=True, seed=1, people=4)


@pytest.fixture
def album(network, tables, tmp_path: Path) -> Album:
    maps = [
        make_maps(network, table, 3, RECIPE.change, tmp_path / f"{i}.npy")
        for i, table in enumerate(tables)
    ]
    people = [tables[0].people, np.array([f"studio {name}" for name in tables[1].people])]
    return make_album(maps, people, [~t.validation for t in tables], [False, True])


def test_an_album_holds_no_validation_people(album: Album):
    assert len(album.people) == 10 + 6
    assert album.people.max() + 1 == 5 + 3
    assert not set(album.people[album.studio]) & set(album.people[~album.studio])


def test_maps_are_made_once(network, tables, tmp_path: Path):
    first = make_maps(network, tables[0], 2, RECIPE.change, tmp_path / "maps.npy")
    stamp = (tmp_path / "maps.npy").stat().st_mtime_ns
    again = make_maps(network, tables[0], 2, RECIPE.change, tmp_path / "maps.npy")
    assert (tmp_path / "maps.npy").stat().st_mtime_ns == stamp
    np.testing.assert_array_equal(first, again)


def test_maps_say_what_crops_say(network, tables, tmp_path: Path):
    network.eval()
    maps = make_maps(network, tables[0], 2, RECIPE.change, tmp_path / "maps.npy")
    rows = np.arange(5)
    by_maps, by_crops = describe_maps(network, maps, rows), describe_table(network, tables[0], rows)
    assert (by_maps * by_crops).sum(1)[:5].min() > 0.95
    assert not by_maps[5:].any()


def test_calibration_chooses_what_tells_people_apart(network, tables, tmp_path: Path):
    network.eval()
    maps = make_maps(network, tables[0], 2, RECIPE.change, tmp_path / "maps.npy")
    pairs = Pairs(np.array([0, 2, 0, 2]), np.array([6, 8, 3, 5]), np.array([1, 1, 0, 0]) > 0)
    calibrate(network, maps, pairs)
    scores = pairs.cosines(describe_maps(network, maps, pairs.pictures()))
    threshold = float(network.threshold)
    assert accuracy(scores, pairs.same, threshold) >= 0.75
    assert 0 < float(network.balance) < 1 and -1 <= threshold <= 1


def shown(album: Album, recipe: IdentityRecipe) -> tuple[torch.Tensor, torch.Tensor]:
    batch = Drawer(album, recipe).draw(0)
    return album.draw(batch["picture"].numpy(), batch["variant"].numpy()), batch["person"]


def test_batches_hold_several_pictures_of_each_person_from_both_kinds(album: Album):
    torch.manual_seed(0)
    maps, people = shown(album, replace(RECIPE, studio=0.5))
    assert maps.shape == (16, 24, 6, 6)
    assert maps.min() > 0 and maps.max() <= 1
    assert (people.view(-1, 4) == people.view(-1, 4)[:, :1]).all()
    assert people.unique().numel() == 4
    made = set(album.people[album.studio].tolist())
    assert sum(person in made for person in people[::4].tolist()) == 2


def test_the_only_picture_of_somebody_is_drawn_in_different_variants(album: Album):
    lonely = replace_people(album, np.arange(len(album.people)))
    maps, _ = shown(lonely, RECIPE)
    first, second = maps[0], maps[1]
    assert (first - second).abs().max() > 0.01


def replace_people(album: Album, people: np.ndarray) -> Album:
    return replace(album, people=people)


def test_a_few_steps_lower_the_loss_and_leave_the_linear_reading(network, album: Album):
    torch.manual_seed(0)
    trainer = IdentityTrainer(network, RECIPE, int(album.people.max()) + 1)
    before = network.places.weight.clone()
    learned = [p for p in trainer.parameters() if p.requires_grad]
    totals = []
    for _ in range(20):
        parts = trainer(*shown(album, RECIPE), 0)
        total = torch.stack(list(parts.values())).sum()
        for parameter, slope in zip(learned, torch.autograd.grad(total, learned), strict=True):
            parameter.data -= 0.1 * slope
        totals.append(total.item())
    assert np.mean(totals[-5:]) < 0.9 * np.mean(totals[:5])
    assert torch.equal(network.places.weight, before)


def test_a_margin_asks_for_more():
    vectors, centres = torch.eye(3), torch.eye(3)
    people = torch.arange(3)
    plain = margin_softmax(vectors, centres, people, 8.0, 0.0)
    assert float(plain) == pytest.approx(np.log(1 + 2 * np.exp(-8.0)), rel=1e-3)
    assert margin_softmax(vectors, centres, people, 8.0, 0.3) > plain


def test_contrast_wants_a_persons_pictures_together():
    people = torch.tensor([0, 0, 1, 1])
    together = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    assert contrast(together, people, 8.0) < 0.01
    assert contrast(together[[0, 2, 1, 3]], people, 8.0) > 4
    assert contrast(together, torch.arange(4), 8.0) == 0


def test_discriminants_find_what_differs_between_people():
    torch.manual_seed(0)
    people = torch.arange(100).repeat(6) % 100
    who = torch.randn(100, 3)[people]
    # What tells people apart is small beside what changes from picture to picture.
    features = torch.cat([who * 0.1 + torch.randn(600, 3) * 0.02, torch.randn(600, 9)], 1) + 5
    state = discriminants(features.clone(), people, 3)
    found = torch.nn.functional.linear(features, state["weight"], state["bias"])
    assert float(found.norm(dim=1).mean()) == pytest.approx(1, abs=0.05)
    found = torch.nn.functional.normalize(found, dim=1)
    cosines = found @ found.T
    same = people[:, None] == people
    assert cosines[same].mean() > 0.9
    assert cosines[~same].mean().abs() < 0.1


def test_verification_of_perfect_and_of_blind_vectors():
    people = np.array(["a", "a", "b", "b", "c", "c"])
    pairs = Pairs(
        np.array([0, 2, 4, 0, 2, 1]), np.array([1, 3, 5, 2, 4, 5]), np.array([1, 1, 1, 0, 0, 0]) > 0
    )
    perfect = np.repeat(np.eye(3, dtype=np.float32), 2, axis=0)
    found = verify(pairs, perfect, people, 0.5, draws=20)
    assert found.area.value == found.accuracy.value == found.same.value == 1
    assert found.different.value == 0
    blind = verify(pairs, np.tile(perfect[:1], (6, 1)), people, 0.5, draws=20)
    assert blind.area.value == blind.accuracy.value == 0.5


def test_pairs_of_people_who_look_alike_keep_all_pairs_of_one():
    pairs = Pairs(np.array([0, 0, 0, 2]), np.array([1, 2, 3, 3]), np.array([1, 0, 0, 0]) > 0)
    kept = choose_alike(pairs, np.array([0, 1, 0, 1]))
    assert kept.first.tolist() == [0, 0]
    assert kept.second.tolist() == [1, 2]


def test_sex_is_guessed_from_vectors():
    rng = np.random.default_rng(0)
    male = (rng.random(200) < 0.3).astype(np.float32)
    vectors = rng.normal(0, 0.3, (200, 8)).astype(np.float32)
    vectors[:, 0] += male
    guessed = guess_sex(vectors[:150], male[:150], vectors[150:])
    assert (guessed == male[150:]).mean() > 0.9
