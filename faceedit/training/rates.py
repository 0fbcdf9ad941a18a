"""Optimisers, and how their learning rates rise and fall."""

import math
from collections.abc import Iterable

import torch
from torch import nn

from faceedit.training.task import OptimiserOptions, Schedule

LEAST = 0.01
"""Share of the highest rate at which an exponential fall ends."""


def make_optimiser(
    parameters: Iterable[nn.Parameter], options: OptimiserOptions
) -> torch.optim.Optimizer:
    """Return Adam or AdamW over parameters."""
    kind = torch.optim.AdamW if options.kind == "adamw" else torch.optim.Adam
    groups = {options.weight_decay: [], 0.0: []}
    for parameter in parameters:
        decays = options.decays_vectors or parameter.ndim > 1
        groups[options.weight_decay if decays else 0.0].append(parameter)
    parts = [{"params": own, "weight_decay": decay} for decay, own in groups.items() if own]
    return kind(parts, lr=options.rate, betas=options.betas)


def share_of_rate(schedule: Schedule, step: int) -> float:
    """Return the share of the highest rate at a step, counted from 0, in [0, 1]."""
    rise = min(1.0, (step + 1) / schedule.warm_up) if schedule.warm_up else 1.0
    past = step / schedule.steps - schedule.falls_from
    way = (
        min(1.0, max(0.0, past / (1.0 - schedule.falls_from))) if schedule.falls_from < 1.0 else 0.0
    )
    falls = {
        "constant": 1.0,
        "linear": 1.0 - way,
        "cosine": 0.5 + 0.5 * math.cos(math.pi * way),
        "exponential": LEAST**way,
    }
    return rise * falls[schedule.rate]
