"""What users are told of files that cannot be edited, and which exit code their scripts see."""

import os
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from told import counts


@pytest.fixture
def face():
    return Image.fromarray(np.ascontiguousarray(skimage.data.astronaut()[:256, 120:330]))


@pytest.fixture
def apply(run_main, fake_weights, tmp_path, monkeypatch):
    """Run ``faceedit apply`` in an empty folder."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    weights = fake_weights()

    def run(*args):
        return run_main(
            "apply", "--weights", weights, "--device", "cpu", "--edit-shown", "-t", "happy", *args
        )

    return run


def names_here():
    """Return the names in the current folder, without what runs write down about themselves."""
    return sorted(path.name for path in Path().iterdir() if "faceedit." not in path.name)


def failures(result):
    return [line for line in result.err.splitlines() if line.startswith("failed ")]


def test_each_bad_file_takes_one_line_and_the_good_ones_are_done(apply, face):
    photos = Path("photos")
    photos.mkdir()
    face.save(photos / "good.jpg")
    face.save(photos / "moving.gif", save_all=True, append_images=[face.rotate(3)])
    face.save(photos / "pages.tif", save_all=True, append_images=[face.rotate(3)])
    face.convert("CMYK").save(photos / "print.jpg")
    face.save(photos / "wrong.png", "JPEG")
    (photos / "cut.jpg").write_bytes((photos / "good.jpg").read_bytes()[:-2000])
    (photos / "empty.jpg").touch()
    (photos / "gone.jpg").symlink_to("nowhere.jpg")
    result = apply("photos")
    assert (result.code, result.out) == (1, "")
    cut, *others = failures(result)
    assert cut.startswith("failed photos/cut.jpg: its jpeg data is broken or cut off (")
    several = "it is animated or has several pages: save the one to edit as a file of its own"
    assert others == [
        "failed photos/empty.jpg: it is empty",
        "failed photos/gone.jpg: it is a link to a file that does not exist",
        "failed photos/moving.gif: it is a GIF, made for frames: save one of them as PNG first",
        f"failed photos/pages.tif: {several}",
        "failed photos/print.jpg: it is CMYK, whose inks do not survive a way through RGB: "
        "convert it first",
        "failed photos/wrong.png: its name says png but its content is jpeg: rename it first",
    ]
    assert counts(result.err) == {"edited": 1, "failed": 7}
    written = {path.name for path in Path("photos-edited").iterdir()}
    assert written - {"faceedit.jsonl"} == {"good.jpg"}


@pytest.mark.parametrize("args", [["--", "-x.png"], ["./-x.png"]])
def test_names_that_begin_with_a_dash(apply, face, args):
    face.save("-x.png")
    assert apply("-q", *args).code == 0
    assert names_here() == ["-x-edited.png", "-x.png"]


def test_a_dash_without_a_way_out_is_wrong_usage(apply, face):
    face.save("-x.png")
    result = apply("-x.png")
    assert (result.code, result.out) == (2, "")
    assert "-x" in result.err
    assert names_here() == ["-x.png"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("two\nlines.jpg", r"two\nlines.jpg"),
        ("\x1b[31mred.jpg", r"\x1b[31mred.jpg"),
        (os.fsdecode(b"latin-\xe9.jpg"), r"latin-\udce9.jpg"),
        ("写真 é.jpg", "写真 é.jpg"),
        ("x" * 251 + ".jpg", "x" * 251 + ".jpg"),
    ],
)
def test_names_take_one_line_and_no_control_of_the_terminal(apply, name, shown):
    try:
        Path(name).touch()
    except (OSError, UnicodeError):
        pytest.skip("no such name here")
    for args in ([name], ["."]):
        result = apply(*args)
        assert result.code == 1
        assert failures(result) == [f"failed {shown}: it is empty"]


def test_odd_names_in_what_stops_the_command(apply, face):
    name = os.fsdecode(b"latin-\xe9\nline.txt")
    try:
        Path(name).touch()
    except (OSError, UnicodeError):
        pytest.skip("no such name here")
    result = apply(name)
    assert result.code == 2
    assert len(result.err.splitlines()) == 1
    assert "not a kind of photo that is known" in result.err


def test_a_bad_file_alone(apply, face):
    face.save("a.gif")
    result = apply("a.gif")
    assert result.code == 1
    assert failures(result)
    assert apply("a.gif", "-o", "b.png").code == 1
    face.save("a.png")
    result = apply("a.png", "-o", "b.gif")
    assert result.code == 2
    assert "b.gif: .gif files are not written" in result.err
    Path("loop.jpg").symlink_to("loop.jpg")
    result = apply("loop.jpg")
    assert result.code == 1
    assert "symbolic links" in failures(result)[0]
    assert names_here() == ["a.gif", "a.png", "loop.jpg"]
