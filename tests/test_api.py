import subprocess
import sys

import numpy as np
import pytest
import skimage.data
from PIL import Image

import faceedit
from faceedit.errors import UnreadableError, UsageError, WeightsError


@pytest.fixture
def options(fake_weights):
    return {"weights": fake_weights(), "device": "cpu", "edit_shown": True}


def test_importing_imports_nothing_heavy():
    heavy = "torch cv2 numpy PIL safetensors pydantic rich skimage"
    script = (
        "import sys, faceedit\nassert callable(faceedit.edit)\n"
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_each_kind_gives_the_same_pixels(options, tmp_path):
    pixels = skimage.data.astronaut()
    Image.fromarray(pixels).save(tmp_path / "a.png")
    edited = faceedit.edit(pixels, "happy", **options)
    assert edited.dtype == np.uint8
    where = (edited != pixels).any(axis=2)
    assert 2000 < where.sum() < 40_000
    np.testing.assert_array_equal(pixels, skimage.data.astronaut())
    for path in (tmp_path / "a.png", str(tmp_path / "a.png")):
        np.testing.assert_array_equal(faceedit.edit(path, "happy", **options), edited)
    image = faceedit.edit(Image.fromarray(pixels), "happy", **options)
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), edited)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
def test_a_pil_image_keeps_its_mode_and_alpha(options, mode):
    image = Image.fromarray(skimage.data.astronaut()).convert(mode)
    if "A" in mode:
        image.putalpha(77)
    edited = faceedit.edit(image, "happy", **options)
    assert (edited.mode, edited.size) == (mode, image.size)
    assert np.asarray(edited)[:200].mean() > np.asarray(image)[:200].mean()
    if "A" in mode:
        assert edited.getchannel("A").getextrema() == (77, 77)
    unchanged = faceedit.edit(image, "happy:0", **options)
    np.testing.assert_array_equal(np.asarray(unchanged), np.asarray(image))


def test_a_rotated_pil_image_comes_back_upright_with_its_metadata(options, tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    lying = Image.fromarray(np.rot90(skimage.data.astronaut()))
    lying.save(tmp_path / "a.png", exif=exif, icc_profile=b"profile")
    with Image.open(tmp_path / "a.png") as image:
        edited = faceedit.edit(image, "happy", **options)
    upright = faceedit.edit(skimage.data.astronaut(), "happy", **options)
    np.testing.assert_array_equal(np.asarray(edited), upright)
    assert edited.getexif().get(0x0112, 1) == 1
    assert edited.getexif()[0x010F] == "maker"
    assert edited.info["icc_profile"] == b"profile"


def test_targets_in_every_form(options):
    pixels = skimage.data.astronaut()
    texts = faceedit.edit(pixels, ["happy:0.5", "surprised:0.25"], **options)
    one = faceedit.edit(pixels, "happy:0.5+surprised:0.25", **options)
    halved = faceedit.edit(pixels, "happy+surprised:0.5", intensity=0.5, **options)
    np.testing.assert_array_equal(texts, one)
    np.testing.assert_array_equal(texts, halved)


def test_without_a_face_or_strength_a_copy_comes_back(options):
    for pixels, target in (
        (np.zeros((40, 50, 3), np.uint8), "happy"),
        (skimage.data.astronaut(), "happy:0"),
    ):
        edited = faceedit.edit(pixels, target, **options)
        np.testing.assert_array_equal(edited, pixels)
        assert edited is not pixels


def test_errors(options, tmp_path):
    grey = np.zeros((40, 50), np.uint8)
    with pytest.raises(UsageError, match="RGB of uint8 or uint16"):
        faceedit.edit(grey, "happy", **options)
    with pytest.raises(UsageError, match="mode CMYK"):
        faceedit.edit(Image.new("CMYK", (8, 8)), "happy", **options)
    with pytest.raises(UsageError, match="does not know angry"):
        faceedit.edit(skimage.data.astronaut(), "angry", **options)
    with pytest.raises(UsageError, match="landmarks must be"):
        faceedit.edit(grey, "happy", landmarks="none", **options)  # pyright: ignore
    with pytest.raises(UnreadableError):
        faceedit.edit(tmp_path / "none.jpg", "happy", **options)
    with pytest.raises(WeightsError):
        faceedit.edit(grey, "happy", weights=tmp_path / "none", device="cpu")
