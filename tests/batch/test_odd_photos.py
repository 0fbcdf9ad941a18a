"""Sound photos of rare kinds, which have to come back as what they were."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from stored import STORED

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Longer than what one JPEG segment holds.
LONG_ICC = ICC + np.random.default_rng(0).bytes(100_000)
ORIENTATION = 274


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def edited(photos, run_folder):
    """Run the folder, hold that all was edited, and yield input and output of each photo."""

    def run_all():
        results = run_folder(photos)
        failed = {n: one.reason for n, one in results.items() if one.outcome != "edited"}
        assert not failed
        return [(one.job.source, one.job.target) for one in results.values()]

    return run_all


def assert_edited_at_the_face(before, after, name):
    """Hold that pixels changed on the face of the portrait and nowhere else, to the last bit."""
    assert before.shape == after.shape, name
    assert before.dtype == after.dtype, name
    changed = (before != after).reshape(*before.shape[:2], -1).any(axis=2)
    assert changed[90:170, 75:135].mean() > 0.5, name
    changed[35:215, 30:180] = False
    assert not changed.any(), name


def test_modes_come_back(photos, portrait, edited):
    colour = Image.fromarray(portrait)
    for name in ("a.png", "a.tif", "a.bmp"):
        colour.save(photos / name)
        colour.convert("L").save(photos / f"grey-{name}")
    colour.save(photos / "lzw.tif", compression="tiff_lzw")
    colour.save(photos / "a.webp", lossless=True)
    for source, target in edited():
        with Image.open(source) as before, Image.open(target) as after:
            assert (after.format, after.mode) == (before.format, before.mode)
            assert after.info.get("compression") == before.info.get("compression")
            assert_edited_at_the_face(np.asarray(before), np.asarray(after), source.name)


def test_alpha_is_unchanged(photos, portrait, edited):
    ramp = np.broadcast_to(np.linspace(0, 255, portrait.shape[1]), portrait.shape[:2])
    alpha = Image.fromarray(ramp.astype(np.uint8))
    for mode, names in (("RGB", ("a.png", "a.tif", "a.webp")), ("L", ("grey.png", "grey.tif"))):
        for name in names:
            picture = Image.fromarray(portrait).convert(mode)
            picture.putalpha(alpha)
            picture.save(photos / name, lossless=True, exact=True)
    for source, target in edited():
        with Image.open(source) as before, Image.open(target) as after:
            assert after.mode == before.mode
            assert_edited_at_the_face(np.asarray(before), np.asarray(after), source.name)
            np.testing.assert_array_equal(np.asarray(after)[..., -1], np.asarray(alpha))


def test_16_bits_come_back(photos, portrait, edited):
    rng = np.random.default_rng(0)
    deep = portrait.astype(np.uint16) * 257 - rng.integers(0, 256, portrait.shape) * (portrait > 0)
    deep = deep.astype(np.uint16)
    alpha = np.broadcast_to(np.linspace(0, 65535, deep.shape[1]), deep.shape[:2]).astype(np.uint16)
    kinds = {"a": deep[..., ::-1], "grey": deep[..., 1]}
    for name, channels in kinds.items():
        for suffix in (".png", ".tif"):
            assert cv2.imwrite(str(photos / (name + suffix)), channels)
    assert cv2.imwrite(str(photos / "alpha.png"), np.dstack([deep[..., ::-1], alpha]))
    for source, target in edited():
        before, after = (cv2.imread(str(p), cv2.IMREAD_UNCHANGED) for p in (source, target))
        assert before is not None and after is not None
        assert after.dtype == np.uint16
        assert_edited_at_the_face(before, after, source.name)
        fine = after[before != after] % 257
        assert len(np.unique(fine)) > 200, source.name
        if source.stem == "alpha":
            np.testing.assert_array_equal(after[..., 3], alpha)


def test_palettes_come_back(photos, portrait, edited):
    palette = Image.fromarray(portrait).quantize(256)
    for name in ("a.png", "a.tif", "a.bmp"):
        palette.save(photos / name)
    # The background's colours let something through, which the edit must not lend to the face.
    opacity = np.full(256, 255, np.uint8)
    opacity[np.unique(np.asarray(palette)[:30])] = 100
    palette.save(photos / "glass.png", transparency=opacity.tobytes())
    for source, target in edited():
        with Image.open(source) as before, Image.open(target) as after:
            assert after.mode == before.mode == "P"
            assert after.getpalette() == before.getpalette()
            assert after.info.get("transparency") == before.info.get("transparency")
            if source.name != "glass.png":
                assert_edited_at_the_face(np.asarray(before), np.asarray(after), source.name)
            old, new = (np.asarray(one.convert("RGBA")) for one in (before, after))
            np.testing.assert_array_equal(new[..., 3], old[..., 3])
            np.testing.assert_array_equal(new[215:], old[215:])
            assert (new != old)[old[..., 3] == 255].any()


def save_turned(path, upright, orientation):
    """Save a picture as a camera does that was held in one of eight ways."""
    how = STORED[orientation]
    picture = upright if how is None else upright.transpose(how)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"exif": exif, "icc_profile": LONG_ICC}
    if path.suffix == ".webp":
        options["lossless"] = True
    if path.suffix == ".jpg":
        options |= {"quality": 95, "subsampling": 0}
    picture.save(path, **options)


@pytest.mark.parametrize(("suffix", "tolerance"), [(".jpg", 3.0), (".webp", 0), (".tif", 0)])
def test_all_orientations_become_upright(photos, portrait, edited, suffix, tolerance):
    for orientation in range(1, 9):
        save_turned(photos / f"{orientation}{suffix}", Image.fromarray(portrait), orientation)
    pairs = edited()
    assert len(pairs) == 8
    upright = None
    for _, target in pairs:
        with Image.open(target) as image:
            assert image.getexif().get(ORIENTATION, 1) == 1
            assert image.size == portrait.shape[1::-1]
            assert image.info["icc_profile"] == LONG_ICC
            pixels = np.asarray(image).astype(int)
        if upright is None:
            upright = pixels
            assert (pixels[90:170, 75:135] - portrait[90:170, 75:135]).mean() > 15
            assert np.abs(pixels[215:] - portrait[215:]).mean() <= tolerance
        assert np.abs(pixels - upright).mean() <= tolerance


def test_profiles_are_kept_byte_for_byte(photos, portrait, edited):
    colour = Image.fromarray(portrait)
    for profile, kind in ((ICC, "short"), (LONG_ICC, "long"), (b"no profile at all", "odd")):
        for suffix in (".jpg", ".png", ".webp", ".tif", ".avif"):
            colour.save(photos / f"{kind}{suffix}", icc_profile=profile, speed=10)
    for source, target in edited():
        with Image.open(source) as before, Image.open(target) as after:
            assert after.info["icc_profile"] == before.info["icc_profile"], source.name
