"""Give the expression judge classes for which there are too few photos to train a network.

    python scripts/widen_judge.py DATA --judge runs/judge/judge.safetensors

Only the last layer is fitted anew, balanced over all classes, on the features of the same training
people as the judge's own. Writes judge-seven.safetensors beside the judge and prints the confusion
on validation people: with a dozen real photos of disgust and three of fear among them, it says
little about these two, and so does the judge.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from judge_data import MARGIN, Faces, join, read_portraits, read_web, split_people
from torch.nn import functional as F

from faceedit.recognisers.expression import ExpressionJudge, ExpressionNetwork

CLASSES = ("neutral", "happy", "sad", "angry", "surprised", "disgusted", "afraid")
MOST_OF_A_CLASS = 1500
WEIGHT_DECAY = 0.02
STEPS = 300


def main() -> None:
    """Fit, write and print."""
    parser = argparse.ArgumentParser(description="Widen the expression judge.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--judge", type=Path, default=Path("runs/judge/judge.safetensors"))
    arguments = parser.parse_args()
    judge = ExpressionJudge.load(arguments.judge)
    web = read_web(arguments.data / "expressions.csv", arguments.judge.parent / "landmarks.npz")
    held = split_people(web)
    learnt = join([web.take(~held), read_portraits(arguments.data / "portraits.csv", "train")])
    learnt = _thin(learnt.take(np.isin(learnt.labels, CLASSES)))
    inputs, labels = _features(judge, learnt), _numbers(learnt)
    counts = torch.bincount(labels, minlength=len(CLASSES)).float()
    share = torch.from_numpy(learnt.weights).float()
    of_class = torch.zeros(len(CLASSES)).index_add(0, labels, share)
    weights = share / of_class[labels]
    layer = torch.nn.Linear(inputs.shape[1], len(CLASSES))
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=STEPS)

    def closure() -> float:
        optimiser.zero_grad()
        loss = (F.cross_entropy(layer(inputs), labels, reduction="none") * weights).sum()
        loss = loss / len(CLASSES) + WEIGHT_DECAY * layer.weight.square().mean()
        loss.backward()
        return loss.item()

    optimiser.step(closure)
    network = ExpressionNetwork(len(CLASSES), judge.network.widths)
    state = judge.network.state_dict()
    state |= {"classes.weight": layer.weight.data, "classes.bias": layer.bias.data}
    network.load_state_dict(state)
    wider = ExpressionJudge(network.eval(), CLASSES, judge.size)
    wider.save(arguments.judge.with_name("judge-seven.safetensors"))
    print("learned from", dict(zip(CLASSES, counts.int().tolist(), strict=True)))
    _report(wider, web.take(held & np.isin(web.labels, CLASSES)), "web people")
    portraits = read_portraits(arguments.data / "portraits.csv", "val")
    _report(wider, portraits.take(portraits.strengths >= 2), "strong val portraits")


def _thin(faces: Faces) -> Faces:
    """Keep at most `MOST_OF_A_CLASS` faces of each class, evenly chosen."""
    kept = []
    for name in CLASSES:
        of_class = np.flatnonzero(faces.labels == name)
        count = min(len(of_class), MOST_OF_A_CLASS)
        kept.append(of_class[np.linspace(0, len(of_class) - 1, count).astype(int)])
    return faces.take(np.concatenate(kept))


def _numbers(faces: Faces) -> torch.Tensor:
    return torch.tensor([CLASSES.index(name) for name in faces.labels])


def _middles(faces: Faces) -> np.ndarray:
    inside = slice(MARGIN, -MARGIN)
    return faces.pictures[:, inside, inside].astype(np.float32) / 255


@torch.no_grad()
def _features(judge: ExpressionJudge, faces: Faces) -> torch.Tensor:
    pictures = torch.from_numpy(_middles(faces))[:, None]
    found = [judge.network.features(part) for part in pictures.split(64)]
    return torch.cat(found).clone()


def _report(judge: ExpressionJudge, faces: Faces, title: str) -> None:
    called = judge.classify(_middles(faces)).argmax(1)
    print(f"{title}: {len(faces)} faces; rows are what they show, columns what they are called")
    print(" " * 10 + " ".join(f"{name[:9]:>9s}" for name in CLASSES))
    for name in sorted(set(faces.labels.tolist())):
        counts = np.bincount(called[faces.labels == name], minlength=len(CLASSES))
        print(f"{name[:9]:10s}" + " ".join(f"{count:9d}" for count in counts))


if __name__ == "__main__":
    main()
