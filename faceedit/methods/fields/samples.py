"""Random training samples of composed methods: prepared pairs, recoloured and mirrored."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from faceedit.faces.landmark_maps import CHANNELS
from faceedit.methods.fields.condition import ConditionSpec
from faceedit.methods.fields.prepared import Prepared
from faceedit.methods.fields.strip_samples import vary_strip
from faceedit.tones import muted

PICTURES = ("picture", "moved", "strip")


@dataclass(frozen=True)
class FieldSamples:
    """Endlessly many samples by number, each a dict of float32 tensors; a `training.task.Samples`.

    Keys are those of `Prepared`, planes first and scaled to what they stand for; ``known`` (1,) is
    1 where `tone` is.

    Attributes:
        pairs: what is drawn from.
        rows: numbers of the pairs that are.
        spec: of their condition.
        seed: of all samples.
        augment: recolour, spoil and mirror them.
    """

    pairs: Prepared
    rows: np.ndarray
    spec: ConditionSpec
    seed: int
    augment: bool = True

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        """Draw one sample, the `number`-th."""
        rng = np.random.default_rng([self.seed, number])
        return self.draw(int(self.rows[rng.integers(len(self.rows))]), rng)

    def draw(self, row: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Return one pair as a sample."""
        p = self.pairs
        names = _PLANES if p.acting is None else (*_PLANES, "acting")
        planes = {name: np.asarray(getattr(p, name)[row], np.float32) for name in names}
        for name in (*PICTURES, "maps", "trusted"):
            planes[name] /= 255
        if p.acting is not None:
            planes["acting"] /= 127
        tone = np.array(p.tone[row], np.float32)
        known = bool(np.isfinite(tone).all())
        tone = tone if known else np.full(3, 0.5, np.float32)
        condition, worn = np.array(p.condition[row], np.float32), bool(p.eyeglasses[row])
        if self.augment:
            planes["strip"], worn = vary_strip(planes["strip"], worn, rng)
            tone = _recolour(planes, tone, rng)
            _spoil(planes, rng)
            mirrored = self.spec.mirrored(condition)
            if rng.random() < 0.5 and mirrored is not None:
                condition = mirrored
                _mirror(planes)
        sample = {name: np.ascontiguousarray(_first(value)) for name, value in planes.items()}
        sample |= {
            "condition": condition,
            "tone": tone,
            "known": np.array([known], np.float32),
            "eyeglasses": np.array([worn], np.float32),
        }
        return {name: torch.from_numpy(value).float() for name, value in sample.items()}


_PLANES = (*PICTURES, "maps", "drawn_flow", "drawn_shade", "flow", "log_ratio", "trusted")


def _first(plane: np.ndarray) -> np.ndarray:
    return np.moveaxis(plane, -1, 0) if plane.ndim == 3 else plane[None]


def _mirror(planes: dict[str, np.ndarray]) -> None:
    """Flip a sample left to right in place."""
    for name, value in planes.items():
        planes[name] = value[:, ::-1].copy()
    planes["maps"][..., CHANNELS.index("u")] = 1.0 - planes["maps"][..., CHANNELS.index("u")]
    for name in ("flow", "drawn_flow"):
        planes[name][..., 0] *= -1.0


def _recolour(
    planes: dict[str, np.ndarray], tone: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Change exposure, contrast, tint and saturation in place; return the tone as it then is."""
    gamma, gain = np.exp(rng.normal(0, 0.2)), np.exp(rng.normal(0, 0.12))
    tint = np.exp(rng.normal(0, 0.05, 3)).astype(np.float32)
    kept = float(rng.choice([1.0, 0.0, rng.uniform(0, 1)], p=[0.8, 0.1, 0.1]))

    def change(colours: np.ndarray) -> np.ndarray:
        new = np.clip(np.maximum(colours, 1e-4) ** np.float32(gamma) * gain * tint, 0, 1)
        return muted(new, kept)

    for name in PICTURES:
        planes[name] = change(planes[name]).astype(np.float32)
    # A power changes ratios, too.
    for name in ("log_ratio", "drawn_shade"):
        planes[name] = muted(planes[name] * np.float32(gamma), kept)
    return change(tone).astype(np.float32)


def _spoil(planes: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """Blur what the network is shown, flatten it like a painting, or add noise, now and then."""
    kind = rng.random()
    for name in PICTURES:
        image = planes[name]
        if kind < 0.1:
            image = cv2.GaussianBlur(image, (0, 0), 0.6 + 8 * kind)
        elif kind < 0.2:
            size = 5 if name == "moved" else 3
            flat = cv2.medianBlur(np.rint(image * 255).astype(np.uint8), size)
            image = (flat // 24 * 24 + 12).clip(0, 255).astype(np.float32) / 255
        elif kind < 0.35:
            noise = rng.normal(0, rng.uniform(0.005, 0.04), image.shape)
            image = np.clip(image + noise.astype(np.float32), 0, 1)
        planes[name] = image
