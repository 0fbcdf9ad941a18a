"""Heads that turn, on a drawn face: shapes, shares, what shows and what does not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from faceedit.compose.compose import compose
from faceedit.compose.mask import region_mask
from faceedit.compose.turn.below import with_body
from faceedit.compose.turn.edit import turn_head
from faceedit.compose.turn.flow import Layer, face_layers, looked_up
from faceedit.compose.turn.gaze import keep_gaze
from faceedit.compose.turn.half import far_half, straightened
from faceedit.compose.turn.head import (
    build_head,
    facing,
    mesh_points,
    rotation,
    turn_degrees,
    turned,
    wanted_pose,
)
from faceedit.compose.turn.outline import far_rim, hold, near_hold, outline
from faceedit.compose.turn.person import flow_around
from faceedit.compose.turn.rim import with_bare_rim
from faceedit.compose.turn.side_light import side_light
from faceedit.compose.turn.sides import with_side
from faceedit.compose.turn.twin import with_twin
from faceedit.faces.align import crop_affine, transform_landmarks
from faceedit.faces.pose import HeadPose, head_pose
from faceedit.faces.raster import fill_polygon, rasterize_mesh
from faceedit.faces.topology import EYES, FACE_OVAL, IRISES, N_SURFACE, mean_shape, mirror
from faceedit.targets import Turn

SIZE = 128


@pytest.fixture(scope="module")
def head():
    """The mean face, an ellipse of hair around it, on a neck."""
    small = transform_landmarks(mean_shape(), crop_affine(mean_shape(), SIZE // 2))
    points = small + np.array([SIZE / 4, SIZE / 4, 0], np.float32)
    person = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(person, (64, 60), (22, 28), 0, 0, 360, 1.0, -1)
    cv2.rectangle(person, (56, 60), (72, 127), 1.0, -1)
    skin = fill_polygon(points[list(FACE_OVAL), :2], person.shape)
    everywhere = np.ones(person.shape, bool)
    return build_head(points, np.zeros_like(person), person, skin, everywhere)


def layers(head, turn, around):
    points = turned(head, mesh_points(head.landmarks), turn, np.ones(478, np.float32))
    return face_layers(head, points[:N_SURFACE], around, facing(head.landmarks))


@pytest.mark.parametrize("angles", [(20, 0, 0), (0, -10, 0), (0, 0, 15), (-18, 9, -12)])
def test_landmarks_end_in_the_pose_that_was_asked_for(head, angles):
    pose = HeadPose(*angles)
    turn = rotation(pose) @ rotation(head.pose).T
    points = turned(head, mesh_points(head.landmarks), turn, np.ones(478, np.float32))
    after = head_pose(mesh_points(points))
    # A camera that is near sees a little more of a turn than one that is far.
    assert after.yaw == pytest.approx(pose.yaw, abs=2.5)
    assert after.pitch == pytest.approx(pose.pitch, abs=2.5)
    assert after.roll == pytest.approx(pose.roll, abs=1.5)


def test_the_head_turns_and_the_shoulders_do_not(head):
    assert head.share(head.landmarks[list(FACE_OVAL), :2]).min() > 0.99
    assert head.share(np.array([[64.0, 127.0]])) == 0


def test_what_a_turn_asks_for():
    level = np.array([[0.0, -2.0, 5.0], [2.0, 0.0, 5.0]])
    pose = HeadPose(30.0, 5.0, 1.0)
    assert wanted_pose(Turn(yaw=-10, roll=4), pose, level) == HeadPose(20.0, 5.0, 5.0)
    assert wanted_pose(Turn(to=0, strength=0.5), pose, level) == HeadPose(15.0, 5.0, 1.0)
    assert wanted_pose(Turn(to=0, level=True), pose, level) == HeadPose(0.0, 5.0, 90.0)
    assert turn_degrees(Turn(yaw=12), mean_shape(), np.eye(2, 3)) == pytest.approx(12)


def test_the_middle_of_a_face_moves_and_the_wall_does_not(head):
    turn = rotation(HeadPose(15.0, 0.0, 0.0))
    around = flow_around(head, turn)
    nose = head.landmarks[4, :2].round().astype(int)
    assert around[nose[1], nose[0], 0] < -3
    assert np.abs(around[10, 10]).max() < 0.05
    assert straightened(head, turn) == 0
    face, mirrored, both = layers(head, turn, around)
    assert face.opacity.max() == pytest.approx(1, abs=0.02)
    # A face that looks into the camera needs no mirror image.
    assert mirrored.opacity.sum() < 0.05 * face.opacity.sum()
    assert 0.5 * face.opacity.sum() < both.sum() <= face.opacity.sum()
    # What has turned away is not shown, and not made up either.
    assert not face.opacity[:, :20].any()


@pytest.mark.parametrize("yaw", [28.0, -28.0])
def test_a_far_half_is_the_photos_own_and_beyond_it_the_near_one_reflected(head, yaw):
    far_side = np.sign(yaw)
    # A face that looks aside is before one side of its head.
    middle = [64 + 11 * far_side, 64, 0]
    vectors = mesh_points(head.landmarks) - [64, 64, 0]
    points = mesh_points(vectors @ rotation(HeadPose(yaw, 0.0, 0.0)).T + middle)
    person = head.matte.copy()
    cv2.ellipse(person, (64 + round(5 * far_side), 60), (22, 28), 0, 0, 360, 1.0, -1)
    aside = build_head(points.astype(np.float32), head.depth * 0, person, head.skin, head.valid)
    assert aside.pose.yaw == pytest.approx(yaw, abs=0.1)
    straight = rotation(aside.pose).T
    assert straightened(aside, straight) == 1
    half = far_half(aside, straight, 1.0)
    # The far half of the face is as wide as the near one.
    far = half.far(half.face[:, :2])
    outer = np.abs(far) > 0.4
    np.testing.assert_allclose(far[outer], -far[mirror()][outer], atol=0.02)
    still = np.zeros((SIZE, SIZE, 2), np.float32)
    around, side, left = with_twin(aside, half, still)
    assert 0 <= side.opacity.min() <= side.opacity.max() <= 1
    # From the middle on the photo's own pixels are shown, and their mirror image where these end.
    assert not side.opacity[left > 0.2].any()
    for row in (40, 50):
        shown = np.flatnonzero(side.opacity[row] > 0.9)
        assert len(shown) > 5 and (left[row, shown] < 0.05).all()
        line = shown + side.flow[row, shown, 0] / 2
        assert np.ptp(line) < 0.01 and abs(line.mean() - half.middle[0]) < 0.01
        # Where the person reaches further than the image the outline is drawn in to it.
        own, drawn = (
            (far_side * np.flatnonzero(looked_up(person, flow)[row] > 0.5)).max()
            for flow in (still, around)
        )
        assert drawn < own - 1
        assert abs(drawn - (far_side * shown).max()) <= 4
    little = rotation(HeadPose(yaw - 5 * far_side, 0.0, 0.0)) @ straight
    assert straightened(aside, little) == 0


def test_a_neck_stays_below_a_jaw_and_goes_on_where_the_chin_was(head):
    aside = replace(head, pose=HeadPose(25.0, 0.0, 0.0), skin=head.matte)
    half = far_half(aside, rotation(aside.pose).T, 1.0)
    moved = np.full((SIZE, SIZE, 2), 9, np.float32)
    flow = with_body(aside, half, moved)
    chin = aside.landmarks[152, :2].round().astype(int)
    neck = slice(chin[1] + 8, chin[1] + 14)
    assert np.abs(flow[neck, 64:70]).max() < 0.5
    assert (flow[: chin[1] - 20] == 9).all()
    # Just above the chin's lower edge the neck is the one below it.
    above = flow[chin[1] - 4, 64:68]
    assert np.abs(above[:, 0]).max() < 0.5 and (above[:, 1] > 3).all()


def test_an_outline_rolls_along_and_else_stays(head):
    for pose, moves in ((HeadPose(20.0, 0.0, 0.0), False), (HeadPose(0.0, 0.0, 20.0), True)):
        weight, flow = outline(head, rotation(pose), 64)
        assert weight.max() == pytest.approx(1)
        top = flow[14:18, 28:36]
        assert (np.abs(top).max() > 4) == moves
        # The wall and what lies below the neck stay.
        assert np.abs(flow[2]).max() == np.abs(flow[-2]).max() == 0


@pytest.mark.parametrize("degrees", [20.0, -20.0])
def test_an_ear_that_turns_away_stays_and_the_other_goes_along(head, degrees):
    turn = rotation(HeadPose(degrees, 0.0, 0.0))
    weight, flow = outline(head, turn, SIZE)
    rows = slice(58, 63)
    away, other = (weight[rows, 80:92], weight[rows, 36:48])[:: 1 if degrees > 0 else -1]
    assert away.max() > 0.9 > 0.1 > other.max()
    assert np.abs(flow[rows]).max() < 1e-3


def test_the_far_rim_of_a_face_moves_as_what_is_around(head):
    turn = rotation(HeadPose(20.0, 0.0, 0.0))
    rim = far_rim(head, turn)
    oval = fill_polygon(head.landmarks[list(FACE_OVAL), :2], rim.shape)
    left, *_, right = np.nonzero(oval[60])[0]
    assert rim[60, right] > 0.5 > rim[60, left] == 0 == rim[60, 64]
    around = np.full((SIZE, SIZE, 2), -1.0, np.float32)
    points = turned(head, mesh_points(head.landmarks), turn, np.ones(478, np.float32))
    towards, everywhere = facing(head.landmarks), np.ones_like(rim)
    sides = everywhere, np.zeros_like(rim)
    face, *_ = face_layers(head, points[:N_SURFACE], around, towards, sides=sides)
    np.testing.assert_allclose(face.flow, around, atol=1e-4)


def test_eyes_look_on_or_turn_along(head):
    turn = rotation(HeadPose(20.0, 0.0, 0.0))
    around = flow_around(head, turn)
    face, image, _ = layers(head, turn, around)
    points = turned(head, mesh_points(head.landmarks), turn, np.ones(478, np.float32))
    after = mesh_points(points)
    looking, same, moved = keep_gaze((face, image), after, turn, head.unit)
    assert np.array_equal(same.flow, image.flow)
    iris = [one[0] for one in IRISES]
    assert (moved[iris, 0] < after[iris, 0] - 0.02 * head.unit).all()
    assert np.array_equal(moved[:468], after[:468])
    changed = np.abs(looking.flow - face.flow).max(-1) > 0.01
    assert 0 < changed.sum() < 0.05 * changed.size


def test_an_eye_that_is_reflected_looks_where_the_other_looks(head):
    nothing = np.zeros((SIZE, SIZE, 2), np.float32)
    layer = Layer(nothing, np.zeros((SIZE, SIZE), np.float32))
    aside, points = 0.015 * head.unit, head.landmarks.copy()
    for iris, way in zip(IRISES, (1, -1), strict=True):
        points[list(iris), 0] += way * aside
    _, image, moved = keep_gaze((layer, layer), points, np.eye(3), head.unit, far=1)
    assert np.array_equal(moved[:473], points[:473])
    assert moved[473, 0] - points[473, 0] == pytest.approx(2 * aside, rel=0.3)
    assert image.flow[..., 0].min() < -aside


def test_a_turn_by_nothing_is_the_photo(head):
    picture = np.random.default_rng(0).random((SIZE, SIZE, 3), np.float32)
    edit = turn_head(picture, head, head.pose)
    mask = region_mask("crop", head.landmarks, SIZE)
    assert np.array_equal(compose(picture, edit, np.eye(2, 3), mask), picture)


def test_a_turn_leaves_the_wall_far_away_as_it_is(head):
    picture = np.full((SIZE, SIZE, 3), 200, np.uint8)
    picture[head.matte > 0.5] = (60, 40, 30)
    edit = turn_head(picture / np.float32(255), head, HeadPose(15.0, 0.0, 0.0))
    edit.check()
    assert edit.turned == pytest.approx(15, abs=0.1)
    mask = region_mask("crop", head.landmarks, SIZE)
    after = compose(picture, edit, np.eye(2, 3), mask)
    assert (after != picture).any()
    assert np.array_equal(after[:20], picture[:20])
    assert np.array_equal(after[:, :12], picture[:, :12])
    # Nothing but person and wall is seen anywhere, but for the overshoot of sampling at edges.
    assert after[..., 0].max() <= 235


@pytest.mark.parametrize("degrees", [20.0, -20.0])
def test_the_side_that_opens_reaches_back_to_an_ear_and_the_other_is_left(head, degrees):
    turn = rotation(HeadPose(degrees, 0.0, 0.0))
    opened = with_side(head, turn, 1.0)
    # A head that turns to the picture's right shows more of its side at the picture's left.
    left = np.arange(SIZE) < 64
    opens, closes = (left, ~left) if degrees > 0 else (~left, left)
    np.testing.assert_allclose(opened.depth[:, closes], head.depth[:, closes], atol=1e-3)
    assert np.abs(opened.depth[50:70, opens] - head.depth[50:70, opens]).max() > 0.1 * head.unit
    x = head.landmarks[:, 0]
    beyond = x > 64 if degrees > 0 else x < 64
    assert np.array_equal(opened.landmarks[beyond], head.landmarks[beyond])
    # Where a point is in the picture does not change.
    assert np.array_equal(opened.landmarks[:, :2], head.landmarks[:, :2])
    assert (opened.landmarks[:, 2] - head.landmarks[:, 2]).min() >= 0


def test_a_head_seen_from_aside_has_no_ear_made_up(head):
    nodding = rotation(HeadPose(0.0, 10.0, 0.0))
    assert with_side(head, nodding, 1.0) is head
    aside = replace(head, pose=HeadPose(25.0, 0.0, 0.0))
    opened = with_side(aside, rotation(aside.pose).T, 1.0)
    assert opened.landmarks is aside.landmarks
    # What stands out at the far side goes with the face; the near side is left.
    assert np.array_equal(opened.depth[:, :50], aside.depth[:, :50])
    assert (opened.depth != aside.depth).any()


@pytest.mark.parametrize("degrees", [28.0, -28.0])
def test_nothing_behind_is_seen_through_an_eye(head, degrees):
    turn = rotation(HeadPose(degrees, 0.0, 0.0))
    around = flow_around(head, turn)
    face, _, _ = layers(head, turn, around)
    points = turned(head, mesh_points(head.landmarks), turn, np.ones(478, np.float32))
    for eye, outwards in zip(EYES, (-1, 1), strict=True):
        inside = fill_polygon(points[list(eye), :2], (SIZE, SIZE)) > 0.5
        from_x = np.argwhere(inside)[:, 1] + face.flow[inside][:, 0]
        corner = (outwards * head.landmarks[list(eye), 0]).max()
        assert (outwards * from_x).max() < corner + 1


def test_the_nearest_triangle_is_seen_where_others_lie_behind():
    points = mean_shape().copy()
    # Turned far, the nose lies over the far cheek.
    vectors = points * [1, 1, -1] @ rotation(HeadPose(50.0, 0.0, 0.0)).T * [1, 1, -1]
    placed = (vectors * 30 + [64, 64, 0]).astype(np.float32)
    hidden = rasterize_mesh(placed, (SIZE, SIZE), hide=True)
    plain = rasterize_mesh(placed, (SIZE, SIZE))
    depth = [raster.interpolate(placed[:468, 2:])[..., 0] for raster in (hidden, plain)]
    assert np.array_equal(hidden.inside, plain.inside)
    assert (depth[0] <= depth[1] + 2.0).all()
    assert (depth[0] < depth[1] - 2.0).any()


def test_hair_over_a_face_goes_with_the_hair_around(head):
    picture = np.full((SIZE, SIZE, 3), (0.8, 0.6, 0.5), np.float32)
    picture[(head.matte > 0.5) & (head.skin < 0.5)] = (0.1, 0.08, 0.06)
    picture[44:52, 46:52] = (0.1, 0.08, 0.06)
    bare = with_bare_rim(head, picture)
    assert bare.hair[45, 47] > 0.9
    assert bare.skin[45, 47] < 0.1
    # Eyes and brows are no hair of the head, nor is the middle of a face.
    assert bare.hair[60:100, 56:72].max() == 0
    bald = np.where(head.matte[..., None] > 0.5, picture[64, 64], picture)
    assert with_bare_rim(head, bald).hair.max() == 0


def test_a_neck_keeps_its_outline(head):
    bare = replace(head, skin=head.matte)
    around = flow_around(bare, rotation(HeadPose(15.0, 0.0, 0.0)))
    chin = round(float(head.landmarks[152, 1]))
    across = np.abs(around[chin + 8, :, 0])
    assert across[[55, 73]].max() < 0.5 * across[64]


@pytest.mark.parametrize("degrees", [25.0, -25.0])
def test_the_near_side_is_held_by_its_outline(head, degrees):
    bare = replace(head, skin=head.matte)
    turn = rotation(HeadPose(degrees, 0.0, 0.0))
    held = near_hold(bare, turn)
    # A head that turns to the picture's right brings its side at the picture's left.
    near, far = (slice(64), slice(64, None))[:: 1 if degrees > 0 else -1]
    assert held[:, near].max() > 0.9 > 0.1 > held[60:80, 64].max() and held[:, far].max() < 0.6
    points = turned(bare, mesh_points(bare.landmarks), turn, np.ones(478, np.float32))
    at = np.linspace(0, 1, len(points), dtype=np.float32)
    kept = hold(bare, turn, bare.landmarks, points, at)
    np.testing.assert_allclose(kept[0], points[0], atol=1e-4)
    # It may slide up and down, and a nod holds nothing.
    np.testing.assert_allclose(kept[-1, 0], bare.landmarks[-1, 0], atol=1e-3)
    np.testing.assert_allclose(kept[:, 1:], points[:, 1:], atol=1e-4)
    assert near_hold(bare, rotation(HeadPose(0.0, 10.0, 0.0))).max() < 1e-6
    # Nothing folds: what is farther out stays farther out.
    row = np.arange(SIZE, dtype=np.float32) + flow_around(bare, turn, held)[70, :, 0]
    assert np.diff(row[near]).min() > 0
    # What is held is left to what is around.
    around = np.zeros((SIZE, SIZE, 2), np.float32)
    sides = np.zeros_like(held), np.ones_like(held)
    face, image, _ = face_layers(bare, points[:N_SURFACE], around, facing(head.landmarks), 0, sides)
    assert face.opacity.max() == image.opacity.max() == 0


def test_a_rim_light_stays_along_the_near_outline(head):
    turn = rotation(HeadPose(20.0, 0.0, 0.0))
    held = near_hold(head, turn)
    skin = np.full((SIZE, SIZE, 3), 0.4, np.float32)
    flow = np.zeros((SIZE, SIZE, 2), np.float32)
    flow[..., 0] = -4
    assert np.abs(side_light(skin, head, turn, held, flow)).max() < 1e-5
    face = fill_polygon(head.landmarks[list(FACE_OVAL), :2], (SIZE, SIZE)) > 0.5
    row = int(head.landmarks[4, 1])
    left = int(face[row].argmax())
    skin[:, : left + 4] = 0.8
    ratio = side_light(skin, head, turn, held, flow)
    lit = looked_up(skin, flow) * np.exp(ratio)
    # Four pixels that were drawn out to the right: what was brought there is as dark as the cheek.
    assert np.abs(lit[row, left + 5 : left + 8] - 0.4).max() < 0.15
    assert lit[row, left + 1].min() > 0.55
    # The far side keeps its light.
    assert np.abs(ratio[:, SIZE // 2 + 12 :]).max() < 0.01
    # Foreheads, with hair before them, and the wall keep it, too.
    assert np.abs(ratio[: int(head.landmarks[9, 1])]).max() < 0.01
    assert not ratio[:, : left - 8].any()
