from dataclasses import replace

import cv2
import numpy as np
import pytest

from faceedit.analysis.captions import captions_of, place_caption
from faceedit.analysis.draw import draw_readings


def moved(reading, x, y, scale=1.0):
    """The reading of a face elsewhere."""
    landmarks = reading.face.landmarks.copy()
    landmarks[:, :2] = (landmarks[:, :2] - landmarks[:, :2].min(0)) * scale + [x, y]
    return replace(reading, face=replace(reading.face, landmarks=landmarks))


def test_only_what_is_drawn_changes(astronaut, astronaut_reading):
    before = astronaut.copy()
    after = draw_readings(astronaut, [astronaut_reading])
    np.testing.assert_array_equal(astronaut, before)
    assert (after.shape, after.dtype) == (before.shape, before.dtype)
    changed = (after != before).any(axis=2)
    assert 0.02 < changed.mean() < 0.25
    left, top, right, bottom = (round(side) for side in astronaut_reading.face.box)
    core = np.s_[top + 40 : bottom - 20, left + 20 : right - 20]
    assert not changed[core].any()
    assert changed[:, left - 20 : right + 20].any()


def test_16_bits_stay_16_bits(astronaut, astronaut_reading):
    dimmed = np.minimum(astronaut, 254)
    deep = dimmed.astype(np.uint16) * 257 + 3
    after = draw_readings(deep, [astronaut_reading])
    assert after.dtype == np.uint16
    changed = (after != deep).any(axis=2)
    eight = (draw_readings(dimmed, [astronaut_reading]) != dimmed).any(axis=2)
    np.testing.assert_array_equal(changed, eight)
    assert (after[~changed] % 257 == 3).all()


def test_nothing_to_draw(astronaut):
    np.testing.assert_array_equal(draw_readings(astronaut, []), astronaut)


@pytest.mark.parametrize("tone", [0, 255])
def test_what_is_drawn_stands_out_on_dark_and_light(astronaut_reading, tone):
    photo = np.full((900, 900, 3), tone, np.uint8)
    after = draw_readings(photo, [moved(astronaut_reading, 300, 100, 3)]).astype(int)
    assert (np.abs(after - tone).max(axis=2) > 120).mean() > 0.01
    # Type is white on a dark ground whatever the photo: both are in the caption.
    drawn = after[(after != tone).any(axis=2)]
    assert drawn.min() < 120
    assert drawn.max() > 240


def test_captions_cover_neither_faces_nor_each_other(astronaut_reading):
    places = [(40, 60), (420, 60), (800, 60), (40, 420), (800, 420)]
    faces = [moved(astronaut_reading, *at, 1.2) for at in places]
    photo = np.full((800, 1200, 3), 128, np.uint8)
    after = draw_readings(photo, faces)
    changed = (after != photo).any(axis=2)
    for face in faces:
        left, top, right, bottom = (round(side) for side in face.face.box)
        assert not changed[top + 40 : bottom - 25, left + 25 : right - 25].any()


def test_a_caption_says_less_where_there_is_little_room(astronaut_reading):
    captions = captions_of(astronaut_reading, 3, 14.0)
    assert [len(sizes[0].lines) for sizes in captions] == sorted(
        (len(sizes[0].lines) for sizes in captions), reverse=True
    )
    assert captions[-1][0].lines == ("3",)
    box = (100.0, 100.0, 200.0, 220.0)
    wide = place_caption(captions, box, ([box], [box]), (1000, 800))
    assert wide[0] is captions[0][0]
    neighbours = [box, (205.0, 0.0, 1000.0, 800.0), (0.0, 0.0, 95.0, 800.0)]
    neighbours += [(0.0, 0.0, 1000.0, 60.0), (0.0, 250.0, 1000.0, 800.0)]
    short, place = place_caption(captions, box, (neighbours, neighbours), (1000, 800))
    assert short in [caption for sizes in captions[1:] for caption in sizes]
    assert place[2] <= 1000
    tiny, place = place_caption(captions, box, ([box] * 2, [box] * 2), (20, 10))
    assert tiny is captions[-1][-1]
    assert place[:2] == (0, 0)


def test_a_small_photo_can_be_drawn_on(astronaut, astronaut_reading):
    small = cv2.resize(astronaut, (40, 40))
    assert draw_readings(small, [moved(astronaut_reading, 8, 4, 0.25)]).shape == small.shape


def test_the_arrow_comes_from_where_the_light_does(astronaut_reading):
    photo = np.full((600, 600, 3), 128, np.uint8)
    face = moved(astronaut_reading, 250, 200)
    columns = {}
    for name, vector in {"left": (-0.8, 0, 0.3), "right": (0.8, 0, 0.3)}.items():
        lit = replace(face.appearance, light_vector=np.array(vector, np.float32))
        after = draw_readings(photo, [replace(face, appearance=lit)]).astype(int)
        yellow = (after[..., 0] - after[..., 2] > 150) & (after[..., 1] - after[..., 2] > 120)
        columns[name] = np.nonzero(yellow)[1].mean()
    left, _, right, _ = face.face.box
    assert columns["left"] < left + 5 < right - 5 < columns["right"]
    ahead = replace(face.appearance, light_vector=np.array((0, 0.02, 0.8), np.float32))
    after = draw_readings(photo, [replace(face, appearance=ahead)]).astype(int)
    yellow = after[..., 0] - after[..., 2] > 150
    assert abs(np.nonzero(yellow)[1].mean() - (left + right) / 2) < 3
