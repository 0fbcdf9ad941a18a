"""Labelled collections made larger, by made-up methods."""

import csv
import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from told import counts

from faceedit.methods.catalogue import METHODS
from faceedit.registry import write_checkpoint


@pytest.fixture
def small(astronaut):
    """The astronaut's head, another photo for each number: ``small(3)``."""

    def make(number=0):
        return Image.fromarray(np.ascontiguousarray(astronaut[: 256 + number, 100:360]))

    return make


@pytest.fixture
def faces(tmp_path, small):
    """A folder for each class: four neutral faces, one of them broken, and a happy one."""
    folder = tmp_path / "faces"
    for number, name in enumerate(["neutral/a.jpg", "neutral/b.png", "Joy/c.png"]):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        small(number).save(path)
    Image.new("RGB", (64, 48), (9, 90, 9)).save(folder / "neutral" / "blank.png")
    (folder / "neutral" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    return folder


@pytest.fixture
def table(tmp_path, small):
    """A CSV of three people in two splits, with columns of its own."""
    people = [("ann", "neutral", "train"), ("bob", "neutral", "train"), ("eve", "happy", "train")]
    people += [("joe", "neutral", "val")]
    lines = ["file,person,label,split,age,source"]
    (tmp_path / "pictures").mkdir()
    for number, (who, label, split) in enumerate(people):
        small(number).save(tmp_path / "pictures" / f"{who}.png")
        lines.append(f"pictures/{who}.png,{who},{label},{split},{20 + number},studio")
    path = tmp_path / "faces.csv"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def augment(run_main, fake_weights, tmp_path):
    """Run ``augment ... -o out --weights FAKE``, by default with expressions balanced."""
    weights = fake_weights()

    def run(collection, *options, output=tmp_path / "out", ask=("--balance", "expression")):
        options = (*options, "--weights", weights, "--device", "cpu", "--workers", 1)
        return run_main("augment", collection, "-o", output, *ask, *options)

    return run


def rows_of(output):
    with (output / "labels.csv").open(newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def files_in(output):
    hidden = {"labels.csv", "faceedit.jsonl", ".faceedit-journal.jsonl"}
    files = (path for path in output.rglob("*") if not path.is_dir() and path.name not in hidden)
    return {path.relative_to(output).as_posix(): path for path in files}


def test_classes_become_equally_large(augment, faces, tmp_path):
    result = augment(faces, "--classes", "happy,surprised")
    assert result.code == 1
    assert f"failed {faces / 'neutral' / 'broken.jpg'}: " in result.err
    assert f"skipped {faces / 'neutral' / 'blank.png'}: no face was found" in result.err
    rows = rows_of(tmp_path / "out")
    assert rows.keys() == files_in(tmp_path / "out").keys()
    made = {name: row for name, row in rows.items() if row["made_from"]}
    assert len(rows) == 5 + len(made)
    assert {row["label"] for row in made.values()} == {"Joy", "surprised"}
    for name, row in made.items():
        assert row["made_from"] in ("neutral/a.jpg", "neutral/b.png")
        assert name.split("/")[0] == row["label"]
        assert row["target"] == row["expression"] == {"Joy": "happy"}.get(row["label"], "surprised")
        assert row["person"] == row["made_from"]
        assert (row["seed"], row["model"]) == ("0", "reggan fake")
        assert (row["outcome"], row["faint"]) == ("edited", "0")
        source = tmp_path / "out" / row["made_from"]
        assert (tmp_path / "out" / name).read_bytes() != source.read_bytes()
    own = rows["neutral/a.jpg"]
    assert (own["label"], own["outcome"], own["target"]) == ("neutral", "original", "")
    copied = tmp_path / "out" / "neutral" / "a.jpg"
    assert copied.read_bytes() == (faces / "neutral" / "a.jpg").read_bytes()


def test_the_same_command_again_does_what_is_missing(augment, table, tmp_path):
    first = augment(table)
    assert (first.code, counts(first.err)) == (0, {"edited": 2, "copied": 4})
    before = {name: path.read_bytes() for name, path in files_in(tmp_path / "out").items()}
    said = (tmp_path / "out" / "labels.csv").read_bytes()
    again = augment(table)
    assert counts(again.err) == {"edited": 2, "copied": 4, "done before": 6}
    gone = next(name for name in before if "happy" in name)
    (tmp_path / "out" / gone).unlink()
    (tmp_path / "out" / "labels.csv").unlink()
    assert counts(augment(table).err) == {"edited": 2, "copied": 4, "done before": 5}
    after = {name: path.read_bytes() for name, path in files_in(tmp_path / "out").items()}
    assert after == before
    assert (tmp_path / "out" / "labels.csv").read_bytes() == said


def test_what_failed_is_tried_again(run_main, fake_weights, table, tmp_path):
    weights = fake_weights(failing=[2])
    command = ("augment", table, "-o", tmp_path / "out", "--balance", "expression")
    options = ("--weights", weights, "--workers", 1)
    result = run_main(*command, *options)
    assert (result.code, counts(result.err)) == (1, {"edited": 1, "copied": 4, "failed": 1})
    assert len(rows_of(tmp_path / "out")) == 5
    result = run_main(*command, *options)
    assert (result.code, counts(result.err)) == (0, {"edited": 2, "copied": 4, "done before": 5})
    assert len(rows_of(tmp_path / "out")) == 6


def test_a_table_keeps_its_columns_people_and_splits(augment, table, tmp_path):
    assert augment(table, "--min-identity", "-1").code == 0
    rows = rows_of(tmp_path / "out")
    made = [row for row in rows.values() if row["made_from"]]
    assert Counter(row["split"] for row in made) == {"train": 1, "val": 1}
    for row in made:
        own = rows[row["made_from"]]
        kept = ("person", "split", "age", "source")
        assert [row[name] for name in kept] == [own[name] for name in kept]
        assert -1 <= float(row["identity"]) <= 1
        assert row["label"] == "happy"
    manifest = (tmp_path / "out" / "faceedit.jsonl").read_text().splitlines()
    targets = {line["place"]: line["settings"]["target"] for line in map(json.loads, manifest)}
    assert targets == {name: row["target"] for name, row in rows.items()}
    # The output is a collection as well: nothing lacks in it any more.
    result = augment(tmp_path / "out", "--dry-run", output=tmp_path / "more")
    assert {line.split()[3] for line in result.out.splitlines()[1:]} == {"0"}


def test_a_dry_run_prints_a_table_and_writes_nothing(augment, table, tmp_path):
    result = augment(table, "--dry-run", "--classes", "neutral,joy,surprised")
    assert result.code == 0
    assert [line.split() for line in result.out.splitlines()] == [
        ["class", "split", "real", "made", "all"],
        ["happy", "train", "1", "1", "2"],
        ["neutral", "train", "2", "0", "2"],
        ["surprised", "train", "0", "2", "2"],
        ["happy", "val", "0", "1", "1"],
        ["neutral", "val", "1", "0", "1"],
        ["surprised", "val", "0", "1", "1"],
    ]
    assert not (tmp_path / "out").exists()
    limited = ("--classes", "joy,surprised", "--splits", "train", "--per-photo", 1)
    result = augment(table, "--dry-run", *limited)
    assert "too few photos" not in result.err
    result = augment(table, "--dry-run", "--classes", "joy,surprised", "--per-photo", 1)
    assert "val: 1 pictures of surprised fewer than there should be" in result.err


def test_another_plan_needs_another_folder_or_overwrite(augment, table, tmp_path):
    augment(table)
    before = set(files_in(tmp_path / "out"))
    result = augment(table, "--strength", "0.5:0.9")
    assert result.code == 2
    assert "was made with strength 1, not 0.5:0.9" in result.err
    assert augment(table, "--splits", "train", "--overwrite").code == 0
    # What only the earlier run made is gone, and nothing else.
    gone = before - set(files_in(tmp_path / "out"))
    assert len(gone) == 1
    assert next(iter(gone)).startswith("pictures/joe-happy-")
    assert rows_of(tmp_path / "out").keys() == files_in(tmp_path / "out").keys()


def test_a_collection_that_grows_names_what_is_too_much(augment, table, small, tmp_path):
    augment(table)
    before = set(files_in(tmp_path / "out"))
    small(9).save(tmp_path / "pictures" / "kim.png")
    with table.open("a") as file:
        file.write("\npictures/kim.png,kim,happy,train,40,studio")
    result = augment(table)
    assert counts(result.err) == {"edited": 1, "copied": 5, "done before": 5}
    assert "1 picture of earlier runs, not in labels.csv" in result.err
    assert set(files_in(tmp_path / "out")) == before | {"pictures/kim.png"}
    assert len(rows_of(tmp_path / "out")) == 6
    result = augment(table, "--prune")
    assert counts(result.err) == {"edited": 1, "copied": 5, "done before": 6}
    assert files_in(tmp_path / "out").keys() == rows_of(tmp_path / "out").keys()


def test_files_of_others_are_not_replaced(augment, table, tmp_path):
    output = tmp_path / "out"
    augment(table)
    (output / "labels.csv").write_text("mine")
    result = augment(table)
    assert result.code == 2
    assert "labels.csv: a file is there that faceedit cannot prove to have written" in result.err
    assert augment(table, "--overwrite").code == 0
    assert len(rows_of(output)) == 6
    hostile = {"place": "../pictures/ann.png", "output_sha256": "0" * 64}
    from faceedit.registry import sha256_of

    hostile["output_sha256"] = sha256_of(tmp_path / "pictures" / "ann.png")
    with (output / "faceedit.jsonl").open("a") as file:
        file.write(json.dumps(hostile) + "\n")
    assert augment(table, "--overwrite").code == 0
    assert (tmp_path / "pictures" / "ann.png").exists()


def test_originals_are_linked_or_left_out(augment, table, tmp_path):
    output = tmp_path / "linked"
    for _ in range(2):
        result = augment(table, "--originals", "link", output=output)
        assert result.code == 0
    assert counts(result.err) == {"edited": 2, "done before": 2}
    linked = {name for name, path in files_in(output).items() if path.is_symlink()}
    assert linked == {f"pictures/{who}.png" for who in ("ann", "bob", "eve", "joe")}
    assert (output / "pictures" / "ann.png").resolve() == tmp_path / "pictures" / "ann.png"
    assert rows_of(output).keys() == files_in(output).keys()
    none = tmp_path / "none"
    assert augment(table, "--originals", "none", output=none).code == 0
    assert rows_of(none).keys() == files_in(none).keys() == set(rows_of(output)) - linked


def test_nothing_to_make(augment, table, tmp_path):
    table.write_text(
        "".join(table.read_text().splitlines(keepends=True)[:2])
        + "pictures/eve.png,eve,happy,train,3,x"
    )
    result = augment(table, "--originals", "none")
    assert (result.code, result.err) == (
        0,
        "nothing is to be made: all classes are equally large\n",
    )
    assert not (tmp_path / "out").exists()
    for _ in range(2):
        assert augment(table).code == 0
    assert len(rows_of(tmp_path / "out")) == 2


def test_files_that_a_table_lists_and_are_not_there(augment, table, tmp_path):
    with table.open("a") as file:
        file.write("\npictures/gone.png,gus,neutral,train,50,studio")
    result = augment(table)
    assert (result.code, counts(result.err)) == (1, {"edited": 2, "copied": 4, "failed": 1})
    assert f"failed {tmp_path / 'pictures' / 'gone.png'}: no such file" in result.err


@pytest.fixture
def lamps(make_method, monkeypatch, tmp_path):
    """A method for light and two expressions, whose weights are in the user's folder."""

    class Lamps(make_method):
        name = "lamps"
        targets = ("neutral", "happy", "light=left", "light=right", "light=top")

    method, module = Lamps(shift=0.0), ModuleType("made_up_lamps")
    method.edit = lambda crops, target: [method._one(target.strength) for _ in crops]
    module.__dict__["load"] = lambda checkpoint, *_: method
    monkeypatch.setitem(sys.modules, module.__name__, module)
    line = replace(METHODS["reggan"], name="lamps", targets=Lamps.targets, module=module.__name__)
    monkeypatch.setitem(METHODS, "lamps", line)
    path = tmp_path / "user" / "lamps-fast.safetensors"
    sha256 = write_checkpoint(
        path, {"weight": torch.ones(1)}, method="lamps", profile="fast", architecture={}
    )
    (path.parent / "registry.toml").write_text(f"""
[checkpoints.lamps-fast]
method = "lamps"
profile = "fast"
file = "{path.name}"
sha256 = "{sha256}"
size = {path.stat().st_size}
crop_size = 64
targets = {list(Lamps.targets)}
head = "compose"
data = "made up"
licence = "CC0"
""")
    monkeypatch.setenv("FACEEDIT_WEIGHTS", str(path.parent))


def test_each_photo_in_lights(run_main, lamps, table, tmp_path):
    command = ("augment", table, "-o", tmp_path / "out", "-m", "lamps", "--device", "cpu")
    options = ("--light", "random", "--per-photo", 2, "--strength", "0.7:1.2")
    assert run_main(*command, *options).code == 0
    rows = rows_of(tmp_path / "out")
    made = [row for row in rows.values() if row["made_from"]]
    assert set(Counter(row["made_from"] for row in made).values()) == {2}
    lights = [row["target"].split(":")[0] for row in made]
    assert {*lights} <= {"light=left", "light=right", "light=top"}
    assert len({(row["made_from"], light) for row, light in zip(made, lights, strict=True)}) == 8
    assert all(row["label"] == rows[row["made_from"]]["label"] for row in made)
    result = run_main(*command, *options, "--seed", 7)
    assert (result.code, "was made with seed 0, not 7" in result.err) == (2, True)


def test_expressions_in_lights(run_main, lamps, table, tmp_path):
    command = ("augment", table, "-o", tmp_path / "out", "-m", "lamps", "--device", "cpu")
    options = ("--balance", "expression", "--light", "left,top")
    assert run_main(*command, *options).code == 0
    made = [row for row in rows_of(tmp_path / "out").values() if row["made_from"]]
    assert len(made) == 2
    assert {row["target"] for row in made} <= {"happy light=left", "happy light=top"}


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ((), 2, "nothing would be made: say --balance expression, --light or --turn"),
        (("--light", "left", "--classes", "happy"), 2, "--classes are those of --balance"),
        (("--light", "left"), 2, "reggan does not edit light"),
        (("--light", "random"), 2, "reggan does not edit light"),
        (("--balance", "expression", "--classes", "smirk"), 2, "unknown class 'smirk'"),
        (("--balance", "expression", "--splits", "test"), 2, "unknown split 'test'"),
        (("--balance", "expression", "--profile", "nope"), 3, "no weights of reggan nope"),
        (("--balance", "expression", "--device", "cuda:9"), 3, "cuda"),
    ],
)
def test_what_cannot_be_done(run_main, table, tmp_path, options, code, message):
    result = run_main("augment", table, "-o", tmp_path / "out", "-m", "reggan", *options)
    assert (result.code, result.out) == (code, "")
    assert message in result.err
    assert not (tmp_path / "out").exists()


def test_a_class_that_the_method_does_not_make(augment, table, tmp_path):
    result = augment(table, "--classes", "happy,sad")
    assert result.code == 2
    assert "reggan (fake) does not know sad" in result.err
    assert not (tmp_path / "out").exists()


def test_a_person_in_two_splits(augment, table):
    table.write_text(table.read_text().replace("joe,", "ann,"))
    result = augment(table)
    assert result.code == 2
    assert "person ann is in two splits: train" in result.err


def test_the_output_lies_elsewhere(augment, faces, table):
    for output in (faces, faces / "more"):
        result = augment(faces, output=output)
        assert result.code == 2
        assert "lies in the collection" in result.err
    assert augment(table, output=table.parent).code == 2
    assert augment(table, output=table.parent / "more").code == 0


def test_help_imports_no_torch():
    script = (
        "import sys\nfrom faceedit import cli\nsys.argv = ['faceedit', 'augment', '--help']\n"
        "try:\n    cli.main()\nexcept SystemExit as left:\n    assert left.code == 0\n"
        "print('HEAVY', [name for name in ('torch', 'cv2', 'numpy') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "--per-photo" in done.stdout
    assert done.stdout.splitlines()[-1] == "HEAVY []", done.stderr


def test_heads_are_turned_and_stay_with_their_people(run_main, table, tmp_path):
    def turned(output, *options):
        command = ("augment", table, "-o", tmp_path / output, "--turn", "-20:20", "--workers", 1)
        result = run_main(*command, "--splits", "train", "--per-photo", 2, *options)
        assert (result.code, counts(result.err)) == (0, {"edited": 6, "copied": 4}), result.err
        return {name: row for name, row in rows_of(tmp_path / output).items() if row["made_from"]}

    made = turned("out")
    assert all(row["target"].startswith("turn=yaw=") for row in made.values())
    assert {row["split"] for row in made.values()} == {"train"}
    assert Counter(row["label"] for row in made.values()) == {"neutral": 4, "happy": 2}
    again = turned("again")
    assert again == made
    for name in made:
        one, other = ((tmp_path / folder / name).read_bytes() for folder in ("out", "again"))
        assert one == other
    assert turned("other", "--seed", 5) != made
