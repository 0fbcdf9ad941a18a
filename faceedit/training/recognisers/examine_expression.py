"""How well the expression recogniser does on people that it never saw."""

import hashlib
from typing import Any

import numpy as np
import torch

from faceedit.recognisers.base import FACE_WINDOW
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.targets import ACTION_UNITS, EXPRESSIONS
from faceedit.training.recognisers.augment import NOTHING, frame, place
from faceedit.training.recognisers.expression import grey_pictures
from faceedit.training.recognisers.faces import UNKNOWN, FaceTable
from faceedit.training.recognisers.scores import over_people, pearson, recalls

COMMON = ("neutral", "happy", "surprised", "sad", "angry")
"""Expressions of which there are enough real photos."""
KEPT_BACK = 10
"""One in so many training people is kept for calibration."""


def kept_back(people: np.ndarray) -> np.ndarray:
    """Return which people, always the same, are kept back for calibration: (N,) bool."""
    names, place_of = np.unique(people, return_inverse=True)
    digests = [hashlib.sha1(name.encode()).digest()[0] for name in names.tolist()]
    return (np.array(digests) % KEPT_BACK == 0)[place_of]


@torch.inference_mode()
def look(
    network: ExpressionRecogniser, table: FaceTable, batch: int = 128
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (N, 8) logits, (N,) strengths and (N, 17) action units of all faces of a table."""
    pictures = grey_pictures(table)
    found: list[list[np.ndarray]] = [[], [], []]
    for start in range(0, len(table), batch):
        part = pictures[start : start + batch].float() / 127.5 - 1
        n = len(part)
        transforms = place(n, NOTHING, FACE_WINDOW, torch.zeros(n, dtype=torch.bool))
        x = frame(part, transforms, network.size).contiguous(memory_format=torch.channels_last)
        for kept, column in zip(found, network.judge(network.features(x)), strict=True):
            kept.append(column.numpy())
    logits, strengths, units = (np.concatenate(column) for column in found)
    return logits, strengths, units


def calibrate(
    photos: tuple[np.ndarray, FaceTable], studio: tuple[np.ndarray, FaceTable]
) -> np.ndarray:
    """Choose what to add to the logits: one number for neutral and happy, one for the rare.

    In training all expressions are equally likely beforehand. On photos that calls many a neutral
    face contemptuous, and one disgusted that is angry. Chosen is what names most rightly, the mean
    of the balanced accuracy on photos over the five common expressions and of that on studio
    pictures over all eight.

    Args:
        photos: (N, 8) logits of real photos of people that were not learned from, and the photos.
        studio: the same of studio pictures.

    Returns:
        (8,) float32.
    """
    best, chosen = -np.inf, np.zeros(len(EXPRESSIONS), np.float32)
    for common in np.arange(0, 2.01, 0.1):
        for rare in np.arange(0, 3.01, 0.25):
            bias = np.array([common, common, *(0.0,) * 3, *(-rare,) * 3], np.float32)
            of_photos = _recalls(photos, bias)[_common()]
            score = float(np.nanmean(of_photos) + np.nanmean(_recalls(studio, bias)))
            if score > best + 1e-9:
                best, chosen = score, bias
    return chosen


def _recalls(looked_at: tuple[np.ndarray, FaceTable], bias: np.ndarray) -> np.ndarray:
    logits, table = looked_at
    named = table.expression != UNKNOWN
    called = (logits[named] + bias).argmax(1)
    return recalls(table.expression[named], called, len(EXPRESSIONS), np.ones(int(named.sum())))


def examine(
    network: ExpressionRecogniser,
    web: FaceTable,
    portraits: FaceTable,
    studio: FaceTable,
    draws: int = 300,
) -> dict[str, Any]:
    """Measure the network on the validation people of three tables.

    Returns:
        JSON: ``summary`` (names to numbers), and where `draws` is not 0 for each source recalls and
        correlations as [value, low, high] and the confusion on photos.
    """
    draws = max(draws, 1)
    web, portraits, studio = (t.take(t.validation) for t in (web, portraits, studio))
    summary: dict[str, float] = {}
    report: dict[str, Any] = {"summary": summary}
    for name, table in (("web", web), ("portraits", portraits), ("studio", studio)):
        logits, strengths, units = look(network, table)
        called = logits.argmax(1)
        named = table.expression != UNKNOWN
        if name == "portraits":
            named &= table.strength != 1
        part = table.take(named)

        def measure(weights: np.ndarray, part: FaceTable = part, called=called[named]):
            each = recalls(part.expression, called, len(EXPRESSIONS), weights)
            return np.append(each, [np.nanmean(each[_common()]), np.nanmean(each)])

        values = over_people(part.people, measure, draws)
        names = [*EXPRESSIONS, "balanced of five", "balanced"]
        report[name] = {
            k: [round(float(x), 4) for x in v] for k, v in zip(names, values, strict=True)
        }
        report[name]["confusion"] = _confusion(part.expression, called[named])
        summary[f"{name} five"] = float(values[len(EXPRESSIONS), 0])
        summary[f"{name} neutral"] = float(values[0, 0])
        summary[f"{name} happy"] = float(values[1, 0])
        if name == "studio":
            known = ~np.isnan(table.action_units[:, 0])
            wanted, found = table.action_units[known], units[known]
            each = over_people(
                table.people[known],
                lambda weights, a=wanted, b=found: np.append(
                    pearson(a, b, weights), np.nanmean(pearson(a, b, weights))
                ),
                draws,
            )
            report["action units"] = _rounded([*(f"AU{n}" for n in ACTION_UNITS), "mean"], each)
            summary["units pcc"] = float(each[-1, 0])
            summary["units mse"] = float(np.mean((wanted - found) ** 2))
            graded = ~np.isnan(table.strength)
            summary["strength r"] = float(
                np.corrcoef(table.strength[graded], strengths[graded])[0, 1]
            )
        else:
            report[name]["mean action units"] = {
                EXPRESSIONS[e]: dict(
                    zip(
                        (str(n) for n in ACTION_UNITS),
                        np.round(units[table.expression == e].mean(0), 2).tolist(),
                        strict=True,
                    )
                )
                for e in sorted(set(part.expression.tolist()))
            }
    return report


def _rounded(names: list[str], values: np.ndarray) -> dict[str, list[float]]:
    return {k: np.round(v, 4).tolist() for k, v in zip(names, values, strict=True)}


def _common() -> list[int]:
    return [EXPRESSIONS.index(name) for name in COMMON]


def _confusion(labels: np.ndarray, called: np.ndarray) -> dict[str, dict[str, int]]:
    table = np.zeros((len(EXPRESSIONS), len(EXPRESSIONS)), int)
    np.add.at(table, (labels, called), 1)
    return {
        name: dict(zip(EXPRESSIONS, table[i].tolist(), strict=True))
        for i, name in enumerate(EXPRESSIONS)
        if table[i].any()
    }
