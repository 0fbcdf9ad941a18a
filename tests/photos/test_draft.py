import io

import numpy as np
import pytest
import skimage.data
from PIL import Image

from faceedit.photos import decode_photo, draft_photo, load_file
from faceedit.photos.draft import LEAST_SIDE

COFFEE = Image.fromarray(skimage.data.coffee())


def file_of(tmp_path, size=(2400, 1600), mode="RGB", name="a.jpg", data=None, **options):
    path = tmp_path / name
    if data is None:
        COFFEE.resize(size).convert(mode).save(path, **options)
    else:
        path.write_bytes(data)
    return load_file(path)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_draft_is_the_photo_upright_and_smaller(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = file_of(tmp_path, (2401, 1599), exif=exif, quality=95)
    draft = draft_photo(file, 2)
    assert draft is not None
    whole = decode_photo(file).pixels
    assert [-(-side // 2) for side in whole.shape[:2]] == list(draft.pixels.shape[:2])
    assert draft.scale == pytest.approx(2, rel=0.01)
    assert draft.pixels.flags.c_contiguous
    small = Image.fromarray(whole).resize(draft.pixels.shape[1::-1], Image.Resampling.BOX)
    assert np.abs(np.asarray(small, int) - draft.pixels).mean() < 3


def test_grey_has_three_channels(tmp_path):
    draft = draft_photo(file_of(tmp_path, mode="L"), 2)
    assert draft is not None
    assert draft.pixels.shape == (800, 1200, 3)
    assert np.ptp(draft.pixels, axis=2).max() == 0


def test_no_draft_is_smaller_than_what_shows_faces(tmp_path):
    assert draft_photo(file_of(tmp_path, (2 * LEAST_SIDE, 900)), 2) is not None
    assert draft_photo(file_of(tmp_path, (2 * LEAST_SIDE - 1, 900)), 2) is None
    assert draft_photo(file_of(tmp_path, (2400, 1600))) is None


@pytest.mark.parametrize("kind", ["cmyk", "png", "misnamed", "cut", "scans"])
def test_what_has_no_draft_is_left_to_the_decoder(tmp_path, kind):
    if kind == "cmyk":
        file = file_of(tmp_path, mode="CMYK")
    elif kind == "png":
        file = file_of(tmp_path, name="a.png")
    else:
        stream = io.BytesIO()
        COFFEE.resize((2400, 1600)).save(stream, "PNG" if kind == "misnamed" else "JPEG")
        data = stream.getvalue()
        if kind == "cut":
            data = data[: len(data) // 2]
        if kind == "scans":
            data = data[:-2] + b"\xff\xda\0\x08\1\1\0\0?\0" * 300 + data[-2:]
        file = file_of(tmp_path, data=data)
    assert draft_photo(file, 2) is None
