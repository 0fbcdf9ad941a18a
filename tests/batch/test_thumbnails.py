import contextlib
import io
import os

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw
from stored import STORED

from faceedit.batch.report.thumbnails import ThumbnailSize, make_thumbnail, size_for
from faceedit.errors import PhotoError, UnreadableError
from faceedit.photos.budget import Budget
from faceedit.photos.picture import fit, read_picture

SMALL = ThumbnailSize(160, 90)


def scene(width=1003, height=747):
    """Shapes with edges, no side of the picture like another."""
    image = Image.new("RGB", (width, height), (90, 110, 130))
    pen = ImageDraw.Draw(image)
    pen.ellipse((width * 0.1, height * 0.15, width * 0.5, height * 0.7), (220, 190, 160))
    pen.rectangle((width * 0.6, height * 0.05, width * 0.95, height * 0.4), (30, 40, 160))
    pen.line((0, height, width, height * 0.6), (240, 240, 20), 25)
    return image


def stored(image, orientation):
    """Return the picture as a camera held askew stores it, and the EXIF that says so."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = STORED[orientation]
    return (image if turn is None else image.transpose(turn)), exif


def decoded(thumbnail):
    return np.asarray(Image.open(io.BytesIO(thumbnail.jpeg)).convert("RGB")).astype(int)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif", "tif"])
def test_before_and_after_are_aligned(tmp_path, suffix, orientation):
    turned, exif = stored(scene(), orientation)
    turned.save(tmp_path / f"before.{suffix}", exif=exif, quality=95)
    scene().save(tmp_path / "after.png")
    before = make_thumbnail(tmp_path / f"before.{suffix}", SMALL)
    after = make_thumbnail(tmp_path / "after.png", SMALL)
    assert before and after
    assert before.size == after.size == (160, 119)
    assert before.photo_size == after.photo_size == (1003, 747)
    grey = [decoded(one).mean(axis=2) for one in (before, after)]
    shift, _ = cv2.phaseCorrelate(*grey)
    assert shift == pytest.approx((0, 0), abs=0.05)
    assert np.abs(grey[0] - grey[1]).mean() < 3


def test_all_pixels_are_kept_without_a_side(tmp_path):
    turned, exif = stored(scene(), 6)
    turned.save(tmp_path / "a.png", exif=exif)
    picture = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(picture.image), np.asarray(scene()))


def test_nothing_is_scaled_up_or_to_nothing(tmp_path):
    assert fit((40, 30), 160) == (40, 30)
    assert fit((4000, 3), 160) == (160, 1)
    Image.new("RGB", (4000, 3)).save(tmp_path / "a.jpg")
    thumbnail = make_thumbnail(tmp_path / "a.jpg", SMALL)
    assert thumbnail and thumbnail.size == (160, 1)


def test_large_jpeg_is_decoded_at_a_fraction(tmp_path, monkeypatch):
    from PIL.JpegImagePlugin import JpegImageFile

    sizes = []
    load = JpegImageFile.load
    monkeypatch.setattr(JpegImageFile, "load", lambda self: (load(self), sizes.append(self.size)))
    scene(2403, 1601).save(tmp_path / "a.jpg")
    assert make_thumbnail(tmp_path / "a.jpg", ThumbnailSize(150, 80))
    assert sizes[0] == (301, 201)


@pytest.mark.parametrize(
    ("mode", "colour", "shown"),
    [
        ("L", 128, (128, 128, 128)),
        ("1", 1, (255, 255, 255)),
        ("LA", (0, 51), (204, 204, 204)),
        ("RGBA", (255, 0, 0, 51), (255, 204, 204)),
        ("RGBA", (9, 9, 9, 0), (255, 255, 255)),
    ],
)
def test_modes_and_alpha_on_white(tmp_path, mode, colour, shown):
    Image.new(mode, (40, 30), colour).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png", 20)
    assert picture.image.mode == "RGB"
    assert picture.image.getpixel((10, 7)) == pytest.approx(shown, abs=1)


def test_palette_with_transparency(tmp_path):
    image = Image.new("P", (40, 30), 1)
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.paste(0, (20, 0, 40, 30))
    image.save(tmp_path / "a.png", transparency=0)
    picture = read_picture(tmp_path / "a.png", 20).image
    assert picture.getpixel((4, 7)) == (200, 0, 0)
    assert picture.getpixel((15, 7)) == (255, 255, 255)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_sixteen_bits(tmp_path, suffix, channels):
    cv2.imwrite(str(tmp_path / f"a.{suffix}"), np.full((30, 40, *channels), 0x8080, np.uint16))
    assert read_picture(tmp_path / f"a.{suffix}", 20).image.getpixel((3, 3)) == (128, 128, 128)


def test_cmyk_can_be_looked_at(tmp_path):
    Image.new("CMYK", (40, 30), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    red, green, blue = np.asarray(read_picture(tmp_path / "a.jpg", 20).image)[3, 3]
    assert red > 200 and green < 60 and blue < 60


def swapped_profile():
    """A profile in which the red channel is blue light and the blue one red."""
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red, blue = icc.index(b"rXYZ"), icc.index(b"bXYZ")
    swapped = bytearray(icc)
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(swapped)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif"])
def test_profiles_are_converted_to_srgb(tmp_path, suffix):
    image = Image.new("RGB", (40, 30), (230, 20, 20))
    image.save(tmp_path / f"a.{suffix}", icc_profile=swapped_profile(), quality=95)
    thumbnail = make_thumbnail(tmp_path / f"a.{suffix}", SMALL)
    assert thumbnail
    assert decoded(thumbnail)[3, 3] == pytest.approx((20, 20, 230), abs=12)
    assert b"ICC_PROFILE" not in thumbnail.jpeg


@pytest.mark.parametrize("icc", [b"no profile", swapped_profile()[:200]])
def test_a_broken_profile_is_left_out(tmp_path, icc):
    Image.new("RGB", (40, 30), (230, 20, 20)).save(tmp_path / "a.png", icc_profile=icc)
    assert read_picture(tmp_path / "a.png", 20).image.getpixel((3, 3)) == (230, 20, 20)


def test_a_colour_profile_on_a_grey_picture(tmp_path):
    Image.new("L", (40, 30), 100).save(tmp_path / "a.jpg", icc_profile=swapped_profile())
    shown = read_picture(tmp_path / "a.jpg", 20).image.getpixel((3, 3))
    assert shown == pytest.approx((100, 100, 100), abs=3)


def test_bad_files_have_no_thumbnail(tmp_path):
    scene().save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:4000])
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
    for name in ("cut", "text", "empty", "folder", "missing", "pipe"):
        assert make_thumbnail(tmp_path / f"{name}.jpg", SMALL) is None
        with pytest.raises(PhotoError, match=rf"{name}\.jpg"):
            read_picture(tmp_path / f"{name}.jpg")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "bmp", "avif"])
def test_damaged_files_raise_only_photo_errors(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    scene(32, 24).save(path)
    data = path.read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(25):
        broken = bytearray(data)
        for at in rng.integers(0, min(len(data), 400), 3):
            broken[at] = rng.integers(256)
        path.write_bytes(broken)
        with contextlib.suppress(PhotoError):
            read_picture(path, 20, Budget(pixels=1_000_000))


def test_a_jpeg_of_very_many_scans_is_not_decoded(tmp_path):
    scene(64, 48).save(tmp_path / "a.jpg", progressive=True)
    data = (tmp_path / "a.jpg").read_bytes()
    last = data.rindex(b"\xff\xda")
    (tmp_path / "a.jpg").write_bytes(data[:last] + data[last:-2] * 300 + data[-2:])
    with pytest.raises(UnreadableError, match="scans"):
        read_picture(tmp_path / "a.jpg", 20)


def test_too_many_pixels_are_refused(tmp_path):
    scene().save(tmp_path / "a.png")
    with pytest.raises(UnreadableError, match="1003 x 747"):
        read_picture(tmp_path / "a.png", 20, Budget(pixels=1000))


def test_more_photos_have_smaller_thumbnails():
    sides = [size_for(count).side for count in (1, 60, 61, 1000, 3000, 10_000, 10**6)]
    assert sides == [1024, 1024, 720, 480, 320, 224, 224]
    assert size_for(None).side == 480
