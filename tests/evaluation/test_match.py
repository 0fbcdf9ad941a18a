import pytest

from faceedit.errors import UsageError
from faceedit.evaluation.match import find_copies, pair_up, photos_below


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_folders_are_matched_by_relative_path(tmp_path):
    before = make(tmp_path / "a", "1.jpg", "x/1.jpg", "2.jpg", "notes.txt")
    after = make(tmp_path / "b", "1.jpg", "x/1.png", "3.jpg", "faceedit.jsonl")
    pairs, alone = pair_up(before, after)
    assert [(p.name, p.after.relative_to(after).as_posix()) for p in pairs] == [
        ("1.jpg", "1.jpg"),
        ("x/1.jpg", "x/1.png"),
    ]
    assert [(one.name, one.reason) for one in alone] == [
        ("2.jpg", f"has no partner in {after}"),
        (str(after / "3.jpg"), f"has no partner in {before}"),
    ]


def test_another_suffix_is_taken_only_where_nothing_else_can_be_meant(tmp_path):
    copies = {"a.png": tmp_path / "a.png"}
    assert find_copies(["a.jpg"], copies) == {"a.jpg": tmp_path / "a.png"}
    assert find_copies(["a.jpg", "a.png"], copies) == {"a.png": tmp_path / "a.png"}
    assert find_copies(["a.jpg", "a.tif"], copies) == {}
    assert find_copies(["a.jpg"], {**copies, "a.tif": tmp_path / "a.tif"}) == {}


def test_two_photos_are_a_pair_and_what_is_not_there_is_wrong_usage(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg", "c/d.jpg")
    pairs, alone = pair_up(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert (pairs[0].name, alone) == ("a.jpg", [])
    for other in ("none", "c"):
        with pytest.raises(UsageError):
            pair_up(tmp_path / "a.jpg", tmp_path / other)
    assert list(photos_below(tmp_path / "a.jpg")) == ["a.jpg"]
