"""The pair that LSSL translates: a picture x and its side image s."""

import numpy as np
import torch
from torch import Tensor

from faceedit.faces.landmark_maps import draw_heat_map
from faceedit.methods.lssl.frontal import simulate_frontal


def make_pair(photo: np.ndarray, landmarks: np.ndarray, goal: str, side: bool) -> Tensor:
    """Return x and s of a photo, (3 + side, S, S) in [-1, 1].

    Args:
        photo: (S, S, 3) uint8 RGB, or float32 in [0, 1].
        landmarks: (478, 3) in its pixels.
        goal: ``attributes`` pairs it with its heat map, ``frontal`` its simulated frontal face with
            it.
        side: False leaves s out.
    """
    if goal == "frontal":
        parts = [signed(simulate_frontal(photo, landmarks)), signed(photo)]
    else:
        heat = draw_heat_map(landmarks, photo.shape[0])
        parts = [signed(photo), torch.from_numpy(heat)[None] * 2 - 1]
    return torch.cat(parts if side else parts[:1])


def signed(picture: np.ndarray) -> Tensor:
    """(S, S, 3) uint8, or float32 in [0, 1], to (3, S, S) float32 in [-1, 1]."""
    half = 127.5 if picture.dtype == np.uint8 else 0.5
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1).float() / half - 1
