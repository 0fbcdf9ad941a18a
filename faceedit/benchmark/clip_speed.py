"""How long a clip takes: from a photo's file to the clip's, and where the time goes."""

import tempfile
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from faceedit.animation.frames import Reel, open_scene, read_photo_for
from faceedit.animation.poses import Pose, Timing, clip_targets
from faceedit.animation.write import Clip, check_clip, write_clip
from faceedit.compose.compose import compose_steps
from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import make_edits, step_masks
from faceedit.errors import MissingError
from faceedit.outputs import NEW_ONLY
from faceedit.targets import Target

FPS = 24
MAX_SIDE = 8192


@dataclass(frozen=True)
class ClipSpeed:
    """What `measure_clip` found; the median of several clips.

    Attributes:
        frames: in the clip.
        faces: that move.
        megapixels: of a frame.
        kind: of the file, ``.mp4`` where PyAV is installed.
        threads: that drew frames.
        seconds: from the photo's file to the clip's, with networks loaded.
        drawing: seconds of drawing all frames, without any file.
        editing: seconds of the methods for a frame, in one thread.
        composing: seconds of composing a frame, in one thread.
    """

    frames: int
    faces: int
    megapixels: float
    kind: str
    threads: int
    seconds: float
    drawing: float
    editing: float
    composing: float


def measure_clip(
    editor: FaceEditor, photo: Path, target: Target, frames: int, threads: int, repeats: int
) -> ClipSpeed:
    """Make a clip from the photo as it is to a target, several times.

    Args:
        editor: networks, loaded.
        photo: its faces move.
        target: the last frame's.
        frames: in the clip.
        threads: that draw frames at the same time.
        repeats: how often; a run before them warms up.

    Raises:
        PhotoError: the photo cannot be read, or has no face.
    """
    timing = Timing(frames / FPS, Fraction(FPS))
    targets = clip_targets([Pose(), Pose(target)], timing)
    whole, drawing = [], []
    with tempfile.TemporaryDirectory(prefix="faceedit-benchmark-") as folder:
        kind = _kind(Path(folder))
        for number in range(repeats + 1):
            start = time.perf_counter()
            output = Path(folder) / f"{number}{kind}"
            scene = open_scene(editor, read_photo_for(photo, output, MAX_SIDE), photo)
            reel = Reel(editor, scene, targets, threads)
            write_clip(output, kind, reel, Clip(timing.fps), NEW_ONLY)
            whole.append(time.perf_counter() - start)
            start = time.perf_counter()
            for _ in reel:
                pass
            drawing.append(time.perf_counter() - start)
    editing, composing = _stages(reel)
    size = scene.pixels.shape[0] * scene.pixels.shape[1] / 1e6
    seconds, alone = (sorted(times[1:])[repeats // 2] for times in (whole, drawing))
    faces = len(scene.faces)
    return ClipSpeed(len(reel), faces, size, kind, threads, seconds, alone, editing, composing)


def _kind(folder: Path) -> str:
    try:
        check_clip(folder / "a.mp4", ".mp4", 2, Fraction(FPS), NEW_ONLY)
    except MissingError:
        return ".webp"
    return ".mp4"


def _stages(reel: Reel) -> tuple[float, float]:
    """Return the mean seconds of editing and of composing a frame, one after the other."""
    editing = composing = 0.0
    editor, scene = reel.editor, reel.scene
    moved = [one for one in reel.targets if one is not None and one.changes]
    for target in moved:
        start = time.perf_counter()
        edits = make_edits(scene.steps, scene.crops, [target] * len(scene.crops), editor.batching)
        middle = time.perf_counter()
        masks = step_masks(scene.crops, edits)
        for crop, own, drawn in zip(scene.crops, edits, masks, strict=True):
            compose_steps(scene.pixels, list(zip(own, drawn, strict=True)), crop.affine)
        editing += middle - start
        composing += time.perf_counter() - middle
    return editing / len(moved), composing / len(moved)
