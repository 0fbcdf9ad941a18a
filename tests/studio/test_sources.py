"""Which photos there are, what they are called, and where their landmarks come from."""

import numpy as np
import pytest
from PIL import Image

from faceedit.errors import FaceEditError, UsageError
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos, photo_name


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path)


@pytest.fixture
def folder(tmp_path):
    for name in ("spring/a.png", "autumn/a.png", "b.png"):
        picture(tmp_path / "photos" / name)
    return tmp_path / "photos"


def test_photos_without_labels_are_people_of_their_own(folder):
    photos = list_photos(folder)
    assert [p.person for p in photos] == ["autumn/a.png", "b.png", "spring/a.png"]
    assert {p.split for p in photos} == {"train"}


def test_the_folder_one_is_in_has_photos_too(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "here.csv").write_text("file,person,expression\nb.png,ann,happy\n")
    for here in (".", "../photos", "./"):
        (photo,) = list_photos(type(folder)(here))
        assert photo.person == "ann"
        assert photo_name(photo.path, type(folder)(here)) == "b.png"


def test_a_table_beside_or_inside_gives_the_same_names(folder):
    row = "file,person,expression\nspring/a.png,ann,happy\n"
    folder.with_name("photos.csv").write_text(row)
    for place in (folder, folder.with_name("photos.csv")):
        (photo,) = list_photos(place)
        assert photo_name(photo.path, place) == "spring/a.png"


def test_a_broken_table_is_not_passed_over(folder):
    (folder / "labels.csv").write_text("file,person,expression,strength\nb.png,ann,happy,9\n")
    with pytest.raises(UsageError, match="strength"):
        list_photos(folder)


def test_a_table_of_other_things_is(folder):
    (folder / "prices.csv").write_text("item,price\nframe,9\n")
    assert len(list_photos(folder)) == 3


def test_found_landmarks_are_kept_until_the_photo_changes(folder, tmp_path, monkeypatch):
    asked = []

    class Finder:
        def find(self, pixels):
            asked.append(pixels.shape)
            face = type("Face", (), {"landmarks": np.full((478, 3), len(asked))})
            return [face] if pixels.shape[0] == 8 else []

    monkeypatch.setattr("faceedit.faces.find.build.build_finder", lambda *_, **__: Finder())
    cache = tmp_path / "new" / "faces.npz"
    photos = list_photos(folder)
    found, lost = find_sources(photos, folder, cache, lambda _: None)
    assert [s.name for s in found] == ["autumn/a.png", "b.png", "spring/a.png"]
    assert len(asked) == 3 and not lost
    again, _ = find_sources(photos, folder, cache, lambda _: None)
    assert len(asked) == 3
    np.testing.assert_array_equal(again[1].landmarks, found[1].landmarks)
    Image.new("RGB", (9, 9)).save(folder / "b.png")
    found, lost = find_sources(photos, folder, cache, lambda _: None)
    assert len(asked) == 4
    assert lost == {"b.png": "no face found"}
    (folder / "autumn" / "a.png").write_bytes(b"no picture")
    (folder / "spring" / "a.png").unlink()
    with pytest.raises(FaceEditError, match=r"none of 3 .*autumn/a.png"):
        find_sources(photos, folder, None, lambda _: None)


def test_a_source_has_a_name(folder):
    photo = list_photos(folder)[0]
    assert SourcePhoto(photo, np.zeros((478, 3))).name == "a.png"
