import numpy as np
import pytest
import torch
from face_networks import GOLDEN, astronaut, network, sampled

from faceedit.faces.find.detector import FULL, SHORT, Detector, overlap, weighted_nms
from faceedit.faces.find.lockstep import alone
from faceedit.faces.find.search import propose
from faceedit.faces.find.view import Looks, View, render, tiles


@pytest.mark.parametrize(("anchors", "size", "count"), [(SHORT, 128, 896), (FULL, 192, 2304)])
def test_anchors(anchors, size, count):
    centres = anchors.centres(size)
    assert centres.shape == (count, 2)
    stride, per_cell = anchors.layers[0]
    assert np.allclose(centres[0], stride / 2 / size)
    assert np.allclose(centres[per_cell], [1.5 * stride / size, stride / 2 / size])


@pytest.mark.parametrize(("name", "step"), [("short", 7), ("full", 18)])
def test_raw_outputs_are_mediapipes(name, step):
    golden = np.load(GOLDEN)
    net = network(f"blazeface-{name}")
    x = torch.from_numpy(sampled(net.size).astype(np.float32) / 127.5 - 1)
    with torch.inference_mode():
        out = net(x.permute(2, 0, 1)[None])
    assert np.abs(out["boxes"][0, ::step].numpy() - golden[f"{name}_boxes"]).max() < 1e-3
    assert np.abs(out["scores"][0, :, 0].numpy() - golden[f"{name}_scores"]).max() < 1e-3


def test_detection_is_mediapipes():
    left, top, width, height, score, *keypoints = np.load(GOLDEN)["detection"].tolist()
    detector = Detector(network("blazeface-short"), SHORT)
    (found,) = alone(propose(detector, Looks(astronaut()), [View.whole(astronaut())]))
    # Both resize the photo in their own way, which moves a box by a pixel or two.
    assert np.abs(found.box - [left, top, left + width, top + height]).max() < 4
    inside = np.reshape(keypoints, (6, 2))[:4]
    assert np.abs(found.keypoints[:4] - inside).max() < 5
    assert abs(found.score - score) < 0.05


def test_overlap():
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6]], np.float32)
    assert np.allclose(overlap(boxes[0], boxes), [1, 1 / 7, 0])
    assert np.allclose(overlap(boxes[0], boxes, over_smaller=True), [1, 0.25, 0])


def test_nms_weighs_by_score():
    box = np.tile(np.array([[0.0, 0], [10, 10]]), (3, 4, 1))
    box[1] += 1
    box[2] += 50
    merged, other = weighted_nms(box, np.array([0.9, 0.6, 0.7]))
    assert merged.score == 0.9
    assert np.allclose(merged.box, np.array([0, 0, 10, 10]) + 0.4)
    assert np.allclose(other.box, [50, 50, 60, 60])


def test_no_squares_no_detections():
    assert alone(Detector(network("blazeface-short"), SHORT).detect([])) == []


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("padding", [0.0, 0.5])
def test_render_maps_back_to_the_photo(quarters, padding):
    height, width = 301, 480
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([x / 2, y / 2, np.full_like(x, 255.0)], -1).round().astype(np.uint8)
    square, to_photo = render(pixels, View.whole(pixels, padding, quarters), 128)
    assert square.shape == (128, 128, 3)
    v, u = np.nonzero(square[..., 2] == 255)
    where = np.column_stack([u, v, np.ones(len(u))]) @ to_photo.T
    assert len(u) > 1000
    assert np.abs(where - 2.0 * square[v, u, :2]).max() < 2.6


def test_looks_render_as_render_does():
    looks = Looks(astronaut())
    for view in [View(100, 40, 300, 200, quarters) for quarters in (1, 0, 2, 3)]:
        seen, expected = looks.render(view, 96), render(astronaut(), view, 96)
        assert np.array_equal(seen[0], expected[0])
        assert np.array_equal(seen[1], expected[1])


def test_tiles_cover_the_photo_and_overlap():
    pixels = np.zeros((600, 1000, 3), np.uint8)
    for level in (1, 2, 4, 6):
        views = tiles(pixels, level)
        covered = np.zeros((600, 1000), int)
        for view in views:
            rows = slice(round(view.top), round(view.top + view.height))
            covered[rows, round(view.left) : round(view.left + view.width)] += 1
        assert covered.min() >= 1
        assert len({view.left for view in views}) == level


def test_the_threshold_may_be_another():
    detector = Detector(network("blazeface-full"), FULL)
    square = render(astronaut(), View.whole(astronaut()), detector.size)[0]
    ((found,),) = alone(detector.detect([square]))
    assert alone(detector.detect([square], found.score + 0.01)) == [[]]
    ((first, *others),) = alone(detector.detect([square], 0.01))
    assert (first.is_sure, first.score) == (True, found.score)
    assert np.array_equal(first.box, found.box)
    assert others
    assert not any(one.is_sure for one in others)


def test_boxes_at_inner_edges_are_dropped():
    detector = Detector(network("blazeface-short"), SHORT)
    looks = Looks(astronaut())
    assert alone(propose(detector, looks, [View(0, 0, 300, 300)]))
    half = alone(propose(detector, looks, [View(0, 0, 250, 250)]))
    assert all(found.box[2] < 248 for found in half)
