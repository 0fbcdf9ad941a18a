"""What was chosen in a gallery goes back into a run, which redoes only what changed."""

import csv
import json
import re
import shutil
import subprocess
from importlib import resources

import pytest
import skimage.data
from PIL import Image

ASTRONAUT = Image.fromarray(skimage.data.astronaut()).resize((200, 200))


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.png", "b.png", "sub/c, d.png"):
        ASTRONAUT.save(folder / name)
    return folder


def known(page):
    """What a gallery knows of its photos."""
    found = re.findall(r'class="photo">(.*?)</script>', page.read_text("utf-8"))
    return [json.loads(one) for one in found]


def test_a_table_of_choices_redoes_what_changed(run_main, fake_weights, photos, tmp_path):
    options = ("apply", "--edit-shown", "--weights", fake_weights(), "-t", "happy", photos)
    out = photos.with_name("photos-edited")
    assert run_main(*options, "--gallery").code == 0
    rows = known(out / "faceedit-gallery.html")
    assert {row["source"] for row in rows} == {
        str(photos / name) for name in ("a.png", "b.png", "sub/c, d.png")
    }
    chosen = {"a.png": (1, "reject"), "b.png": (0.6, "accept"), "sub/c, d.png": (1, "accept")}
    table = tmp_path / "choices.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "target", "strength", "choice"))
        writer.writerows((row["source"], row["target"], *chosen[row["name"]]) for row in rows)
    result = run_main(*options, f"@{table}", "--json")
    assert result.code == 0, result.err
    told = [json.loads(line) for line in result.out.splitlines()]
    states = {
        one["output"].removeprefix(f"{out}/"): (one["outcome"], one["resumed"]) for one in told
    }
    assert states == {
        "a.png": ("copied", False),
        "b.png": ("edited", False),
        "sub/c, d.png": ("edited", True),
    }
    assert (out / "a.png").read_bytes() == (photos / "a.png").read_bytes()


def test_a_face_gets_a_strength_of_its_own(run_main, fake_weights, tmp_path):
    two = Image.new("RGB", (420, 200))
    two.paste(ASTRONAUT)
    two.paste(ASTRONAUT.resize((180, 180)), (220, 0))
    two.save(tmp_path / "two.png")
    out, table = tmp_path / "out", tmp_path / "choices.csv"
    options = ("apply", "--edit-shown", "--weights", fake_weights(), "-t", "happy", "-o", out)

    def edited(*rows):
        lines = [f"{tmp_path / 'two.png'},{row}" for row in rows]
        table.write_text("\n".join(["file,face,strength,choice", *lines]))
        result = run_main(*options, f"@{table}", "--json")
        assert result.code == 0, result.err
        (told,) = map(json.loads, result.out.splitlines())
        faces = [(one["applied"], one["reason"]) for one in told["faces"]]
        return told["resumed"], faces

    whole, nothing = {"happy": 1.0}, ({"happy": 0.0}, "a strength of 0 changes nothing")
    assert edited(",1,") == (False, [(whole, "")] * 2)
    assert edited(",0.8,", "2,0.5,") == (False, [({"happy": 0.8}, ""), ({"happy": 0.4}, "")])
    assert edited("1,,reject") == (False, [nothing, (whole, "")])
    assert edited(",,accept", "1,,reject") == (True, [nothing, (whole, "")])
    table.write_text(f"file,face\n{tmp_path / 'two.png'},1.5\n")
    assert "line 2: the face is 1.5" in run_main(*options, f"@{table}").err


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_page_writes_the_table(tmp_path):
    page = resources.files("faceedit.batch.report").joinpath("page", "choices.js")
    script = tmp_path / "choices.js"
    script.write_text(
        page.read_text("utf-8")
        + """
const a = { source: "photos/a.png", target: "happy" };
const b = { source: 'b, "c".png', target: "" };
const choices = new Choices(() => {});
choices.set(a, { choice: REJECT });
choices.set(b, { strength: 0.6 });
choices.set(b, { strength: 0 }, 1);
choices.set(b, { strength: 0.3 }, 2);
choices.set(b, { strength: 1 }, 2);
process.stdout.write(choices.table([a, b, { source: "", target: "" }]));
"""
    )
    done = subprocess.run(["node", script], capture_output=True, text=True, check=True)
    assert list(csv.reader(done.stdout.splitlines())) == [
        ["file", "target", "face", "strength", "choice"],
        ["photos/a.png", "happy", "", "1", "reject"],
        ['b, "c".png', "", "", "0.6", "accept"],
        ['b, "c".png', "", "2", "0", "accept"],
    ]
