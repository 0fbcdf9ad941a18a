import made_up
import numpy as np
import pytest
import torch

from faceedit.errors import UsageError
from faceedit.methods.eggan.condition import N_TERMS, SPEC, condition_of, terms_of
from faceedit.methods.eggan.unit_fit import fit_unit_layer
from faceedit.targets import ACTION_UNITS, parse_target


@pytest.fixture(scope="module")
def layer():
    shapes = made_up.unit_shapes()
    return fit_unit_layer(shapes.of_faces(~shapes.validation), made_up.COMPONENTS, 1e-4)


def asked(text):
    return condition_of(parse_target(text))[None]


def moved(layer, condition, seed=3):
    """Displacements of somebody whom no fit saw, in eye distances."""
    landmarks = torch.from_numpy(made_up.place(made_up.person(seed))[None])
    faces = layer(landmarks, condition)
    return ((faces.landmarks - landmarks[..., :2])[0] / made_up.UNIT).numpy()


def test_a_target_is_changes_of_left_and_right():
    condition = asked("au=left:12=2.5,4+5,right:6-2")[0]
    named = {name: float(v) for name, v in zip(SPEC.names, condition, strict=True) if v}
    assert named == {"4 left": 1.0, "12 left": 0.5, "4 right": 1.0, "6 right": pytest.approx(-0.4)}
    seen = SPEC.mirrored(condition.numpy())
    assert seen is not None and seen[SPEC.names.index("12 right")] == 0.5


def test_terms_in_known_numbers():
    condition = torch.zeros(1, SPEC.width)
    place = {name: at for at, name in enumerate(SPEC.names)}
    condition[0, [place["6 left"], place["12 left"], place["12 right"]]] = torch.tensor(
        [0.5, 0.8, -0.6]
    )
    terms = terms_of(condition)[0]
    assert terms.shape == (N_TERMS,)
    width = SPEC.width
    assert terms[place["12 left"]] == pytest.approx(0.8)
    assert terms[width + place["12 right"]] == pytest.approx(0.6)
    assert terms[2 * width + place["12 left"]] == pytest.approx(0.64)
    # 6 and 12 pull together on the left alone.
    products = terms[3 * width :]
    assert products.tolist().count(0) == len(products) - 1
    assert products.max() == pytest.approx(0.4)


@pytest.mark.parametrize("text", ["au=12+4", "au=left:12+3,26+2", "au=6+4,12+4", "au=26+5,12+2"])
def test_mixes_move_strangers_as_the_studio_moves_them(layer, text):
    condition = asked(text)
    changes = 5 * condition.view(2, len(ACTION_UNITS)).numpy()
    wanted = made_up.unit_moves(changes, made_up.person(3))[:478]
    off = np.linalg.norm(moved(layer, condition) - wanted, axis=1)
    assert off.mean() < 0.05 * np.linalg.norm(wanted, axis=1).mean()


def test_what_rises_falls_again_and_nothing_asked_moves_nothing(layer):
    assert not moved(layer, torch.zeros(1, SPEC.width)).any()
    up, down = moved(layer, asked("au=12+3")), moved(layer, asked("au=12-3"))
    np.testing.assert_allclose(up, -down, atol=0.003)


def test_each_unit_acts_where_its_muscle_does(layer):
    acting = layer.acting()
    names = list(SPEC.names)
    assert acting.shape == (34, 468) and acting.min() >= 0 and acting.max() == 1
    assert acting[names.index("12 left")].argmax() in (291, 306, 287, 409, 375)
    assert acting[names.index("12 left"), 61] < 0.1 < acting[names.index("12 right"), 61]


def test_few_faces_are_refused():
    with pytest.raises(UsageError, match="do not tell"):
        fit_unit_layer(made_up.unit_shapes(), 30, 1.0)
