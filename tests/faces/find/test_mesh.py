import cv2
import numpy as np
import torch
from face_networks import GOLDEN, astronaut, eye_distance, network

from faceedit.faces.find.lockstep import alone
from faceedit.faces.find.mesh import Mesh, Region, cut, refinements, region_of_landmarks


def golden_region():
    x, y, width, height, angle = np.load(GOLDEN)["region"].tolist()
    assert abs(width - height) < 1e-3
    return Region((x, y), width, angle)


def test_landmarks_are_mediapipes():
    expected = np.load(GOLDEN)["landmarks"]
    landmarks, presence = alone(
        Mesh(network("attention-mesh")).landmarks(astronaut(), [golden_region()])
    )
    assert landmarks[0].shape == (478, 3)
    assert landmarks[0].dtype == np.float32
    error = np.abs(landmarks[0] - expected) / eye_distance(expected)
    assert error.max() < 0.002
    assert error.mean() < 0.0003
    assert presence[0] > 0.99


def test_coarse_is_near_the_whole():
    mesh = Mesh(network("attention-mesh"))
    coarse, _ = alone(mesh.coarse(astronaut(), [golden_region()]))
    whole, _ = alone(mesh.landmarks(astronaut(), [golden_region()]))
    assert coarse[0].shape == (468, 3)
    apart = np.linalg.norm((coarse[0] - whole[0][:468])[:, :2], axis=1).mean()
    assert apart < 0.05 * eye_distance(whole[0])


def test_faces_in_a_batch_are_as_alone():
    mesh = Mesh(network("attention-mesh"))
    one = golden_region()
    other = Region((one.centre[0] + 5, one.centre[1] - 4), one.side * 1.1, one.angle + 0.1)
    together, _ = alone(mesh.landmarks(astronaut(), [one, other]))
    single, _ = alone(mesh.landmarks(astronaut(), [other]))
    assert np.array_equal(together[1], single[0])


def test_no_regions():
    assert alone(Mesh(network("attention-mesh")).landmarks(astronaut(), [])) == ([], [])


def test_forward_has_gradients_and_the_same_numbers():
    mesh = Mesh(network("attention-mesh"))
    region = golden_region()
    square = torch.from_numpy(cut(astronaut(), region, 192)).permute(2, 0, 1)[None] / 255
    square.requires_grad_()
    landmarks, presence = mesh.forward(square)
    assert landmarks.shape == (1, 478, 3)
    assert presence.item() > 0
    landmarks[0, 13, 1].backward()
    assert square.grad is not None
    assert square.grad.abs().sum() > 0


def test_cut_shrinks_without_moving():
    y, x = np.mgrid[:1200, :1500]
    pixels = np.stack([x / 6, y / 5, x * 0], -1).round().astype(np.uint8)
    region = Region((700.0, 610.0), 900.0, 0.3)
    small = cut(pixels, region, 192).astype(float)
    direct = cv2.warpAffine(
        pixels,
        region.to_photo(192),
        (192, 192),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(float)
    assert np.abs(small - direct)[2:-2, 2:-2].mean() < 0.5


def test_cut_repeats_the_edge():
    pixels = np.full((100, 100, 3), 200, np.uint8)
    assert (cut(pixels, Region((0.0, 0.0), 900.0, 0.5), 192) == 200).all()
    assert (cut(pixels, Region((-500.0, 40.0), 500.0, 0.0), 192) == 200).all()


def test_region_follows_the_eyes():
    landmarks = np.zeros((468, 3), np.float32)
    landmarks[:, :2] = [[100, 100]]
    landmarks[33, :2], landmarks[263, :2] = (100, 100), (100, 160)
    landmarks[152, :2] = (60, 130)
    region = region_of_landmarks(landmarks)
    assert np.isclose(region.angle, np.pi / 2)
    assert np.isclose(region.side, 90)
    assert np.isclose(Region((0, 0), 1, 3.1).turn_to(Region((0, 0), 1, -3.1)), 2 * np.pi - 6.2)


def test_refined_points_have_their_lists():
    parts = refinements(network("attention-mesh"))
    assert {name: len(points) for name, points in parts.items()} == {
        "lips": 80,
        "left_eye": 71,
        "right_eye": 71,
        "left_iris": 5,
        "right_iris": 5,
    }
    assert parts["lips"][:3] == [61, 146, 91]
    assert parts["left_eye"][0] == 33
    assert parts["right_eye"][0] == 263
