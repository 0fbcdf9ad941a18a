"""Train the expression judge on web photos of people, and say how well it does on others.

    python scripts/train_judge.py DATA --out runs/judge [--portraits] [--epochs N]

DATA holds expressions.csv with expressions.zip, and portraits.csv with its folder and
landmarks.npz. The average of the weights is written to OUT/judge.safetensors after every epoch that
does better on validation people than those before, with OUT/report.json beside it. The very rare
afraid (20 photos), contemptuous (9) and disgusted (121, most of four film actors and hardly
to be told from their other faces) are no classes; their faces are only counted in the report.
Beside the expression the network learns to say where brows, lids and lips are, which every photo
teaches, however rare its expression.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from judge_data import MARGIN, Faces, join, read_portraits, read_web, split_people
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.recognisers.expression import SIZE, ExpressionJudge, ExpressionNetwork
from faceedit.targets import EXPRESSIONS
from faceedit.training.state import Average

CLASSES = ("neutral", "happy", "sad", "angry", "surprised")
STRONG = 2


@dataclass(frozen=True)
class Recipe:
    """How the judge is trained.

    Attributes:
        balance: an expression is drawn as often as its weight to this power; what is left of the
            imbalance is taken off the logits (Menon et al. 2021).
        portrait_share: of the weight of every expression; were it not the same for all, being a
            portrait would be a sign of some.
        shape_parts: principal components of the points that the network learns beside.
        shape_weight: of the loss on them.
    """

    widths: tuple[int, ...] = (16, 32, 96, 192)
    epochs: int = 30
    epoch_size: int = 6000
    batch: int = 64
    rate: float = 2e-3
    weight_decay: float = 0.02
    smoothing: float = 0.1
    balance: float = 0.4
    dropout: float = 0.3
    portrait_share: float = 0.25
    shape_parts: int = 24
    shape_weight: float = 0.5
    seed: int = 0


def main() -> None:
    """Train, write and report."""
    parser = argparse.ArgumentParser(description="Train the expression judge.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs/judge"))
    parser.add_argument("--portraits", action="store_true", help="learn from training portraits")
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--balance", type=float, default=Recipe.balance)
    parser.add_argument("--rate", type=float, default=Recipe.rate)
    parser.add_argument("--start", type=Path, help="weights of this split to go on from")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    arguments = parser.parse_args()
    recipe = Recipe(
        epochs=arguments.epochs,
        rate=arguments.rate,
        balance=arguments.balance,
        seed=arguments.seed,
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    web = read_web(arguments.data / "expressions.csv", arguments.out / "landmarks.npz")
    held = split_people(web)
    learnt = web.take(~held)
    tests = {"web people": web.take(held)}
    for split in ("train", "val"):
        portraits = read_portraits(arguments.data / "portraits.csv", split)
        tests[f"strong {split} portraits"] = portraits.take(portraits.strengths >= STRONG)
        tests[f"neutral {split} portraits"] = portraits.take(portraits.labels == "neutral")
        if split == "train" and arguments.portraits:
            learnt = mix(learnt, portraits, recipe.portrait_share)
            tests = {"web people": web.take(held)}
    train(learnt, tests, recipe, arguments.out, arguments.start)


def train(
    learnt: Faces, tests: dict[str, Faces], recipe: Recipe, out: Path, start: Path | None = None
) -> None:
    """Train on `learnt` and keep the weights that do best on the web people of `tests`.

    Args:
        learnt: to train on.
        tests: to report on after every epoch.
        recipe: how.
        out: folder for the weights and the report.
        start: weights of an earlier training on the same people to go on from.
    """
    torch.manual_seed(recipe.seed)
    learnt = learnt.take(np.isin(learnt.labels, CLASSES))
    pictures = torch.from_numpy(learnt.pictures)
    labels = torch.tensor([CLASSES.index(name) for name in learnt.labels])
    chances, log_prior = drawing_chances(labels, torch.from_numpy(learnt.weights), recipe.balance)
    goals = torch.from_numpy(shape_goals(learnt.shapes, recipe.shape_parts))
    network, copy = (
        ExpressionNetwork(len(CLASSES), recipe.widths, recipe.dropout) for _ in range(2)
    )
    if start:
        network.load_state_dict(ExpressionJudge.load(start).network.state_dict())
    average = Average(network, copy)
    judge = ExpressionJudge(average.average, CLASSES)
    where = nn.Linear(recipe.widths[-1], recipe.shape_parts)
    parameters = [*network.parameters(), *where.parameters()]
    optimiser = torch.optim.AdamW(parameters, recipe.rate, weight_decay=recipe.weight_decay)
    steps = recipe.epoch_size // recipe.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=recipe.epochs * steps, pct_start=0.1
    )
    best, began = -1.0, time.monotonic()
    for epoch in range(recipe.epochs):
        network.train()
        sums = np.zeros(2)
        for step in range(steps):
            index = torch.multinomial(chances, recipe.batch)
            mirrored = torch.rand(recipe.batch) < 0.5
            x = augment(pictures[index], mirrored)
            features = network.features(x.contiguous(memory_format=torch.channels_last))
            logits = network.classes(network.dropout(features)) + log_prior
            named = F.cross_entropy(logits, labels[index], label_smoothing=recipe.smoothing)
            placed = F.smooth_l1_loss(where(features), goals[index, mirrored.long()])
            optimiser.zero_grad()
            (named + recipe.shape_weight * placed).backward()
            optimiser.step()
            schedule.step()
            average.update(epoch * steps + step)
            sums += named.item(), placed.item()
        report = {name: examine(judge, faces) for name, faces in tests.items()}
        score = report["web people"]["balanced_accuracy"]
        minutes = (time.monotonic() - began) / 60
        losses = " ".join(f"{value:.3f}" for value in sums / steps)
        right = " ".join(f"{n[:3]} {v:.2f}" for n, v in report["web people"]["recall"].items())
        print(f"{epoch + 1:3d} {minutes:5.1f} min  loss {losses}  {score:.3f}  {right}", flush=True)
        if score > best:
            best = score
            judge.save(out / "judge.safetensors")
            notes = {"classes": CLASSES, "epoch": epoch + 1, "recipe": asdict(recipe), **report}
            (out / "report.json").write_text(json.dumps(notes, indent=1))


def mix(web: Faces, portraits: Faces, share: float) -> Faces:
    """Return both, portraits having `share` of the weight of every expression."""
    portraits = portraits.take(np.isin(portraits.labels, CLASSES))
    factors = np.zeros(len(portraits))
    for name in CLASSES:
        own = portraits.labels == name
        others = web.weights[web.labels == name].sum()
        factors[own] = others * share / (1 - share) / portraits.weights[own].sum()
    return join([web, replace(portraits, weights=portraits.weights * factors)])


def drawing_chances(labels: Tensor, weights: Tensor, balance: float) -> tuple[Tensor, Tensor]:
    """Return the (N,) chance of each face to be drawn, and the (classes,) log of each class's."""
    totals = torch.zeros(len(CLASSES), dtype=weights.dtype).index_add_(0, labels, weights)
    prior = totals**balance / (totals**balance).sum()
    chances = weights * (prior / totals)[labels]
    return chances, prior.log().float()


def shape_goals(shapes: np.ndarray, parts: int) -> np.ndarray:
    """Return the (N, 2, parts) principal components of (N, 2, P, 2) points, each of spread 1."""
    flat = shapes.reshape(len(shapes) * 2, -1)
    centred = flat - flat.mean(0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    scores = centred @ axes[:, : -parts - 1 : -1]
    scores /= scores.std(0)
    return scores.reshape(len(shapes), 2, parts).clip(-4, 4)


def augment(pictures: Tensor, mirrored: Tensor) -> Tensor:
    """Move, turn, light, blur, stain and cover faces at random.

    Args:
        pictures: (N, S + 2 MARGIN, S + 2 MARGIN) uint8.
        mirrored: (N,) bool: which to mirror.

    Returns:
        (N, 1, S, S) float32 in [0, 1].
    """
    n = len(pictures)
    x = pictures[:, None].float() / 255
    share = SIZE / (SIZE + 2 * MARGIN)
    angle = spread(n, 0.17)
    scale = torch.exp(spread(n, 0.1)) * share
    flip = 1 - 2 * mirrored.float()
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    rows = [cos * flip, -sin, spread(n, 0.09), sin * flip, cos, spread(n, 0.09)]
    grid = F.affine_grid(torch.stack(rows, 1).view(n, 2, 3), [n, 1, SIZE, SIZE], False)
    x = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    blurred = torch.rand(n) < 0.5
    if blurred.any():
        side = int(torch.randint(SIZE // 3, SIZE, ()))
        small = F.interpolate(x[blurred], (side, side), mode="bilinear", antialias=True)
        x[blurred] = F.interpolate(small, (SIZE, SIZE), mode="bicubic", align_corners=False)
    ramp = torch.linspace(-1, 1, SIZE)
    across, down = spread(n, 0.5).view(n, 1, 1, 1), spread(n, 0.4).view(n, 1, 1, 1)
    light = torch.exp(across * ramp + down * ramp[:, None])
    gamma = torch.exp(spread(n, 0.4)).view(n, 1, 1, 1)
    x = x.clamp(1e-3, 1) ** gamma * light * torch.exp(spread(n, 0.3)).view(n, 1, 1, 1)
    noise = torch.rand(n, 1, 1, 1) ** 2 * 0.06
    x = (x + spread(n, 0.1).view(n, 1, 1, 1) + torch.randn_like(x) * noise).clamp(0, 1)
    for i in torch.nonzero(torch.rand(n) < 0.3).flatten().tolist():
        high, wide = torch.randint(12, 36, (2,)).tolist()
        top, left = (int(torch.randint(0, SIZE - side, ())) for side in (high, wide))
        x[i, 0, top : top + high, left : left + wide] = torch.rand(())
    return x


def spread(n: int, most: float) -> Tensor:
    """Return (n,) numbers between minus and plus `most`."""
    return (torch.rand(n) * 2 - 1) * most


def examine(judge: ExpressionJudge, faces: Faces, draws: int = 400) -> dict:
    """Count what the judge calls faces.

    Returns:
        JSON: confusion (rows are labels, columns the judge's classes), recall, balanced accuracy,
        and both with 95% intervals from drawing people anew.
    """
    faces = faces.take(np.isin(faces.labels, EXPRESSIONS))
    inner = faces.pictures[:, MARGIN:-MARGIN, MARGIN:-MARGIN].astype(np.float32) / 255
    called = judge.classify(inner).argmax(1)
    names = [name for name in EXPRESSIONS if (faces.labels == name).any()]
    people, person = np.unique(faces.people, return_inverse=True)
    table = np.zeros((len(people), len(EXPRESSIONS), len(judge.classes)))
    rows = np.array([EXPRESSIONS.index(name) for name in faces.labels.tolist()], int)
    np.add.at(table, (person, rows, called), 1)
    generator = np.random.default_rng(0)
    drawn = [recalls(table.sum(0), judge.classes)]
    for _ in range(draws):
        times = np.bincount(generator.integers(0, len(people), len(people)), minlength=len(people))
        drawn.append(recalls(np.tensordot(times, table, 1), judge.classes))
    values = np.array(drawn)
    seen = [k for k, name in enumerate(judge.classes) if name in names]
    overall = np.nanmean(values[:, seen], 1)
    return {
        "faces": len(faces),
        "people": len(people),
        "balanced_accuracy": float(overall[0]),
        "balanced_accuracy_interval": _interval(overall[1:]),
        "recall": {judge.classes[k]: float(values[0, k]) for k in seen},
        "recall_interval": {judge.classes[k]: _interval(values[1:, k]) for k in seen},
        "confusion": {
            name: dict(
                zip(
                    judge.classes,
                    table[:, EXPRESSIONS.index(name)].sum(0).astype(int).tolist(),
                    strict=True,
                )
            )
            for name in names
        },
    }


def recalls(table: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """Return the (classes,) shares named rightly of an (EXPRESSIONS, classes) table of counts."""
    rows = [EXPRESSIONS.index(name) for name in classes]
    own = table[rows]
    with np.errstate(invalid="ignore"):
        return own.diagonal() / own.sum(1)


def _interval(values: np.ndarray) -> list[float]:
    return [float(v) for v in np.nanpercentile(values, [2.5, 97.5])]


if __name__ == "__main__":
    main()
