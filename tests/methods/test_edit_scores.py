import made_up
import numpy as np
import pytest
import torch

from faceedit.evaluation.looks import Networks
from faceedit.methods.reggan.edit_scores import edit_scores
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.reggan.teeth import plain_texture
from faceedit.registry import open_registry

pytestmark = pytest.mark.filterwarnings("error")


def faces():
    pores = np.random.default_rng(0).normal(0, 8, (256, 256, 1))
    placed = [made_up.place(made_up.person(n)) for n in (40, 41)]
    pictures = [np.clip(made_up.draw(landmarks) + pores, 0, 255) for landmarks in placed]
    return [(p.astype(np.uint8), points) for p, points in zip(pictures, placed, strict=True)]


def method():
    return RegGAN(made_up.tiny_generator(), [plain_texture()])


def test_without_networks_that_look_sharpness_is_left():
    scores = edit_scores(method(), faces(), Networks())
    assert set(scores) == {"sharpness", "changed_outside"}
    assert scores["changed_outside"] == 0
    assert 0.5 < scores["sharpness"] < 2


def test_the_projects_own_networks_give_all_scores():
    from faceedit.evaluation.own_networks import open_recognisers

    with torch.inference_mode():
        scores = edit_scores(method(), faces()[:1], open_recognisers(open_registry(), "cpu"))
    assert set(scores) == {"ecs", "fss", "sharpness", "changed_outside"}
    assert 0 <= scores["ecs"] <= 1
    assert -1 <= scores["fss"] <= 1
    assert np.isfinite(list(scores.values())).all()
