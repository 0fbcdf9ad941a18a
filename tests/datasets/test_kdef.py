"""KDEF: session, sex, number, expression and angle from the name."""

import pytest

from faceedit.datasets.kdef import ANGLES, EXPRESSIONS_OF, parse_kdef, read_kdef


def test_a_name_says_it_all(tmp_path):
    photo = parse_kdef(tmp_path / "AF01ANS.JPG")
    assert photo is not None
    assert (photo.person, photo.expression, photo.source) == ("kdef-F01", "angry", "kdef")
    assert (photo.session, photo.sex, photo.angle) == ("A", "female", "S")
    photo = parse_kdef(tmp_path / "bm35sahr.jpg")
    assert photo is not None
    assert (photo.person, photo.expression) == ("kdef-M35", "sad")
    assert (photo.session, photo.sex, photo.angle) == ("B", "male", "HR")


@pytest.mark.parametrize(
    "name", ["AF31V.JPG", "AM31H.JPG", "FAFFL.JPG", "CF01ANS.JPG", "AF1ANS.JPG"]
)
def test_other_names_are_none_of_it(tmp_path, name):
    assert parse_kdef(tmp_path / name) is None


def test_straight_alone_or_what_is_asked_for(tmp_path):
    for session in "AB":
        for code in EXPRESSIONS_OF:
            for angle in ANGLES:
                path = tmp_path / f"{session}F01" / f"{session}F01{code}{angle}.JPG"
                path.parent.mkdir(exist_ok=True)
                path.touch()
    photos = read_kdef(tmp_path)
    assert len(photos) == 14
    assert {p.expression for p in photos} == set(EXPRESSIONS_OF.values())
    assert {p.person for p in photos} == {"kdef-F01"}
    assert len({p.split for p in photos}) == 1
    assert len(read_kdef(tmp_path, angles=("HL", "S", "HR"), sessions=("B",))) == 21
