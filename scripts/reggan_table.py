"""Measure RegGAN beside its own parts, the studio, and doing nothing: the README's table.

    python scripts/reggan_table.py DATA --rig RIG --table RUNS/table [--people 40] [--paper FILE]

DATA holds the protocol's portraits. The neutral photos of the first so many people are led to six
expressions by every row of the table, through the same finder, mask and composition.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from faceedit.compose.edit import Edit, RasterPaint
from faceedit.editing.build import EditSettings, open_editor
from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import Step
from faceedit.evaluation.edits import Album
from faceedit.evaluation.evidence import Evidence
from faceedit.evaluation.gallery import Gallery
from faceedit.evaluation.gather import Input, gather_edited
from faceedit.evaluation.measure import Measurement, measure
from faceedit.evaluation.own_networks import open_recognisers
from faceedit.evaluation.protocol import find_photos, read_protocol
from faceedit.faces.align import Crop
from faceedit.methods.reggan.expression_layer import ExpressionLayer
from faceedit.methods.reggan.fit_layers import fit_expression_layer, to_signed
from faceedit.methods.reggan.pairs import single_strengths
from faceedit.methods.reggan.recipe import Amplitudes, LayerRecipe
from faceedit.registry import open_registry
from faceedit.studio.edit import edit_expression
from faceedit.studio.expressions import Ask
from faceedit.studio.fold_atlas import FoldChoice
from faceedit.studio.mouth import MouthChoice
from faceedit.studio.photo import Sitter
from faceedit.studio.rig import Rig, load_rig
from faceedit.studio.subject import fit_subject
from faceedit.targets import EXPRESSIONS, Target, parse_target
from faceedit.training.pair_table import PairTable

SIX = ("happy", "sad", "angry", "surprised", "disgusted", "afraid")
METRICS = ("ECS", "FSS", "sharpness", "fid_face", "changed outside", "seconds")
LAYER_SIZE = 128


class Editing(Protocol):
    """What `FaceEditor` needs of a method."""

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit crops."""
        ...


class Copying:
    """Edits that change nothing."""

    name, profile, crop_size, wide, targets = "copying", "", 256, False, EXPRESSIONS

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Return no edit for each crop."""
        return [_painted(crop.pixels, 0.0) for crop in crops]


class LayerAlone:
    """The expression layer without a network: the paper's MR."""

    name, profile, crop_size, wide, targets = "layer", "", 256, False, EXPRESSIONS

    def __init__(self, layers: dict[str, ExpressionLayer]):
        self.layers = layers

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Paint what the layer says over each crop."""
        layer, edits = self.layers[target.expressions[0].name], []
        for crop in crops:
            x = to_signed(np.rint(crop.pixels * 255).astype(np.uint8), LAYER_SIZE)[None]
            picture = (layer(x)[0].clamp(-1, 1) + 1) / 2
            edits.append(_painted(np.ascontiguousarray(picture.permute(1, 2, 0).numpy()), 1.0))
        return edits


class Studio:
    """The pair studio at what the network is taught as strength 1: the ceiling."""

    name, profile, crop_size, wide, targets = "studio", "", 256, False, EXPRESSIONS

    def __init__(self, rig: Rig):
        self.rig = rig

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit each crop by the face model."""
        name, edits = target.expressions[0].name, []
        for crop in crops:
            subject = fit_subject(self.rig.model, crop, self.rig.seal)
            sitter = Sitter(subject, np.ones(crop.pixels.shape[:2], bool), False)
            ask = Ask(((name, getattr(Amplitudes(), name)),))
            made = edit_expression(sitter, self.rig, ask, MouthChoice(0), FoldChoice())
            f, paint = made.fields, RasterPaint(made.fields.paint, crop.size)
            edits.append(Edit(f.flow, f.log_ratio, f.opacity, paint, crop.size))
        return edits


def _painted(pixels: np.ndarray, opacity: float) -> Edit:
    still = np.zeros((2, 2, 3), np.float32)
    paint = RasterPaint(pixels.astype(np.float32), 256)
    return Edit(still[..., :2], still, np.full((256, 256), opacity, np.float32), paint, 256)


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description="Measure RegGAN beside its parts.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--rig", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True, help="of packed pairs")
    parser.add_argument("--paper", type=Path, help="a checkpoint of the paper profile")
    parser.add_argument("--people", type=int, default=40)
    arguments = parser.parse_args()
    everything = parse_target(list(SIX))
    editor = open_editor(EditSettings(target=everything, edit_shown=True))
    rows: dict[str, Editing] = {"reggan fast": editor.steps[0].method}
    if arguments.paper:
        settings = EditSettings(target=everything, weights=arguments.paper, edit_shown=True)
        rows["reggan paper"] = open_editor(settings).steps[0].method
    rows["expression layer alone (MR)"] = LayerAlone(_fit_layers(arguments.table))
    rows["copying"] = Copying()
    rows["the studio"] = Studio(load_rig(arguments.rig))
    inputs = _inputs(arguments.data, arguments.people)
    print(f"| | {' | '.join(METRICS)} |\n|---|{'---|' * len(METRICS)}")
    for name, method in rows.items():
        found = _measure(FaceEditor(editor.finder, (Step(method),)), inputs)  # pyright: ignore[reportArgumentType]
        values = {result.metric.name: result.groups for result in found.results}
        cells = [_cell(values, metric, found.headline) for metric in METRICS]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        for expression in SIX:
            cells = [_cell(values, metric, expression) for metric in METRICS[:3]]
            print(f"    {expression}: {', '.join(cells)}", flush=True)


def _cell(values: dict, metric: str, group: str) -> str:
    if metric not in values or group not in values[metric]:
        return "-"
    one = values[metric][group]
    return f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"


def _fit_layers(folder: Path) -> dict[str, ExpressionLayer]:
    table = PairTable.load(folder)
    strengths = single_strengths(table)
    train = np.flatnonzero(~np.asarray(table.validation))
    return {
        name: fit_expression_layer(
            table, strengths, train, EXPRESSIONS.index(name), LayerRecipe(), LAYER_SIZE
        )
        for name in SIX
    }


def _inputs(data: Path, people: int) -> list[Input]:
    protocol = read_protocol()
    neutral = [p for p in protocol.photos if p.expression == "neutral"]
    wanted = set(list(dict.fromkeys(p.person for p in neutral))[:people])
    chosen = tuple(p for p in protocol.photos if p.person in wanted)
    paths = find_photos(chosen, data)
    targets = tuple(parse_target([name]) for name in SIX)
    return [
        Input(
            paths[p.file],
            p.file,
            p.person,
            p.expression,
            targets if p.expression == "neutral" else (),
        )
        for p in chosen
    ]


@torch.inference_mode()
def _measure(editor: FaceEditor, inputs: list[Input]) -> Measurement:
    album = Album()
    for failure in gather_edited(editor, inputs, album):
        if failure is not None:
            print(f"{failure.name}: {failure.reason}")
    edits = album.close()
    return measure(
        Evidence(edits, Gallery(edits.pictures, open_recognisers(open_registry(), "cpu")))
    )


if __name__ == "__main__":
    main()
