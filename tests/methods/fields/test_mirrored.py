from dataclasses import replace

import numpy as np
from toy_moves import SIDE, calm_face, drawn, eyes_detail, mouth_detail

from faceedit.compose.compose import compose
from faceedit.compose.details import EyesDetail, MouthDetail
from faceedit.compose.edit import Edit, RasterPaint
from faceedit.compose.mask import face_mask
from faceedit.faces.align import Crop
from faceedit.methods.fields.mirrored import mirror_crop, mirror_edit


def one_sided():
    rows, columns = np.mgrid[:40, :40].astype(np.float32) / 40
    flow = np.stack([2 * np.sin(3 * columns), rows], -1).astype(np.float32)
    ratio = np.repeat((0.2 * columns)[..., None], 3, -1)
    paint = RasterPaint(np.zeros((2, 2, 3), np.float32), SIDE)
    after = calm_face().astype(np.float32)
    # One lens alone keeps its lids.
    lids = replace(
        eyes_detail(0.5), held=np.repeat(np.linspace(0, 1, 8, dtype=np.float32)[None], 8, 0)
    )
    details = (lids, mouth_detail(0.1))
    return Edit(flow, ratio, np.zeros((2, 2), np.float32), paint, SIDE, details, landmarks=after)


def test_the_edit_of_a_mirrored_face_is_the_mirrored_edit():
    face = calm_face().astype(np.float32)
    crop = Crop(drawn(face), face, np.eye(2, 3))
    edit, mask = one_sided(), face_mask(face, SIDE)
    straight = compose(crop.to_bytes(), edit, np.eye(2, 3), mask)
    seen, back = mirror_crop(crop), mirror_edit(edit)
    mirrored = compose(seen.to_bytes(), back, np.eye(2, 3), mask[:, ::-1].copy())
    np.testing.assert_array_equal(seen.pixels, crop.pixels[:, ::-1])
    off = np.abs(mirrored[:, ::-1].astype(int) - straight)
    assert np.abs(straight.astype(int) - crop.to_bytes()).max() > 20
    assert off.mean() < 0.3 and np.percentile(off, 99) <= 8


def test_twice_mirrored_is_the_edit_itself():
    edit = one_sided()
    twice = mirror_edit(mirror_edit(edit))
    for name in ("flow", "log_ratio", "opacity"):
        np.testing.assert_array_equal(getattr(twice, name), getattr(edit, name))
    assert twice.landmarks is not None
    assert edit.landmarks is not None
    np.testing.assert_allclose(twice.landmarks, edit.landmarks, atol=1e-4)
    for one, other in zip(twice.details, edit.details, strict=True):
        assert isinstance(one, EyesDetail | MouthDetail)
        assert isinstance(other, EyesDetail | MouthDetail)
        np.testing.assert_allclose(one.points.jaws_after, other.points.jaws_after)
