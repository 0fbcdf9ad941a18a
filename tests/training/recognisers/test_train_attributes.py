import numpy as np
import pytest
import torch
from toy_faces import toy_table

from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.recognisers.looks import head
from faceedit.targets import ATTRIBUTES
from faceedit.training.recognisers.attributes import colour, rarity_of
from faceedit.training.recognisers.examine_appearance import Seen
from faceedit.training.recognisers.examine_groups import groups_report, lowest, only_said
from faceedit.training.recognisers.looks_people import groups_of, of_split, read_people, with_looks

COLUMNS = (
    "person,split,skin,drawn_back,sex,age,hair,hat,eyeglasses,bald,bangs,bushy_eyebrows,beard,"
    "moustache,pale_skin,mouth_neutral,mouth_happy"
)


def test_looks_of_people_fill_tables_and_part_them(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(f"{COLUMNS}\nperson 1,val,dark,1,f,young,black,0,0,0,0,0,0,0,0,,\n")
    people = read_people(file)
    table = toy_table(12)
    faces = with_looks(table, people)
    own = faces.people == "person 1"
    np.testing.assert_array_equal(faces.attributes[~own], table.attributes[~own])
    looks = dict(zip(ATTRIBUTES, faces.attributes[own][0], strict=True))
    assert (looks["male"], looks["bald"], looks["black_hair"], looks["young"]) == (0, 0, 1, 1)
    assert (of_split(faces, people, "val") == (own | table.validation)).all()
    groups = groups_of(faces, people)
    assert (groups["skin"] == np.where(own, "dark", "")).all()
    assert {groups[kind][own][0] for kind in ("sex", "hair", "drawn back")} == {
        "female", "black", "yes",
    }  # fmt: skip


def test_nobody_is_in_two_splits():
    people = read_people()
    assert {row["split"] for row in people.values()} == {"train", "calibration", "val"}
    assert {row["skin"] for row in people.values()} <= {"", "light", "medium", "dark"}


def judged(n: int = 80):
    """Faces of whom the second half, a group, is told wrongly and unsurely half of the time."""
    faces = toy_table(n, people=n)
    faces.attributes[:] = (np.arange(n) % 2)[:, None]
    logits = np.where(faces.attributes == 1, 3.0, -3.0).astype(np.float32)
    logits[n // 2 :: 4] = 0.1
    empty = np.zeros((n, 12))
    return faces, Seen(logits, np.zeros((n, 20)), np.zeros((n, 3)), empty, empty)


def test_a_group_that_is_told_worse_is_found_and_what_is_unsure_is_not_counted():
    faces, seen = judged()
    names = {"skin": np.repeat(["light", "dark"], 40)}
    report = groups_report(seen, faces, names, 20)
    assert report["skin: dark"]["male"]["right"] == [20, 10]
    assert report["skin: dark"]["male"]["balanced accuracy"][0] == 0.75
    name, below = next(iter(lowest(report).items()))
    assert name.startswith("skin: dark") and below == pytest.approx(-0.125)
    network = AppearanceRecogniser().eval()
    said = groups_report(seen, only_said(network, seen, faces), names, 20)
    assert said["skin: dark"]["male"] == {"faces": [20, 10], "right": [20, 10]}


def test_rarity_is_bounded():
    assert np.abs(rarity_of(toy_table(64, people=64))).max() < 1.4


def test_whitened_layers_take_traits_as_they_are():
    torch.manual_seed(0)
    layers = head(5, 4, 3, 0.0).eval()
    traits, mean, deviation = torch.randn(8, 5), torch.randn(5), torch.rand(5) + 0.5
    before = layers((traits - mean) / deviation)
    colour(layers, mean, deviation)
    torch.testing.assert_close(layers(traits), before)
