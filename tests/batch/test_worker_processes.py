"""Workers in processes of their own, with the real networks."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import cv2
import deadly
import pytest
import torch
from PIL import Image

from faceedit.batch import processes
from faceedit.batch.manifest import Manifest
from faceedit.batch.pipeline import LostError
from faceedit.batch.processes import WorkerProcess
from faceedit.batch.run import RunOptions, run
from faceedit.batch.worker import GAVE_UP, Order
from faceedit.editing.build import EditSettings, open_editor
from faceedit.photos import WriteOptions, plan
from faceedit.targets import parse_target

HAPPY = parse_target(["happy"])
SETTINGS = EditSettings(HAPPY, device="cpu", precision="fp32", edit_shown=True)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


@pytest.fixture(scope="module")
def photos(tmp_path_factory, astronaut):
    """Six photos of a face and a broken file."""
    folder = tmp_path_factory.mktemp("processes") / "photos"
    folder.mkdir()
    for number in range(6):
        side = 250 + 9 * number
        face = cv2.resize(astronaut[:400, 80:430], (side, side), interpolation=cv2.INTER_AREA)
        Image.fromarray(face).save(folder / f"{number}.jpg")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    return folder


@pytest.fixture(scope="module")
def wanted(photos):
    """What one process makes of the photos: bytes by name, and the results."""
    output = photos.with_name("alone")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    results = list(run(plan([photos], output), open_editor(SETTINGS), RunOptions(HAPPY)))
    torch.set_num_threads(threads)
    return outputs_in(output), told_of(results)


def order(output=None, signer=None, **settings):
    made = replace(SETTINGS, **settings)
    options = RunOptions(HAPPY, write=WriteOptions(signer=signer))
    return Order(made, options, output, {"settings": {}}, resume=True, threads=1)


def outputs_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".jpg"}


def told_of(results):
    return {
        one.job.target.name: (one.outcome, one.reason, one.faces, one.output_sha256)
        for one in results
    }


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_process_gives_the_same_bytes_and_survives_its_death(photos, wanted, tmp_path):
    jobs = plan([photos], tmp_path)
    worker = WorkerProcess(order(signer=deadly.Deadly("3.jpg")), print)
    worker.start()
    results = []
    try:
        first = worker.pid
        assert first is not None
        # Ctrl-C and SIGTERM are for the process that runs the command.
        os.kill(first, signal.SIGINT)
        os.kill(first, signal.SIGTERM)
        results += worker.do(jobs[:1])
        assert worker.pid == first
        for result in worker.do(jobs[1:3]):
            results.append(result)
            if len(results) == 2:
                os.kill(first, signal.SIGKILL)
        assert len(results) == 3
        results += worker.do(jobs[3:])
        assert worker.pid != first
    finally:
        worker.close()
    files, told = wanted
    assert outputs_in(tmp_path) == {name: data for name, data in files.items() if name != "3.jpg"}
    assert told_of(results) == {**told, "3.jpg": ("failed", GAVE_UP, (), None)}
    assert [one.job for one in results] == jobs
    # The first kill may have torn a file that nobody has seen yet.
    assert len([path for path in tmp_path.iterdir() if path.name.startswith(".")]) <= 1


def test_a_run_shares_its_photos_with_a_process(photos, wanted, tmp_path):
    class Counted(WorkerProcess):
        done = 0

        def do(self, jobs):
            for result in super().do(jobs):
                self.done += 1
                yield result

    manifest = Manifest(tmp_path, {"settings": {}})
    worker = Counted(order(tmp_path), print)
    worker.start()
    editor, options = open_editor(SETTINGS), RunOptions(HAPPY)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    jobs = plan([photos], tmp_path)
    results = list(run(jobs * 3, editor, options, manifest, helpers=[worker]))
    torch.set_num_threads(threads)
    assert worker.done > 0
    assert not is_running(worker.pid)
    assert [one.job for one in results] == jobs * 3
    assert outputs_in(tmp_path) == wanted[0]
    # What was done by then is not done again, wherever; each line of the rest is there once.
    lines = (tmp_path / "faceedit.jsonl").read_text().splitlines()
    assert len(lines) == sum(not one.resumed for one in results)


def test_what_was_done_before_is_left_alone_and_closing_ends_at_once(photos, tmp_path):
    said = []
    manifest = Manifest(tmp_path, {"settings": {}})
    editor, options = open_editor(SETTINGS), RunOptions(HAPPY)
    jobs = plan([photos], tmp_path)[:1]
    (before,) = run(jobs, editor, options, manifest)
    worker = WorkerProcess(order(tmp_path), said.append)
    worker.start()
    pid = worker.pid
    try:
        working = worker.do(plan([photos], tmp_path))
        again = next(working)
        assert again.resumed
        assert again.output_sha256 == before.output_sha256
        # What it has in hand is not torn; the rest is dropped.
        worker.close()
        assert is_running(pid)
        with pytest.raises(LostError):
            next(working)
    finally:
        worker.close()
    assert not is_running(pid)
    with pytest.raises(LostError):
        list(worker.do(jobs))

    starting = WorkerProcess(order(tmp_path), said.append)
    threading.Timer(0.3, starting.close).start()
    start = time.monotonic()
    with pytest.raises(LostError):
        starting.start()
    assert time.monotonic() - start < 2
    assert said == []


def test_a_process_writes_nothing_to_stdout(photos, tmp_path, capfd):
    worker = WorkerProcess(order(signer=deadly.Loud()), print)
    try:
        list(worker.do(plan([photos], tmp_path)[:1]))
    finally:
        worker.close()
    out, err = capfd.readouterr()
    assert out == ""
    assert "noise" in err


def test_why_a_process_cannot_start_is_said(tmp_path):
    said = []
    worker = WorkerProcess(order(weights=tmp_path / "none"), said.append)
    with pytest.raises(LostError):
        worker.start()
    assert str(tmp_path / "none") in said[0]
    assert worker.pid is None
    worker.close()


def test_a_system_without_room_for_a_process(photos, tmp_path, monkeypatch):
    def refuse(process):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    said, jobs = [], plan([photos], tmp_path)
    worker = WorkerProcess(order(), said.append)
    monkeypatch.setattr(processes, "_start_ignoring_signals", refuse)
    with pytest.raises(LostError):
        list(worker.do(jobs))
    assert "temporarily unavailable" in said[0]

    # One at which a process died is not handed on to those that are left.
    monkeypatch.undo()
    worker = WorkerProcess(order(signer=deadly.Deadly(jobs[0].target.name)), said.append)
    worker.start()
    monkeypatch.setattr(processes, "_start_ignoring_signals", refuse)
    working = worker.do(jobs)
    assert told_of([next(working)]) == {jobs[0].target.name: ("failed", GAVE_UP, (), None)}
    with pytest.raises(LostError):
        next(working)


def test_a_process_ends_with_its_parent():
    code = """
import time
from faceedit.batch.processes import WorkerProcess
from test_worker_processes import order
if __name__ == "__main__":
    worker = WorkerProcess(order(), print)
    worker.start()
    print(worker.pid, flush=True)
    time.sleep(60)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    script = Path(__file__).parent
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment, cwd=script
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    wait_until(lambda: not is_running(pid))
