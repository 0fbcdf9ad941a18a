"""Recognisers are trained by the engine of the methods."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_faces import toy_table
from typer.testing import CliRunner

from faceedit.errors import UsageError
from faceedit.methods.catalogue import find_training
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.recognisers.naturalness import NaturalnessRecogniser
from faceedit.recognisers.units import UnitJudge, UnitReader
from faceedit.regions import Region
from faceedit.registry import load_checkpoint
from faceedit.training.recognisers import RECOGNISERS, appearance, identity
from faceedit.training.recognisers.faces import SIZE
from faceedit.training.recognisers.task import REPORT, RecogniserRecipe
from faceedit.training.task import TrainingRequest

SMALL = {"warm_up": 0.0, "average_decay": 0.5}
KINDS = {
    "expression": (ExpressionRecogniser, {"shape_parts": 4}),
    "units": (UnitReader, {"photos": 0.2}),
    "unit-judge": (UnitJudge, {"photos": 0.3}),
    "identity": (IdentityRecogniser, {"pictures": 2, "variants": [2, 2]}),
    "naturalness": (
        NaturalnessRecogniser,
        {"width": 4, "widest": 8, "features": 8, "examined": 2, "calibration": 1},
    ),
    "parser": (AppearanceRecogniser, {"part": "parser", "sizes": [[0.0, 32]]}),
    "light": (AppearanceRecogniser, {"part": "light", "sizes": [[0.0, 32]]}),
    "attributes": (AppearanceRecogniser, {"part": "attributes", "views": 1, "folds": 2}),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of tables of many people, and small networks to begin with."""
    folder = tmp_path_factory.mktemp("faces")
    for seed, name in enumerate(("web", "portraits", "studio", "judge")):
        table = toy_table(90, studio=name in ("studio", "judge"), seed=seed, people=45)
        table.validation[:] = np.isin(table.people, [f"person {i}" for i in range(6)])
        if name == "portraits":
            regions = np.full((90, SIZE, SIZE), Region.SKIN, np.uint8)
            files = np.array([f"{'synthetic-' * (i < 45)}{i}.png" for i in range(90)])
            table = replace(table, regions=regions, files=files)
        table.save(folder / name)
    torch.manual_seed(0)
    small = {
        "expression": ExpressionRecogniser((4, 8, 8, 16), size=32),
        "units": UnitReader((4, 8, 8, 16), size=32),
        "unit-judge": UnitJudge((4, 8, 8, 16), size=32),
        "identity": IdentityRecogniser(dimensions=16, widths=(6, 8), levels=3, grid=6),
        "attributes": AppearanceRecogniser(),
    }
    for name, network in small.items():
        network.eval().save(folder / f"{name}.safetensors")
    return folder


@pytest.fixture(autouse=True)
def other_people(monkeypatch):
    """Noise is no copy of other noise; some people of the tables set thresholds."""
    apart = np.random.default_rng(0).normal(size=(90, 8)) / 10
    monkeypatch.setattr(identity, "tiny_pictures", lambda pictures: apart)
    monkeypatch.setattr(identity, "merge_people", lambda people, tiny: people)
    judges = {f"person {i}": {"split": "calibration"} for i in range(6, 14)}
    monkeypatch.setattr(appearance, "read_people", lambda: judges)


@pytest.fixture
def request_for(data, tmp_path):
    def make(name, folder="out", **other):
        start = data / f"{name}.safetensors"
        asked = {
            "data": (data,), "profile": "fast", "device": torch.device("cpu"), "batch_size": 8,
            "workers": 0, "start": str(start) if start.is_file() else None,
            "overrides": {**SMALL, "steps": 2, **KINDS[name][1]},
        }  # fmt: skip
        (tmp_path / folder).mkdir(exist_ok=True)
        return TrainingRequest(folder=tmp_path / folder, **(asked | other))

    return make


def build(request):
    name = "appearance" if "part" in request.overrides else None
    name = name or next(n for n in KINDS if KINDS[n][1].items() <= request.overrides.items())
    return find_training(name, RECOGNISERS)(request)


@pytest.mark.parametrize("name", KINDS)
def test_a_step_lowers_the_loss_and_the_export_is_read(name, request_for):
    pytest.importorskip("lightning.fabric")
    from faceedit.training.engine import EngineOptions, train

    task = build(request_for(name))
    batch = torch.utils.data.default_collate([task.samples[i] for i in range(8)])
    for update in task.updates:
        own = [p for p in task.networks[update.name].parameters() if p.requires_grad]
        optimiser, totals = torch.optim.AdamW(own, 1e-3), []
        for _ in range(2):
            torch.manual_seed(0)
            total = update.loss(batch)["total"]
            optimiser.zero_grad()
            total.backward()
            optimiser.step()
            totals.append(total.item())
        assert totals[1] < totals[0]

    request = request_for(name, "trained")
    outcome = train(build, request, EngineOptions())
    assert outcome.finished and outcome.checkpoint is not None
    read = KINDS[name][0].load(load_checkpoint(outcome.checkpoint))
    assert all(p.isfinite().all() for p in read.parameters())
    report = json.loads((request.folder / REPORT).read_text())
    assert report["recipe"]["steps"] == 2 and len(report) > 1
    assert outcome.metrics


@pytest.mark.parametrize("name", ["expression", "attributes"])
def test_stopped_and_gone_on_is_as_never_stopped(name, request_for):
    pytest.importorskip("lightning.fabric")
    from faceedit.training.engine import EngineOptions, train

    whole = train(build, request_for(name, "whole"), EngineOptions())
    train(build, request_for(name, "parts"), EngineOptions(max_steps=1))
    parts = train(build, request_for(name, "parts"), EngineOptions(resume=True))
    assert parts.finished
    assert whole.checkpoint and parts.checkpoint
    one, other = (load_checkpoint(path).tensors for path in (whole.checkpoint, parts.checkpoint))
    assert [k for k in one if not torch.equal(one[k], other[k])] == []


def test_missing_tables_are_named_with_the_layout(request_for, tmp_path):
    with pytest.raises(
        UsageError, match=r"web is missing; .*web/ and portraits/ and studio/.*face_"
    ):
        build(request_for("expression", data=(tmp_path,)))
    with pytest.raises(UsageError, match="one folder"):
        build(request_for("expression", data=()))
    with pytest.raises(UsageError, match="CSV and the folder"):
        build(request_for("naturalness", data=(tmp_path / "ratings.csv",)))


def test_what_cannot_be_trained_is_named(request_for):
    with pytest.raises(UsageError, match="needs a trained network"):
        build(request_for("attributes", start=None))
    wrong = request_for("parser", overrides={"part": "lihgt"})
    with pytest.raises(UsageError, match="did you mean light"):
        build(wrong)
    with pytest.raises(UsageError, match="--profile"):
        build(request_for("expression", profile="paper"))


def test_the_command_names_recognisers_and_suggests_the_nearest(tmp_path):
    from faceedit.cli import app

    shown = CliRunner().invoke(app, ["train", "--help"]).output
    assert all(name in shown for name in RECOGNISERS)
    with pytest.raises(UsageError, match="did you mean identity"):
        find_training("idenity", RECOGNISERS)


def test_sizes_change_with_the_step():
    recipe = RecogniserRecipe(steps=10, sizes=((0.0, 32), (0.5, 64)))
    assert [recipe.size_at(step) for step in (0, 4, 5, 9)] == [32, 32, 64, 64]
