"""Does the result show what was asked for?"""

import numpy as np

from faceedit.evaluation.evidence import Evidence
from faceedit.stats import Whole

LEAST_SPREAD = 1e-6
"""Standard deviation below which nothing correlates."""


def ecs(evidence: Evidence) -> np.ndarray:
    """Expression Classification Score: share of results that a classifier gives the asked name.

    RegGAN, section IV-D 1: correctly classified images over all images, by a ResNet-18 trained on
    CFEE; here by the expression recogniser.
    """
    wanted = evidence.wanted()
    named = evidence.look("expression", "probabilities", "after").argmax(1)
    return np.where(wanted >= 0, named == wanted, np.nan)


def editing_accuracy(evidence: Evidence) -> np.ndarray:
    """Editing accuracy: share of edited attributes that a classifier sees as asked.

    SeCGAN, section 4.4: the share of test images with one of 13 attributes (or 8 expressions)
    edited that an external classifier names rightly; here the appearance recogniser does. That of
    expressions is ECS. Where several attributes were asked for at once, the mean over them.
    """
    wanted = evidence.wanted_attributes()
    seen = evidence.look("appearance", "attributes", "after") >= 0.5
    right = np.where(np.isnan(wanted), np.nan, seen == wanted)
    counts = (~np.isnan(wanted)).sum(1)
    return np.divide(
        np.nansum(right, 1), counts, out=np.full(len(counts), np.nan), where=counts > 0
    )


def au_mse(evidence: Evidence) -> np.ndarray:
    """Mean square error of 17 action unit intensities (0 to 5) against the target's.

    EGGAN, section 4.2 and Table 1: between intensities that OpenFace reads off the target images
    and off the generated ones; here the judge of action units reads both.
    """
    found = evidence.look("unit-judge", "intensities", "after")
    return np.square(found - evidence.wanted_units()).mean(1)


def au_pcc(evidence: Evidence) -> Whole:
    """Pearson correlation of action unit intensities with the target's, mean over units.

    EGGAN, section 4.2 and Table 1. Units that never vary in the targets are left out.
    """
    wanted = evidence.wanted_units()
    known = ~np.isnan(wanted[:, 0])
    wanted = wanted[known]
    found = evidence.look("unit-judge", "intensities", "after")[known]
    person = evidence.person[known]

    def statistic(people: np.ndarray) -> float:
        weights = people[person]
        if weights.sum() < 2:
            return float("nan")
        each = correlations(found, wanted, weights)
        return float(np.nanmean(each)) if np.isfinite(each).any() else float("nan")

    return Whole(statistic, len(person), len(set(person.tolist())))


def correlations(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted correlation of the columns of two (N, D) arrays, NaN without spread."""
    w = (weights / weights.sum())[:, None]
    a, b = a - (w * a).sum(0), b - (w * b).sum(0)
    spread_a, spread_b = (np.sqrt((w * x * x).sum(0)) for x in (a, b))
    varies = (spread_a > LEAST_SPREAD) & (spread_b > LEAST_SPREAD)
    return np.divide(
        (w * a * b).sum(0), spread_a * spread_b, out=np.full(a.shape[1], np.nan), where=varies
    )
