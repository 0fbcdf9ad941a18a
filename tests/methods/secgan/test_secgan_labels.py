"""Which photos are labelled, from the project's table and from CelebA's, and what is asked."""

import csv

import numpy as np
import pytest
import torch
from PIL import Image

from faceedit.errors import UsageError
from faceedit.methods.secgan.labels import LABEL_SETS
from faceedit.methods.secgan.paper_task import PaperTask
from faceedit.methods.secgan.vector import NAMES, difference_of
from faceedit.targets import ATTRIBUTES, EXPRESSIONS, parse_target
from faceedit.training.portraits import find_portraits

LABELS = {
    "file": "a.png", "person": "ann", "expression": "happy", "split": "train", "hat": "0",
    "mouth": "1", "eyeglasses": "2", "bald": "0", "bangs": "1", "hair": "brown", "beard": "0",
    "moustache": "0", "bushy_eyebrows": "1", "pale_skin": "0", "sex": "m", "age": "old",
}  # fmt: skip


@pytest.fixture
def portraits(tmp_path, astronaut):
    """A folder with its table beside it: four photos of people, one of whom is hidden by a hat."""
    folder = tmp_path / "portraits"
    folder.mkdir()
    rows = [LABELS, {**LABELS, "file": "b.png", "person": "bob", "expression": "other"}]
    rows += [{**LABELS, "file": "c.png", "person": "cat", "hat": "1", "expression": "sad"}]
    rows += [{**LABELS, "file": "d.png", "person": "dan", "split": "val", "hair": "black"}]
    for number, row in enumerate(rows):
        Image.fromarray(astronaut[: 480 + number]).save(folder / row["file"])
    with (tmp_path / "portraits.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, LABELS)
        table.writeheader()
        table.writerows(rows)
    return folder


def there(row: np.ndarray) -> set[str]:
    return {name for name, has in zip(ATTRIBUTES, row, strict=True) if has}


def test_attributes_come_from_the_projects_table(portraits, request_for):
    told: list[str] = []
    request = request_for("paper", data=(portraits,), tell=told.append)
    found = find_portraits(request, 32, LABEL_SETS["attributes"])
    own = {"bangs", "brown_hair", "bushy_eyebrows", "eyeglasses", "male", "mouth_slightly_open"}
    assert [there(row) for row in found.labels] == [own, own, own - {"brown_hair"} | {"black_hair"}]
    assert found.validation.tolist() == [False, False, True]
    assert any("left out: 1 photos" in line for line in told)


def test_expressions_come_from_it_too(portraits, request_for):
    request = request_for("paper", data=(portraits,))
    found = find_portraits(request, 32, LABEL_SETS["expressions"])
    assert [EXPRESSIONS[row.argmax()] for row in found.labels] == ["happy", "sad", "happy"]
    assert (found.labels.sum(1) == 1).all()


def test_celebas_list_is_a_table_as_well(tmp_path, astronaut, request_for):
    columns = "Bald Bangs Black_Hair Blond_Hair Brown_Hair Bushy_Eyebrows Eyeglasses Male "
    columns += "Mouth_Slightly_Open Mustache No_Beard Pale_Skin Young Smiling Wearing_Hat"
    rows = {"000001.jpg": {"Blond_Hair", "No_Beard", "Young"}, "000002.jpg": {"Male", "Mustache"}}
    lines = [
        f"{name} {' '.join('1' if c in has else '-1' for c in columns.split())}"
        for name, has in rows.items()
    ]
    folder = tmp_path / "celeba"
    (folder / "Img" / "img_align_celeba").mkdir(parents=True)
    (folder / "Anno").mkdir()
    for number, name in enumerate(rows):
        picture = Image.fromarray(astronaut[: 480 + number])
        picture.save(folder / "Img" / "img_align_celeba" / name)
    (folder / "Anno" / "list_attr_celeba.txt").write_text("\n".join(["2", columns, *lines]))
    (folder / "Anno" / "list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 0\n")
    task = PaperTask(
        request_for(
            "paper", {"size": 32, "width": 4, "blocks": 1, "critic_width": 4}, data=(folder,)
        )
    )
    assert [there(row) for row in task._portraits.labels] == [
        {"blond_hair", "young"}, {"male", "moustache", "beard"},
    ]  # fmt: skip


def test_without_labels_there_is_nothing_to_learn(tmp_path, astronaut, request_for):
    (tmp_path / "plain").mkdir()
    Image.fromarray(astronaut).save(tmp_path / "plain" / "a.png")
    with pytest.raises(UsageError, match="no labelled photos in"):
        find_portraits(
            request_for("paper", data=(tmp_path / "plain",)), 32, LABEL_SETS["attributes"]
        )


def test_every_attribute_is_reversed_once():
    shown = (np.arange(13) % 3 == 0).astype(np.float32)
    asked = LABEL_SETS["attributes"].all_edits(shown)
    changed = asked != shown
    np.testing.assert_array_equal(changed, np.eye(13, dtype=bool))
    assert set(np.unique(asked)) == {0, 1}


@pytest.mark.parametrize("labels", ["attributes", "expressions"])
def test_sets_have_as_many_numbers_as_names(labels):
    assert LABEL_SETS[labels].width == len(NAMES[labels]) == {"a": 13, "e": 8}[labels[0]]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("attr=bangs=on,eyeglasses=off", {"attr=bangs": 1, "attr=eyeglasses": -1}),
        ("attr=hair=blond:0.5", {"attr=blond_hair": 0.5}),
        ("attr=age=old:0.6", {"attr=young": -0.6}),
        ("happy:0.5", {"happy": 0.5, "neutral": -0.5}),
        ("happy:0.5+sad:0.25", {"happy": 0.5, "sad": 0.25, "neutral": -0.75}),
        ("neutral", {"neutral": 1}),
    ],
)
def test_a_target_is_a_difference_vector(text, asked):
    labels = "attributes" if text.startswith("attr") else "expressions"
    found = difference_of(parse_target(text), labels)
    wanted = torch.tensor([asked.get(name, 0.0) for name in NAMES[labels]])
    torch.testing.assert_close(found, wanted)
