from dataclasses import replace

import numpy as np
import pytest
from toy_folds import NAMES, folded_atlas, folded_model, folded_subject

from faceedit.errors import UsageError
from faceedit.studio.fold_atlas import ASSETS_FILE
from faceedit.studio.learn_folds import learn_folds, mean_neutral, save_folds
from faceedit.studio.model import load_arrays


def smile_pair(depth, gap=0.2):
    """A neutral face and the same with a dark patch on the person's right cheek."""
    neutral = folded_subject()
    x, y = neutral.crop.landmarks[205, :2].round().astype(int)
    pixels = neutral.crop.pixels.copy()
    pixels[y - 5 : y + 6, x - 5 : x + 6] *= np.exp(-depth)
    return neutral, replace(folded_subject(pixels), gap=gap)


@pytest.fixture(scope="module")
def learned():
    return learn_folds([smile_pair(d) for d in (0.2, 0.3, 0.6)])


def test_the_median_fold_comes_out_on_both_sides(learned):
    points = learned.places[folded_model().landmark_vertices]
    for point in (205, 425):
        x, y = (points[point] * 255).round().astype(int)
        # Half of it: the patch is on one side only.
        np.testing.assert_allclose(learned.smile_median[y, x], -0.15, atol=0.02)
        assert learned.folds[y, x] > 0.5
    np.testing.assert_array_equal(learned.smile_median, learned.smile_median[:, ::-1])
    np.testing.assert_array_equal(learned.face, learned.face[:, ::-1])


def test_people_keep_their_own(learned):
    points = learned.places[folded_model().landmark_vertices]
    x, y = (points[205] * 255).round().astype(int)
    depths = -learned.smile_people[:, y, x, 1]
    assert len(depths) == 3
    assert depths[0] < depths[1] < depths[2]


def test_lips_and_eyes_are_left_out(learned):
    points = learned.places[folded_model().landmark_vertices]
    for point in (13, 14, 159, 386):
        x, y = (points[point] * 255).round().astype(int)
        assert learned.face[y, x] < 0.5


def test_closed_smiles_are_not_enough():
    with pytest.raises(UsageError, match="0 of 3 pairs have an open smile"):
        learn_folds([smile_pair(0.2, gap=0.0)] * 3)


def test_the_mean_neutral_face_is_even():
    subject = folded_subject()
    weights = np.zeros(len(NAMES))
    weights[NAMES.index("browDown_L")] = 0.4
    model = replace(
        folded_model(), expression_names=NAMES[:-1], expression=folded_model().expression[:-1]
    )
    subject = replace(subject, pose=replace(subject.pose, model=model, expression=weights[:-1]))
    mean = mean_neutral([subject])
    assert mean[NAMES.index("browDown_L")] == mean[NAMES.index("browDown_R")] == 0.2


def test_a_rig_keeps_what_is_learned_and_what_else_it_holds(learned, tmp_path):
    np.savez(tmp_path / ASSETS_FILE, lid_verts=np.arange(3))
    save_folds(learned, tmp_path)
    arrays = load_arrays(tmp_path / ASSETS_FILE)
    np.testing.assert_array_equal(arrays["lid_verts"], [0, 1, 2])
    np.testing.assert_allclose(arrays["eri_median"][..., ::-1], learned.smile_median, atol=1e-3)
    np.testing.assert_allclose(arrays["eri_people"][..., ::-1], learned.smile_people, atol=1e-3)
    np.testing.assert_array_equal(arrays["atlas_xy"], folded_atlas().places)
    assert arrays["neutral_cex"].shape == (len(NAMES),)
