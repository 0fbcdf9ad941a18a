import json
from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from faceedit.errors import UsageError
from faceedit.lights import LIGHT_ORDER
from faceedit.studio.expressions import Ask
from faceedit.studio.model import Part
from faceedit.studio.record import AS_PHOTOGRAPHED
from faceedit.studio.shards import write_shard
from faceedit.targets import ATTRIBUTES, EXPRESSIONS
from faceedit.training.pair_table import (
    FEWEST_TEETH,
    OWN_LIGHT,
    PairTable,
    hash_of,
    is_table,
    pack_shards,
    row_of,
    tooth_tone,
)

PLAIN = {"light": AS_PHOTOGRAPHED, "light_colour": (1.0, 1.0, 1.0)}


@pytest.fixture
def make_plain(make_record):
    """Records as a table takes them: ``make_plain(3, split="val") -> Pair``."""
    return lambda seed=0, size=16, **labels: make_record(seed, size, **{**PLAIN, **labels})


@pytest.fixture
def make_shard(tmp_path):
    """Write pairs: ``make_shard("a", pairs) -> Path``."""

    def make(name, pairs):
        path = tmp_path / f"{name}.tar"
        write_shard(path, ((f"{i:04d}", pair) for i, pair in enumerate(pairs)))
        return path

    return make


def test_pairs_of_all_shards_come_back_in_order(make_plain, make_shard, tmp_path):
    made = [make_plain(i) for i in range(3)]
    shards = [make_shard("a", made[:2]), make_shard("b", made[2:])]
    told = []
    table = pack_shards(shards, tmp_path / "table", told.append)
    assert len(table) == 3
    assert not told
    for i, pair in enumerate(made):
        for name, value in row_of(pair).items():
            found = table[i][name]
            assert (found.dtype, found.shape) == (value.dtype, value.shape), name
            if name in ("flow", "log_ratio", "tone"):
                # Shards keep them in steps.
                np.testing.assert_allclose(found, value, atol=0.02)
            elif name in ("trusted", "targets"):
                assert np.abs(found.astype(int) - value).max() <= 1
            else:
                np.testing.assert_allclose(found, value, atol=1e-3)


def test_columns_are_mapped_and_may_not_be_written(make_plain, make_shard, tmp_path):
    table = pack_shards([make_shard("a", [make_plain()])], tmp_path / "table")
    for field in fields(PairTable):
        column = getattr(table, field.name)
        assert isinstance(column, np.memmap), field.name
        assert not column.flags.writeable
    assert not list((tmp_path / "table").glob("*.part"))


def test_turned_heads_and_other_light_are_kept_and_told_apart(make_plain, make_shard, tmp_path):
    made = [
        make_plain(0),
        make_plain(1, turn=8.0),
        make_plain(2, light="rim_left"),
        make_plain(3, light_colour=(1.2, 1.0, 0.8)),
        make_plain(4),
    ]
    table = pack_shards([make_shard("a", made)], tmp_path / "table")
    assert table.person.tolist() == [hash_of(f"person {n}") for n in range(5)]
    assert table.as_photographed().tolist() == [True, False, False, False, True]
    assert table.light is not None and table.turn is not None
    rim = LIGHT_ORDER.index("rim_left")
    assert table.light.tolist() == [OWN_LIGHT, OWN_LIGHT, rim, OWN_LIGHT, OWN_LIGHT]
    assert table.turn.tolist() == [0, 8, 0, 0, 0]


def test_tables_of_the_first_version_are_read(make_plain, make_shard, tmp_path):
    folder = tmp_path / "table"
    pack_shards([make_shard("a", [make_plain(0), make_plain(1)])], folder)
    for name in [f.name for f in fields(PairTable) if f.default is None]:
        (folder / f"{name}.npy").unlink()
    (folder / "table.json").write_text('{"version": 1, "pairs": 2}')
    table = PairTable.load(folder)
    assert table.light is table.regions is None
    assert table.as_photographed().tolist() == [True, True]
    assert "light" not in table[0]


def test_shards_without_pairs_make_no_table(make_shard, tmp_path):
    with pytest.raises(UsageError, match="no pair in the shards"):
        pack_shards([make_shard("a", [])], tmp_path / "table")
    assert not is_table(tmp_path / "table")


def test_a_row_tells_light_regions_and_attributes(make_record):
    pair = make_record(size=256, eyeglasses=True, measured=True)
    row = row_of(pair)
    assert LIGHT_ORDER[row["light"]] == "rim_left"
    np.testing.assert_allclose(row["light_colour"], (1.2, 1.0, 0.8))
    np.testing.assert_allclose(row["input_light"], (0.25, 0.5, 0.75))
    for shown, regions in zip(
        row["regions"], (pair.regions_input, pair.regions_target), strict=True
    ):
        # Numbers of regions do not mix.
        assert (shown == regions[::2, ::2]).all()
    known = dict(zip(ATTRIBUTES, row["attributes"].tolist(), strict=True))
    assert known.pop("eyeglasses") == 1
    assert np.isnan(list(known.values())).all()
    assert row["measured"]
    with pytest.raises(UsageError, match="unknown light 'moon'"):
        row_of(make_record(light="moon"))


def test_a_damaged_shard_leaves_no_table(make_plain, make_shard, tmp_path):
    folder = tmp_path / "table"
    shard = make_shard("a", [make_plain(0), make_plain(1)])
    pack_shards([shard], folder)
    assert is_table(folder)
    shard.write_bytes(shard.read_bytes()[:3000])
    with pytest.raises(UsageError):
        pack_shards([shard], folder)
    assert not is_table(folder)
    with pytest.raises(UsageError, match="make it anew"):
        PairTable.load(folder)


@pytest.mark.parametrize(
    "spoilt",
    [np.zeros((2, 128, 128, 2)), np.zeros(()), np.array(["a"]), np.array([1j])],
    ids=["long", "flat", "text", "complex"],
)
def test_columns_are_numbers_of_one_length(make_plain, make_shard, tmp_path, spoilt):
    folder = tmp_path / "table"
    pack_shards([make_shard("a", [make_plain()])], folder)
    np.save(folder / "flow.npy", spoilt)
    with pytest.raises(UsageError, match="holds no table of pairs: its column flow"):
        PairTable.load(folder)


@pytest.mark.parametrize("content", ['{"version": 99}', "{}", "no json", "[]", "[" * 9999, None])
def test_tables_of_other_versions_are_refused(make_plain, make_shard, tmp_path, content):
    folder = tmp_path / "table"
    pack_shards([make_shard("a", [make_plain()])], folder)
    about = folder / "table.json"
    assert json.loads(about.read_text()) == {"version": 2, "pairs": 1}
    if content is None:
        (folder / "flow.npy").unlink()
    else:
        about.write_text(content)
    with pytest.raises(UsageError, match="holds no table of pairs"):
        PairTable.load(folder)


@pytest.mark.parametrize(
    ("ask", "wanted"),
    [
        (Ask(), {"neutral": 1.0}),
        (Ask((("happy", 1.3),)), {"happy": 1.3}),
        (Ask((("happy", 0.5), ("sad", 0.25))), {"happy": 0.5, "sad": 0.25}),
        (Ask((("happy", 0.5), ("squint", 0.25))), {"happy": 0.5}),
        (Ask(action_units=(2.0, *(0.0,) * 16)), {}),
    ],
)
def test_a_row_says_what_was_asked(make_plain, ask, wanted):
    row = row_of(make_plain(ask=replace(ask, share=0.4)))
    assert row["amplitudes"].tolist() == pytest.approx([wanted.get(n, 0) for n in EXPRESSIONS])
    assert row["share"] == np.float32(0.4)


def test_a_row_says_whose_it_is(make_plain):
    pair = make_plain(person="ann", split="val", eyeglasses=True, real="target")
    row = row_of(pair)
    assert row["validation"]
    assert row["eyeglasses"]
    assert row["real_target"]
    assert row["person"] == hash_of("ann") == 3877663347
    np.testing.assert_allclose(row["action_units"], pair.labels.action_units)
    row = row_of(make_plain())
    assert not any(row[name] for name in ("validation", "eyeglasses", "real_target"))


def test_fields_are_reduced_and_points_are_not(make_plain):
    pair = make_plain(size=256)
    row = row_of(pair)
    shapes = {name: (value.shape, value.dtype.name) for name, value in row.items()}
    assert shapes == {
        "pictures": ((256, 256, 3), "uint8"),
        "targets": ((128, 128, 3), "uint8"),
        "flow": ((128, 128, 2), "float16"),
        "log_ratio": ((128, 128, 3), "float16"),
        "trusted": ((128, 128), "uint8"),
        "landmarks": ((2, 478, 3), "float32"),
        "jaws": ((2, 20, 2), "float32"),
        "amplitudes": ((8,), "float32"),
        "action_units": ((17,), "float32"),
        "share": ((), "float32"),
        "tone": ((3,), "float32"),
        "eyeglasses": ((), "bool"),
        "real_target": ((), "bool"),
        "validation": ((), "bool"),
        "person": ((), "int64"),
        "light": ((), "int64"),
        "light_colour": ((3,), "float32"),
        "input_light": ((3,), "float32"),
        "turn": ((), "float32"),
        "regions": ((2, 128, 128), "uint8"),
        "measured": ((), "bool"),
        "unit_changes": ((2, 17), "float32"),
        "attributes": ((13,), "float32"),
    }
    np.testing.assert_array_equal(row["pictures"], pair.input)
    wanted = pair.fields.flow.reshape(128, 2, 128, 2, 2).mean((1, 3))
    np.testing.assert_allclose(row["flow"], wanted, atol=0.02)
    np.testing.assert_array_equal(row["jaws"], [pair.jaws_input, pair.jaws_target])


def test_fields_are_trusted_on_skin_alone(make_plain):
    pair = make_plain(size=256)
    valid, painted, opacity = (np.zeros((256, 256), np.float32) for _ in range(3))
    valid[:, 20:] = 1
    painted[100:120, 100:120] = 0.5
    opacity[200:220, 100:120] = 0.5
    pair = replace(
        pair,
        valid=valid > 0,
        painted=painted,
        fields=replace(pair.fields, opacity=opacity),
    )
    trusted = row_of(pair)["trusted"]
    wanted = valid * (painted == 0) * (opacity == 0)
    wanted = cv2.erode(wanted, np.ones((3, 3))).reshape(128, 2, 128, 2).mean((1, 3))
    np.testing.assert_allclose(trusted, 255 * wanted, atol=0.51)
    assert set(np.unique(trusted)) >= {0, 255}


def teeth_in(pair, count: int, colour):
    """The pair with so many newly shown pixels of lit teeth, and as many dark ones."""
    part = np.full_like(pair.part, int(Part.SKIN))
    painted, paint = np.zeros_like(pair.painted), np.full_like(pair.fields.paint, 0.9)
    for pixels, shown in ((slice(count), colour), (slice(count, 2 * count), (0.1, 0.1, 0.1))):
        part.ravel()[pixels] = int(Part.TEETH)
        painted.ravel()[pixels] = 1.0
        paint.reshape(-1, 3)[pixels] = shown
    return replace(pair, part=part, painted=painted, fields=replace(pair.fields, paint=paint))


def test_lit_teeth_tell_the_tone(make_plain):
    pair = teeth_in(make_plain(), FEWEST_TEETH // 2, (0.8, 0.7, 0.6))
    # The darker half are not lit.
    np.testing.assert_allclose(tooth_tone(pair), [0.8, 0.7, 0.6], rtol=1e-5)
    assert tooth_tone(pair).dtype == np.float32


def test_few_teeth_tell_nothing(make_plain):
    few = teeth_in(make_plain(), FEWEST_TEETH // 2 - 1, (0.8, 0.7, 0.6))
    assert np.isnan(tooth_tone(few)).all()
    # Teeth that the photo shows already are not newly lit.
    shown = teeth_in(make_plain(), 60, (0.8, 0.7, 0.6))
    assert np.isnan(tooth_tone(replace(shown, painted=0 * shown.painted))).all()
