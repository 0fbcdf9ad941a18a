"""Edit the expression of faces in photos, at the photo's own resolution, and say what faces show.

    import faceedit

    edited = faceedit.edit("portrait.jpg", "happy")
    shown = faceedit.analyze("portrait.jpg")[0].expression.name

Importing this package imports none of the networks' libraries; its functions do when called.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from faceedit.analysis.reading import FaceReading
    from faceedit.targets import Target

__all__ = ["analyze", "edit"]


@overload
def edit(
    image: "Image.Image",
    target: "str | Sequence[str] | Target",
    *,
    model: str = "auto",
    profile: str | None = None,
    intensity: float = 1.0,
    faces: Literal["all", "largest"] | int = "all",
    min_face: float = 32.0,
    landmarks: Literal["mesh", "face-alignment"] = "mesh",
    weights: str | Path | None = None,
    device: str = "auto",
    edit_shown: bool = False,
) -> "Image.Image": ...


@overload
def edit(
    image: "str | Path | np.ndarray",
    target: "str | Sequence[str] | Target",
    *,
    model: str = "auto",
    profile: str | None = None,
    intensity: float = 1.0,
    faces: Literal["all", "largest"] | int = "all",
    min_face: float = 32.0,
    landmarks: Literal["mesh", "face-alignment"] = "mesh",
    weights: str | Path | None = None,
    device: str = "auto",
    edit_shown: bool = False,
) -> "np.ndarray": ...


def edit(
    image: "str | Path | Image.Image | np.ndarray",
    target: "str | Sequence[str] | Target",
    *,
    model: str = "auto",
    profile: str | None = None,
    intensity: float = 1.0,
    faces: Literal["all", "largest"] | int = "all",
    min_face: float = 32.0,
    landmarks: Literal["mesh", "face-alignment"] = "mesh",
    weights: str | Path | None = None,
    device: str = "auto",
    edit_shown: bool = False,
) -> "Image.Image | np.ndarray":
    """Edit the faces of one picture, just as ``faceedit apply`` does.

    Every call loads the networks. For many pictures use ``faceedit apply``, or open a
    `faceedit.batch.build.open_editor` once.

    Args:
        image: a photo's path, a PIL image (RGB, RGBA, L, LA), or (H, W, 3) RGB of uint8 or uint16.
            It is not changed.
        target: ``"happy"``, ``"happy:0.6"``, ``["happy:0.6", "surprised:0.3"]``, or a `Target`.
        model: a method's name, or ``auto`` for the one that fits the target.
        profile: which of the method's networks; None takes the one that ships.
        intensity: multiplies all strengths, 0 to 1.5.
        faces: which faces: all, the largest, or the largest so many.
        min_face: least longer side in pixels of the box round a face's landmarks.
        landmarks: the built-in ones or those of the face-alignment package.
        weights: a checkpoint of the method, or a folder searched before all others.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        edit_shown: edit faces, too, that clearly show the target already.

    Returns:
        A PIL image for a PIL image, of its mode, upright, with its colour profile and EXIF; an
        array for an array; for a path an array of the file's own depth, (H, W, 3) RGB, upright. A
        picture without a face comes back as it was.

    Raises:
        UsageError: arguments that cannot be meant.
        MissingError: weights or a device are missing.
        PhotoError: the file cannot be read.
    """
    from faceedit.batch.build import EditSettings, open_editor
    from faceedit.batch.images import edit_image
    from faceedit.faces.finder import FindOptions
    from faceedit.targets import parse_target

    settings = EditSettings(
        target=parse_target(target).scaled(intensity),
        model=model,
        profile=profile,
        find=FindOptions(faces=faces, min_face=min_face),
        landmarks=landmarks,
        weights=None if weights is None else Path(weights),
        device=device,
        edit_shown=edit_shown,
    )
    return edit_image(image, open_editor(settings), settings.target)


def analyze(
    image: "str | Path | Image.Image | np.ndarray",
    *,
    identity: bool = False,
    faces: Literal["all", "largest"] | int = "all",
    min_face: float = 32.0,
    landmarks: Literal["mesh", "face-alignment"] = "mesh",
    weights: str | Path | None = None,
    device: str = "auto",
) -> "list[FaceReading]":
    """Say what the faces of one picture show, just as ``faceedit analyze`` does.

    Every call loads the networks. For many pictures use ``faceedit analyze``, or open a
    `faceedit.analysis.analyzer.open_analyzer` once.

    Args:
        image: a photo's path, a PIL image (RGB, RGBA, L, LA), or (H, W, 3) RGB of uint8 or uint16.
        identity: also give the vectors that tell people apart.
        faces: which faces: all, the largest, or the largest so many.
        min_face: least longer side in pixels of the box round a face's landmarks.
        landmarks: the built-in ones or those of the face-alignment package.
        weights: a folder searched before all others, or a recogniser's checkpoint.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Returns:
        One reading per face, the one in front first; coordinates are those of the upright picture.

    Raises:
        UsageError: arguments that cannot be meant.
        MissingError: weights or a device are missing.
        PhotoError: the file cannot be read.
    """
    from faceedit.analysis.analyzer import open_analyzer
    from faceedit.batch.images import upright_pixels
    from faceedit.faces.finder import FindOptions

    pixels = upright_pixels(image)
    analyzer = open_analyzer(
        FindOptions(faces=faces, min_face=min_face),
        identity=identity,
        landmarks=landmarks,
        weights=None if weights is None else Path(weights),
        device=device,
    )
    return analyzer.analyze_pixels(pixels)
