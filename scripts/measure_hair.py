"""How well hair is found, on people that no training saw.

    python scripts/measure_hair.py DATA scripts/hair_outlines_val.json

The outlines are those of `teach_hair.py`, of validation people: one who saw what rules find marked
36 of them, and corrected it in 26. Overlap is intersection over union of the pixels of wide crops.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from teach_hair import outlined

from faceedit.faces.align import BLANK, extract_crop
from faceedit.methods.secgan.look import SIZE
from faceedit.methods.secgan.method import SeCGAN
from faceedit.photos import read_photo
from faceedit.registry import open_registry
from faceedit.studio.sources import find_sources, list_photos


def main() -> None:
    """Print each person's overlap, and the mean."""
    parser = argparse.ArgumentParser(description="How well hair is found.")
    parser.add_argument("data", type=Path)
    parser.add_argument("outlines", type=Path)
    asked = parser.parse_args()
    outlines = json.loads(asked.outlines.read_text(encoding="utf-8"))
    photos = [one for one in list_photos(asked.data / "portraits") if one.path.name in outlines]
    sources, _ = find_sources(photos, asked.data / "portraits", None, print)
    method = SeCGAN.load(open_registry().open_method("secgan"), torch.device("cpu"))
    overlaps = []
    for source in sources:
        photo = read_photo(source.photo.path).pixels
        crop = extract_crop(photo, source.landmarks, SIZE // 2, wide=True).wide
        (scene,) = method.look([crop])
        shown = ~(crop.pixels == np.float32(BLANK)).all(-1)
        marked = (outlined(outlines[source.photo.path.name]) > 0.5) & shown
        found = (scene.hair > 0.5) & shown
        overlaps.append(float((marked & found).sum() / max((marked | found).sum(), 1)))
        print(f"{source.photo.path.name}: {overlaps[-1]:.2f}")
    print(f"{len(overlaps)} people: {np.mean(overlaps):.3f}")


if __name__ == "__main__":
    main()
