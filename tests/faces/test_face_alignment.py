import numpy as np
import pytest
import torch

from faceedit.errors import MissingError
from faceedit.faces import face_alignment
from faceedit.faces.face_alignment import MESH_POINTS, N_JAW, bend, load_aligner, refine
from faceedit.faces.find.mesh import region_of_landmarks
from faceedit.faces.types import Face


class FakeAligner:
    """Says that every point lies a fixed step from where the mesh has it."""

    def __init__(self, level, step):
        self.points = np.vstack([np.zeros((N_JAW, 2)), level[list(MESH_POINTS)] + step])
        self.boxes = []

    def get_landmarks_from_image(self, image_or_path, detected_faces=None):
        assert image_or_path.shape == (face_alignment.SIZE, face_alignment.SIZE, 3)
        assert detected_faces is not None
        self.boxes.append(detected_faces[0])
        return [self.points]


def face_like(rng):
    landmarks = rng.uniform(100, 300, (478, 3)).astype(np.float32)
    landmarks[33, :2], landmarks[263, :2] = (140, 180), (250, 210)
    return Face(landmarks=landmarks, score=0.9, presence=1.0)


def test_weights_that_are_missing_fail_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(MissingError, match=face_alignment.WEIGHTS):
        load_aligner()


def test_a_common_step_moves_every_point():
    face = face_like(np.random.default_rng(0))
    region = region_of_landmarks(face.landmarks, face_alignment.MARGIN)
    to_photo = region.to_photo(face_alignment.SIZE)
    level = (face.landmarks[:, :2] - to_photo[:, 2]) @ np.linalg.inv(to_photo[:, :2]).T
    fake = FakeAligner(level, step=np.array([3.0, -2.0]))
    (moved,) = refine(fake, np.zeros((400, 400, 3), np.uint8), [face])
    expected = to_photo[:, :2] @ [3.0, -2.0]
    assert np.allclose(moved.landmarks[:, :2] - face.landmarks[:, :2], expected, atol=1e-2)
    assert (moved.landmarks[:, 2] == face.landmarks[:, 2]).all()
    assert np.allclose(fake.boxes[0][:2], level.min(0), atol=1e-3)


def test_a_face_the_package_does_not_see_stays():
    class Blind:
        def get_landmarks_from_image(self, image_or_path, detected_faces=None):
            return None

    face = face_like(np.random.default_rng(1))
    assert refine(Blind(), np.zeros((400, 400, 3), np.uint8), [face]) == [face]


def test_bend_is_local_and_affine():
    source = np.random.default_rng(2).uniform(0, 100, (30, 2))
    matrix, shift = np.array([[1.1, 0.2], [-0.1, 0.9]]), np.array([4.0, 5.0])
    points = np.random.default_rng(3).uniform(-20, 120, (50, 2))
    moved = bend(points, source, source @ matrix.T + shift)
    assert np.allclose(moved, points @ matrix.T + shift, atol=1e-6)
