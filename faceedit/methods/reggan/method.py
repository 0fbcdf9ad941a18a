"""RegGAN as the rest of the program sees it."""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch

from faceedit.compose.details import FARTHEST, EyesDetail, MouthDetail, MovedPoints
from faceedit.compose.edit import LARGEST_RATIO, Edit, RasterPaint
from faceedit.compose.eye_strip import eye_strip
from faceedit.compose.mesh_flow import soften_jumps
from faceedit.compose.mouth.paint import TeethTexture
from faceedit.compose.spectacles import spectacle_hold
from faceedit.errors import UsageError, WeightsError
from faceedit.faces.align import Crop
from faceedit.faces.topology import FACE_OVAL, eye_distance
from faceedit.methods.reggan.drawn import FIELD_SIZE, WORKING_SIZE, Drawn, draw_face
from faceedit.methods.reggan.generator import CROP_SIZE, FieldGenerator, FieldTensors
from faceedit.methods.reggan.rgb_generator import RgbGenerator
from faceedit.methods.reggan.shape_layer import MovedFaces, block_shares
from faceedit.methods.reggan.teeth import choose_texture, unpack_textures
from faceedit.nn.folding import fold_norms
from faceedit.nn.loading import build_network
from faceedit.numerics import FULL, Numerics, check_answer
from faceedit.registry import Checkpoint
from faceedit.targets import Target
from faceedit.tones import muted

ONSET = 0.15
"""Strength of the ``paper`` profile below which its picture fades into the photo."""

PLAIN_COLOUR = 0.1
"""Mean chroma over brightness of a face from which on a photo is one in colour."""
SILHOUETTE, ABOUT_EYES = 4.0, 2.0
"""Crop pixels over which the flow goes over from a far cheek's outline to what lies behind it,
which fields are too coarse to follow; and from a brow to the lid that it nears."""
_FINER = CROP_SIZE // FIELD_SIZE
Generator = TypeVar("Generator", FieldGenerator, RgbGenerator)
_LIKELY, _SURE = -0.5, 2.0
"""Logit from which on spectacles are held still, and how steeply: a frame that bends is worse than
lids that move too little."""


def load(
    checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL
) -> "RegGAN | RgbRegGAN":
    """Build the method from its checkpoint.

    Args:
        checkpoint: of either profile.
        device: where it runs.
        numerics: how the refinement network computes; what comes before and after it is always
            in 32 bits.

    Raises:
        WeightsError: the architecture is out of range, or the tensors do not fit it.
    """
    tensors, values = dict(checkpoint.tensors), checkpoint.architecture
    try:
        if checkpoint.profile == "paper":
            rgb = build_network(lambda: RgbGenerator.from_architecture(values), tensors)
            return RgbRegGAN(_prepare(rgb.to(device), numerics))
        textures = unpack_textures(tensors.pop("textures").float().numpy())
        generator = build_network(lambda: FieldGenerator.from_architecture(values), tensors)
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"reggan {checkpoint.profile}: the tensors do not fit the architecture: {error}"
        ) from error
    return RegGAN(_prepare(generator.to(device), numerics), textures)


def _prepare(generator: Generator, numerics: Numerics) -> Generator:
    fold_norms(generator.eval().refinement)
    generator.numerics = numerics
    if numerics.is_compiled:
        network = generator.refinement
        network.encode = torch.compile(network.encode)
        network.decode = torch.compile(network.decode)
    return generator


class RegGAN:
    """The ``fast`` profile; see `methods.base.Method`.

    Args:
        generator: trained, on its device.
        textures: of teeth, at least one.
    """

    name = "reggan"
    profile = "fast"
    crop_size = CROP_SIZE

    def __init__(self, generator: FieldGenerator, textures: Sequence[TeethTexture]):
        self.generator = generator.eval().requires_grad_(False)
        self.generator.refinement.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.device = next(generator.parameters()).device
        self.targets: tuple[str, ...] = generator.targets
        self.textures = tuple(textures)

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit a batch of crops of `crop_size`; see `methods.base.Method.edit`.

        Raises:
            NetworkError: what one of its layers says is not finite or beyond all measure.
        """
        strengths = _strengths(self.targets, target)
        if not crops:
            return []
        with torch.inference_mode():
            shares = block_shares(strengths[None]).expand(len(crops), -1)
            faces = self._move(crops, shares)
            shade = self.generator.shade_layer(shares[:1].to(self.device))[0]
            # What is drawn from these would take for ever where they are not finite.
            check_answer(FARTHEST * CROP_SIZE, landmarks=faces.landmarks)
            check_answer(FARTHEST * CROP_SIZE, jaws=faces.jaws, moved_jaws=faces.jaws_moved)
            check_answer(LARGEST_RATIO, shade=shade)
            shade = np.ascontiguousarray(shade.permute(1, 2, 0).cpu().numpy())
            moved = faces.landmarks.cpu().numpy()
            drawn = [
                draw_face(crop.pixels, crop.landmarks, after, shade)
                for crop, after in zip(crops, moved, strict=True)
            ]
            fields = self._refine(crops, drawn, shares)
            check_answer(CROP_SIZE, flow=fields.flow)
            check_answer(LARGEST_RATIO, log_ratio=fields.log_ratio)
            check_answer(math.inf, tone=fields.tone, spectacles=fields.eyeglasses)
        return [self._edit(crop, faces, fields, i) for i, crop in enumerate(crops)]

    def _move(self, crops: Sequence[Crop], shares: torch.Tensor) -> MovedFaces:
        landmarks = np.stack([crop.landmarks for crop in crops]).astype(np.float32)
        given = torch.from_numpy(landmarks).to(self.device)
        return self.generator.shape_layer(given, shares.to(self.device))

    def _refine(
        self, crops: Sequence[Crop], drawn: Sequence[Drawn], shares: torch.Tensor
    ) -> FieldTensors:
        pictures = _to_tensor(np.stack([crop.pixels for crop in crops]), self.device)
        small = torch.nn.functional.interpolate(pictures, (WORKING_SIZE,) * 2, mode="area")
        parts = ("moved", "maps", "flow", "shade")
        given = (
            _to_tensor(np.stack([getattr(one, part) for one in drawn]), self.device)
            for part in parts
        )
        strips = np.stack([eye_strip(crop.pixels, crop.landmarks) for crop in crops])
        return self.generator(
            small, *given, shares.to(self.device), _to_tensor(strips, self.device)
        )

    def _edit(self, crop: Crop, faces: MovedFaces, fields: FieldTensors, index: int) -> Edit:
        points = MovedPoints(
            crop.landmarks,
            *(
                part[index].cpu().numpy().astype(np.float64)
                for part in (faces.landmarks, faces.jaws, faces.jaws_moved)
            ),
        )
        held = float(torch.sigmoid(_SURE * (fields.eyeglasses[index] - _LIKELY)))
        hold = hold_spectacles(crop.landmarks)[..., None]
        free, eyes = 1 - held * hold, hold / max(float(hold.max()), 1e-3)
        tone = fields.tone[index].cpu().numpy()
        colour = _colour_share(crop)
        texture = choose_texture(self.textures, crop.landmarks)
        nothing = np.zeros((2, 2), np.float32)
        paint = RasterPaint(np.zeros((2, 2, 3), np.float32), CROP_SIZE)
        details = (EyesDetail(points, held), MouthDetail(points, texture, tone, colour))
        flow, ratio = (
            np.ascontiguousarray(field[index].permute(1, 2, 0).cpu().numpy() * free)
            for field in (fields.flow, fields.log_ratio)
        )
        far, near = (
            _FINER * soften_jumps(flow / _FINER, FIELD_SIZE, over)
            for over in (SILHOUETTE, ABOUT_EYES)
        )
        flow = far + eyes * (near - far)
        ratio = muted(ratio, colour)
        return Edit(flow, ratio, nothing, paint, CROP_SIZE, details)


def _colour_share(crop: Crop) -> float:
    """Return 0 for a photo without colour, 1 for one with the colour of skin."""
    points = crop.landmarks[list(FACE_OVAL), :2]
    left, top = np.clip(points.min(0), 0, CROP_SIZE - 1).astype(int)
    right, bottom = np.clip(points.max(0), 1, CROP_SIZE).astype(int)
    face = crop.pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
    chroma = float(np.ptp(face, axis=-1).mean()) / max(float(face.mean()), 1e-3)
    return min(chroma / PLAIN_COLOUR, 1.0)


def hold_spectacles(landmarks: np.ndarray) -> np.ndarray:
    """Return how firmly spectacles hold each pixel of the fields, (128, 128) float32 in [0, 1]."""
    places = (landmarks[:, :2] + 0.5) * (FIELD_SIZE / CROP_SIZE) - 0.5
    return spectacle_hold(places, eye_distance(places), FIELD_SIZE)


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
        """Edit a batch of crops of `crop_size`; see `methods.base.Method.edit`.

        Raises:
            NetworkError: the network's answer is not finite.
        """
        strengths = _strengths(self.targets, target)
        if not crops:
            return []
        x = _to_tensor(np.stack([crop.pixels for crop in crops]), self.device) * 2 - 1
        with torch.inference_mode():
            answer = self.generator.answer(x, strengths.to(self.device).expand(len(crops), -1))
            check_answer(math.inf, picture=answer)
            refined = self.generator.refinement.activate(answer)
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
    return torch.from_numpy(np.ascontiguousarray(images)).to(device).permute(0, 3, 1, 2)
