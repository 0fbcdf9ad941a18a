import re
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from faceedit import cli
from faceedit.cli.target_options import part_option
from faceedit.errors import DeviceError, FaceEditError, UsageError, WeightsError
from faceedit.methods.catalogue import METHODS
from faceedit.targets import Part

HEAVY = "torch cv2 numpy PIL safetensors pydantic rich huggingface_hub face_alignment skimage"


def test_help_imports_nothing_heavy():
    script = (
        "import sys\nfrom faceedit import cli\nsys.argv = ['faceedit', '--help']\n"
        "try:\n    cli.main()\nexcept SystemExit as left:\n    assert left.code == 0\n"
        f"print('HEAVY', [name for name in {HEAVY.split()} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "Commands:" in done.stdout
    assert done.stdout.splitlines()[-1] == "HEAVY []", done.stderr


def test_a_long_help_is_in_panels_and_begins_with_the_most_used(run_main):
    result = run_main("apply", "--help")
    assert (result.code, result.err) == (0, "")
    panels = dict(re.findall(r"^(\w[\w ]+):\n((?:  .*\n)+)", result.out, re.MULTILINE))
    asked = ["Arguments", "Most used", "What to do", "Which photos", "Output"]
    assert list(panels) == [*asked, "Quality gates", "Speed", "Other options"]
    assert len(re.findall(r"^  -", panels["Most used"], re.MULTILINE)) <= 8
    assert re.findall(r"^  (-.*?)  ", panels["Other options"], re.MULTILINE) == ["-h, --help"]


def test_version_and_python_m():
    done = subprocess.run(
        [sys.executable, "-m", "faceedit", "--version"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.startswith("faceedit ")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [(FaceEditError("one\n two"), 1), (UsageError("wrong"), 2), (DeviceError("[red]no"), 3)],
)
def test_an_error_is_one_line_on_stderr_and_its_exit_code(run_main, monkeypatch, error, code):
    def fail(**_):
        raise error

    monkeypatch.setattr(cli, "app", fail)
    result = run_main()
    assert result.code == code
    assert result.out == ""
    assert result.err == f"error: {' '.join(str(error).split())}\n"


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (KeyError("a\nb"), 1, r"unexpected KeyError: 'a\nb' (test_main.py, line "),
        (RecursionError("deep"), 1, "unexpected RecursionError: deep (test_main.py, line "),
        (OSError("odd"), 1, "unexpected OSError: odd (test_main.py, line "),
        (OSError(28, "No space left on device", "a.csv"), 1, "a.csv: No space left on device\n"),
        (OSError(36, "File name too long", "x" * 300), 2, "x" * 100 + "..." + "x" * 100 + ": File"),
        (MemoryError(), 1, "there is not enough memory\n"),
        (KeyboardInterrupt(), 1, "unexpected KeyboardInterrupt"),
    ],
)
def test_what_nobody_foresaw_is_one_line(run_main, monkeypatch, error, code, line):
    def fail(**_):
        raise error

    monkeypatch.setattr(cli, "app", fail)
    result = run_main()
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith(f"error: {line}")
    assert len(result.err.splitlines()) == 1
    assert ("FACEEDIT_DEBUG=1" in result.err) == ("unexpected" in line)
    monkeypatch.setenv("FACEEDIT_DEBUG", "1")
    result = run_main()
    assert result.err.startswith("Traceback (most recent call last):")
    assert result.err.splitlines()[-1].startswith(f"error: {line.strip()}")


def test_want_of_memory_is_not_taken_for_bad_weights(run_main, monkeypatch):
    def fail(**_):
        try:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        except RuntimeError as error:
            raise WeightsError("the tensors do not fit") from error

    monkeypatch.setattr(cli, "app", fail)
    assert run_main() == (1, "", "error: there is not enough memory\n")


@pytest.mark.parametrize("args", [("nonsense",), ("models", "show"), ("doctor", "--nonsense")])
def test_wrong_usage_is_2(run_main, args):
    result = run_main(*args)
    assert result.code == 2
    assert result.out == ""
    assert "Usage:" in result.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        (["SIGINT"], 130),
        (["SIGTERM"], 143),
        (["SIGHUP"], 129),
        (["ignored", "SIGHUP", "SIGTERM"], 143),
    ],
)
def test_signals_run_clean_up_and_give_their_exit_code(numbers, code):
    ignored = "signal.signal(signal.SIGHUP, signal.SIG_IGN)" if "ignored" in numbers else ""
    script = f"""
import signal, sys, time
from faceedit import cli

# A shell that starts the tests in the background has SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
{ignored}

@cli.app.command()
def wait():
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("cleaned", flush=True)

sys.argv = ["faceedit", "wait"]
cli.main()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for name in numbers:
            if name != "ignored":
                process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert out == "cleaned\n"
    assert "Traceback" not in err


def test_options_of_a_part_show_where_a_method_serves_it(monkeypatch):
    assert not part_option(Part.ATTRIBUTES, "WORDS", "Attributes.").hidden
    monkeypatch.delitem(METHODS, "secgan")
    assert part_option(Part.ATTRIBUTES, "WORDS", "Attributes.").hidden
    assert not part_option(Part.LIGHT, "NAME", "Light.").hidden
    monkeypatch.delitem(METHODS, "legan")
    assert part_option(Part.LIGHT, "NAME", "Light.").hidden
    lamp = replace(METHODS["reggan"], name="lamp", targets=("light=left",))
    monkeypatch.setitem(METHODS, "lamp", lamp)
    assert not part_option(Part.LIGHT, "NAME", "Light.").hidden
    # A reference face needs a method of action units.
    assert not part_option(Part.LIKE, "PHOTO", "Like.").hidden
    monkeypatch.delitem(METHODS, "eggan")
    assert part_option(Part.LIKE, "PHOTO", "Like.").hidden


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ap", ["apply"]),
        ("apply --wat", ["--watch"]),
        ("apply -t sad+ha", ["sad+happy"]),
        ("apply --light fla", ["flat"]),
        ("apply -m leg", ["legan"]),
        ("models show reg", ["reggan", "reggan-fast"]),
        ("apply --each happy,sa", ["happy,sad"]),
        ("sheet --each light=fla", ["light=flat"]),
        ("apply --attr hair=bl", ["hair=black", "hair=blond"]),
        ("apply --face le", ["left"]),
        ("apply --faces la", ["largest"]),
        ("apply --preset so", ["soft"]),
        ("train unit-", ["unit-judge"]),
    ],
)
def test_a_shell_completes_commands_options_and_values(
    run_main, monkeypatch, tmp_path, typed, offered
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faceedit.toml").write_text("[preset.soft]")
    words = typed.split()
    monkeypatch.setenv("_FACEEDIT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"faceedit {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    assert run_main().out.split() == offered
