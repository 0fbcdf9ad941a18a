"""Every method of the list that ships, with its weights, keeps the contract of `contract`."""

import contract
import made_up
import numpy as np
import pytest

from faceedit.faces.align import extract_crop
from faceedit.methods.catalogue import METHODS, find_training, shipped_methods
from faceedit.registry import Registry, packaged_weights

TRAINED = {
    "reggan": {
        "steps": 6,
        "batch_size": 2,
        "components": made_up.COMPONENTS,
        "shape_ridge": 1e-3,
        "latent_blocks": 1,
        "validate_every": 0,
    },
    "eggan": {
        "steps": 6,
        "batch_size": 2,
        "components": made_up.COMPONENTS,
        "latent": 8,
        "latent_blocks": 1,
        "validate_every": 0,
    },
    "legan": {"steps": 6, "batch_size": 2, "network": {"widths": [8, 8, 8], "inner": [8, 8]}},
}
"""Recipes for trainings of the contract, which are tiny."""
SHIPPED = [one.name for one in shipped_methods()]


@pytest.fixture(scope="module")
def registry():
    return Registry.load([packaged_weights()])


@pytest.fixture(scope="module", params=SHIPPED)
def method(request, registry):
    return contract.load(METHODS[request.param], registry)


@pytest.fixture(scope="module")
def crops_of(finder, astronaut, portrait):
    """What a method takes of a real face twice, differently placed and lit, and a drawn one."""

    def make(method):
        photos = (astronaut, np.ascontiguousarray(portrait[:, ::-1] // 2 + 60))
        faces = [(p, finder.find(p)[0].landmarks) for p in photos]
        table = made_up.pair_table()
        faces.append((table.pictures[0], table.landmarks[0, 0]))
        if method.wide:
            return [extract_crop(*face, method.crop_size // 2, wide=True).wide for face in faces]
        return [extract_crop(*face, method.crop_size) for face in faces]

    return make


def test_its_line_in_the_list(method):
    contract.check_line(METHODS[method.name], method)


def test_its_edits(method, crops_of):
    contract.check_edits(METHODS[method.name], method, crops_of(method))


def test_company(method, crops_of):
    contract.check_company(METHODS[method.name], method, crops_of(method))


def test_refusals(method):
    contract.check_refusals(method)


def test_weights(method, registry, crops_of, tmp_path):
    crops = crops_of(method)
    contract.check_weights(METHODS[method.name], registry, crops, tmp_path)


def test_its_card(method, registry):
    contract.check_card(METHODS[method.name], registry)


def test_what_is_not_trained_on_pairs_is_measured_or_trained_on_photos():
    assert set(SHIPPED) - set(TRAINED) == {"secgan", "lssl", "secgan-expressions"}


@pytest.mark.parametrize("name", TRAINED)
def test_its_training(name, tiny, request_for):
    contract.check_training(find_training(name)(request_for("fast", TRAINED[name])))
