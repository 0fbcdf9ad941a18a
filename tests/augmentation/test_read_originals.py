"""Collections as people keep them."""

import pytest

from faceedit.augmentation.read import read_originals
from faceedit.errors import UsageError


@pytest.fixture
def touch(tmp_path):
    """Make empty files: ``touch("happy/a.jpg", ...) -> folder``."""

    def make(*names):
        for name in names:
            path = tmp_path / "faces" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "faces"

    return make


def told(collection):
    return {
        one.place: (one.label, one.expression, one.split, one.class_part)
        for one in collection.originals
    }


def test_a_folder_for_each_class(touch):
    said = []
    folder = touch("Happiness/a.jpg", "neutral/sub/b.PNG", "other/c.jpg", "loose.jpg", "notes.txt")
    collection = read_originals(folder, said.append)
    assert told(collection) == {
        "Happiness/a.jpg": ("Happiness", "happy", "", 0),
        "neutral/sub/b.PNG": ("neutral", "neutral", "", 0),
        "other/c.jpg": ("other", "", "", 0),
    }
    # Nobody says who these people are.
    assert [one.person for one in collection.originals] == [*told(collection)]
    assert collection.spelled("happy") == ("Happiness", "Happiness")
    assert said == ["1 photos lie in no folder of a class and are left out"]


def test_splits_and_in_them_classes(touch):
    folder = touch("train/happy/a.jpg", "train/sad/b.jpg", "Test/happy/c.jpg")
    assert told(read_originals(folder)) == {
        "Test/happy/c.jpg": ("happy", "happy", "Test", 1),
        "train/happy/a.jpg": ("happy", "happy", "train", 1),
        "train/sad/b.jpg": ("sad", "sad", "train", 1),
    }


def test_people_and_in_them_expressions(touch):
    collection = read_originals(touch("ann/happy.jpg", "ann/neutral/1.jpg", "bob/sad/1.jpg"))
    assert {one.place: (one.person, one.class_part) for one in collection.originals} == {
        "ann/happy.jpg": ("ann", None),
        "ann/neutral/1.jpg": ("ann", 1),
        "bob/sad/1.jpg": ("bob", 1),
    }


def test_classes_that_are_no_expressions(touch):
    assert told(read_originals(touch("cats/a.jpg", "dogs/b.jpg"))) == {
        "cats/a.jpg": ("cats", "", "", 0),
        "dogs/b.jpg": ("dogs", "", "", 0),
    }


def test_a_public_set(touch):
    folder = touch(
        "Rafd090_01_Caucasian_female_happy_frontal.jpg",
        "Rafd090_01_Caucasian_female_fearful_frontal.jpg",
        "Rafd045_01_Caucasian_female_sad_frontal.jpg",
    )
    said = []
    collection = read_originals(folder, said.append)
    assert [(one.expression, one.person) for one in collection.originals] == [
        ("afraid", "rafd-01"),
        ("happy", "rafd-01"),
    ]
    assert collection.originals[0].columns["camera"] == "90"
    assert collection.originals[0].columns["sex"] == "female"
    assert collection.originals[0].columns["eyeglasses"] == "0"
    assert said == ["rafd: 2 photos of 1 people; left out: 1 not asked for"]


TABLE = """file,person,label,split,age
train/happy/a.jpg,ann,Joy,train,31
train/b.jpg,ann,,train,
val/c.jpg,,sad,val,7
gone.jpg,eve,sad,val,7
"""


@pytest.mark.parametrize("named", ["folder", "table"])
def test_a_table(touch, named):
    folder = touch("train/happy/a.jpg", "train/b.jpg", "val/c.jpg", "more/d.jpg")
    (folder / "about.csv").write_text("name,colour\n")
    (folder / "faces.csv").write_text(TABLE)
    collection = read_originals(folder if named == "folder" else folder / "faces.csv")
    assert told(collection) == {
        "train/b.jpg": ("", "", "train", None),
        "train/happy/a.jpg": ("Joy", "happy", "train", 1),
        "val/c.jpg": ("sad", "sad", "val", None),
    }
    assert [one.person for one in collection.originals] == ["ann", "ann", "val/c.jpg"]
    assert [one.columns["age"] for one in collection.originals] == ["", "31", "7"]
    assert collection.columns == ("age",)
    assert collection.missing == (folder / "gone.jpg",)
    assert collection.is_folder == (named == "folder")


def test_a_table_of_files_elsewhere(touch, tmp_path):
    folder = touch("one/a.jpg", "two/b.jpg")
    table = tmp_path / "lists" / "faces.csv"
    table.parent.mkdir()
    table.write_text(f"file,expression\n{folder / 'one' / 'a.jpg'},happy\n../faces/two/b.jpg,sad\n")
    assert [one.place for one in read_originals(table).originals] == ["one/a.jpg", "two/b.jpg"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,label\na.jpg,happy\n", "faces.csv: no column file"),
        ("file,person\na.jpg,ann\n", "faces.csv: no column label or expression"),
        ("file,label\n", "faces.csv: lists no photos"),
        ("file,label\n,happy\n", "line 2: no file has the name ''"),
        ("file,label\na.jpg,happy\n./a.jpg,sad\n", "line 3: ./a.jpg is listed twice"),
        ("file,label\nb.jpg,happy\n", "none of its 1 files is there"),
        (f"file,label\n{'b' * 300}.jpg,happy\n", "none of its 1 files is there"),
        (
            "file,label,person,split\na.jpg,happy,ann,train\nc.jpg,sad,ann,val\n",
            r"person ann is in two splits: train \(a.jpg\) and val \(c.jpg\)",
        ),
    ],
)
def test_tables_that_make_no_sense(touch, text, message):
    folder = touch("a.jpg", "c.jpg")
    (folder / "faces.csv").write_text(text)
    with pytest.raises(UsageError, match=message):
        read_originals(folder / "faces.csv")


def test_nothing_that_is_labelled(touch, tmp_path):
    with pytest.raises(UsageError, match="no such file or folder"):
        read_originals(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="holds no labelled photos; looked for a CSV"):
        read_originals(touch("a.jpg"))
