"""The toy face with muscles that move nothing, for tests of folds."""

from dataclasses import replace
from functools import cache

import numpy as np
from toys import frontal_subject, toy_model

from faceedit.studio.fold_atlas import FoldAtlas, make_up_folds
from faceedit.studio.learn_folds import face_mask
from faceedit.studio.model import FaceModel
from faceedit.studio.skin import atlas_coordinates
from faceedit.studio.subject import Subject

SIDED = (
    "browDown", "browInnerUp", "browOuterUp", "cheekSquint", "eyeSquint", "mouthDimple",
    "mouthFrown", "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer",
)  # fmt: skip
NAMES = (*(f"{n}_{side}" for n in SIDED for side in "LR"), "mouthShrugLower", "cheekDent")


@cache
def folded_model() -> FaceModel:
    """A model whose muscles move nothing, but for one that dents the person's left cheek."""
    model = toy_model(symmetric=True)
    expression = np.zeros((len(NAMES), *model.neutral.shape), np.float32)
    away = ((model.neutral[:, :2] - (3.0, -1.0)) ** 2).sum(1)
    expression[-1, :, 2] = -np.exp(-away / 0.8**2)
    return replace(model, expression=expression, expression_names=NAMES)


def folded_subject(pixels: np.ndarray | None = None, size: int = 128) -> Subject:
    """The face at rest, on flat skin or on another photo of it."""
    return frontal_subject(size, pixels, folded_model())


@cache
def folded_atlas() -> FoldAtlas:
    """An atlas whose smile darkens everything a little."""
    model = folded_model()
    places = atlas_coordinates(model.neutral[: model.n_skin])
    points = places[model.landmark_vertices]
    face = face_mask(points)
    smile = -0.1 * np.repeat(face[..., None], 3, axis=2)
    return FoldAtlas(
        places=places,
        smile_median=smile,
        smile_people=smile[None] * np.array([0.5, 2.0], np.float32)[:, None, None, None],
        face=face,
        folds=face,
        neutral_expression=np.zeros(len(NAMES)),
        made_up=make_up_folds(points),
    )
