"""What straightening heads is worth at 15, 30 and 45 degrees: who is it, and what does it show.

    python scripts/measure_frontal.py web DATA RUN
    python scripts/measure_frontal.py studio DATA RUN
    python scripts/measure_frontal.py lssl DATA RUN

`web`: photos of people whom no training saw, by the yaw that the mesh reads. Pairs of one person, a
photo that looks into the camera and one that looks aside, against as many pairs of two people; and
how often the expression network names the labels of those that look aside. `studio`, `lssl`: the
same of portraits that look into the camera, turned aside by the studio or by `faceedit`.

"Moved alone" are straightened heads without what is mirrored of them: the photo's own pixels, moved
by mesh and depth. Landmarks are found anew in every picture. What was read is kept in RUN, pictures
are not. Intervals are of 95%, over people.
"""

import argparse
import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from measure_turn import Turner
from turned_portraits import FRONTAL, TURNS, Seen, turned_portraits

from faceedit.errors import NetworkError
from faceedit.faces.align import extract_crop, invert, transform_landmarks
from faceedit.faces.pose import head_pose
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.registry import open_registry
from faceedit.targets import EXPRESSIONS
from faceedit.training.recognisers.examine_expression import COMMON
from faceedit.training.recognisers.scores import over_people, recalls
from faceedit.training.recognisers.sources import (
    VALIDATION_PEOPLE,
    crop_web,
    find_again,
    read_zip,
)
from faceedit.training.recognisers.verification import (
    COPY,
    Pairs,
    count_pairs,
    merge_people,
    roc_area,
    tiny_pictures,
)

BINS = {15: (10.0, 20.0), 30: (20.0, 37.0), 45: (37.0, 55.0)}
"""Degrees of yaw to either side."""
VIEWS = ("as they are", "moved alone", "straightened")
COLUMNS = ("person", "label", "group", "name", "vectors", "shown", "yaw")
MOST = 10
"""Pairs of one person in a bin."""


class Reader:
    """Straightens heads and reads what there is to see before and after."""

    def __init__(self) -> None:
        self.turner = Turner()
        self.expression = ExpressionRecogniser.load(open_registry().checkpoint("expression"))

    def read(self, seen: Seen) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return vectors, expressions' probabilities, and yaw of the three views of a face."""
        made, after = self.turner.turn_known(seen.pixels, seen.landmarks, "to=0,level")
        pictures = [seen.pixels, *made]
        found = find_again(pictures, [seen.landmarks, after, after])
        pairs = zip(pictures, found, strict=True)
        crops = [extract_crop(picture, points, 256) for picture, points in pairs]
        vectors = [one.vector for one in self.turner.identity.read(crops, 3)]
        shown = [one.probabilities for one in self.expression.read(crops, 3)]
        yaws = [head_pose(points).yaw for points in found]
        return np.array(vectors), np.array(shown), np.array(yaws)


def look(faces: Iterator[Seen], file: Path) -> dict[str, np.ndarray]:
    """Read all faces, or what was kept of them."""
    if not file.exists():
        reader, rows = Reader(), []
        for seen in faces:
            try:
                read = reader.read(seen)
            except NetworkError as error:
                print(f"{seen.name}: {error}")
                continue
            label = EXPRESSIONS.index(seen.label)
            rows.append((seen.person, label, seen.group, seen.name, *read))
            if len(rows) % 50 == 0:
                print(f"{len(rows)} faces", flush=True)
        columns = [np.array(one) for one in zip(*rows, strict=True)]
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, allow_pickle=False, **dict(zip(COLUMNS, columns, strict=True)))
    return dict(np.load(file))


def web(data: Path, run: Path) -> None:
    """Measure on web photos."""
    kept = set(VALIDATION_PEOPLE.read_text(encoding="utf-8").splitlines())
    with (data / "expressions.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["identity"] in kept]
    archive, files = data / "expressions.zip", [row["file"] for row in rows]
    crops = list(crop_web(archive, files))
    tiny = tiny_pictures(np.array([crop.to_bytes() for crop in crops]))
    people = merge_people(np.array([row["identity"] for row in rows]), tiny)
    yaws = np.abs([head_pose(crop.landmarks).yaw for crop in crops])
    group = np.full(len(rows), -1)
    group[yaws < FRONTAL] = 0
    for degrees, (low, high) in BINS.items():
        group[(yaws >= low) & (yaws < high)] = degrees
    pairs = {degrees: choose(people, group, degrees, tiny) for degrees in BINS}
    used = np.unique(np.concatenate([one.pictures() for one in pairs.values()]))
    asked = np.isin(np.arange(len(rows)), used) | (group > 0)

    def faces() -> Iterator[Seen]:
        for i, pixels in enumerate(read_zip(archive, files)):
            if asked[i]:
                landmarks = transform_landmarks(crops[i].landmarks, invert(crops[i].affine))
                label = rows[i]["expression"]
                yield Seen(pixels, landmarks, people[i], label, int(group[i]), files[i])

    table = look(faces(), run / "web.npz")
    places = {name: at for at, name in enumerate(table["name"].tolist())}
    place_of = np.array([places.get(name, -1) for name in files])
    for degrees, one in pairs.items():
        first, second = place_of[one.first], place_of[one.second]
        whole = (first >= 0) & (second >= 0)
        print_areas(table, Pairs(first[whole], second[whole], one.same[whole]), degrees)
    print_names(table)


def choose(people: np.ndarray, group: np.ndarray, degrees: int, tiny: np.ndarray) -> Pairs:
    """Pair photos that look into the camera with ones that look aside, no two copies of one."""
    rng, genuine = np.random.default_rng(degrees), []
    for person in np.unique(people[group == degrees]):
        ahead, aside = (np.flatnonzero((people == person) & (group == g)) for g in (0, degrees))
        both = [(a, b) for a in ahead for b in aside if float(tiny[a] @ tiny[b]) < COPY]
        genuine += [both[k] for k in rng.permutation(len(both))[:MOST]]
    ahead = {name: np.flatnonzero((people == name) & (group == 0)) for name in np.unique(people)}
    names = [name for name, own in ahead.items() if len(own)]
    others = []
    for _, aside in genuine:
        name = rng.choice([one for one in names if one != people[aside]])
        others.append((int(rng.choice(ahead[name])), aside))
    table = np.array(genuine + others, np.int64).reshape(-1, 2)
    return Pairs(table[:, 0], table[:, 1], np.arange(len(table)) < len(genuine))


def print_areas(table: dict[str, np.ndarray], pairs: Pairs, degrees: int) -> None:
    """Print areas under the curve, and gains over the photos as they are."""
    vectors = table["vectors"]
    mean = vectors[:, :1] + vectors[:, 2:]
    vectors = np.hstack([vectors, mean / np.linalg.norm(mean, axis=2, keepdims=True)])
    ways = {name: (0, view) for view, name in enumerate(VIEWS)}
    ways |= {"both of a pair straightened": (2, 2), "mean vector of before and after": (0, 3)}
    cosines = [
        np.einsum("pd,pd->p", vectors[pairs.first, a], vectors[pairs.second, b])
        for a, b in ways.values()
    ]
    names = np.unique(table["person"][pairs.pictures()])
    numbers = np.searchsorted(names, table["person"])

    def areas(counts: np.ndarray) -> np.ndarray:
        weights = count_pairs(pairs, numbers, counts)
        found = np.array([roc_area(one, pairs.same, weights) for one in cosines])
        return np.concatenate([found, found - found[0]])

    rows = over_people(names, areas, draws=1000)
    own = len(np.unique(table["person"][pairs.second]))
    two = (~pairs.same).sum()
    print(f"\n{degrees} degrees: {pairs.same.sum()} pairs of one of {own} people, {two} of two")
    for k, (name, one) in enumerate(zip(ways, cosines, strict=True)):
        means = [float(one[kind].mean()) for kind in (pairs.same, ~pairs.same)]
        gain = written(100 * rows[len(ways) + k], "+.1f")
        print(
            f"  {name}: area {written(rows[k])}, gain {gain}; cosine {means[0]:.2f}, {means[1]:.2f}"
        )


def print_names(table: dict[str, np.ndarray]) -> None:
    """Print how often labels are named, and gains over the photos as they are."""
    for group in np.unique(table["group"]):
        own = {name: one[table["group"] == group] for name, one in table.items()}
        labels, yaw = own["label"], np.abs(own["yaw"]).mean(0)
        called = own["shown"].argmax(2)
        rows = over_people(own["person"], partial(shares, labels, called), 1000)
        counts = ", ".join(f"{(labels == k).sum()} {EXPRESSIONS[k]}" for k in np.unique(labels))
        print(f"\n{group} degrees: {len(labels)} faces ({counts})")
        for k, name in enumerate(VIEWS):
            right, gain, even, more = (rows[k + len(VIEWS) * part] for part in range(4))
            each = recalls(labels, called[:, k], len(EXPRESSIONS), np.ones(len(labels)))
            print(
                f"  {name}: right {written(right)}, gain {written(100 * gain, '+.1f')}; even over "
                f"five {written(even)}, gain {written(100 * more, '+.1f')}; neutral {each[0]:.2f}, "
                f"happy {each[1]:.2f}; yaw {yaw[k]:.1f}"
            )


def shares(labels: np.ndarray, called: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return shares of (N, views) names that are right and their gains, then even over five."""
    right = np.average(called == labels[:, None], axis=0, weights=weights)
    each = np.array([recalls(labels, one, len(EXPRESSIONS), weights) for one in called.T])
    even = np.nanmean(each[:, [EXPRESSIONS.index(name) for name in COMMON]], axis=1)
    return np.concatenate([right, right - right[0], even, even - even[0]])


def written(row: np.ndarray, form: str = ".3f") -> str:
    """Return a value with its interval."""
    value, low, high = (format(one, form) for one in row)
    return f"{value} ({low} to {high})"


def portraits(data: Path, run: Path, maker: str) -> None:
    """Measure on portraits turned by the studio or by `faceedit`."""
    table = look(turned_portraits(data, maker), run / f"{maker}.npz")
    for degrees in TURNS:
        print_areas(table, pair_portraits(table, degrees), degrees)
    print_names(table)


def pair_portraits(table: dict[str, np.ndarray], degrees: int) -> Pairs:
    """Pair what was turned with the portrait that it was made of, and with another one."""
    group, names = table["group"], [one.rsplit(" ", 1)[0] for one in table["name"].tolist()]
    ahead = {names[i]: i for i in np.flatnonzero(group == 0)}
    aside = np.array([i for i in np.flatnonzero(group == degrees) if names[i] in ahead])
    own = np.array([ahead[names[i]] for i in aside])
    other = np.roll(own, len(own) // 2)
    strange = table["person"][other] != table["person"][aside]
    first, second = np.append(own, other[strange]), np.append(aside, aside[strange])
    return Pairs(first, second, np.arange(len(first)) < len(own))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what straightening heads is worth.")
    parser.add_argument("what", choices=("web", "studio", "lssl"))
    parser.add_argument("data", type=Path)
    parser.add_argument("run", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.what == "web":
        web(asked.data, asked.run)
    else:
        portraits(asked.data, asked.run, asked.what)


if __name__ == "__main__":
    main()
