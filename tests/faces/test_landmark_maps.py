import numpy as np
import pytest
from edits import astronaut_landmarks, offset
from face_networks import astronaut

from faceedit.faces.align import extract_crop
from faceedit.faces.landmark_maps import CHANNELS, draw_landmark_maps
from faceedit.faces.raster import MeshRaster, rasterize_mesh
from faceedit.faces.topology import EYES, INNER_LIPS, IRISES, OUTER_LIPS


def landmarks_in_crop():
    return extract_crop(astronaut(), astronaut_landmarks(), 256).landmarks


def channel(maps, name):
    return maps[..., CHANNELS.index(name)]


def at(image, points, scale=0.5):
    x, y = np.rint((np.asarray(points)[:, :2] + 0.5) * scale - 0.5).astype(int).T
    return image[y, x]


def centroid(image):
    rows, columns = np.indices(image.shape)
    return np.array([(columns * image).sum(), (rows * image).sum()]) / image.sum()


def test_shape_range_and_type():
    maps = draw_landmark_maps(landmarks_in_crop(), 256, 128)
    assert maps.shape == (128, 128, len(CHANNELS))
    assert maps.dtype == np.float32
    assert maps.min() >= 0
    assert maps.max() <= 1
    assert all(channel(maps, name).any() for name in CHANNELS)


def test_parts_are_drawn_where_their_landmarks_lie():
    landmarks = landmarks_in_crop()
    maps = draw_landmark_maps(landmarks, 256, 128)
    for eye in EYES:
        assert at(channel(maps, "eyes"), landmarks[list(eye)].mean(0, keepdims=True))[0] == 1
    lips = landmarks[list(OUTER_LIPS)]
    np.testing.assert_allclose(
        centroid(channel(maps, "lips")), (lips[:, :2].mean(0) + 0.5) / 2 - 0.5, atol=2
    )
    assert (at(channel(maps, "mouth"), landmarks[list(INNER_LIPS)]).max()) > 0
    irises = landmarks[[iris[0] for iris in IRISES]]
    assert (at(channel(maps, "irises"), irises) > 0.5).all()
    assert (at(channel(maps, "face"), landmarks[[4, 10 + 141, 205, 425]]) == 1).all()


def test_u_and_v_tell_the_place_on_the_face_and_go_on_beyond_it():
    landmarks = landmarks_in_crop()
    maps = draw_landmark_maps(landmarks, 256, 128)
    u, v = channel(maps, "u"), channel(maps, "v")
    left, right, chin = at(u, landmarks[[33]]), at(u, landmarks[[263]]), at(v, landmarks[[152]])
    assert right - left == pytest.approx(1 / 3, abs=0.02)
    assert chin > at(v, landmarks[[4]]) > at(v, landmarks[[9]])
    outside = channel(maps, "face") == 0
    middle = u[64]
    assert outside[64, 0]
    assert (np.diff(middle) > -0.02).all()
    # No jump where the mesh ends.
    assert np.abs(np.diff(u, axis=1)).max() < 0.1


@pytest.mark.parametrize("size", [64, 256])
def test_maps_of_any_size_agree(size):
    landmarks = landmarks_in_crop()
    maps, other = (draw_landmark_maps(landmarks, 256, s) for s in (128, size))
    for name in ("face", "lips", "eyes", "irises"):
        found = (centroid(channel(other, name)) + 0.5) * 128 / size - 0.5
        np.testing.assert_allclose(found, centroid(channel(maps, name)), atol=0.6)
        area = channel(other, name).mean() / channel(maps, name).mean()
        assert area == pytest.approx(1, abs=0.35)


def test_landmarks_beyond_the_crop_are_no_error():
    for shift in ((200, 0), (-300, 500), (5000, 5000)):
        maps = draw_landmark_maps(landmarks_in_crop() + offset(*shift), 256, 128)
        assert np.isfinite(maps).all()


def test_a_mesh_that_has_been_drawn_is_not_drawn_again():
    landmarks = landmarks_in_crop()
    points = (landmarks[:, :2].astype(np.float64) + 0.5) * 0.5 - 0.5
    raster = rasterize_mesh(points, (128, 128))
    given = draw_landmark_maps(landmarks, 256, 128, raster)
    np.testing.assert_array_equal(given, draw_landmark_maps(landmarks, 256, 128))
    nothing = (values[:0] for values in (raster.vertices, raster.weights))
    empty = MeshRaster(np.zeros_like(raster.inside), *nothing)
    assert not channel(draw_landmark_maps(landmarks, 256, 128, empty), "face").any()
