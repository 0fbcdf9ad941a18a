import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import registry_hostile as hostile

from faceedit.untrusted import (
    MAX_DEPTH,
    array_names,
    map_array,
    open_table,
    parse_json,
    parse_toml,
    read_arrays,
    read_regular,
    read_text,
)

pytestmark = pytest.mark.usefixtures("little_time")


@pytest.mark.parametrize("what", hostile.NO_FILES)
@pytest.mark.parametrize("read", [read_text, open_table, read_arrays, map_array])
def test_only_regular_files_are_opened(tmp_path, what, read):
    path = tmp_path / "x"
    hostile.NO_FILES[what](path)
    with pytest.raises((OSError, ValueError)):
        read(path)
    assert array_names(path) == set()


def test_a_file_is_read_to_its_limit(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(ValueError, match="it has 5 bytes where 4 are allowed"):
        read_regular(path, 4)
    if Path("/proc/self/status").exists():
        # It holds more than its size, which is 0, says.
        with pytest.raises(ValueError, match="more than 10 bytes"):
            read_regular(Path("/proc/self/status"), 10)
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\n")
    assert read_text(path) == "a\nb\n"
    (tmp_path / "link").symlink_to(path)
    assert read_text(tmp_path / "link") == "a\nb\n"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 900 + "]" * 900,
        '{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1),
        "[NaN]",
        "[1, -Infinity]",
        '{"a": [1e999]}',
        "9" * 100_000,
        "",
        b"\xff",
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_json_is_finite_and_shallow(text):
    with pytest.raises(ValueError):
        parse_json(text)


def test_sound_json_and_toml_are_read():
    deep = '{"a":' * MAX_DEPTH + "1" + "}" * MAX_DEPTH
    assert parse_json(deep)["a"]
    assert parse_json('[{"a": [1, 2.5, null, true]}, "x"]') == [{"a": [1, 2.5, None, True]}, "x"]
    assert parse_toml("[a.b]\nc = [1, 2.5]\n") == {"a": {"b": {"c": [1, 2.5]}}}


@pytest.mark.parametrize("what", hostile.TOML)
def test_toml_is_finite_and_shallow(tmp_path, what):
    path = tmp_path / "x.toml"
    path.write_bytes(hostile.TOML[what])
    with pytest.raises(ValueError):
        parse_toml(read_text(path))


def npy(header: bytes, data: bytes = b"") -> bytes:
    header = header.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


NPY = {
    "claims terabytes": npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1 << 40,)}"),
    "claims gigabytes": npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000,)}"),
    "negative": npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-4,)}"),
    "objects": npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", pickle.dumps([1])),
    "code": npy(b"__import__('os').getcwd()"),
    "deep": npy(b"{'descr': " + b"(" * 90),
    "pickle": pickle.dumps(np.zeros(2)),
    "nothing": b"",
}


@pytest.mark.parametrize("what", NPY)
def test_arrays_are_no_pickles_and_no_larger_than_they_say(tmp_path, what):
    (tmp_path / "x.npy").write_bytes(NPY[what])
    with pytest.raises((OSError, ValueError)):
        map_array(tmp_path / "x.npy")
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.npy", NPY[what])
    with pytest.raises(ValueError):
        read_arrays(tmp_path / "x.npz")


def test_packed_arrays_are_not_unpacked_beyond_a_limit(tmp_path):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, a=np.zeros(1_000_000), b=np.ones(2))
    assert path.stat().st_size < 50_000
    assert read_arrays(path)["a"].shape == (1_000_000,)
    assert array_names(path) == {"a", "b"}
    with pytest.raises(ValueError, match="its arrays take more than 1000000 bytes"):
        read_arrays(path, 1_000_000)
    data = path.read_bytes()
    turned = bytes(255 - byte for byte in data[200:250])
    for spoilt in (data[:-30], data[:200] + turned + data[250:], b"PK\x03\x04", b""):
        path.write_bytes(spoilt)
        with pytest.raises(ValueError):
            read_arrays(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no array")
    with pytest.raises(ValueError, match="something else than arrays"):
        read_arrays(path)


def test_an_array_stays_on_the_disk(tmp_path):
    stream = io.BytesIO()
    np.save(stream, np.arange(4))
    (tmp_path / "x.npy").write_bytes(stream.getvalue())
    assert isinstance(map_array(tmp_path / "x.npy"), np.memmap)
    np.savez(tmp_path / "y.npz", a=np.zeros(2))
    with pytest.raises(ValueError, match="something else"):
        map_array(tmp_path / "y.npz")
