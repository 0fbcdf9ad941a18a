import io
import struct

import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from faceedit.errors import UnsupportedError, UsageError
from faceedit.photos import WriteOptions, read_photo, write_photo

H, W = 37, 53


def scene(channels, dtype: type = np.uint8, seed=0):
    """A smooth picture with some noise, as photos have."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:H, :W]
    planes = [128 + 90 * np.sin(x / (9 + c) + c) * np.cos(y / (7 + c)) for c in range(channels)]
    array = np.clip(np.stack(planes, 2) + rng.normal(0, 3, (H, W, channels)), 0, 255)
    if dtype == np.uint16:
        array = array * 257 - rng.integers(0, 200, array.shape)
    return np.clip(array, 0, np.iinfo(dtype).max).astype(dtype)


def picture(mode):
    channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
    if mode == "P":
        return Image.fromarray(scene(3)).quantize(200)
    array = scene(channels[mode])
    return Image.fromarray(array[..., 0] if mode == "L" else array)


def save(path, mode, **options):
    image = picture(mode)
    image.save(path, **options)
    return np.asarray(image)


LOSSLESS = [
    *[("png", mode, {}) for mode in ("L", "LA", "P", "RGB", "RGBA")],
    *[
        ("tif", mode, {"compression": compression})
        for mode in ("L", "LA", "P", "RGB", "RGBA")
        for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits")
    ],
    *[("bmp", mode, {}) for mode in ("L", "P", "RGB")],
    *[("webp", mode, {"lossless": True, "exact": True}) for mode in ("RGB", "RGBA")],
]


@pytest.mark.parametrize(("suffix", "mode", "options"), LOSSLESS)
def test_unchanged_pixels_come_back_identical(tmp_path, suffix, mode, options):
    source, target = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    before = save(source, mode, **options)
    photo = read_photo(source)
    assert photo.pixels.shape == (H, W, 3)
    assert photo.source.mode == mode
    write_photo(photo, target, photo.pixels)
    after = Image.open(target)
    assert after.mode == mode
    np.testing.assert_array_equal(np.asarray(after), before)
    if suffix == "tif":
        assert after.info["compression"] == (options["compression"] or "raw")


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_come_back_identical(tmp_path, suffix, channels):
    cv2 = pytest.importorskip("cv2")
    source, target = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    array = scene(channels, np.uint16)
    if channels == 1:
        Image.fromarray(array[..., 0]).save(source)
    elif channels == 4 and suffix == "tif":
        # OpenCV marks no alpha in TIFF, so the file is made from an RGBA PNG.
        made = tmp_path / "made.png"
        made.write_bytes(cv2.imencode(".png", array)[1].tobytes())
        photo = read_photo(made)
        write_photo(photo, source, photo.pixels)
    else:
        source.write_bytes(cv2.imencode(f".{suffix}", array)[1].tobytes())
    photo = read_photo(source)
    assert photo.pixels.dtype == np.uint16
    assert photo.source.depth == 16
    assert photo.source.mode == {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    write_photo(photo, target, photo.pixels)
    again = read_photo(target)
    np.testing.assert_array_equal(again.pixels, photo.pixels)
    expected = array if channels == 1 else array[..., 2::-1]
    np.testing.assert_array_equal(again.pixels, np.broadcast_to(expected, again.pixels.shape))
    if channels == 4:
        np.testing.assert_array_equal(again.alpha, array[..., 3])


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("sampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [60, 92])
def test_jpeg_is_encoded_again_almost_without_loss(tmp_path, mode, sampling, quality):
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    save(source, mode, quality=quality, subsampling=sampling, progressive=sampling == 2)
    photo = read_photo(source)
    write_photo(photo, target, photo.pixels)
    before, after = JpegImageFile(source), JpegImageFile(target)
    assert after.quantization == before.quantization
    assert after.mode == mode
    assert bool(after.info.get("progressive")) == (sampling == 2)
    # One plane has nothing to be subsampled against.
    if mode == "RGB":
        assert [part[1:3] for part in after.layer] == [part[1:3] for part in before.layer]
    difference = np.abs(np.asarray(after).astype(int) - np.asarray(before))
    assert difference.mean() < 0.8


def test_turned_jpeg_uses_turned_tables(tmp_path):
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    table = [1 + index // 8 * 3 + index % 8 for index in range(64)]
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(scene(3)[:32, :48]).save(
        source, qtables=[table, table], subsampling=0, exif=exif
    )
    photo = read_photo(source)
    write_photo(photo, target, photo.pixels)
    written = np.array(JpegImageFile(target).quantization[0]).reshape(8, 8)
    np.testing.assert_array_equal(written, np.array(table).reshape(8, 8).T)
    assert np.abs(read_photo(target).pixels.astype(int) - photo.pixels).mean() < 0.6


def test_noisiest_progressive_jpeg_is_written(tmp_path):
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    Image.fromarray(noise).save(source, quality=75, progressive=True)
    photo = read_photo(source)
    write_photo(photo, target, noise, WriteOptions(quality=100))
    assert read_photo(target).pixels.shape == noise.shape


@pytest.mark.parametrize(("suffix", "limit"), [("webp", 3), ("avif", 3)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_lossy_formats_stay_near(tmp_path, suffix, limit, mode):
    source, target = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    save(source, mode, quality=90)
    photo = read_photo(source)
    write_photo(photo, target, photo.pixels)
    again = read_photo(target)
    assert again.source.mode == mode
    assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < limit
    if again.alpha is not None and photo.alpha is not None:
        assert np.abs(again.alpha.astype(int) - photo.alpha).mean() < 2


def test_avif_keeps_grey_and_chroma(tmp_path):
    for name, mode, options in (("g", "L", {}), ("c", "RGB", {"subsampling": "4:4:4"})):
        source, target = tmp_path / f"{name}.avif", tmp_path / f"{name}2.avif"
        save(source, mode, **options)
        photo = read_photo(source)
        write_photo(photo, target, photo.pixels)
        assert Image.open(target).mode == mode
    assert photo.source.encoding.chroma == read_photo(target).source.encoding.chroma == "4:4:4"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_edited_grey_is_grey_again(tmp_path, dtype):
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    Image.fromarray(scene(1, dtype)[..., 0]).save(source)
    photo = read_photo(source)
    edited = photo.pixels.copy()
    edited[5:15, 5:15] = (10, 200, 30)
    write_photo(photo, target, edited)
    after = read_photo(target)
    assert after.source.mode == "L"
    changed = (after.pixels != photo.pixels).any(axis=2)
    changed[5:15, 5:15] = False
    assert not changed.any()
    assert after.pixels[7, 7, 0] == round(0.299 * 10 + 0.587 * 200 + 0.114 * 30)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
def test_edited_palette_keeps_its_palette_and_other_pixels(tmp_path, suffix):
    source, target = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    save(source, "P")
    photo = read_photo(source)
    edited = photo.pixels.copy()
    edited[5:15, 5:15] = np.clip(edited[5:15, 5:15].astype(int) + 20, 0, 255)
    write_photo(photo, target, edited)
    after = read_photo(target)
    assert after.source.palette is not None
    assert photo.source.palette is not None
    np.testing.assert_array_equal(after.source.palette.colours, photo.source.palette.colours)
    changed = (after.pixels != photo.pixels).any(axis=2)
    assert changed[5:15, 5:15].mean() > 0.5
    changed[5:15, 5:15] = False
    assert not changed.any()
    patch = (slice(5, 15), slice(5, 15))
    assert np.abs(after.pixels[patch].astype(int) - edited[patch]).mean() < 25


@pytest.mark.parametrize("transparency", [3, bytes([0, 128, 255, 40])])
def test_palette_with_transparency(tmp_path, transparency):
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    save(source, "P", transparency=transparency)
    photo = read_photo(source)
    np.testing.assert_array_equal(
        photo.alpha, np.asarray(Image.open(source).convert("RGBA"))[..., 3]
    )
    write_photo(photo, target, photo.pixels[::-1].copy())
    after = read_photo(target)
    assert Image.open(target).mode == "P"
    np.testing.assert_array_equal(after.alpha, photo.alpha)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_small_palette_keeps_its_bits(tmp_path, bits):
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    image = picture("P").convert("RGB").quantize(2**bits)
    image.save(source, bits=bits)
    photo = read_photo(source)
    write_photo(photo, target, photo.pixels)
    assert target.read_bytes()[24] == source.read_bytes()[24] == bits
    np.testing.assert_array_equal(np.asarray(Image.open(target)), np.asarray(image))


def test_rgba_keeps_colours_under_transparency(tmp_path):
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    array = scene(4)
    array[:10, :, 3] = 0
    Image.fromarray(array).save(source)
    photo = read_photo(source)
    write_photo(photo, target, photo.pixels)
    np.testing.assert_array_equal(np.asarray(Image.open(target)), array)


FORMATS = ["jpg", "png", "webp", "tif", "bmp", "avif"]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("suffix", FORMATS)
def test_every_mode_goes_to_every_format(tmp_path, mode, suffix):
    source, target = tmp_path / "a.png", tmp_path / f"b.{suffix}"
    save(source, mode)
    photo = read_photo(source)
    options = WriteOptions(format=suffix, quality=95)
    holds_alpha = suffix in ("png", "webp", "tif") or suffix == "avif"
    if photo.alpha is not None and not holds_alpha:
        with pytest.raises(UnsupportedError, match="transparency"):
            write_photo(photo, target, photo.pixels, options)
        assert not target.exists()
        return
    write_photo(photo, target, photo.pixels, options)
    again = read_photo(target)
    assert (again.alpha is not None) == (photo.alpha is not None)
    assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < 4


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("suffix", FORMATS)
def test_sixteen_bits_go_to_every_format(tmp_path, suffix, channels):
    cv2 = pytest.importorskip("cv2")
    source, target = tmp_path / "a.png", tmp_path / f"b.{suffix}"
    array = scene(channels, np.uint16)
    source.write_bytes(cv2.imencode(".png", array)[1].tobytes())
    photo = read_photo(source)
    write_photo(photo, target, photo.pixels, WriteOptions(format=suffix, quality=95))
    again = read_photo(target)
    scale = 1 if again.source.depth == 16 else 257
    assert again.source.depth == (16 if suffix in ("png", "tif") else 8)
    assert np.abs(again.pixels.astype(float) * scale - photo.pixels).mean() < 4 * 257


def test_opaque_alpha_may_be_dropped(tmp_path):
    source, target = tmp_path / "a.png", tmp_path / "b.jpg"
    array = scene(4)
    array[..., 3] = 255
    Image.fromarray(array).save(source)
    photo = read_photo(source)
    write_photo(photo, target, photo.pixels)
    assert read_photo(target).source.mode == "RGB"


def test_quality_and_format_are_checked(tmp_path):
    with pytest.raises(UsageError, match="quality 101"):
        WriteOptions(quality=101)
    with pytest.raises(UsageError, match="gif"):
        WriteOptions(format="gif")
    source = tmp_path / "a.png"
    save(source, "RGB")
    photo = read_photo(source)
    with pytest.raises(UsageError, match="does not end like"):
        write_photo(photo, tmp_path / "b.png", photo.pixels, WriteOptions(format="jpg"))
    with pytest.raises(ValueError, match="uint8"):
        write_photo(photo, tmp_path / "b.png", photo.pixels.astype(np.uint16))


def test_quality_changes_the_size(tmp_path):
    source = tmp_path / "a.jpg"
    save(source, "RGB", quality=90)
    photo = read_photo(source)
    sizes = []
    for quality in (30, 95):
        target = tmp_path / f"{quality}.jpg"
        write_photo(photo, target, photo.pixels, WriteOptions(quality=quality))
        sizes.append(target.stat().st_size)
    assert sizes[0] < 0.6 * sizes[1]


def test_grey_profile_is_not_put_into_a_colour_file(tmp_path):
    source = tmp_path / "a.png"
    profile = struct.pack(">I", 132).ljust(16, b"\0") + b"GRAY" + bytes(112)
    save(source, "L", icc_profile=profile)
    photo = read_photo(source)
    write_photo(photo, tmp_path / "b.tif", photo.pixels)
    assert read_photo(tmp_path / "b.tif").source.metadata.icc == profile
    with pytest.raises(UnsupportedError, match="grey colour profile"):
        write_photo(photo, tmp_path / "b.webp", photo.pixels)


def test_jpeg_with_several_pictures_keeps_the_first(tmp_path):
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    stream = io.BytesIO()
    first, second = picture("RGB"), Image.new("RGB", (8, 8), "red")
    first.save(stream, "MPO", save_all=True, append_images=[second], quality=90)
    source.write_bytes(stream.getvalue())
    photo = read_photo(source)
    assert photo.pixels.shape == (H, W, 3)
    assert "further pictures" in photo.source.notes[0]
    write_photo(photo, target, photo.pixels)
    assert Image.open(target).format == "JPEG"
