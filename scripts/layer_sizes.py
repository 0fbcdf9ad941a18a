"""Choose the resolution of expression layers: what each costs, and how near it comes alone.

    python scripts/layer_sizes.py RUN/table [--sizes 32 64 96 128]

Layers (Eq. 4 to 6) are solved on training people at every size and compared with the studio's
targets on others, at 128 pixels about eyes and mouth, where an expression is.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from faceedit.faces.topology import FACE_OVAL
from faceedit.methods.reggan.fit_layers import fit_expression_layer, to_signed
from faceedit.methods.reggan.pairs import single_strengths
from faceedit.methods.reggan.recipe import LayerRecipe
from faceedit.targets import EXPRESSIONS
from faceedit.training.pair_table import PairTable

JUDGED = 128
MOST = 60
"""Validation pairs of each target."""


def main() -> None:
    """Solve, compare and print a Markdown table."""
    parser = argparse.ArgumentParser(description="Expression layers at several sizes.")
    parser.add_argument("table", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64, 96, 128])
    parser.add_argument("--targets", nargs="+", default=["happy", "surprised", "angry"])
    arguments = parser.parse_args()
    table = PairTable.load(arguments.table)
    strengths = single_strengths(table)
    train = np.flatnonzero(~np.asarray(table.validation))
    print(
        "| size | MB of a target | seconds to solve | ms a face | error of copying that is left |"
    )
    print("|---|---|---|---|---|")
    for size in arguments.sizes:
        left, solving, running, weight = [], 0.0, 0.0, 0.0
        for name in arguments.targets:
            target = EXPRESSIONS.index(name)
            start = time.perf_counter()
            layer = fit_expression_layer(table, strengths, train, target, LayerRecipe(), size)
            solving += time.perf_counter() - start
            weight = sum(2 * v.numel() for v in layer.state_dict().values()) / 1e6
            unseen = np.asarray(table.validation) & (strengths[:, target] > 0)
            for row in np.flatnonzero(unseen)[:MOST]:
                given = to_signed(np.asarray(table.pictures[row]), size)[None]
                start = time.perf_counter()
                with torch.inference_mode():
                    said = layer(given)
                running += time.perf_counter() - start
                left.append(_left(table, row, said))
        count = len(left)
        cells = [f"{weight:.1f}", f"{solving / len(arguments.targets):.1f}"]
        cells += [f"{1000 * running / count:.1f}", f"{np.mean(left):.3f}"]
        print(f"| {size} | {' | '.join(cells)} |", flush=True)


def _left(table: PairTable, row: int, said: torch.Tensor) -> float:
    """Return a layer's error over that of copying, inside the face."""
    before, after = (
        to_signed(np.asarray(p), JUDGED) for p in (table.pictures[row], table.targets[row])
    )
    made = F.interpolate(said, (JUDGED, JUDGED), mode="bicubic", align_corners=False)[0]
    scale = JUDGED / table.pictures.shape[1]
    ring = (np.asarray(table.landmarks[row, 1])[list(FACE_OVAL), :2] + 0.5) * scale - 0.5
    inside = np.zeros((JUDGED, JUDGED), np.uint8)
    cv2.fillPoly(inside, [np.rint(ring).astype(np.int32)], 1)
    face = torch.from_numpy(inside).bool()
    wrong, copied = ((x - after).abs().mean(0)[face].sum() for x in (made, before))
    return float(wrong / copied)


if __name__ == "__main__":
    main()
