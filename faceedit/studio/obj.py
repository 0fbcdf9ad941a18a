"""Reading meshes from Wavefront OBJ files: positions and polygons, nothing else."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import numpy as np

from faceedit.errors import MissingError, UsageError
from faceedit.untrusted import read_regular

LARGEST = 1 << 26
"""Bytes of a file; those of ICT-FaceKit have 3 MB."""
_VERTEX = re.compile(rb"^[ \t]*v\b(.*)$", re.MULTILINE)
_POLYGON = re.compile(rb"^[ \t]*f\b(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class ObjMesh:
    """What an OBJ file holds.

    Attributes:
        vertices: (V, 3) float64.
        polygons: the vertices of each polygon, counted from 0, in the order of the file.
    """

    vertices: np.ndarray
    polygons: tuple[tuple[int, ...], ...]


def read_mesh(path: Path) -> ObjMesh:
    """Read positions and polygons; texture coordinates and normals are left out.

    Raises:
        MissingError: there is no such file.
        UsageError: it cannot be read, has no vertices, or a line is malformed.
    """
    data = _read(path)
    vertices = _vertices(path, data)
    try:
        polygons = tuple(_polygon(row, len(vertices)) for row in _POLYGON.findall(data))
    except ValueError:
        _blame(path, data, _POLYGON, lambda row: _polygon(row, len(vertices)))
    return ObjMesh(vertices, polygons)


def read_vertices(path: Path) -> np.ndarray:
    """Read the (V, 3) float64 positions of an OBJ file.

    Raises:
        MissingError: there is no such file.
        UsageError: it cannot be read, has no vertices, or a line is malformed.
    """
    return _vertices(path, _read(path))


def fan_triangles(polygons: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Cut polygons into fans of triangles about their first corner.

    Returns:
        (T, 3) int32 triangles, and for each the number of its polygon, (T,) int32.
    """
    triangles, owner = [], []
    for number, polygon in enumerate(polygons):
        for second, third in pairwise(polygon[1:]):
            triangles.append((polygon[0], second, third))
            owner.append(number)
    return np.array(triangles, np.int32).reshape(-1, 3), np.array(owner, np.int32)


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, LARGEST)
    except FileNotFoundError as error:
        raise MissingError(f"{path} is missing") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def _vertices(path: Path, data: bytes) -> np.ndarray:
    rows = _VERTEX.findall(data)
    if not rows:
        raise UsageError(f"{path} has no vertices; is it an OBJ file, downloaded whole?")
    try:
        vertices = np.array([_vertex(row) for row in rows])
    except ValueError:
        _blame(path, data, _VERTEX, _vertex)
    if not np.isfinite(vertices).all():
        number = int(np.flatnonzero(~np.isfinite(vertices).all(1))[0])
        raise UsageError(f"{path}: vertex {number + 1} is not finite; download the file again")
    return vertices


def _vertex(row: bytes) -> tuple[float, float, float]:
    # More numbers on a line are a weight or a colour.
    x, y, z = row.split()[:3]
    return float(x), float(y), float(z)


def _polygon(row: bytes, n_vertices: int) -> tuple[int, ...]:
    corners = [int(corner.split(b"/", 1)[0]) for corner in row.split()]
    if len(corners) < 3 or 0 in corners:
        raise ValueError
    # Negative numbers count back from the last vertex.
    polygon = tuple(c - 1 if c > 0 else c + n_vertices for c in corners)
    if min(polygon) < 0 or max(polygon) >= n_vertices:
        raise ValueError
    return polygon


def _blame(path: Path, data: bytes, kind: re.Pattern[bytes], parse) -> NoReturn:
    """Raise the error that names the first line that cannot be parsed."""
    for number, line in enumerate(data.split(b"\n"), 1):
        match = kind.match(line)
        if match is None:
            continue
        try:
            parse(match[1])
        except ValueError as error:
            shown = line.decode("utf-8", "replace").strip()[:60]
            raise UsageError(
                f"{path}, line {number}: {shown!r} cannot be understood; download the file again"
            ) from error
    raise AssertionError("some line was malformed")
