"""Several outputs of each photo: ``--each`` and ``--name``."""

import json

import numpy as np
import pytest
import skimage.data
from PIL import Image

from faceedit.batch import stages
from faceedit.cli.apply_targets import read_asked
from faceedit.cli.input_lists import Given
from faceedit.editing.editor import FaceEditor
from faceedit.errors import UsageError
from faceedit.faces.find.finder import FaceFinder
from faceedit.targets import parse_target, split_targets

GIVEN = Given([], [], [])
ASTRONAUT = Image.fromarray(skimage.data.astronaut())


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    ASTRONAUT.save(folder / "a.png")
    Image.new("RGB", (40, 30)).save(folder / "blank.png")
    return folder


@pytest.fixture
def apply(run_main, fake_weights):
    weights = fake_weights()

    def run(*args):
        return run_main("apply", "--edit-shown", "--weights", weights, "--threads", 1, *args)

    return run


def lines(folder):
    told = map(json.loads, (folder / "faceedit.jsonl").read_text().splitlines())
    return {line["place"]: line for line in told}


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_several_outputs_of_one_reading(apply, photos, monkeypatch):
    decoded, found = [], []
    find, load = FaceFinder.find_many, stages.load_file
    monkeypatch.setattr(
        FaceFinder, "find_many", lambda self, many: found.extend(many) or find(self, many)
    )
    monkeypatch.setattr(
        "faceedit.batch.stages.load_file", lambda path: decoded.append(path.name) or load(path)
    )
    out = photos.with_name("photos-edited")
    result = apply("--each", "happy,surprised,happy:0.5", photos)
    assert (result.code, result.out) == (0, "")
    assert "6 outputs" in result.err
    names = ["happy", "surprised", "happy-0.5"]
    told = lines(out)
    assert sorted(told) == sorted(f"{a}-{b}.png" for a in ("a", "blank") for b in names)
    assert [told[f"a-{name}.png"]["settings"]["target"] for name in names] == [
        "happy",
        "surprised",
        "happy:0.5",
    ]
    assert (sorted(decoded), len(found)) == (["a.png", "blank.png"], 2)
    # Each is what a run of its own makes, down to the byte.
    assert apply("-t", "surprised", photos / "a.png", "-o", photos / "alone.png").code == 0
    assert (photos / "alone.png").read_bytes() == (out / "a-surprised.png").read_bytes()


def test_a_run_with_more_targets_goes_on(apply, photos):
    assert apply("--each", "happy,surprised", photos).code == 0
    edited = photos.with_name("photos-edited")
    (edited / "a-surprised.png").unlink()
    result = apply("--each", "happy,surprised,neutral", photos, "--json")
    assert result.code == 0
    done = {}
    for line in map(json.loads, result.out.splitlines()):
        done[line["output"].rsplit("/", 1)[1]] = line["resumed"]
    assert done == {
        "a-happy.png": True, "a-surprised.png": False, "a-neutral.png": False,
        "blank-happy.png": True, "blank-surprised.png": True, "blank-neutral.png": False,
    }  # fmt: skip
    # A run for one of them, by the same pattern, has nothing to do.
    result = apply("-t", "neutral", "--name", "{stem}-{target}{suffix}", photos, "--json")
    assert all(json.loads(line)["resumed"] for line in result.out.splitlines())
    # Other settings stop, as they do without --each.
    result = apply("--each", "happy,surprised", photos, "--min-face", 50)
    assert result.code == 2
    assert "made with min face 32.0, not 50.0" in result.err


def test_names_by_pattern(apply, photos):
    out = photos.with_name("out")
    name = "{target}_{stem}{suffix}"
    result = apply(
        "--each", "happy,surprised", "--name", name, photos / "a.png", "-o", out, "--format", "jpg"
    )
    assert result.code == 0
    assert {path.name for path in out.glob("*.jpg")} == {"happy_a.jpg", "surprised_a.jpg"}
    result = apply("-t", "happy", "--name", "new {stem}{suffix}", photos / "a.png")
    assert result.code == 0
    assert (photos / "new a.png").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--each", "happy,sad", "--name", "{stem}{suffix}"], "write {target}"),
        (["--each", "happy,sad", "--name", "{target}{suffix}"], "write {stem}"),
        (["--each", "happy", "--name", "{stem}-{mood}{suffix}"], "unknown {mood}"),
        (["--each", "happy", "--name", "{stem}{{suffix}"], "unknown {"),
        (["--each", "happy", "--name", "{stem}.png"], "write {suffix} at the end"),
        (["--each", "happy", "--name", "../{stem}{suffix}"], "'/' cannot be in a name"),
        (["--each", "happy", "--name", ".{stem}{suffix}"], "cannot begin with '.'"),
        (["--each", "happy,smile"], "would be named happy"),
        (["--each", "happy,hapy"], "did you mean happy?"),
        (["--each", ""], "cannot read the target ''"),
        (["--each", "happy,sad", "-o", "one.png"], "for names by pattern name a folder"),
    ],
)
def test_what_cannot_be_named_is_refused(apply, photos, options, told):
    result = apply(*options, photos / "a.png")
    assert (result.code, told in result.err) == (2, True), result.err
    assert sorted(path.name for path in photos.iterdir()) == ["a.png", "blank.png"]


def test_outputs_that_would_collide_are_refused(apply, photos):
    ASTRONAUT.save(photos / "a-happy.png")
    name = "{stem}-{target}{suffix}"
    result = apply("--each", "happy,sad", "--name", name, photos / "a.png", photos / "a-happy.png")
    assert result.code == 2
    assert "but it is an input" in result.err
    result = apply("-", "--each", "happy,sad")
    assert (result.code, "no --each" in result.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("happy, sad", ["happy", " sad"]),
        ("light=left,light=right:0.5", ["light=left", "light=right:0.5"]),
        ("au=12=3.5,6=2,au=4=3,happy:0.4+sad", ["au=12=3.5,6=2", "au=4=3", "happy:0.4+sad"]),
        ("light=az=-60,el=20,fill=0.5,flat", ["light=az=-60,el=20,fill=0.5,flat"]),
        ("happy light=left,sad", ["happy light=left", "sad"]),
    ],
)
def test_lists_of_targets_are_split_between_targets(text, parts):
    assert split_targets(text) == parts


def test_what_all_share_is_added_to_each():
    asked = read_asked(
        lambda own: parse_target(["happy:0.5", *own]), ["light=left,light=right"], GIVEN, 0.5, None
    )
    assert asked.naming is not None
    assert [(name, str(one)) for name, one in asked.naming.targets] == [
        ("light-left", "happy:0.25 light=left:0.5"),
        ("light-right", "happy:0.25 light=right:0.5"),
    ]
    with pytest.raises(UsageError, match="named twice"):
        read_asked(
            lambda own: parse_target(["light=left", *own]), ["light=right"], GIVEN, 1.0, None
        )
    assert (
        read_asked(lambda own: parse_target(["happy", *own]), None, GIVEN, 1.0, None).naming is None
    )


def test_one_target_that_fails_costs_no_other(finder, make_method, astronaut):
    from faceedit.editing.steps import Step

    class Picky(make_method):
        def edit(self, crops, target):
            if "sad" in str(target):
                raise RuntimeError("the network broke")
            return super().edit(crops, target)

    editor = FaceEditor(finder, (Step(Picky()),))
    targets = [parse_target(name) for name in ("happy", "sad", "surprised")]
    ((happy, sad, surprised),) = editor.look([astronaut], [targets])
    assert isinstance(sad, RuntimeError)
    assert not isinstance(happy, Exception)
    assert not isinstance(surprised, Exception)
    assert happy.crops == surprised.crops
