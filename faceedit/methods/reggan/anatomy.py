"""What the closed-form layer gets wrong in all faces: corners of mouths, wide lids, lips."""

from dataclasses import replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from faceedit.compose.eyes.lids import CREASES, UNDER_BROWS
from faceedit.compose.mouth.traits import traits_of
from faceedit.faces.topology import (
    BROW_OUTLINES,
    LOWER_INNER_LIP,
    LOWER_LIDS,
    MOUTH_CORNERS,
    UPPER_INNER_LIP,
    UPPER_LIDS,
    eye_distance,
    mean_shape,
)
from faceedit.methods.fields.shape_layer import MovedFaces, face_frame
from faceedit.methods.reggan.in_manner import part_shares
from faceedit.methods.reggan.nose import nose_held

UPPER_LIP, LOWER_LIP = 13, 14
"""Middles of the inner lips."""
CORNER_HEIGHT, SMILE_HEIGHT = 0.4, 0.04
"""How far down an opening the corners come at least: medians of portraits are 0.5 (20 surprised)
and 0.04 (67 smiling); the naturalness network likes a little less of both."""
SMILES = (0.6, 0.68)
"""Widths of a mouth in eye distances between which its corners are those of a smile."""
OPENS = (0.06, 0.16)
"""Eye distances that a mouth opens by, between which its corners come to lie there."""
CORNER_REACH = 0.17
"""Eye distances about a corner that go with it."""
ARCH, HANGS = 4, (0.05, 0.25)
"""Power of the way from the middle to a corner by which the upper lip of a mouth that hangs open
falls, as in 117 portraits: flatter, it is a box. Heights of the opening that the corners lie below
its middle, between which it comes to hang."""
ALONG_LIP, ABOVE_LIP = 0.03, 0.12
"""Eye distances along the upper lip and above it over which skin goes with its inner edge."""
WIDE_LIDS, LEAST_RISE, BEYOND = 0.122, 0.008, 0.4
"""Openings of the lids in eye distances, and a rise, from which on only a share of more counts:
in portraits of surprise the median is 0.13, and one in ten exceeds 0.15."""
CREASE_SHARE = 0.5
"""Of a lid's correction that its fold has."""

STRETCHED_BROW, STRETCHED_INNER, MORE_STRETCHED = 0.45, 0.8, 0.3
"""Share by which the skin between brows and lids gets higher, beyond which only a share of more
counts: where eyes lie deep it is shadow and hair, which would be drawn out."""
RISEN = 0.03
"""Eye distances that a brow gets farther from its eye by, from which on skin between is evened."""
STRETCHED_LID = 1.05
"""Height of what is seen of an upper lid over that in the photo, beyond which its fold rises with
its edge: lashes and paint on it do not grow."""

OUTER_EDGES = ((185, 40, 39, 37, 0, 267, 269, 270, 409), (91, 181, 84, 17, 314, 405, 321))
INNER_EDGES = ((191, 80, 81, 82, 13, 312, 311, 310, 415), (88, 178, 87, 14, 317, 402, 318))
"""Points of the upper and of the lower lip between which it is thick, from side to side."""
SWELLS, SWOLLEN = 1.04, 0.35
"""Thickness of a lip over that in the photo, times what the mouth gets narrower by, from which on
only a share of more counts: lips do not swell where a face is disgusted."""
THINS, THIN = 0.92, 0.3
"""Likewise of a lip that thins: what is missing of the first counts by the second alone."""
EASES = 0.03
"""Eye distances that are taken back of a mouth's width from which on its lips do not thin."""
BESIDE_LIPS = 0.14
"""Eye distances about the lips, over which skin goes with their edges and corners."""
REST_WIDTH, SMILED = 0.56, 0.25
"""Width of a mouth in eye distances beyond which only a share is its own and the rest a smile: of
91 people who smile at 0.6 to 0.7, nearly all are back there at rest."""
STRETCHED = 0.3
"""Share that counts of what a closed mouth gets wider by than at rest: of 91 sad portraits none
shows it, and it draws out the line at the corners."""
LOW_CORNERS, LOW = 0.02, 0.8
"""Eye distances below the line of closed lips from which on only a share of more counts: of corners
in portraits of sadness one in ten is lower than 0.03."""
GOES = 0.05
"""Eye distances by which a corner moves against the lips' middle where its smile is gone."""
OPEN = (0.03, 0.08)
"""Eye distances of an opening between which lips come to be stretched by it."""
OWN_WIDTH, ASKEW = 0.15, 0.012
"""Share by which people's round mouths are wider or narrower than the layer's, and eye distances by
which a corner of theirs is higher or lower."""
ROUND = (0.24, 0.32)
"""Heights of an opening over its width between which a mouth comes to be round: nine in ten of
fear are below the first, and of surprise three in four beyond the second."""


def settled(before: Tensor, faces: MovedFaces) -> MovedFaces:
    """Return moved faces whose open mouths and wide eyes are as those of people.

    Args:
        before: (N, 478, 3) crop pixels, upright.
        faces: the same, moved.
    """
    _, unit = face_frame(before)
    start, unit = before[..., :2].to(faces.landmarks), unit[..., 0].to(faces.landmarks)
    landmarks = faces.landmarks.clone()
    landmarks[..., 1] += nose_held(start, landmarks, unit)
    landmarks += _corners_settled(start, landmarks, unit)
    landmarks += _lips_in_volume(start, faces.landmarks, landmarks, unit)
    landmarks[..., 1] += _corners_down(start, faces.landmarks, unit)
    landmarks += _of_its_own(start, landmarks, unit)
    landmarks[..., 1] += _arched(start, landmarks, unit)
    landmarks += _brows_held(start, faces.landmarks)
    for eye in (0, 1):
        lid, fold = (list(ring[eye]) for ring in (UPPER_LIDS, CREASES))
        down = _lid_down(start, faces.landmarks, unit, eye)
        along = torch.linspace(-1, 1, len(lid), dtype=down.dtype, device=down.device)
        landmarks[:, lid, 1] += down * (1 - along**2)
        landmarks[:, fold, 1] += CREASE_SHARE * down * (1 - along[1:-1] ** 2)
        _skin_under_brow(start, landmarks, unit, eye)
    return replace(faces, landmarks=landmarks)


def _corners_down(start: Tensor, after: Tensor, unit: Tensor) -> Tensor:
    """Return by how many pixels each point goes down, (N, 478), where a mouth opens."""
    gap = after[:, LOWER_LIP, 1:] - after[:, UPPER_LIP, 1:]
    opens = _opens(start, after, unit)
    smiles = ((_width(after) / unit - SMILES[0]) / (SMILES[1] - SMILES[0])).clamp(0, 1)
    height = CORNER_HEIGHT + smiles * (SMILE_HEIGHT - CORNER_HEIGHT)
    wanted = after[:, UPPER_LIP, 1:] + height * gap
    total = torch.zeros_like(after[..., 0])
    for corner in MOUTH_CORNERS:
        down = opens * (wanted - after[:, corner, 1:]).clamp(min=0)
        away = (after - after[:, corner : corner + 1]).norm(dim=-1) / unit
        total = total + down * torch.exp(-((away / CORNER_REACH) ** 2))
    return total


def _opens(start: Tensor, after: Tensor, unit: Tensor) -> Tensor:
    """Return how far mouths open, (N, 1) in [0, 1]."""
    gap = after[:, LOWER_LIP, 1:] - after[:, UPPER_LIP, 1:]
    had = start[:, LOWER_LIP, 1:] - start[:, UPPER_LIP, 1:]
    low, high = OPENS
    return (((gap - had.clamp(min=0)) / unit - low) / (high - low)).clamp(0, 1)


def _width(points: Tensor) -> Tensor:
    """Return how far the corners of mouths are apart, (N, 1) pixels."""
    left, right = MOUTH_CORNERS
    return (points[:, left] - points[:, right]).norm(dim=-1, keepdim=True)


def _of_its_own(start: Tensor, after: Tensor, unit: Tensor) -> Tensor:
    """Return how points go where mouths are round, each in its own way, (N, 478, 2) pixels."""
    tall = (after[:, LOWER_LIP, 1:] - after[:, UPPER_LIP, 1:]) / _width(after)
    rounded = ((tall - ROUND[0]) / (ROUND[1] - ROUND[0])).clamp(0, 1) * _opens(start, after, unit)
    traits = [traits_of(points) for points in start.cpu().numpy()]
    width, askew = (
        rounded * torch.tensor([[getattr(one, name)] for one in traits]).to(after)
        for name in ("width", "askew")
    )
    middle, shift = (after[:, UPPER_LIP] + after[:, LOWER_LIP]) / 2, torch.zeros_like(after)
    for corner, share in zip(MOUTH_CORNERS, _corner_shares(), strict=True):
        share, has = share.to(after), after[:, corner, :1] - middle[:, :1]
        shift[..., 0] += OWN_WIDTH * width * has * share
        # Lips bend towards their corners.
        shift[..., 1] += ASKEW * unit * askew * torch.sign(has) * share**2
    return shift


def _arched(start: Tensor, after: Tensor, unit: Tensor) -> Tensor:
    """Return by how many pixels each point goes down, (N, 478), where an upper lip is flat."""
    line = after[:, list(UPPER_INNER_LIP)]
    first, last, middle = line[:, :1], line[:, -1:], line.shape[1] // 2
    along = ((line - first) / (last - first))[..., 0]
    high = first[..., 1] + along * (last - first)[..., 1] - line[..., 1]
    top = high[:, middle : middle + 1]
    gap = after[:, LOWER_LIP, 1:] - after[:, UPPER_LIP, 1:]
    had = start[:, LOWER_LIP, 1:] - start[:, UPPER_LIP, 1:]
    hangs = ((top / gap.clamp(min=1e-3) - HANGS[0]) / (HANGS[1] - HANGS[0])).clamp(0, 1)
    hangs = hangs * (((gap - had.clamp(min=0)) / unit - OPEN[0]) / (OPEN[1] - OPEN[0])).clamp(0, 1)
    flat = hangs * (high - top * (1 - (2 * along - 1).abs() ** ARCH)).clamp(min=0)
    aside = (after[:, :, None, 0] - line[:, None, :, 0]) / unit[..., None]
    near = torch.exp(-((aside / ALONG_LIP) ** 2))
    down = (near * flat[:, None]).sum(-1) / near.sum(-1).clamp(min=1.0)
    above = (line[:, middle, 1:] - after[..., 1]).clamp(min=0) / unit
    return down * torch.exp(-((above / ABOVE_LIP) ** 2)) * _upper_face().to(after)


@cache
def _upper_face() -> Tensor:
    """Return 1 for the points of the upper lip and above it, 0 for the others, (478,)."""
    points, line = mean_shape(), list(UPPER_INNER_LIP)
    order = np.argsort(points[line, 0])
    upper = points[:, 1] < np.interp(points[:, 0], *points[line][order, :2].T)
    upper[line] = True
    upper[list(LOWER_INNER_LIP[1:-1])] = False
    return torch.from_numpy(upper.astype(np.float32))


def _corners_settled(start: Tensor, after: Tensor, unit: Tensor) -> Tensor:
    """Return how points go where a closed mouth gets wider, or hangs, (N, 478, 2) pixels."""
    middles = [(p[:, UPPER_LIP] + p[:, LOWER_LIP]) / 2 for p in (start, after)]
    width = _width(start)
    smiled = (1 - SMILED) * (width - REST_WIDTH * unit).clamp(min=0)
    closed, shift = _closed(after, unit), torch.zeros_like(after)
    for corner, share in zip(MOUTH_CORNERS, _corner_shares(), strict=True):
        had, has = (p[:, corner] - m for p, m in zip((start, after), middles, strict=True))
        goes = ((has - had).norm(dim=-1, keepdim=True) / (GOES * unit)).clamp(max=1)
        at_rest = had[:, :1].abs() * (1 - goes * smiled / width.clamp(min=1e-3))
        wider = (has[:, :1].abs() - at_rest).clamp(min=0)
        # A corner that rises as far as it goes outwards smiles.
        wider = (1 - STRETCHED) * (wider - (had - has)[:, 1:].clamp(min=0)).clamp(min=0)
        lowest = torch.maximum(had[:, 1:], LOW_CORNERS * unit)
        lower = (1 - LOW) * (has[:, 1:] - lowest).clamp(min=0)
        share = share.to(after)
        shift[..., 0] -= closed * wider * torch.sign(has[:, :1]) * share
        # Lips bend towards their corners.
        shift[..., 1] -= closed * lower * share**2
    return shift


def _lips_in_volume(start: Tensor, wide: Tensor, after: Tensor, unit: Tensor) -> Tensor:
    """Return how points go where lips swell or thin, (N, 478, 2) pixels.

    Lips that are pressed are thin; those that close, or whose corners were taken back, are not.
    """
    shift = torch.zeros_like(after)
    width, stretched, kept = (_width(p) for p in (start, wide, after))
    narrower = (width / kept.clamp(min=1e-3)).clamp(1, 2)
    apart = (start[:, LOWER_LIP, 1:] - start[:, UPPER_LIP, 1:]) / OPEN[1]
    eased = (torch.maximum((stretched - kept) / EASES, apart) / unit).clamp(0, 1)
    eased = eased * _closed(after, unit)
    crossed = (after[:, UPPER_LIP, 1:] - after[:, LOWER_LIP, 1:]).clamp(min=0)
    # Lips that cross meet halfway.
    sides = zip(OUTER_EDGES, INNER_EDGES, (1, -1), _lip_shares(), strict=True)
    for outer, inner, down, share in sides:
        edge, line = list(outer), list(inner)
        rest = narrower * (start[:, edge, 1] - start[:, line, 1]).abs()
        has = after[:, edge, 1] - after[:, line, 1] + down * crossed / 2
        more = (1 - SWOLLEN) * (has.abs() - SWELLS * rest).clamp(min=0)
        less = (1 - THIN) * eased * (THINS * rest - has.abs()).clamp(min=0)
        shift[..., 1] -= ((more - less) * torch.sign(has)) @ share.to(after)
    return shift


def _closed(after: Tensor, unit: Tensor) -> Tensor:
    """Return how far mouths are closed, (N, 1) in [0, 1]."""
    gap = (after[:, LOWER_LIP, 1:] - after[:, UPPER_LIP, 1:]) / unit
    return 1 - ((gap - OPEN[0]) / (OPEN[1] - OPEN[0])).clamp(0, 1)


@cache
def _corner_shares() -> tuple[Tensor, Tensor]:
    """Return how far points go with each corner of the mouth, (478,) each."""
    points = mean_shape()[:, :2].astype(np.float64) / eye_distance(mean_shape())
    middle = points[[UPPER_LIP, LOWER_LIP]].mean(0)
    shares = []
    for corner in MOUTH_CORNERS:
        out = (points[:, 0] - middle[0]) / (points[corner, 0] - middle[0])
        beyond = np.maximum(out - 1, 0) * abs(points[corner, 0] - middle[0])
        lip = np.where(points[:, 1] < middle[1], *(abs(points[n, 1] - middle[1]) for n in (0, 17)))
        off = np.hypot(beyond, np.maximum(np.abs(points[:, 1] - middle[1]) - lip, 0))
        share = np.clip(out, 0, 1) * np.exp(-((off / BESIDE_LIPS) ** 2))
        shares.append(torch.from_numpy(share.astype(np.float32)))
    return shares[0], shares[1]


@cache
def _lip_shares() -> tuple[Tensor, Tensor]:
    """Return how far points go with those of `OUTER_EDGES`, (K, 478) each."""
    points = mean_shape()[:, :2].astype(np.float64) / eye_distance(mean_shape())
    left, right = points[list(MOUTH_CORNERS), 0]
    shares = []
    for outer, inner in zip(OUTER_EDGES, INNER_EDGES, strict=True):
        edge, line = points[list(outer)], points[list(inner)]
        at = np.array([left, *edge[:, 0], right])
        # Each takes part up to its neighbours, the last ones up to the corners.
        across = np.stack([np.interp(points[:, 0], at, one) for one in np.eye(len(at))[1:-1]])
        top, foot = (np.interp(points[:, 0], row[:, 0], row[:, 1]) for row in (edge, line))
        out = (points[:, 1] - foot) / (top - foot)
        beyond = np.maximum(out - 1, 0) * np.abs(top - foot) / BESIDE_LIPS
        share = across * np.clip(out, 0, 1) * np.exp(-(beyond**2))
        shares.append(torch.from_numpy(share.astype(np.float32)))
    return shares[0], shares[1]


def _brows_held(start: Tensor, after: Tensor) -> Tensor:
    """Return how points go back where brows rise far over their eyes, (N, 478, 2) pixels."""
    back = torch.zeros_like(start[:, :1, :1])
    for at, stretched in (((7, UPPER_LIDS, 4), STRETCHED_BROW), ((5, CREASES, 6), STRETCHED_INNER)):
        (of_brow, rings, of_eye) = at
        brows, eyes = [ring[of_brow] for ring in BROW_OUTLINES], [ring[of_eye] for ring in rings]
        had, has = ((p[:, eyes, 1] - p[:, brows, 1]).mean(1) for p in (start, after))
        more = has / had.clamp(min=1e-3) - 1
        held = (1 - MORE_STRETCHED) * (more - stretched).clamp(min=0) / more.clamp(min=1e-3)
        back = torch.maximum(back, held[:, None, None])
    return back * part_shares()[0].to(after)[:, None] * (start - after)


def _skin_under_brow(start: Tensor, after: Tensor, unit: Tensor, eye: int) -> None:
    """Let the skin between a lid's fold and a brow that rises stretch evenly, and lids hardly.

    Args:
        start: (N, 478, 2) pixels.
        after: (N, 478, 2), written over.
        unit: (N, 1) pixels.
        eye: 0 or 1.
    """
    lid, fold, under = (list(ring[eye]) for ring in (UPPER_LIDS, CREASES, UNDER_BROWS))
    had, has = ((p[:, lid[1:-1], 1] - p[:, fold, 1]).clamp(min=0) for p in (start, after))
    unfolds = (after[:, lid[1:-1], 1] - start[:, lid[1:-1], 1]).clamp(min=0)
    after[:, fold, 1] += (has - STRETCHED_LID * had - unfolds).clamp(min=0)
    # Five points along a brow's lower edge, outer first, read at seven places.
    brow = list(BROW_OUTLINES[eye][:4:-1])
    at = torch.linspace(0, len(brow) - 1, len(under))
    low = at.long().clamp(max=len(brow) - 2)
    share = (at - low).to(after)
    had, has = (
        (1 - share) * p[:, brow, 1][:, low] + share * p[:, brow, 1][:, low + 1]
        for p in (start, after)
    )
    height = (start[:, fold, 1] - had).clamp(min=1e-3)
    along = ((start[:, fold, 1] - start[:, under, 1]) / height).clamp(0, 1)
    of_fold = after[:, fold, 1] - start[:, fold, 1]
    stretches = (of_fold - (has - had)).clamp(min=0)
    even = start[:, under, 1] + of_fold - along * stretches
    share = (stretches / (RISEN * unit)).clamp(max=1)
    after[:, under, 1] += share * (even - after[:, under, 1]).clamp(min=0)


def _lid_down(start: Tensor, after: Tensor, unit: Tensor, eye: int) -> Tensor:
    """Return by how many pixels the middle of an upper lid is to go down, (N, 1)."""
    upper, lower = UPPER_LIDS[eye], LOWER_LIDS[eye]
    top, bottom = upper[len(upper) // 2], lower[len(lower) // 2]
    had, has = ((p[:, bottom, 1:] - p[:, top, 1:]) / unit for p in (start, after))
    limit = torch.maximum(torch.full_like(had, WIDE_LIDS), had + LEAST_RISE)
    return (1 - BEYOND) * (has - limit).clamp(min=0) * unit
