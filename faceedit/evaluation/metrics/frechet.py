"""The Fréchet distance of two Gaussians fitted to samples, which FID and its kin are."""

from collections.abc import Callable

import numpy as np

WeightedDistance = Callable[[np.ndarray, np.ndarray], float]


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the distance for samples that all count once; see `frechet_statistic`.

    >>> a = np.random.default_rng(0).normal(size=(50, 4))
    >>> round(frechet_distance(a, a), 6), round(frechet_distance(a, a + 1), 6)
    (0.0, 4.0)
    """
    return frechet_statistic(a, b)(np.ones(len(a)), np.ones(len(b)))


def frechet_statistic(a: np.ndarray, b: np.ndarray) -> WeightedDistance:
    """Prepare |m1 - m2|² + Tr(C1 + C2 - 2 (C1 C2)^½) for many weightings of two samples.

    Heusel et al. 2017, Eq. 6. With C = XᵀX of weighted, centred rows the trace of (C1 C2)^½ is the
    sum of the singular values of X1 X2ᵀ: as large as the samples, not as the features, which is
    what makes a bootstrap of it possible. torchmetrics and torch-fidelity give the same number.

    The distance falls as samples grow, and a draw with repetitions is a smaller sample: percentile
    intervals lie too high, the value itself near their lower end.

    Args:
        a: (N, D) features, N at least 2.
        b: (M, D) features.

    Returns:
        A function of (N,) and (M,) weights, as counts of draws. It gives NaN where a side has no
        two observations.
    """
    # Products of all rows: centring and weighting are then done in the small.
    shift = b.mean(0)
    a, b = a - shift, b - shift
    aa, ab, bb = a @ a.T, a @ b.T, b @ b.T

    def distance(u: np.ndarray, v: np.ndarray) -> float:
        if u.sum() < 2 or v.sum() < 2:
            return float("nan")
        p, q = u / u.sum(), v / v.sum()
        apart = p @ aa @ p + q @ bb @ q - 2 * p @ ab @ q
        # Unbiased covariances, as numpy.cov gives them.
        own_a = (p @ aa.diagonal() - p @ aa @ p) * u.sum() / (u.sum() - 1)
        own_b = (q @ bb.diagonal() - q @ bb @ q) * v.sum() / (v.sum() - 1)
        drawn_a, drawn_b = u > 0, v > 0
        centred = ab - (p @ ab)[None] - (ab @ q)[:, None] + p @ ab @ q
        root_a = np.sqrt(u[drawn_a] / (u.sum() - 1))
        root_b = np.sqrt(v[drawn_b] / (v.sum() - 1))
        product = root_a[:, None] * centred[np.ix_(drawn_a, drawn_b)] * root_b
        common = np.linalg.svd(product, compute_uv=False).sum()
        return float(max(apart + own_a + own_b - 2 * common, 0.0))

    return distance
