"""How well the expression recogniser does on people that it never saw."""

import hashlib
from typing import Any

import numpy as np
import torch

from faceedit.recognisers.base import FACE_WINDOW
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.targets import EXPRESSIONS
from faceedit.training.recognisers.augment import NOTHING, frame, place
from faceedit.training.recognisers.faces import UNKNOWN, FaceTable, grey_pictures
from faceedit.training.recognisers.scores import over_people, recalls

COMMON = ("neutral", "happy", "surprised", "sad", "angry")
"""Expressions of which there are enough real photos."""
STUDIO_COUNTS = 0.1
"""In calibration beside 1 for photos: it decides between what photos leave open."""
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
) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, 8) logits and (N,) strengths of all faces of a table."""
    pictures = grey_pictures(table)
    found: list[list[np.ndarray]] = [[], []]
    for start in range(0, len(table), batch):
        part = pictures[start : start + batch].float() / 127.5 - 1
        n = len(part)
        transforms = place(n, NOTHING, FACE_WINDOW, torch.zeros(n, dtype=torch.bool))
        x = frame(part, transforms, network.size).contiguous(memory_format=torch.channels_last)
        for kept, column in zip(found, network.judge(network.features(x)), strict=True):
            kept.append(column.numpy())
    logits, strengths = (np.concatenate(column) for column in found)
    return logits, strengths


def calibrate(
    photos: tuple[np.ndarray, FaceTable], studio: tuple[np.ndarray, FaceTable]
) -> np.ndarray:
    """Choose what to add to the logits: one number for neutral and happy, one for the rare.

    In training all expressions are equally likely beforehand. On photos that calls many a neutral
    face contemptuous, and one disgusted that is angry. Chosen is what names most rightly: the
    balanced accuracy on photos over the five common expressions, and a little of that on studio
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
            score = float(np.nanmean(of_photos))
            score += STUDIO_COUNTS * float(np.nanmean(_recalls(studio, bias)))
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
        JSON: ``summary`` (names to numbers), and for each source recalls as [value, low, high] and
        the confusion.
    """
    summary: dict[str, float] = {}
    report: dict[str, Any] = {"summary": summary}
    for name, table in (("web", web), ("portraits", portraits), ("studio", studio)):
        table = table.take(table.validation)
        logits, strengths = look(network, table)
        named = table.expression != UNKNOWN
        if name == "portraits":
            named &= table.strength != 1
        part, called = table.take(named), logits[named].argmax(1)
        report[name] = _names_report(part, called, draws)
        for short, row in (("five", "balanced of five"), ("neutral",) * 2, ("happy",) * 2):
            summary[f"{name} {short}"] = report[name][row][0]
        if name == "studio":
            graded = ~np.isnan(table.strength)
            summary["strength r"] = float(
                np.corrcoef(table.strength[graded], strengths[graded])[0, 1]
            )
    return report


def _names_report(faces: FaceTable, called: np.ndarray, draws: int) -> dict[str, Any]:
    """Return recalls with intervals and the confusion of faces that have an expression."""

    def measure(weights: np.ndarray) -> np.ndarray:
        each = recalls(faces.expression, called, len(EXPRESSIONS), weights)
        return np.append(each, [np.nanmean(each[_common()]), np.nanmean(each)])

    names = [*EXPRESSIONS, "balanced of five", "balanced"]
    found: dict[str, Any] = _rounded(names, over_people(faces.people, measure, draws))
    return found | {"confusion": _confusion(faces.expression, called)}


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
