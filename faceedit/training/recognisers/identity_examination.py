"""How well identities are told apart, on people that no training saw."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch.nn import functional as F

from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.stats import Interval, draw_people, draw_values, interval_of
from faceedit.targets import ATTRIBUTES
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.verification import (
    Pairs,
    accuracy,
    best_threshold,
    choose_pairs,
    count_pairs,
    roc_area,
    weighted_mean,
)

BALANCES = (0.2, 0.3, 0.4, 0.5)
"""Weights of the linear reading to choose from."""


@dataclass(frozen=True)
class Verification:
    """How well cosines tell pairs of one person from pairs of two.

    Attributes:
        area: under the receiver operating characteristic.
        accuracy: mean share of both kinds named rightly at the network's own threshold.
        same: mean cosine of pairs of one person.
        different: mean cosine of pairs of two people.
    """

    area: Interval
    accuracy: Interval
    same: Interval
    different: Interval


@torch.inference_mode()
def describe_table(
    network: IdentityRecogniser, table: FaceTable, rows: np.ndarray, batch: int = 64
) -> np.ndarray:
    """Return (N, D) float32 vectors of a table's faces as `read` gives them; 0 but for `rows`."""
    found = np.zeros((len(table), network.dimensions), np.float32)
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        crops = torch.from_numpy(np.array(table.pictures[part])).permute(0, 3, 1, 2)
        found[part] = network.describe(crops.float() / 127.5 - 1).numpy()
    return found


@torch.inference_mode()
def describe_maps(
    network: IdentityRecogniser, maps: np.ndarray, rows: np.ndarray, batch: int = 256
) -> np.ndarray:
    """Like `describe_table`, of maps made beforehand: a picture and its mirror image."""
    found = np.zeros((maps.shape[1], network.dimensions), np.float32)
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        sides = [torch.from_numpy(maps[k, part]).float() / 255 for k in (0, 1)]
        vectors = [network.join(*network.both(side)) for side in sides]
        found[part] = F.normalize(vectors[0] + vectors[1], dim=1).numpy()
    return found


def calibrate(network: IdentityRecogniser, maps: np.ndarray, pairs: Pairs) -> None:
    """Choose the weights of both readings, and the cosine from which it is the same person.

    Args:
        network: is given its `balance` and `threshold`.
        maps: (V, N, C, g, g) of `make_maps`.
        pairs: of people that were not learned from.
    """
    areas = []
    for balance in BALANCES:
        network.balance.fill_(balance)
        scores = pairs.cosines(describe_maps(network, maps, pairs.pictures()))
        areas.append(roc_area(scores, pairs.same))
    network.balance.fill_(BALANCES[int(np.argmax(areas))])
    scores = pairs.cosines(describe_maps(network, maps, pairs.pictures()))
    network.threshold.fill_(best_threshold(scores, pairs.same))


def verify(
    pairs: Pairs, vectors: np.ndarray, people: np.ndarray, threshold: float, draws: int = 300
) -> Verification:
    """Measure with intervals over people.

    Args:
        pairs: to tell apart.
        vectors: (N, D) of length 1.
        people: (N,) names.
        threshold: cosine from which two pictures count as of one person.
        draws: bootstrap samples.
    """
    names, numbers = np.unique(people, return_inverse=True)
    used = np.unique(numbers[np.concatenate([pairs.first, pairs.second])])
    place_of = np.zeros(len(names), np.int64)
    place_of[used] = np.arange(len(used))
    numbers = place_of[numbers]
    scores, same = pairs.cosines(vectors), pairs.same
    drawn = draw_people(len(used), draws)

    def weigh(counts: np.ndarray) -> np.ndarray:
        return count_pairs(pairs, numbers, counts)

    def measure(statistic: Callable[[np.ndarray], float], n: int) -> Interval:
        return interval_of(draw_values(lambda c: statistic(weigh(c)), drawn), n, len(used))

    def mean(kind: np.ndarray) -> Interval:
        return measure(lambda w: weighted_mean(scores[kind], w[kind]), int(kind.sum()))

    return Verification(
        area=measure(lambda w: roc_area(scores, same, w), len(pairs)),
        accuracy=measure(lambda w: accuracy(scores, same, threshold, w), len(pairs)),
        same=mean(same),
        different=mean(~same),
    )


def choose_alike(pairs: Pairs, groups: np.ndarray) -> Pairs:
    """Keep pairs of one person, and those pairs of two people that are in one group.

    Args:
        pairs: of pictures.
        groups: (N,) of whole numbers.
    """
    kept = pairs.same | (groups[pairs.first] == groups[pairs.second])
    return Pairs(pairs.first[kept], pairs.second[kept], pairs.same[kept])


def guess_sex(
    known: np.ndarray, male: np.ndarray, vectors: np.ndarray, penalty: float = 3.0
) -> np.ndarray:
    """Guess from vectors which sex people present, by ridge regression on faces with a label.

    Two people who are alike in this are harder to tell apart; a vector that tells them apart only
    by it is found out.

    Args:
        known: (M, D) vectors of faces with a label.
        male: (M,) 0 or 1.
        vectors: (N, D).
        penalty: of squared weights.

    Returns:
        (N,) int64, 0 or 1.
    """
    mean = known.mean(0)
    centred = known - mean
    weights = np.linalg.solve(
        centred.T @ centred + penalty * np.eye(known.shape[1]), centred.T @ (male - male.mean())
    )
    return ((vectors - mean) @ weights + male.mean() > 0.5).astype(np.int64)


def studio_pairs(table: FaceTable, among: np.ndarray) -> Pairs:
    """Return pairs of studio pictures of some people: any two faces, lights and turns."""
    return choose_pairs(table.people, among, most=20, others=10000)


def examine(
    network: IdentityRecogniser,
    web: FaceTable,
    people: np.ndarray,
    tiny: np.ndarray,
    portraits: FaceTable,
    studio: FaceTable,
) -> dict[str, dict[str, dict[str, float]]]:
    """Measure on validation people.

    - web: photos, pairs of any two people.
    - web, same sex: the same with pairs of two people of one guessed sex only.
    - studio: pictures that the studio made of one person, of any expression, light and turn.

    Args:
        network: to examine.
        web: table of web photos.
        people: (N,) their names, where those who share a photo are one.
        tiny: (N, D) of `tiny_pictures`.
        portraits: from their labels sex is guessed.
        studio: table of studio pictures.
    """
    pairs = choose_pairs(people, web.validation, tiny=tiny)
    vectors = describe_table(network, web, pairs.pictures())
    male = portraits.attributes[:, ATTRIBUTES.index("male")]
    known = np.flatnonzero(~np.isnan(male))
    sex = guess_sex(describe_table(network, portraits, known)[known], male[known], vectors)
    made = studio_pairs(studio, studio.validation)
    turned = describe_table(network, studio, made.pictures())
    threshold = float(network.threshold)
    found = {
        "web": verify(pairs, vectors, people, threshold),
        "web, same sex": verify(choose_alike(pairs, sex), vectors, people, threshold),
        "studio": verify(made, turned, studio.people, threshold),
    }
    return {name: as_dictionary(one) for name, one in found.items()}


def as_dictionary(found: Verification) -> dict[str, dict[str, float]]:
    """Return values and intervals as plain numbers of four digits."""
    return {
        name: {k: round(v, 4) for k, v in values.items()} for name, values in asdict(found).items()
    }
