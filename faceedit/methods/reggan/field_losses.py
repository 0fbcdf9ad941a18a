"""The objective of the ``fast`` profile's first phase: known fields, and real photos of pairs."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from faceedit.methods.reggan.generator import FLOW_UNIT, FieldTensors
from faceedit.nn.compose import compose_fields


@dataclass(frozen=True)
class FieldWeights:
    """Weights of the terms of `field_losses`, found by trial on this data.

    Attributes:
        flow: of the flow's error in units of `generator.FLOW_UNIT`.
        log_ratio: of the log ratio's error.
        opacity: of the cross entropy of the opacity.
        gain: of the error of the log gain around the mouth.
        saturation: of the error of the saturation there.
        photo: of the composed skin against the person's real photo.
        smooth: of the roughness of flow and log ratio.
    """

    flow: float = 1.5
    log_ratio: float = 2.0
    opacity: float = 0.5
    gain: float = 0.3
    saturation: float = 0.2
    photo: float = 1.0
    smooth: float = 0.05


def field_losses(
    fields: FieldTensors, batch: dict[str, Tensor], weights: FieldWeights
) -> dict[str, Tensor]:
    """Compare predicted fields with a batch of `samples.Samples`.

    Args:
        fields: predicted for the batch.
        batch: what the samples hold, stacked.
        weights: of the terms.

    Returns:
        The unweighted terms, scalars, and their weighted sum as ``total``. ``flow`` is in crop
        pixels.
    """
    opening, face = batch["opening"], batch["weight"]
    skin = (0.05 + face) * (1 - 0.9 * opening)
    near_mouth = F.max_pool2d(opening, 5, 1, 2)
    flow = ((fields.flow - batch["flow"]).abs() * (skin + near_mouth * (1 - opening))).mean()
    log_ratio = ((fields.log_ratio - batch["log_ratio"]).abs() * skin).mean()
    # Onset is part of the opacity that is drawn; the network gives the rest.
    wanted = batch["opacity"] / fields.onset.clamp(min=1e-2)
    opacity = F.binary_cross_entropy_with_logits(
        fields.opacity_logit, wanted.clamp(0, 1), reduction="none"
    )
    opacity = (opacity * (1 + 4 * near_mouth)).mean()
    inside = near_mouth / near_mouth.mean().clamp(min=1e-3)
    gain = ((fields.log_gain - batch["log_gain"]).abs() * inside).mean()
    target = batch["saturation"][:, :, None, None]
    saturation = ((fields.saturation - target).abs() * inside).mean()
    terms = {
        "flow": flow,
        "log_ratio": log_ratio,
        "opacity": opacity,
        "gain": gain,
        "saturation": saturation,
        "photo": photo_loss(fields, batch),
        "smooth": _roughness(fields.flow / FLOW_UNIT) + _roughness(fields.log_ratio),
    }
    total = weights.flow / FLOW_UNIT * flow
    for name in ("log_ratio", "opacity", "gain", "saturation", "photo", "smooth"):
        total = total + getattr(weights, name) * terms[name]
    return {**terms, "total": total}


def photo_loss(fields: FieldTensors, batch: dict[str, Tensor]) -> Tensor:
    """Compare the composed skin with the person's own real photo, where there is one."""
    has_real = batch["has_real"][:, :, None, None]
    if not bool(has_real.any()):
        return fields.flow.sum() * 0.0
    composed = compose_fields(batch["crop"], fields.flow, fields.log_ratio)
    size = composed.shape[-2:]
    face = batch["weight"] * (1 - F.max_pool2d(batch["opening"], 3, 1, 1))
    face = F.interpolate(face, size=size, mode="bilinear", align_corners=False) * has_real
    real = batch["real"]
    wrong = ((composed - real).abs() * face).mean()
    for axis in (2, 3):
        slope, wanted = composed.diff(dim=axis), real.diff(dim=axis)
        wrong = wrong + ((slope - wanted).abs() * face.narrow(axis, 1, size[axis - 2] - 1)).mean()
    return wrong / has_real.mean()


def _roughness(field: Tensor) -> Tensor:
    return field.diff(dim=2).abs().mean() + field.diff(dim=3).abs().mean()
