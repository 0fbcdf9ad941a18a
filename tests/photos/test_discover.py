import os
from pathlib import Path

import pytest

from faceedit.errors import PlanError, UsageError
from faceedit.photos import discover, plan


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of photos, and the folder above it as the current one."""
    names = ["b.jpg", "a.PNG", "notes.txt", ".hidden.jpg", "sub/c.tif", "sub/deep/d.webp"]
    names += [".cache/e.jpg", "@eaDir/f.jpg", "sub/._c.tif"]
    for name in names:
        make(tmp_path / "photos" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def pairs(*args, **options):
    return [(str(job.source), str(job.target)) for job in plan(*args, **options)]


def targets(*args, **options):
    return [str(job.target) for job in plan(*args, **options)]


def test_a_folder_gets_a_sibling_with_the_same_tree(folder):
    expected = [
        ("photos/a.PNG", "photos-edited/a.PNG"),
        ("photos/b.jpg", "photos-edited/b.jpg"),
        ("photos/sub/c.tif", "photos-edited/sub/c.tif"),
        ("photos/sub/deep/d.webp", "photos-edited/sub/deep/d.webp"),
    ]
    assert pairs(["photos/"]) == expected
    assert pairs(["photos"], recursive=False) == expected[:2]


def test_the_current_folder_and_its_parent(folder, monkeypatch):
    monkeypatch.chdir(folder / "photos")
    assert targets(["."], recursive=False)[0] == str(folder / "photos-edited" / "a.PNG")
    monkeypatch.chdir(folder / "photos" / "sub")
    assert targets([".."], recursive=False)[0] == str(folder / "photos-edited" / "a.PNG")


def test_a_file_gets_a_neighbour(folder):
    assert targets(["photos/b.jpg"]) == ["photos/b-edited.jpg"]
    assert targets(["photos/.hidden.jpg"]) == ["photos/.hidden-edited.jpg"]
    assert targets(["photos/b.jpg"], format="png") == ["photos/b-edited.png"]
    assert targets(["photos/a.PNG"], format="png") == ["photos/a-edited.PNG"]


def test_an_output_folder(folder):
    assert targets(["photos"], "out") == [
        "out/a.PNG",
        "out/b.jpg",
        "out/sub/c.tif",
        "out/sub/deep/d.webp",
    ]
    make(folder / "portrait.png")
    assert targets(["photos/sub", "portrait.png"], "out") == [
        "out/c.tif",
        "out/deep/d.webp",
        "out/portrait.png",
    ]
    assert targets(["portrait.png"], "out", format="jpg") == ["out/portrait.jpg"]


def test_several_folders_keep_their_names(folder):
    make(folder / "monday/photos/x.jpg")
    make(folder / "tuesday/photos/x.jpg")
    assert targets(["monday/photos", "tuesday/photos"], "out") == [
        "out/monday/photos/x.jpg",
        "out/tuesday/photos/x.jpg",
    ]
    assert targets(["monday/photos", "tuesday/photos"]) == [
        "monday/photos-edited/x.jpg",
        "tuesday/photos-edited/x.jpg",
    ]


def test_one_file_to_one_file(folder):
    assert targets(["photos/b.jpg"], "smile.jpg") == ["smile.jpg"]
    assert targets(["photos/b.jpg"], "smile.png") == ["smile.png"]
    (folder / "smile.tif").mkdir()
    assert targets(["photos/b.jpg"], "smile.tif") == ["smile.tif/b.jpg"]
    assert targets(["photos/b.jpg"], "smile.bmp/") == ["smile.bmp/b.jpg"]
    for inputs in (["photos"], ["photos/b.jpg", "photos/a.PNG"], ["photos/*.jpg"]):
        with pytest.raises(UsageError, match="names one file"):
            plan(inputs, "smile.jpg")
    with pytest.raises(UsageError, match="format"):
        plan(["photos/b.jpg"], "smile.jpg", format="png")
    make(folder / "plain")
    with pytest.raises(UsageError, match="is a file"):
        plan(["photos"], "plain")


def test_patterns(folder):
    assert pairs(["photos/*.jpg"]) == [("photos/b.jpg", "photos/b-edited.jpg")]
    assert targets(["photos/**/*.*"], "out") == [
        "out/a.PNG",
        "out/b.jpg",
        "out/sub/c.tif",
        "out/sub/deep/d.webp",
    ]
    assert targets(["pho*"])[0] == "photos-edited/a.PNG"
    assert plan(["photos/*.txt"]) == []
    with pytest.raises(UsageError, match="nothing matches"):
        plan(["photos/*.avif"])


def test_a_name_with_pattern_signs_is_a_name(folder):
    make(folder / "x[1].jpg")
    make(folder / "x1.jpg")
    assert targets(["x[1].jpg"]) == ["x[1]-edited.jpg"]


def test_wrong_inputs(folder):
    for inputs, reason in (
        ([], "no inputs"),
        (["nowhere"], "nowhere: no such file"),
        (["photos/notes.txt"], r"notes\.txt: not a kind of photo"),
        ([""], "empty"),
        (["x" * 300 + ".jpg"], "no such file"),
    ):
        with pytest.raises(UsageError, match=reason):
            plan(inputs)
    with pytest.raises(UsageError, match="gif"):
        plan(["photos"], format="gif")


def test_two_inputs_for_one_output(folder):
    make(folder / "photos/a.jpg")
    with pytest.raises(PlanError, match=r"a\.PNG and photos/a\.jpg would both"):
        plan(["photos"], format="jpg")
    make(folder / "other/b.jpg")
    with pytest.raises(PlanError, match="would both"):
        plan(["photos/b.jpg", "other/b.jpg"], "out")


def test_one_input_named_twice_is_done_once(folder):
    assert targets(["photos/b.jpg", "photos", "./photos/sub/../b.jpg"], "out", recursive=False) == [
        "out/b.jpg",
        "out/a.PNG",
    ]
    assert len(plan(["photos", "photos/sub"])) == 4


def test_an_output_that_is_an_input(folder):
    with pytest.raises(PlanError, match="is an input"):
        plan(["photos"], "photos")
    make(folder / "photos/b-edited.jpg")
    with pytest.raises(PlanError, match="is an input"):
        plan(["photos/b.jpg", "photos/b-edited.jpg"])
    (folder / "out").symlink_to(folder / "photos")
    with pytest.raises(PlanError, match="is an input"):
        plan(["photos/b.jpg"], "out")
    (folder / "third").mkdir()
    (folder / "third/b.jpg").symlink_to(folder / "photos/b.jpg")
    with pytest.raises(PlanError, match="is an input"):
        plan(["photos/b.jpg"], "third")
    make(folder / "photos-edited/b.jpg")
    with pytest.raises(PlanError, match="is an input"):
        plan(["photos", "photos-edited"])


def test_a_folder_where_a_file_should_go(folder):
    (folder / "out/b.jpg").mkdir(parents=True)
    with pytest.raises(PlanError, match="folder"):
        plan(["photos/b.jpg"], "out")


def test_file_systems_that_ignore_case(folder, monkeypatch):
    make(folder / "photos/B.jpg")
    assert len(plan(["photos"])) == 5
    monkeypatch.setattr(discover, "_ignores_case", lambda place: True)
    with pytest.raises(PlanError, match="would both"):
        plan(["photos"])


def test_case_is_probed_with_names_that_exist(folder, monkeypatch):
    assert not discover._ignores_case(folder / "photos" / "new")
    monkeypatch.setattr(os.path, "lexists", lambda path: True)
    assert discover._ignores_case(folder / "photos" / "new")


def test_earlier_outputs_are_no_inputs(folder):
    make(folder / "photos/out/b.jpg")
    assert len(plan(["photos"], "photos/out")) == 4
    assert len(plan(["photos/**/*.jpg"], "photos/out")) == 1
    assert len(plan(["photos"])) == 5


def test_links_and_loops(folder):
    (folder / "photos/loop").symlink_to(folder / "photos")
    (folder / "photos/sub/up").symlink_to(folder)
    make(folder / "elsewhere/z.jpg")
    (folder / "photos/a-link").symlink_to(folder / "elsewhere")
    (folder / "photos/gone.jpg").symlink_to(folder / "nowhere.jpg")
    (folder / "photos/self.jpg").symlink_to("self.jpg")
    found = targets(["photos"], "out")
    assert found.pop() == "out/sub/deep/d.webp"
    assert targets(["photos/*.jpg"], "out") == ["out/b.jpg", "out/gone.jpg", "out/self.jpg"]
    (folder / "photos/self.jpg").unlink()
    found = targets(["photos"])
    assert "photos-edited/a-link/z.jpg" in found
    assert "photos-edited/gone.jpg" in found
    assert "photos-edited/sub/c.tif" in found
    assert len(found) == 6
    assert len(plan(["photos/**/*.tif"])) == 1


def test_unlistable_folders(folder, monkeypatch):
    real = os.scandir

    def scandir(path):
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(UsageError, match="deep: cannot be listed: Permission denied"):
        plan(["photos"])
    told = []
    assert len(plan(["photos"], on_unlistable=lambda *what: told.append(what))) == 3
    assert told == [(Path("photos/sub/deep"), "cannot be listed: Permission denied")]


@pytest.mark.parametrize(
    "name", ["-x.jpg", "two\nlines.jpg", "x" * 251 + ".jpg", "ü" * 125 + ".jpg"]
)
def test_odd_names(folder, name):
    make(folder / name)
    (target,) = (job.target for job in plan([name]))
    assert len(os.fsencode(target.name)) <= 255
    assert target.name.endswith("-edited.jpg")
    (target,) = (job.target for job in plan([name], "out", format="webp"))
    assert len(os.fsencode(target.name)) <= 255
    assert target.suffix == ".webp"


def test_many_files_are_planned_quickly(tmp_path):
    for number in range(2000):
        (tmp_path / f"{number:05}.jpg").touch()
    jobs = plan([tmp_path])
    assert [job.source.name for job in jobs] == sorted(job.source.name for job in jobs)
