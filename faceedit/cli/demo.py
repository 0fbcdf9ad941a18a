"""``faceedit demo``: a first look, on a picture that everybody has."""

from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli.options import Overwrite, can_exist
from faceedit.cli.output import tell

TARGETS = ("neutral", "happy:1.3", "sad", "angry", "surprised", "disgusted", "afraid")
"""The astronaut smiles already: without her smile first, then with more of one."""


def demo(
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            "-t",
            metavar="NAME[:STRENGTH][+...]",
            help="What the sheet shows; may be repeated; '+' makes a blend. Default: several.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", callback=can_exist, help="Where the sheet goes."
        ),
    ] = Path("faceedit-demo.png"),
    device: Annotated[
        str, typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.")
    ] = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Edit scikit-image's astronaut and write a before/after sheet."""
    import numpy as np

    from faceedit.batch.sheet import draw_sheet
    from faceedit.editing.build import EditSettings, open_editor
    from faceedit.errors import FaceEditError
    from faceedit.photos import read_photo
    from faceedit.sheets import save_sheet, sheet_permit
    from faceedit.targets import parse_target, union

    permit = sheet_permit(output, overwrite)
    targets = [parse_target(text) for text in target or TARGETS]
    settings = EditSettings(target=union(targets), device=device, edit_shown=True)
    editor = open_editor(settings)
    pixels = read_photo(astronaut_file()).pixels
    faces = editor.find(pixels)
    if not faces:
        raise FaceEditError("no face was found in the demo's picture; run 'faceedit doctor'")
    versions: list[tuple[str, np.ndarray]] = [("before", pixels)]
    for one in targets:
        edited = editor.edit_faces(pixels, faces, one)
        versions.append((str(one).replace(":", " "), edited.pixels))
    save_sheet(output, draw_sheet(versions, faces[0]), permit)
    tell(f"wrote {output.absolute()}: the picture before, and {', '.join(map(str, targets))}")


def astronaut_file() -> Path:
    """Return the picture's file, which ships inside scikit-image."""
    import importlib.util

    from faceedit.errors import MissingError

    spec = importlib.util.find_spec("skimage")
    if spec is None or spec.origin is None:
        raise MissingError("the demo's picture comes with scikit-image, which is not installed")
    # Asked for by name, scikit-image would download what it does not find.
    path = Path(spec.origin).parent / "data" / "astronaut.png"
    if not path.is_file():
        raise MissingError(f"the demo's picture is not there: {path}; reinstall scikit-image")
    return path
