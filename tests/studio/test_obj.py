import numpy as np
import pytest

from faceedit.errors import MissingError, UsageError
from faceedit.studio.obj import fan_triangles, read_mesh, read_vertices

MESH = b"""mtllib a.mtl
# v 9 9 9
v 0.0 1e-3 -2.5
v 1 0 0 0.5 0.5 0.5\r
  v 1 1 0
vt 0.5 0.5
vn 0 0 1
v 0 1 0
usemtl skin
f 1/1 2/2 3/3 4/4
s off
f 1/1/1 2//1 -1
"""


@pytest.fixture
def write(tmp_path):
    def write(data):
        path = tmp_path / "mesh.obj"
        path.write_bytes(data)
        return path

    return write


def test_positions_and_polygons_are_read(write):
    mesh = read_mesh(write(MESH))
    expected = np.array([[0.0, 1e-3, -2.5], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    np.testing.assert_array_equal(mesh.vertices, expected)
    assert mesh.polygons == ((0, 1, 2, 3), (0, 1, 3))


def test_positions_alone_are_the_same(write):
    path = write(MESH)
    np.testing.assert_array_equal(read_vertices(path), read_mesh(path).vertices)


def test_a_mesh_needs_no_polygons(write):
    assert read_mesh(write(b"v 0 0 0\n")).polygons == ()


def test_polygons_become_fans():
    triangles, polygon = fan_triangles([(0, 1, 2, 3), (4, 5, 6), (7, 8, 9, 10, 11)])
    assert triangles.tolist() == [
        *([0, 1, 2], [0, 2, 3]),
        [4, 5, 6],
        *([7, 8, 9], [7, 9, 10], [7, 10, 11]),
    ]
    assert polygon.tolist() == [0, 0, 1, 2, 2, 2]


def test_no_polygons_are_no_triangles():
    triangles, polygon = fan_triangles([])
    assert triangles.shape == (0, 3)
    assert polygon.shape == (0,)


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (b"v 0 0 0\nv 1 2\n", 2),
        (b"v 0 0 0\n\nv\n", 3),
        (b"v 0 0 zero\n", 1),
        (b"v 0 0 0\nv 1 1 1\nf 1 2\n", 3),
        (b"v 0 0 0\nf 1 1 2\n", 2),
        (b"v 0 0 0\nf 1 1 -2\n", 2),
        (b"v 0 0 0\nf 0 1 1\n", 2),
        (b"v 0 0 0\nf a b c\n", 2),
    ],
)
def test_a_malformed_line_is_named(write, broken, line):
    with pytest.raises(UsageError, match=rf"mesh\.obj, line {line}: '[vf]"):
        read_mesh(write(broken))


@pytest.mark.parametrize("data", [b"", b"version https://git-lfs.github.com/spec/v1\n"])
def test_what_is_no_mesh_is_told(write, data):
    with pytest.raises(UsageError, match=r"mesh\.obj has no vertices"):
        read_vertices(write(data))


def test_positions_are_finite(write):
    with pytest.raises(UsageError, match="vertex 2 is not finite"):
        read_vertices(write(b"v 0 0 0\nv 0 nan 0\n"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingError, match=r"none\.obj is missing"):
        read_vertices(tmp_path / "none.obj")


def test_a_folder_cannot_be_read(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_vertices(tmp_path)
