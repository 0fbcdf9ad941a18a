import io
import os
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from faceedit.photos import WriteOptions, read_photo, tiff, write_photo
from faceedit.photos import exif as exif_blocks

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="%d" dc:rights="me">'
    b"<xmp:Thumbnails><rdf:Alt>old face</rdf:Alt></xmp:Thumbnails>"
    b"</rdf:Description></x:xmpmeta>"
)
NOTE = b"maker note \x00\x01\x02 kept"


def stored(orientation, upright):
    """Return the pixels that a file with this orientation stores for an upright picture."""
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }[orientation]
    return np.ascontiguousarray(turned)


def upright_scene():
    y, x = np.mgrid[:40, :56]
    return np.stack([x * 4, y * 6, (x + y) * 2], 2).astype(np.uint8)


def exif_block(orientation=1, order="<", thumbnail=True):
    """Build an EXIF block with a camera, a date, a maker note, a place and a thumbnail."""
    image = Image.Exif()
    image.endian = order
    image[271], image[306], image[274] = "Camera", "2024:05:06 07:08:09", orientation
    image.get_ifd(tiff.EXIF_IFD).update(
        {0x9003: "2024:05:06 07:08:09", 0x927C: NOTE, 0xA002: 56, 0xA003: 40}
    )
    image.get_ifd(tiff.GPS_IFD).update({1: "N", 2: (51.0, 30.0, 0.0)})
    block = image.tobytes()[6:]
    if not thumbnail:
        return block
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "JPEG")
    jpeg = stream.getvalue()
    (first,) = struct.unpack_from(order + "I", block, 4)
    (count,) = struct.unpack_from(order + "H", block, first)
    second = len(block) + len(block) % 2
    block = bytearray(block.ljust(second, b"\0"))
    struct.pack_into(order + "I", block, first + 2 + 12 * count, second)
    block += struct.pack(order + "H", 2)
    block += struct.pack(order + "HHII", 0x0201, 4, 1, second + 30)
    block += struct.pack(order + "HHII", 0x0202, 4, 1, len(jpeg))
    return bytes(block) + bytes(4) + jpeg


def make(path, orientation, order="<"):
    options: dict[str, Any] = {"icc_profile": ICC}
    block = exif_block(orientation, order)
    fields = {700: tiff.data(XMP % orientation, 1), 34377: tiff.data(iptc())}
    if path.suffix == ".tif" and orientation % 2:
        # Pillow cannot write EXIF into compressed TIFF.
        fields |= tiff.directories(block)[0]
        options["compression"] = "tiff_lzw"
    elif path.suffix == ".tif":
        options["exif"] = b"Exif\0\0" + exif_block(orientation, order, thumbnail=False)
    elif path.suffix != ".bmp":
        options["exif"] = b"Exif\0\0" + block
    if path.suffix == ".png":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", "a text")
        text.add_itxt("XML:com.adobe.xmp", (XMP % orientation).decode())
        options["pnginfo"] = text
    elif path.suffix in (".jpg", ".webp", ".avif"):
        options["xmp"] = XMP % orientation
    if path.suffix == ".webp":
        options["lossless"] = True
    if path.suffix == ".jpg":
        options |= {"quality": 95, "subsampling": 0, "comment": b"a comment"}
    if path.suffix in (".jpg", ".png", ".tif"):
        options["dpi"] = (300, 300)
    Image.fromarray(stored(orientation, upright_scene())).save(path, **options)
    if path.suffix == ".tif":
        path.write_bytes(tiff.merge(path.read_bytes(), fields))
    if path.suffix == ".jpg":
        data = path.read_bytes()
        body = b"Photoshop 3.0\0" + iptc()
        segment = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
        path.write_bytes(data[:2] + segment + data[2:])
    os.utime(path, ns=(10**18, 10**18))


def iptc():
    def resource(number, body):
        header = b"8BIM" + struct.pack(">H", number) + b"\0\0" + struct.pack(">I", len(body))
        return header + body + b"\0" * (len(body) % 2)

    return resource(0x0404, b"caption") + resource(0x040C, b"old face") + resource(0x03ED, b"dpi")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
def test_read_upright_and_write_upright(tmp_path, suffix, orientation):
    source, target = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    make(source, orientation, "<" if orientation % 2 else ">")
    photo = read_photo(source)
    expected = upright_scene()
    assert photo.pixels.shape == expected.shape
    tolerance = 0 if suffix in (".png", ".webp", ".tif") else 6
    assert np.abs(photo.pixels.astype(int) - expected).mean() <= tolerance
    write_photo(photo, target, photo.pixels)
    again = read_photo(target)
    assert again.source.orientation == 1
    assert np.abs(again.pixels.astype(int) - expected).mean() <= tolerance
    written = Image.open(target)
    assert written.info["icc_profile"] == ICC
    exif = written.getexif()
    assert exif.get(274, 1) == 1
    assert exif[306] == "2024:05:06 07:08:09"
    assert exif.get_ifd(tiff.EXIF_IFD)[0x9003] == "2024:05:06 07:08:09"
    assert exif.get_ifd(tiff.EXIF_IFD)[0x927C] == NOTE
    assert exif.get_ifd(tiff.GPS_IFD)[2] == (51.0, 30.0, 0.0)
    assert not exif.get_ifd(1)
    xmp = again.source.metadata.xmp
    assert xmp is not None
    assert b'tiff:Orientation="1"' in xmp
    assert b'dc:rights="me"' in xmp
    assert b"old face" not in target.read_bytes()
    assert target.stat().st_mtime_ns == 10**18


def test_what_only_one_format_has_is_kept_there(tmp_path):
    for suffix in (".jpg", ".png", ".tif"):
        make(tmp_path / f"a{suffix}", 6)
        photo = read_photo(tmp_path / f"a{suffix}")
        write_photo(photo, tmp_path / f"b{suffix}", photo.pixels)
        written = Image.open(tmp_path / f"b{suffix}")
        assert [round(float(value)) for value in written.info["dpi"]] == [300, 300]
    assert Image.open(tmp_path / "b.jpg").info["comment"] == b"a comment"
    assert Image.open(tmp_path / "b.png").info["Comment"] == "a text"
    for suffix in (".jpg", ".tif"):
        assert b"caption" in (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("target_suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
@pytest.mark.parametrize("source_suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
def test_metadata_goes_along_to_another_format(tmp_path, source_suffix, target_suffix):
    source, target = tmp_path / f"a{source_suffix}", tmp_path / f"b{target_suffix}"
    make(source, 8)
    photo = read_photo(source)
    write_photo(photo, target, photo.pixels)
    written = Image.open(target)
    assert written.info["icc_profile"] == ICC
    assert written.getexif()[271] == "Camera"
    assert written.getexif().get_ifd(tiff.GPS_IFD)[1] == "N"
    assert written.getexif().get(274, 1) == 1
    assert b'dc:rights="me"' in (read_photo(target).source.metadata.xmp or b"")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif", ".bmp"])
def test_strip_leaves_only_the_colours(tmp_path, suffix):
    source, target = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    make(source, 6 if suffix != ".bmp" else 1)
    photo = read_photo(source)
    write_photo(photo, target, photo.pixels, WriteOptions(strip=True))
    data = target.read_bytes()
    for word in (b"Camera", b"2024", b"rights", b"caption", b"a comment", b"a text", b"maker"):
        assert word not in data
    again = read_photo(target)
    assert again.pixels.shape == upright_scene().shape
    if suffix != ".bmp":
        assert again.source.metadata.icc == ICC


def test_exif_is_patched_in_place():
    for order in "<>":
        block = exif_block(6, order)
        assert exif_blocks.orientation(block) == 6
        clean = exif_blocks.upright(block, turned=True)
        assert exif_blocks.orientation(clean) == 1
        assert b"\xff\xd8\xff" in block
        assert b"\xff\xd8\xff" not in clean
        image = Image.Exif()
        image.load(clean)
        assert image.get_ifd(tiff.EXIF_IFD)[0xA002] == 40
        assert image.get_ifd(tiff.EXIF_IFD)[0xA003] == 56


def test_broken_exif_never_raises():
    rng = np.random.default_rng(0)
    block = exif_block(6)
    for _ in range(300):
        broken = bytearray(block[: rng.integers(0, len(block))])
        for at in rng.integers(0, max(len(broken), 1), 4):
            if at < len(broken):
                broken[at] = rng.integers(256)
        exif_blocks.orientation(bytes(broken))
        exif_blocks.upright(bytes(broken), turned=True)


def test_orientation_in_xmp_alone_and_in_magick_text(tmp_path):
    pixels = stored(6, upright_scene())
    Image.fromarray(pixels).save(tmp_path / "x.jpg", xmp=XMP % 6, quality=95)
    assert read_photo(tmp_path / "x.jpg").pixels.shape == (40, 56, 3)
    block = b"Exif\0\0" + exif_block(6, thumbnail=False)
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", f"\nexif\n{len(block):8}\n{block.hex()}\n", zip=True)
    Image.fromarray(pixels).save(tmp_path / "x.png", pnginfo=text)
    photo = read_photo(tmp_path / "x.png")
    np.testing.assert_array_equal(photo.pixels, upright_scene())
    write_photo(photo, tmp_path / "y.png", photo.pixels)
    written = Image.open(tmp_path / "y.png")
    assert written.getexif()[274] == 1
    assert "Raw profile type exif" not in written.info


def test_large_profile_and_comment_survive(tmp_path):
    profile = ICC[:128] + np.random.default_rng(0).bytes(200_000)
    for suffix in (".jpg", ".png", ".tif"):
        source, target = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        Image.fromarray(upright_scene()).save(source, icc_profile=profile)
        photo = read_photo(source)
        write_photo(photo, target, photo.pixels)
        assert read_photo(target).source.metadata.icc == profile


def test_sixteen_bit_files_keep_metadata(tmp_path):
    cv2 = pytest.importorskip("cv2")
    array = upright_scene().astype(np.uint16) * 250
    png_file = cv2.imencode(".png", stored(6, array)[..., ::-1])[1].tobytes()
    source = tmp_path / "a.png"

    def chunk(kind, body):
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    extra = chunk(b"tEXt", b"Comment\0a text") + chunk(b"eXIf", exif_block(6))
    extra = chunk(b"iCCP", b"name\0\0" + zlib.compress(ICC)) + extra
    source.write_bytes(png_file[:33] + extra + png_file[33:])
    photo = read_photo(source)
    np.testing.assert_array_equal(photo.pixels, array)
    for target in (tmp_path / "b.png", tmp_path / "b.tif"):
        write_photo(photo, target, photo.pixels)
        again = read_photo(target)
        np.testing.assert_array_equal(again.pixels, array)
        assert again.source.metadata.icc == ICC
        written = Image.open(target)
        assert written.getexif()[271] == "Camera"
        assert written.getexif()[274] == 1


def test_motion_photo_is_noted(tmp_path):
    xmp = b'<x:xmpmeta><rdf:Description GCamera:MotionPhoto="1"/></x:xmpmeta>'
    Image.fromarray(upright_scene()).save(tmp_path / "a.jpg", xmp=xmp)
    assert "motion" in read_photo(tmp_path / "a.jpg").source.notes[0]
