"""CelebA: its three tables, in the three ways that people have them on disk."""

import pytest

from faceedit.datasets.celeba import find_celeba, read_celeba
from faceedit.errors import UsageError
from faceedit.targets import ATTRIBUTES

NAMES = [
    "5_o_Clock_Shadow",
    "Arched_Eyebrows",
    "Attractive",
    "Bags_Under_Eyes",
    "Bald",
    "Bangs",
    "Big_Lips",
    "Big_Nose",
    "Black_Hair",
    "Blond_Hair",
    "Blurry",
    "Brown_Hair",
    "Bushy_Eyebrows",
    "Chubby",
    "Double_Chin",
    "Eyeglasses",
    "Goatee",
    "Gray_Hair",
    "Heavy_Makeup",
    "High_Cheekbones",
    "Male",
    "Mouth_Slightly_Open",
    "Mustache",
    "Narrow_Eyes",
    "No_Beard",
    "Oval_Face",
    "Pale_Skin",
    "Pointy_Nose",
    "Receding_Hairline",
    "Rosy_Cheeks",
    "Sideburns",
    "Smiling",
    "Straight_Hair",
    "Wavy_Hair",
    "Wearing_Earrings",
    "Wearing_Hat",
    "Wearing_Lipstick",
    "Wearing_Necklace",
    "Wearing_Necktie",
    "Young",
]
PHOTOS = {
    "000001": {"Smiling", "No_Beard", "Young", "Brown_Hair"},
    "000002": {"Male", "Eyeglasses", "Mustache"},
    "000003": {"No_Beard", "Wearing_Hat"},
}
PEOPLE = {"000001": 2880, "000002": 2937, "000003": 2937}
PARTITION = {"000001": 0, "000002": 1, "000003": 2}


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def touch(folder, ending=".jpg"):
    folder.mkdir(parents=True)
    for name in PHOTOS:
        (folder / f"{name}{ending}").touch()


def values(name):
    return ["1" if attribute in PHOTOS[name] else "-1" for attribute in NAMES]


@pytest.fixture
def packed(tmp_path):
    """As the authors pack it."""
    rows = [f"{name}.jpg  {' '.join(values(name))}" for name in PHOTOS]
    write(tmp_path / "Anno/list_attr_celeba.txt", ["3", " ".join(NAMES), *rows])
    write(tmp_path / "Anno/identity_CelebA.txt", [f"{n}.jpg {p}" for n, p in PEOPLE.items()])
    write(tmp_path / "Eval/list_eval_partition.txt", [f"{n}.jpg {p}" for n, p in PARTITION.items()])
    touch(tmp_path / "Img/img_align_celeba")
    return tmp_path


@pytest.fixture
def kaggle(tmp_path):
    """CSVs, no people, pictures one folder too deep."""
    rows = [",".join([f"{name}.jpg", *values(name)]) for name in PHOTOS]
    write(tmp_path / "list_attr_celeba.csv", [",".join(["image_id", *NAMES]), *rows])
    write(
        tmp_path / "list_eval_partition.csv",
        ["image_id,partition", *(f"{n}.jpg,{p}" for n, p in PARTITION.items())],
    )
    touch(tmp_path / "img_align_celeba/img_align_celeba")
    return tmp_path


def test_as_its_authors_pack_it(packed):
    lines = []
    first, second = read_celeba(packed, tell=lines.append)
    assert first.path == packed / "Img/img_align_celeba/000001.jpg"
    assert (first.person, first.split, first.expression) == ("celeba-2880", "train", "happy")
    assert (second.person, second.split, second.expression) == ("celeba-2937", "val", "")
    assert (first.eyeglasses, second.eyeglasses) == (False, True)
    assert lines == ["celeba: 2 photos of 2 people; left out: 1 in the test partition"]


def test_attributes_are_the_projects_own(packed):
    first, second, third = read_celeba(packed, test=True)
    assert _held(first) == {"brown_hair", "young"}
    # The opposite of No_Beard.
    assert _held(second) == {"male", "eyeglasses", "moustache", "beard"}
    assert _held(third) == set()
    assert (third.split, third.hat, second.hat) == ("val", True, False)


def _held(photo):
    return {name for name, value in zip(ATTRIBUTES, photo.attributes, strict=True) if value}


def test_as_kaggle_has_it(kaggle):
    first, second = read_celeba(kaggle)
    assert first.path.is_file()
    assert (first.person, first.split) == ("celeba-000001", "train")
    assert (second.person, second.split) == ("celeba-000002", "val")
    assert _held(second) == {"male", "eyeglasses", "moustache", "beard"}


def test_all_in_one_folder_without_people_or_partition(packed, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    (packed / "Anno").rename(root / "celeba")
    (root / "celeba/identity_CelebA.txt").unlink()
    touch(root / "celeba/img_align_celeba_png", ".png")
    photos = read_celeba(root)
    assert len({p.person for p in photos}) == 3
    assert {p.path.suffix for p in photos} == {".png"}
    assert photos == read_celeba(root)
    other = tmp_path_factory.mktemp("other") / "mine"
    touch(other)
    assert {p.path.parent for p in read_celeba(root, pictures=other)} == {other}


def test_what_does_not_fit_is_counted(packed):
    table = packed / "Anno/list_attr_celeba.txt"
    table.write_text(
        table.read_text() + "000004.jpg 1 -1\n000009.jpg " + " ".join(values("000001"))
    )
    (packed / "Img/img_align_celeba/holiday.jpg").touch()
    lines = []
    assert len(read_celeba(packed, tell=lines.append)) == 2
    assert lines[0].endswith(
        "1 in the test partition, 1 in the table but not there, 1 bad lines, 1 not in the table"
    )


def test_what_is_missing_is_named(packed, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    assert find_celeba(empty) is None
    with pytest.raises(UsageError, match="list_attr_celeba"):
        read_celeba(empty)
    pictures = packed / "Img/img_align_celeba"
    for path in pictures.iterdir():
        path.unlink()
    with pytest.raises(UsageError, match="3 in the table but not there"):
        read_celeba(packed)
    pictures.rmdir()
    with pytest.raises(UsageError, match="img_align_celeba"):
        read_celeba(packed)


@pytest.mark.parametrize(
    ("header", "message"), [("", "40 attributes"), ("Smiling Male", "no column Bald")]
)
def test_a_table_of_other_attributes_is_named(packed, header, message):
    (packed / "Anno/list_attr_celeba.txt").write_text(f"1\n{header}\n000001.jpg 1 1\n")
    with pytest.raises(UsageError, match=message):
        read_celeba(packed)
