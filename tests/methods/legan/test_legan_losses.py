import math

import numpy as np
import pytest
import torch

from faceedit.methods.legan.losses import identity_loss, variation_loss
from faceedit.methods.pictures.losses import classification_loss


def test_eq_3_is_the_log_chance_of_every_class_at_every_place():
    logits, labels = torch.randn(3, 5, 2, 2), torch.rand(3, 5)
    labels[0] = torch.tensor([0, 0, 1, 1.5, 0])
    total = 0.0
    for i in range(3):
        for y, x in np.ndindex(2, 2):
            for k in range(5):
                chance = 1 / (1 + math.exp(-float(logits[i, k, y, x])))
                wanted = min(float(labels[i, k]), 1.0)
                total -= wanted * math.log(chance) + (1 - wanted) * math.log(1 - chance)
    found = classification_loss(logits, labels)
    assert found.item() == pytest.approx(total / 3 / 4, rel=1e-5)


def test_eq_4_is_the_cosine_distance():
    one, other = np.random.default_rng(0).normal(size=(2, 4, 7))
    cosines = (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    found = identity_loss(torch.from_numpy(one), torch.from_numpy(other))
    assert found.item() == pytest.approx(1 - cosines.mean(), rel=1e-5)
    assert identity_loss(torch.from_numpy(one), 2 * torch.from_numpy(one)).item() < 1e-6


def test_variation_is_the_sum_of_differences_of_neighbours():
    pictures = torch.rand(2, 3, 4, 5)
    total = 0.0
    for i, c, y, x in np.ndindex(2, 3, 4, 5):
        here = float(pictures[i, c, y, x])
        total += abs(here - float(pictures[i, c, y - 1, x])) if y else 0
        total += abs(here - float(pictures[i, c, y, x - 1])) if x else 0
    assert variation_loss(pictures).item() == pytest.approx(total / 2, rel=1e-5)
