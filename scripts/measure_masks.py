"""How near the masks of SeCGAN's semantic branch come to what the studio's pictures show.

    faceedit studio pairs --photos portraits --rig rig -o PAIRS --split val --per-photo 1 \
        --plain --no-aus --lights none --mix expression=1
    python scripts/measure_masks.py PAIRS

Of people whom no training saw: intersection over union, by segment, of the translated mask with the
one that is parsed from the studio's picture of the expression and holds its landmarks' features,
over that of copying the photo's own mask. Then the same for what the parser sees in pictures that
`secgan` and its baseline, `reggan`, make, with the translated mask. Intervals are of 95%.
"""

import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from faceedit.faces.landmark_maps import CHANNELS, draw_landmark_maps
from faceedit.methods.fields.method import read_weights
from faceedit.methods.fields.prepared import prepare
from faceedit.methods.fields.recipe import Amplitudes
from faceedit.methods.fields.samples import FieldSamples
from faceedit.methods.fields.scores import given
from faceedit.methods.pictures.masks import one_hot
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.reggan.pairs import pair_shares, usable
from faceedit.methods.secgan.expression_task import drawn_with, translated_mask
from faceedit.methods.secgan.expressions import ExpressionSeCGAN
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.regions import Region
from faceedit.registry import open_registry
from faceedit.training.pair_table import FIELD_SIZE, PairTable, pack_shards
from faceedit.training.recognisers.scores import over_people

SHOWN = (Region.SKIN, Region.NOSE, Region.BROWS, Region.EYES, Region.LIPS)


@torch.inference_mode()
def main() -> None:
    """Read pairs, measure and print."""
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    registry = open_registry()
    parser = AppearanceRecogniser.load(registry.checkpoint("appearance")).eval()
    reggan = read_weights(RegGAN.build_generator, registry.checkpoint("reggan-fast"))
    secgan = read_weights(
        ExpressionSeCGAN.build_generator, registry.checkpoint("secgan-expressions")
    )
    with tempfile.TemporaryDirectory() as scratch:
        table = pack_shards(sorted(folder.glob("*.tar")), Path(scratch) / "table")
        shares = pair_shares(table, asdict(Amplitudes()))
        rows = usable(table, shares)
        pairs = prepare(table, rows, shares, reggan.eval(), Path(scratch) / "prepared")
        samples = FieldSamples(pairs, np.arange(len(pairs)), RegGAN.spec, 0, augment=False)
        overlaps: dict[str, list[np.ndarray]] = {}
        for place, row in enumerate(rows):
            drawn = samples.draw(place, np.random.default_rng(0))
            batch = {name: value[None] for name, value in drawn.items()}
            inside = batch["maps"][:, [CHANNELS.index("face")]]
            inside = torch.nn.functional.interpolate(inside, FIELD_SIZE) > 0.5
            true, own = true_masks(parser, table, int(row))
            wanted = translated_mask(parser.parse(batch["moved"] * 2 - 1), batch["maps"])
            found = {"translated": (wanted, true), "copied": (own, true)}
            for name, network in (("secgan", secgan), ("reggan", reggan)):
                picture = drawn_with(network.eval()(*given(batch)), batch)
                seen = one_hot(parser.parse(picture * 2 - 1))
                found[f"{name}'s picture"] = (seen, wanted)
            for name, (a, b) in found.items():
                overlaps.setdefault(name, []).append(overlap(a, b, inside))
        people = np.asarray(table.person)[rows]
    for name, values in overlaps.items():
        each = np.array(values)

        def means(weights: np.ndarray, each: np.ndarray = each) -> np.ndarray:
            known = np.isfinite(each) * weights[:, None]
            return np.append(
                by := (np.nan_to_num(each) * known).sum(0) / np.maximum(known.sum(0), 1), by.mean()
            )

        scores = over_people(people, means)
        named = zip((*(one.name.lower() for one in SHOWN), "mean"), scores, strict=True)
        said = ", ".join(f"{part} {v[0]:.3f} ({v[1]:.3f} to {v[2]:.3f})" for part, v in named)
        print(f"{name}, {len(each)} pictures: {said}")


def true_masks(parser: AppearanceRecogniser, table: PairTable, row: int) -> tuple[Tensor, Tensor]:
    """Return the masks of the studio's picture and of the photo, (1, K, 128, 128) each."""
    size = table.pictures.shape[1]
    photo = cv2.resize(
        np.asarray(table.pictures[row]), (FIELD_SIZE,) * 2, interpolation=cv2.INTER_AREA
    )
    masks = []
    for picture, landmarks in zip(
        (np.asarray(table.targets[row]), photo), np.asarray(table.landmarks[row])[::-1], strict=True
    ):
        maps = draw_landmark_maps(landmarks, size, FIELD_SIZE)
        shown, drawn = (
            torch.from_numpy(one.astype(np.float32)).permute(2, 0, 1)[None]
            for one in (picture, maps)
        )
        masks.append(translated_mask(parser.parse(shown / 127.5 - 1), drawn))
    return masks[0], masks[1]


def overlap(a: Tensor, b: Tensor, inside: Tensor) -> np.ndarray:
    """Return the intersection over union of `SHOWN`, NaN where neither mask has a segment."""
    both = (a * b * inside).sum((0, 2, 3))[list(SHOWN)]
    either = (torch.maximum(a, b) * inside).sum((0, 2, 3))[list(SHOWN)]
    return torch.where(either > 0, both / either.clamp(min=1), torch.nan).numpy()


if __name__ == "__main__":
    main()
