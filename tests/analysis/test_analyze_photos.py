import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from faceedit.analysis import run
from faceedit.analysis.analyzer import FaceAnalyzer
from faceedit.analysis.run import PhotoToRead, analyze_photos
from faceedit.photos import read_photo
from faceedit.targets import ACTION_UNITS, ATTRIBUTES, EXPRESSIONS


@pytest.fixture(scope="module")
def two(astronaut):
    """A picture of two people."""
    part = astronaut[:300, 80:330]
    return np.ascontiguousarray(np.hstack([part, part[:, ::-1]]))


def test_all_that_is_read_of_a_face(astronaut_reading):
    left, top, right, bottom = astronaut_reading.face.box
    assert 160 < left < 190 < 260 < right < 290
    assert 60 < top < 100 < 170 < bottom < 200
    assert max(map(abs, vars(astronaut_reading.pose).values())) < 8
    assert 1 < astronaut_reading.sharpness.edge_width < 4
    assert astronaut_reading.expression.probabilities.shape == (len(EXPRESSIONS),)
    assert astronaut_reading.units.shape == (len(ACTION_UNITS),)
    assert astronaut_reading.appearance.attributes.shape == (len(ATTRIBUTES),)
    assert 0 <= astronaut_reading.naturalness <= 10
    assert np.linalg.norm(astronaut_reading.identity.vector) == pytest.approx(1, abs=1e-4)


def test_depth_grey_and_orientation_change_nothing_but_rounding(
    analyzer, astronaut, astronaut_reading, tmp_path
):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(astronaut)).save(tmp_path / "lying.png", exif=exif)
    cv2.imwrite(str(tmp_path / "deep.png"), astronaut[..., ::-1].astype(np.uint16) * 257)
    Image.fromarray(astronaut).convert("L").save(tmp_path / "grey.png")
    photos = [PhotoToRead(tmp_path / f"{name}.png") for name in ("lying", "deep", "grey")]
    lying, deep, grey = analyze_photos(photos, analyzer)
    assert (lying.width, lying.height) == (512, 512)
    for photo in (lying, deep):
        np.testing.assert_allclose(photo.faces[0].face.box, astronaut_reading.face.box, atol=0.01)
        np.testing.assert_allclose(
            photo.faces[0].expression.probabilities,
            astronaut_reading.expression.probabilities,
            atol=1e-4,
        )
    np.testing.assert_allclose(grey.faces[0].face.box, astronaut_reading.face.box, atol=4)
    assert grey.faces[0].sharpness.edge_width == pytest.approx(
        astronaut_reading.sharpness.edge_width, rel=0.1
    )


def test_faces_of_several_photos_share_batches(analyzer, two, astronaut, tmp_path, monkeypatch):
    Image.fromarray(two).save(tmp_path / "two.png")
    Image.fromarray(astronaut).save(tmp_path / "one.png")
    Image.new("RGB", (64, 48)).save(tmp_path / "none.png")
    names = ["none", "two", "one", "two", "none"]
    monkeypatch.setattr(run, "BATCH", 3)
    calls = []

    class Counting(FaceAnalyzer):
        def read(self, found):
            calls.append(len(found))
            return super().read(found)

    counting = Counting(analyzer.finder, analyzer.recognisers)
    photos = [PhotoToRead(tmp_path / f"{name}.png") for name in names]
    photos = list(analyze_photos(photos, counting))
    assert [photo.source.stem for photo in photos] == names
    assert [len(photo.faces) for photo in photos] == [0, 2, 1, 2, 0]
    assert [photo.outcome for photo in photos] == [
        "no face", "analyzed", "analyzed", "analyzed", "no face",
    ]  # fmt: skip
    assert calls == [3, 2]
    first, again = photos[1].faces, photos[3].faces
    for one, other in zip(first, again, strict=True):
        assert one.naturalness == pytest.approx(other.naturalness, abs=1e-4)


def test_one_bad_photo_costs_no_other_its_readings(analyzer, astronaut, tmp_path):
    Image.fromarray(astronaut).save(tmp_path / "a.png")
    shutil.copy(tmp_path / "a.png", tmp_path / "b.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")

    class Breaking(FaceAnalyzer):
        """Breaks while it reads a batch of two faces, and on the face of the second photo."""

        calls = 0

        def read(self, found):
            Breaking.calls += 1
            if len(found) > 1 or Breaking.calls == 4:
                raise RuntimeError("the network broke")
            return super().read(found)

    breaking = Breaking(analyzer.finder, analyzer.recognisers)
    photos = [PhotoToRead(tmp_path / name) for name in ("a.png", "broken.jpg", "b.png", "gone.png")]
    a, broken, b, gone = analyze_photos(photos, breaking)
    assert (a.outcome, len(a.faces)) == ("analyzed", 1)
    assert (broken.outcome, broken.width, broken.faces) == ("failed", None, ())
    assert "broken or cut off" in broken.reason
    assert (b.outcome, b.faces) == ("failed", ())
    assert b.reason.startswith("unexpected RuntimeError: the network broke")
    assert gone.outcome == "failed"
    assert gone.sha256 is None


def test_a_sheet_that_cannot_be_written_is_a_failure_with_readings(analyzer, astronaut, tmp_path):
    Image.fromarray(astronaut).save(tmp_path / "a.png")
    (tmp_path / "file").touch()
    (photo,) = analyze_photos(
        [PhotoToRead(tmp_path / "a.png", tmp_path / "file" / "a.png")], analyzer
    )
    assert (photo.outcome, photo.sheet) == ("failed", None)
    assert len(photo.faces) == 1


def test_a_photo_without_a_face_has_a_sheet_like_itself(analyzer, tmp_path):
    Image.new("RGB", (64, 48), (9, 90, 9)).save(tmp_path / "a.png")
    (photo,) = analyze_photos(
        [PhotoToRead(tmp_path / "a.png", tmp_path / "out" / "a.png")], analyzer
    )
    assert photo.outcome == "no face"
    assert photo.sheet is not None
    np.testing.assert_array_equal(
        read_photo(photo.sheet).pixels, read_photo(tmp_path / "a.png").pixels
    )
