"""The project's own recognisers, as far as their weights are here."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from faceedit.errors import WeightsError
from faceedit.evaluation.gallery import Comparison, Networks, Reader
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.recognisers.base import Recogniser, grey, resample, window
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.recognisers.naturalness import NaturalnessRecogniser
from faceedit.recognisers.units import UnitJudge
from faceedit.registry import Registry

DISTANCE = "lpips_face"


def open_recognisers(registry: Registry, device: torch.device | str) -> Networks:
    """Load the recognisers whose weights are here."""
    readers: dict[str, Reader] = {}
    comparisons: dict[str, Comparison] = {}
    missing: dict[str, str] = {}
    versions: dict[str, str] = {}
    for kind, reader in _READERS.items():
        name = kind.name
        try:
            network = kind.load(registry.checkpoint(name), device)
        except WeightsError as error:
            missing[name] = f"the {name} recogniser: {error}"
            continue
        versions[name] = registry.card(name).sha256[:12]
        readers[name] = reader(network)
        if isinstance(network, AppearanceRecogniser):
            comparisons[DISTANCE] = lambda a, b, network=network: lpips_face(network, a, b)
    if "appearance" in missing:
        missing[DISTANCE] = missing["appearance"]
    return Networks(readers, comparisons, missing, str(device), versions)


def _read_expression(network: ExpressionRecogniser) -> Reader:
    def look(crops: Tensor) -> dict[str, Tensor]:
        features = network.features(grey(window(crops, network.size)))
        said = network.judge(features)
        return {
            "probabilities": said.logits.softmax(1),
            "features": features,
        }

    return look


def _read_identity(network: IdentityRecogniser) -> Reader:
    return lambda crops: {
        "embedding": network.describe(crops),
        "threshold": network.threshold.expand(len(crops)),
    }


def _read_appearance(network: AppearanceRecogniser) -> Reader:
    return lambda crops: {"attributes": network(crops).attributes.sigmoid()}


def _read_naturalness(network: NaturalnessRecogniser) -> Reader:
    return lambda crops: {"quality": network(crops)}


def _read_units(network: UnitJudge) -> Reader:
    return lambda crops: {"intensities": network(crops)}


_READERS: dict[type[Recogniser[Any, Any]], Callable[[Any], Reader]] = {
    ExpressionRecogniser: _read_expression,
    IdentityRecogniser: _read_identity,
    AppearanceRecogniser: _read_appearance,
    NaturalnessRecogniser: _read_naturalness,
    UnitJudge: _read_units,
}


def lpips_face(network: AppearanceRecogniser, a: Tensor, b: Tensor) -> Tensor:
    """Return LPIPS's statistic on the stages of the encoder that tells light and attributes.

    As in Zhang et al. 2018, Eq. 1, with every channel of the same weight: features of unit length
    at each place, squared differences, summed over channels, averaged over places and stages.

    Args:
        network: the appearance recogniser.
        a: (N, 3, S, S) crops, RGB in [-1, 1].
        b: the same.

    Returns:
        (N,) 0 (the same) to 2.
    """
    levels = [network.looks.encoder(resample(x, network.looks_size)) for x in (a, b)]
    distances = [
        (F.normalize(x, dim=1) - F.normalize(y, dim=1)).square().sum(1).mean((1, 2))
        for x, y in zip(*levels, strict=True)
    ]
    return torch.stack(distances).mean(0)
