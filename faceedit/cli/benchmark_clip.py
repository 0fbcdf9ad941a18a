"""``faceedit benchmark --clip``: what a clip takes, as a table or as JSON."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from faceedit.benchmark.clip_speed import measure_clip
from faceedit.cli.output import print_columns, print_json

if TYPE_CHECKING:
    from faceedit.editing.editor import FaceEditor
    from faceedit.targets import Target


def benchmark_clip(
    editor: "FaceEditor",
    photo: Path,
    target: "Target",
    frames: int,
    threads: int,
    repeat: int,
    as_json: bool,
) -> None:
    """Measure a clip of one photo and print what it takes; see `measure_clip`."""
    speed = measure_clip(editor, photo, target, frames, threads, repeat)
    if as_json:
        print_json({**asdict(speed), "device": editor.device})
        return
    print(
        f"{speed.frames} frames of {speed.megapixels:.1f} megapixels, faces: {speed.faces}, "
        f"threads: {threads}, on {editor.device}; start-up is not in the times\n"
    )
    rows = [
        (f"photo to {speed.kind}", f"{speed.seconds:.2f}", f"{1e3 * speed.seconds / frames:.1f}"),
        ("drawing alone", f"{speed.drawing:.2f}", f"{1e3 * speed.drawing / frames:.1f}"),
        ("editing, one thread", "", f"{1e3 * speed.editing:.1f}"),
        ("composing, one thread", "", f"{1e3 * speed.composing:.1f}"),
    ]
    print_columns(("CLIP", "SECONDS", "MS/FRAME"), rows)
