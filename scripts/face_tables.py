"""Lay out everything that recognisers learn from as tables of aligned crops.

    faceedit studio pairs --photos DATA/portraits --rig DATA/rig -o runs/looks --split all \
        --size 160 --per-photo 10 --turns --seed 4 --workers 2 \
        --mix "expression=2,units=3,light=1.5,lit expression=4,lit units=3,turn=0.7"
    python scripts/face_tables.py DATA --shards runs/looks --out runs/faces

Writes OUT/web, OUT/portraits and OUT/studio; those that are there already are kept.
"""

import argparse
from pathlib import Path

from faceedit.studio.rig import load_rig
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.sources import read_portraits, read_studio, read_web


def main() -> None:
    """Make the tables."""
    parser = argparse.ArgumentParser(description="Tables of faces for recognisers.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--shards", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs/faces"))
    arguments = parser.parse_args()
    data, out = arguments.data, arguments.out
    rig = load_rig(data / "rig")
    if not (out / "portraits").exists():
        keep(read_portraits(data / "portraits.csv", rig), out / "portraits")
    if not (out / "web").exists():
        keep(read_web(data / "expressions.csv"), out / "web")
    if arguments.shards and not (out / "studio").exists():
        photos = FaceTable.load(out / "portraits")
        keep(read_studio(arguments.shards, rig.tables, photos), out / "studio")


def keep(table: FaceTable, folder: Path) -> None:
    """Write a table and say what is in it."""
    table.save(folder)
    print(f"{folder}: {len(table)} faces, {table.validation.sum()} for validation")


if __name__ == "__main__":
    main()
