import gzip
import io
import json
import os
import struct
import sys
import tarfile
from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from faceedit.errors import UsageError
from faceedit.studio.expressions import Ask
from faceedit.studio.shards import FLOW_STEP, RATIO_STEP, encode_pair, read_shard, write_shard


@pytest.fixture
def shard(tmp_path, make_record):
    path = tmp_path / "pairs-00000.tar"
    assert write_shard(path, ((f"{i:08x}-000", make_record(i)) for i in range(3))) == 3
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_shard_is_not_written_through_a_link(make_record, tmp_path):
    (tmp_path / "mine").write_bytes(b"the user's")
    (tmp_path / "a.part").symlink_to("mine")
    assert write_shard(tmp_path / "a.tar", [("x", make_record(0))]) == 1
    assert (tmp_path / "mine").read_bytes() == b"the user's"
    assert not (tmp_path / "a.tar").is_symlink()


def test_records_come_back_in_order(shard, make_record):
    found = list(read_shard(shard))
    assert [key for key, _ in found] == ["00000000-000", "00000001-000", "00000002-000"]
    for i, (_, pair) in enumerate(found):
        wanted = make_record(i)
        assert pair.labels == wanted.labels
        assert pair.choices == wanted.choices
        for name in ("input", "target", "part", "regions_input", "regions_target", "valid"):
            np.testing.assert_array_equal(getattr(pair, name), getattr(wanted, name))
        for name in ("landmarks_input", "landmarks_target", "jaws_input", "jaws_target"):
            np.testing.assert_array_equal(getattr(pair, name), getattr(wanted, name))


def test_fields_come_back_within_their_steps(shard, make_record):
    _, pair = next(iter(read_shard(shard)))
    wanted = make_record(0)
    near = np.testing.assert_allclose
    near(pair.fields.flow, wanted.fields.flow, atol=FLOW_STEP / 2)
    near(pair.fields.log_ratio, wanted.fields.log_ratio, atol=RATIO_STEP / 2 + 1e-6)
    near(pair.fields.opacity, wanted.fields.opacity, atol=1e-5)
    shown = wanted.fields.opacity > 0
    near(pair.fields.paint[shown], wanted.fields.paint[shown], atol=0.51 / 255)
    assert not pair.fields.paint[~shown].any()
    near(pair.painted, wanted.painted, atol=0.51 / 255)
    near(pair.shown_eye, wanted.shown_eye, atol=0.51 / 255)
    near(pair.tooth_coordinates, wanted.tooth_coordinates, atol=1e-5)


def test_kinds_are_those_of_the_record(shard, make_record):
    _, pair = next(iter(read_shard(shard)))
    wanted = make_record(0)
    for of, other in ((pair, wanted), (pair.fields, wanted.fields)):
        for field in fields(of):
            found, made = getattr(of, field.name), getattr(other, field.name)
            if isinstance(made, np.ndarray):
                assert (found.dtype, found.shape) == (made.dtype, made.shape), field.name
    assert isinstance(pair.labels.ask.blend[0], tuple)
    assert hash(pair.labels) == hash(wanted.labels)


def test_what_changes_nothing_comes_back_as_that(tmp_path, make_record):
    made = make_record(5)
    nothing = {
        name: np.zeros_like(getattr(made.fields, name))
        for name in ("flow", "log_ratio", "paint", "opacity")
    }
    made = replace(
        made,
        fields=replace(made.fields, **nothing),
        labels=replace(made.labels, ask=Ask(), shown=Ask()),
    )
    write_shard(tmp_path / "a.tar", [("x", made)])
    ((_, pair),) = read_shard(tmp_path / "a.tar")
    assert pair.labels == made.labels
    picture = made.input.astype(np.float32) / 255
    np.testing.assert_array_equal(pair.fields.compose(picture), picture)


def test_large_flows_are_held_to_what_sixteen_bits_hold(tmp_path, make_record):
    made = make_record(1)
    far = replace(made, fields=replace(made.fields, flow=np.full_like(made.fields.flow, 9999.0)))
    write_shard(tmp_path / "a.tar", [("x", far)])
    ((_, pair),) = read_shard(tmp_path / "a.tar")
    assert pair.fields.flow.min() == pytest.approx(512, abs=0.1)


def test_the_same_pairs_give_the_same_bytes(tmp_path, make_record):
    for name in ("a.tar", "b.tar"):
        write_shard(tmp_path / name, [("x", make_record(4))])
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_an_empty_shard_is_whole(tmp_path):
    assert write_shard(tmp_path / "a.tar", []) == 0
    assert list(read_shard(tmp_path / "a.tar")) == []


def test_a_broken_run_leaves_no_shard(tmp_path, make_record):
    def pairs():
        yield "a", make_record(0)
        raise RuntimeError("the lights went out")

    with pytest.raises(RuntimeError):
        write_shard(tmp_path / "a.tar", pairs())
    assert not list(tmp_path.glob("*.tar"))
    # A second run is not disturbed by what the first left.
    write_shard(tmp_path / "a.tar", [("b", make_record(1))])
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar"]
    assert [key for key, _ in read_shard(tmp_path / "a.tar")] == ["b"]


def test_cut_off_anywhere_it_is_not_read_as_whole(shard):
    data = shard.read_bytes()
    with tarfile.open(shard) as archive:
        starts = [entry.offset for entry in archive]
        last = archive.getmembers()[-1]
    end = last.offset_data + (last.size + 511) // 512 * 512
    cuts = [0, 1, 100, 512, 700, *starts[1:21:3], starts[10], starts[20] + 512, end - 700, end]
    for cut in cuts:
        shard.write_bytes(data[:cut])
        with pytest.raises(UsageError, match="not a whole shard"):
            list(read_shard(shard))


def archive_of(path, members):
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def test_other_files_are_named(tmp_path, make_record):
    whole = {f"k.{name}": data for name, data in encode_pair(make_record(0)).items()}
    wrong = [
        {"readme.txt": b"hello"},
        {"folder/a.png": b""},
        whole | {"k.flow.png": b""},
        whole | {"k.flow.png": b"no picture"},
        whole | {"k.maps.png": whole["k.landmarks.npy"]},
        whole | {"k.landmarks.npy": b""},
        whole | {"k.jaws.npy": b"no array"},
        whole | {"k.json": b"{"},
        whole | {"k.json": b"[]"},
        whole | {"k.json": b'{"labels": {"mood": 1}, "choices": {}}'},
        {name: data for name, data in whole.items() if name != "k.teeth.png"},
        {name: data for name, data in whole.items() if name != "k.jaws.npy"},
    ]
    for number, members in enumerate(wrong):
        path = tmp_path / f"{number}.tar"
        archive_of(path, members)
        with pytest.raises(UsageError, match=rf"{number}\.tar is not a whole shard"):
            list(read_shard(path))
    text = tmp_path / "text.tar"
    text.write_text("not a tar file" * 500)
    with pytest.raises(UsageError, match=r"text\.tar"):
        list(read_shard(text))
    with pytest.raises(UsageError, match=r"none\.tar"):
        list(read_shard(tmp_path / "none.tar"))


def array_header(shape):
    text = str({"descr": "<f4", "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def picture(width, height, channels=3):
    return cv2.imencode(".png", np.zeros((height, width, channels), np.uint8))[1].tobytes()


def test_files_that_would_grow_are_refused(tmp_path, make_record):
    whole = {f"k.{name}": data for name, data in encode_pair(make_record(0)).items()}
    huge = picture(16, 16)[:16] + struct.pack(">II", 1 << 30, 1 << 30) + picture(16, 16)[24:]
    jpeg = cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes()
    wrong = [
        {"k.input.png": huge},
        {"k.input.png": picture(5000, 5000)},
        {"k.input.png": picture(16, 8)},
        {"k.input.png": picture(16, 16, 4)},
        {"k.target.png": picture(8, 8)},
        {"k.flow.png": picture(16, 16)},
        {"k.input.png": jpeg},
        {"k.landmarks.npy": array_header((10**12, 478, 3))},
        {"k.landmarks.npy": array_header((2, 478, 3))},
        {"k.jaws.npy": array_header((2, 20, 2)) + np.full(80, np.nan, np.float32).tobytes()},
        {"k.json": b"[" * 100_000},
    ]
    for number, members in enumerate(wrong):
        archive_of(tmp_path / f"{number}.tar", whole | members)
        with pytest.raises(UsageError, match=rf"{number}\.tar is not a whole shard"):
            list(read_shard(tmp_path / f"{number}.tar"))


@pytest.mark.parametrize(
    ("table", "field", "value"),
    [
        ("labels", "split", 3),
        ("labels", "action_units", [1.0]),
        ("labels", "action_units", ["a"] * 17),
        ("labels", "turn", "far"),
        ("labels", "turn", None),
        ("labels", "eyeglasses", 2),
        ("labels", "light_colour", "red"),
        ("labels", "__class__", 1),
        ("labels", "ask", []),
        ("labels", "ask", {"blend": [[1, 2]]}),
        ("choices", "seed", []),
        ("choices", "creases", "abc"),
        ("choices", "creases", [None]),
    ],
)
def test_labels_are_of_their_kinds(tmp_path, make_record, table, field, value):
    whole = {f"k.{name}": data for name, data in encode_pair(make_record(0)).items()}
    about = json.loads(whole["k.json"])
    about[table][field] = value
    archive_of(tmp_path / "a.tar", whole | {"k.json": json.dumps(about).encode()})
    with pytest.raises(UsageError, match="not a whole shard"):
        list(read_shard(tmp_path / "a.tar"))


def special(kind, **more):
    entry = tarfile.TarInfo("k.input.png")
    entry.type, entry.linkname = kind, "k.input.png"
    for name, value in more.items():
        setattr(entry, name, value)
    return entry.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


@pytest.mark.parametrize(
    "data",
    [
        special(tarfile.SYMTYPE),
        special(tarfile.LNKTYPE),
        special(tarfile.FIFOTYPE),
        special(tarfile.GNUTYPE_SPARSE, size=1 << 40),
        special(tarfile.XHDTYPE, size=1 << 40),
        special(tarfile.GNUTYPE_LONGNAME, size=1 << 40),
        special(tarfile.REGTYPE, size=1 << 40),
        special(tarfile.GNUTYPE_LONGNAME, size=0) * 5000,
        gzip.compress(bytes(10_000_000)) + bytes(1024),
    ],
    ids=["link", "hard link", "pipe", "sparse", "pax", "long", "large", "many", "packed"],
)
def test_a_shard_holds_plain_files_alone(tmp_path, data):
    path = tmp_path / "a.tar"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"a\.tar is not a whole shard"):
        list(read_shard(path))


def test_a_shard_is_a_regular_file(tmp_path):
    os.mkfifo(tmp_path / "a.tar")
    with pytest.raises(UsageError, match="it is not a regular file"):
        list(read_shard(tmp_path / "a.tar"))


def test_a_shard_that_fails_leaves_nothing(tmp_path, make_record):
    def failing():
        yield "a-000", make_record(0)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_shard(tmp_path / "x.tar", failing())
    assert not list(tmp_path.iterdir())


def test_how_far_an_ask_went_is_kept(tmp_path, make_record):
    part = make_record(0, ask=Ask((("sad", 1.1),), share=0.35), shown=Ask(share=0.5))
    write_shard(tmp_path / "a.tar", [("x", part)])
    ((_, pair),) = read_shard(tmp_path / "a.tar")
    assert pair.labels == part.labels
    assert (pair.labels.ask.share, pair.labels.shown.share) == (0.35, 0.5)
