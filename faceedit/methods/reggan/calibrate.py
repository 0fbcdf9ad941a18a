"""Strength 1 made to mean the whole expression: networks trained on many faces answer timidly."""

import numpy as np
import torch
from torch import Tensor

from faceedit.methods.reggan.generator import FieldGenerator
from faceedit.methods.reggan.samples import NEUTRAL, Material, SampleOptions, Samples

FACES = 48
MOST = 1.3
"""Highest calibration: what is further off is wrong rather than timid."""


@torch.no_grad()
def calibrate(generator: FieldGenerator, material: Material, device: torch.device) -> Tensor:
    """Measure on training faces what network strength each target's strength 1 needs.

    Args:
        generator: trained, in evaluation mode, on `device`.
        material: the training's.
        device: of the generator.

    Returns:
        (targets,) from 1 to `MOST`: the inverse slope of predicted over wanted flow.
    """
    samples = Samples(material, 0, SampleOptions(augment=False))
    calibration = torch.ones(len(generator.targets))
    for index, target in enumerate(generator.targets):
        shows = material.expression if target == NEUTRAL else NEUTRAL
        numbers = [i for i, f in enumerate(material.faces) if f.photo.expression == shows]
        spread = np.linspace(0, len(numbers) - 1, min(FACES, len(numbers))).astype(int)
        product, square = 0.0, 0.0
        for place in spread:
            sample = samples.draw_face(np.random.default_rng(0), numbers[place], target)
            batch = {k: v[None].to(device) for k, v in sample.items()}
            fields = generator(batch["crop"], batch["maps"], batch["strengths"], batch["code"])
            skin = batch["weight"] * (1 - batch["opening"])
            product += float((fields.flow * batch["flow"] * skin).sum())
            square += float((batch["flow"].square() * skin).sum())
        if product > 0:
            calibration[index] = min(MOST, max(1.0, square / product))
    return calibration
