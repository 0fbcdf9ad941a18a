import os

import pytest

from faceedit.datasets.labelled import read_labelled
from faceedit.errors import UsageError


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_with_all_columns(tmp_path):
    table = write(
        tmp_path / "faces.csv",
        "file,person,expression,split,strength,eyeglasses,source\n"
        "a.jpg,ann,happy,val,2,1,london\n"
        "b.jpg,bob,confused,train,,0,\n",
    )
    first, second = read_labelled(table)
    assert (first.path, first.person) == (tmp_path / "a.jpg", "ann")
    assert (first.expression, first.strength, first.split) == ("happy", 2, "val")
    assert first.eyeglasses
    assert first.source == "london"
    assert (second.expression, second.strength, second.eyeglasses) == ("", -1, False)


def test_files_lie_beside_the_table_or_in_a_folder_of_its_name(tmp_path):
    table = write(tmp_path / "faces.csv", "file,person,expression\na.jpg,ann,happy\n")
    assert read_labelled(table)[0].path == tmp_path / "a.jpg"
    (tmp_path / "faces").mkdir()
    assert read_labelled(table)[0].path == tmp_path / "faces" / "a.jpg"


def test_a_folder_with_such_a_table(tmp_path):
    write(tmp_path / "a-prices.csv", "item,price\n")
    write(tmp_path / "b-empty.csv", "")
    write(tmp_path / "faces.csv", "file,person,expression\na.jpg,ann,happy\n")
    assert len(read_labelled(tmp_path)) == 1


def test_folders_of_people_and_expressions(tmp_path):
    touch(
        tmp_path,
        "ann/happy.jpg",
        "ann/neutral/1.PNG",
        "ann/neutral/2.png",
        "bob/Surprised/x.webp",
        "bob/notes.txt",
        "bob/portrait.jpg",
        "stray.jpg",
    )
    found = {(p.person, p.expression, p.path.name) for p in read_labelled(tmp_path)}
    assert found == {
        ("ann", "happy", "happy.jpg"),
        ("ann", "neutral", "1.PNG"),
        ("ann", "neutral", "2.png"),
        ("bob", "surprised", "x.webp"),
    }


def test_without_a_split_every_tenth_person_is_kept_back_whole(tmp_path):
    people = [f"p{i:02}" for i in range(25)]
    touch(tmp_path, *(f"{p}/{e}.jpg" for p in people for e in ("happy", "neutral")))
    photos = read_labelled(tmp_path)
    split = {p.person: p.split for p in photos}
    assert [p for p in people if split[p] == "val"] == ["p09", "p19"]
    assert all(p.split == split[p.person] for p in photos)


@pytest.mark.parametrize("content", ["file,person\na,b\n", "", "file;person;expression\n"])
def test_a_table_without_the_columns_is_named(tmp_path, content):
    with pytest.raises(UsageError, match=r"faces\.csv"):
        read_labelled(write(tmp_path / "faces.csv", content))


def test_a_table_that_a_spreadsheet_wrote(tmp_path):
    table = tmp_path / "faces.csv"
    table.write_text("file,person,expression\na.jpg,ann,happy\n", encoding="utf-8-sig")
    assert read_labelled(table)[0].person == "ann"
    assert read_labelled(tmp_path)[0].person == "ann"


def test_hats_are_known_where_the_table_says_so(tmp_path):
    content = "file,person,expression,hat\na.jpg,ann,happy,1\nb.jpg,ann,happy,\nc.jpg,ann,sad,0\n"
    photos = read_labelled(write(tmp_path / "faces.csv", content))
    assert [photo.hat for photo in photos] == [True, False, False]


@pytest.mark.parametrize(
    "row", ["a.jpg,ann,happy,very", "a.jpg,ann,happy", ",ann,happy,1", "a.jpg,,happy,1"]
)
def test_a_bad_row_is_named_or_read(tmp_path, row):
    table = write(tmp_path / "faces.csv", f"file,person,expression,strength\n{row}\n")
    if row.count(",") == 2:
        assert read_labelled(table)[0].strength == -1
        return
    with pytest.raises(UsageError, match="line 2"):
        read_labelled(table)


def test_nothing_there(tmp_path):
    with pytest.raises(UsageError, match="no training data"):
        read_labelled(tmp_path / "none")
    with pytest.raises(UsageError, match="person/expression"):
        read_labelled(tmp_path)


def test_the_projects_own_table(data_folder):
    photos = read_labelled(data_folder / "portraits.csv")
    assert len(photos) == 1609
    assert all(p.path.is_file() for p in photos)
    splits = {}
    for photo in photos:
        splits.setdefault(photo.person, set()).add(photo.split)
    assert all(len(found) == 1 for found in splits.values())
    assert read_labelled(data_folder) == photos


@pytest.mark.parametrize(
    "content",
    [
        b"file,person,expression\n" + b"a" * 200_000 + b",ann,happy\n",
        b"file,person,expression\na.jpg,\xff\xfe,happy\n",
        b"file,person,expression\na\0.jpg,ann,happy\n",
        b"\xff\xfef\0i\0l\0e\0",
    ],
    ids=["long", "no text", "NUL", "UTF-16"],
)
def test_a_table_that_cannot_be_read_is_named(tmp_path, content):
    table = tmp_path / "faces.csv"
    table.write_bytes(content)
    with pytest.raises(UsageError, match=r"faces\.csv"):
        read_labelled(table)


def test_other_files_that_are_called_tables_are_passed_over(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    (tmp_path / "b.csv").symlink_to("/dev/zero")
    (tmp_path / "c.csv").write_bytes(b"\xff" * 100)
    write(tmp_path / "d.csv", "file,person,expression\na.jpg,ann,happy\n")
    assert [photo.person for photo in read_labelled(tmp_path)] == ["ann"]
    with pytest.raises(UsageError, match=r"no training data at .*a\.csv"):
        read_labelled(tmp_path / "a.csv")
