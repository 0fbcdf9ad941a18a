from dataclasses import replace

import cv2
import numpy as np
import pytest
from toys import toy_crop, toy_model

from faceedit.faces.topology import FACE_OVAL, INNER_LIPS, N_SURFACE
from faceedit.studio.flow import COARSE, extend_harmonic, pose_flow
from faceedit.studio.subject import fit_subject

SIZE = 192


@pytest.fixture(scope="module")
def subject():
    return fit_subject(toy_model(), toy_crop(SIZE))


@pytest.fixture(scope="module")
def smile(subject):
    return subject.posed(toy_model().weights(mouthSmile=0.8, browDown=0.5))


def at(field, places):
    rows = places.astype(np.float32)[None]
    return cv2.remap(field, rows[..., 0], rows[..., 1], cv2.INTER_LINEAR)[0]


def inner_vertices(pose):
    """Vertices of skin well inside the face, away from lids and lips."""
    skin = pose.drawing.skin.astype(np.uint8)
    deep = cv2.erode(skin, np.ones((9, 9), np.uint8))
    places = pose.places[:N_SURFACE]
    x, y = np.round(places).astype(int).T
    chosen = deep[y, x] > 0
    chosen[list(FACE_OVAL)] = False
    # Closed lips hide each other's vertices.
    lips = places[list(INNER_LIPS)]
    chosen &= np.linalg.norm(places[:, None] - lips, axis=-1).min(1) > 0.03 * SIZE
    return np.flatnonzero(chosen)


def test_the_same_pose_flows_nowhere(subject):
    flow = pose_flow(subject.pose, subject.pose)
    assert flow.shape == (SIZE, SIZE, 2) and flow.dtype == np.float32
    assert not flow.any()


def test_at_a_vertex_the_flow_is_what_the_vertex_moved(subject, smile):
    flow = pose_flow(subject.pose, smile)
    vertices = inner_vertices(smile)
    assert len(vertices) > 150
    wanted = (subject.pose.places - smile.places)[vertices]
    assert np.abs(wanted).max() > 2.0
    error = np.abs(at(flow, smile.places[vertices]) - wanted)
    assert error.max() < 0.25 and error.mean() < 0.01


def test_back_and_forth_come_home(subject, smile):
    back, forth = pose_flow(subject.pose, smile), pose_flow(smile, subject.pose)
    places = smile.places[inner_vertices(smile)]
    there = places + at(back, places)
    np.testing.assert_allclose(there + at(forth, there), places, atol=0.3)


def test_a_shift_of_the_whole_face_is_that_shift_inside_and_dies_away(subject):
    moved = replace(subject.pose, places=subject.pose.places + np.array((4.0, -2.0), np.float32))
    flow = pose_flow(subject.pose, moved)
    deep = cv2.erode(moved.drawing.skin.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    np.testing.assert_allclose(flow[deep], np.broadcast_to((-4, 2), flow[deep].shape), atol=1e-2)
    # What is between the lids is carried along, a little less for the screen.
    eyes = moved.drawing.eyes
    np.testing.assert_allclose(flow[eyes], np.broadcast_to((-4, 2), flow[eyes].shape), atol=0.6)
    border = np.concatenate([flow[0], flow[-1], flow[:, 0], flow[:, -1]])
    assert np.abs(border).max() < 0.1


def test_where_skin_ends_the_flow_does_not_bend_sharply(subject):
    pose = subject.posed(toy_model().weights(jawOpen=0.8))
    bends = np.abs(np.diff(pose_flow(subject.pose, pose), 2, axis=1)).max(-1)
    inside = pose.drawing.skin | pose.drawing.eyes | pose.drawing.mouth
    rim = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    assert np.abs((subject.pose.places - pose.places)[152]).max() > 4.0
    assert bends[rim[:, 1:-1] > 0].max() < 0.5


def known_disc(value_left, value_right):
    rows, columns = np.mgrid[:SIZE, :SIZE]
    known = np.hypot(rows - SIZE / 2, columns - SIZE / 2) < SIZE / 5
    share = np.clip((columns - 0.3 * SIZE) / (0.4 * SIZE), 0, 1)
    field = value_left + share * (value_right - value_left)
    return np.where(known, field, 99.0)[..., None].astype(np.float32), known


def test_a_continued_field_is_between_its_values_and_zero_at_the_border():
    field, known = known_disc(-2.0, 5.0)
    solved = extend_harmonic(field, known)
    border = np.concatenate([solved[0], solved[-1], solved[:, 0], solved[:, -1]])
    assert np.abs(border).max() < 1e-3
    # Between known places and the border's 0; a cubic between coarse cells overshoots a little.
    assert solved.min() > -2.0 * 1.1 and solved.max() < 5.0 * 1.1


def test_it_keeps_what_is_known_and_falls_with_distance():
    field, known = known_disc(3.0, 3.0)
    solved = extend_harmonic(field, known)[..., 0]
    deep = cv2.erode(known.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    np.testing.assert_allclose(solved[deep], 3.0, atol=1e-3)
    outwards = solved[SIZE // 2, SIZE // 2 + SIZE // 5 + 4 :]
    assert (np.diff(outwards) < 1e-3).all()
    assert outwards[len(outwards) // 2] < 1.5


def test_without_a_screen_it_is_harmonic():
    # Between a disc at 1 and a border at 0 a harmonic field takes the mean of its surroundings.
    field, known = known_disc(1.0, 1.0)
    solved = extend_harmonic(field, known, screen=0.0)[..., 0]
    step = SIZE // COARSE
    near = cv2.dilate(known.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    free = ~near
    free[:8], free[-8:], free[:, :8], free[:, -8:] = False, False, False, False
    kernel = np.zeros((2 * step + 1,) * 2, np.float32)
    kernel[::step, ::step] = 1 / 8
    kernel[step, step] = 0
    mean = cv2.filter2D(solved, -1, kernel)
    np.testing.assert_allclose(mean[free], solved[free], atol=5e-3)
    assert solved.min() > -0.05
