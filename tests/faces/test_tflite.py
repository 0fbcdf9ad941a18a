import importlib.util
import sys
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).parents[2] / "scripts" / "tflite.py"


def _load():
    spec = importlib.util.spec_from_file_location("tflite", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its own module up.
    sys.modules["tflite"] = module
    spec.loader.exec_module(module)
    return module


tflite = _load()


def test_densify_last_axis_compressed():
    values = np.array([1, 2, 3, 4], np.float16)
    levels = [2, 1, (np.array([0, 3, 4], np.uint8), np.array([0, 2, 3, 1], np.uint8))]
    dense = tflite.densify(values, [2, 1, 4], levels)
    assert dense.dtype == np.float16
    assert dense.tolist() == [[[1, 0, 2, 3]], [[0, 4, 0, 0]]]


def test_densify_all_stored():
    values = np.arange(6.0)
    assert tflite.densify(values, [2, 3], [2, 3]).tolist() == values.reshape(2, 3).tolist()


def test_flexbuffer_map():
    stored = b"output_height\x00output_width\x00\x02\x1c\x0f\x02\x01\x02\x10\x10\x04\x04\x04$\x01"
    assert tflite.read_flexbuffer(stored) == {"output_height": 16, "output_width": 16}
    assert tflite.read_flexbuffer(b"") == {}
