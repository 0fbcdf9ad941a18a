import cv2
import made_up
import numpy as np
import pytest
import torch

from faceedit.methods.reggan.prior import MODES
from faceedit.methods.reggan.samples import Material, SampleOptions, Samples, _jitter, _mirror

TARGETS = ("neutral", "happy")
PLAIN = SampleOptions(augment=False)


def material(**changes) -> Material:
    parts = {
        "faces": made_up.people()[:4],
        "pairs": made_up.aligned_pairs()[:2],
        "expression": "happy",
        "prior": made_up.prior(),
        "tooth_weights": np.array([0.0, 0.4, 0.4]),
        "targets": TARGETS,
    }
    return Material(**{**parts, **changes})


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


SHAPES = {
    "crop": (3, 256, 256),
    "maps": (12, 128, 128),
    "strengths": (2,),
    "code": (MODES,),
    "flow": (2, 128, 128),
    "log_ratio": (3, 128, 128),
    "opacity": (1, 128, 128),
    "opening": (1, 128, 128),
    "weight": (1, 128, 128),
    "log_gain": (3, 128, 128),
    "saturation": (1,),
    "real": (3, 256, 256),
    "has_real": (1,),
}
UNIT_RANGE = ("crop", "maps", "opacity", "opening", "weight", "saturation", "real", "has_real")


def test_every_sample_has_shape_type_and_range():
    samples = Samples(material(), 0, SampleOptions(pair_share=0.5))
    seen = set()
    for number in range(8):
        sample = samples[number]
        assert {k: tuple(v.shape) for k, v in sample.items()} == SHAPES
        for name, value in sample.items():
            assert value.dtype == torch.float32, name
            assert torch.isfinite(value).all(), name
            if name in UNIT_RANGE:
                assert 0 <= value.min() <= value.max() <= 1, name
        assert (sample["strengths"] > 0).sum() <= 1
        assert sample["strengths"].max() <= 1.6
        seen.add((int(sample["strengths"].argmax()), float(sample["has_real"])))
    assert len(seen) > 2


def test_a_sample_is_a_function_of_seed_and_number():
    first, again = Samples(material(), 3), Samples(material(), 3)
    again[0]
    for number in (5, 2):
        one, two = first[number], again[number]
        assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(first[5]["crop"], first[6]["crop"])
    assert not torch.equal(first[5]["crop"], Samples(material(), 4)[5]["crop"])


def test_a_loader_goes_on_anywhere_in_the_stream():
    samples = Samples(material(), 0)
    whole, rest = (
        list(torch.utils.data.DataLoader(samples, batch_size=2, sampler=range(start, 6)))
        for start in (0, 4)
    )
    assert len(whole) == 3
    assert all(torch.equal(whole[2][name], rest[0][name]) for name in SHAPES)


def test_flow_of_a_plain_sample_moves_the_mouth():
    sample = Samples(material(), 0, PLAIN).draw_face(rng(), 0, "happy")
    assert sample["strengths"].tolist() == [0.0, 1.0]
    assert sample["has_real"].item() == 0
    assert sample["flow"].abs().amax((1, 2)).min() > 3
    assert sample["opacity"].max() == 1
    assert sample["flow"][:, :20].abs().max() < 0.2


def test_neutral_of_a_neutral_face_is_nothing_and_has_no_code():
    sample = Samples(material(), 0, PLAIN).draw_face(rng(), 0, "neutral")
    assert sample["strengths"].tolist() == [1.0, 0.0]
    assert not sample["code"].any()
    assert sample["flow"].abs().max() < 1e-3
    assert sample["log_ratio"].abs().max() < 1e-6


@pytest.mark.parametrize(("target", "sign"), [("happy", 1), ("neutral", -1)])
def test_a_pair_brings_the_real_photo(target, sign):
    sample = Samples(material(), 0, PLAIN).draw_pair(rng(), 0, target)
    pair = made_up.aligned_pairs()[0]
    given = (pair.neutral if target == "happy" else pair.expressive).pixels
    expected = torch.from_numpy(given[32:-32, 32:-32]).permute(2, 0, 1) / 255
    torch.testing.assert_close(sample["crop"], expected)
    assert sample["has_real"].item() == 1
    assert not torch.equal(sample["real"], sample["crop"])
    darker = sample["log_ratio"][:, 70:80].mean()
    assert sign * darker < 0
    # Moved by the flow the crop looks like the real photo where the face is.
    flow = cv2.resize(sample["flow"].permute(1, 2, 0).numpy(), (256, 256))
    rows, columns = np.mgrid[:256, :256].astype(np.float32)
    crop = sample["crop"].permute(1, 2, 0).numpy()
    warped = cv2.remap(crop, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR)
    ratio = cv2.resize(sample["log_ratio"].permute(1, 2, 0).numpy(), (256, 256))
    real = sample["real"].permute(1, 2, 0).numpy()
    skin = cv2.resize(sample["weight"][0].numpy(), (256, 256)) > 0.99
    skin &= cv2.dilate(cv2.resize(sample["opening"][0].numpy(), (256, 256)), np.ones((9, 9))) == 0
    before = np.abs(crop - real)[skin].mean()
    assert np.abs(warped * np.exp(ratio) - real)[skin].mean() < 0.6 * before


def test_a_mirrored_sample_is_the_sample_of_the_mirrored_face():
    plain = Samples(material(), 0, PLAIN).draw_face(rng(), 0, "happy")
    mirrored = {name: value.numpy().copy() for name, value in plain.items()}
    _mirror(mirrored)
    np.testing.assert_array_equal(mirrored["crop"], plain["crop"].numpy()[..., ::-1])
    np.testing.assert_array_equal(mirrored["flow"][1], plain["flow"][1].numpy()[:, ::-1])
    np.testing.assert_array_equal(mirrored["strengths"], plain["strengths"].numpy())
    # u grows to the right in both.
    assert (np.diff(mirrored["maps"][0, 64, 40:90]) > 0).all()
    # Warping and mirroring commute.
    rows, columns = np.mgrid[:128, :128].astype(np.float32)

    def warped(crop, flow):
        small = cv2.resize(np.moveaxis(crop, 0, -1), (128, 128), interpolation=cv2.INTER_AREA)
        return cv2.remap(small, columns + flow[0] / 2, rows + flow[1] / 2, cv2.INTER_LINEAR)

    one = warped(plain["crop"].numpy(), plain["flow"].numpy())[:, ::-1]
    two = warped(mirrored["crop"], mirrored["flow"])
    np.testing.assert_allclose(one, two, atol=0.02)
    _mirror(mirrored)
    np.testing.assert_allclose(mirrored["maps"], plain["maps"].numpy(), atol=1e-6)


def test_jitter_is_a_small_similarity():
    for seed in range(20):
        affine = _jitter(rng(seed))
        scale = np.hypot(*affine[:, 0])
        np.testing.assert_allclose(affine[:, :2] @ affine[:, :2].T, np.eye(2) * scale**2, atol=1e-9)
        assert 0.8 < scale < 1.25
        middle = affine[:, :2] @ np.full(2, 159.5) + affine[:, 2]
        assert np.abs(middle - 127.5).max() < 25


def test_the_crop_and_its_maps_move_together():
    samples = Samples(material(pairs=[]), 1, SampleOptions(pair_share=0.0))
    for number in range(3):
        sample = samples[number]
        whites = sample["maps"][3] > 0.9
        small = torch.nn.functional.avg_pool2d(sample["crop"], 2).mean(0)
        around = (sample["maps"][2] > 0.9) & ~whites & (sample["maps"][4] == 0)
        # Made-up eyes are brighter than made-up skin.
        assert small[whites].quantile(0.8) > small[around].median()


def test_grey_photos_ask_for_grey_teeth():
    samples = Samples(material(pairs=[]), 0)
    grey = 0
    for number in range(24):
        sample = samples[number]
        if sample["saturation"] == 0:
            grey += 1
            spread = sample["crop"].amax(0) - sample["crop"].amin(0)
            assert spread.median() < 0.1
    assert grey > 0
