import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from faceedit.compose.mouth.opening import lip_gap
from faceedit.errors import UsageError, WriteError
from faceedit.faces.topology import IRISES, OUTER_EYE_CORNERS
from faceedit.outputs import REPLACE
from faceedit.studio.shapes import LEVELS, ShapeTable, shape_table
from faceedit.targets import EXPRESSIONS

SIZE = 128
MOVING = EXPRESSIONS[1:]


@pytest.fixture(scope="module")
def sources(folder_and_sources):
    """A neutral and a happy person."""
    return folder_and_sources[1][:2]


@pytest.fixture(scope="module")
def table(rig, sources):
    return shape_table(rig, sources, SIZE, starts=2, seed=3)


def gaps(table, moves):
    points = table.landmarks[:, :, :2] + moves[:, :478]
    units = np.linalg.norm(np.subtract(*points[:, OUTER_EYE_CORNERS].swapaxes(0, 1)), axis=-1)
    return np.array([lip_gap(p, u) for p, u in zip(points, units, strict=True)])


def moved(table, name, level=0):
    return table.moved[:, MOVING.index(name), level]


def test_every_start_is_a_row(table):
    assert table.landmarks.shape == (4, 478, 3)
    assert table.jaws.shape == (4, 20, 2)
    assert table.calm.shape == table.neutral.shape == (4, 498, 2)
    assert table.moved.shape == (4, len(MOVING), len(LEVELS), 498, 2)
    assert table.photo.tolist() == [0, 0, 1, 1]
    assert not table.validation.any()
    for field in fields(table):
        assert np.isfinite(getattr(table, field.name)).all()


def test_the_first_start_is_the_photos_own_face_and_others_are_not(table):
    neutral_gap, _, happy_gap, _ = gaps(table, 0 * table.calm)
    assert neutral_gap < 0.03 < happy_gap
    for first, other in ((0, 1), (2, 3)):
        apart = np.abs(table.landmarks[first] - table.landmarks[other])[:, :2]
        assert apart.max() > 1
        # It is the same crop of the same person.
        assert np.median(apart) < 1


def test_a_neutral_face_has_little_to_take_away_and_a_smile_much(table):
    calm = np.linalg.norm(table.calm, axis=-1).max(1)
    neutral = np.linalg.norm(table.neutral, axis=-1).max(1)
    assert calm[0] < 0.4 * calm[2] and neutral[0] < 0.4 * neutral[2]
    assert gaps(table, table.neutral)[2] < 0.02


def test_expressions_move_points_where_they_should(table):
    corners = moved(table, "happy")[:, [61, 291]]
    raised = corners - table.neutral[:, [61, 291]]
    assert (raised[..., 1] < -1).all()
    assert (gaps(table, moved(table, "surprised")) > gaps(table, table.neutral) + 0.03).all()
    assert (gaps(table, moved(table, "sad")) < 0.02).all()
    # Irises stand still, and so does the upper jaw.
    irises = [i for iris in IRISES for i in iris]
    assert not table.moved[..., irises, :].any()
    assert np.abs(table.moved[..., 478:488, :]).max() < 1


def test_more_of_an_expression_moves_farther(table):
    at_one, beyond = (np.abs(moved(table, "surprised", k) - table.neutral).max() for k in (0, 1))
    assert beyond > 1.2 * at_one


def test_a_seed_decides_the_starts(rig, sources, table):
    again, other = (shape_table(rig, sources[:1], SIZE, 2, seed) for seed in (3, 4))
    np.testing.assert_array_equal(again.landmarks, table.landmarks[:2])
    np.testing.assert_array_equal(again.moved, table.moved[:2])
    np.testing.assert_array_equal(other.landmarks[0], table.landmarks[0])
    assert np.abs(other.landmarks[1] - table.landmarks[1]).max() > 0.5


def test_photos_that_cannot_be_used_are_left_out(rig, sources, tmp_path):
    hidden = replace(sources[0], photo=replace(sources[0].photo, occluded=True))
    gone = replace(sources[0], photo=replace(sources[0].photo, path=tmp_path / "gone.png"))
    kept = replace(sources[0], photo=replace(sources[0].photo, split="val"))
    told = []
    table = shape_table(
        rig, [hidden, gone, kept], 64, starts=1, tell=lambda done, of: told.append((done, of))
    )
    assert table.photo.tolist() == [2] and table.validation.tolist() == [True]
    assert told[-1] == (3, 3)
    with pytest.raises(UsageError, match="no photo has a face that can be moved"):
        shape_table(rig, [hidden, gone], 64)


def test_a_table_is_read_as_it_was_written(table, tmp_path):
    path = tmp_path / "shapes.npz"
    table.save(path)
    again = ShapeTable.load(path)
    for name in ("landmarks", "jaws", "validation", "photo"):
        np.testing.assert_array_equal(getattr(again, name), getattr(table, name))
    # Movements are halved: a hundredth of a pixel is kept.
    for name in ("calm", "neutral", "moved"):
        np.testing.assert_allclose(getattr(again, name), getattr(table, name), atol=0.02)
    assert ShapeTable.is_one(path)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_table_is_written_where_it_was_asked_for_and_through_no_link(table, tmp_path):
    mine = tmp_path / "table.npz"
    mine.write_bytes(b"the user's")
    table.save(tmp_path / "table")
    link = tmp_path / "link.npz"
    link.symlink_to(mine)
    for path in (mine, link):
        with pytest.raises(WriteError):
            table.save(path)
    table.save(link, REPLACE)
    assert mine.read_bytes() == b"the user's"
    assert all(ShapeTable.is_one(path) for path in (tmp_path / "table", link))


def test_rows_are_taken_together(table):
    some = table.taken(np.array([True, False, True, False]))
    assert some.photo.tolist() == [0, 1]
    np.testing.assert_array_equal(some.moved, table.moved[::2])


def test_other_files_are_no_tables(tmp_path):
    text, arrays, array = tmp_path / "a.npz", tmp_path / "b.npz", tmp_path / "c.npy"
    text.write_text("no table")
    np.savez(arrays, landmarks=np.zeros(3))
    np.save(array, np.zeros(3))
    cut, empty = tmp_path / "cut.npz", tmp_path / "empty.npz"
    cut.write_bytes(arrays.read_bytes()[:-40])
    empty.write_bytes(b"")
    for path in (text, arrays, array, cut, empty, tmp_path / "none.npz", tmp_path):
        assert not ShapeTable.is_one(path)
        with pytest.raises(UsageError, match="is no table of shapes"):
            ShapeTable.load(path)
