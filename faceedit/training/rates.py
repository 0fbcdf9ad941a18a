"""Optimisers, and how their learning rates rise and fall."""

import math
from collections.abc import Iterable

import torch
from torch import nn

from faceedit.training.task import OptimiserPlan, Plan


def make_optimiser(
    parameters: Iterable[nn.Parameter], plan: OptimiserPlan
) -> torch.optim.Optimizer:
    """Return Adam or AdamW over parameters."""
    kind = torch.optim.AdamW if plan.kind == "adamw" else torch.optim.Adam
    return kind(list(parameters), lr=plan.rate, betas=plan.betas, weight_decay=plan.weight_decay)


def share_of_rate(plan: Plan, step: int) -> float:
    """Return the share of the highest rate at a step, counted from 0, in [0, 1]."""
    rise = min(1.0, (step + 1) / plan.warm_up) if plan.warm_up else 1.0
    past = step / plan.steps - plan.falls_from
    way = min(1.0, max(0.0, past / (1.0 - plan.falls_from))) if plan.falls_from < 1.0 else 0.0
    falls = {"constant": 1.0, "linear": 1.0 - way, "cosine": 0.5 + 0.5 * math.cos(math.pi * way)}
    return rise * falls[plan.rate]
