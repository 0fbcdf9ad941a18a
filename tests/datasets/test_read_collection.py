"""Which set a folder holds, and that the studio's list knows it too."""

import pytest

from faceedit.datasets import KdefPhoto, read_collection, recognise
from faceedit.errors import UsageError
from faceedit.studio.sources import list_photos

SETS = {
    "rafd": ("Rafd090_01_Caucasian_female_happy_frontal.jpg", "rafd-01", "happy"),
    "kdef": ("KDEF/AF01/AF01SUS.JPG", "kdef-F01", "surprised"),
    "multipie": (
        "data/session03/multiview/042/03/05_1/042_03_03_051_07.png", "multipie-042", "disgusted",
    ),
    "cfee": ("CFEE_Database_230/05-08/Images2/05_140_5449.jpg", "cfee-140", "angry"),
}  # fmt: skip


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_known_by_its_names(tmp_path, name):
    file, person, expression = SETS[name]
    touch(tmp_path, file, "readme.txt")
    assert recognise(tmp_path) == name
    lines = []
    (photo,) = read_collection(tmp_path, tell=lines.append)
    assert (photo.source, photo.person, photo.expression) == (name, person, expression)
    assert photo.path == tmp_path / file
    assert lines[-1] == f"{name}: 1 photos of 1 people"
    assert list_photos(tmp_path) == [photo]


def test_celeba_is_known_by_its_table(tmp_path):
    (tmp_path / "Anno").mkdir()
    (tmp_path / "Anno/list_attr_celeba.txt").write_text("0\n\n")
    assert recognise(tmp_path) == "celeba"
    with pytest.raises(UsageError, match="img_align_celeba"):
        read_collection(tmp_path)


def test_a_stray_file_says_nothing_of_the_rest(tmp_path):
    touch(tmp_path, "AF01ANS.JPG", "ann/happy.jpg", "ann/neutral.jpg")
    assert recognise(tmp_path) is None
    assert [p.person for p in read_collection(tmp_path)] == ["ann", "ann"]


def test_the_projects_own_table_comes_first(tmp_path):
    touch(tmp_path, "AF01ANS.JPG")
    table = tmp_path / "faces.csv"
    table.write_text("file,person,expression\nAF01ANS.JPG,ann,sad\n")
    for place in (tmp_path, table):
        (photo,) = read_collection(place)
        assert (photo.person, photo.expression) == ("ann", "sad")
        assert not isinstance(photo, KdefPhoto)


def test_nothing_known_names_what_is_known(tmp_path):
    touch(tmp_path, "a.jpg")
    with pytest.raises(UsageError, match=r"person/expression folders, nor .*celeba.*cfee"):
        read_collection(tmp_path)
    with pytest.raises(UsageError, match="no training data"):
        read_collection(tmp_path / "none")


def test_a_set_without_what_was_asked_for_is_no_heap_of_photos(tmp_path):
    touch(tmp_path, "AF01ANFL.JPG", "AF01ANFR.JPG")
    with pytest.raises(UsageError, match="angle S"):
        list_photos(tmp_path)
