import cv2
import numpy as np
import pytest

from faceedit.datasets.labelled import read_labelled
from faceedit.editing.build import EditSettings, open_editor
from faceedit.evaluation.pairs import landmark_error, sharpness_ratio
from faceedit.faces.topology import LIPS, mean_shape
from faceedit.photos import read_photo
from faceedit.targets import parse_target


def test_lip_error_ignores_pose_and_counts_lips():
    face = 100 * mean_shape().astype(np.float64)
    turn = np.array([[np.cos(0.3), -np.sin(0.3), 0], [np.sin(0.3), np.cos(0.3), 0], [0, 0, 1]])
    assert landmark_error(face, 1.7 * face @ turn + 20) == pytest.approx(0, abs=1e-6)
    moved = face.copy()
    moved[list(LIPS), 1] += 5
    unit = np.linalg.norm(face[33, :2] - face[263, :2])
    assert landmark_error(moved, face) == pytest.approx(5 / unit, rel=1e-6)


def test_sharpness_falls_by_blur_inside_the_mask_alone():
    rng = np.random.default_rng(0)
    sharp = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 1.5)
    left = np.zeros((64, 64), bool)
    left[:, :24] = True
    half = np.where(left[..., None], blurred, sharp)
    assert sharpness_ratio(sharp, sharp, left) == 1
    assert sharpness_ratio(sharp, half, left) < 0.6
    assert sharpness_ratio(sharp, half, np.fliplr(left)) == 1


def test_shipped_smiles_against_those_of_the_same_people(data_folder):
    """What the card claims, on people whom no training saw."""
    people: dict[str, dict[str, np.ndarray]] = {}
    for photo in read_labelled(data_folder):
        if photo.split == "val" and photo.source == "Face Research Lab London Set":
            people.setdefault(photo.person, {})[photo.expression] = read_photo(photo.path).pixels
    # What the training calls 1, which is as these people smile; 1 of an edit is plainer.
    happy = parse_target(["happy:0.87"])
    editor = open_editor(EditSettings(target=happy, device="cpu", edit_shown=True))
    errors, sharpness = [], []
    for photos in people.values():
        before, want = editor.find(photos["neutral"]), editor.find(photos["happy"])
        edited = editor.edit_faces(photos["neutral"], before, happy).pixels
        errors.append(landmark_error(editor.find(edited)[0].landmarks, want[0].landmarks))
        changed = (edited != photos["neutral"]).any(-1)
        sharpness.append(sharpness_ratio(photos["neutral"], edited, changed))
    assert len(errors) == 9
    assert np.mean(errors) < 0.045
    assert np.mean(sharpness) > 0.95
