"""No value of any option of any command ends in a trace: every one is judged by its meaning."""

from pathlib import Path

import pytest
import typer
from PIL import Image

from faceedit import cli

HUGE = "9" * 5000
ODD = "\udce9\x1b[31m/" + "x" * 300
NEEDED = {
    "apply": ["-t", "happy", "blank.png"],
    "frontalize": ["blank.png"],
    "analyze": ["blank.png"],
    "animate": ["blank.png", "--to", "happy", "-o", "new.gif"],
    "grid": ["blank.png", "--au", "12"],
    "lights": ["blank.png"],
    "masks": ["blank.png"],
    "sheet": ["blank.png", "--each", "happy"],
    "attributes": [],
    "augment": ["blank.csv", "-o", "out", "--balance", "expression", "--classes", "happy"],
    "demo": [],
    "train": ["reggan", "--data", "nowhere"],
    "evaluate": ["nowhere", "-t", "happy"],
    "benchmark": [],
    "doctor": [],
    "studio import": ["nowhere", "-o", "out"],
    "studio learn": ["nowhere", "--rig", "nowhere"],
    "studio pairs": ["--photos", "nowhere", "--rig", "nowhere", "-o", "out"],
    "studio reliefs": ["--photos", "nowhere", "--rig", "nowhere", "-o", "out"],
    "studio shapes": ["--photos", "nowhere", "--rig", "nowhere", "-o", "out.npz"],
    "studio sheet": ["nowhere.png", "--rig", "nowhere"],
    "undo": ["nowhere"],
    "models list": [],
    "models show": ["nothing"],
    "models verify": ["nothing"],
    "models pull": ["nothing"],
}


def commands(group, prefix=""):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def options():
    for name, command in commands(typer.main.get_command(cli.app)):
        for parameter in command.params:
            long = [one for one in parameter.opts if one.startswith("--")]
            if long and not getattr(parameter, "is_flag", False) and long[0] != "--help":
                yield name, long[0], parameter.nargs


def test_every_command_is_known_here():
    assert NEEDED.keys() == dict(commands(typer.main.get_command(cli.app))).keys()


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("blank.png")
    Path("blank.csv").write_text("file,label\nblank.png,neutral\n")
    return tmp_path


@pytest.mark.parametrize("value", [HUGE, ODD], ids=["huge", "odd"])
@pytest.mark.parametrize(("command", "option", "count"), list(options()))
def test_an_option(run_main, here, command, option, count, value):
    result = run_main(*command.split(), *NEEDED[command], option, *[value] * count)
    assert result.code in (0, 1, 2, 3)
    assert cli.DEBUG not in result.err
    assert "\x1b" not in result.err
    assert "error: " in result.err.lower() or result.code == 0


@pytest.mark.parametrize("value", [HUGE, ODD], ids=["huge", "odd"])
@pytest.mark.parametrize("command", NEEDED)
def test_an_argument(run_main, here, command, value):
    result = run_main(*command.split(), value)
    assert result.code in (1, 2, 3)
    assert cli.DEBUG not in result.err
    assert "\x1b" not in result.err
