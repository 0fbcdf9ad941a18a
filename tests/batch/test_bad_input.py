"""Folders with files in them that are no photos, or no longer, or only pretend to be."""

import io
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceedit.batch.run import RunOptions, run
from faceedit.photos import plan
from faceedit.targets import parse_target

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

CUT = r"its \w+ data is broken or cut off"
SEVERAL = "it is animated or has several pages: save the one to edit as a file of its own"
GIF = "it is a GIF, made for frames: save one of them as PNG first"


def encoded(pixels, format, frames=1, mode="RGB", **options):
    pictures = [Image.fromarray(pixels // (at + 1)).convert(mode) for at in range(frames)]
    if frames > 1:
        options |= {"save_all": True, "append_images": pictures[1:]}
    stream = io.BytesIO()
    pictures[0].save(stream, format, **options)
    return stream.getvalue()


@pytest.fixture
def photos(tmp_path, portrait):
    """A folder with a photo that comes before all others and one that comes after them."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("0-good.jpg", "zz-good.png"):
        Image.fromarray(portrait).save(folder / name)
    return folder


def check(results, reasons):
    """Hold results against the reasons expected of bad files; all others must be edited."""
    assert {name for name, one in results.items() if one.outcome == "failed"} == set(reasons)
    assert all(one.outcome == "edited" for name, one in results.items() if name not in reasons)
    assert {"0-good.jpg", "zz-good.png"} < set(results)
    other = {
        name: results[name].reason
        for name, reason in reasons.items()
        if not re.match(reason, results[name].reason)
    }
    assert not other
    for one in results.values():
        assert one.job.target.exists() == (one.outcome == "edited")


def test_cut_off_files(photos, portrait, run_folder):
    files = {
        "baseline.jpg": encoded(portrait, "JPEG"),
        "progressive.jpg": encoded(portrait, "JPEG", progressive=True),
        "a.png": encoded(portrait, "PNG"),
        "a.webp": encoded(portrait, "WEBP"),
        "lzw.tif": encoded(portrait, "TIFF", compression="tiff_lzw"),
        "a.bmp": encoded(portrait, "BMP"),
        "a.avif": encoded(portrait, "AVIF", speed=10),
    }
    reasons = {}
    for name, data in files.items():
        for percent in (10, 50, 90):
            (photos / f"{percent}-{name}").write_bytes(data[: len(data) * percent // 100])
            reasons[f"{percent}-{name}"] = CUT
    check(run_folder(photos), reasons)


def test_files_that_are_no_photos_or_of_another_kind(photos, portrait, run_folder):
    files = {
        "empty.jpg": (b"", "it is empty"),
        "zeros.png": (bytes(5000), "its content is not png nor another known format"),
        "page.jpg": (b"<!doctype html><title>404</title>", "its content is not jpeg"),
        "signature.png": (b"\x89PNG\r\n\x1a\n", CUT),
        "png.jpg": (encoded(portrait, "PNG"), "its name says jpeg but its content is png: rename"),
        "jpeg.gif": (encoded(portrait, "JPEG"), "its name says gif but its content is jpeg"),
        "print.jpg": (encoded(portrait, "JPEG", mode="CMYK"), "it is CMYK, .*: convert it first"),
        "print.tif": (encoded(portrait, "TIFF", mode="CMYK"), "it is CMYK, .*: convert it first"),
        "fax.tif": (encoded(portrait, "TIFF", mode="1"), "it is a 1-bit picture"),
    }
    for name, (data, _) in files.items():
        (photos / name).write_bytes(data)
    (photos / "notes.txt").write_text("passed over")
    check(run_folder(photos), {name: reason for name, (_, reason) in files.items()})


def test_animations_pages_and_gifs_are_named_and_never_edited_in_part(photos, portrait, run_folder):
    small = portrait[60:190, 50:160]
    files = {
        "still.gif": (encoded(small, "GIF"), GIF),
        "moving.GIF": (encoded(small, "GIF", frames=3), GIF),
        "moving.png": (encoded(small, "PNG", frames=3), SEVERAL),
        "moving.webp": (encoded(small, "WEBP", frames=3), SEVERAL),
        "moving.avif": (encoded(small, "AVIF", frames=3, speed=10), SEVERAL),
        "scan.tif": (encoded(small, "TIFF", frames=3), SEVERAL),
    }
    for name, (data, _) in files.items():
        (photos / name).write_bytes(data)
    check(run_folder(photos), {name: reason for name, (_, reason) in files.items()})


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(width, height, *chunks):
    """A PNG whose header promises any size, with chunks between it and 100 kB of pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = [(b"IHDR", header), *chunks, (b"IDAT", bytes(10**5)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*one) for one in body)


def gif_bomb(side):
    """A GIF whose frame is larger than any memory."""
    screen = struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x08"
    return b"GIF89a" + screen + frame + b"\xff" * 256 * 400 + b"\0;"


def webp_bomb(side):
    size = (side - 1) | (side - 1) << 14
    body = b"VP8L" + struct.pack("<IBI", 105, 0x2F, size) + bytes(101)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def tiff_bomb(*fields):
    """100 kB of a TIFF with the given (tag, kind, count, value or offset)."""
    table = b"".join(struct.pack("<HHII", *field) for field in fields)
    return (b"II*\0" + struct.pack("<IH", 8, len(fields)) + table).ljust(100_000, b"\0")


def zipped_tiff(side):
    sizes = [(256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1)]
    return tiff_bomb(*sizes, (273, 4, 1, 1000), (278, 4, 1, side), (279, 4, 1, 99_000))


def jpeg_bomb(pixels):
    """A progressive JPEG that goes over its picture for ever, with a few bytes each time."""
    data = encoded(pixels, "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * 250 + data[-2:]


def peak_of(work):
    """Return what a function returns and how many bytes it took at most, 0 if nobody can tell."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    try:
        reset.write_text("5")
    except OSError:
        return work(), 0
    (before,) = re.findall(r"VmRSS:\s+(\d+)", status.read_text())
    result = work()
    (peak,) = re.findall(r"VmHWM:\s+(\d+)", status.read_text())
    return result, 1024 * (int(peak) - int(before))


def test_bombs_are_refused_quickly_and_in_little_memory(photos, run_folder):
    zipped = zlib.compress(bytes(10**8))
    thumbnails = zlib.compress(b"<xmp:Thumbnails " * 4_000_000)
    packet = b"XML:com.adobe.xmp\0\1\0\0\0" + thumbnails
    files = {
        "huge.png": (png_bomb(60_000, 60_000), "its 60000 x 60000 pixels are more than the limit"),
        "dense.png": (png_bomb(15_000, 15_000), r"its 15000 x 15000 pixels in \d+ bytes cannot"),
        "text.png": (png_bomb(8, 8, (b"zTXt", b"Comment\0\0" + zipped)), CUT),
        "profile.png": (
            png_bomb(8, 8, (b"iCCP", b"icc\0\0" + zipped)),
            "its texts and profiles unpack",
        ),
        "packet.png": (png_bomb(8, 8, (b"iTXt", packet)), CUT),
        "huge.gif": (gif_bomb(65_535), GIF),
        "dense.webp": (webp_bomb(13_000), r"its 13000 x 13000 pixels in \d+ bytes cannot"),
        "scans.jpg": (
            jpeg_bomb(np.zeros((64, 64, 3), np.uint8)),
            "it is stored in 260 scans, more",
        ),
        "dense.tif": (zipped_tiff(15_000), r"its 15000 x 15000 pixels in \d+ bytes cannot"),
        # Fields that all have the whole file for their value, and ones that are all their own
        # directory.
        "wide.tif": (tiff_bomb(*[(1000 + at, 7, 99_000, at) for at in range(8000)]), CUT),
        "deep.tif": (tiff_bomb(*[(34665, 4, 1, 8)] * 8000), CUT),
    }
    for name, (data, _) in files.items():
        assert len(data) < 600_000
        (photos / name).write_bytes(data)
    results, peak = peak_of(lambda: run_folder(photos))
    assert peak < 500_000_000
    check(results, {name: reason for name, (_, reason) in files.items()})
    slow = {name: one.seconds for name, one in results.items() if one.seconds > 2}
    assert not slow


def test_a_packet_without_ends_takes_no_time(photos, portrait, run_folder):
    packet = b"<xmp:Thumbnails " * 200_000
    (photos / "a.webp").write_bytes(encoded(portrait, "WEBP", lossless=True, xmp=packet))
    results = run_folder(photos)
    check(results, {})
    assert results["a.webp"].seconds < 2
    with Image.open(results["a.webp"].job.target) as image:
        assert packet in image.info["xmp"]


def test_a_folder_named_like_a_photo_is_a_folder(photos, portrait, run_folder):
    (photos / "x.jpg").mkdir()
    Image.fromarray(portrait).save(photos / "x.jpg" / "inside.png")
    (photos / "y.png").mkdir()
    results = run_folder(photos)
    check(results, {})
    assert str(Path("x.jpg") / "inside.png") in results
    assert len(results) == 3


def test_a_file_that_goes_away_during_the_run(photos, portrait, editor):
    Image.fromarray(portrait).save(photos / "gone.png")
    jobs = plan([photos])
    (photos / "gone.png").unlink()
    results = run(jobs, editor, RunOptions(parse_target(["happy"])))
    check({one.job.source.name: one for one in results}, {"gone.png": "No such file"})
