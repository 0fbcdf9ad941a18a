"""`models pull` in a process of its own, against a server on this machine that plays the hub."""

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import pytest

from faceedit.errors import WeightsError
from faceedit.registry import open_registry
from faceedit.registry import pull as pull_card

REVISION = "ab" * 20
PATH = f"/someone/faceedit/resolve/{REVISION}/tiny.safetensors"


class Metadata(NamedTuple):
    size: int


class Disk(NamedTuple):
    free: int


class Hub(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.announced: int | None = None
        self.endless = False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self):
        self.server.requests.append(f"{self.command} {self.path}")
        content = self.server.files.get(self.path)
        if content is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("X-Error-Message", "Entry not found")
        else:
            self.send_response(200)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", REVISION)
        length = len(content or b"")
        if self.command == "HEAD" and self.server.announced is not None:
            length = self.server.announced
        if self.command == "GET" and self.server.endless:
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(self.server.files.get(self.path, b""))
        if self.server.endless:
            with contextlib.suppress(OSError):
                while len(self.server.requests) < 10:
                    self.wfile.write(bytes(1 << 16))

    def log_message(self, format, *args):
        pass


@pytest.fixture
def hub():
    with Hub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def pull(hub, user_folder, tmp_path):
    """Move the file from the user folder to the hub and return a function that pulls it."""
    content = (user_folder / "tiny.safetensors").read_bytes()
    (user_folder / "tiny.safetensors").unlink()
    hub.files[PATH] = content

    def run(**environment):
        kept = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
        return subprocess.run(
            [sys.executable, "-m", "faceedit", "models", "pull", "tiny"],
            capture_output=True,
            text=True,
            timeout=120,
            env={
                **kept,
                "FACEEDIT_WEIGHTS": str(user_folder),
                "HF_ENDPOINT": hub.url,
                "HF_HOME": str(tmp_path / "hf"),
                "HF_HUB_OFFLINE": "0",
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "NO_PROXY": "127.0.0.1",
                **environment,
            },
        )

    return run


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_pull_takes_the_pinned_revision_verifies_and_keeps_it(hub, pull, user_folder):
    done = pull()
    target = user_folder / "tiny.safetensors"
    assert (done.returncode, done.stdout) == (0, f"{target}\n"), done.stderr
    assert target.read_bytes() == hub.files[PATH]
    assert names(user_folder) == ["registry.toml", "tiny.md", "tiny.safetensors"]
    assert hub.requests
    assert all(request.split()[1] == PATH for request in hub.requests)

    hub.requests.clear()
    again = pull()
    assert (again.returncode, again.stdout) == (0, f"{target}\n")
    assert hub.requests == []


def test_a_wrong_file_is_removed_and_reported(hub, pull, user_folder):
    hub.files[PATH] = hub.files[PATH][:-1] + b"\x01"
    done = pull()
    assert done.returncode == 3
    assert "error: tiny: someone/faceedit@abababababab gave a file with sha256" in done.stderr
    assert names(user_folder) == ["registry.toml", "tiny.md"]


@pytest.mark.parametrize("announced", [10**12, 3])
def test_a_file_of_another_size_is_not_downloaded(hub, pull, user_folder, announced):
    hub.announced = announced
    done = pull()
    assert done.returncode == 3
    assert f"has {announced} bytes there where its card says" in done.stderr
    assert hub.requests == [f"HEAD {PATH}"]
    assert names(user_folder) == ["registry.toml", "tiny.md"]


def test_a_server_that_never_ends_fills_no_disk(hub, pull, user_folder):
    hub.endless = True
    done = pull()
    assert done.returncode == 3
    assert "the hub sends more than the" in done.stderr
    assert names(user_folder) == ["registry.toml", "tiny.md"]


def test_a_full_disk_is_told_before_the_download(hub, user_folder, monkeypatch):
    content = (user_folder / "tiny.safetensors").read_bytes()
    (user_folder / "tiny.safetensors").unlink()
    hub.files[PATH] = content
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", lambda url: Metadata(len(content)))
    monkeypatch.setattr("shutil.disk_usage", lambda path: Disk(1_000_000))
    with pytest.raises(WeightsError, match=r"needs 640\d+ bytes in .*; 1000000 are free"):
        pull_card(open_registry().card("tiny"), user_folder)
    assert names(user_folder) == ["registry.toml", "tiny.md"]
    assert hub.requests == []


def test_what_is_no_file_is_not_replaced(hub, pull, user_folder):
    os.mkfifo(user_folder / "tiny.safetensors")
    done = pull()
    assert done.returncode == 3
    assert "tiny.safetensors: what is there is not a regular file" in done.stderr
    assert hub.requests == []


def test_a_file_that_is_not_there_is_reported_in_one_line(hub, pull, user_folder):
    hub.files.clear()
    done = pull()
    assert done.returncode == 3
    assert "error: tiny could not be pulled from someone/faceedit@abababababab" in done.stderr
    assert "Traceback" not in done.stderr
    assert names(user_folder) == ["registry.toml", "tiny.md"]


def test_offline_mode_opens_no_connection(hub, pull):
    done = pull(HF_HUB_OFFLINE="1")
    assert done.returncode == 3
    assert "HF_HUB_OFFLINE is set" in done.stderr
    assert hub.requests == []


def test_what_has_no_source_cannot_be_pulled(run_main, user_folder, monkeypatch):
    path = user_folder / "registry.toml"
    text = "\n".join(line for line in path.read_text().splitlines() if "repo_id" not in line)
    path.write_text(text)
    (user_folder / "tiny.safetensors").unlink()
    result = run_main("models", "pull", "tiny")
    assert result.code == 3
    assert "no source to pull from" in result.err
