"""Multi-PIE: what a recording shows depends on the session."""

import pytest

from faceedit.datasets.multipie import LIGHTS, parse_multipie, read_multipie
from faceedit.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    """One person, all sessions, three cameras, two lights."""
    for session, recordings in ((1, 2), (2, 3), (3, 3), (4, 3)):
        place = tmp_path / "Multi-PIE/data" / f"session0{session}"
        for recording in range(1, recordings + 1):
            for camera in ("05_1", "04_1", "08_1"):
                for light in (0, 7):
                    code = camera.replace("_", "")
                    name = f"042_0{session}_0{recording}_{code}_{light:02}.png"
                    path = place / "multiview/042" / f"0{recording}" / camera / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
        (place / "highres/042").mkdir(parents=True)
        (place / "highres/042/042_01.jpg").touch()
    return tmp_path / "Multi-PIE"


def test_a_name_says_it_all(tmp_path):
    photo = parse_multipie(tmp_path / "001_02_02_051_07.png")
    assert photo is not None
    assert (photo.person, photo.expression) == ("multipie-001", "surprised")
    assert (photo.shown, photo.camera, photo.light) == ("surprise", "051", 7)
    assert (photo.session, photo.recording, photo.source) == (2, 2, "multipie")
    assert parse_multipie(tmp_path / "001_02_02_051_07_crop_128.png") is not None


@pytest.mark.parametrize(
    "name",
    ["001_01_03_051_07.png", "001_05_01_051_07.png", "001_01_01_052_07.png",
     "001_01_01_051_20.png", "001_01_01_051.png", "001_01.jpg"],
)  # fmt: skip
def test_other_names_are_none_of_it(tmp_path, name):
    assert parse_multipie(tmp_path / name) is None


def test_recordings_by_session(folder):
    photos = read_multipie(folder, lights=(7,), unnamed=True)
    shown = {(p.session, p.recording): p.expression or p.shown for p in photos}
    assert shown == {
        (1, 1): "neutral", (1, 2): "happy",
        (2, 1): "neutral", (2, 2): "surprised", (2, 3): "squint",
        (3, 1): "neutral", (3, 2): "happy", (3, 3): "disgusted",
        (4, 1): "neutral", (4, 2): "neutral", (4, 3): "scream",
    }  # fmt: skip
    assert {p.expression for p in photos if p.shown in ("squint", "scream")} == {""}


def test_the_front_and_named_expressions_unless_asked(folder):
    lines = []
    photos = read_multipie(folder, tell=lines.append)
    assert len(photos) == 9 * 2
    assert {p.camera for p in photos} == {"051"}
    assert lines == [
        "multipie: 18 photos of 1 people; left out: 48 not asked for, 4 named otherwise"
    ]
    assert len(read_multipie(folder, cameras=("051", "041"), lights=LIGHTS)) == 36
    with pytest.raises(UsageError, match="light 3"):
        read_multipie(folder, lights=(3,))
