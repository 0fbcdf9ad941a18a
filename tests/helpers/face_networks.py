"""What the tests of the face networks share."""

from functools import cache
from pathlib import Path

import numpy as np
import skimage.data

from faceedit.faces.batching import Batching
from faceedit.faces.find.finder import FaceFinder, FindOptions
from faceedit.faces.find.graph import GraphModule

WEIGHTS = Path(__file__).parents[2] / "weights"
GOLDEN = Path(__file__).parent / "golden" / "astronaut.npz"
"""MediaPipe 0.10.21's own answers for scikit-image's public-domain astronaut."""


@cache
def network(profile: str) -> GraphModule:
    return GraphModule.from_file(WEIGHTS / f"{profile}.safetensors")


def finder(batching: Batching | None = None, **options) -> FaceFinder:
    names = ("blazeface-short", "blazeface-full", "attention-mesh")
    networks = [network(name) for name in names]
    return FaceFinder(*networks, options=FindOptions(**options), batching=batching)


@cache
def astronaut() -> np.ndarray:
    return skimage.data.astronaut()


def sampled(size: int) -> np.ndarray:
    """The astronaut at a size by plain subsampling, alike under every version of every library."""
    at = np.arange(size) * 512 // size
    return astronaut()[np.ix_(at, at)]


def eye_distance(landmarks: np.ndarray) -> float:
    return float(np.linalg.norm(landmarks[33, :2] - landmarks[263, :2]))
