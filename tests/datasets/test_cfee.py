"""CFEE: categories by number, and those whose number nobody could confirm."""

import pytest

from faceedit.datasets.cfee import KEY, looks_like_cfee, parse_cfee, read_cfee
from faceedit.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    """Two people in all categories, where the set has them."""
    root = tmp_path / "CFEE_Database_230"
    for number in range(1, 27):
        first = min((number - 1) // 4 * 4 + 1, 21)
        last = 26 if first == 21 else first + 3
        place = root / f"{first:02}-{last:02}" / f"Images{(first + 3) // 4}"
        place.mkdir(parents=True, exist_ok=True)
        for person in (110, 339):
            (place / f"{number:02}_{person}_{3000 + number}.jpg").touch()
    (root / "21-26/Images6/260_19.png.jpg").touch()
    return root


def test_a_name_says_it_all(tmp_path):
    photo = parse_cfee(tmp_path / "02_339_3470.jpg")
    assert photo is not None
    assert (photo.person, photo.number, photo.expression) == ("cfee-339", 2, "happy")
    assert photo.source == "cfee"
    photo = parse_cfee(tmp_path / "26_222.jpg")
    assert photo is not None
    assert (photo.number, photo.expression) == (26, "")


@pytest.mark.parametrize("name", ["27_339_3470.jpg", "00_339.jpg", "2_339.jpg", "260_19.png.jpg"])
def test_other_names_are_none_of_it(tmp_path, name):
    assert parse_cfee(tmp_path / name) is None


def test_two_numbers_are_not_enough(tmp_path):
    assert looks_like_cfee(tmp_path / "01-04" / "Images1" / "02_339_3470.jpg")
    assert looks_like_cfee(tmp_path / "cfee" / "02_339_3470.jpg")
    assert not looks_like_cfee(tmp_path / "holidays" / "02_339_3470.jpg")


def test_compound_expressions_are_left_out_unless_asked(folder):
    lines = []
    photos = read_cfee(folder, tell=lines.append)
    assert {(p.number, p.expression) for p in photos} == {
        (1, "neutral"), (2, "happy"), (3, "sad"),
        (5, "angry"), (6, "surprised"), (7, "disgusted"),
    }  # fmt: skip
    assert len(photos) == 12
    assert KEY in lines[0] and "afraid" in lines[0]
    assert lines[1].endswith("left out: 40 not asked for, 1 named otherwise")
    everything = read_cfee(folder, unnamed=True)
    assert len(everything) == 52
    assert sum(p.expression == "" for p in everything) == 40


@pytest.mark.parametrize("number", [4, 8])
def test_the_sets_own_key_is_believed(folder, number):
    lines = []
    (folder / KEY).write_text(
        f"emotion,name\n1,Neutral\n2.0,Happy\n{number},Fearful\n9,Happily surprised\n\n",
        encoding="utf-8-sig",
    )
    photos = read_cfee(folder, tell=lines.append)
    assert {(p.number, p.expression) for p in photos} == {
        (1, "neutral"), (2, "happy"), (number, "afraid"),
    }  # fmt: skip
    assert len(lines) == 1
    assert {p.number for p in read_cfee(folder, numbers={9: "surprised"})} == {9}


def test_a_key_without_sense_is_named(folder):
    (folder / KEY).write_text("happy\nsad\n")
    with pytest.raises(UsageError, match=KEY):
        read_cfee(folder)
