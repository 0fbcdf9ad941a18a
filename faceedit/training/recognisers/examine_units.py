"""How well networks read action units on people that they never saw."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from faceedit.faces.unit_measures import unit_measures
from faceedit.recognisers.base import FACE_WINDOW
from faceedit.recognisers.units import UnitRecogniser
from faceedit.targets import ACTION_UNITS, EXPRESSIONS
from faceedit.training.recognisers.augment import NOTHING, frame, place
from faceedit.training.recognisers.faces import UNKNOWN, FaceTable, to_tensor
from faceedit.training.recognisers.scores import over_people, pearson

PHOTOS_OF_ONE = 3
"""From so many photos of a person on, what does not change from one to the next is known."""


@torch.inference_mode()
def look(network: UnitRecogniser, table: FaceTable, batch: int = 128) -> np.ndarray:
    """Return (N, 17) intensities of all faces of a table."""
    found = []
    for start in range(0, len(table), batch):
        pictures = to_tensor(table.pictures[start : start + batch])
        still = torch.zeros(len(pictures), dtype=torch.bool)
        framed = frame(pictures, place(len(pictures), NOTHING, FACE_WINDOW, still), network.size)
        points = torch.from_numpy(table.landmarks[start : start + batch])
        x = framed.contiguous(memory_format=torch.channels_last)
        found.append(network.judge(network.features(x), points).numpy())
    return np.concatenate(found)


def measure(network: UnitRecogniser, studio: FaceTable, draws: int = 300) -> dict[str, Any]:
    """Return correlations of each unit with intervals over people, and errors, as JSON."""
    wanted, found = studio.action_units, look(network, studio)

    def correlations(weights: np.ndarray) -> np.ndarray:
        each = pearson(wanted, found, weights)
        return np.append(each, np.nanmean(each))

    names = [*(f"AU{unit}" for unit in ACTION_UNITS), "mean"]
    rows = over_people(studio.people, correlations, draws)
    units = {k: np.round(v, 4).tolist() for k, v in zip(names, rows, strict=True)}
    mse = float(np.square(found - wanted).mean())
    return {"summary": {"units pcc": units["mean"][0], "units mse": mse}, "action units": units}


def examine(
    network: UnitRecogniser, studio: FaceTable, web: FaceTable, portraits: FaceTable
) -> dict[str, Any]:
    """Measure a network on studio pictures, and on photos against what landmarks say.

    Args:
        network: to examine.
        studio: pictures with known units, of people that it never saw.
        web: photos; those of validation people are looked at.
        portraits: the same.

    Returns:
        JSON: of `measure`; for each kind of photo the correlations with `unit_measures`, over all
        photos and within people (who differ in how high their brows are), and the mean units of
        each expression that people named.
    """
    report = measure(network, studio)
    for name, table in (("web", web), ("portraits", portraits)):
        photos = table.take(table.validation)
        units, measures = look(network, photos), unit_measures(photos.landmarks)
        report[name] = {
            "units and landmarks": agreement(units, measures),
            "within people": agreement(*_within(photos.people, units, measures)),
            "mean action units": _mean_units(photos.expression, units),
        }
    return report


def agreement(units: np.ndarray, measures: Mapping[int, np.ndarray]) -> dict[str, float | None]:
    """Return how (N, 17) units that are read correlate with `unit_measures` of N faces."""
    found: dict[str, float | None] = {}
    for unit, seen in measures.items():
        read = units[:, ACTION_UNITS.index(unit)]
        spread = min(read.std(), seen.std()) if len(seen) else 0.0
        found[f"AU{unit}"] = round(float(np.corrcoef(read, seen)[0, 1]), 4) if spread > 0 else None
    return found


def _within(
    people: np.ndarray, units: np.ndarray, measures: Mapping[int, np.ndarray]
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Return units and measures less the mean of each person of whom there are several photos."""
    _, person, photos = np.unique(people, return_inverse=True, return_counts=True)
    several = photos[person] >= PHOTOS_OF_ONE
    person = np.unique(person[several], return_inverse=True)[1]

    def centred(values: np.ndarray) -> np.ndarray:
        values = values[several]
        sums = np.zeros((len(photos), *values.shape[1:]))
        np.add.at(sums, person, values)
        counts = np.bincount(person, minlength=len(sums)).clip(min=1)
        return values - (sums.T / counts).T[person]

    return centred(units), {unit: centred(seen) for unit, seen in measures.items()}


def _mean_units(expression: np.ndarray, units: np.ndarray) -> dict[str, dict[str, float]]:
    """Return the mean action units of the faces of each expression, by their names."""
    names = [str(unit) for unit in ACTION_UNITS]
    return {
        EXPRESSIONS[e]: dict(
            zip(names, np.round(units[expression == e].mean(0), 2).tolist(), strict=True)
        )
        for e in sorted(set(expression.tolist()) - {UNKNOWN})
    }
