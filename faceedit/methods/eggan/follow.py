"""From landmarks that a face is to have to what EGGAN's network is steered by.

The network is shown the landmarks after the edit as maps, whatever moved them. What it shades by
are action units: those whose movements together come closest to that of the landmarks.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from faceedit.faces.align import Crop, similarity, transform_landmarks
from faceedit.faces.topology import N_SURFACE, STILL, eye_distance
from faceedit.methods.eggan.condition import SPEC
from faceedit.methods.fields.shape_layer import FaceFeatures, MovedFaces
from faceedit.targets.landmarks import Landmarks

PROBE = 0.6
"""Share of the largest intensity at which a unit's movement is looked at."""
DOUBT = 0.01
"""Mean square of a unit's movement, over that of all, below which it says nothing."""
SWEEPS = 60
NEAR = 1.0
"""Eye distances from a face's middle within which the landmarks have to have theirs."""
CHIN = (152, 148, 377, 175)
LOWER_JAW = 10
"""The first mark of the lower jaw."""


def is_meant(crop: Crop, term: Landmarks) -> bool:
    """Say whether landmarks are of a crop's face, and not of another one in the photo."""
    whole = placed(crop, replace(term, strength=1.0))
    here, there = (points[list(STILL), :2].mean(0) for points in (crop.landmarks, whole))
    return bool(np.linalg.norm(here - there) < NEAR * eye_distance(crop.landmarks))


def placed(crop: Crop, term: Landmarks) -> np.ndarray:
    """Return where landmarks are to be in a crop, (478, 2) float32, `strength` of the way there."""
    wanted = transform_landmarks(np.pad(np.array(term.points), ((0, 0), (0, 1))), crop.affine)
    before = crop.landmarks[:, :2].astype(np.float32)
    return before + np.float32(term.strength) * (wanted[:, :2] - before)


def follow(layer: FaceFeatures, crop: Crop, term: Landmarks) -> tuple[Tensor, MovedFaces]:
    """Return the (34,) condition that landmarks imply, and the face as they have it.

    Args:
        layer: moves faces by action units.
        crop: of the face.
        term: where its landmarks are to be.
    """
    device = next(layer.buffers()).device
    landmarks = torch.from_numpy(crop.landmarks.astype(np.float32))[None].to(device)
    probes = PROBE * torch.cat([torch.eye(SPEC.width), -torch.eye(SPEC.width)]).to(device)
    probed = layer(landmarks.expand(len(probes), -1, -1), probes)
    after = placed(crop, term)
    still = list(STILL)
    # What moves and turns as a whole is no muscle's doing.
    back = similarity(after[still], crop.landmarks[still, :2])
    shaped = transform_landmarks(np.pad(after, ((0, 0), (0, 1))), back)[:, :2]
    unit = eye_distance(crop.landmarks)
    moves = (probed.landmarks - landmarks[..., :2])[:, :N_SURFACE].cpu().numpy() / unit
    wanted = (shaped - crop.landmarks[:, :2])[:N_SURFACE] / unit
    shares = least_shares(moves.reshape(len(moves), -1), wanted.ravel())
    risen, fallen = np.split(PROBE * shares, 2)
    condition = torch.from_numpy((risen - fallen).clip(-1, 1).astype(np.float32))
    moved = torch.from_numpy(after)[None].to(device)
    jaws = probed.jaws[:1]
    dropped = (moved - landmarks[..., :2])[:, list(CHIN)].mean(1, keepdim=True)
    jaws_moved = jaws.clone()
    jaws_moved[:, LOWER_JAW:] += dropped
    return condition, MovedFaces(moved, jaws, jaws_moved)


def least_shares(moves: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the shares, 0 or more, of movements whose sum is closest to the one that is wanted.

    Ridge regression by coordinate descent: where several movements do, each gets a share.

    Args:
        moves: (M, D).
        wanted: (D,).

    >>> least_shares(np.eye(3), np.array([0.5, -1.0, 0.0])).round(2).tolist()
    [0.5, 0.0, 0.0]
    """
    gram, aim = moves @ moves.T, moves @ wanted
    doubt = DOUBT * np.trace(gram) / len(gram)
    shares = np.zeros(len(moves))
    for _ in range(SWEEPS):
        for i in range(len(shares)):
            rest = aim[i] - gram[i] @ shares + gram[i, i] * shares[i]
            shares[i] = max(0.0, rest / (gram[i, i] + doubt + 1e-12))
    return shares
