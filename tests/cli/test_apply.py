import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from told import counts

from faceedit.photos import decode_photo, read_photo


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(skimage.data.astronaut()).save(folder / "a.png")
    Image.new("RGB", (64, 48)).save(folder / "blank.png")
    return folder


@pytest.fixture
def apply(run_main, fake_weights):
    """Run ``faceedit apply`` with a `FakeMethod` made from the keywords."""

    def run(*args, target="happy", **architecture):
        weights = fake_weights(**architecture)
        return run_main(
            "apply", "--weights", weights, "--device", "cpu", "--edit-shown", "-t", target, *args
        )

    return run


def test_a_folder(apply, photos):
    result = apply(photos, "--precision", "fp32")
    assert (result.code, result.out) == (0, "")
    head, copied, summary = result.err.splitlines()
    # Which numbers it takes depends on the CPU.
    assert all(part in head for part in ("happy", "reggan fake", "cpu", "2 photos"))
    assert "fp32" in head or "bf16" in head
    assert copied == f"copied {photos / 'blank.png'}: no face was found"
    assert counts(summary) == {"edited": 1, "copied": 1}
    before, after = (np.asarray(Image.open(f / "a.png")) for f in (photos, edited(photos)))
    where = (before != after).any(axis=2)
    assert 2000 < where.sum() < 40_000
    assert not where[250:].any()
    lines = (edited(photos) / "faceedit.jsonl").read_text().splitlines()
    entry = json.loads(lines[0])
    assert entry["settings"]["target"] == "happy"
    assert len(entry["weights_sha256"]) == 64


def test_a_face_that_hardly_changes_is_told(apply, photos):
    said = f"note {photos / 'a.png'}: 1 of 1 edited faces changed too little to be seen"
    result = apply(photos, "--json", shift=0.1, value=0.01)
    assert said in result.err.splitlines()
    assert "1 edited (1 with faces that hardly changed), 1 copied" in result.err
    assert [face["faint"] for face in json.loads(result.out.splitlines()[0])["faces"]] == [True]
    again = apply(photos, shift=0.1, value=0.01).err
    assert said not in again
    assert "hardly changed), 1 copied, 0 skipped, 0 failed (2 done before)" in again


def edited(photos: Path) -> Path:
    return photos.with_name("photos-edited")


def test_strength_0_leaves_every_pixel(apply, photos):
    assert apply(photos, "--intensity", "0").code == 0
    for name in ("a.png", "blank.png"):
        before, after = (np.asarray(Image.open(f / name)) for f in (photos, edited(photos)))
        np.testing.assert_array_equal(before, after)


def test_json_is_all_that_stdout_carries(apply, photos):
    (photos / "empty.jpg").touch()
    result = apply(photos, "--json", "--quiet")
    assert result.code == 1
    assert result.err == f"failed {photos / 'empty.jpg'}: it is empty\n"
    entries = [json.loads(line) for line in result.out.splitlines()]
    assert [one["outcome"] for one in entries] == ["edited", "copied", "failed"]
    assert entries[0]["input"] == str(photos / "a.png")
    assert entries[0]["output"] == str(edited(photos) / "a.png")
    assert len(entries[0]["faces"]) == 1


def test_one_failure_costs_no_other_photo(apply, photos):
    Image.fromarray(skimage.data.astronaut()).save(photos / "b.png")
    result = apply(photos, failing=[1])
    assert result.code == 1
    # Two readers: either of the two may come first.
    failed = "a.png" if "a.png" in result.err else "b.png"
    assert f"failed {photos / failed}: unexpected RuntimeError: the network broke" in result.err
    assert counts(result.err) == {"edited": 1, "copied": 1, "failed": 1}
    names = {path.name for path in edited(photos).iterdir()}
    assert names == {"a.png", "b.png", "blank.png", "faceedit.jsonl"} - {failed}


@pytest.mark.parametrize(("policy", "code"), [("copy", 0), ("skip", 0), ("fail", 1)])
def test_no_face(apply, photos, policy, code):
    assert apply(photos / "blank.png", "--on-no-face", policy, "-q").code == code
    assert (photos / "blank-edited.png").exists() is (policy == "copy")


@pytest.mark.parametrize(
    "args",
    [
        ["--faces", "some"],
        ["--faces", "0"],
        ["--min-face", "-1"],
        ["--intensity", "1.6"],
        ["-t", "joyful"],
        ["-t", "happy"],
        ["-t", "surprised:1.2", "--intensity", "1.3"],
        ["-t", "angry"],
        ["--model", "nonsense"],
        ["--quality", "101"],
        ["--format", "gif"],
        ["--threads", "0"],
        ["--threads", "100000"],
        ["--workers", "100000000"],
        ["--batch", "100000"],
        ["--shard", f"1/{'9' * 4000}"],
        ["-o", f"new/{'x' * 300}/a.png"],
        ["--workers", "0"],
        ["--batch", "0"],
        ["--shard", "3/2"],
        ["--precision", "int8"],
        ["--min-identity", "2"],
        ["-"],
        ["--on-no-face", "cry"],
        ["--device", "abacus"],
        ["nowhere.jpg"],
        ["--output", "a.png"],
    ],
)
def test_wrong_usage_is_found_before_any_work(apply, photos, args, monkeypatch):
    def refuse(*_):
        raise AssertionError("a photo was read")

    monkeypatch.setattr("faceedit.batch.stages.load_file", refuse)
    result = apply(photos, *args)
    assert (result.code, result.out) == (2, "")
    assert not edited(photos).exists()


def test_collisions_are_refused_before_any_work(apply, photos, tmp_path):
    Image.new("RGB", (8, 8)).save(photos / "a.bmp")
    result = apply(photos, "--format", "png")
    assert result.code == 2
    assert "would both be written to" in result.err
    result = apply(photos / "a.png", "-o", photos / "a.png")
    assert result.code == 2
    assert "is an input" in result.err
    assert not edited(photos).exists()
    (tmp_path / "none").mkdir()
    assert apply(tmp_path / "none").code == 2


def test_what_is_missing_is_3(apply, photos, run_main, tmp_path):
    weights = tmp_path / "none.safetensors"
    assert run_main("apply", "-t", "happy", "--weights", weights, photos).code == 3
    assert apply(photos, "--device", "cuda:99").code == 3
    assert not edited(photos).exists()


def test_a_rotated_jpeg_is_edited_upright(apply, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = Image.fromarray(np.rot90(skimage.data.astronaut()))
    lying.save(tmp_path / "a.jpg", exif=exif, quality=95)
    assert apply(tmp_path / "a.jpg", "-q").code == 0
    before, after = read_photo(tmp_path / "a.jpg"), read_photo(tmp_path / "a-edited.jpg")
    assert after.source.orientation == 1
    gain = after.pixels[100:160, 205:245].mean() / before.pixels[100:160, 205:245].mean()
    assert gain > 1.2
    below = np.abs(after.pixels[300:].astype(int) - before.pixels[300:])
    assert below.mean() < 2


def test_16_bit_stays_16_bit(apply, tmp_path):
    import cv2

    deep = skimage.data.astronaut().astype(np.uint16) * 257 + 3
    cv2.imwrite(str(tmp_path / "a.png"), deep[..., ::-1])
    assert apply(tmp_path / "a.png", "-q", "-o", tmp_path / "b.png").code == 0
    after = read_photo(tmp_path / "b.png")
    assert after.source.depth == 16
    where = (after.pixels != deep).any(axis=2)
    assert 2000 < where.sum() < 40_000
    assert len(np.unique(after.pixels[where] % 257)) > 100


def test_notes_and_odd_names_take_one_line_each(apply, tmp_path, monkeypatch):
    odd = tmp_path / "two\nlines.png"
    Image.new("RGB", (8, 8)).save(odd)

    def decode_with_note(file, budget):
        from dataclasses import replace

        photo = decode_photo(file, budget)
        return replace(photo, source=replace(photo.source, notes=("its gain map is lost",)))

    monkeypatch.setattr("faceedit.batch.read_ahead.decode_photo", decode_with_note)
    result = apply(odd)
    assert result.code == 0
    _, copied, _ = result.err.splitlines()
    assert copied == f"copied {tmp_path}/two\\nlines.png: no face was found"
    Image.fromarray(skimage.data.astronaut()).save(odd)
    _, note, _ = apply(odd, "--overwrite").err.splitlines()
    assert note == f"note {tmp_path}/two\\nlines.png: its gain map is lost"


def test_blends_and_limits_reach_the_method(apply, photos):
    result = apply(photos, "-t", "surprised:0.5", "--faces", "1", "--intensity", "0.5", "--json")
    assert result.err.startswith("happy:0.5+surprised:0.25 by ")
    result = apply(photos, "--min-face", "300", "--json", "-q", "--overwrite")
    assert [json.loads(line)["outcome"] for line in result.out.splitlines()] == ["copied"] * 2
