"""Difference vectors: what a target asks a generator to change."""

import torch
from torch import Tensor

from faceedit.methods.pictures.backbones import Shape
from faceedit.methods.pictures.masks import SEGMENTS
from faceedit.targets import ATTRIBUTES, EXPRESSIONS, AttributeChange, Target

NAMES: dict[str, tuple[str, ...]] = {
    "attributes": tuple(f"attr={name}" for name in ATTRIBUTES),
    "expressions": EXPRESSIONS,
}
"""What a vector has numbers of, in order, by the name of a set of labels."""


def rgb_shape(labels: str, size: int, width: int, blocks: int, masked: bool) -> Shape:
    """Return the shape of a generator of pictures.

    Args:
        labels: a key of `NAMES`.
        size: side of the pictures in pixels.
        width: channels of the first convolution.
        blocks: residual blocks.
        masked: it is shown the semantic mask beside the picture.
    """
    return Shape(len(NAMES[labels]), 3, size, width, blocks, SEGMENTS * masked)


def difference_of(target: Target, labels: str) -> Tensor:
    """Return y_diff of a target, (K,): its strength where something is to come, less where to go.

    What a face shows is not known. Attributes that are there already are left alone by the rest of
    the program; a face that is to show an expression is taken for a neutral one.

    Args:
        target: of the names of `labels`.
        labels: a key of `NAMES`.

    >>> from faceedit.targets import parse_target
    >>> difference_of(parse_target("happy:0.5"), "expressions")[:3].tolist()
    [-0.5, 0.5, 0.0]
    """
    names = NAMES[labels]
    difference = torch.zeros(len(names))
    for term in target.terms:
        goes = isinstance(term, AttributeChange) and not term.on
        difference[names.index(term.name)] += -term.strength if goes else term.strength
        if labels == "expressions" and term.name != EXPRESSIONS[0]:
            difference[0] -= term.strength
    return difference
