"""A Ray cluster to work on: the one that is there, or one of this machine's own; both quiet."""

import importlib
import logging
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faceedit.errors import DeviceError, MissingError, UsageError
from faceedit.process import runs_from_working_folder

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DATA_LOG_LEVEL": "CRITICAL",
    # Ray otherwise has every worker started by `uv`, which may download packages.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
"""Variables that Ray reads when it is imported and started; those that are set stay as they are."""

_SILENT = {"log_to_driver": False, "logging_level": logging.CRITICAL}

STORE = 100 * 2**20
"""Bytes of the local object store: what goes through it are names and results, never pixels."""


@dataclass(frozen=True)
class Slots:
    """Places for workers.

    Attributes:
        count: of workers at most.
        device: where each of them works, as `pick_device` takes it.
        cpus: that each of them takes.
        gpus: likewise, 0 or 1.
    """

    count: int
    device: str
    cpus: int
    gpus: int


def import_ray() -> Any:
    """Return the module ``ray``, its part ``ray.data`` loaded, and told to keep quiet.

    Raises:
        MissingError: it is not installed.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        importlib.import_module("ray.data")
        return importlib.import_module("ray")
    except ImportError as error:
        raise MissingError(
            f"--engine ray needs Ray ({error}): pip install 'faceedit[ray]'"
        ) from error


@contextmanager
def ray_cluster(ray: Any, cpus: int | None) -> Iterator[None]:
    """Connect to the cluster that RAY_ADDRESS or ``ray start`` named, or start one here.

    What was connected is left and what was started is stopped at the end. A caller that has
    connected to Ray already keeps that connection.

    Args:
        ray: the module.
        cpus: of a cluster that is started here; None takes the machine's.

    Raises:
        UsageError: RAY_ADDRESS is no address of a cluster.
        MissingError: no cluster answers, or none can be started.
    """
    with _no_news(ray):
        if ray.is_initialized():
            yield
            return
        address = _address(ray)
        session = None
        try:
            try:
                with _own_signals():
                    session = _connect(ray, address, cpus)
            # Ray has no common type for what may be wrong here.
            except Exception as error:
                where = f"the Ray cluster at {address}" if address else "Ray"
                hint = "; one that asks for tokens needs RAY_AUTH_MODE=token" if address else ""
                raise MissingError(f"{where} cannot be used: {error}{hint}") from error
            yield
        finally:
            ray.shutdown()
            if session is not None:
                _clear_away(session)


def _address(ray: Any) -> str | None:
    """Return where a cluster is to be connected to, or None where one is to be started.

    Ray itself would try for minutes where nothing listens.
    """
    given = os.environ.get("RAY_ADDRESS", "")
    if given == "local":
        return None
    if given in ("", "auto"):
        # What `ray start` noted here, perhaps long ago.
        noted = ray._private.utils.read_ray_address()
        return noted if noted and _unreachable(noted) is None else None
    if "://" in given or not given.rpartition(":")[2].isdecimal():
        raise UsageError(f"RAY_ADDRESS={given}: name the cluster itself, as HOST:PORT")
    trouble = _unreachable(given)
    if trouble is not None:
        raise MissingError(f"no Ray cluster answers at RAY_ADDRESS={given}: {trouble}")
    return given


def _unreachable(address: str) -> OSError | None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except OSError as error:
        return error
    return None


def _connect(ray: Any, address: str | None, cpus: int | None) -> Path | None:
    """Connect to a cluster or start one here; return the folder of the one that was started."""
    with _no_stderr():
        how = {"job_config": _job(ray), **_SILENT}
        if address is not None:
            # Not by the address: where Ray finds it itself, it finds the token that goes with it.
            ray.init(**how)
            return None
        size = {"num_cpus": cpus, "object_store_memory": STORE}
        with _no_outside():
            context = ray.init(address="local", include_dashboard=False, **size, **how)
    return Path(context.address_info["session_dir"])


def _job(ray: Any) -> Any:
    """Return settings by which workers import nothing from the driver's working folder.

    Ray has no setting for that; it takes the folder unless the job has packed one of its own.
    """
    job = ray.job_config.JobConfig()
    if not runs_from_working_folder():
        job._runtime_env_has_working_dir = lambda: True
    return job


def _clear_away(session: Path) -> None:
    shutil.rmtree(session, ignore_errors=True)
    latest = session.with_name("session_latest")
    if not latest.exists():
        latest.unlink(missing_ok=True)


@contextmanager
def _no_stderr() -> Iterator[None]:
    """Drop what is written to stderr: Ray's core tells there how little it is to tell."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def _no_outside() -> Iterator[None]:
    """Give the processes that are started a proxy that is none.

    Without usage statistics, too, one of them asks over HTTP which cloud it is in.
    """
    names = ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY")
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ["http_proxy"] = "http://127.0.0.1:9"
    try:
        yield
    finally:
        del os.environ["http_proxy"]
        os.environ.update(before)


@contextmanager
def _no_news(ray: Any) -> Iterator[None]:
    """Keep off stdout what Ray tells of workers that died, for which it has no setting."""
    module = ray._private.worker
    before = module._worker_logs_enabled
    module._worker_logs_enabled = False
    try:
        yield
    finally:
        module._worker_logs_enabled = before


@contextmanager
def _own_signals() -> Iterator[None]:
    """Put back how the process is terminated, for which Ray brings a way of its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit as end:
        if end.code == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, handler)


def find_slots(ray: Any, device: str, workers: int | None, threads: int) -> Slots:
    """Return the workers that fit a cluster: one for each GPU or, without, for each CPU.

    Args:
        ray: the module, connected.
        device: ``auto``, ``cpu`` or ``cuda``.
        workers: at most so many; None takes all.
        threads: of the CPU for each worker without a GPU.

    Raises:
        UsageError: a device that Ray does not hand out.
        DeviceError: no machine has such devices.
        MissingError: no machine has CPUs to give.
    """
    name = device.strip().lower()
    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {device}: on Ray it is auto, cpu or cuda, one GPU per worker")
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    with_gpu = [node for node in nodes if node.get("GPU", 0) >= 1]
    if with_gpu and name != "cpu":
        count = sum(int(node["GPU"]) for node in with_gpu)
        cpus = max(1, min(int(node.get("CPU", 0) // node["GPU"]) for node in with_gpu))
        return Slots(min(workers or count, count), "cuda", cpus, 1)
    if name == "cuda":
        raise DeviceError("--device cuda: no machine of the Ray cluster has a GPU")
    count = sum(int(node.get("CPU", 0) // threads) for node in nodes)
    if count == 0:
        raise MissingError(f"no machine of the Ray cluster has {threads} CPUs to give")
    return Slots(min(workers or count, count), "cpu", threads, 0)
