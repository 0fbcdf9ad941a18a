"""Files that attack the reader are refused by name, or read at the cost of their size."""

import io
import tracemalloc
import zlib

import hostile
import numpy as np
import pytest
from PIL import Image

from faceedit.errors import UnreadableError
from faceedit.faces.find.search import TILE_SIDE, shrunk
from faceedit.photos import (
    Budget,
    PhotoFile,
    decode_photo,
    draft_photo,
    jpeg,
    load_file,
    metadata,
    png,
    read_photo,
    tiff,
    tiff_layout,
    write_photo,
)
from faceedit.photos import budget as budgets
from faceedit.photos.budget import BombError, Spending
from faceedit.photos.quiet import silence_libtiff


@pytest.fixture
def read(tmp_path):
    """Decode bytes under a name: ``read(data, "a.jpg", budget)``."""

    def decode(data, name, budget=None):
        return decode_photo(PhotoFile(tmp_path / name, data, 0), budget)

    return decode


def refused(read, data, name, reason, budget=None):
    with pytest.raises(UnreadableError, match=reason) as caught:
        read(data, name, budget)
    assert name in str(caught.value)


@pytest.mark.parametrize("comment", [b"", b"\xff\xd9", b"\xff\xda"])
def test_scans_are_counted_whatever_comments_hold(read, comment):
    data = hostile.jpeg_scans(64, 300, comment)
    scans = jpeg.walk(data).scans
    assert 300 < scans < 320
    refused(read, data, "a.jpg", f"stored in {scans} scans")


def test_scans_are_counted_between_fill_bytes_and_restarts():
    plain = hostile.encoded(hostile.picture(), "JPEG", progressive=True)
    restarts = hostile.encoded(hostile.picture(), "JPEG", progressive=True, restart_marker_rows=1)
    filled = plain.replace(b"\xff\xda", b"\xff\xff\xff\xda")
    # Decoders, too, take a length of 0 for a segment without a body.
    empty = plain[:-2] + b"\xff\xfe\0\0" + plain[plain.rindex(b"\xff\xda") :]
    counts = [jpeg.walk(one).scans for one in (plain, restarts, filled, empty)]
    assert counts == [counts[0]] * 3 + [counts[0] + 1]
    assert plain.count(b"\xff\xda") == counts[0]


def test_what_follows_the_picture_is_no_scan(read):
    data = hostile.jpeg_scans(64, 2)
    assert jpeg.walk(data + data * 300) == jpeg.walk(data)
    read(data + data * 300, "a.jpg")


def test_scans_times_pixels_are_bounded(monkeypatch, read):
    data = hostile.jpeg_scans(64, 50)
    read(data, "a.jpg")
    monkeypatch.setattr(jpeg, "MOST_PASSES", 50 * 64 * 64)
    refused(read, data, "a.jpg", "scans")
    refused(read, hostile.tiff_scans(64, 50), "a.tif", "scans")
    assert draft_photo(PhotoFile(read(hostile.jpeg_scans(64, 1), "a.jpg").path, data, 0)) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (hostile.jpeg_fill(5000, "start"), "padding"),
        (hostile.jpeg_fill(5000, "header"), "padding"),
        (hostile.jpeg_only_fill(5000), "no pixels"),
        (hostile.jpeg_zeros(5000), "no pixels|padding"),
        (hostile.jpeg_without_scan(5000), "ends before its pixels"),
        (hostile.jpeg_segments(300), "segments"),
        (hostile.jpeg_photoshop(2, 300), "Photoshop resources"),
    ],
)
def test_jpeg_files_of_nothing_but_markers(monkeypatch, read, data, reason):
    monkeypatch.setattr(jpeg, "MOST_PADDING", 4000)
    monkeypatch.setattr(jpeg, "MOST_SEGMENTS", 200)
    monkeypatch.setattr(metadata, "MOST_RESOURCES", 500)
    refused(read, data, "a.jpg", reason)


@pytest.mark.parametrize("behind", ["scan", "end"])
def test_fill_bytes_behind_the_pixels_harm_nobody(read, behind):
    plain = read(hostile.jpeg_fill(0), "a.jpg")
    filled = read(hostile.jpeg_fill(3_000_000, behind), "a.jpg")
    np.testing.assert_array_equal(filled.pixels, plain.pixels)


@pytest.mark.parametrize("byte", [b"\0", b"\xff", b"\xff\0", b"\xff\xd0"])
def test_long_files_are_walked_in_few_steps(monkeypatch, byte):
    """One look at each window of bytes, and no more, is what keeps gigabytes fast."""
    data = hostile.encoded(hostile.picture(), "JPEG")[:-2] + byte * 2_000_000 + hostile.JPEG_END
    windows = []
    take = np.frombuffer
    monkeypatch.setattr(np, "frombuffer", lambda *args: windows.append(args[2]) or take(*args))
    assert jpeg.walk(data).scans == 1
    assert len(windows) <= len(data) / jpeg.WINDOW + 8 + 2
    assert sum(windows) <= len(data) + len(windows)


def test_short_scans_in_long_files_are_walked_in_small_steps(monkeypatch):
    data = hostile.jpeg_scans(64, 150) + bytes(3_000_000)
    seen = []
    take = np.frombuffer
    monkeypatch.setattr(np, "frombuffer", lambda *args: seen.append(args[2]) or take(*args))
    jpeg.walk(data)
    assert sum(seen) < len(data)


def test_decoders_see_no_metadata(read):
    """Pillow's own parsers of EXIF, profiles and texts have no bounds that we know."""
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 300.0, 300.0, 2
    data = hostile.encoded(
        hostile.picture(), "JPEG", exif=exif, comment=b"x", icc_profile=b"y" * 99
    )
    bare = jpeg.without_metadata(data, jpeg.walk(data))
    with Image.open(io.BytesIO(bare)) as image:
        assert not {"exif", "icc_profile", "comment"} & set(image.info)
        np.testing.assert_array_equal(np.asarray(image), read(data, "a.jpg").pixels)
    kept = read(data, "a.jpg").source.metadata
    assert kept.dpi == (300, 300)
    assert kept.icc == b"y" * 99
    data = hostile.png_texts(3, 100)
    with Image.open(io.BytesIO(png.without_metadata(data))) as image:
        assert "Comment" not in image.info
    assert len(read(data, "a.png").source.metadata.png_chunks) == 3


@pytest.mark.parametrize(
    "make",
    [
        hostile.png_profiles,
        hostile.png_exif_texts,
        lambda count, size: hostile.png_texts(count, size, b"iTXt", b"XML:com.adobe.xmp"),
    ],
)
def test_texts_and_profiles_are_bounded_together(monkeypatch, read, make):
    monkeypatch.setattr(png, "MOST_UNPACKED", 100_000)
    read(make(3, 30_000), "a.png")
    refused(read, make(4, 30_000), "a.png", "unpack to more")


def test_unpacking_a_bomb_takes_no_more_than_the_bound(monkeypatch):
    monkeypatch.setattr(png, "MOST_UNPACKED", 1_000_000)
    data = hostile.png_profiles(2, 50_000_000)
    tracemalloc.start()
    with pytest.raises(BombError):
        png.read_metadata(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize("behind", [False, True])
def test_chunks_are_counted(read, behind):
    read(hostile.png_chunks(1000, behind=behind), "a.png")
    for kind in (b"tEXt", b"abcd", b"IDAT"):
        data = hostile.png_chunks(9000, kind, behind)
        refused(read, data, "a.png", "more chunks")


def test_a_photo_may_have_many_chunks_of_pixels(read):
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in noise))
    head = (600).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    pieces = [packed[at : at + 350] for at in range(0, len(packed), 350)]
    chunks = [(b"IHDR", head), *((b"IDAT", piece) for piece in pieces), (b"IEND", b"")]
    assert len(chunks) > 3000
    data = b"\x89PNG\r\n\x1a\n" + b"".join(hostile.png_chunk(*one) for one in chunks)
    np.testing.assert_array_equal(read(data, "a.png").pixels, noise)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (hostile.tiff_tiles(16, 5000), "tiles"),
        (hostile.tiff_strips(500), "strips"),
        (hostile.tiff_fields(3000), "fields"),
        (hostile.tiff_fields(50, 4000), "overlap"),
        (hostile.tiff_pages(3000), "fields"),
        (hostile.tiff_long_field(5000), "longer fields"),
    ],
)
def test_tiff_directories_that_promise_too_much(monkeypatch, read, data, reason):
    monkeypatch.setattr(tiff, "MOST_FIELDS", 2000)
    monkeypatch.setattr(tiff_layout, "MOST_VALUES", 4000)
    refused(read, data, "a.tif", reason)


def test_fields_of_large_types_count(monkeypatch):
    """Pillow reads the 64-bit types of BigTIFF in classic files as well."""
    fields = [(1000 + at, 16, 500, 8) for at in range(50)]
    with pytest.raises(ValueError, match="overlap"):
        tiff.directories(hostile.tiff(fields, bytes(4000)))


@pytest.mark.parametrize("make", [hostile.webp_chunks, hostile.avif_boxes])
def test_boxes_that_nobody_knows_cost_nothing(read, make):
    data = make(50_000)
    tracemalloc.start()
    read(data, "a.webp" if data[:4] == b"RIFF" else "a.avif")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.fixture
def clock(monkeypatch):
    """CPU time that passes by 0.01 s whenever somebody asks."""
    now = [0.0]

    def thread_time():
        now[0] += 0.01
        return now[0]

    monkeypatch.setattr(budgets.time, "thread_time", thread_time)
    return now


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (hostile.encoded(hostile.picture(900, 900), "JPEG", quality=100), "a.jpg"),
        (hostile.encoded(hostile.picture(900, 900), "PNG"), "a.png"),
        (hostile.encoded(hostile.picture(900, 900), "BMP"), "a.bmp"),
        (hostile.encoded(hostile.picture(900, 900), "TIFF"), "a.tif"),
        (hostile.bmp_runs(50, 50), "a.bmp"),
        (hostile.png((50, 50), pieces=1900), "a.png"),
    ],
)
def test_decoding_ends_in_time(read, clock, data, name):
    read(data, name, Budget(seconds=1000))
    refused(read, data, name, "decoding it takes too long: more than 0.05 s", Budget(seconds=0.05))


def test_a_second_decoder_has_time_left(read, clock, monkeypatch):
    """OpenCV decodes 16-bit colour in one call, after Pillow."""
    data = hostile.png((20, 20), bits=16)
    read(data, "a.png")
    load = Image.Image.load

    def slow(self):
        clock[0] += 20
        return load(self)

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", slow, raising=False)
    refused(read, data, "a.png", "too long: more than 30 s")


def test_other_work_on_the_machine_costs_a_photo_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(budgets.time, "perf_counter", lambda: 1e9)
    spending = Spending(tmp_path, 1, Budget(seconds=5))
    budgets.time.sleep(0.01)
    assert spending.seconds < 0.01


@pytest.mark.parametrize(
    ("data", "name", "most"),
    [
        (hostile.encoded(hostile.picture(400, 300), "JPEG"), "a.jpg", 50),
        (hostile.encoded(hostile.picture(400, 300), "JPEG", progressive=True), "a.jpg", 50),
        (hostile.png((400, 300)), "a.png", 50),
        (hostile.png((400, 300), 6), "a.png", 60),
        (hostile.png((400, 300), 6, 16), "a.png", 90),
        (hostile.encoded(hostile.picture(400, 300), "WEBP"), "a.webp", 50),
        (hostile.encoded(hostile.picture(400, 300), "AVIF"), "a.avif", 80),
        (hostile.encoded(hostile.picture(400, 300), "TIFF", compression="tiff_lzw"), "a.tif", 50),
        (hostile.encoded(hostile.picture(400, 300), "BMP"), "a.bmp", 50),
    ],
)
def test_memory_is_refused_and_reserved_before_pixels_are_unpacked(
    read, monkeypatch, data, name, most
):
    reserved = []
    read(data, name, Budget(memory=10**9, reserve=reserved.append))
    (needed,) = reserved
    assert 10 * 400 * 300 < needed - len(data) < most * 400 * 300
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)
    reason = r"it needs about 0\.0 GB of memory; this machine allows 0\.0 GB"
    refused(read, data, name, reason + "$", Budget(memory=needed - 1))
    shared = Budget(memory=needed - 1, processes=3)
    refused(read, data, name, reason + " to each of 3 processes: take fewer --workers", shared)


def test_the_machine_decides_what_fits(monkeypatch):
    monkeypatch.setattr(budgets, "memory", lambda: 16 * 2**30)
    one, four = Budget().memory, budgets.photo_memory(4)
    assert 11 * 2**30 < one < 13 * 2**30
    assert 4 * (four + budgets.BASE) <= 0.8 * 16 * 2**30
    monkeypatch.setattr(budgets, "memory", lambda: 2**28)
    assert Budget().memory == budgets.LEAST


def test_a_file_larger_than_the_memory_is_not_loaded(monkeypatch, tmp_path):
    path = tmp_path / "a.jpg"
    with path.open("wb") as file:
        file.truncate(2**30)
    monkeypatch.setattr(budgets, "memory", lambda: 2**28)
    with pytest.raises(UnreadableError, match=r"needs about 1\.1 GB of memory; .* allows 0\.3 GB"):
        load_file(path)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("Insufficient memory in alloc")])
def test_memory_that_runs_out_is_called_so(read, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    data = hostile.encoded(hostile.picture(), "JPEG")
    refused(read, data, "a.jpg", "there is not enough memory to decode it")


@pytest.mark.parametrize("harm", ["end", "sum", "text", "header"])
def test_libpng_is_silent(read, capfd, harm):
    """OpenCV's writes on stderr, where Pillow's raises or does not mind."""
    data = bytearray(hostile.png((20, 20), bits=16, before=hostile.png_chunk(b"iCCP", b"x")))
    if harm == "end":
        read(bytes(data[:-6]), "a.png")
    elif harm == "text":
        read(bytes(data), "a.png")
    else:
        data[{"sum": data.rindex(b"IEND") - 5, "header": 28}[harm]] ^= 0x40
        refused(read, bytes(data), "a.png", "checksum of its IDAT|header is broken")
    assert capfd.readouterr().err == ""


def test_libtiff_is_silent(read, capfd):
    if not silence_libtiff():
        pytest.skip("Pillow's libtiff cannot be reached here")
    data = bytearray(hostile.encoded(hostile.picture(), "TIFF", compression="tiff_lzw"))
    data[9:40] = b"\xff" * 31
    refused(read, bytes(data), "a.tif", "broken or cut off")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1), (30_000, 4)])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp"])
def test_thin_pictures_are_read_and_written(read, tmp_path, size, suffix):
    format = {"jpg": "JPEG", "tif": "TIFF", "png": "PNG", "bmp": "BMP"}[suffix]
    photo = read(hostile.encoded(hostile.picture(*size), format), f"a.{suffix}")
    assert photo.pixels.shape == (size[1], size[0], 3)
    write_photo(photo, tmp_path / f"b.{suffix}", photo.pixels)
    assert read_photo(tmp_path / f"b.{suffix}").pixels.shape == photo.pixels.shape


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1), (30_000, 4)])
def test_thin_pictures_are_looked_at(size):
    small, factor = shrunk(np.asarray(hostile.picture(*size)))
    assert max(small.shape[:2]) == TILE_SIDE
    assert min(small.shape[:2]) == 1
    assert factor == max(size) / TILE_SIDE
