"""Runs on a local Ray cluster of two machines, which are processes here, with the real networks."""

import json
import os
import pickle
import signal
import socket
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import deadly
import pytest
import torch
from PIL import Image

from faceedit.batch.files import folders_in_use
from faceedit.batch.manifest import Manifest
from faceedit.batch.ray_cluster import Slots, find_slots, import_ray, ray_cluster
from faceedit.batch.ray_engine import block_size, run_on_ray
from faceedit.batch.ray_worker import PhotoWorker, from_row, to_row
from faceedit.batch.run import RunOptions, run
from faceedit.batch.worker import GAVE_UP, Order
from faceedit.editing.build import EditSettings, open_editor
from faceedit.errors import DeviceError, MissingError, UsageError
from faceedit.photos import WriteOptions, plan
from faceedit.targets import parse_target

BROKEN = os.fsdecode(b"broken-\xff.jpg")
HAPPY = parse_target(["happy"])
SETTINGS = EditSettings(HAPPY, device="cpu", precision="fp32", edit_shown=True)
OPTIONS = RunOptions(HAPPY)


@pytest.fixture(scope="module")
def cluster():
    """Two machines with a CPU each, which RAY_ADDRESS names."""
    pytest.importorskip("ray")
    ray = import_ray()
    from ray.cluster_utils import Cluster

    machine: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args=machine)
    cluster.add_node(**machine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ADDRESS", str(cluster.address))
        yield cluster
    assert not ray.is_initialized()
    cluster.shutdown()


@pytest.fixture(scope="module")
def photos(tmp_path_factory, astronaut):
    """Six photos of a face, one without, and a broken file; one name is no UTF-8."""
    folder = tmp_path_factory.mktemp("ray") / "photos"
    (folder / "sub").mkdir(parents=True)
    for number in range(6):
        side = 260 + 5 * number
        face = cv2.resize(astronaut[:400, 80:430], (side, side), interpolation=cv2.INTER_AREA)
        Image.fromarray(face).save(folder / "sub" / f"{number}.jpg")
    Image.new("RGB", (64, 48), (9, 90, 9)).save(folder / "blank.png")
    (folder / BROKEN).write_bytes(b"\xff\xd8\xff\xe0 no more")
    return folder


@pytest.fixture(scope="module")
def wanted(photos):
    """What the engine of this machine makes of the photos, by path and by name."""
    output = photos.with_name("local")
    jobs = plan([photos], output)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    results = list(run(jobs, open_editor(SETTINGS), OPTIONS, manifest_in(output)))
    torch.set_num_threads(threads)
    return outputs_in(output), told_of(results)


def manifest_in(output, resume=True):
    return Manifest(output, {"settings": {"precision": "fp32"}}, resume=resume)


def outputs_in(folder):
    """Every file of a folder but its manifest, hidden ones too."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if path.name != "faceedit.jsonl"
    }


def told_of(results):
    return {
        one.job.target.name: (
            one.outcome,
            one.reason,
            one.faces,
            one.input_sha256,
            one.output_sha256,
            one.notes,
        )
        for one in results
    }


def lines_of(output):
    lines = (output / "faceedit.jsonl").read_text().splitlines()
    return Counter(json.loads(line)["place"] for line in lines)


def workers_of(cluster):
    """The processes in which photos are edited now."""
    machines = {
        one.process.pid for node in cluster.list_all_nodes() for one in node.all_processes["raylet"]
    }
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            title = (process / "cmdline").read_text()
        except OSError:
            continue
        if parent in machines and "MapWorker" in title:
            found.append(int(process.name))
    return found


def test_a_run_that_was_closed_goes_on_to_what_the_local_engine_makes(
    cluster, photos, wanted, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(photos.parent)
    output = Path(os.path.relpath(tmp_path / "out"))
    jobs = plan(["photos"], output)
    with closing(run_on_ray(jobs, SETTINGS, OPTIONS, manifest_in(output), 1)) as running:
        told = [next(running)]
        while told[-1].output_sha256 is None:  # the broken file may well come first
            told.append(next(running))
    first = told[-1]
    deadline = time.monotonic() + 20
    while sys.platform.startswith("linux") and workers_of(cluster):
        assert time.monotonic() < deadline, "workers stay"
        time.sleep(0.1)
    assert sum(lines_of(output).values()) == len(told)
    done = {name: data for name, data in outputs_in(output).items() if "faceedit-tmp" not in name}
    assert done.items() <= wanted[0].items()
    written = first.job.target.stat().st_mtime_ns

    with folders_in_use({output: {output / "sub"}}):
        results = list(run_on_ray(jobs, SETTINGS, OPTIONS, manifest_in(output), 2))
    assert len(results) == 8
    assert {one.job for one in results} == set(jobs)
    assert (outputs_in(output), told_of(results)) == wanted
    assert Counter(one.outcome for one in results) == {"edited": 6, "copied": 1, "failed": 1}
    written_before = {one.job for one in told if one.output_sha256}
    assert {one.job for one in results if one.resumed} == written_before
    assert first.job.target.stat().st_mtime_ns == written
    assert len(lines_of(output)) == 8
    assert sum(lines_of(output).values()) == 8 + len(told) - len(written_before)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc")
def test_dead_workers_cost_no_photo_but_the_one_that_kills_them_every_time(
    cluster, photos, wanted, tmp_path, capfd
):
    # The workers cannot import this module.
    import_ray().cloudpickle.register_pickle_by_value(deadly)
    output = tmp_path / "out"
    files, told = wanted
    jobs = plan([photos], output)
    options = RunOptions(HAPPY, write=WriteOptions(signer=deadly.Deadly("4.jpg")))
    results, killed = [], set()
    with folders_in_use({output: {output / "sub"}}):
        for result in run_on_ray(jobs, SETTINGS, options, manifest_in(output), 2):
            results.append(result)
            if len(results) == 2:
                victim = workers_of(cluster)[0]
                os.kill(victim, signal.SIGKILL)
                killed.add(victim)
    assert killed
    assert outputs_in(output) == {name: data for name, data in files.items() if "4.jpg" not in name}
    assert told_of(results) == {**told, "4.jpg": ("failed", GAVE_UP, (), None, None, ())}
    assert len(results) == 8
    assert set(lines_of(output).values()) == {1}
    assert len(lines_of(output)) == 8
    assert capfd.readouterr().out == ""


def test_workers_import_nothing_from_the_working_folder(cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ray = import_ray()
    with ray_cluster(ray, 1):
        places = ray.get(ray.remote(lambda: __import__("sys").path).remote())
    assert places
    assert str(tmp_path) not in places


def test_what_a_worker_lacks_is_named(photos, tmp_path):
    facts = {"settings": {}, "weights_sha256": "other"}
    order = Order(SETTINGS, OPTIONS, tmp_path, facts, resume=True, threads=1)
    jobs = plan([photos], tmp_path / "out")
    rows = [to_row(index, job) for index, job in enumerate(jobs)]
    block = {name: [row[name] for row in rows] for name in rows[0]}
    told = PhotoWorker(pickle.dumps(order), None)(block)
    assert told["index"] == list(range(8))
    name = f"{socket.gethostname()}: weights_sha256 is [0-9a-f]+ here, not other"
    with pytest.raises(MissingError, match=name):
        from_row(jobs[0], told["told"][0])
    lost = replace(order, settings=replace(SETTINGS, weights=tmp_path / "none"))
    with pytest.raises(MissingError, match=str(tmp_path / "none")):
        from_row(jobs[0], PhotoWorker(pickle.dumps(lost), None)(block)["told"][0])


@pytest.mark.parametrize("device", ["cuda:1", "mps"])
def test_a_device_that_ray_does_not_hand_out(cluster, photos, tmp_path, device):
    settings = EditSettings(HAPPY, device=device)
    with pytest.raises(UsageError, match=device):
        list(run_on_ray(plan([photos], tmp_path), settings, OPTIONS, manifest_in(tmp_path), 2))


@pytest.mark.parametrize(
    ("address", "error"), [("127.0.0.1:1", MissingError), ("ray://head:10001", UsageError)]
)
def test_an_address_where_no_cluster_is(photos, tmp_path, monkeypatch, address, error):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(error, match=address):
        list(run_on_ray(plan([photos], tmp_path), SETTINGS, OPTIONS, manifest_in(tmp_path), 2))


def test_a_cluster_that_was_started_here_is_stopped(monkeypatch, capfd):
    pytest.importorskip("ray")
    ray = import_ray()
    monkeypatch.setenv("RAY_ADDRESS", "local")
    monkeypatch.delenv("http_proxy", raising=False)
    handler = signal.getsignal(signal.SIGTERM)
    with ray_cluster(ray, 3):
        session = Path(ray._private.worker._global_node.get_session_dir_path())
        assert session.exists()
        assert ray.cluster_resources()["CPU"] == 3
        assert find_slots(ray, "auto", 2, 1) == Slots(2, "cpu", 1, 0)
        assert find_slots(ray, "cpu", None, 2) == Slots(1, "cpu", 2, 0)
        with pytest.raises(DeviceError, match="no machine of the Ray cluster has a GPU"):
            find_slots(ray, "cuda", None, 1)
        assert signal.getsignal(signal.SIGTERM) is handler
        assert "http_proxy" not in os.environ
    assert not ray.is_initialized()
    assert not session.exists()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("photos", "slots", "size"),
    [
        (3, Slots(8, "cpu", 1, 0), 1),
        (40, Slots(2, "cpu", 1, 0), 1),
        (10_000, Slots(2, "cpu", 1, 0), 4),
        (10_000, Slots(2, "cuda", 8, 1), 32),
        (1_000_000, Slots(2, "cpu", 1, 0), 100),
    ],
)
def test_a_block_is_a_small_part_of_the_work(photos, slots, size):
    assert block_size(photos, slots) == size


def test_gpus_have_a_worker_each_and_share_the_cpus():
    machines = [{"CPU": 16.0, "GPU": 2.0}, {"CPU": 12.0, "GPU": 1.0}, {"CPU": 64.0}]

    class Ray:
        @staticmethod
        def nodes():
            alive = [{"Alive": True, "Resources": one} for one in machines]
            return [*alive, {"Alive": False, "Resources": {"CPU": 4.0, "GPU": 4.0}}]

    assert find_slots(Ray, "auto", None, 1) == Slots(3, "cuda", 8, 1)
    assert find_slots(Ray, "cuda", 2, 1) == Slots(2, "cuda", 8, 1)
    assert find_slots(Ray, "cpu", None, 1) == Slots(92, "cpu", 1, 0)


def test_ray_is_missing(photos, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(MissingError, match=r"pip install 'faceedit\[ray\]'"):
        run_on_ray(plan([photos], tmp_path), SETTINGS, OPTIONS, manifest_in(tmp_path), 2)
