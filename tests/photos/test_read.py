import contextlib
import importlib
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from faceedit.errors import PhotoError, UnreadableError, UnsupportedError
from faceedit.photos import read_photo, tiff, write_photo
from faceedit.photos.budget import Budget

SUFFIXES = ["jpg", "png", "webp", "tif", "bmp", "avif"]


def scene(height=40, width=60, channels=3):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (height, width, channels), np.uint8)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("part", [0.05, 0.5, 0.9])
def test_cut_off_files_are_named(tmp_path, suffix, part):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(scene()).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(UnreadableError, match=rf"a\.{suffix}"):
        read_photo(path)


def test_cut_off_sixteen_bit_files_are_named(tmp_path):
    cv2 = pytest.importorskip("cv2")
    for suffix in ("png", "tiff"):
        data = cv2.imencode(f".{suffix}", scene().astype(np.uint16) * 257)[1].tobytes()
        path = tmp_path / f"a.{suffix}"
        path.write_bytes(data[: len(data) // 2])
        with pytest.raises(UnreadableError):
            read_photo(path)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damaged_files_raise_only_photo_errors(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(scene(16, 16)).save(path)
    data = path.read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(25):
        broken = bytearray(data)
        for at in rng.integers(0, min(len(data), 400), 3):
            broken[at] = rng.integers(256)
        path.write_bytes(broken)
        with contextlib.suppress(PhotoError):
            read_photo(path, Budget(pixels=1_000_000))


def test_empty_missing_text_and_folder(tmp_path):
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "folder.jpg").mkdir()
    for name, reason in (
        ("empty.jpg", "empty"),
        ("missing.jpg", "No such file"),
        ("text.jpg", "content is not jpeg"),
        ("folder.jpg", "regular file"),
    ):
        with pytest.raises(UnreadableError, match=reason):
            read_photo(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(UnreadableError, match="regular file"):
        read_photo(tmp_path / "a.jpg")


def test_misnamed_files_name_both_formats(tmp_path):
    Image.fromarray(scene()).save(tmp_path / "a.jpg", "PNG")
    with pytest.raises(UnsupportedError, match="jpeg but its content is png"):
        read_photo(tmp_path / "a.jpg")
    Image.fromarray(scene()).save(tmp_path / "b.png", "GIF")
    with pytest.raises(UnsupportedError, match="png but its content is gif"):
        read_photo(tmp_path / "b.png")


def test_suffix_in_capitals(tmp_path):
    Image.fromarray(scene()).save(tmp_path / "A.JPG")
    assert read_photo(tmp_path / "A.JPG").source.format == "jpeg"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_pixel_limit(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(scene()).save(path)
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(UnreadableError, match="60 x 40 pixels are more than the limit"):
        read_photo(path, Budget(pixels=2399))
    read_photo(path, Budget(pixels=2400))
    assert limit == Image.MAX_IMAGE_PIXELS


def test_bomb_is_refused_from_its_header(tmp_path):
    def chunk(kind, body):
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99)))
    (tmp_path / "a.png").write_bytes(data + chunk(b"IEND", b""))
    with pytest.raises(UnreadableError, match="60000 x 60000"):
        read_photo(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["png", "webp", "tif", "avif"])
def test_animations_and_pages_are_refused(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    frames = [Image.fromarray(scene() // (at + 1)) for at in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with pytest.raises(UnsupportedError, match=r"animated|several pages"):
        read_photo(path)


def test_thumbnail_page_is_dropped(tmp_path):
    path = tmp_path / "a.tif"
    thumbnail = Image.fromarray(scene(8, 8))
    thumbnail.encoderinfo = {"tiffinfo": {254: 1}}
    Image.fromarray(scene()).save(path, save_all=True, append_images=[thumbnail])
    data = bytearray(path.read_bytes())
    pages = tiff.directories(bytes(data))
    assert len(pages) == 2
    if 254 not in pages[1]:
        pytest.skip("this Pillow does not mark pages")
    photo = read_photo(path)
    write_photo(photo, tmp_path / "b.tif", photo.pixels)
    assert len(tiff.directories((tmp_path / "b.tif").read_bytes())) == 1


@pytest.mark.parametrize(
    ("name", "mode", "reason"),
    [
        ("a.png", "1", "1-bit"),
        ("a.tif", "1", "1-bit"),
        ("a.bmp", "1", "1-bit"),
        ("a.jpg", "CMYK", "CMYK"),
        ("a.tif", "CMYK", "CMYK"),
        ("a.tif", "LAB", "Lab"),
        ("a.tif", "F", "8 or 16 bits"),
        ("a.tif", "I", "8 or 16 bits"),
        ("a.bmp", "RGBX", "alpha"),
    ],
)
def test_kinds_that_cannot_be_written_back(tmp_path, name, mode, reason):
    path = tmp_path / name
    if mode == "RGBX":
        # A BMP with a mask for alpha, which Pillow reads and cannot write.
        header = struct.pack("<IiiHHIIiiII", 108, 2, 2, 1, 32, 3, 16, 0, 0, 0, 0)
        header += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000).ljust(68, b"\0")
        body = header + bytes(range(16))
        path.write_bytes(b"BM" + struct.pack("<IHHI", 14 + len(body), 0, 0, 122) + body)
    else:
        Image.new(mode, (16, 12)).save(path)
    with pytest.raises(UnsupportedError, match=reason):
        read_photo(path)


def test_colour_for_transparency_and_odd_depths(tmp_path):
    Image.fromarray(scene()).save(tmp_path / "a.png", transparency=(1, 2, 3))
    with pytest.raises(UnsupportedError, match="stands for transparency"):
        read_photo(tmp_path / "a.png")
    Image.fromarray(scene()[..., 0]).save(tmp_path / "b.png", bits=4)
    with pytest.raises(UnsupportedError, match="4-bit grey"):
        read_photo(tmp_path / "b.png")


def test_premultiplied_alpha(tmp_path):
    for name, opacity in (("opaque.tif", 255), ("glass.tif", 100)):
        array = scene(channels=4)
        array[..., 3] = opacity
        Image.fromarray(array).save(tmp_path / name)
        data = tiff.merge((tmp_path / name).read_bytes(), {tiff.EXTRA_SAMPLES: tiff.shorts(1)})
        (tmp_path / name).write_bytes(data)
    photo = read_photo(tmp_path / "opaque.tif")
    np.testing.assert_array_equal(photo.pixels, scene(channels=4)[..., :3])
    with pytest.raises(UnsupportedError, match="premultiplied"):
        read_photo(tmp_path / "glass.tif")


def test_planes_are_told_from_pixels(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    planes = scene().transpose(2, 0, 1).copy()
    options = {"photometric": "rgb", "planarconfig": "separate"}
    tifffile.imwrite(tmp_path / "a.tif", planes, **options)
    np.testing.assert_array_equal(read_photo(tmp_path / "a.tif").pixels, scene())
    tifffile.imwrite(tmp_path / "b.tif", planes.astype(np.uint16) * 257, **options)
    with pytest.raises(UnsupportedError, match="layout"):
        read_photo(tmp_path / "b.tif")


def test_heic(tmp_path):
    path, target = tmp_path / "a.heic", tmp_path / "b.heic"
    try:
        pillow_heif = importlib.import_module("pillow_heif")
    except ImportError:
        path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".ljust(64, b"\0"))
        with pytest.raises(UnsupportedError, match=r"pip install 'faceedit\[heif\]'"):
            read_photo(path)
        return
    y, x = np.mgrid[:64, :96]
    smooth = np.stack([x * 2, y * 3, x + y], 2).astype(np.uint8)
    exif = Image.Exif()
    exif[271], exif[274] = "Camera", 6
    file = pillow_heif.from_pillow(Image.fromarray(smooth))
    file.save(path, quality=90, exif=exif.tobytes(), chroma=444)
    photo = read_photo(path)
    assert photo.source.orientation == 1
    write_photo(photo, target, photo.pixels)
    again = read_photo(target)
    assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < 3
    assert b"Camera" in (again.source.metadata.exif or b"")
    with pytest.raises(UnreadableError, match="limit"):
        read_photo(path, Budget(pixels=100))
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(UnreadableError):
        read_photo(path)
