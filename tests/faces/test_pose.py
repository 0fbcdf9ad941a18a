import numpy as np
import pytest
from edits import astronaut_landmarks

from faceedit.faces.pose import fit_similarity3, head_pose, to_mean_face
from faceedit.faces.topology import mean_shape


def rotation(axis, degrees):
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    i, j = [k for k in range(3) if k != axis]
    matrix = np.eye(3)
    matrix[[i, j], [i, j]] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


def test_a_similarity_is_found_again():
    points = np.random.default_rng(0).normal(size=(20, 3))
    turn = rotation(0, 20) @ rotation(1, -50) @ rotation(2, 130)
    found = fit_similarity3(points, 3.5 * points @ turn + [4, -5, 6])
    assert found.scale == pytest.approx(3.5)
    np.testing.assert_allclose(found.rotation, turn, atol=1e-9)
    np.testing.assert_allclose(found.shift, [4, -5, 6], atol=1e-9)


def test_a_mirrored_face_is_never_fitted_by_a_mirror():
    points = mean_shape().astype(np.float64)
    found = fit_similarity3(points, points * [-1, 1, 1])
    assert np.linalg.det(found.rotation) == pytest.approx(1)


def test_there_and_back():
    pose = to_mean_face(astronaut_landmarks())
    points = np.random.default_rng(1).normal(size=(7, 3)) * 100
    np.testing.assert_allclose(pose.inverse_points(pose.points(points)), points, atol=1e-9)
    np.testing.assert_allclose(pose.inverse_vectors(pose.vectors(points)), points, atol=1e-9)
    np.testing.assert_allclose(
        pose.vectors(points[1:] - points[:-1]), np.diff(pose.points(points), axis=0), atol=1e-9
    )


def test_the_mean_face_lies_on_itself():
    pose = to_mean_face(mean_shape())
    np.testing.assert_allclose(pose.points(mean_shape()), mean_shape(), atol=1e-5)


def straight_face():
    """The mean face turned so that it is symmetric about the picture's vertical."""
    shape = mean_shape().astype(np.float64)
    right = shape[[263, 454, 356]].mean(0) - shape[[33, 234, 127]].mean(0)
    right /= np.linalg.norm(right)
    down = np.cross([0, 0, 1], right)
    down /= np.linalg.norm(down)
    return shape @ np.stack([right, down, np.cross(right, down)]).T


def test_a_straight_face_has_no_pose():
    pose = head_pose(straight_face() * 70 + [200, 100, 5])
    assert max(abs(pose.yaw), abs(pose.pitch), abs(pose.roll)) < 0.5


@pytest.mark.parametrize("yaw", [-30, 20])
@pytest.mark.parametrize("pitch", [-15, 10])
@pytest.mark.parametrize("roll", [-25, 40])
def test_a_pose_is_found_again(yaw, pitch, roll):
    # Rolled and nodded about its own axes first; the sign of `rotation` is that of its matrix.
    face = straight_face() @ rotation(2, -roll) @ rotation(0, pitch) @ rotation(1, -yaw)
    pose = head_pose(face * 90)
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((yaw, pitch, roll), abs=0.7)


def test_signs_of_a_pose():
    face = straight_face()
    nose, eyes = 4, [33, 263]
    aside = face @ rotation(1, -20)
    assert head_pose(aside).yaw > 15
    assert aside[nose, 0] > aside[eyes, 0].mean() + 0.1
    up = face @ rotation(0, 20)
    assert head_pose(up).pitch > 15
    assert up[nose, 1] < face[nose, 1]
    tilted = face @ rotation(2, -20)
    assert head_pose(tilted).roll > 15
    assert tilted[263, 1] > tilted[33, 1] + 0.2
