"""RegGAN as the rest of the program sees it."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F

from faceedit.errors import UsageError, WeightsError
from faceedit.faces.align import MOUTH_CORNERS, Crop
from faceedit.faces.edit import Edit, RasterPaint, TexturePaint
from faceedit.faces.landmark_maps import draw_landmark_maps
from faceedit.methods.reggan.generator import (
    CROP_SIZE,
    ONSET,
    WORKING_SIZE,
    FieldGenerator,
    FieldTensors,
)
from faceedit.methods.reggan.mouth import eye_distance, texture_affine
from faceedit.methods.reggan.rgb_generator import RgbGenerator
from faceedit.registry import Checkpoint
from faceedit.targets import Target

_FEWEST_PIXELS = 24
"""An opening of fewer pixels of the opacity has no shape; the texture then lies by the lips."""
_FAINT = 0.01
"""An opacity that is nowhere more than this is no opening."""
_CLOSED_HALF_WIDTH = 0.3
"""Half width in eye distances taken for a mouth without an opening."""
_OPENING_PER_MOUTH = 0.56
"""Half width of a smile's opening over the width of the same mouth before."""


def load(checkpoint: Checkpoint, device: torch.device) -> "RegGAN | RgbRegGAN":
    """Build the method from its checkpoint.

    Raises:
        WeightsError: the tensors do not fit the architecture.
    """
    tensors = {name: tensor.float() for name, tensor in checkpoint.tensors.items()}
    try:
        if checkpoint.profile == "paper":
            rgb = RgbGenerator.from_architecture(checkpoint.architecture)
            rgb.load_state_dict(tensors)
            return RgbRegGAN(rgb.to(device))
        generator = FieldGenerator.from_architecture(checkpoint.architecture)
        styles, calibration = tensors.pop("styles"), tensors.pop("calibration")
        textures, widths = tensors.pop("textures"), tensors.pop("texture_half_width")
        generator.load_state_dict(tensors)
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"reggan {checkpoint.profile}: the tensors do not fit the architecture: {error}"
        ) from error
    return RegGAN(generator.to(device), styles, calibration, textures.numpy(), widths.numpy())


class RegGAN:
    """The ``fast`` profile; see `methods.base.Method`.

    Args:
        generator: trained, on its device.
        styles: (targets, code_size) style code of each target.
        calibration: (targets, 2) gains of flow and log ratio, see `calibrate.calibrate`.
        textures: (K, h, w, 3) float32 mouth textures, K at least 1.
        half_width: (K,) half width in eye distances of the openings that each suits.
    """

    name = "reggan"
    profile = "fast"
    crop_size = CROP_SIZE

    def __init__(
        self,
        generator: FieldGenerator,
        styles: torch.Tensor,
        calibration: torch.Tensor,
        textures: np.ndarray,
        half_width: np.ndarray,
    ):
        self.generator = generator.eval().requires_grad_(False)
        self.generator.refinement.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.device = next(generator.parameters()).device
        self.targets = generator.targets
        self.styles = styles.to(self.device)
        self.calibration = calibration.to(self.device)
        self.textures = textures.astype(np.float32)
        self.half_width = half_width

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit a batch of crops of `crop_size`; see `methods.base.Method.edit`."""
        strengths = _strengths(self.targets, target)
        batch = len(crops)
        if batch == 0:
            return []
        pixels = np.stack([crop.pixels for crop in crops])
        maps = np.stack([draw_landmark_maps(c.landmarks, CROP_SIZE, WORKING_SIZE) for c in crops])
        given = strengths.to(self.device).expand(batch, -1)
        share = given / given.sum(1, keepdim=True).clamp(min=1e-6)
        with torch.inference_mode():
            fields = self.generator(
                _to_tensor(pixels, self.device), _to_tensor(maps, self.device), given,
                share @ self.styles,
            )  # fmt: skip
            edits = _to_numpy(fields, share @ self.calibration)
        return [self._edit(crop, *(field[i] for field in edits)) for i, crop in enumerate(crops)]

    def _edit(
        self,
        crop: Crop,
        flow: np.ndarray,
        log_ratio: np.ndarray,
        opacity: np.ndarray,
        log_gain: np.ndarray,
        saturation: np.ndarray,
    ) -> Edit:
        paint = self._paint(crop, opacity, log_gain, saturation[..., 0])
        return Edit(flow, log_ratio, opacity[..., 0], paint, CROP_SIZE)

    def _paint(
        self, crop: Crop, opacity: np.ndarray, log_gain: np.ndarray, saturation: np.ndarray
    ) -> TexturePaint:
        """Lay the texture that suits the mouth into its opening.

        Args:
            crop: with landmarks before the edit.
            opacity: (h, w, 1) in [0, 1], covering the crop.
            log_gain: (h', w', 3).
            saturation: (h', w').
        """
        unit = max(eye_distance(crop.landmarks), 1.0)
        corners = crop.landmarks[list(MOUTH_CORNERS), :2].astype(np.float64)
        mouth = float(np.linalg.norm(corners[1] - corners[0]))
        axis = (corners[1] - corners[0]) / max(mouth, 1e-6)
        down = np.array([-axis[1], axis[0]])
        lip, half = corners.mean(0), _CLOSED_HALF_WIDTH * unit
        # At small strengths the whole opacity is small: half of the highest marks the edge.
        highest = float(opacity.max())
        opening = np.argwhere(opacity[..., 0] > max(0.5 * highest, _FAINT))[:, ::-1]
        if len(opening) >= _FEWEST_PIXELS:
            points = (opening + 0.5) * (CROP_SIZE / opacity.shape[0]) - 0.5
            along, depth = points @ axis, points @ down
            left, right = np.percentile(along, [1, 99])
            half, middle = (right - left) / 2, (left + right) / 2
            near = np.abs(along - middle) < max(0.25 * half, 2.0)
            top = float(depth[near].min() if near.any() else depth.min())
            lip = axis * middle + down * top
        # By the mouth before the edit: one person keeps one set of teeth at all strengths.
        index = int(np.abs(self.half_width - _OPENING_PER_MOUTH * mouth / unit).argmin())
        affine = texture_affine(axis, lip, half, unit, float(self.half_width[index]))
        return TexturePaint(self.textures[index], affine, log_gain, saturation, CROP_SIZE)


class RgbRegGAN:
    """The ``paper`` profile, whose network paints the whole crop; see `methods.base.Method`.

    Args:
        generator: trained, on its device.
    """

    name = "reggan"
    profile = "paper"

    def __init__(self, generator: RgbGenerator):
        self.generator = generator.eval().requires_grad_(False)
        self.generator.refinement.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.device = next(generator.parameters()).device
        self.targets, self.crop_size = generator.targets, generator.size

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit a batch of crops of `crop_size`; see `methods.base.Method.edit`."""
        strengths = _strengths(self.targets, target)
        if not crops:
            return []
        x = _to_tensor(np.stack([crop.pixels for crop in crops]), self.device) * 2 - 1
        with torch.inference_mode():
            refined = self.generator(x, strengths.to(self.device).expand(len(crops), -1))
        pictures = ((refined.float() + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
        size = self.crop_size
        opacity = np.full((size, size), min(1.0, float(strengths.sum()) / ONSET), np.float32)
        still = np.zeros((2, 2, 3), np.float32)
        return [
            Edit(still[..., :2], still, opacity, RasterPaint(np.ascontiguousarray(p), size), size)
            for p in pictures
        ]


def _strengths(targets: tuple[str, ...], target: Target) -> torch.Tensor:
    """Return a (targets,) vector of strengths.

    Raises:
        UsageError: the target names an expression without weights.
    """
    strengths = torch.zeros(len(targets))
    for expression in target.expressions:
        if expression.name not in targets:
            raise UsageError(
                f"reggan has no weights for {expression.name}; it has {', '.join(targets)}"
            )
        strengths[targets.index(expression.name)] = expression.strength
    return strengths


def _to_tensor(images: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2)


def _to_numpy(fields: FieldTensors, gains: torch.Tensor) -> list[np.ndarray]:
    """Bring fields to numpy.

    Args:
        fields: of N crops.
        gains: (N, 2) of flow and log ratio.

    Returns:
        Flow, log ratio, opacity, log gain and saturation as (N, h, w, C) float32.
    """
    # The mouth's edge is drawn finer than the network works: sharpen after upsampling.
    opacity = F.interpolate(
        fields.opacity_logit, scale_factor=2, mode="bicubic", align_corners=False
    )
    opacity = torch.sigmoid(opacity) * fields.onset
    flow = fields.flow * gains[:, :1, None, None]
    log_ratio = fields.log_ratio * gains[:, 1:, None, None]
    tensors = (flow, log_ratio, opacity, fields.log_gain, fields.saturation)
    return [np.ascontiguousarray(t.permute(0, 2, 3, 1).float().cpu().numpy()) for t in tensors]
