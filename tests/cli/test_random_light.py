"""Lights that are drawn."""

from pathlib import Path

import pytest

from faceedit.cli.random_light import draw_light, draw_lights, is_random
from faceedit.cli.run_jobs import ApplyRequest
from faceedit.editing.build import EditSettings
from faceedit.errors import UsageError
from faceedit.lights import LIGHTS
from faceedit.photos import Job, WriteOptions
from faceedit.targets import parse_target

TARGET = parse_target("happy light=random:0.6")
JOBS = [Job(Path(f"in/{i}.jpg"), Path(f"out/{i}.jpg")) for i in range(40)]


def drawn(seed, jobs=JOBS):
    settings = EditSettings(target=TARGET)
    request = ApplyRequest(settings, WriteOptions(), "copy", True, None, None, 1)
    request, drawn = draw_lights(request, jobs, seed)
    return request, {job.source: job.asked or TARGET for job in drawn}


def test_only_random_lights_are_drawn():
    assert is_random(TARGET)
    assert not is_random(parse_target("happy light=left"))


def test_a_light_follows_from_seed_and_name_alone():
    request, asked = drawn(3)
    assert drawn(3, JOBS[::-2])[1].items() <= asked.items()
    lights = [one.terms[1] for one in asked.values()]
    assert {one.strength for one in lights} == {0.6}
    names = [one.name.removeprefix("light=") for one in lights]
    assert len(set(names)) > 10
    assert set(names) <= set(LIGHTS)
    assert all(str(one).startswith("happy light=") for one in asked.values())
    assert drawn(4)[1] != asked
    assert request.plan == {"light": "random", "seed": 3}


def test_a_reference_for_expressions_cannot_be_resolved_for_each_photo():
    with pytest.raises(UsageError, match="do not go together"):
        draw_light(parse_target("like=a.jpg light=random"), 0, "a.jpg")
