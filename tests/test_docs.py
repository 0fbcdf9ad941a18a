"""What README, docs and examples say can be followed: commands, options, links, scripts."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from faceedit import cli

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
COMMANDS: Any = typer.main.get_command(cli.app)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def command_lines(text: str) -> list[list[str]]:
    """The words of each command in the indented blocks of a page, pipes and lists taken apart."""
    joined = re.sub(r"\\\n\s*", "", text)
    lines = re.findall(r"^ {4}((?:faceedit|python scripts/|cat |time ).*)$", joined, re.MULTILINE)
    found = []
    for line in lines:
        words = shlex.split(line, comments=True)
        for part in " ".join(shlex.quote(word) for word in words).replace("'|'", "|").split(" | "):
            found.append(shlex.split(part.split(" '>'")[0]))
    return found


def parse(words: list[str]) -> None:
    """Let typer read the words of a command without running it."""
    command, context, rest = COMMANDS, None, words
    while hasattr(command, "commands"):
        context = command.make_context("faceedit", list(rest[:1]), parent=context)
        command, rest = command.commands[rest[0]], rest[1:]
    command.make_context("faceedit", list(rest), parent=context)


@pytest.mark.parametrize("name", NAMES)
def test_commands_have_the_options_they_are_shown_with(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("faceedit.toml").write_text("[preset.studio]\n")
    for words in command_lines(read(name)):
        words = words[1:] if words[0] == "time" else words
        if words[0] == "faceedit":
            parse(words[1:])
        elif words[0] == "python":
            text = read(words[1])
            for option in (word for word in words[2:] if word.startswith("--")):
                assert f'"{option}"' in text, f"{name}: {words[1]} has no {option}"


def test_pages_show_commands():
    assert len(command_lines(read("README.md"))) >= 6
    with pytest.raises(Exception, match="No such option"):
        parse(["apply", "-t", "happy", "--nonsense", "photos/"])


@pytest.mark.parametrize("name", NAMES)
def test_options_in_the_text_are_there(name):
    known = set()
    for command in [*COMMANDS.commands.values(), *COMMANDS.commands["studio"].commands.values()]:
        for parameter in command.params:
            known |= {*parameter.opts, *parameter.secondary_opts}
    text = "".join((ROOT / "scripts" / one).read_text() for one in scripts(read(name)))
    quoted = re.findall(r"`(--[a-z][a-z0-9-]*)", re.sub(r"^ {4}.*$", "", read(name), flags=re.M))
    assert [one for one in quoted if one not in known and f'"{one}"' not in text] == []


def scripts(text: str) -> list[str]:
    return re.findall(r"scripts/(\w+\.py)", text)


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name):
    text = read(name)
    here = (ROOT / name).parent
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        path = (here / file) if file else ROOT / name
        assert path.exists(), f"{name}: {target}"
        assert not anchor or anchor in anchors(path.read_text()), f"{name}: {target}"
    for script in scripts(text):
        assert (ROOT / "scripts" / script).exists(), f"{name}: scripts/{script}"
    for path in re.findall(r"`((?:faceedit|examples)/[\w/.-]+)`", text):
        path = path.removesuffix("/")
        assert (ROOT / path).exists() or (ROOT / f"{path}.py").exists(), f"{name}: {path}"


def test_the_image_takes_the_torch_that_the_package_asks_for():
    # Another one would be replaced by a build with CUDA, gigabytes larger.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (torch,) = (one for one in project["dependencies"] if one.startswith("torch>"))
    assert f"pip install --no-cache-dir '{torch}'" in (ROOT / "Dockerfile").read_text()
