"""Examine a trained recogniser on the people of tables of faces that no training saw.

    python scripts/examine_recogniser.py identity weights/identity.safetensors runs/faces

Prints the report that ``faceedit train`` leaves beside a checkpoint; measure_naturalness.py is the
one of naturalness. Appearance does without FACES/studio, and then the report is of photos only.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.recognisers.units import UnitJudge, UnitReader
from faceedit.registry import load_checkpoint
from faceedit.training.recognisers import examine_expression, examine_units, identity_examination
from faceedit.training.recognisers.appearance import measure
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.looks_people import read_people, with_looks
from faceedit.training.recognisers.verification import merge_people, tiny_pictures

UNITS = {kind.name: kind for kind in (UnitReader, UnitJudge)}


def main() -> None:
    """Load, examine and print."""
    parser = argparse.ArgumentParser(description="Examine a recogniser.")
    parser.add_argument("name", choices=("identity", "expression", "appearance", *UNITS))
    parser.add_argument("weights", type=Path)
    parser.add_argument("faces", type=Path)
    arguments = parser.parse_args()
    checkpoint, faces = load_checkpoint(arguments.weights), arguments.faces
    portraits = FaceTable.load(faces / "portraits")
    made = faces / "studio"
    if arguments.name == "appearance":
        people = read_people()
        studio = FaceTable.load(made) if made.exists() else None
        network = AppearanceRecogniser.load(checkpoint)
        report = measure(network, with_looks(portraits, people), studio, people)
    else:
        web, studio = FaceTable.load(faces / "web"), FaceTable.load(made)
        if arguments.name == "expression":
            network = ExpressionRecogniser.load(checkpoint)
            report = examine_expression.examine(network, web, portraits, studio)
        elif arguments.name in UNITS:
            network = UNITS[arguments.name].load(checkpoint)
            unseen = studio.take(studio.validation & ~np.isnan(studio.action_units[:, 0]))
            report = examine_units.examine(network, unseen, web, portraits)
        else:
            tiny = tiny_pictures(web.pictures)
            people = merge_people(web.people, tiny)
            network = IdentityRecogniser.load(checkpoint)
            report = identity_examination.examine(network, web, people, tiny, portraits, studio)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
