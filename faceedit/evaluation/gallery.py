"""What networks say of pictures: each network looks at each picture once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from faceedit.evaluation.edits import Pictures

BATCH = 16

Reader = Callable[[Tensor], Mapping[str, Tensor]]
"""(n, 3, S, S) aligned crops, RGB in [-1, 1], to named columns of n rows."""
Comparison = Callable[[Tensor, Tensor], Tensor]
"""Twice (n, 3, S, S) of that kind to (n,)."""


@dataclass(frozen=True)
class Networks:
    """What looks at pictures, and why what is missing is missing.

    Attributes:
        readers: by name.
        comparisons: by name.
        missing: the reason, by name of a look or comparison that is not there.
        device: where they run.
        versions: what tells them from others of the same name, where that can differ.
    """

    readers: Mapping[str, Reader] = field(default_factory=dict)
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    device: str = "cpu"
    versions: Mapping[str, str] = field(default_factory=dict)

    def lacks(self, name: str) -> str:
        """Return why a network is not there, or "" if it is."""
        if name in self.readers or name in self.comparisons:
            return ""
        return self.missing.get(name, f"there is no network {name}")

    def joined(self, other: "Networks") -> "Networks":
        """Return the networks of both."""
        return Networks(
            {**self.readers, **other.readers},
            {**self.comparisons, **other.comparisons},
            {**self.missing, **other.missing},
            self.device,
            {**self.versions, **other.versions},
        )


class Gallery:
    """Pictures and what networks said of them, kept.

    Args:
        pictures: M faces.
        networks: what looks at them.
    """

    def __init__(self, pictures: Pictures, networks: Networks):
        self.pictures, self.networks = pictures, networks
        self._columns: dict[str, dict[str, np.ndarray]] = {}
        self._compared: dict[str, dict[tuple[int, int], float]] = {}

    def look(self, network: str, column: str) -> np.ndarray:
        """Return what a network says of all pictures: (M, ...) float64."""
        if network not in self._columns:
            read = self.networks.readers[network]
            parts: dict[str, list[np.ndarray]] = {}
            numbers = np.arange(len(self.pictures.crops))
            with torch.inference_mode():
                for start in range(0, len(numbers), BATCH):
                    for name, values in read(self._batch(numbers[start : start + BATCH])).items():
                        parts.setdefault(name, []).append(values.double().cpu().numpy())
            self._columns[network] = {k: np.concatenate(v) for k, v in parts.items()}
        return self._columns[network][column]

    def compare(self, comparison: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Compare pictures one by one.

        Args:
            comparison: its name.
            a: (N,) numbers of pictures, or negative for none.
            b: (N,) likewise.

        Returns:
            (N,) float64, NaN where there is no picture.
        """
        known = self._compared.setdefault(comparison, {})
        pairs = list(zip(a.tolist(), b.tolist(), strict=True))
        new = [pair for pair in dict.fromkeys(pairs) if min(pair) >= 0 and pair not in known]
        with torch.inference_mode():
            for start in range(0, len(new), BATCH):
                part = np.array(new[start : start + BATCH])
                x, y = self._batch(part[:, 0]), self._batch(part[:, 1])
                found = self.networks.comparisons[comparison](x, y).double().cpu().flatten()
                known.update(zip(new[start : start + BATCH], found.tolist(), strict=True))
        return np.array([known.get(pair, np.nan) for pair in pairs])

    def _batch(self, numbers: np.ndarray) -> Tensor:
        crops = torch.from_numpy(self.pictures.crops[numbers]).to(self.networks.device)
        planes = crops.permute(0, 3, 1, 2).float() / 127.5 - 1
        return planes.contiguous(memory_format=torch.channels_last)
