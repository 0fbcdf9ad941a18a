import numpy as np
import pytest
from face_networks import GOLDEN

from faceedit.compose.edit import sample_field
from faceedit.compose.mask import Region, edit_masks, face_mask
from faceedit.faces.align import crop_affine, extract_crop
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL

SIZE = 128
SHAPE = (512, 900)


@pytest.fixture(scope="module")
def landmarks():
    return np.load(GOLDEN)["landmarks"]


def place(landmarks, *shifts):
    blank = np.zeros((*SHAPE, 3), np.uint8)
    moved = [landmarks + np.array([x, 0, 0], np.float32) for x in shifts]
    return moved, [extract_crop(blank, one, SIZE) for one in moved]


def of_faces(crops):
    regions: list[Region] = ["face"] * len(crops)
    return edit_masks(crops, regions)


def in_photo(mask, landmarks):
    weight = sample_field(mask, SIZE, crop_affine(landmarks, SIZE), SHAPE)
    return np.where(weight < 1 / 255, 0, weight)


def test_faces_apart_have_their_own_masks(landmarks):
    _, crops = place(landmarks, 0, 400)
    for crop, mask in zip(crops, of_faces(crops), strict=True):
        np.testing.assert_array_equal(mask, face_mask(crop.landmarks, SIZE))
    assert edit_masks([], []) == []


@pytest.mark.parametrize("apart", [30, 60, 90, 110])
def test_neighbours_share_no_pixel(landmarks, apart):
    moved, crops = place(landmarks, 0, apart)
    first, second = (in_photo(mask, own) for mask, own in zip(of_faces(crops), moved, strict=True))
    assert not np.minimum(first, second).any()
    assert first.max() > 0.9
    oval = fill_polygon(moved[0][list(FACE_OVAL), :2].astype(np.float64), SHAPE) > 0.5
    assert not second[oval].any()
    assert second.max() > 0


def test_a_face_in_front_keeps_its_inside(landmarks):
    moved, crops = place(landmarks, 0, 70)
    alone = in_photo(face_mask(crops[0].landmarks, SIZE), moved[0])
    shared = in_photo(of_faces(crops)[0], moved[0])
    nose = tuple(np.rint(moved[0][1, 1::-1]).astype(int))
    assert shared[nose] == pytest.approx(alone[nose], abs=0.01)
    assert (shared <= alone + 0.01).all()
