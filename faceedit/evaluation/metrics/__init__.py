"""The metrics: five papers' and the project's own, in the order of reports."""

from faceedit.evaluation.evidence import ATTRIBUTE, MASK, PHOTOS, REAL, TARGET, TIME, UNITS
from faceedit.evaluation.metrics import expression, identity, likeness, realism
from faceedit.evaluation.metrics.base import Better, Metric, merit

__all__ = ["METRICS", "Better", "Metric", "find_metric", "merit"]

METRICS = (
    Metric("ECS", "higher", 0, 1, "RegGAN IV-D 1", ("expression", TARGET), expression.ecs),
    Metric(
        "editing accuracy", "higher", 0, 1, "SeCGAN 4.4", ("appearance", ATTRIBUTE),
        expression.editing_accuracy,
    ),
    Metric("AU MSE", "lower", 0, 25, "EGGAN Table 1", ("unit-judge", UNITS), expression.au_mse),
    Metric(
        "AU PCC", "higher", -1, 1, "EGGAN Table 1", ("unit-judge", UNITS),
        whole=expression.au_pcc, pooled=True,
    ),
    Metric("lip error", "lower", 0, None, "ours", (REAL,), likeness.lip_error),
    Metric("landmark error", "lower", 0, None, "ours", (REAL,), likeness.landmark_error),
    Metric("FSS", "higher", -1, 1, "RegGAN IV-D 2", ("identity",), identity.fss),
    Metric("match score", "higher", -1, 1, "LEGAN 4", ("identity",), identity.match_score),
    Metric(
        "match score to target", "higher", -1, 1, "LEGAN Table 1", ("identity", REAL),
        identity.match_score_target,
    ),
    Metric(
        "identity verification", "higher", 0, 1, "EGGAN Table 2", ("identity",),
        identity.identity_verification,
    ),
    Metric(
        "identity verification of real photos", "higher", 0, 1, "EGGAN Table 2",
        ("identity", REAL), identity.identity_verification_real,
    ),
    Metric("RS", "higher", 0, 1, "RegGAN IV-D 3", ("clip",), realism.rs),
    Metric("quality score", "higher", 0, 10, "LEGAN 3, 4", ("naturalness",), realism.quality_score),
    Metric("quality gain", "higher", -10, 10, "ours", ("naturalness",), realism.quality_gain),
    Metric(
        "FID", "lower", 0, None, "RegGAN IV-D 4", ("inception", TARGET, PHOTOS), whole=realism.fid
    ),
    Metric(
        "fid_face", "lower", 0, None, "ours", ("expression", TARGET, PHOTOS),
        whole=realism.fid_face,
    ),
    Metric("ssFID", "lower", 0, None, "SeCGAN 4.4", ("swav",), whole=realism.ssfid),
    Metric("ssfid_face", "lower", 0, None, "ours", ("identity",), whole=realism.ssfid_face),
    Metric(
        "IS", "higher", 1, None, "SeCGAN 4.4", ("inception",),
        whole=realism.inception_score, pooled=True,
    ),
    Metric("is_face", "higher", 1, 8, "ours", ("expression",), whole=realism.is_face, pooled=True),
    Metric("LPIPS", "lower", 0, None, "LEGAN 4", ("lpips",), likeness.lpips),
    Metric(
        "LPIPS to target", "lower", 0, None, "LEGAN Table 1", ("lpips", REAL),
        likeness.lpips_target,
    ),
    Metric("lpips_face", "lower", 0, 2, "ours", ("lpips_face",), likeness.lpips_face),
    Metric(
        "lpips_face to target", "lower", 0, 2, "ours", ("lpips_face", REAL),
        likeness.lpips_face_target,
    ),
    Metric("SSIM", "higher", -1, 1, "LEGAN 4", ("ssim",), likeness.ssim),
    Metric(
        "SSIM to target", "higher", -1, 1, "LEGAN Table 1", ("ssim", REAL), likeness.ssim_target
    ),
    Metric("MS-SSIM", "higher", 0, 1, "EGGAN Eq. 6", ("ms_ssim",), likeness.ms_ssim),
    Metric("sharpness", "one", 0, None, "ours", (MASK,), likeness.sharpness),
    Metric("changed outside", "lower", 0, None, "ours", (MASK,), likeness.changed_outside),
    Metric("face found", "higher", 0, 1, "ours", (), likeness.face_found),
    Metric("seconds", "lower", 0, None, "ours", (TIME,), likeness.seconds),
)  # fmt: skip


def find_metric(name: str) -> Metric:
    """Return the metric of a name."""
    return next(metric for metric in METRICS if metric.name == name)
