"""An editor and a photo to the frames of a clip: faces are found once and edited for each frame."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from faceedit.compose.compose import compose_steps
from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import Step, make_edits, step_masks
from faceedit.editing.units import ReadsUnits
from faceedit.errors import NoFaceError, PlanError, UsageError
from faceedit.faces.align import Crop
from faceedit.faces.types import Face
from faceedit.photos.picture import read_picture
from faceedit.targets import Target

MOST_THREADS = 16
"""Threads share the interpreter: more would wait for each other."""
AHEAD = 2
"""Frames that are begun for each thread before they are asked for."""
KEPT = 128
"""Frames that are kept for a later frame with the same target, as the way back of a loop has."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A photo whose faces are known.

    Attributes:
        pixels: (H, W, 3) uint8 RGB, upright, sRGB.
        faces: those that are to move, the one in front first.
        crops: of each face, as large as the largest that a method takes.
        steps: the editor's; what they read of the crops they read once.
    """

    pixels: np.ndarray
    faces: tuple[Face, ...]
    crops: tuple[Crop, ...]
    steps: tuple[Step, ...]


def read_photo_for(photo: Path, output: Path, max_side: int) -> np.ndarray:
    """Read the one photo that a clip or a sheet is made of.

    Args:
        photo: its file.
        output: what will be written.
        max_side: pixels of the longer side, to which larger photos are scaled down.

    Returns:
        (H, W, 3) uint8 RGB, upright, sRGB, on white where it is transparent.

    Raises:
        UsageError: it is a folder, or is not there.
        PlanError: the output is the photo.
        PhotoError: it cannot be read.
    """
    if photo.is_dir():
        raise UsageError(f"{photo}: it is a folder; name one photo")
    if not photo.exists():
        raise UsageError(f"{photo}: no such file")
    if output.exists() and output.samefile(photo):
        raise PlanError(f"{output}: the output is the photo itself; name another output")
    return np.array(read_picture(photo, max_side).image)


def open_scene(editor: FaceEditor, pixels: np.ndarray, photo: Path) -> Scene:
    """Find the faces of a photo and align them.

    Args:
        editor: finds them.
        pixels: (H, W, 3) uint8 RGB, upright.
        photo: named in errors.

    Raises:
        NoFaceError: there is no face.
    """
    faces = editor.find(pixels)
    if not faces:
        raise NoFaceError(photo, "no face found in it")
    crops = tuple(editor.cut(pixels, face) for face in faces)
    steps = tuple(
        step if step.reader is None else replace(step, reader=_ReadOnce(step.reader, crops))
        for step in editor.steps
    )
    return Scene(pixels, tuple(faces), crops, steps)


def draw_frame(editor: FaceEditor, scene: Scene, target: Target | None) -> np.ndarray:
    """Return the photo with all faces of a scene edited, (H, W, 3) uint8.

    Faces are edited whatever they show already: what is left alone in one frame and not in the
    next would jump. Outside the edits' masks the pixels are the photo's.
    """
    if target is None or not target.changes:
        return scene.pixels
    targets = [target] * len(scene.crops)
    edits = make_edits(scene.steps, scene.crops, targets, editor.batching)
    result = scene.pixels
    masks = step_masks(scene.crops, edits)
    for crop, own, drawn in zip(scene.crops, edits, masks, strict=True):
        result = compose_steps(result, list(zip(own, drawn, strict=True)), crop.affine)
    return result


class _ReadOnce:
    """Remembers what is read of some crops; others, which earlier steps changed, are read again.

    Args:
        reader: reads action units.
        crops: that are the same in all frames.
    """

    def __init__(self, reader: ReadsUnits, crops: Sequence[Crop]):
        self._reader = reader
        self._same = {id(crop) for crop in crops}
        self._known: dict[int, np.ndarray] = {}

    def read(self, crops: Sequence[Crop], batch: int) -> list[np.ndarray]:
        """See `ReadsUnits.read`."""
        fresh = [crop for crop in crops if id(crop) not in self._known]
        read = self._reader.read(fresh, batch) if fresh else []
        now = {id(crop): one for crop, one in zip(fresh, read, strict=True)}
        self._known.update({at: one for at, one in now.items() if at in self._same})
        return [now[id(crop)] if id(crop) in now else self._known[id(crop)] for crop in crops]


@dataclass(frozen=True, eq=False)
class Reel(Sequence[np.ndarray]):
    """The frames of a clip, drawn when they are asked for.

    Attributes:
        editor: several threads use it.
        scene: the photo.
        targets: of each frame; None for the photo as it is.
        threads: that draw frames at the same time, at most `MOST_THREADS` of them.
        drawn: called for each frame that is ready.
    """

    editor: FaceEditor
    scene: Scene
    targets: Sequence[Target | None]
    threads: int = 1
    drawn: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.targets)

    def __getitem__(self, at: Any) -> Any:
        """Draw one frame."""
        return draw_frame(self.editor, self.scene, self.targets[at])

    def __iter__(self) -> Iterator[np.ndarray]:
        """Draw all frames in order, those of the same target once."""
        targets = self.targets
        last = {target: at for at, target in enumerate(targets)}
        begun: dict[Target | None, Future[np.ndarray]] = {}
        threads = min(self.threads, MOST_THREADS)
        with ThreadPoolExecutor(threads) as pool:
            try:
                for at, target in enumerate(targets):
                    for ahead in targets[at : at + AHEAD * threads]:
                        if ahead not in begun:
                            begun[ahead] = pool.submit(draw_frame, self.editor, self.scene, ahead)
                    frame = begun[target].result()
                    self.drawn()
                    yield frame
                    if last[target] == at or len(begun) > KEPT:
                        del begun[target]
            finally:
                pool.shutdown(cancel_futures=True)
