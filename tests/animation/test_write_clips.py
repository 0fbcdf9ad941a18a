"""Clips as files: frames, times, colours, repetition, and what stays when writing fails."""

import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from faceedit.animation.write import FOLDER, Clip, check_clip, kind_of, write_clip
from faceedit.errors import MissingError, PlanError, UsageError
from faceedit.outputs import NEW_ONLY, REPLACE
from faceedit.photos import Provenance, says_edited

FPS = Fraction(24)
SAID = Provenance("reggan fast", "happy", None, "0.1.0")


@pytest.fixture(scope="module")
def frames():
    """Seven frames of odd sides: a square that goes from left to right over a slope."""
    slope = np.linspace(40, 200, 95).astype(np.uint8)
    still = np.repeat(np.tile(slope, (65, 1))[..., None], 3, axis=2)
    made = []
    for at in range(7):
        frame = still.copy()
        frame[20:40, 10 * at : 10 * at + 20] = (200, 60, 30)
        made.append(frame)
    return made


def write(path, frames, permit=NEW_ONLY, **clip):
    kind = kind_of(str(path))
    check_clip(path, kind, len(frames), FPS, permit)
    write_clip(path, kind, frames, Clip(FPS, **clip), permit)


def decoded(path):
    """Frames of a GIF or WebP, and their milliseconds."""
    with Image.open(path) as image:
        found, times = [], []
        for at in range(getattr(image, "n_frames", 1)):
            image.seek(at)
            found.append(np.asarray(image.convert("RGB")))
            times.append(image.info["duration"])
        return found, times


def test_mp4_has_real_time_stamps_even_sides_and_the_frames_colours(tmp_path, frames):
    path = tmp_path / "clip.mp4"
    write(path, frames, said=SAID)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.pix_fmt) == (94, 64, "yuv420p")
        assert (stream.codec_context.name, stream.average_rate) == ("h264", FPS)
        assert "Edited by AI: faceedit" in container.metadata["comment"]
        pictures = list(container.decode(stream))
    assert [one.time for one in pictures] == pytest.approx([at / 24 for at in range(7)])
    for picture, frame in zip(pictures, frames, strict=True):
        rgb = picture.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
        assert np.abs(rgb.astype(int) - frame[:64, :94]).mean() < 4
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_webp_and_gif_keep_still_pixels_still(tmp_path, frames):
    for name, off in (("clip.webp", 5), ("clip.gif", 6)):
        write(tmp_path / name, frames, loop=True)
        found, times = decoded(tmp_path / name)
        assert sum(times) == pytest.approx(7000 / 24, abs=6)
        for picture, frame in zip(found, frames, strict=True):
            assert np.abs(picture.astype(int) - frame).mean() < off
            np.testing.assert_array_equal(picture[48:], found[0][48:])
        with Image.open(tmp_path / name) as image:
            assert image.info["loop"] == 0


def test_a_clip_that_is_no_loop_is_played_once(tmp_path, frames):
    write(tmp_path / "clip.gif", frames)
    write(tmp_path / "clip.webp", frames, said=SAID)
    with Image.open(tmp_path / "clip.gif") as image:
        assert "loop" not in image.info
    with Image.open(tmp_path / "clip.webp") as image:
        assert image.info["loop"] == 1
        assert b"compositeWithTrainedAlgorithmicMedia" in image.info["xmp"]


def test_a_folder_of_frames_is_exact(tmp_path, frames):
    folder = tmp_path / "deep" / "frames"
    write(folder, frames, said=SAID)
    names = [f"frame-{at:05d}.png" for at in range(1, 8)]
    assert sorted(one.name for one in folder.iterdir()) == names
    for name, frame in zip(names, frames, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(folder / name)), frame)
        assert says_edited(folder / name)
    with pytest.raises(PlanError, match="--overwrite"):
        write(folder, frames)
    (folder / "mine.txt").write_text("mine")
    write(folder, frames[::-1], REPLACE)
    np.testing.assert_array_equal(np.asarray(Image.open(folder / names[0])), frames[-1])
    with pytest.raises(PlanError, match=r"a longer clip is there, up to frame-00007\.png"):
        write(folder, frames[:3], REPLACE)
    assert sorted(one.name for one in folder.iterdir()) == [*names, "mine.txt"]
    assert [one.name for one in folder.parent.iterdir()] == ["frames"]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.gif", "clip.webp", "clip"])
@pytest.mark.parametrize("fault", [RuntimeError, SystemExit])
def test_what_ends_in_the_middle_leaves_nothing(tmp_path, frames, name, fault):
    class Broken(list):
        def __iter__(self):
            yield from self[:3]
            raise fault

    with pytest.raises(fault):
        write(tmp_path / name, Broken(frames))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["clip.mov", "clip.png", "clip.mp4/x.jpg", ""])
def test_unknown_kinds(name):
    with pytest.raises(UsageError, match=r"written as \.mp4, \.gif, \.webp, or as PNG"):
        kind_of(name)


def test_kinds():
    assert [kind_of(name) for name in ("a.MP4", "a.gif", "x/a.webp", "frames", "a.b/")] == [
        ".mp4", ".gif", ".webp", FOLDER, FOLDER,
    ]  # fmt: skip


def test_gifs_are_not_too_fast_nor_too_long(tmp_path):
    for count, fps, said in ((9, 60, "50 frames a second"), (1001, 24, "1000 frames, not 1001")):
        with pytest.raises(UsageError, match=said):
            check_clip(tmp_path / "a.gif", ".gif", count, Fraction(fps), NEW_ONLY)
    check_clip(tmp_path / "a.webp", ".webp", 1001, Fraction(60), NEW_ONLY)


def test_without_pyav_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingError, match=r"pip install 'faceedit\[video\]'"):
        check_clip(tmp_path / "a.mp4", ".mp4", 24, FPS, NEW_ONLY)
    check_clip(tmp_path / "a.gif", ".gif", 24, FPS, NEW_ONLY)


def test_existing_files_stay(tmp_path, frames):
    path = tmp_path / "clip.webp"
    path.write_bytes(b"mine")
    with pytest.raises(PlanError, match="--overwrite"):
        write(path, frames)
    assert path.read_bytes() == b"mine"
    write(path, frames, REPLACE)
    assert len(decoded(path)[0]) == 7
    (tmp_path / "file").touch()
    with pytest.raises(PlanError, match="a file is in the way"):
        write(tmp_path / "file", frames, REPLACE)
    with pytest.raises(PlanError, match="a file is where its folder would be"):
        write(tmp_path / "file" / "clip.gif", frames, REPLACE)
