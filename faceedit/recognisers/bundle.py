"""The shipped recognisers together: each network looks once at every crop."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import torch

from faceedit.errors import UsageError, WeightsError
from faceedit.faces.align import Crop
from faceedit.recognisers.appearance import AppearanceReading, AppearanceRecogniser
from faceedit.recognisers.base import METHOD, Recogniser
from faceedit.recognisers.expression import ExpressionReading, ExpressionRecogniser
from faceedit.recognisers.identity import Identity, IdentityRecogniser
from faceedit.recognisers.naturalness import NaturalnessReading, NaturalnessRecogniser
from faceedit.recognisers.units import UnitReader
from faceedit.registry import Checkpoint, Registry, load_checkpoint

RECOGNISERS: Mapping[str, type[Recogniser[Any, Any]]] = MappingProxyType(
    {
        one.name: one
        for one in (
            ExpressionRecogniser,
            UnitReader,
            AppearanceRecogniser,
            IdentityRecogniser,
            NaturalnessRecogniser,
        )
    }
)
"""Each network by its name, which is also that of its checkpoint."""
NAMES = tuple(RECOGNISERS)


@dataclass(frozen=True, eq=False)
class CropReading:
    """What the networks say of one crop; None where a network was not loaded."""

    expression: ExpressionReading | None = None
    units: np.ndarray | None = None
    appearance: AppearanceReading | None = None
    identity: Identity | None = None
    naturalness: NaturalnessReading | None = None


@dataclass(frozen=True, eq=False)
class Recognisers:
    """Loaded networks; None where one was not asked for."""

    expression: ExpressionRecogniser | None = None
    units: UnitReader | None = None
    appearance: AppearanceRecogniser | None = None
    identity: IdentityRecogniser | None = None
    naturalness: NaturalnessRecogniser | None = None

    @classmethod
    def load(
        cls,
        registry: Registry,
        device: torch.device | str = "cpu",
        names: Iterable[str] = NAMES,
    ) -> Self:
        """Load networks by their names.

        Args:
            registry: where checkpoints are. A file that was given (``--weights FILE``) stands for
                the recogniser whose weights it holds.
            device: where the networks run.
            names: of `NAMES`.

        Raises:
            UsageError: a name of no recogniser.
            WeightsError: the given file holds no recogniser that was asked for, or checkpoints
                are missing, all of which are named, or are not what their cards say.
        """
        wanted = tuple(dict.fromkeys(names))
        if unknown := [name for name in wanted if name not in RECOGNISERS]:
            raise UsageError(f"unknown recogniser {', '.join(unknown)}; known: {', '.join(NAMES)}")
        given = registry.given
        if given is not None and (given.method != METHOD or given.profile not in wanted):
            raise WeightsError(
                f"{given.path}: holds {given.method} {given.profile}, and none of the recognisers "
                f"{', '.join(wanted)}"
            )
        missing = []
        for name in wanted:
            try:
                if given is None or given.profile != name:
                    registry.find(name)
            except WeightsError as error:
                missing.append(str(error))
        if missing:
            raise WeightsError("; ".join(missing))
        networks: dict[str, Any] = {
            name: RECOGNISERS[name].load(_checkpoint(registry, name), device) for name in wanted
        }
        return cls(**networks)

    @property
    def networks(self) -> dict[str, Recogniser[Any, Any]]:
        """Those that are loaded, by their names."""
        all_of_them = ((name, getattr(self, name)) for name in NAMES)
        return {name: network for name, network in all_of_them if network is not None}

    def read(self, crops: Sequence[Crop], batch: int = 16) -> list[CropReading]:
        """Look at faces with every loaded network.

        Args:
            crops: aligned, of any sizes.
            batch: so many at a time.

        Returns:
            One reading per crop, in order.
        """
        columns = {name: network.read(crops, batch) for name, network in self.networks.items()}
        return [
            CropReading(**{name: column[at] for name, column in columns.items()})
            for at in range(len(crops))
        ]


def _checkpoint(registry: Registry, name: str) -> Checkpoint:
    given = registry.given
    if given is not None and given.profile == name:
        return load_checkpoint(given.path, method=METHOD, profile=name)
    return registry.checkpoint(name)
