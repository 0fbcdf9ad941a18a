"""Mouth textures learned from many smiles, sharp because each smile is registered first.

A mixture: every smile is explained by one texture, moved by its own affine map and small smooth
warp and lit by its own light. What differs between the smiles of one texture is explained away
before averaging, so teeth stay teeth.
"""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from faceedit.compose.mouth.paint import TEXTURE_SIZE, TeethTexture
from faceedit.methods.fields.teeth import part_texture
from faceedit.studio.smiles import Smiles, texture_edge

WHITE = 0.9
"""Brightness of the teeth in a texture."""
HIGHLIGHT = 1.4
"""Highest value in a texture: teeth shine brighter than `WHITE`, and light on a face dims them."""
LEAST_SHARE = 0.15
"""Textures that explain less than this share of the smiles hold outliers and are dropped."""
FEWEST_PIXELS = 900
"""A mouth that covers fewer texture pixels does not tell the colour of its teeth."""


def tooth_colour(patch: np.ndarray, mask: np.ndarray) -> np.ndarray | None:
    """Return the (3,) mean colour in [0, 1] of the brightest part of a mouth; None if unclear."""
    inside = patch[mask > 0.9].astype(np.float64) / 255.0
    if len(inside) < FEWEST_PIXELS:
        return None
    bright = inside[inside.mean(1) >= 0.8 * np.percentile(inside.mean(1), 85)]
    colour = bright.mean(0)
    # Lips and gums are redder, shadows darker than teeth.
    return colour if colour.max() / max(colour.min(), 1e-3) < 1.7 and colour.max() > 0.25 else None


def learn_teeth(smiles: Smiles, components: int = 6, steps: int = 150) -> list[TeethTexture]:
    """Learn textures of teeth from smiles, the most common first.

    Args:
        smiles: mouths in one frame.
        components: number of textures to start with.
        steps: of gradient descent on the textures.

    Raises:
        ValueError: no patch shows clear teeth.
    """
    colours, seen = learn_textures(smiles.patches, smiles.masks, components, steps)
    edge = texture_edge()
    return [part_texture(c / WHITE, edge, s) for c, s in zip(colours, seen, strict=True)]


def learn_textures(
    patches: np.ndarray, masks: np.ndarray, components: int, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Learn textures of open mouths.

    Args:
        patches: (N, h, w, 3) uint8 in the texture frame.
        masks: (N, h, w) coverage of the mouths' inside.
        components: number of textures to start with.
        steps: of gradient descent on the textures.

    Returns:
        (K, h, w, 3) float32 RGB in [0, `HIGHLIGHT`], teeth at `WHITE`, most common first; and
        (K, h, w) float32 in [0, 1], how surely a pixel has been seen.

    Raises:
        ValueError: no patch shows clear teeth.
    """
    usable, colours = [], []
    for index, (patch, mask) in enumerate(zip(patches, masks, strict=True)):
        colour = tooth_colour(patch, mask)
        if colour is not None:
            usable.append(index)
            colours.append(colour)
    if not usable:
        raise ValueError("no patch shows clear teeth")
    smiles = torch.from_numpy(patches[usable]).permute(0, 3, 1, 2).float() / 255.0
    smiles = smiles * (WHITE / torch.tensor(np.array(colours)).float())[:, :, None, None]
    inside = torch.from_numpy(masks[usable])[:, None].float()
    inside = -F.max_pool2d(-inside, 5, 1, 2)
    smiles = torch.cat([smiles, smiles.flip(3)])
    inside = torch.cat([inside, inside.flip(3)])
    background = _background()
    textures = _seeds(smiles, inside, background, components)

    count = len(textures)
    every = _Registration(len(smiles) * count)
    of = torch.arange(count).repeat(len(smiles))
    half = [F.avg_pool2d(t, 2) for t in (smiles, inside, textures)]
    repeated = [t.repeat_interleave(count, 0) for t in half[:2]]
    _descend(every, None, half[2], of, (repeated[0], repeated[1]), 50, 0.01)
    with torch.no_grad():
        cost = _cost(every.render(half[2], of), *repeated).view(len(smiles), count)
    best = cost.argmin(1)
    chosen = every.pick(torch.arange(len(smiles)) * count + best)
    textures = textures.clone().requires_grad_()
    _descend(chosen, background, textures, best, (smiles, inside), steps, 0.003)

    share = torch.bincount(best, minlength=count).float() / len(smiles)
    order = [k for k in share.argsort(descending=True).tolist() if share[k] >= LEAST_SHARE]
    shown = [(inside[best == k] > 0.5).float().mean((0, 1)).numpy() for k in order]
    # What a quarter of the smiles show is known; its border is soft.
    known = [cv2.GaussianBlur(np.clip(4 * s, 0, 1).astype(np.float32), (0, 0), 1.5) for s in shown]
    colours = textures.detach()[order].clamp(0, HIGHLIGHT).permute(0, 2, 3, 1)
    return colours.contiguous().numpy(), np.stack(known)


class _Registration:
    """Per smile: affine map, smooth warp, colour gain and smooth light."""

    def __init__(self, count: int):
        self.affine = torch.tensor([[1.0, 0, 0], [0, 1, 0]]).repeat(count, 1, 1).requires_grad_()
        self.warp = torch.zeros(count, 2, 3, 6, requires_grad=True)
        self.gain = torch.ones(count, 3, 1, 1, requires_grad=True)
        self.light = torch.zeros(count, 1, 3, 5, requires_grad=True)

    def pick(self, index: Tensor) -> "_Registration":
        picked = _Registration(0)
        for name, value in vars(self).items():
            setattr(picked, name, value.detach()[index].clone().requires_grad_())
        return picked

    def render(self, textures: Tensor, of: Tensor) -> Tensor:
        size = textures.shape[2:]
        smooth = {"size": size, "mode": "bicubic", "align_corners": False}
        grid = F.affine_grid(self.affine, [len(of), 1, *size], align_corners=False)
        grid = grid + F.interpolate(self.warp, **smooth).permute(0, 2, 3, 1)
        colour = F.grid_sample(
            # Not textures[of]: adding its gradients up in parallel is not repeatable.
            textures.index_select(0, of),
            grid,
            padding_mode="border",
            align_corners=False,
        )
        return colour * self.gain * torch.exp(F.interpolate(self.light, **smooth))

    def penalty(self, warp: float) -> Tensor:
        straight = self.affine - torch.tensor([[1.0, 0, 0], [0, 1, 0]])
        return (
            warp * self.warp.square().sum()
            + 0.05 * self.light.square().sum()
            + 0.5 * straight.square().sum()
        )


def _descend(
    registration: _Registration,
    background: Tensor | None,
    textures: Tensor,
    of: Tensor,
    seen: tuple[Tensor, Tensor],
    steps: int,
    rate: float,
) -> None:
    """Fit the registration and, where `background` is given, the textures to the smiles.

    Args:
        registration: fitted in place.
        background: (3, h, w), what textures show where no smile tells.
        textures: (K, 3, h, w).
        of: (N,) numbers of the texture of each smile.
        seen: (N, 3, h, w) smiles, and (N, 1, h, w) in [0, 1] where they show the mouth's inside.
        steps: of Adam.
        rate: of Adam.
    """
    smiles, inside = seen
    groups = [
        {"params": [registration.affine], "lr": rate},
        {"params": [registration.warp], "lr": rate},
        {"params": [registration.gain, registration.light], "lr": 3 * rate},
    ]
    if background is not None:
        groups.append({"params": [textures], "lr": 0.01})
    optimiser = torch.optim.Adam(groups)
    for _ in range(steps):
        render = registration.render(textures, of)
        loss = _cost(render, smiles, inside).sum()
        if background is None:
            loss = loss + registration.penalty(20.0)
        else:
            edges = _cost(_slope(render), _slope(smiles), inside[..., 1:]).sum()
            still = (textures - background).square().mean() * len(textures)
            loss = loss + 3 * edges + registration.penalty(5.0) + 0.5 * still
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def _cost(render: Tensor, smiles: Tensor, inside: Tensor) -> Tensor:
    """Return the (N,) mean absolute difference inside the mouths."""
    wrong = ((render - smiles).abs().mean(1, keepdim=True) * inside).sum((1, 2, 3))
    return wrong / inside.sum((1, 2, 3)).clamp(min=1.0)


def _slope(x: Tensor) -> Tensor:
    return x[..., 1:] - x[..., :-1]


def _seeds(smiles: Tensor, inside: Tensor, background: Tensor, count: int) -> Tensor:
    """Start from the sharpest wide smiles, one per person."""
    detail = (smiles - F.avg_pool2d(smiles, 5, 1, 2)).abs().mean(1, keepdim=True)
    people = len(smiles) // 2
    order = (detail * inside).sum((1, 2, 3))[:people].argsort(descending=True)[:count]
    return smiles[order] * inside[order] + background * (1 - inside[order])


def _background() -> Tensor:
    """What lies around the teeth where no smile tells: gums above, the dark of the mouth below."""
    height, width = TEXTURE_SIZE
    lower = torch.linspace(0, 1, height).sub(0.52).mul(12).clamp(0, 1)[None, :, None]
    gums = torch.tensor([0.62, 0.40, 0.40])[:, None, None]
    dark = torch.tensor([0.20, 0.09, 0.09])[:, None, None]
    return (gums * (1 - lower) + dark * lower).expand(3, height, width).clone()
