"""A composed method as the rest of the program sees it."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from faceedit.compose.canvas import FARTHEST
from faceedit.compose.edit import LARGEST_RATIO, Edit
from faceedit.compose.eye_strip import eye_strip
from faceedit.errors import WeightsError
from faceedit.faces.align import Crop
from faceedit.methods.fields.assembly import assemble_edit
from faceedit.methods.fields.condition import ConditionSpec
from faceedit.methods.fields.drawn import WORKING_SIZE, Drawn, draw_face
from faceedit.methods.fields.generator import CROP_SIZE, FieldGenerator, FieldTensors
from faceedit.methods.fields.refinement import RefinementNetwork
from faceedit.methods.fields.shape_layer import MovedFaces
from faceedit.nn.folding import fold_norms
from faceedit.nn.loading import build_network
from faceedit.numerics import FULL, Numerics, check_answer
from faceedit.registry import Checkpoint
from faceedit.targets import Target


class FieldMethod(ABC):
    """A `methods.base.Method` whose network predicts fields.

    Args:
        generator: trained, on its device.

    Attributes:
        name: the method, a key of `catalogue.METHODS`.
        targets: expressions that it knows.
        spec: of its condition.
    """

    name: str
    profile = "fast"
    crop_size = CROP_SIZE
    wide = False
    targets: tuple[str, ...] = ()
    spec: ConditionSpec

    def __init__(self, generator: FieldGenerator):
        self.generator = generator.eval().requires_grad_(False)
        self.generator.refinement.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.device = next(generator.parameters()).device

    @classmethod
    @abstractmethod
    def condition_of(cls, target: Target) -> Tensor:
        """Return the (C,) condition that a target asks for.

        Raises:
            UsageError: the target asks for what the method does not know.
        """

    @classmethod
    @abstractmethod
    def sheet_targets(cls) -> Mapping[str, Target]:
        """Return what the columns of a training's sample sheets show, by their titles."""

    @classmethod
    def build_generator(cls, architecture: Mapping[str, Any]) -> FieldGenerator:
        """Return the generator that a checkpoint's architecture describes.

        Raises:
            KeyError: a value is missing.
            TypeError: one is of another kind, or unknown.
            ValueError: one is out of range.
        """
        return FieldGenerator.from_architecture(dict(architecture), cls.spec)

    @classmethod
    def load(cls, checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL) -> Self:
        """Build the method from its checkpoint.

        Args:
            checkpoint: of this profile.
            device: where it runs.
            numerics: how the refinement network computes; what comes before and after it is always
                in 32 bits.

        Raises:
            WeightsError: the architecture is out of range, or the tensors do not fit it.
        """
        generator = read_weights(cls.build_generator, checkpoint)
        for_edits(generator.refinement, numerics)
        generator.numerics = numerics
        return cls(generator.to(device))

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit a batch of crops of `crop_size`; see `methods.base.Method.edit`.

        Raises:
            NetworkError: what one of its layers says is not finite or beyond all measure.
        """
        asked = self.generator.calibrated(self.condition_of(target))
        if not crops:
            return []
        with torch.inference_mode():
            faces = self._move(crops, asked[None].expand(len(crops), -1))
            return self.edit_moved(crops, asked, faces)

    def edit_moved(self, crops: Sequence[Crop], asked: Tensor, faces: MovedFaces) -> list[Edit]:
        """Return the edits that move faces so; whatever moved them, the network is shown it.

        Args:
            crops: N, at least one.
            asked: (C,) condition, in the terms of the training.
            faces: the N faces, moved.

        Raises:
            NetworkError: what one of its layers says is not finite or beyond all measure.
        """
        with torch.inference_mode():
            condition = asked[None].expand(len(crops), -1)
            shade = self.generator.shade_layer(condition[:1].to(self.device))[0]
            # What is drawn from these would take for ever where they are not finite.
            check_answer(FARTHEST * CROP_SIZE, landmarks=faces.landmarks)
            check_answer(FARTHEST * CROP_SIZE, jaws=faces.jaws, moved_jaws=faces.jaws_moved)
            check_answer(LARGEST_RATIO, shade=shade)
            shade = np.ascontiguousarray(shade.permute(1, 2, 0).cpu().numpy())
            moved = faces.landmarks.cpu().numpy()
            acting = self.generator.acting_at(asked)
            drawn = [
                draw_face(crop.pixels, crop.landmarks, after, shade, acting)
                for crop, after in zip(crops, moved, strict=True)
            ]
            fields = self._refine(crops, drawn, condition)
            check_answer(CROP_SIZE, flow=fields.flow)
            check_answer(LARGEST_RATIO, log_ratio=fields.log_ratio)
            check_answer(math.inf, tone=fields.tone, spectacles=fields.eyeglasses)
        return [assemble_edit(crop, faces, fields, i) for i, crop in enumerate(crops)]

    def _move(self, crops: Sequence[Crop], condition: Tensor) -> MovedFaces:
        landmarks = np.stack([crop.landmarks for crop in crops]).astype(np.float32)
        given = torch.from_numpy(landmarks).to(self.device)
        return self.generator.shape_layer(given, condition.to(self.device))

    def _refine(
        self, crops: Sequence[Crop], drawn: Sequence[Drawn], condition: Tensor
    ) -> FieldTensors:
        pictures = to_tensor(np.stack([crop.pixels for crop in crops]), self.device)
        small = torch.nn.functional.interpolate(pictures, (WORKING_SIZE,) * 2, mode="area")

        def stacked(part: str) -> Tensor:
            return to_tensor(np.stack([getattr(one, part) for one in drawn]), self.device)

        strips = np.stack([eye_strip(crop.pixels, crop.landmarks) for crop in crops])
        return self.generator(
            small,
            *(stacked(part) for part in ("moved", "maps", "flow", "shade")),
            condition.to(self.device),
            to_tensor(strips, self.device),
            None if self.generator.acting is None else stacked("acting"),
        )


def read_weights(
    build: Callable[[Mapping[str, Any]], FieldGenerator], checkpoint: Checkpoint
) -> FieldGenerator:
    """Return a checkpoint's generator, on the CPU.

    Args:
        build: makes the generator of an architecture.
        checkpoint: of a composed method.

    Raises:
        WeightsError: the architecture is out of range, or the tensors do not fit it.
    """
    with fitting(checkpoint):
        return build_network(lambda: build(checkpoint.architecture), weights_of(checkpoint))


def weights_of(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """Return a generator's weights, without the pictures of teeth that older checkpoints carry."""
    return {name: tensor for name, tensor in checkpoint.tensors.items() if name != "textures"}


@contextmanager
def fitting(checkpoint: Checkpoint) -> Iterator[None]:
    """Tell what goes wrong while a network is built from a checkpoint as a `WeightsError`."""
    try:
        yield
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"{checkpoint.method} {checkpoint.profile}: the tensors do not fit the architecture: "
            f"{error}"
        ) from error


def for_edits(network: RefinementNetwork, numerics: Numerics) -> None:
    """Fold a refinement network and, as `numerics` says, round its weights and compile it."""
    fold_norms(network.eval())
    numerics.round_weights(network)
    if numerics.is_compiled:
        network.encode = torch.compile(network.encode)
        network.decode = torch.compile(network.decode)


def to_tensor(images: np.ndarray, device: torch.device) -> Tensor:
    """Return (N, H, W, C) images as (N, C, H, W) on a device."""
    return torch.from_numpy(np.ascontiguousarray(images)).to(device).permute(0, 3, 1, 2)
