import io
import subprocess
import sys
import time
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import cv2
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
        "assert isinstance(faceedit.Editor, type) and isinstance(faceedit.Target, type)\n"
        "assert 'EditResult' in dir(faceedit)\n"
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_the_package_says_what_it_offers():
    assert faceedit.__version__ == version("faceedit")
    for name in faceedit.__all__:
        assert getattr(faceedit, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        faceedit.nothing  # noqa: B018 # pyright: ignore
    assert files("faceedit").joinpath("py.typed").is_file()


def test_each_kind_gives_the_same_pixels(options, tmp_path):
    pixels = skimage.data.astronaut()
    Image.fromarray(pixels).save(tmp_path / "a.png")
    edited = faceedit.edit(pixels, "happy", **options)
    assert edited.dtype == np.uint8
    where = (edited != pixels).any(axis=2)
    assert 2000 < where.sum() < 40_000
    np.testing.assert_array_equal(pixels, skimage.data.astronaut())
    for given in (tmp_path / "a.png", str(tmp_path / "a.png"), Image.fromarray(pixels)):
        image = faceedit.edit(given, "happy", **options)
        assert isinstance(image, Image.Image)
        assert image.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(image), edited)
        array = faceedit.edit(given, "happy", as_array=True, **options)
        assert isinstance(array, np.ndarray)
        np.testing.assert_array_equal(array, edited)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P"])
def test_a_file_gives_an_image_of_its_mode_with_its_metadata(options, tmp_path, mode):
    image = Image.fromarray(skimage.data.astronaut()).convert(mode)
    if "A" in mode:
        image.putalpha(77)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    image = image.transpose(Image.Transpose.ROTATE_90)
    image.save(tmp_path / "a.png", exif=exif, icc_profile=b"profile", dpi=(300, 300))
    edited = faceedit.edit(tmp_path / "a.png", "happy", **options)
    assert edited.mode == ("RGB" if mode == "P" else mode)
    assert edited.getexif()[0x010F] == "maker"
    assert edited.getexif().get(0x0112, 1) == 1
    assert edited.info["icc_profile"] == b"profile"
    assert edited.info["dpi"] == pytest.approx((300, 300), abs=1)
    if "A" in mode:
        assert edited.getchannel("A").getextrema() == (77, 77)
    with Image.open(tmp_path / "a.png") as opened:
        kept = faceedit.edit(opened if mode != "P" else opened.convert("RGB"), "happy", **options)
    np.testing.assert_array_equal(np.asarray(edited), np.asarray(kept))


def test_a_file_of_16_bits_keeps_them_in_an_array_alone_and_says_so(options, tmp_path):
    pixels = skimage.data.astronaut().astype(np.uint16) * 256 + 3
    cv2.imwrite(str(tmp_path / "a.tif"), pixels[..., ::-1])
    array = faceedit.edit(tmp_path / "a.tif", "happy", as_array=True, **options)
    assert array.dtype == np.uint16
    np.testing.assert_array_equal(array, faceedit.edit(pixels, "happy", **options))
    with pytest.warns(UserWarning, match="16 bits was rounded .*as_array=True"):
        image = faceedit.edit(tmp_path / "a.tif", "happy", **options)
    assert image.mode == "RGB"
    np.testing.assert_allclose(np.asarray(image, int), array / 257, atol=0.51)


def test_details_say_what_became_of_the_faces(options):
    result = faceedit.edit(skimage.data.astronaut(), "joy:0.5", details=True, **options)
    (face,) = result.faces
    assert (result.outcome, result.changed, result.reason) == ("edited", True, "")
    assert (face.outcome, face.applied, face.scores["strength"]) == ("edited", {"happy": 0.5}, 0.5)
    assert repr(result) == "<EditResult edited, 512 x 512, 1 of 1 faces edited>"
    with Image.open(io.BytesIO(result._repr_png_() or b"")) as shown:
        np.testing.assert_array_equal(np.asarray(shown), result.pixels)
    np.testing.assert_array_equal(np.asarray(result.image), result.pixels)
    same = faceedit.edit(skimage.data.astronaut(), "happy:0", details=True, **options)
    assert (same.outcome, same.changed) == ("unchanged", False)
    assert same.reason == same.faces[0].reason == "a strength of 0 changes nothing"
    blank = faceedit.edit(np.zeros((40, 50, 3), np.uint16), "happy", details=True, **options)
    assert repr(blank).endswith("unchanged, 50 x 40, 0 of 0 faces edited: no face was found>")
    assert blank._repr_png_()


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
    mapping = faceedit.edit(pixels, {"smile": 0.5, "surprised": 0.25}, **options)
    terms = faceedit.edit(pixels, ("happy:0.5", "surprised:0.25"), **options)
    target = faceedit.edit(pixels, faceedit.parse_target("happy:0.5+surprise:0.25"), **options)
    for same in (one, halved, mapping, terms, target):
        np.testing.assert_array_equal(texts, same)


def test_what_is_no_target_is_told_before_anything_is_loaded():
    start = time.perf_counter()
    for wrong in (("happy", 0.6), None, 3, {"happy": "0.6"}, {"hapy": 1}):
        target: Any = wrong
        with pytest.raises(UsageError, match=r"write|did you mean"):
            faceedit.edit(skimage.data.astronaut(), target)
    assert time.perf_counter() - start < 1


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
    wrong: Any
    for wrong in (None, 3, b"a.jpg", [grey]):
        with pytest.raises(UsageError, match="a picture is a path, a PIL image or"):
            faceedit.edit(wrong, "happy", **options)
    with pytest.raises(UsageError, match="has no pixels"):
        faceedit.edit(np.zeros((0, 5, 3), np.uint8), "happy", **options)
    with pytest.raises(UsageError, match="mode CMYK"):
        faceedit.edit(Image.new("CMYK", (8, 8)), "happy", **options)
    with pytest.raises(UsageError, match="does not know angry"):
        faceedit.edit(skimage.data.astronaut(), "angry", **options)
    with pytest.raises(UsageError, match="landmarks must be"):
        faceedit.edit(grey, "happy", landmarks="none", **options)  # pyright: ignore
    with pytest.raises(UsageError, match="landmarks must be"):
        faceedit.analyze(grey, landmarks="none")  # pyright: ignore
    with pytest.raises(UsageError, match="did you mean reggan"):
        faceedit.edit(grey, "happy", model="regan")
    with pytest.raises(TypeError, match="modle"):
        faceedit.edit(grey, "happy", modle="reggan")  # pyright: ignore
    with pytest.raises(UnreadableError):
        faceedit.edit(tmp_path / "none.jpg", "happy", **options)
    with pytest.raises(WeightsError):
        faceedit.edit(grey, "happy", weights=tmp_path / "none", device="cpu")
