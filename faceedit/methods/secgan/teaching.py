"""A step of training for the network that takes spectacles and beards off."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.methods.secgan.uncover import UncoverNetwork

SEEN = 0.06
"""Difference of display values from which a pixel is covered."""


def learn(
    network: UncoverNetwork, optimiser: torch.optim.Optimizer, shown: Tensor, wanted: Tensor
) -> float:
    """Take one step; return the loss before it.

    Args:
        network: in training.
        optimiser: of its weights.
        shown: (N, 3, H, 128) RGB in [0, 1], covered bands; see `UncoverNetwork.forward`.
        wanted: likewise, what they are to become.
    """
    frame = ((shown - wanted).abs().amax(1, keepdim=True) > SEEN).float()
    loss = _loss(network, shown, wanted, F.max_pool2d(frame, 3, 1, 1))
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    return loss.item()


def _loss(network: UncoverNetwork, shown: Tensor, wanted: Tensor, frame: Tensor) -> Tensor:
    opacity, paint, ratio = network((shown * 2 - 1).contiguous(memory_format=torch.channels_last))
    share = torch.sigmoid(opacity)
    made = share * paint + (1 - share) * (shown * ratio.exp()).clamp(0, 1)
    weight = 1 + 6 * frame
    loss = 4 * ((made - wanted).abs() * weight).mean()
    for axis in (2, 3):
        edges = (made.diff(dim=axis) - wanted.diff(dim=axis)).abs()
        loss = loss + 2 * (edges * weight.narrow(axis, 1, weight.shape[axis] - 1)).mean()
    hidden = F.binary_cross_entropy_with_logits(opacity, frame)
    return loss + 0.3 * hidden + 0.05 * ratio.abs().mean()
