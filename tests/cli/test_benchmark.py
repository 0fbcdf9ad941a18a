import json

import pytest
from PIL import Image

from faceedit.recognisers.bundle import NAMES

STAGES = ["decode", "faces", "edit", "compose", "write", "whole"]


@pytest.fixture
def benchmark(run_main, fake_weights, monkeypatch):
    from faceedit.batch import crew
    from faceedit.benchmark import network_speed
    from faceedit.cli import benchmark as command

    # Processes of their own know no made-up method.
    monkeypatch.setattr(crew, "cores", lambda: 1)
    monkeypatch.setattr(network_speed, "PAPER_SIZE", 32)
    monkeypatch.setattr(network_speed, "RUNS", 1)
    monkeypatch.setattr(command, "WHOLE_PHOTOS", 4)

    def run(*args):
        return run_main("benchmark", "--weights", fake_weights(), "--device", "cpu", *args)

    return run


@pytest.fixture
def built_in_picture(monkeypatch):
    from faceedit.cli import benchmark

    monkeypatch.setattr(benchmark, "SIDE", 400)


@pytest.mark.usefixtures("built_in_picture")
def test_the_table_goes_to_stdout(benchmark):
    code, out, err = benchmark("--repeat", "1")
    assert code == 0
    assert [line.split()[0] for line in err.splitlines()] == ["measuring", "measuring"]
    for word in (
        *STAGES,
        "start-up",
        "PEAK MEMORY",
        "1 photo of",
        "1 face,",
        "random weights",
        "matrix product",
    ):
        assert word in out


@pytest.mark.usefixtures("built_in_picture")
def test_json(benchmark):
    code, out, _ = benchmark("--repeat", "2", "--json")
    assert code == 0
    report = json.loads(out)
    assert [stage["name"] for stage in report["stages"]] == STAGES
    assert (report["photos"], report["faces"]) == (2, 2)
    assert report["networks"][0]["name"] == "reggan fake"
    assert report["gemm_gflop_per_second"] > 0
    assert report["device"] == "cpu"
    assert report["startup_seconds"] >= 0


def test_own_photos(benchmark, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.jpg"):
        Image.new("RGB", (80, 60), (90, 100, 110)).save(folder / name)
    (folder / "c.png").write_bytes(b"")
    code, out, err = benchmark("--photos", folder, "--repeat", "1", "--json")
    assert code == 0
    report = json.loads(out)
    assert (report["photos"], report["faces"]) == (2, 0)
    # Nothing to measure the method on; the others need no photo.
    names = [network["name"] for network in report["networks"]]
    assert names == ["reggan paper (random weights)", *NAMES]
    assert "c.png" in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photos", "weights"]


def test_nothing_to_measure(benchmark, tmp_path):
    (tmp_path / "empty").mkdir()
    assert benchmark("--photos", tmp_path / "empty").code == 2
    assert benchmark("--photos", tmp_path / "none").code == 2
    assert benchmark("-t", "cheerful").code == 2


@pytest.mark.parametrize("as_json", [True, False])
def test_the_training_engine_beside_a_bare_loop(run_main, monkeypatch, as_json):
    pytest.importorskip("lightning.fabric")
    from faceedit.benchmark import training_speed

    monkeypatch.setattr(training_speed, "SIZES", {"cpu": training_speed.Size(8, 2, 2)})
    options = ["--json"] if as_json else []
    code, out, _ = run_main("benchmark", "--training", "--device", "cpu", "--repeat", "1", *options)
    assert code == 0
    if as_json:
        report = json.loads(out)
        assert report["engine"] > 0
        assert report["fraction"] == pytest.approx(report["engine"] / report["bare"])
    else:
        assert "training engine" in out
        assert "bare loop" in out


@pytest.mark.usefixtures("built_in_picture")
def test_long_runs(benchmark, monkeypatch):
    from faceedit.benchmark import batch_speed
    from faceedit.cli import benchmark as module

    monkeypatch.setattr(module, "SCALING_PHOTOS", 3)
    monkeypatch.setattr(module, "MEMORY_PHOTOS", (2, 5))
    monkeypatch.setattr(module, "RESUME_PHOTOS", 12)
    calls = []
    # The command runs in a process of its own, which knows no made-up method.
    real = batch_speed._call
    monkeypatch.setattr(
        batch_speed, "_call", lambda c, p: (calls.append(c), real([*c[:12], c[-1]], p))
    )
    code, out, _ = benchmark("--runs", "--json")
    assert code == 0
    report = json.loads(out)
    assert [one["workers"] for one in report["scaling"]] == [1]
    assert report["scaling"][0]["photos_per_second"] > 0
    assert (report["memory"]["few"], report["memory"]["many"]) == (2, 5)
    assert report["resume"]["photos"] == 12
    assert report["resume"]["seconds"] > 0
    assert len(calls) == 2


def test_a_clip(benchmark, monkeypatch):
    from faceedit.cli import benchmark as command

    monkeypatch.setattr(command, "CLIP_SIDE", 300)
    monkeypatch.setattr(command, "FRAMES", 4)
    code, out, _ = benchmark("--clip", "--repeat", "1", "--json")
    assert code == 0
    report = json.loads(out)
    assert (report["frames"], report["faces"], report["kind"]) == (4, 1, ".mp4")
    assert 0 < report["drawing"] < report["seconds"] + 1
    code, out, _ = benchmark("--clip", "--repeat", "1")
    assert code == 0
    assert "photo to .mp4" in out
