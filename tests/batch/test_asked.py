"""Photos of one run that are asked for different things, and one photo edited several times."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from faceedit.batch.manifest import MANIFEST_FILE, Manifest
from faceedit.batch.pipeline import Pace
from faceedit.batch.ray_worker import to_jobs, to_row
from faceedit.batch.result import AS_IT_IS, NO_CHANGE, NO_FACE
from faceedit.batch.run import RunOptions, run
from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import Step
from faceedit.errors import PlanError
from faceedit.faces.batching import Batching
from faceedit.photos import Job, Provenance, WriteOptions, plan, read_photo
from faceedit.targets import parse_target

HAPPY, HALF = parse_target("happy"), parse_target("happy:0.5")
SETTINGS = {"settings": {"command": "augment", "seed": 0}, "method": "reggan", "profile": "fake"}


@pytest.fixture
def jobs(folder):
    """One photo as it is, happy and half happy, and another one happy."""
    output = folder.with_name("made")
    asked = {"as-it-is.png": None, "happy.png": HAPPY, "half.png": HALF}
    jobs = [Job(folder / "a.png", output / name, one) for name, one in asked.items()]
    return [*jobs, Job(folder / "sub" / "b.png", output / "b.png", HAPPY)]


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


@pytest.mark.parametrize("batch", [1, 8])
def test_each_photo_gets_what_it_asks_for(finder, make_method, jobs, batch):
    editor = FaceEditor(finder, (Step(make_method(shift=0.0)),), batching=Batching(batch))
    options = RunOptions(None, write=WriteOptions(provenance=Provenance("fake", "", None, "1")))
    results = list(run(jobs, editor, options, pace=Pace(readers=2, batch=batch)))
    outcomes = {one.job.target.name: (one.outcome, one.reason) for one in results}
    assert outcomes == {
        "as-it-is.png": ("copied", AS_IT_IS),
        "happy.png": ("edited", ""),
        "half.png": ("edited", ""),
        "b.png": ("edited", ""),
    }
    assert [dict(face.applied) for one in results for face in one.faces] == [
        {"happy": 1.0},
        {"happy": 0.5},
        {"happy": 1.0},
    ]
    before, happy, half, other = (pixels(job.target) for job in jobs)
    assert jobs[0].target.read_bytes() == jobs[0].source.read_bytes()
    brighter = [(one - before).mean() for one in (happy, half, other)]
    assert brighter[0] == brighter[2] > brighter[1] > 0
    xmp = read_photo(jobs[2].target).source.metadata.xmp or b""
    assert b"happy:0.5" in xmp


def test_what_is_not_edited_can_be_left_out(folder, editor):
    output = folder.with_name("made")
    jobs = [
        Job(folder / "blank.jpg", output / "blank.jpg", HAPPY),
        Job(folder / "blank.jpg", output / "as-it-is.jpg"),
        Job(folder / "a.png", output / "a.png", HAPPY.scaled(0)),
    ]
    results = list(run(jobs, editor, RunOptions(None, only_edited=True)))
    assert [(one.outcome, one.reason) for one in results] == [
        ("skipped", NO_FACE),
        ("copied", AS_IT_IS),
        ("skipped", NO_CHANGE),
    ]
    assert [path.name for path in output.iterdir()] == ["as-it-is.jpg"]


def resumed(jobs, editor, settings=None):
    output = jobs[0].target.parent
    manifest = Manifest(output, settings or SETTINGS)
    with manifest.opened(jobs):
        results = list(run(jobs, editor, RunOptions(None), manifest))
    return [one.job.target.name for one in results if one.resumed]


def test_each_line_of_the_manifest_has_its_own_target(jobs, editor):
    assert resumed(jobs, editor) == []
    lines = (jobs[0].target.parent / MANIFEST_FILE).read_text().splitlines()
    targets = {line["place"]: line["settings"]["target"] for line in map(json.loads, lines)}
    assert targets == {
        "as-it-is.png": "",
        "happy.png": "happy",
        "half.png": "happy:0.5",
        "b.png": "happy",
    }
    assert resumed(jobs, editor) == [job.target.name for job in jobs]
    # Another target in the same place is other work.
    jobs[2] = replace(jobs[2], asked=HAPPY)
    assert resumed(jobs, editor) == ["as-it-is.png", "happy.png", "b.png"]


def test_runs_of_two_kinds_do_not_share_a_folder(jobs, editor):
    resumed(jobs, editor)
    with pytest.raises(PlanError, match="made with seed 0, not 1"):
        resumed(jobs, editor, {**SETTINGS, "settings": {"command": "augment", "seed": 1}})
    plain = {**SETTINGS, "settings": {"target": "happy"}}
    jobs = plan([jobs[0].source], jobs[0].target.parent)
    with pytest.raises(PlanError, match="made with command augment, not apply"):
        resumed(jobs, editor, plain)


def test_jobs_go_to_ray_and_come_back_whole(jobs):
    rows = [to_row(index, job) for index, job in enumerate(jobs)]
    assert to_jobs({name: [row[name] for row in rows] for name in rows[0]}) == jobs
