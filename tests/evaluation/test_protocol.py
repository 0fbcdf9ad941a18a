from collections import Counter

import pytest

from faceedit.datasets.labelled import read_labelled
from faceedit.errors import MissingError
from faceedit.evaluation.inputs import plan_protocol
from faceedit.evaluation.protocol import find_photos, read_protocol
from faceedit.targets import parse_target


def test_version_1_is_what_it_was():
    """A number published under a version must mean the same for ever: never edit, add a version."""
    protocol = read_protocol()
    assert (protocol.name, protocol.version) == ("portraits", 1)
    assert protocol.digest == "720dcefc2f06"
    assert str(protocol) == "portraits 1 (720dcefc2f06)"


def test_people_and_targets():
    protocol = read_protocol()
    assert len({photo.person for photo in protocol.photos}) == 142
    counts = Counter(photo.expression for photo in protocol.photos)
    assert (counts["neutral"], counts["happy"], sum(counts.values())) == (85, 33, 151)
    pairs = Counter(photo.person for photo in protocol.photos)
    assert sum(n == 2 for n in pairs.values()) == 9
    assert [str(t) for t in protocol.targets["happy"]] == ["neutral"]
    assert "happy:0.5" in [str(t) for t in protocol.targets["neutral"]]
    assert len(protocol.all_targets()) == 10


def test_a_limit_keeps_whole_people_and_real_pairs():
    kept = read_protocol().limited(17)
    assert len({photo.person for photo in kept}) == 17
    assert len(kept) == 19


def test_its_people_are_those_that_no_training_sees(data_folder):
    protocol = read_protocol()
    paths = find_photos(protocol.photos, data_folder)
    splits = {photo.path.name: photo for photo in read_labelled(data_folder)}
    for photo in protocol.photos:
        assert splits[photo.file].split == "val"
        assert splits[photo.file].person == photo.person
        assert splits[photo.file].expression == photo.expression
    assert set(paths) == {photo.file for photo in protocol.photos}


def test_photos_that_are_not_there_or_are_others(tmp_path):
    photos = read_protocol().photos
    with pytest.raises(MissingError, match="does not hold the protocol's photos"):
        find_photos(photos, tmp_path)
    (tmp_path / "portraits").mkdir()
    (tmp_path / "portraits" / photos[0].file).write_bytes(b"another picture")
    with pytest.raises(MissingError, match="not the protocol's picture"):
        find_photos(photos, tmp_path)


def test_what_a_method_knows_is_asked_of_it(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "faceedit.evaluation.inputs.find_photos",
        lambda photos, folder: {p.file: tmp_path / p.file for p in photos},
    )
    protocol = read_protocol()
    plan = plan_protocol(protocol, tmp_path, ("neutral", "happy"))
    asked = Counter(str(t) for one in plan.inputs for t in one.targets)
    assert asked == {"happy": 85, "happy:0.5": 85, "happy:1.5": 85, "neutral": 66}
    assert plan.complete
    assert "contemptuous" in plan.notes[0]
    plan = plan_protocol(protocol, tmp_path, ("neutral", "happy"), [parse_target(["happy:0.8"])], 5)
    asked = {str(t) for one in plan.inputs for t in one.targets}
    assert asked == {"happy:0.8"}
    assert not plan.complete
    assert "first 5 people" in plan.notes[-1]


def test_attributes_are_reversed_one_by_one(monkeypatch, tmp_path):
    protocol = read_protocol()
    folder = tmp_path / "portraits"
    monkeypatch.setattr(
        "faceedit.evaluation.inputs.find_photos",
        lambda photos, _: {p.file: folder / p.file for p in photos},
    )
    known = ("attr=bangs", "attr=male")
    with pytest.raises(MissingError, match=r"no portraits\.csv beside the protocol's photos"):
        plan_protocol(protocol, tmp_path, known)
    first, second, third = (photo.file for photo in protocol.photos[:3])
    (tmp_path / "portraits.csv").write_text(
        "file,person,expression,bangs,sex\n"
        f"{first},a,neutral,1,f\n{second},b,neutral,0,m\n{third},c,neutral,,\n"
    )
    plan = plan_protocol(protocol, tmp_path, known)
    asked = [[str(one) for one in photo.targets] for photo in plan.inputs]
    assert asked[:3] == [["attr=bangs=off", "attr=male=on"], ["attr=bangs=on", "attr=male=off"], []]
    assert not any(asked[3:])
    assert plan.complete
    # Who has it already is no test of it.
    plan = plan_protocol(protocol, tmp_path, known, [parse_target("attr=bangs=on")])
    assert [len(photo.targets) for photo in plan.inputs[:3]] == [0, 1, 0]
    assert all("attr" not in str(t) for t in plan_protocol(protocol, tmp_path, ("happy",)).notes)
