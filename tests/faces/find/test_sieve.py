import cv2
import numpy as np
import pytest
from face_networks import astronaut, finder


def photo(size: int) -> np.ndarray:
    """A photo of 2048 pixels with a face in a corner, its picture so large."""
    pixels = np.full((1100, 2048, 3), 90, np.uint8)
    part = cv2.resize(astronaut(), (size, size), interpolation=cv2.INTER_AREA)
    pixels[30 : 30 + size, 60 : 60 + size] = part
    return pixels


def halved(pixels: np.ndarray) -> np.ndarray:
    return cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("size", [1000, 300])
def test_a_copy_shows_the_faces_that_are_found(size):
    faces = finder()
    assert len(faces.find(photo(size))) == 1
    assert faces.sees_face(halved(photo(size)), 2.0)


def test_a_turned_face_is_seen():
    turned = np.ascontiguousarray(np.rot90(photo(1000)))
    assert finder(search="fast").sees_face(halved(turned), 2.0)


def test_a_face_that_is_faint_from_afar_is_seen():
    faces = finder(search="fast")
    assert len(faces.find(photo(490))) == 1
    assert faces.sees_face(halved(photo(490)), 2.0)


def test_no_face_is_seen_where_none_is():
    noise = np.random.default_rng(0).integers(0, 256, (400, 1024, 3), dtype=np.uint8)
    assert not finder(min_face=100).sees_face(noise, 2.0)
    assert not finder().sees_face(np.zeros((8, 5, 3), np.uint8), 2.0)


def test_faces_that_are_too_small_in_the_photo_are_none():
    copy = halved(photo(1000))
    assert finder(min_face=200).sees_face(copy, 2.0)
    assert not finder(min_face=200).sees_face(copy, 0.5)
