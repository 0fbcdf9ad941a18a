"""What commands write as JSON, against the schemas that ship."""

import json
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
import skimage.data
from jsonschema import Draft202012Validator
from PIL import Image

from faceedit.batch.manifest import MANIFEST_FILE

ASTRONAUT = skimage.data.astronaut()


def read_schema(name):
    return json.loads(files("faceedit").joinpath(f"schemas/{name}.schema.json").read_text())


def closed(schema: Any) -> Any:
    """Return a schema that lets no key pass that it does not name."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return {**inner, "additionalProperties": False} if "properties" in schema else inner


def check(name, lines):
    schema = closed(read_schema(name))
    Draft202012Validator.check_schema(schema)
    for line in lines:
        Draft202012Validator(schema).validate(line)


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def photos(tmp_path):
    """A group of a large and a small face, a photo without one, and a broken file."""
    folder = tmp_path / "photos"
    folder.mkdir()
    small = Image.fromarray(ASTRONAUT).resize((300, 300))
    group = np.full((512, 820, 3), 90, np.uint8)
    group[:, :512], group[:300, 516:816] = ASTRONAUT, np.asarray(small)
    Image.fromarray(group).save(folder / "group.png")
    Image.new("RGB", (40, 30)).save(folder / "blank.png")
    (folder / "broken.jpg").write_bytes(b"no photo")
    return folder


@pytest.fixture
def apply(run_main, fake_weights):
    weights = fake_weights()

    def run(*args):
        return run_main("apply", "--edit-shown", "--weights", weights, "--device", "cpu", *args)

    return run


def manifest_of(photos):
    return photos.with_name("photos-edited") / MANIFEST_FILE


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        (("-t", "happy:0.6", "-t", "surprised:0.4", "--faces", "largest"), "edited"),
        (
            (
                "-t",
                "happy:0",
            ),
            "copied",
        ),
    ],
)
def test_apply_and_the_manifest_write_what_their_schemas_say(apply, photos, options, outcome):
    told = lines_of(apply(*options, photos, "--json").out)
    assert [one["outcome"] for one in told] == ["copied", "failed", outcome]
    check("apply", told)
    check("apply", lines_of(apply(*options, photos, "--json").out))
    check("manifest", lines_of(manifest_of(photos).read_text()))


def test_augment_writes_a_manifest_of_the_same_schema(run_main, fake_weights, photos, tmp_path):
    classes = tmp_path / "classes"
    classes.mkdir()
    photos.rename(classes / "neutral")
    options = ("--balance", "expression", "--classes", "happy", "--weights", fake_weights())
    run_main("augment", classes, "-o", tmp_path / "out", *options, "--device", "cpu")
    lines = lines_of((tmp_path / "out" / MANIFEST_FILE).read_text())
    told = {(line["outcome"], line["settings"]["target"]) for line in lines}
    assert told == {("copied", ""), ("edited", "happy"), ("skipped", "happy"), ("failed", "happy")}
    check("manifest", lines)


def test_the_manifest_tells_the_same_as_json(apply, photos):
    told = lines_of(apply("-t", "happy", "--min-identity", "0.5", photos, "--json").out)
    written = {line["input"]: line for line in lines_of(manifest_of(photos).read_text())}
    for line in told:
        same = written[line["input"]]
        for key in set(line) - {"output", "resumed"}:
            assert same[key] == line[key], key


def test_analyze_writes_what_its_schema_says(run_main, recogniser_weights, photos):
    options = ("analyze", "--weights", recogniser_weights, "--device", "cpu", "--identity")
    told = lines_of(run_main(*options, photos, "--json").out)
    assert sorted(one["outcome"] for one in told) == ["analyzed", "failed", "no face"]
    check("analyze", told)


def test_faces_mean_the_same_in_apply_and_manifest():
    apply, manifest = read_schema("apply"), read_schema("manifest")
    assert apply["$defs"] == manifest["$defs"]
    paths = ("input", "output")
    shared = set(apply["properties"]) & set(manifest["properties"]) - set(paths)
    assert len(shared) >= 8
    for key in shared:
        assert apply["properties"][key] == manifest["properties"][key]


def test_faces_that_are_left_alone_are_told_of(apply, photos):
    def faces(*options):
        result = apply("-t", "happy", photos / "group.png", "--json", "--overwrite", *options)
        return lines_of(result.out)[0]["faces"]

    everybody, one = faces(), faces("--faces", "largest")
    assert [face["outcome"] for face in everybody] == ["edited", "edited"]
    assert [face["outcome"] for face in one] == ["edited", "left alone"]
    assert [face["box"] for face in one] == [face["box"] for face in everybody]
    assert one[0] == everybody[0]
    assert one[1]["reason"] == "it is not one of the faces asked for"
    assert one[1]["scores"] == one[1]["applied"] == {}


@pytest.mark.parametrize(
    ("options", "applied"),
    [
        (("-t", "happy:0.6"), {"happy": 0.6}),
        (("-t", "happy:0.6", "--intensity", "0.5"), {"happy": 0.3}),
        (
            ("-t", "happy:0.6", "-t", "surprised:0.4", "--intensity", "0.5"),
            {"happy": 0.3, "surprised": 0.2},
        ),
    ],
)
def test_the_strength_is_the_one_applied(apply, photos, options, applied):
    told = lines_of(apply(*options, photos / "group.png", "--json").out)
    for face in told[0]["faces"]:
        assert face["applied"] == applied
        assert face["scores"]["strength"] == pytest.approx(sum(applied.values()))


def test_a_blend_of_synonyms_is_written_in_canonical_names(apply, photos):
    result = apply("-t", "smile:0.6+surprise:0.3", photos / "group.png", "--json", "--manifest")
    assert result.err.startswith("happy:0.6+surprised:0.3 by reggan")
    (line,) = lines_of((photos / MANIFEST_FILE).read_text())
    assert line["settings"]["target"] == "happy:0.6+surprised:0.3"
    (face, _) = lines_of(result.out)[0]["faces"]
    assert face["applied"] == {"happy": 0.6, "surprised": 0.3}
    again = apply("-t", "happy:0.6", "-t", "surprised:0.3", photos / "group.png", "--json")
    assert lines_of(again.out)[0]["resumed"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-t", "hapy"), "unknown expression 'hapy'; did you mean happy? known: neutral"),
        (("-t", "happy:nan"), "the strength of happy is 'nan'; write happy, or a number"),
        (("-t", "happy", "-m", "regan"), "unknown model 'regan'; did you mean reggan?"),
    ],
)
def test_words_that_are_not_known(apply, photos, options, said):
    result = apply(*options, photos)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_lines_without_a_version_still_count_as_done(apply, photos):
    apply("-t", "happy:0.5", photos, "-q")
    path = manifest_of(photos)
    old = []
    for line in lines_of(path.read_text()):
        del line["schema_version"]
        for face in line["faces"]:
            for key in ("outcome", "reason", "applied"):
                del face[key]
            # The part that the guard let pass, of an edit of 0.5.
            face["scores"]["strength"] = 0.8
        old.append(line)
    path.write_text("".join(json.dumps(line) + "\n" for line in old))
    told = lines_of(apply("-t", "happy:0.5", photos, "--json").out)
    check("apply", told)
    group = next(line for line in told if line["input"].endswith("group.png"))
    assert group["resumed"]
    assert [face["applied"] for face in group["faces"]] == [{"happy": 0.4}] * 2
    assert [face["scores"]["strength"] for face in group["faces"]] == [0.4] * 2


@pytest.mark.parametrize("version", [2, "1", None, [], -1])
def test_lines_of_an_unknown_version_are_done_again(apply, photos, version):
    apply("-t", "happy", photos / "group.png", "-q", "--manifest")
    path = photos / MANIFEST_FILE
    line = json.loads(path.read_text())
    path.write_text(json.dumps({**line, "schema_version": version}) + "\n")
    (told,) = lines_of(apply("-t", "happy", photos / "group.png", "--json").out)
    assert (told["outcome"], told["resumed"]) == ("edited", False)
