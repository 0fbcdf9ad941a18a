"""Fields made as strong as they were meant: networks trained on many faces answer timidly."""

import numpy as np
import torch
from torch import Tensor

from faceedit.methods.reggan.generator import FieldGenerator
from faceedit.methods.reggan.samples import NEUTRAL, Material, SampleOptions, Samples

FACES = 64
MOST = 1.35
"""Highest gain: what is further off is wrong rather than timid."""
FIELDS = ("flow", "log_ratio")


@torch.no_grad()
def calibrate(generator: FieldGenerator, material: Material, device: torch.device) -> Tensor:
    """Measure on training faces by how much fields fall short of what was wanted at strength 1.

    Args:
        generator: trained, in evaluation mode, on `device`.
        material: the training's.
        device: of the generator.

    Returns:
        (targets, 2) gains of `FIELDS`, from 1 to `MOST`: the inverse slope of predicted over
        wanted values on the skin.
    """
    samples = Samples(material, 0, SampleOptions(augment=False))
    gains = torch.ones(len(generator.targets), len(FIELDS))
    for index, target in enumerate(generator.targets):
        shows = material.expression if target == NEUTRAL else NEUTRAL
        numbers = [i for i, f in enumerate(material.faces) if f.photo.expression == shows]
        spread = np.linspace(0, len(numbers) - 1, min(FACES, len(numbers))).astype(int)
        product, square = torch.zeros(len(FIELDS)), torch.zeros(len(FIELDS))
        for place in spread:
            sample = samples.draw_face(np.random.default_rng(0), numbers[place], target)
            batch = {k: v[None].to(device) for k, v in sample.items()}
            fields = generator(batch["crop"], batch["maps"], batch["strengths"], batch["code"])
            skin = batch["weight"] * (1 - batch["opening"])
            for slot, name in enumerate(FIELDS):
                wanted = batch[name] * skin
                product[slot] += (getattr(fields, name) * wanted).sum().cpu()
                square[slot] += (batch[name] * wanted).sum().cpu()
        slope = product / square.clamp(min=1e-9)
        gains[index] = torch.where(slope > 0, 1 / slope.clamp(min=1e-3), 1.0).clamp(1.0, MOST)
    return gains
