"""How the meshes of ICT-FaceKit light are laid out: facts of the public model.

From the tables of its README (MIT licence, USC Institute for Creative Technologies 2020).
"""

from dataclasses import dataclass

ADDRESS = "https://github.com/ICT-VGL/ICT-FaceKit"
NEUTRAL_FILE = "generic_neutral_mesh.obj"

_SIDED = (
    "PupilDilate", "browDown", "browInnerUp", "browOuterUp", "cheekPuff", "cheekRaiser",
    "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint",
    "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile",
    "mouthStretch", "mouthUpperUp", "noseSneer",
)  # fmt: skip
_UNSIDED = (
    "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthFunnel", "mouthLeft",
    "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper",
)  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """What the OBJ files of a face model are expected to hold.

    Attributes:
        n_vertices: vertices in every file.
        n_kept: how many of them, from the first on, the kept parts use.
        part_ends: for each kept `Part`, one more than the number of its last polygon. Polygons
            after the last end (tear lines, lashes) are dropped.
        landmarks: the vertices of the 68 iBUG points.
        n_identities: how many identity files are kept, the strongest modes first.
        expressions: names of the expression files in the order of the model.
    """

    n_vertices: int
    n_kept: int
    part_ends: tuple[int, ...]
    landmarks: tuple[int, ...]
    n_identities: int
    expressions: tuple[str, ...]

    @property
    def identities(self) -> tuple[str, ...]:
        """Names of the kept identity files."""
        return tuple(f"identity{number:03d}" for number in range(self.n_identities))


LIGHT = Layout(
    n_vertices=26719,
    n_kept=24591,
    part_ends=(9230, 11144, 13226, 13630, 14034, 17006, 21496, 23094, 24692),
    landmarks=(
        1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272,
        4088, 3443, 268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942,
        4857, 1140, 2075, 1147, 4269, 3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756,
        3721, 3725, 3732, 5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841,
        5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966,
    ),
    n_identities=40,
    expressions=tuple(sorted([f"{name}_{side}" for name in _SIDED for side in "LR"] + [*_UNSIDED])),
)  # fmt: skip
"""The release of the repository's main branch; older ones number their vertices otherwise."""
