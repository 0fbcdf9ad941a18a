"""How much of the picture has changed, and does it come out as the person's own photo?"""

import numpy as np

from faceedit.evaluation import pairs
from faceedit.evaluation.evidence import Evidence


def lpips(evidence: Evidence) -> np.ndarray:
    """LPIPS between result and input, by AlexNet.

    Zhang et al. 2018; LEGAN, section 4 (2), against the input as in its Tables 2 and 3. Crops of
    256 px. 0 is the same picture.
    """
    return evidence.compare("lpips", "before")


def lpips_target(evidence: Evidence) -> np.ndarray:
    """LPIPS between result and the person's real photo, as in LEGAN's Table 1."""
    return evidence.compare("lpips", "real")


def lpips_face(evidence: Evidence) -> np.ndarray:
    """Statistic of LPIPS between result and input on the appearance recogniser's features."""
    return evidence.compare("lpips_face", "before")


def lpips_face_target(evidence: Evidence) -> np.ndarray:
    """Statistic of LPIPS between result and the person's real photo, on the same features."""
    return evidence.compare("lpips_face", "real")


def ssim(evidence: Evidence) -> np.ndarray:
    """Structural similarity of result and input, 1 for the same picture.

    Wang et al. 2004, as torchmetrics computes it; LEGAN, section 4 (3).
    """
    return evidence.compare("ssim", "before")


def ssim_target(evidence: Evidence) -> np.ndarray:
    """Structural similarity of result and the person's real photo, as in LEGAN's Table 1."""
    return evidence.compare("ssim", "real")


def ms_ssim(evidence: Evidence) -> np.ndarray:
    """Multi-scale structural similarity of result and input, 1 for the same picture.

    Wang et al. 2003; EGGAN's Eq. 6 trains with it.
    """
    return evidence.compare("ms_ssim", "before")


def lip_error(evidence: Evidence) -> np.ndarray:
    """Distance of the lips' landmarks to those of the person's real photo, in eye distances.

    The heads are brought into one pose by points that expressions leave still; see
    `pairs.landmark_error`.
    """
    return _landmarks(evidence, lambda found, real: pairs.landmark_error(found, real))


def landmark_error(evidence: Evidence) -> np.ndarray:
    """Distance of all 468 landmarks of the skin to those of the person's real photo.

    In eye distances, after the usual similarity of the picture plane; see `pairs.aligned_error`.
    """
    points = tuple(range(pairs.N_SURFACE))
    return _landmarks(evidence, lambda found, real: pairs.aligned_error(found, real, points))


def face_found(evidence: Evidence) -> np.ndarray:
    """Share of results in which the face is still found."""
    return 1.0 - np.isnan(evidence.landmarks("after")[:, 0, 0])


def _landmarks(evidence: Evidence, distance) -> np.ndarray:
    rows = zip(evidence.landmarks("after"), evidence.landmarks("real"), strict=True)
    return np.array(
        [
            np.nan if np.isnan(found).any() or np.isnan(real).any() else distance(found, real)
            for found, real in rows
        ]
    )


def sharpness(evidence: Evidence) -> np.ndarray:
    """Mean gradient inside the mask over that of the input, at the photo's own size; 1 is as sharp.

    See `pairs.sharpness_ratio`.
    """
    return evidence.edits.sharpness


def changed_outside(evidence: Evidence) -> np.ndarray:
    """Pixels of the photo that changed outside all face masks; the project wants none."""
    return evidence.edits.changed_outside


def seconds(evidence: Evidence) -> np.ndarray:
    """Seconds a photo takes: finding the faces, editing and composing, without reading and writing.

    On the device and with the threads that the report names.
    """
    return evidence.edits.seconds
