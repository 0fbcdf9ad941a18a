"""Is it still the same person?"""

import numpy as np

from faceedit.evaluation.evidence import Evidence


def fss(evidence: Evidence) -> np.ndarray:
    """Face Similarity Score: cosine similarity of the faces of input and result.

    RegGAN, section IV-D 2, by OpenFace; here by the identity recogniser. -1 to 1.
    """
    return cosines(_embedded(evidence, "before"), _embedded(evidence, "after"))


def match_score(evidence: Evidence) -> np.ndarray:
    """Face match score: Pearson correlation of deep features of result and input.

    LEGAN, section 4, "Metrics for Quality Estimation" (4), by a ResNet-50 of VGGFace2; here by the
    identity recogniser. Against the input as in its Tables 2 and 3 (footnote 2). -1 to 1.
    """
    return correlations(_embedded(evidence, "before"), _embedded(evidence, "after"))


def match_score_target(evidence: Evidence) -> np.ndarray:
    """Match score of the result and the person's own photo as asked for, as in LEGAN's Table 1."""
    return correlations(_embedded(evidence, "real"), _embedded(evidence, "after"))


def identity_verification(evidence: Evidence) -> np.ndarray:
    """Identity verification accuracy: share of results that are verified as the input's person.

    EGGAN, section 4.2 and Table 2, by LightCNN. Here by the identity recogniser at its own
    threshold, at which it errs as often in both directions.
    """
    return _verified(evidence, "after")


def identity_verification_real(evidence: Evidence) -> np.ndarray:
    """Share of real photos verified as the input's person: "Real" in EGGAN's Table 2, the bound."""
    return _verified(evidence, "real")


def _verified(evidence: Evidence, side: str) -> np.ndarray:
    similar = cosines(_embedded(evidence, "before"), _embedded(evidence, side))
    threshold = evidence.look("identity", "threshold", "before")
    return np.where(np.isnan(similar), np.nan, similar >= threshold)


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the cosine of the rows of two (N, D) arrays.

    >>> cosines(np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]])).tolist()
    [0.0]
    """
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return (a * b).sum(1) / np.maximum(lengths, 1e-12)


def correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation of the rows of two (N, D) arrays."""
    return cosines(a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True))


def _embedded(evidence: Evidence, side: str) -> np.ndarray:
    return evidence.look("identity", "embedding", side)
