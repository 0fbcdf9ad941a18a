"""Stage one: what is measured and solved rather than trained by descent.

The expression layers (Eq. 6), and for the ``fast`` profile the prior, the mouth textures and how
teeth follow the light.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from faceedit.methods.reggan.colour import transfer_histogram
from faceedit.methods.reggan.expression_layer import ExpressionLayer, ExpressionLayerFitter
from faceedit.methods.reggan.generator import CROP_SIZE
from faceedit.methods.reggan.material import MARGIN, AlignedFace, AlignedPair
from faceedit.methods.reggan.mouth import fit_tooth_light, measure_light
from faceedit.methods.reggan.prior import ExpressionPrior, fit_prior
from faceedit.methods.reggan.recipe import RegGANRecipe
from faceedit.methods.reggan.textures import WHITE, learn_textures, plain_textures, tooth_colour

FEWEST_SMILES = 16
"""Textures and light are not learned from fewer mouths that show their teeth."""
USUAL_TOOTH_WEIGHTS = (0.0, 0.4, 0.4)
"""How teeth follow the light where too few smiles tell; see `mouth.tooth_light`."""


@dataclass(frozen=True)
class Measured:
    """What the ``fast`` profile measures before it trains.

    Attributes:
        prior: displacement and log ratio of the expression.
        textures: (K, h, w, 3) of open mouths; a plain one where too few show teeth.
        texture_half_width: (K,), see `textures.MouthTextures`.
        tooth_weights: (3,), see `mouth.tooth_light`.
    """

    prior: ExpressionPrior
    textures: np.ndarray
    texture_half_width: np.ndarray
    tooth_weights: np.ndarray

    def save(self, path: Path) -> None:
        """Write to an npz file."""
        arrays = {f"prior_{f.name}": getattr(self.prior, f.name) for f in fields(self.prior)}
        rest = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "prior"}
        np.savez(path, **arrays, **rest)

    @classmethod
    def load(cls, path: Path) -> "Measured":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            prior = ExpressionPrior(
                **{f.name: arrays[f"prior_{f.name}"] for f in fields(ExpressionPrior)}
            )
            rest = {f.name: arrays[f.name] for f in fields(cls) if f.name != "prior"}
        return cls(prior=prior, **rest)


def measure(
    faces: list[AlignedFace], pairs: list[AlignedPair], expression: str, style_gap: float
) -> Measured:
    """Measure prior, textures and light on the training people.

    Args:
        faces: of training people.
        pairs: of training people.
        expression: of the pairs.
        style_gap: see `prior.fit_prior`.
    """
    prior = fit_prior([pair.raw() for pair in pairs], style_gap=style_gap)
    patches, masks, lights, teeth = [], [], [], []
    for face in faces:
        if face.photo.expression != expression or face.mouth is None:
            continue
        patch, mask = face.mouth
        patches.append(patch)
        masks.append(mask)
        colour = tooth_colour(patch, mask)
        if colour is not None:
            lights.append(measure_light(face.pixels.astype(np.float32) / 255.0, face.landmarks))
            teeth.append(np.log(colour / WHITE))
    if len(teeth) < FEWEST_SMILES:
        found, weights = plain_textures(), np.array(USUAL_TOOTH_WEIGHTS)
    else:
        found = learn_textures(np.array(patches), np.array(masks))
        weights = fit_tooth_light(lights, np.array(teeth))
    return Measured(prior, found.textures, found.half_width, weights)


def fit_expression_layer(
    pairs: list[AlignedPair], size: int, recipe: RegGANRecipe, to_neutral: bool, seed: int = 0
) -> ExpressionLayer:
    """Solve one expression layer from real pairs, their mirror images and recoloured copies.

    Args:
        pairs: of training people.
        size: side of the layer in pixels.
        recipe: field, ridge and number of colour copies.
        to_neutral: from the expression to neutral rather than to the expression.
        seed: of the choice of colours.
    """
    rng = np.random.default_rng(seed)
    # The recipe's ridge is for each pair once: copies add to the sums that it weighs against and
    # must not loosen it.
    ridge = recipe.ridge * 2 * (1 + recipe.colour_copies)
    fitter = ExpressionLayerFitter(size, field=recipe.field, ridge=ridge)
    for pair in pairs:
        images = pair_images(pair, to_neutral)
        copies = [images]
        for _ in range(recipe.colour_copies):
            other = pairs[int(rng.integers(len(pairs)))].neutral.pixels
            copies.append(transfer_histogram(images, other[MARGIN:-MARGIN, MARGIN:-MARGIN]))
        inputs, targets = (
            torch.stack([to_signed(copy[side], size) for copy in copies]) for side in (0, 1)
        )
        fitter.add(torch.cat([inputs, inputs.flip(3)]), torch.cat([targets, targets.flip(3)]))
    return fitter.solve()


def pair_images(pair: AlignedPair, to_neutral: bool) -> list[np.ndarray]:
    """Return input and target of a pair as (S, S, 3) uint8 crops in the input's frame."""
    if to_neutral:
        images = [pair.expressive.pixels, pair.neutral_pixels]
    else:
        images = [pair.neutral.pixels, pair.expressive_pixels]
    return [image[MARGIN:-MARGIN, MARGIN:-MARGIN] for image in images]


def to_signed(image: np.ndarray, size: int = CROP_SIZE) -> Tensor:
    """Return an (S, S, 3) uint8 image as (3, size, size) float32 in [-1, 1]."""
    if image.shape[0] != size:
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(image).permute(2, 0, 1).float() / 127.5 - 1
