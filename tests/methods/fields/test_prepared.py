from dataclasses import fields
from pathlib import Path

import cv2
import made_up
import numpy as np
import pytest
import torch

from faceedit.errors import UsageError
from faceedit.faces.topology import INNER_LIPS
from faceedit.methods.fields import prepared as module
from faceedit.methods.fields.generator import FieldGenerator
from faceedit.methods.fields.prepared import (
    Prepared,
    draw_row,
    is_prepared,
    of_details,
    prepare,
)
from faceedit.methods.reggan.condition import BLOCKS
from faceedit.methods.reggan.pairs import pair_shares, usable
from faceedit.targets import EXPRESSIONS
from faceedit.training.pair_table import PairTable

HAPPY = EXPRESSIONS.index("happy")


@pytest.fixture(scope="module")
def layers() -> FieldGenerator:
    generator = made_up.tiny_generator()
    generator.shade_layer.maps[BLOCKS.index("happy")] = -0.25
    return generator


def draw(table: PairTable, layers: FieldGenerator, folder: Path, *tell) -> Prepared:
    shares = pair_shares(table, made_up.AMPLITUDES)
    return prepare(table, usable(table, shares), shares, layers, folder, *tell)


@pytest.fixture(scope="module")
def pairs(layers, tmp_path_factory) -> Prepared:
    table = made_up.taken(made_up.pair_table(), [0, HAPPY])
    return draw(table, layers, tmp_path_factory.mktemp("pairs") / "new")


def test_a_prepared_row_in_known_numbers(pairs):
    table = made_up.pair_table()
    picture = cv2.resize(table.pictures[HAPPY], (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(pairs.picture[1].astype(int) - picture).max() <= 1
    for name in ("flow", "log_ratio"):
        np.testing.assert_array_equal(getattr(pairs, name)[1], getattr(table, name)[HAPPY])
    np.testing.assert_array_equal(pairs.tone[1], np.array([0.8, 0.75, 0.7], np.float32))
    assert np.isnan(pairs.tone[0]).all()
    assert pairs.condition.tolist() == [[0, 1] + [0] * 7, [1, 0, 1] + [0] * 6]
    assert pairs.validation.tolist() == pairs.eyeglasses.tolist() == [False, False]
    # The shade layer's map, in full on the face and nowhere else.
    assert set(np.unique(pairs.drawn_shade[1])) == {-0.25, 0.0}
    assert not pairs.drawn_shade[0].any()


def test_a_face_alone_is_drawn_as_in_its_row(pairs, layers):
    table = made_up.pair_table()
    columns, by_details = draw_row(
        table.pictures[HAPPY], table.landmarks[HAPPY, 0], pairs.condition[1].copy(), layers
    )
    assert list(columns) == [
        "picture",
        "strip",
        "moved",
        "maps",
        "drawn_flow",
        "drawn_shade",
        "condition",
    ]
    for name, value in columns.items():
        np.testing.assert_array_equal(value, getattr(pairs, name)[1])
        assert value.dtype == getattr(pairs, name).dtype
    trusted = table.trusted[HAPPY] * (1 - by_details)
    np.testing.assert_array_equal(np.rint(trusted), pairs.trusted[1])


def test_layers_that_know_the_moves_draw_the_studios_flow(pairs):
    trusted = pairs.trusted[1] > 200
    size = np.abs(pairs.flow[1][trusted]).mean()
    off = np.abs(pairs.drawn_flow[1].astype(np.float32) - pairs.flow[1])[trusted]
    assert off.mean() < 0.03 * size
    # What they make of the photo looks like the target, once it is shaded as that is.
    shaded = pairs.moved[1] * np.exp(pairs.log_ratio[1].astype(np.float32))
    wanted = made_up.pair_table().targets[HAPPY].astype(np.float32)
    skin = trusted & (pairs.log_ratio[1].max(-1) < -0.02)
    moved, unshaded = (np.abs(p - wanted)[skin].mean() for p in (shaded, pairs.moved[1]))
    assert moved < 1 < 0.2 * unshaded


def test_columns_have_the_types_that_are_written_down(pairs):
    kinds = {f.name: (getattr(pairs, f.name).dtype.name, getattr(pairs, f.name).shape[1:])
             for f in fields(Prepared) if getattr(pairs, f.name) is not None}  # fmt: skip
    assert kinds == {
        "picture": ("uint8", (64, 64, 3)),
        "strip": ("uint8", (32, 96, 3)),
        "moved": ("uint8", (128, 128, 3)),
        "maps": ("uint8", (64, 64, 12)),
        "drawn_flow": ("float16", (128, 128, 2)),
        "drawn_shade": ("float16", (128, 128, 3)),
        "flow": ("float16", (128, 128, 2)),
        "log_ratio": ("float16", (128, 128, 3)),
        "trusted": ("uint8", (128, 128)),
        "condition": ("float32", (9,)),
        "tone": ("float32", (3,)),
        "eyeglasses": ("bool", ()),
        "validation": ("bool", ()),
    }
    assert len(pairs) == 2


def test_no_field_need_say_what_details_draw(pairs):
    table = made_up.pair_table()
    before, after = table.landmarks[HAPPY]
    for points in (before, after):
        x, y = points[list(INNER_LIPS), :2].mean(0) / 2
        assert pairs.trusted[1, round(y), round(x)] == 0
    assert pairs.trusted[1, 80, 45] == 255
    drawn = of_details(before, after[:, :2])
    assert drawn.shape == (128, 128)
    assert drawn.dtype == np.float32
    assert 0 == drawn.min() < drawn.max() == 1
    np.testing.assert_array_equal(drawn, of_details(after, before[:, :2]))


def test_a_distrusted_place_stays_distrusted(layers, tmp_path):
    table = made_up.taken(made_up.pair_table(), [HAPPY])
    table.trusted[:, :, :64] = 0
    found = draw(table, layers, tmp_path)
    assert not found.trusted[0, :, :64].any()
    assert found.trusted[0, :, 64:].any()


def test_a_folder_is_prepared_when_all_of_it_is(layers, tmp_path, monkeypatch):
    table = made_up.taken(made_up.pair_table(), [0, HAPPY])
    assert not is_prepared(tmp_path)
    told = []
    draw(table, layers, tmp_path, told.append)
    assert is_prepared(tmp_path)
    assert not told
    monkeypatch.setattr(module, "_row", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        draw(table, layers, tmp_path)
    # A killed run leaves nothing that the next one would take for whole.
    assert not is_prepared(tmp_path)
    with pytest.raises(UsageError, match="holds no prepared pairs"):
        Prepared.load(tmp_path)


def test_without_usable_pairs_the_command_is_named(layers, tmp_path):
    table = made_up.taken(made_up.pair_table(), [0], real_target=np.array([True]))
    with pytest.raises(UsageError, match="faceedit studio pairs"):
        draw(table, layers, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_it_needs_no_gradient(layers, tmp_path):
    before = torch.is_grad_enabled()
    table = made_up.taken(made_up.pair_table(), [0])
    draw(table, layers, tmp_path)
    assert torch.is_grad_enabled() is before
