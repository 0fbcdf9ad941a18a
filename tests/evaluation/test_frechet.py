import numpy as np
import pytest
import torch
from torch import nn

from faceedit.evaluation.metrics.frechet import frechet_distance, frechet_statistic


def sample(mean, deviations, n=60, seed=0):
    """Points whose mean and covariance are exactly those of a Gaussian with given axes."""
    x = np.random.default_rng(seed).normal(size=(n, len(mean)))
    x -= x.mean(0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T
    return x * deviations + mean


def test_known_gaussians():
    # Along shared axes: squared distance of means, and of standard deviations.
    a, b = sample([0, 0, 1], [1, 2, 3]), sample([3, 0, 1], [1, 4, 1], n=80, seed=1)
    assert frechet_distance(a, b) == pytest.approx(9 + 0 + 4 + 4, rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(b, a) == pytest.approx(frechet_distance(a, b))


@pytest.mark.parametrize(("n", "m", "d"), [(40, 30, 8), (12, 9, 32)])
def test_torchmetrics_gives_the_same(n, m, d):
    pytest.importorskip("torchmetrics")
    from torchmetrics.image.fid import FrechetInceptionDistance

    class Same(nn.Module):
        num_features = d

        def forward(self, x):
            return x

    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(n, d)), rng.normal(0.5, 2, size=(m, d))
    fid = FrechetInceptionDistance(Same()).set_dtype(torch.float64)
    fid.update(torch.from_numpy(a), real=False)
    fid.update(torch.from_numpy(b), real=True)
    assert frechet_distance(a, b) == pytest.approx(float(fid.compute()), rel=1e-4)


def test_a_weight_of_two_is_a_row_twice():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(10, 4)), rng.normal(1, 1, size=(8, 4))
    u, v = np.array([2, 0, 1, 1, 3, 1, 0, 1, 0, 1.0]), np.array([1, 1, 0, 2, 1, 1, 1, 1.0])
    weighted = frechet_statistic(a, b)(u, v)
    repeated = frechet_distance(a.repeat(u.astype(int), 0), b.repeat(v.astype(int), 0))
    assert weighted == pytest.approx(repeated)
    assert np.isnan(frechet_statistic(a, b)(np.eye(10)[0], v))
