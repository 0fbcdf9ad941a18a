import numpy as np
import pytest

from faceedit.faces.topology import (
    BROW_OUTLINES,
    BROWS,
    EYES,
    FACE_OVAL,
    INNER_LIPS,
    IRISES,
    LOWER_INNER_LIP,
    LOWER_LIDS,
    MOUTH_CORNERS,
    N_SURFACE,
    NOSE,
    OUTER_EYE_CORNERS,
    OUTER_LIPS,
    STILL,
    UPPER_INNER_LIP,
    UPPER_LIDS,
    eye_distance,
    mean_shape,
    mirror,
    triangles,
)


def test_a_mirror_of_a_mirror_is_the_face():
    numbers = mirror()
    assert numbers.shape == (478,) and numbers.dtype == np.intp
    np.testing.assert_array_equal(numbers[numbers], np.arange(478))
    # Skin stays skin.
    assert (numbers[:N_SURFACE] < N_SURFACE).all()


def test_parts_are_mirrored_to_their_parts():
    numbers = mirror()
    for pair in (EYES, UPPER_LIDS, LOWER_LIDS, BROWS, BROW_OUTLINES):
        np.testing.assert_array_equal(numbers[list(pair[0])], pair[1])
    assert set(numbers[list(IRISES[0])]) == set(IRISES[1])
    assert numbers[IRISES[0][0]] == IRISES[1][0]
    for part in (FACE_OVAL, OUTER_LIPS, INNER_LIPS, NOSE, STILL):
        assert set(numbers[list(part)]) <= set(part) or part is STILL
    for line in (UPPER_INNER_LIP, LOWER_INNER_LIP):
        np.testing.assert_array_equal(numbers[list(line)], line[::-1])
    for corners in (OUTER_EYE_CORNERS, MOUTH_CORNERS):
        assert tuple(numbers[list(corners)]) == corners[::-1]


def test_only_points_of_the_midline_are_their_own_mirror_images():
    own = np.flatnonzero(mirror() == np.arange(478))
    assert {1, 4, 10, 13, 14, 152, 168} <= set(own)
    np.testing.assert_allclose(mean_shape()[own, 0], 0, atol=1e-6)
    assert len(own) < 40


def test_the_mean_face_is_its_own_mirror_image():
    shape = mean_shape()
    assert shape.shape == (478, 3) and shape.dtype == np.float32
    np.testing.assert_allclose(shape[mirror()] * (-1, 1, 1), shape, atol=1e-6)


def test_its_unit_is_the_eye_distance_and_its_origin_between_the_eyes():
    right, left = mean_shape()[list(OUTER_EYE_CORNERS)]
    np.testing.assert_allclose(left[:2] - right[:2], (1, 0), atol=1e-4)
    np.testing.assert_allclose((left + right)[:2], 0, atol=1e-4)
    # Down to the chin, and the nose towards the camera.
    assert mean_shape()[152, 1] > mean_shape()[4, 1] > 0
    assert mean_shape()[4, 2] < mean_shape()[[234, 454], 2].min()


@pytest.mark.parametrize("columns", [2, 3])
@pytest.mark.parametrize("count", [468, 478])
def test_the_eye_distance_lies_in_the_picture_plane(count, columns):
    points = np.random.default_rng(0).random((count, columns), np.float32)
    points[33, :2], points[263, :2] = (10, 20), (13, 24)
    points[33, 2:] = 99
    found = eye_distance(points)
    assert type(found) is float
    assert found == pytest.approx(5.0)
    assert eye_distance(7 * points) == pytest.approx(35.0)


def test_most_triangles_have_a_mirror_image():
    corners = triangles()
    assert corners.shape == (852, 3) and corners.max() < N_SURFACE
    known = {frozenset(t) for t in corners.tolist()}
    assert len(known) == 852
    found = sum(frozenset(t) in known for t in mirror()[corners].tolist())
    assert found > 0.9 * 852
