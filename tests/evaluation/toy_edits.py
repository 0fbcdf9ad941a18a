"""Edits of made-up faces and networks that read what was written into them."""

import numpy as np
import torch

from faceedit.evaluation.edits import NONE, Asked, Edits, Pictures
from faceedit.evaluation.evidence import Evidence
from faceedit.evaluation.gallery import Gallery, Networks
from faceedit.faces.topology import mean_shape
from faceedit.targets import parse_target

SIDE = 176
"""Least side that MS-SSIM takes, and some."""


HAPPY = (Asked(parse_target("happy")),)


def landmarks(lips_down=0.0):
    from faceedit.faces.topology import LIPS

    points = mean_shape() * 60 + [88, 70, 0]
    points[list(LIPS), 1] += lips_down
    return points.astype(np.float32)


def pictures_of(codes, people, expressions=None, points=None, side=SIDE):
    """Pictures of one grey each, so that a network can tell them by their mean."""
    n = len(codes)
    crops = np.zeros((n, side, side, 3), np.uint8) + np.array(codes, np.uint8).reshape(-1, 1, 1, 1)
    return Pictures(
        crops,
        np.stack([landmarks() if p is None else p for p in (points or [None] * n)]),
        np.array(people, object),
        np.array(expressions or [""] * n, object),
    )


def edits_of(pictures, before, after, asked=HAPPY, which=None, real=None, **own):
    n = len(before)
    nan = np.full(n, np.nan)
    columns = {"sharpness": nan, "changed_outside": nan, "seconds": nan, "rival": np.zeros(n, bool)}
    return Edits(
        pictures,
        np.array([f"{i}.jpg" for i in before], object),
        tuple(asked),
        np.zeros(n, np.int64) if which is None else np.array(which),
        np.array(before),
        np.array(after),
        np.full(n, NONE) if real is None else np.array(real),
        **{k: np.array(own.get(k, v)) for k, v in columns.items()},
    )


def codes_of(x):
    """(n,) the grey that each picture was made of."""
    return ((x.mean((1, 2, 3)) + 1) * 127.5).round().long()


class Reader:
    """A network that looks things up by a picture's grey, and counts the pictures that it sees."""

    def __init__(self, **columns):
        self.columns = {k: torch.as_tensor(np.array(v, np.float32)) for k, v in columns.items()}
        self.seen = 0

    def __call__(self, x):
        self.seen += len(x)
        return {name: table[codes_of(x)] for name, table in self.columns.items()}


def evidence_of(edits, comparisons=None, **looks):
    networks = Networks(looks, comparisons or {})
    return Evidence(edits, Gallery(edits.pictures, networks))
