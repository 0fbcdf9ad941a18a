"""How well attributes are read of groups of people, and which attributes are reported at all."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from faceedit.recognisers.appearance import SURE, AppearanceRecogniser, confidence_of
from faceedit.targets import ATTRIBUTES
from faceedit.training.recognisers.examine_appearance import Seen, balanced_accuracies
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.scores import over_people

ENOUGH = 15
"""Faces of each kind from which a group's balanced accuracy is compared with that of all."""


def groups_report(
    seen: Seen, faces: FaceTable, groups: Mapping[str, np.ndarray], draws: int = 1000
) -> dict[str, Any]:
    """Return by group and attribute who is told how well.

    Args:
        seen: of the faces.
        faces: with attributes.
        groups: of `looks_people.groups_of`.
        draws: of the bootstrap.

    Returns:
        By ``skin: dark`` and the like: ``people``, and by attribute ``faces`` (those who have it
        and those who have not) and ``right`` (of each); where there are `ENOUGH` of each,
        ``people`` of each, ``balanced accuracy`` (value and ends of its interval over people) and
        ``beside all``, by how much that is more than of all faces.
    """
    whole = balanced_accuracies(seen.attributes, faces.attributes, np.ones(len(faces)))
    found = {}
    for kind, names in groups.items():
        for name in sorted(set(names.tolist()) - {""}):
            rows = np.flatnonzero(names == name)
            found[f"{kind}: {name}"] = {
                "people": len(np.unique(faces.people[rows])),
                **_by_attribute(seen.attributes[rows], faces.take(rows), whole, draws),
            }
    return found


def lowest(report: Mapping[str, Any]) -> dict[str, float]:
    """Return how far groups are below all faces, by group and attribute, farthest first."""
    below = {
        f"{group}, {name}": cell["beside all"]
        for group, cells in report.items()
        for name, cell in cells.items()
        if name != "people" and "beside all" in cell
    }
    return dict(sorted(below.items(), key=lambda item: item[1]))


def only_said(network: AppearanceRecogniser, seen: Seen, faces: FaceTable) -> FaceTable:
    """Return the faces without the attributes that the network is unsure of."""
    return replace(faces, attributes=np.where(_sure(network, seen), faces.attributes, np.nan))


def sureness_report(network: AppearanceRecogniser, seen: Seen, faces: FaceTable) -> dict[str, Any]:
    """Return what is said at all, and how much of that is right.

    Returns:
        ``said``: share of the readings that are sure, and ``right``: of those; by attribute ``yes``
        and ``no``: how many are said and right, how many are said, and how many there are.
    """
    sure = _sure(network, seen)
    known, there = ~np.isnan(faces.attributes), faces.attributes == 1
    yes, no = sure & known & (seen.attributes >= 0), sure & known & (seen.attributes < 0)
    right = (yes & there) | (no & ~there)
    return {
        "said": round(float((yes | no).sum() / known.sum()), 4),
        "right": round(float(right.sum() / max((yes | no).sum(), 1)), 4),
        **{
            name: {
                "yes": [int(x[:, k].sum()) for x in (yes & there, yes, known & there)],
                "no": [int(x[:, k].sum()) for x in (no & ~there, no, known & ~there)],
            }
            for k, name in enumerate(ATTRIBUTES)
        },
    }


def _sure(network: AppearanceRecogniser, seen: Seen) -> np.ndarray:
    logits = torch.from_numpy(seen.attributes)
    return confidence_of(logits, network.rarity.float()).numpy() >= SURE


def _by_attribute(
    logits: np.ndarray, faces: FaceTable, whole: np.ndarray, draws: int
) -> dict[str, dict[str, Any]]:
    wanted = faces.attributes
    values = over_people(faces.people, lambda w: balanced_accuracies(logits, wanted, w), draws)
    cells = {}
    for k, name in enumerate(ATTRIBUTES):
        kinds = [wanted[:, k] == value for value in (1, 0)]
        counts = [int(kind.sum()) for kind in kinds]
        if not any(counts):
            continue
        called = logits[:, k] > 0
        right = [int((kinds[0] & called).sum()), int((kinds[1] & ~called).sum())]
        cells[name] = {"faces": counts, "right": right}
        if min(counts) >= ENOUGH:
            cells[name] |= {
                "people": [len(np.unique(faces.people[kind])) for kind in kinds],
                "balanced accuracy": np.round(values[k], 4).tolist(),
                "beside all": round(float(values[k, 0] - whole[k]), 4),
            }
    return cells
