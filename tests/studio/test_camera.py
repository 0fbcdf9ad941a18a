import numpy as np

from faceedit.studio.camera import DISTANCE, Camera, rotation_matrix, rotation_vector


def camera(turn=(0.0, 0.0, 0.0)):
    return Camera(np.array(turn), 10.0, np.array([64.0, 70.0]))


def test_points_where_they_must_fall():
    # The origin, a point in its plane, and one halfway to the camera, which looks twice as large.
    points = np.array([[0.0, 0.0, 0.0], [2.0, 1.0, 0.0], [2.0, 1.0, DISTANCE / 2]])
    places, depth = camera().project(points)
    np.testing.assert_allclose(places, [[64, 70], [84, 60], [104, 50]])
    np.testing.assert_allclose(depth, [0, 0, DISTANCE / 2])
    assert places.dtype == depth.dtype == np.float32


def test_a_quarter_turn_about_the_vertical_brings_the_side_to_the_front():
    places, depth = camera((0, np.pi / 2, 0)).project(np.array([[0.0, 1.0, 3.0], [-4.0, 0.0, 0.0]]))
    np.testing.assert_allclose(places[0], [64 + 30, 60], atol=1e-4)
    np.testing.assert_allclose(depth, [0, 4], atol=1e-5)


def test_a_turn_keeps_lengths_and_comes_back_as_its_vector():
    turn = np.array([0.3, -0.5, 0.2])
    matrix = rotation_matrix(turn)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(rotation_vector(matrix), turn, atol=1e-12)
    np.testing.assert_allclose(camera(turn).rotation, matrix)
