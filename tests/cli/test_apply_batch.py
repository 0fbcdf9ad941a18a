"""What makes `apply` fit for ten thousand photos: resume, shards, pipes, reports, signals."""

import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import skimage.data
from PIL import Image
from told import counts

ASTRONAUT = Image.fromarray(skimage.data.astronaut())


@pytest.fixture
def apply(run_main, fake_weights):
    """Run ``apply --target happy --weights FAKE`` on what is given."""
    weights = fake_weights()

    def run(*args):
        options = ("--target", "happy", "--edit-shown", "--weights", weights)
        return run_main("apply", *options, *args)

    return run


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    ASTRONAUT.save(folder / "a.jpg")
    ASTRONAUT.resize((300, 300)).save(folder / "b.png")
    Image.new("RGB", (40, 30)).save(folder / "blank.png")
    return folder


def outcomes(result):
    lines = [json.loads(line) for line in result.out.splitlines()]
    return {line["input"].rsplit("/", 1)[-1]: (line["outcome"], line["resumed"]) for line in lines}


def test_the_same_command_again_goes_on(apply, photos):
    assert set(outcomes(apply(photos, "--json")).values()) == {("edited", False), ("copied", False)}
    edited = photos.with_name("photos-edited")
    (edited / "b.png").unlink()
    result = apply(photos, "--json")
    assert outcomes(result) == {
        "a.jpg": ("edited", True),
        "b.png": ("edited", False),
        "blank.png": ("copied", True),
    }
    assert counts(result.err) == {"edited": 2, "copied": 1, "done before": 2}
    assert not any(done for _, done in outcomes(apply(photos, "--json", "--overwrite")).values())
    assert not outcomes(apply(photos, "--json", "--quality", "70", "--overwrite"))["a.jpg"][1]


def test_a_log_has_all_messages_and_photos_and_is_added_to(apply, photos, tmp_path):
    log = tmp_path / "run.log"
    (photos / "odd.png").write_bytes(b"odd")
    assert apply(photos, "-q", "--log", log).code == 1
    begin, *lines = log.read_text().splitlines()
    assert begin.startswith("#")
    told = [line.split(" ", 2)[2] for line in lines]
    assert told[0].startswith("happy by reggan")
    edited = photos.with_name("photos-edited")
    assert f"edited {photos}/a.jpg -> {edited}/a.jpg" in told
    assert any(line.startswith(f"failed {photos}/odd.png: ") for line in told)
    assert counts(told[-1]) == {"edited": 2, "copied": 1, "failed": 1}
    assert apply(photos, "--device", "cuda:7", "--log", log).code == 3
    *before, last = log.read_text().splitlines()
    assert before == [begin, *lines]
    assert "error: " in last
    # What is no log is not added to.
    data = (photos / "a.jpg").read_bytes()
    assert apply(photos, "--log", photos / "a.jpg").code == 2
    assert (photos / "a.jpg").read_bytes() == data


def test_shards_do_it_all_together(apply, photos):
    for index in (1, 2, 3):
        assert apply(photos, "--shard", f"{index}/3", "-q").code == 0
    assert all(done for _, done in outcomes(apply(photos, "--json")).values())
    manifests = photos.with_name("photos-edited").glob("faceedit-*-of-3.jsonl")
    assert sum(len(path.read_text().splitlines()) for path in manifests) == 3


def test_workers_on_ray_need_not_fit_this_machine(apply, photos, monkeypatch):
    asked = []

    def run_on_ray(jobs, settings, options, manifest, workers, threads):
        asked.append(workers)
        yield from ()

    monkeypatch.setattr("faceedit.machine.memory", lambda: 2**30)
    monkeypatch.setattr("faceedit.batch.ray_engine.run_on_ray", run_on_ray)
    apply(photos, "--engine", "ray", "--workers", 200)
    assert asked == [200]
    result = apply(photos, "--workers", 200)
    assert (result.code, asked) == (2, [200])
    assert (
        "--workers: 3 processes need at least 1.5 GB of memory; there is room for 2" in result.err
    )


def pipe(monkeypatch, data):
    """Put bytes on stdin and return what collects stdout's."""
    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    monkeypatch.setattr(sys, "stdout", out)
    return out


@pytest.mark.parametrize("name", ["a.jpg", "b.png", "blank.png"])
def test_a_pipe_gives_what_a_file_gives(run_main, fake_weights, photos, monkeypatch, name):
    from faceedit import cli

    weights = str(fake_weights())
    run_main("apply", "-t", "happy", "--weights", weights, "-q", photos / name)
    expected = next(photos.glob(f"{name[:-4]}-edited.*")).read_bytes()
    out = pipe(monkeypatch, (photos / name).read_bytes())
    monkeypatch.setattr(
        sys, "argv", ["faceedit", "apply", "-t", "happy", "--weights", weights, "-"]
    )
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 0
    assert out.buffer.getvalue() == expected


def test_a_pipe_into_a_file(apply, photos, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((photos / "a.jpg").read_bytes())))
    result = apply("-", "-o", photos / "new.png", "--json")
    assert result.code == 0
    assert json.loads(result.out)["output"] == str(photos / "new.png")
    with Image.open(photos / "new.png") as image:
        assert image.size == (512, 512)


@pytest.mark.parametrize(
    ("data", "reason"), [(b"", "it is empty"), (b"no photo at all", "nor another known format")]
)
def test_what_is_no_photo_on_stdin_fails(apply, monkeypatch, data, reason):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    result = apply("-")
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[1].startswith("failed stdin: ")
    assert reason in result.err


def test_reports(apply, photos):
    result = apply(photos, "--compare", "--gallery", "-q")
    assert result.code == 0
    edited = photos.with_name("photos-edited")
    sheets = sorted(path.name for path in (edited / "faceedit-compare").iterdir())
    assert sheets == ["a.jpg.jpg", "b.png.jpg"]
    page = (edited / "faceedit-gallery.html").read_text()
    assert all(name in page for name in ("a.jpg", "b.png", "blank.png"))
    # Reports are no photos: a run over the outputs does not take them for such.
    result = apply(edited, "--json", "--again")
    assert set(outcomes(result)) == {"a.jpg", "b.png", "blank.png"}
    # No sheet stays of an edit that is gone.
    assert apply(photos, "--compare", "--intensity", "0", "-q", "--overwrite").code == 0
    assert not list((edited / "faceedit-compare").iterdir())


def test_photos_say_how_they_were_made_unless_told_not_to(apply, photos):
    apply(photos, "-q")
    edited = photos.with_name("photos-edited")
    for name in ("a.jpg", "b.png"):
        data = (edited / name).read_bytes()
        assert b"compositeWithTrainedAlgorithmicMedia" in data
        assert b"reggan fake" in data
    # What was not edited is not said to be.
    assert (edited / "blank.png").read_bytes() == (photos / "blank.png").read_bytes()
    apply(photos, "-q", "--no-provenance", "--overwrite")
    assert b"compositeWithTrained" not in (edited / "a.jpg").read_bytes()


def test_the_guard_keeps_the_original(apply, photos):
    result = apply(photos, "--min-identity", "1.0", "--json")
    assert outcomes(result)["b.png"] == ("copied", False)
    assert "copied" in result.err
    assert "change the person too much" in result.err
    edited = photos.with_name("photos-edited")
    assert (edited / "b.png").read_bytes() == (photos / "b.png").read_bytes()
    line = next(json.loads(line) for line in result.out.splitlines() if "b.png" in line)
    (face,) = line["faces"]
    assert face["scores"]["strength"] == 0
    assert 0.5 < face["scores"]["identity"] < 1


def test_numbers_of_a_device_are_chosen_or_refused(apply, photos):
    result = apply(photos / "b.png", "--precision", "bf16")
    assert result.code == 0
    assert "on cpu in bf16, 1 photo" in result.err
    result = apply(photos / "a.jpg", "--precision", "fp16")
    assert (result.code, result.out) == (3, "")
    assert "cannot run networks in fp16" in result.err


def test_a_device_that_is_missing_is_never_the_cpu(apply, photos):
    assert apply(photos, "--device", "cuda:7").code == 3
    assert not photos.with_name("photos-edited").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize(
    ("signum", "code", "count", "after"),
    # By its sixtieth photo the last one has a second process at work.
    [
        (signal.SIGTERM, 143, 40, 1),
        (getattr(signal, "SIGHUP", None), 129, 40, 1),
        (signal.SIGINT, 130, 110, 60),
    ],
)
def test_signals_end_a_run_cleanly(tmp_path, signum, code, count, after):
    rng = np.random.default_rng(0)
    photos = tmp_path / "photos"
    photos.mkdir()
    for at in range(count):
        side = int(rng.integers(300, 420))
        ASTRONAUT.resize((side, side)).save(photos / f"{at}.png")
    command = [sys.executable, "-m", "faceedit", "apply", "--target", "sad", "--workers", "2"]
    edited = tmp_path / "photos-edited"
    with subprocess.Popen(
        [*command, str(photos)], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 60
        while len(list(edited.glob("*.png"))) < after and time.monotonic() < deadline:
            time.sleep(0.02)
        # As a terminal does it: to all processes of the command.
        os.killpg(process.pid, signum)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in err
    stopped, summary = err.splitlines()[-2:]
    assert "same command again" in stopped
    assert not list(edited.glob(".*"))
    done = [json.loads(line) for line in (edited / "faceedit.jsonl").read_text().splitlines()]
    outputs = list(edited.glob("*.png"))
    assert after <= len(outputs) < count
    assert counts(summary) == {"edited": len(outputs)}
    assert f" {count - len(outputs)} photo" in stopped
    # What was written is in the manifest: nothing in hand was dropped half way.
    assert {path.name for path in outputs} == {line["place"] for line in done}
    for path in outputs:
        with Image.open(path) as image:
            image.load()


def test_two_processes_in_one_output_folder_do_not_harm_each_other(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for at in range(6):
        ASTRONAUT.resize((300 + at, 300)).save(photos / f"{at}.png")
    command = [sys.executable, "-m", "faceedit", "apply", "-q", "-t", "sad", str(photos), "-o"]
    shared, alone = tmp_path / "shared", tmp_path / "alone"
    both = [subprocess.Popen([*command, str(shared)]) for _ in range(2)]
    assert [one.wait(timeout=120) for one in both] == [0, 0]
    assert subprocess.run([*command, str(alone)], check=False).returncode == 0
    for path in alone.glob("*.png"):
        assert (shared / path.name).read_bytes() == path.read_bytes()
    assert not list(shared.glob(".*"))
    lines = [json.loads(line) for line in (shared / "faceedit.jsonl").read_text().splitlines()]
    assert {line["place"] for line in lines} == {f"{at}.png" for at in range(6)}
    assert len({(line["place"], line["output_sha256"]) for line in lines}) == 6
