import cv2
import made_up
import numpy as np

from faceedit.faces.landmark_maps import draw_landmark_maps
from faceedit.faces.topology import mean_shape
from faceedit.methods.fields.drawn import FIELD_SIZE, WORKING_SIZE, Drawn, draw_face
from faceedit.methods.fields.shade_layer import ATLAS_SIZE

CHEEKS = (slice(78, 84), [44, 45, 82, 83])
"""Some skin of the mean face on the fields."""


def mean_face() -> tuple[np.ndarray, np.ndarray]:
    landmarks = made_up.place(mean_shape())
    return made_up.draw(landmarks).astype(np.float32) / 255, landmarks


def draw(moved: np.ndarray, shade: float = 0.0) -> Drawn:
    pixels, landmarks = mean_face()
    return draw_face(pixels, landmarks, moved, np.full((ATLAS_SIZE, ATLAS_SIZE, 3), shade, "f4"))


def test_a_still_face_is_the_photo_made_smaller():
    pixels, landmarks = mean_face()
    drawn = draw(landmarks[:, :2])
    assert not drawn.flow.any()
    assert not drawn.shade.any()
    small = cv2.resize(pixels, (FIELD_SIZE, FIELD_SIZE), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(drawn.moved, small)
    maps = draw_landmark_maps(landmarks, 256, FIELD_SIZE)
    smaller = cv2.resize(maps, (WORKING_SIZE,) * 2, interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(drawn.maps, smaller, atol=1e-6)


def test_all_parts_have_their_shapes():
    drawn = draw(mean_face()[1][:, :2])
    assert drawn.moved.shape == drawn.shade.shape == (FIELD_SIZE, FIELD_SIZE, 3)
    assert drawn.flow.shape == (FIELD_SIZE, FIELD_SIZE, 2)
    assert drawn.maps.shape == (WORKING_SIZE, WORKING_SIZE, 12)
    for part in (drawn.moved, drawn.maps, drawn.flow, drawn.shade):
        assert part.dtype == np.float32


def test_a_shifted_mesh_brings_its_skin_along():
    pixels, landmarks = mean_face()
    shift = np.array([8.0, -4.0])
    drawn = draw(landmarks[:, :2] + shift)
    np.testing.assert_allclose(drawn.flow[CHEEKS], np.broadcast_to(-shift, (6, 4, 2)), atol=1e-3)
    small = cv2.resize(pixels, (FIELD_SIZE, FIELD_SIZE), interpolation=cv2.INTER_AREA)
    rows, columns = CHEEKS
    from_there = small[rows.start + 2 : rows.stop + 2, np.array(columns) - 4]
    np.testing.assert_allclose(drawn.moved[CHEEKS], from_there, atol=1e-3)
    # Far from the face nothing moves; eyeballs stay, too.
    assert np.abs(drawn.flow[:, :4]).max() < 0.1
    eye = landmarks[[33, 133], :2].mean(0) + shift
    x, y = np.round(eye / 2).astype(int)
    assert np.abs(drawn.flow[y, x]).max() < 0.5 < np.abs(drawn.flow[y + 12, x]).max()


def test_shades_lie_on_the_moved_face():
    landmarks = mean_face()[1]
    here, there = (draw(landmarks[:, :2] + [x, 0.0], -0.5).shade for x in (0.0, 16.0))
    assert set(np.unique(here)) == {-0.5, 0.0}
    np.testing.assert_array_equal(here[:, :-8], there[:, 8:])
