import numpy as np
import pytest
import torch
from toy_faces import toy_table

from faceedit.faces.topology import EYES
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.training.recognisers.examine_expression import calibrate, examine, kept_back
from faceedit.training.recognisers.expression import (
    Drawer,
    ExpressionRecipe,
    ExpressionTrainer,
    drawing_chances,
    face_shapes,
    shape_goals,
)
from faceedit.training.recognisers.faces import SIZE, UNKNOWN


def small() -> ExpressionRecipe:
    return ExpressionRecipe(steps=10, batch_size=12, shape_parts=4)


@pytest.fixture
def drawer():
    torch.manual_seed(0)
    return Drawer((toy_table(), toy_table(seed=1), toy_table(studio=True, seed=2)), small(), 32)


def test_batches_mix_the_sources_by_their_shares(drawer):
    batch = drawer.draw(0)
    assert batch["pictures"].shape == (12, 1, 32, 32)
    assert batch["pictures"].min() >= -1 and batch["pictures"].max() <= 1
    known = ~batch["action_units"][:, 0].isnan()
    assert known.tolist() == [False] * 7 + [True] * 5
    assert batch["log_prior"].exp().sum(1).tolist() == pytest.approx([1] * 12, abs=0.01)


def test_a_few_steps_lower_the_loss(drawer):
    torch.manual_seed(0)
    trainer = ExpressionTrainer(
        ExpressionRecogniser((4, 8, 8, 16), size=32), small(), drawer.units_spread
    )
    optimiser = torch.optim.Adam(trainer.parameters(), 0.01)
    totals = []
    for _ in range(12):
        losses = trainer(drawer.draw(0))
        total = torch.stack(list(losses.values())).sum()
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        totals.append(total.item())
    assert set(losses) == {"expression", "strength", "units", "shape"}
    assert np.mean(totals[-4:]) < 0.9 * np.mean(totals[:4])


def test_rare_expressions_and_people_with_few_pictures_are_drawn_more_often():
    table = toy_table(40, people=5)
    table.expression[:] = np.where(np.arange(40) < 36, 0, 1)
    table.strength[:] = 2
    table.people[:30] = "famous"
    chances, log_prior = drawing_chances(table, ExpressionRecipe(balance=0.5))
    assert chances.sum() == pytest.approx(1)
    assert chances[39] > chances[35] > chances[0]
    shares = np.exp(log_prior[:2])
    assert chances[:36].sum() == pytest.approx(shares[0], abs=1e-3)
    assert chances[36:].sum() == pytest.approx(shares[1], abs=1e-3)


def test_unnamed_pictures_are_drawn_too():
    table = toy_table(20, studio=True)
    table.expression[10:] = UNKNOWN
    chances, _ = drawing_chances(table, ExpressionRecipe(unnamed=3.0))
    assert chances[10:].sum() == pytest.approx(0.75)


def test_mirrored_shapes_are_those_of_the_mirrored_picture():
    table = toy_table(1)
    shapes = face_shapes(table.landmarks)
    own, mirrored = shapes[0]
    # The first points are those of one eye's outline: in the mirror they are the other's.
    np.testing.assert_allclose(own[0, 0] * SIZE - 0.5, table.landmarks[0, EYES[0][0], 0], rtol=1e-5)
    other = table.landmarks[0, EYES[1][0], 0]
    assert mirrored[0, 0] * SIZE - 0.5 == pytest.approx(SIZE - 1 - other, rel=1e-5)
    assert shape_goals(face_shapes(toy_table(9).landmarks), 3).shape == (9, 2, 3)


def test_calibration_takes_rare_names_from_photos_but_leaves_them_to_the_studio():
    photos, studio = toy_table(30), toy_table(30, studio=True)
    photos.expression[:] = np.array([0] * 20 + [1] * 5 + [4] * 5)
    studio.expression[:] = np.arange(30) % 8
    logits = np.full((30, 8), -5.0, np.float32)
    logits[np.arange(30), photos.expression] = 1.0
    logits[:10, 7] = 1.4  # half of the neutral ones look contemptuous
    made = np.full((30, 8), -5.0, np.float32)
    made[np.arange(30), studio.expression] = 1.0
    made[studio.expression == 7, 0] = 0.0
    bias = calibrate((logits, photos), (made, studio))
    for found, table in ((logits, photos), (made, studio)):
        assert ((found + bias).argmax(1) == table.expression).all()
    assert 0.4 < bias[0] - bias[7] < 1.0
    assert not bias[2:5].any()


def test_examination_is_of_validation_people_only():
    torch.manual_seed(0)
    network = ExpressionRecogniser((4, 8, 8, 16), size=32).eval()
    studio = toy_table(25, studio=True, people=5)
    report = examine(network, toy_table(), toy_table(seed=1), studio, draws=5)
    counts = [sum(row.values()) for row in report["web"]["confusion"].values()]
    assert sum(counts) == 2
    assert 0 <= report["summary"]["web five"] <= 1


def test_the_same_people_are_always_kept_back():
    people = np.array([f"p{i}" for i in range(400)])
    kept = kept_back(people)
    assert 0.05 < kept.mean() < 0.16
    np.testing.assert_array_equal(kept_back(people[::-1])[::-1], kept)
