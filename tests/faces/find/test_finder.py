from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from face_networks import GOLDEN, astronaut, eye_distance, finder

from faceedit.errors import UsageError
from faceedit.faces.batching import Batching
from faceedit.faces.find import photo_search
from faceedit.faces.find.detector import Detection
from faceedit.faces.find.finder import FindOptions
from faceedit.faces.types import Face


def group():
    photo = np.full((900, 1400, 3), 90, np.uint8)
    photo[50:562, 50:562] = astronaut()
    photo[100:356, 700:956] = cv2.resize(astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    return photo


def test_finds_the_face_where_mediapipe_does():
    expected = np.load(GOLDEN)["landmarks"]
    (face,) = finder().find(astronaut())
    apart = np.linalg.norm(face.landmarks[:, :2] - expected[:, :2], axis=1)
    assert apart.mean() < 0.04 * eye_distance(expected)
    assert face.score > 0.8
    assert face.presence > 0.99
    assert face.landmarks.dtype == np.float32


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_photo_has_the_same_face(quarters):
    (face,) = finder().find(astronaut())
    (turned,) = finder().find(np.rot90(astronaut(), quarters))
    expected = face.landmarks[:, :2]
    for _ in range(quarters):
        expected = np.column_stack([expected[:, 1], 511 - expected[:, 0]])
    apart = np.linalg.norm(turned.landmarks[:, :2] - expected, axis=1)
    assert apart.mean() < 0.04 * face.eye_distance


def test_no_face_in_noise_or_nothing():
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    assert finder(min_face=64).find(noise) == []
    assert finder().find(np.zeros((8, 5, 3), np.uint8)) == []


def test_small_faces_need_tiles_and_come_largest_first():
    large, small = finder().find(group())
    assert large.eye_distance > small.eye_distance
    assert 140 < large.box[0] < 320
    assert 780 < small.box[0] < 850
    (found,) = finder(search="fast").find(group())
    assert found.box == large.box


def test_small_faces_in_company():
    photo = np.full((2400, 3200, 3), 90, np.uint8)
    for size, at in ((170, 300), (255, 1500)):
        part = cv2.resize(astronaut(), (size, size), interpolation=cv2.INTER_AREA)
        photo[at : at + size, at : at + size] = part
    boxes = [face.box for face in finder().find(photo)]
    assert [round(bottom - top) // 10 for _, top, _, bottom in boxes] == [5, 3]


def test_a_doubtful_face_hides_no_other(monkeypatch):
    """In the whole photo something large is taken for a face, in a tile the face in it is seen."""

    def box_of(x, y, side):
        return np.array([x, y, x + side, y + side], np.float32)

    something = Detection(box_of(100, 100, 190), np.zeros((6, 2), np.float32), 0.6)
    seen = replace(something, box=box_of(150, 150, 60), score=0.9)

    def propose(detector, looks, views, threshold=None):
        yield from ()
        return [seen] if detector.size == 192 and views[0].width < 1000 else [something]

    def confirmed(networks, pixels, detections, presence):
        yield from ()
        return [
            Face(one.box.reshape(2, 2) @ np.eye(2, 3, dtype=np.float32), one.score, 1.0)
            for one in detections
        ]

    monkeypatch.setattr(photo_search, "propose", propose)
    monkeypatch.setattr(photo_search, "confirmed", confirmed)
    (face,) = finder(min_face=10).find(np.zeros((1000, 1000, 3), np.uint8))
    assert face.box == (150, 150, 210, 210)


def test_options_limit_what_is_found():
    (largest,) = finder(faces="largest").find(group())
    assert largest.box[2] < 400
    assert len(finder(faces=2).find(group())) == 2
    (above,) = finder(min_face=80).find(group())
    assert above.box[2] < 400


def test_a_face_that_fills_the_photo():
    tight = cv2.resize(astronaut()[78:172, 182:268], None, fx=4, fy=4)
    (face,) = finder().find(tight)
    assert face.eye_distance > 150


def bits(faces):
    assert not isinstance(faces, Exception)
    return [(face.landmarks.tobytes(), face.score, face.presence) for face in faces]


@pytest.mark.parametrize("size", [1, 3])
def test_company_changes_no_bit(size):
    faces = finder(Batching(size), min_face=64)
    dark = cv2.convertScaleAbs(astronaut(), alpha=0.3)
    pair = np.hstack([astronaut(), astronaut()[:, ::-1]])
    photos = [astronaut(), np.rot90(astronaut()), pair, np.zeros((90, 60, 3), np.uint8), dark]
    alone = [bits(faces.find(photo)) for photo in photos]
    assert [len(own) for own in alone] == [1, 1, 2, 0, 1]
    orders = [[4, 3, 2, 1, 0], [0, 2, 1]]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda order: faces.find_many([photos[i] for i in order]), orders))
    for order, found in zip(orders, together, strict=True):
        assert [bits(own) for own in found] == [alone[i] for i in order]


def test_what_is_no_photo_costs_no_other():
    flat = np.zeros((40, 40), np.uint8)
    first, second, third = finder().find_many([astronaut(), flat, astronaut()])
    assert isinstance(second, Exception)
    assert bits(first) == bits(third)
    with pytest.raises(type(second)):
        finder().find(flat)
    assert finder().find_many([]) == []


def test_short_memory_is_said_and_smaller_batches_help():
    class Little(Batching):
        def run(self, items, network):
            if self.size > 2:
                raise torch.OutOfMemoryError("no memory for so many")
            return super().run(items, network)

    batching = Little(8)
    faces = finder(batching)
    with pytest.raises(torch.OutOfMemoryError):
        faces.find_many([astronaut()])
    batching.halve()
    batching.halve()
    (found,) = faces.find_many([astronaut()])
    assert len(bits(found)) == 1


def test_options_without_meaning():
    with pytest.raises(UsageError):
        FindOptions(faces=0)
    with pytest.raises(UsageError):
        FindOptions(faces="some")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError):
        FindOptions(min_face=-1)
