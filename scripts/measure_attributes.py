"""Measure networks of attributes on people that no training saw: the table of docs/figures.md.

    python scripts/measure_attributes.py RUN/portraits RUN/six/*/secgan-paper.safetensors

RUN/portraits has the crops and labels that a training of SeCGAN made. Each attribute of each person
is reversed by itself, as in section 4.4 of the paper; pictures are judged as networks make them.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from faceedit.evaluation.edits import SIZE, Album, Asked
from faceedit.evaluation.evidence import Evidence
from faceedit.evaluation.gallery import Gallery, Networks
from faceedit.evaluation.metrics.expression import editing_accuracy
from faceedit.evaluation.metrics.frechet import frechet_distance
from faceedit.evaluation.metrics.realism import is_face
from faceedit.evaluation.own_networks import open_recognisers
from faceedit.faces.align import Crop
from faceedit.methods.secgan.labels import LABEL_SETS
from faceedit.methods.secgan.paper_method import RgbSeCGAN
from faceedit.registry import load_checkpoint, open_registry
from faceedit.stats import bootstrap_mean, draw_people
from faceedit.targets import ATTRIBUTES, AttributeChange, Target
from faceedit.training.portraits import Portraits, to_signed

LABELS = LABEL_SETS["attributes"]
Edit = Callable[[Tensor, Tensor], Tensor]
"""Pictures (N, 3, S, S) in [-1, 1] and difference vectors (N, 13) to pictures."""


def main() -> None:
    """Measure and print a Markdown table, then each row's accuracy by attribute."""
    parser = argparse.ArgumentParser(description="Measure networks of attributes.")
    parser.add_argument("portraits", type=Path)
    parser.add_argument("weights", type=Path, nargs="*")
    arguments = parser.parse_args()
    networks = open_recognisers(open_registry(), "cpu")
    rows: dict[str, Edit] = {"copying": lambda pictures, _: pictures}
    for path in arguments.weights:
        method = RgbSeCGAN.load(load_checkpoint(path, profile="paper"), torch.device("cpu"))
        rows[path.parent.name] = method.translate
        size = method.crop_size
    portraits = Portraits.load(arguments.portraits, size, LABELS.width)
    print("| | editing accuracy | ssfid_face | is_face |\n|---|---|---|---|")
    by_attribute = []
    for name, edit in rows.items():
        cells, each = _measure(portraits, edit, networks)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        by_attribute.append(f"{name}: {', '.join(each)}")
    print("\n".join(["", *by_attribute]))


@torch.inference_mode()
def _measure(portraits: Portraits, edit: Edit, networks: Networks) -> tuple[list[str], list[str]]:
    """Return cells of the table, and the accuracy of each attribute."""
    album = Album()
    which = [k for row in _unseen(portraits) for k in _add(album, portraits, row, edit)]
    edits = album.close()
    evidence = Evidence(edits, Gallery(edits.pictures, networks))
    right = editing_accuracy(evidence)
    people = len(set(evidence.person.tolist()))
    found = bootstrap_mean(right, evidence.person, draw_people(people))
    features = evidence.gallery.look("identity", "embedding")
    inputs, numbers = features[np.unique(edits.before)], np.array(which)
    distances = [
        frechet_distance(features[edits.after[numbers == k]], inputs) for k in range(LABELS.width)
    ]
    cells = [
        f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})",
        f"{np.mean(distances):.3f}",
        f"{is_face(evidence)(np.ones(people)):.2f}",
    ]
    each = [f"{name} {right[numbers == k].mean():.2f}" for k, name in enumerate(ATTRIBUTES)]
    return cells, each


def _unseen(portraits: Portraits) -> Iterator[int]:
    yield from np.flatnonzero(portraits.validation).tolist()


def _add(album: Album, portraits: Portraits, row: int, edit: Edit) -> range:
    """Add a person and all edits to an album; return the numbers of the attributes."""
    shown = portraits.labels[row]
    image = to_signed(portraits.pictures[row : row + 1])
    asked = LABELS.all_edits(shown)
    made = edit(image.expand(len(asked), -1, -1, -1), torch.from_numpy(asked - shown))
    name = str(row)
    before = album.add_picture(_crop(image[0]), name)
    for k, attribute in enumerate(ATTRIBUTES):
        change = AttributeChange(attribute, bool(asked[k, k]))
        after = album.add_picture(_crop(made[k]), name)
        album.add_edit(name, Asked(Target((change,))), before, after)
    return range(len(ATTRIBUTES))


def _crop(picture: Tensor) -> Crop:
    """Return a picture as recognisers look at it; they see no more in it than its own pixels."""
    pixels = (picture.clamp(-1, 1).permute(1, 2, 0).numpy() + 1) / 2
    large = cv2.resize(pixels, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    return Crop(large, np.full((478, 3), np.nan, np.float32), np.eye(2, 3))


if __name__ == "__main__":
    main()
