"""Going on saying what a trained network said, on photos alone (Li and Hoiem, 2016).

Rows of photos with any targets, what the layers make of them, and a loss towards what a teacher
says of the same.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from faceedit.methods.fields.generator import FieldGenerator, FieldTensors
from faceedit.methods.fields.losses import field_losses
from faceedit.methods.fields.method import FieldMethod
from faceedit.methods.fields.prepared import Prepared, draw_row
from faceedit.methods.fields.real_pairs import RealFace
from faceedit.methods.fields.recipe import FieldWeights
from faceedit.methods.fields.scores import given
from faceedit.targets import Expression, Target
from faceedit.tones import to_bytes
from faceedit.training.task import Batch

WEAKEST, STRONGEST = 0.3, 1.5
"""Strengths that are rehearsed."""


def rehearsal_rows(
    makes: type[FieldMethod],
    generator: FieldGenerator,
    faces: Sequence[RealFace],
    rng: np.random.Generator,
) -> Prepared:
    """Return each face with a random expression at a random strength, its fields the layers'.

    Args:
        makes: the method, whose targets are drawn from.
        generator: on the CPU, its layers fitted.
        faces: at least one.
        rng: of the targets.
    """
    return columns([plain_row(generator, face, _any_condition(makes, rng)) for face in faces])


def columns(rows: Sequence[dict[str, np.ndarray]]) -> Prepared:
    """Return rows, by names of `Prepared`, as its columns."""
    return Prepared(**{name: np.stack([row[name] for row in rows]) for name in rows[0]})


def plain_row(
    generator: FieldGenerator, face: RealFace, condition: Tensor
) -> dict[str, np.ndarray]:
    """Return a row of `Prepared` for a (C,) condition, its fields those of the layers."""
    drawn, by_details = draw_row(face.pixels, face.landmarks, condition.numpy(), generator)
    return drawn | {
        "flow": drawn["drawn_flow"],
        "log_ratio": drawn["drawn_shade"],
        "trusted": to_bytes(1 - by_details),
        "tone": np.full(3, np.nan, np.float32),
        "eyeglasses": np.array(face.photo.eyeglasses),
        "validation": np.array(False),
    }


def rehearsal_losses(
    fields: FieldTensors, said: FieldTensors, batch: Batch, weights: FieldWeights
) -> dict[str, Tensor]:
    """Compare fields with what a teacher said, as `field_losses` does.

    Args:
        fields: predicted for the batch.
        said: by the teacher, without gradient.
        batch: what both were shown.
        weights: of the terms.
    """
    wanted = batch | said.present() | {"known": torch.ones_like(batch["known"])}
    wanted["eyeglasses"] = torch.sigmoid(said.eyeglasses)[:, None]
    return field_losses(fields, wanted, weights)


@torch.no_grad()
def teach(teacher: FieldGenerator, batch: Batch) -> FieldTensors:
    """Return what a teacher says of a batch of `FieldSamples`."""
    return teacher(*given(batch))


def _any_condition(makes: type[FieldMethod], rng: np.random.Generator) -> Tensor:
    name = makes.targets[int(rng.integers(len(makes.targets)))]
    strength = float(rng.uniform(WEAKEST, STRONGEST))
    return makes.condition_of(Target((Expression(name, strength),)))
