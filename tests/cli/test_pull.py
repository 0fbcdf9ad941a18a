"""`models pull` in a process of its own, against a server on this machine that plays the hub."""

import hashlib
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

REVISION = "ab" * 20
PATH = f"/someone/faceedit/resolve/{REVISION}/tiny.safetensors"


class Hub(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []

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
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(self.server.files.get(self.path, b""))

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
