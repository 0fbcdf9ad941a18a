"""RaFD: camera, person, group, sex, expression and gaze from the name."""

import pytest

from faceedit.datasets.rafd import (
    CAMERAS,
    EXPRESSIONS_OF,
    GAZES,
    parse_rafd,
    read_rafd,
)
from faceedit.targets import EXPRESSIONS


def test_a_name_says_it_all(tmp_path):
    path = tmp_path / "Rafd045_28_Moroccan_male_fearful_left.jpg"
    photo = parse_rafd(path)
    assert photo is not None
    assert (photo.path, photo.person, photo.expression) == (path, "rafd-28", "afraid")
    assert (photo.camera, photo.gaze, photo.sex, photo.group) == (45, "left", "male", "moroccan")
    assert (photo.strength, photo.source) == (-1, "rafd")


def test_every_expression_has_a_name():
    assert sorted(EXPRESSIONS_OF.values()) == sorted(EXPRESSIONS)


@pytest.mark.parametrize(
    "name",
    [
        "Rafd090_01_Caucasian_female_happy.jpg",
        "Rafd060_01_Caucasian_female_happy_frontal.jpg",
        "Rafd090_01_Caucasian_female_bored_frontal.jpg",
        "xRafd090_01_Caucasian_female_happy_frontal.jpg",
        "Rafd090_1_Caucasian_female_happy_frontal.jpg",
    ],
)
def test_other_names_are_none_of_it(tmp_path, name):
    assert parse_rafd(tmp_path / name) is None


def test_the_front_alone_or_what_is_asked_for(tmp_path):
    for camera in CAMERAS:
        for gaze in GAZES:
            (tmp_path / f"Rafd{camera:03}_01_Kid_female_sad_{gaze}.JPG").touch()
    (photo,) = read_rafd(tmp_path)
    assert (photo.camera, photo.gaze) == (90, "frontal")
    assert len(read_rafd(tmp_path, cameras=(45, 90, 135), gazes=GAZES)) == 9
    assert {p.split for p in read_rafd(tmp_path, cameras=CAMERAS)} == {photo.split}
