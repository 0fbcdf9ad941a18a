import made_up
import numpy as np
import pytest
import torch

from faceedit.evaluation.gallery import Networks
from faceedit.evaluation.training_scores import judge_edits, training_scores
from faceedit.methods.reggan.method import RegGAN

pytestmark = pytest.mark.filterwarnings("error")


def faces():
    pores = np.random.default_rng(0).normal(0, 8, (256, 256, 1))
    placed = [made_up.place(made_up.person(n)) for n in (40, 41)]
    pictures = [np.clip(made_up.draw(landmarks) + pores, 0, 255) for landmarks in placed]
    return [(p.astype(np.uint8), points) for p, points in zip(pictures, placed, strict=True)]


def method():
    return RegGAN(made_up.tiny_generator())


def test_without_networks_that_look_sharpness_is_left():
    scores = training_scores(method(), faces(), Networks())
    assert set(scores) == {"sharpness", "changed_outside"}
    assert scores["changed_outside"] == 0
    assert 0.5 < scores["sharpness"] < 2


def test_the_projects_own_networks_give_all_scores():
    with torch.inference_mode():
        scores = judge_edits(method(), faces()[:1], "cpu")
    assert set(scores) == {"ecs", "fss", "sharpness", "changed_outside"}
    assert 0 <= scores["ecs"] <= 1
    assert -1 <= scores["fss"] <= 1
    assert np.isfinite(list(scores.values())).all()
