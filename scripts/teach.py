"""What made pictures teach: recognition of expressions from a few photos, with and without them.

    python scripts/teach.py prepare DATA RUN [--rig RIG]
    python scripts/teach.py turn DATA RUN
    python scripts/teach.py many DATA RUN [--per-class 5000]
    python scripts/teach.py learn RUN [--steps 700] [--runs 3] [--amounts 5 20 100]
    python scripts/teach.py light RUN [--steps 700] [--runs 3]
    python scripts/teach.py count RUN [--steps 700] [--runs 3]
    python scripts/teach.py table RUN
    python scripts/teach.py plot RUN OUT.png

`prepare`: half of the people of ``expressions.csv`` learn, the other half judge. Of those who
learn, at most 100 photos of each of six expressions are taken. ``faceedit augment`` gives each
photo the other expressions (copies), puts it into random lights (lit), and gives the portraits of
the training split expressions (portraits). The judges' photos are lit hard from one side by the
studio, whose surfaces come from a fitted head and no network.

`turn`: the heads of those who learn are turned by random angles, too (turned). `many`: portraits,
made small first, get expressions until each is shown so often (many).

`learn`: the project's expression network, from scratch, from 5, 20 and 100 photos a class, alone
and beside copies of these photos, portraits, both, or turned heads. `light`: from 100 a class, with
and without lit copies, judged by the photos as they are and under hard side light. `count`: from 20
a class, alone and beside ever more of the many. What is done is kept in RUN and not done again.
`table` prints what there is: accuracies are means of the six classes, in intervals of 95% over the
people who judge and over the runs. `plot` draws those of `count` (Fig. 8 of LSSL).
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from taught_pictures import CLASSES, make_many, prepare, turn
from torch import Tensor
from torch.nn import functional as F

from faceedit.numerics import pick_numerics
from faceedit.recognisers.base import FACE_WINDOW
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.targets import EXPRESSIONS
from faceedit.training.recognisers.augment import NOTHING, frame, place, recolour
from faceedit.training.recognisers.expression import CHANGE
from faceedit.training.recognisers.scores import over_people, recalls

AMOUNTS = (5, 20, 100)
ALONE = "photos alone"
KINDS = {
    ALONE: (),
    "and copies": ("copies",),
    "and portraits": ("portraits",),
    "and both": ("copies", "portraits"),
    "and turns": ("turned",),
}
COUNTED, COUNTS = 20, (500, 1000, 2000, 5000, 10000)
"""Photos of a class, beside which so many made pictures of a class are laid."""
SIDE, BATCH = 64, 64


def main() -> None:
    """Prepare, train or print."""
    parser = argparse.ArgumentParser(description="Measure what made pictures teach.")
    tasks = parser.add_subparsers(dest="task", required=True)
    one = tasks.add_parser("prepare")
    one.add_argument("data", type=Path)
    one.add_argument("run", type=Path)
    one.add_argument("--rig", type=Path)
    one = tasks.add_parser("turn")
    one.add_argument("data", type=Path)
    one.add_argument("run", type=Path)
    one = tasks.add_parser("many")
    one.add_argument("data", type=Path)
    one.add_argument("run", type=Path)
    one.add_argument("--per-class", type=int, default=COUNTS[-1])
    for name in ("learn", "light", "count", "table"):
        one = tasks.add_parser(name)
        one.add_argument("run", type=Path)
        one.add_argument("--steps", type=int, default=700)
        one.add_argument("--runs", type=int, default=3)
        one.add_argument("--amounts", type=int, nargs="+", default=AMOUNTS)
    one = tasks.add_parser("plot")
    one.add_argument("run", type=Path)
    one.add_argument("out", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.task == "prepare":
        prepare(asked.data, asked.run, asked.rig or asked.data / "rig")
    elif asked.task == "table":
        print_table(asked.run)
    elif asked.task == "plot":
        plot(asked.run, asked.out)
    elif asked.task == "turn":
        turn(asked.data, asked.run)
    elif asked.task == "many":
        make_many(asked.data, asked.run, asked.per_class)
    elif asked.task == "count":
        count(asked.run, asked.steps, asked.runs)
    else:
        teach(asked.run, asked.task, asked.steps, asked.runs, asked.amounts)


def teach(run: Path, what: str, steps: int, runs: int, amounts: Sequence[int]) -> None:
    """Train every network that is still missing and write down what it says of the judges."""
    tables = {file.stem: dict(np.load(file)) for file in run.glob("*.npz")}
    out = run / what
    out.mkdir(exist_ok=True)
    kinds = KINDS if what == "learn" else {ALONE: (), "and lit": ("lit",)}
    for seed in range(runs):
        for amount in amounts if what == "learn" else AMOUNTS[-1:]:
            chosen = few(tables["learn"], amount, seed)
            files = tables["learn"]["photo"][chosen]
            photos = _taken(tables["learn"], chosen)
            for kind, names in kinds.items():
                place_of = out / f"{amount}-{kind.replace(' ', '_')}-{seed}.json"
                if place_of.exists() or not tables.keys() >= set(names):
                    continue
                made = []
                for name in names:
                    table = tables[name]
                    own = np.isin(table["photo"], files) | (name == "portraits")
                    made.append(_taken(table, own))
                network = train([photos, *made], steps, seed)
                _write(network, {name: tables[name] for name in ("judge", "hard")}, place_of)


def count(run: Path, steps: int, runs: int) -> None:
    """Train beside ever more made pictures, and write down what the networks say of the judges."""
    tables = {name: dict(np.load(run / f"{name}.npz")) for name in ("learn", "many", "judge")}
    out = run / "count"
    out.mkdir(exist_ok=True)
    for seed in range(runs):
        photos = _taken(tables["learn"], few(tables["learn"], COUNTED, seed))
        for number in (0, *COUNTS):
            made = [_taken(tables["many"], few(tables["many"], number, seed))] if number else []
            kind = made_kind(number) if number else ALONE
            place_of = out / f"{COUNTED}-{kind.replace(' ', '_')}-{seed}.json"
            if not place_of.exists():
                network = train([photos, *made], steps, seed)
                _write(network, {"judge": tables["judge"]}, place_of)


def made_kind(number: int) -> str:
    """Return the name of so many made pictures of a class beside the photos."""
    return f"and {number} made"


def _taken(table: dict[str, np.ndarray], index: np.ndarray) -> dict[str, np.ndarray]:
    return {name: column[index] for name, column in table.items()}


def _write(
    network: ExpressionRecogniser, tables: dict[str, dict[str, np.ndarray]], place_of: Path
) -> None:
    said = {name: look(network, table["pictures"]).tolist() for name, table in tables.items()}
    place_of.write_text(json.dumps(said))
    right = accuracy(tables["judge"]["label"], said["judge"])
    print(f"{place_of.stem}: {right:.3f}", flush=True)


def few(table: dict[str, np.ndarray], amount: int, seed: int) -> np.ndarray:
    """Return the places of so many photos of each class."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(table["label"]))
    return np.concatenate([order[table["label"][order] == c][:amount] for c in range(len(CLASSES))])


def train(tables: Sequence[dict[str, np.ndarray]], steps: int, seed: int) -> ExpressionRecogniser:
    """Train from scratch: half of each batch photos, half made pictures, classes equally often."""
    torch.manual_seed(seed)
    network = ExpressionRecogniser(size=SIDE).train()
    numerics = pick_numerics("auto", torch.device("cpu"))
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.05)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    shares = [1.0] if len(tables) == 1 else [0.5, *[0.5 / (len(tables) - 1)] * (len(tables) - 1)]
    for _ in range(steps):
        pictures, labels = [], []
        for table, share in zip(tables, shares, strict=True):
            index = draw(table["label"], round(BATCH * share))
            pictures.append(torch.from_numpy(table["pictures"][index]))
            labels.append(torch.from_numpy(table["label"][index]))
        shown, wanted = torch.cat(pictures)[:, None].float() / 255, torch.cat(labels)
        transforms = place(len(shown), CHANGE, FACE_WINDOW, torch.rand(len(shown)) < 0.5)
        shown = recolour(frame(shown, transforms, SIDE), CHANGE) * 2 - 1
        with numerics.autocast(torch.device("cpu")):
            features = network.features(shown.contiguous(memory_format=torch.channels_last))
        logits = network.judge(features.float()).logits[:, columns()]
        loss = F.cross_entropy(logits, wanted, label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    return network.eval()


def draw(labels: np.ndarray, count: int) -> np.ndarray:
    """Draw places, every class that is there equally often."""
    there = np.bincount(labels, minlength=len(CLASSES))
    chances = torch.from_numpy(1.0 / there[labels])
    return torch.multinomial(chances, count, replacement=True).numpy()


def columns() -> list[int]:
    """Where the six classes stand among the eight expressions."""
    return [EXPRESSIONS.index(name) for name in CLASSES]


@torch.inference_mode()
def look(network: ExpressionRecogniser, pictures: np.ndarray) -> np.ndarray:
    """Return the (N,) classes that a network names."""
    named = []
    for start in range(0, len(pictures), 256):
        shown: Tensor = torch.from_numpy(pictures[start : start + 256])[:, None].float() / 255
        still = place(len(shown), NOTHING, FACE_WINDOW, torch.zeros(len(shown), dtype=torch.bool))
        shown = frame(shown, still, SIDE) * 2 - 1
        named.append(network.judge(network.features(shown)).logits[:, columns()].argmax(1).numpy())
    return np.concatenate(named)


def accuracy(labels: np.ndarray, said: Sequence[int] | np.ndarray) -> float:
    """Return the mean of the classes' recalls."""
    return float(recalls(labels, np.array(said), len(CLASSES), np.ones(len(labels))).mean())


class Result(NamedTuple):
    """What networks of one kind learned.

    Attributes:
        amount: photos of a class.
        kind: what was beside them.
        values: (2, 3) accuracy, and gain over photos alone: value, lower and upper bound.
        runs: accuracy of each network.
    """

    amount: int
    kind: str
    values: np.ndarray
    runs: list[float]


def results(run: Path, what: str, view: str) -> list[Result]:
    """Read what the networks of a task said of the judges' photos, as they are or in hard light."""
    judges = dict(np.load(run / "judge.npz"))
    labels, people = judges["label"], judges["person"]
    said: dict[tuple[int, str], list[np.ndarray]] = {}
    for file in sorted((run / what).glob("*.json")):
        amount, kind, _ = file.stem.split("-")
        key = int(amount), kind.replace("_", " ")
        said.setdefault(key, []).append(np.array(json.loads(file.read_text())[view]))
    return [
        Result(
            *key,
            interval(labels, people, [runs, said[key[0], ALONE]]),
            [accuracy(labels, one) for one in runs],
        )
        for key, runs in sorted(said.items())
    ]


def print_table(run: Path) -> None:
    """Print accuracies, and gains over photos alone."""
    views = {"judge": "photos as they are", "hard": "hard side light"}
    for what, view in (
        ("learn", "judge"),
        ("light", "judge"),
        ("light", "hard"),
        ("count", "judge"),
    ):
        print(f"\n{what}, {views[view]}")
        for one in results(run, what, view):
            value, gain = one.values, 100 * one.values[1]
            print(
                f"{one.amount} a class, {one.kind}: {value[0, 0]:.3f} ({value[0, 1]:.3f} to "
                f"{value[0, 2]:.3f}; runs {', '.join(f'{x:.3f}' for x in one.runs)}), gain "
                f"{gain[0]:+.1f} ({gain[1]:+.1f} to {gain[2]:+.1f})"
            )


def plot(run: Path, out: Path) -> None:
    """Draw accuracy against the number of made pictures of a class, with intervals and runs."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = {one.kind: one for one in results(run, "count", "judge")}
    kinds = [(0, ALONE), *((number, made_kind(number)) for number in COUNTS)]
    there = [(number, found[kind]) for number, kind in kinds if kind in found]
    figure = Figure((5.5, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    places = np.arange(len(there))
    values = np.array([one.values[0] for _, one in there])
    reach = np.abs(values[:, 1:] - values[:, :1]).T
    axes.errorbar(places, values[:, 0], reach, fmt="o-", capsize=3, color="#0b6e99")
    for place_of, (_, one) in zip(places, there, strict=True):
        axes.plot([place_of] * len(one.runs), one.runs, "_", color="#c2571a", markersize=10)
    axes.set_xticks(places, [f"{number:,}" for number, _ in there])
    axes.set_xlabel(f"made pictures of a class, beside {COUNTED} photos")
    axes.set_ylabel("accuracy on photos of others")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(out, dpi=120)


def interval(
    labels: np.ndarray, people: np.ndarray, columns: Sequence[Sequence[np.ndarray]]
) -> np.ndarray:
    """Return accuracy and gain with intervals over people and, in each draw, over runs."""
    rng = np.random.default_rng(0)

    def means(weights: np.ndarray) -> np.ndarray:
        whole = (weights == 1).all()
        found = []
        for runs in columns:
            taken = range(len(runs)) if whole else rng.integers(len(runs), size=len(runs))
            each = [recalls(labels, runs[i], len(CLASSES), weights) for i in taken]
            found.append(float(np.nanmean(each)))
        return np.array([found[0], found[0] - found[1]])

    return over_people(people, means)


if __name__ == "__main__":
    main()
