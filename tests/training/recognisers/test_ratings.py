import cv2
import numpy as np
import pytest

from faceedit.errors import UsageError
from faceedit.faces.topology import mean_shape
from faceedit.faces.types import Face
from faceedit.training.recognisers.faces import SIZE
from faceedit.training.recognisers.ratings import (
    RatedFaces,
    crop_rated,
    read_ratings,
    split_rated,
)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.png", "sub/c.png"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, 256, (90, 80, 3), np.uint8))
    return tmp_path


def write(folder, text, encoding="utf-8"):
    table = folder / "ratings.csv"
    table.write_text(text, encoding=encoding)
    return table, folder / "pictures"


def test_a_table_gives_mean_and_deviation_per_picture(folder):
    first, second = read_ratings(*write(folder, "file,mean,std\na.png,7.5,0.5\nsub/c.png,0,3\n"))
    assert (first.path, first.mean, first.deviation) == (folder / "pictures/a.png", 7.5, 0.5)
    assert (second.path.name, second.mean, second.deviation) == ("c.png", 0, 3)


def test_other_names_other_columns_and_a_byte_order_mark_do_no_harm(folder):
    text = "Sigma,method,Image,MU\n1.25,StyleGAN,b.png,6\n"
    (rating,) = read_ratings(*write(folder, text, "utf-8-sig"))
    assert (rating.path.name, rating.mean, rating.deviation) == ("b.png", 6, 1.25)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,mean\na.png,3\n", "no column std; it has file, mean"),
        ("", "no column file"),
        ("file,mean,std\n", "rates no picture"),
        ("file,mean,std\na.png,3,1\nz.png,3,1\n", "line 3: there is no picture .*z.png"),
        ("file,mean,std\na.png,11,1\n", "line 2: mean '11' is no number from 0 to 10"),
        ("file,mean,std\na.png,5,-1\n", "line 2: std '-1' is no number"),
        ("file,mean,std\na.png,good,1\n", "line 2: mean 'good'"),
        ("file,mean,std\na.png,5\n", "line 2: std None"),
        ("file,mean,std\na.png,nan,1\n", "mean 'nan'"),
        ("file,mean,std\na.png,3,1\na.png,4,1\n", "line 3: a.png is rated a second time"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_line(folder, text, message):
    with pytest.raises(UsageError, match=message):
        read_ratings(*write(folder, text))


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"no table of ratings at .*ratings\.csv"):
        read_ratings(tmp_path / "ratings.csv", tmp_path)


def face_in(pixels: np.ndarray) -> list[Face]:
    landmarks = mean_shape() * 30 + np.array([40, 35, 0], np.float32)
    return [Face(landmarks.astype(np.float32), 0.9, 0.9)]


def test_rated_faces_are_cut_out_and_others_named(folder):
    table = "file,mean,std\na.png,7,0.5\nb.png,5,1\nsub/c.png,2,1\n"
    ratings = read_ratings(*write(folder, table))
    (folder / "pictures/b.png").write_bytes(b"no picture")
    skipped = []
    answers = iter([face_in, lambda _: []])
    found = crop_rated(
        ratings, lambda pixels: next(answers)(pixels), lambda path, why: skipped.append((path, why))
    )
    assert found.pictures.shape == (1, SIZE, SIZE, 3)
    assert (found.files.tolist(), found.means.tolist()) == (["a.png"], [7.0])
    assert [path.name for path, _ in skipped] == ["b.png", "c.png"]
    assert skipped[1][1] == "no face found"


def test_pictures_without_any_face_cannot_be_learned_from(folder):
    ratings = read_ratings(*write(folder, "file,mean,std\na.png,7,0.5\n"))
    with pytest.raises(UsageError, match="none of the rated pictures"):
        crop_rated(ratings, lambda _: [], lambda path, why: None)


def test_a_fifth_of_the_faces_is_kept_for_measuring():
    n = 20
    faces = RatedFaces(
        np.zeros((n, 2, 2, 3), np.uint8),
        np.arange(n, dtype=np.float32),
        np.ones(n, np.float32),
        np.array([f"{i}.png" for i in range(n)]),
    )
    learned, kept = split_rated(faces)
    assert (len(learned), len(kept)) == (16, 4)
    assert set(learned.files) | set(kept.files) == set(faces.files)
    assert split_rated(faces)[1].files.tolist() == kept.files.tolist()
