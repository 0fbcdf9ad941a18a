"""Measure how much memory edits of large photos take, beside what `faceedit.photos.memory` says.

    python scripts/measure_memory.py                     # photos that it makes, of 36 megapixels
    python scripts/measure_memory.py a.png b.tif         # your own

Each photo is edited by the command in a process of its own with one worker, and the peak of that
process is told beyond what a small photo takes.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from PIL import Image

PEAK = """
import resource, sys
from faceedit.cli import main
sys.argv = ["faceedit", "apply", "-t", "surprised", "--edit-shown", "--device", "cpu", "-q",
            "--workers", "1", sys.argv[1], "-o", sys.argv[2]]
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(photo: Path) -> int:
    """Return the bytes that the process took at most."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-c", PEAK, str(photo), out]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return 1024 * int(done.stdout.split()[-1])


def photos(folder: Path, side: int) -> Iterator[Path]:
    """Make a square photo in all formats and modes, one after the other.

    Two thirds of ``filled.jpg`` are the crop of a face, in the others it is a tenth.
    """
    scene = skimage.data.astronaut()
    near = cv2.resize(scene[20:220, 120:320], (side, side), interpolation=cv2.INTER_CUBIC)
    pixels = cv2.resize(scene, (side, side), interpolation=cv2.INTER_CUBIC)
    image = Image.fromarray(pixels)
    alpha = image.convert("RGBA")
    alpha.putalpha(image.convert("L"))
    kinds = {
        "filled.jpg": (Image.fromarray(near), {}),
        "a.jpg": (image, {}),
        "progressive.jpg": (image, {"progressive": True}),
        "grey.jpg": (image.convert("L"), {}),
        "a.png": (image, {"compress_level": 1}),
        "alpha.png": (alpha, {"compress_level": 1}),
        "palette.png": (image.quantize(), {}),
        "lzw.tif": (image, {"compression": "tiff_lzw"}),
        "a.bmp": (image, {}),
        "a.webp": (image, {}),
        "a.avif": (image, {"speed": 10}),
    }
    for name, (picture, options) in kinds.items():
        picture.save(folder / name, **options)
        yield folder / name
    deep = pixels[..., ::-1].astype(np.uint16) * 257
    for name, channels in (("deep.png", deep), ("alpha-deep.png", np.dstack([deep, deep[..., 0]]))):
        cv2.imwrite(str(folder / name), channels)
        yield folder / name


def main() -> None:
    """Print a line for each photo."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--side", type=int, default=6000, help="of the photos that are made")
    asked = parser.parse_args()
    Image.MAX_IMAGE_PIXELS = None
    with tempfile.TemporaryDirectory() as name:
        small = Path(name) / "small.jpg"
        Image.fromarray(skimage.data.astronaut()).save(small)
        base = peak(small)
        print(f"a small photo: {base / 1e6:.0f} MB")
        for photo in asked.photos or photos(Path(name), asked.side):
            with Image.open(photo) as image:
                pixels = image.width * image.height
            more = peak(photo) - base
            print(f"{photo.name}: {more / 1e6:.0f} MB more, {more / pixels:.1f} bytes a pixel")


if __name__ == "__main__":
    main()
