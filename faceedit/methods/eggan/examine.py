"""What a training of EGGAN's ``paper`` profile has learned, in numbers, on unseen people."""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from faceedit.methods.eggan.losses import interpolate
from faceedit.methods.eggan.networks import PaperNetworks, expected_units
from faceedit.training.portraits import Portraits, to_signed

MEANS = 0.15
"""A dimension's mean over codes lies within; of 150 perfect codes 93% of the means do."""
DEVIATIONS = (0.8, 1.25)
"""And its deviation."""
DEAD = 0.1
"""Deviation of a dimension below which it carries nothing."""
ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
AT_ONCE = 32


def examine(networks: PaperNetworks, portraits: Portraits, rows: np.ndarray) -> dict[str, float]:
    """Measure networks on portraits; each is given the units of the one before it.

    Args:
        networks: evaluating, without gradients.
        portraits: all.
        rows: which to look at, two or more.

    Returns:
        Shares of the codes' dimensions whose mean and deviation are as the prior's, the mean of
        both over dimensions and the number of dead ones; the reconstruction's mean absolute error
        and what units change of a picture, in levels of 255; C_exp's mean square errors on photos,
        on what G makes, and on what it would be had G not heeded the units; and, for pictures from
        codes and from units at `ALPHAS` between two portraits, the longest step over
        the shortest (mean over portraits) and the share of portraits where it is below 2.
    """
    device = next(networks.parameters()).device
    codes, found = [], []
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        before = np.roll(rows, 1)[start : start + AT_ONCE]
        image, other = (to_signed(portraits.pictures[i]).to(device) for i in (some, before))
        units, wanted = (torch.from_numpy(portraits.labels[i]).to(device) for i in (some, before))
        latent, far = networks.encoder(image), networks.encoder(other)
        rebuilt, made = (networks.generator(latent, asked) for asked in (units, wanted))
        columns = {
            "reconstruction_error": _error(rebuilt, image) * 127.5,
            "unit_change": _error(made, rebuilt.float()) * 127.5,
            "units_error_photo": _square(networks.expression(image), units),
            "units_error_made": _square(networks.expression(made), wanted),
            "units_error_rebuilt": _square(networks.expression(rebuilt), wanted),
            "code_steps": _steps(networks, (latent, units), (far, units)),
            "unit_steps": _steps(networks, (latent, units), (latent, wanted)),
        }
        codes.append(latent.float())
        found.append(columns)
    whole = {name: torch.cat([one[name] for one in found]) for name in found[0]}
    even = {
        f"{name}_even": (whole[name] < 2).float().mean() for name in ("code_steps", "unit_steps")
    }
    means = {name: float(values.mean()) for name, values in {**whole, **even}.items()}
    return {**code_moments(torch.cat(codes)), **means}


def code_moments(codes: Tensor) -> dict[str, float]:
    """Return how (N, L) latent codes lie against the prior, see `examine`."""
    mean, deviation = codes.mean(0), codes.std(0)
    low, high = DEVIATIONS
    return {
        "means_within": float((mean.abs() <= MEANS).float().mean()),
        "deviations_within": float(((deviation >= low) & (deviation <= high)).float().mean()),
        "largest_mean": float(mean.abs().max()),
        "mean_deviation": float(deviation.mean()),
        "dead": float((deviation < DEAD).sum()),
    }


def _error(made: Tensor, real: Tensor) -> Tensor:
    return (made.float() - real).abs().mean((1, 2, 3))


def _square(logits: Tensor, units: Tensor) -> Tensor:
    return (expected_units(logits) - units).square().mean(1)


def _steps(
    networks: PaperNetworks, first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor]
) -> Tensor:
    """Return the longest over the shortest step between pictures on the way, (N,)."""
    way = [
        networks.generator(*(interpolate(a, b, alpha) for a, b in zip(first, second, strict=True)))
        for alpha in ALPHAS
    ]
    steps = torch.stack([_error(b, a) for a, b in pairwise(way)])
    return steps.amax(0) / steps.amin(0).clamp(min=1e-6)
