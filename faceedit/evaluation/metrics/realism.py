"""Does the result look like a photo?"""

import numpy as np

from faceedit.evaluation.evidence import Evidence
from faceedit.evaluation.metrics.frechet import frechet_statistic
from faceedit.stats import Whole

FEWEST = 8
"""Real photos of an expression below which a distribution says nothing."""
SUBSETS = 10
"""Of the Inception Score (SeCGAN, section 4.4)."""


def rs(evidence: Evidence) -> np.ndarray:
    """Realism Score: how much nearer CLIP finds the result to praise than to blame.

    RegGAN, section IV-D 3: QualiCLIP's seven pairs of prompts; a softmax over the cosines to both
    of a pair gives the probability of the good one, and the mean over pairs is the score, 0 to 1.
    QualiCLIP's image encoder is a retrained one; here it is CLIP's own.
    """
    return evidence.look("clip", "realism", "after")


def quality_score(evidence: Evidence) -> np.ndarray:
    """Quality score Q of the result, 0 (unnatural) to 10 (hyper-realistic).

    LEGAN, section 3, Eq. 1 and section 4, "Metrics for Quality Estimation" (5): what its estimator
    of human ratings says; here the naturalness recogniser, which learned from graded corruptions.
    """
    return evidence.look("naturalness", "quality", "after")


def quality_gain(evidence: Evidence) -> np.ndarray:
    """Quality score of the result less that of its input."""
    return quality_score(evidence) - evidence.look("naturalness", "quality", "before")


def fid(evidence: Evidence) -> Whole:
    """Fréchet Inception Distance between results and real photos of the asked expression.

    RegGAN, section IV-D 4; LEGAN, section 4 (1): Inception-v3 features of both sets as Gaussians.
    Small samples raise it, so that it compares only with itself on the same protocol.
    """
    return _against_real_photos(evidence, "inception", "pool")


def fid_face(evidence: Evidence) -> Whole:
    """Statistic of FID on the expression recogniser's features instead of Inception's."""
    return _against_real_photos(evidence, "expression", "features")


def ssfid(evidence: Evidence) -> Whole:
    """Self-supervised FID between the inputs and the results of one edit, mean over edits.

    SeCGAN, section 4.4 (Morozov et al. 2021): features of SwAV's ResNet-50; distances of each
    group of edited pictures to the real ones, averaged.
    """
    return _against_inputs(evidence, "swav", "pool")


def ssfid_face(evidence: Evidence) -> Whole:
    """Statistic of ssFID on the identity recogniser's features, which learned no expressions."""
    return _against_inputs(evidence, "identity", "embedding")


def inception_score(evidence: Evidence) -> Whole:
    """Inception Score: exp of the mean KL divergence of p(class | result) from p(class).

    Salimans et al. 2016; SeCGAN, section 4.4: mean over ten subsets of all results.
    """
    logits = evidence.look("inception", "logits", "after")
    logits = logits - logits.max(1, keepdims=True)
    return _score(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), evidence.person)


def is_face(evidence: Evidence) -> Whole:
    """Statistic of IS on the expression recogniser's probabilities, 1 to 8."""
    return _score(evidence.look("expression", "probabilities", "after"), evidence.person)


def _against_real_photos(evidence: Evidence, network: str, column: str) -> Whole:
    wanted = evidence.wanted()
    real = evidence.real_photos(int(wanted[0])) if wanted[0] >= 0 else np.zeros(0, np.int64)
    if len(real) < FEWEST or len(wanted) < FEWEST:
        return Whole(lambda people: float("nan"), 0, 0)
    found = evidence.gallery.look(network, column)
    return _distance(found, evidence, real)


def _against_inputs(evidence: Evidence, network: str, column: str) -> Whole:
    inputs = np.unique(evidence.edits.before)
    if len(inputs) < FEWEST:
        return Whole(lambda people: float("nan"), 0, 0)
    return _distance(evidence.gallery.look(network, column), evidence, inputs)


def _distance(found: np.ndarray, evidence: Evidence, real: np.ndarray) -> Whole:
    statistic = frechet_statistic(found[evidence.edits.after], found[real])
    person, real_person = evidence.person, evidence.person_numbers[real]
    return Whole(
        lambda people: statistic(people[person], people[real_person]),
        len(person),
        len(set(person.tolist())),
    )


def _score(probabilities: np.ndarray, person: np.ndarray) -> Whole:
    order = np.random.default_rng(0).permutation(len(probabilities))
    parts = [part for part in np.array_split(order, SUBSETS) if len(part)]
    logs = np.log(np.maximum(probabilities, 1e-12))

    def statistic(people: np.ndarray) -> float:
        weights, scores = people[person], []
        for part in parts:
            total = weights[part].sum()
            if total == 0:
                continue
            w = weights[part] / total
            mean = w @ probabilities[part]
            divergence = (probabilities[part] * (logs[part] - np.log(mean + 1e-12))).sum(1)
            scores.append(np.exp(w @ divergence))
        return float(np.mean(scores)) if scores else float("nan")

    return Whole(statistic, len(person), len(set(person.tolist())))
