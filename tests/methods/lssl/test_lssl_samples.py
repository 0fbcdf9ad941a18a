import made_up
import numpy as np
import pytest
import torch

from faceedit.errors import UsageError
from faceedit.faces.align import resized
from faceedit.faces.landmark_maps import HEAT_POINTS, draw_heat_map
from faceedit.faces.pose import head_pose
from faceedit.faces.topology import mean_shape
from faceedit.methods.lssl.frontal import frontal_landmarks, simulate_frontal
from faceedit.methods.lssl.recipe import LSSLRecipe
from faceedit.methods.lssl.samples import PairSamples, dimmed
from faceedit.methods.lssl.vector import GROUPS, asked_vector, vector_of
from faceedit.targets import parse_target


def samples_of(portraits, **recipe) -> PairSamples:
    rows = np.flatnonzero(~portraits.validation)
    return PairSamples(portraits, rows, LSSLRecipe(size=32, **recipe), 3)


def test_a_heat_map_has_gaussians_at_landmarks():
    landmarks = np.full((478, 3), -100.0)
    landmarks[HEAT_POINTS[3], :2] = (20, 9)
    heat = draw_heat_map(landmarks, 64)
    assert heat[9, 20] == 1
    sigma = 0.012 * 64
    np.testing.assert_allclose(heat[9, 22], np.exp(-0.5 * (2 / sigma) ** 2), rtol=1e-5)
    assert heat[40:].max() < 1e-6


def test_a_sample_is_a_function_of_seed_and_number(posed_portraits):
    first, again = samples_of(posed_portraits), samples_of(posed_portraits)
    again[0]
    lights = set()
    for number in range(12):
        one, two = first[number], again[number]
        assert all(torch.equal(one[name], two[name]) for name in one)
        assert (one["pair"].shape, one["labels"].shape) == ((4, 32, 32), (15,))
        for y in (one["labels"], one["target"]):
            assert [float(part.sum()) for part in y.split(GROUPS)] == [1, 1, 1]
        # What no training person shows is not asked for.
        assert not one["target"][3:8].any() and not one["target"][13:].any()
        lights.add(int(one["labels"][8:11].argmax()))
    assert lights == {0, 1, 2}


def test_weak_and_dark_light_are_darker(posed_portraits):
    samples = samples_of(posed_portraits)
    means = [float(samples.open(0, light)["pair"][:3].mean()) for light in range(3)]
    assert means[0] > means[1] > means[2]
    assert samples.open(0, 2)["labels"][8:11].tolist() == [0, 0, 1]
    white = np.full((1, 1, 3), 255, np.uint8)
    assert (int(dimmed(white, "normal")[0, 0, 0]), int(dimmed(white, "weak")[0, 0, 0])) == (
        255, round(255 * 0.3 ** (1 / 2.2)),
    )  # fmt: skip


def test_a_simulated_face_looks_at_the_camera(posed_portraits):
    angle = np.radians(25)
    about = np.array([
        [np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)],
    ])  # fmt: skip
    turned = resized(made_up.place(mean_shape() @ about), 256, 64)
    assert abs(head_pose(turned).yaw) == pytest.approx(25, abs=1)
    assert abs(head_pose(frontal_landmarks(turned, 64)).yaw) < 1
    picture = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    made = simulate_frontal(picture, turned)
    assert made.shape == picture.shape and made.dtype == np.uint8
    assert (made != picture).any()
    assert samples_of(posed_portraits, goal="frontal")[0]["pair"].shape == (6, 32, 32)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("happy", [1, 8, 12]), ("light=dark", [3, 10, 12]), ("turn=yaw=15", [3, 8, 11]),
        ("turn=to=-40", [3, 8, 14]), ("sad light=weak turn=to=0", [2, 9, 11]),
    ],
)  # fmt: skip
def test_what_a_target_leaves_open_stays(text, places):
    y = asked_vector(parse_target(text), vector_of(3, 0, -15.0), -15.0)
    assert y.nonzero()[0].tolist() == places


@pytest.mark.parametrize("text", ["happy:0.5+sad:0.5", "turn=pitch=5", "turn=roll=5"])
def test_what_no_vector_says_is_refused(text):
    with pytest.raises(UsageError, match=r"lssl \(paper\)"):
        asked_vector(parse_target(text), vector_of(0, 0, 0), 0.0)
