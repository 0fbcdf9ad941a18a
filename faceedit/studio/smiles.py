"""Mouths of smiles laid flat on the jaws, in one frame: textures of teeth are learned from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from faceedit.compose.mouth.jaws import SmoothMap, edge_of_teeth, incisal_edge
from faceedit.compose.mouth.opening import lip_gap
from faceedit.compose.mouth.paint import CORNER, JAW_MARKS, PER_CM, TEXTURE_SIZE
from faceedit.errors import PhotoError, UsageError
from faceedit.faces.align import invert
from faceedit.faces.pose import head_pose
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import INNER_LIPS, eye_distance
from faceedit.outputs import NEW_ONLY, Permit, write_atomic
from faceedit.photos import read_photo
from faceedit.photos.pixels import eight_bits
from faceedit.studio.arrays import pack
from faceedit.studio.quality import refuse
from faceedit.studio.rig import Rig
from faceedit.studio.sitting import take_sitting
from faceedit.studio.sources import SourcePhoto
from faceedit.tones import LUMA
from faceedit.untrusted import array_names, read_arrays

GAP = (0.045, 0.25)
"""Openings of the lips in eye distances between which a smile shows its teeth."""
MOST_YAW = 14.0
"""Degrees up to which a mouth is seen from before."""
LEAST_EYES = 120.0
"""Eye distance in pixels from which a mouth is worth learning from."""
_EDGE_REACH = 0.35
"""Centimetres that a person's teeth may end from where the model's do."""
_MIDDLE = 25


@dataclass(frozen=True)
class Smiles:
    """Patches of N mouths in the frame of `mouth.paint`.

    Attributes:
        patches: (N, h, w, 3) uint8 RGB, the lower edge of the upper teeth where the mean face
            has it.
        masks: (N, h, w) float32 in [0, 1], what is between the lips.
    """

    patches: np.ndarray
    masks: np.ndarray

    def save(self, path: Path, permit: Permit = NEW_ONLY) -> None:
        """Write an npz file.

        Raises:
            WriteError: it cannot be written, or something is there that may not be replaced.
        """
        arrays = {"patches": self.patches, "masks": self.masks.astype(np.float16)}
        write_atomic(path, pack(arrays), permit)

    @staticmethod
    def is_one(path: Path) -> bool:
        """Tell whether a file is one that `save` wrote."""
        return array_names(path) == {"patches", "masks"}

    @classmethod
    def load(cls, path: Path) -> "Smiles":
        """Read what `save` wrote.

        Raises:
            UsageError: the file holds no smiles.
        """
        if not cls.is_one(path):
            raise UsageError(f"{path} holds no smiles; faceedit studio smiles cuts them out")
        try:
            arrays = read_arrays(path)
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} holds no smiles: {error}") from error
        return cls(arrays["patches"], arrays["masks"].astype(np.float32))


def cut_smiles(
    rig: Rig,
    sources: Sequence[SourcePhoto],
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> Smiles:
    """Cut the mouths of smiles out.

    Args:
        rig: the face model.
        sources: photos; those that show no teeth from before are left out.
        tell: is told how many photos of how many are done.

    Raises:
        UsageError: there are no smiles among them.
    """
    found = []
    for number, source in enumerate(sources, 1):
        if _shows_teeth(source.landmarks) and (smile := _cut(rig, source)) is not None:
            found.append(smile)
        tell(number, len(sources))
    if not found:
        raise UsageError("no photo shows the teeth of a smile, large and from before")
    patches, masks = zip(*found, strict=True)
    return Smiles(np.array(patches), np.array(masks))


def _shows_teeth(landmarks: np.ndarray) -> bool:
    unit = eye_distance(landmarks)
    return (
        unit >= LEAST_EYES
        and GAP[0] < lip_gap(landmarks, unit) < GAP[1]
        and abs(head_pose(landmarks).yaw) <= MOST_YAW
    )


def _cut(rig: Rig, source: SourcePhoto) -> tuple[np.ndarray, np.ndarray] | None:
    try:
        sitter = take_sitting(rig, source, 256).sitter
        pixels = eight_bits(read_photo(source.photo.path).pixels)
    except PhotoError:
        return None
    subject = sitter.subject
    reason = refuse(subject, sitter.valid, occluded=source.photo.occluded)
    if reason not in (None, "mouth open"):
        return None
    marks = rig.mouths.anatomy(rig.model).jaw_points(subject.pose.places)[:10]
    back = invert(subject.crop.affine)
    to_photo = SmoothMap(JAW_MARKS[0], marks @ back[:, :2].T + back[:, 2])
    covered = fill_polygon(source.landmarks[list(INNER_LIPS), :2], pixels.shape[:2])

    def lay(drop: float) -> tuple[np.ndarray, np.ndarray]:
        at = to_photo((_places() + np.array([0.0, drop])).reshape(-1, 2)).reshape(*TEXTURE_SIZE, 2)
        patch = cv2.remap(
            pixels, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        return patch, cv2.remap(covered, at[..., 0], at[..., 1], cv2.INTER_LINEAR)

    patch, mask = lay(0.0)
    start = texture_edge()
    edge = incisal_edge(patch @ LUMA / 255, mask > 0.5, start, _EDGE_REACH * PER_CM)
    middle = slice(TEXTURE_SIZE[1] // 2 - _MIDDLE, TEXTURE_SIZE[1] // 2 + _MIDDLE)
    return lay(float(np.median((edge - start)[middle])) / PER_CM)


def texture_edge() -> np.ndarray:
    """Return the rows (w,) of a texture where the upper teeth end."""
    return edge_of_teeth((JAW_MARKS[0] - CORNER) * PER_CM - 0.5, np.arange(TEXTURE_SIZE[1]))


def _places() -> np.ndarray:
    rows, columns = np.mgrid[: TEXTURE_SIZE[0], : TEXTURE_SIZE[1]]
    return (np.stack([columns, rows], axis=-1) + 0.5) / PER_CM + CORNER
