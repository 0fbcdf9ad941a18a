"""The examples in docstrings run, in a folder with ``portrait.jpg`` and ``photos/a.png``."""

import doctest
import importlib

import numpy as np
import pytest
from PIL import Image

import faceedit

MODULES = {
    "faceedit": 2,
    "faceedit.sessions.editor": 1,
    "faceedit.sessions.analyzer": 1,
    "faceedit.targets.target": 4,
    "faceedit.targets.blend": 1,
    "faceedit.targets.expressions": 1,
    "faceedit.targets.units": 1,
    "faceedit.targets.light": 1,
    "faceedit.targets.attributes": 1,
    "faceedit.targets.turn": 1,
    "faceedit.targets.like": 1,
    "faceedit.methods.descriptor": 1,
    "faceedit.lights": 1,
    "faceedit.stats": 2,
    "faceedit.tones": 2,
    "faceedit.photos.read": 1,
    "faceedit.photos.write": 1,
    "faceedit.photos.discover": 2,
    "faceedit.photos.formats": 1,
    "faceedit.faces.align": 4,
    "faceedit.faces.pose": 1,
    "faceedit.faces.topology": 1,
    "faceedit.compose.mask": 1,
    "faceedit.compose.compose": 1,
    "faceedit.animation.grid": 1,
    "faceedit.animation.poses": 1,
    "faceedit.animation.write": 1,
    "faceedit.evaluation.metrics.frechet": 1,
    "faceedit.evaluation.metrics.identity": 1,
    "faceedit.untrusted": 1,
}
"""Modules, and how many of their docstrings have examples at least: none are lost unseen."""


@pytest.fixture
def here(tmp_path, monkeypatch, astronaut):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    portrait = Image.fromarray(astronaut[:320, 80:400])
    portrait.save("portrait.jpg", quality=95)
    portrait.save("photos/a.png")


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, here):
    module = importlib.import_module(name)
    names = {"faceedit": faceedit, "np": np}
    found = [one for one in doctest.DocTestFinder().find(module, extraglobs=names) if one.examples]
    assert len(found) >= MODULES[name]
    for one in found:
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        told: list[str] = []
        runner.run(one, out=told.append)
        assert runner.failures == 0, "".join(told)
