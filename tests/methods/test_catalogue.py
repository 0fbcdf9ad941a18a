from dataclasses import replace
from importlib import import_module

import pytest
import torch

from faceedit.errors import UsageError
from faceedit.methods.catalogue import METHODS, find_training, serving
from faceedit.registry import Registry, packaged_weights
from faceedit.targets import parse_target

HAPPY = parse_target(["happy"])


@pytest.mark.parametrize("name", METHODS)
def test_what_ships_is_what_its_line_says(name):
    descriptor = METHODS[name]
    registry = Registry.load([packaged_weights()])
    checkpoint = registry.open_method(name, None, descriptor.expressions)
    method = import_module(descriptor.module).load(checkpoint, torch.device("cpu"))
    assert (method.name, method.crop_size) == (name, descriptor.crop_size)
    assert method.targets == descriptor.expressions
    if descriptor.training:
        assert find_training(name) is import_module(descriptor.training).build


def test_auto_takes_the_first_that_serves_the_target(monkeypatch):
    sad = replace(METHODS["reggan"], name="gloomy", expressions=("sad",))
    monkeypatch.setitem(METHODS, "gloomy", sad)
    assert serving("auto", HAPPY).name == "reggan"
    monkeypatch.setitem(METHODS, "reggan", replace(METHODS["reggan"], expressions=("angry",)))
    assert serving("auto", parse_target(["sad"])).name == "gloomy"
    assert serving("gloomy", HAPPY).name == "gloomy"
    # What nobody serves is refused by the first method, in its own words.
    assert serving("auto", HAPPY).name == "reggan"


def test_unknown_methods_are_named_with_what_is_near():
    with pytest.raises(UsageError, match="reggan"):
        serving("regan")
    with pytest.raises(UsageError, match="reggan"):
        find_training("regan")
