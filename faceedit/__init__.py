"""Edit the expression of faces in photos, at the photo's own resolution, and say what faces show.

    import faceedit

    smiling = faceedit.edit("portrait.jpg", "happy")
    shown = faceedit.analyze("portrait.jpg")[0].expression.name

    with faceedit.Editor() as editor:  # loads the networks once
        for image in editor.edit_many(paths, {"happy": 0.6, "surprised": 0.3}):
            ...

Importing this package imports none of the networks' libraries; what it offers does when used.
"""

from typing import TYPE_CHECKING, Literal, Unpack, overload

from faceedit.errors import FaceEditError, MissingError, PhotoError, UsageError
from faceedit.sessions.analyzer import Analyzer, AnalyzerOptions
from faceedit.sessions.editor import Editor, EditorOptions, as_given
from faceedit.targets import EXPRESSIONS, Expression, Target, TargetLike, parse_target

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from faceedit.analysis.reading import FaceReading
    from faceedit.batch.images import EditResult
    from faceedit.batch.picture import ImageLike, PathOrImage
    from faceedit.batch.result import FaceResult

    __version__: str

__all__ = [
    "EXPRESSIONS",
    "Analyzer",
    "EditResult",
    "Editor",
    "Expression",
    "FaceEditError",
    "FaceReading",
    "FaceResult",
    "MissingError",
    "PhotoError",
    "Target",
    "UsageError",
    "__version__",
    "analyze",
    "edit",
    "parse_target",
]

_LAZY = {
    "EditResult": "faceedit.batch.images",
    "FaceReading": "faceedit.analysis.reading",
    "FaceResult": "faceedit.batch.result",
}
"""Classes that bring the networks' libraries, and their modules."""


@overload
def edit(
    image: "np.ndarray",
    target: TargetLike,
    *,
    intensity: float = 1.0,
    as_array: bool = False,
    details: Literal[False] = False,
    **options: Unpack[EditorOptions],
) -> "np.ndarray": ...


@overload
def edit(
    image: "ImageLike",
    target: TargetLike,
    *,
    intensity: float = 1.0,
    as_array: Literal[True],
    details: Literal[False] = False,
    **options: Unpack[EditorOptions],
) -> "np.ndarray": ...


@overload
def edit(
    image: "PathOrImage",
    target: TargetLike,
    *,
    intensity: float = 1.0,
    as_array: Literal[False] = False,
    details: Literal[False] = False,
    **options: Unpack[EditorOptions],
) -> "Image.Image": ...


@overload
def edit(
    image: "ImageLike",
    target: TargetLike,
    *,
    intensity: float = 1.0,
    as_array: bool = False,
    details: Literal[True],
    **options: Unpack[EditorOptions],
) -> "EditResult": ...


def edit(
    image: "ImageLike",
    target: TargetLike,
    *,
    intensity: float = 1.0,
    as_array: bool = False,
    details: bool = False,
    **options: Unpack[EditorOptions],
) -> "Image.Image | np.ndarray | EditResult":
    """Edit the faces of one picture, just as ``faceedit apply`` does.

    Every call loads the networks: for more than one picture open an `Editor`.

    Args:
        image: a photo's path, a PIL image or an array, as `Editor.edit` takes it.
        target: such as ``"happy"``, ``"happy:0.6+surprised:0.3"`` or ``{"happy": 0.6}``.
        intensity: multiplies all strengths, 0 to 1.5.
        as_array: give an array whatever the image is.
        details: give an `EditResult`.
        options: of the `Editor`: ``model``, ``faces``, ``device`` and so on.

    Returns:
        What `Editor.edit` does: a PIL image for a path or a PIL image, an array for an array.

    Raises:
        UsageError: arguments that cannot be meant.
        MissingError: weights or a device are missing.
        PhotoError: the file cannot be read.

    >>> faceedit.edit("portrait.jpg", "surprised:0.8").size
    (320, 320)
    """
    # Before the networks are loaded, which takes seconds.
    wanted = parse_target(target).scaled(intensity)
    with Editor(**options) as editor:
        return as_given(editor.edit(image, wanted, details=True), as_array, details)


def analyze(image: "ImageLike", **options: Unpack[AnalyzerOptions]) -> "list[FaceReading]":
    """Say what the faces of one picture show, just as ``faceedit analyze`` does.

    Every call loads the networks: for more than one picture open an `Analyzer`.

    Args:
        image: a photo's path, a PIL image or an array, as `Analyzer.analyze` takes it.
        options: of the `Analyzer`: ``identity``, ``faces``, ``device`` and so on.

    Returns:
        One reading per face, the one in front first.

    Raises:
        UsageError: arguments that cannot be meant.
        MissingError: weights or a device are missing.
        PhotoError: the file cannot be read.

    >>> faceedit.analyze("portrait.jpg")[0].expression.name
    'happy'
    """
    with Analyzer(**options) as analyzer:
        return analyzer.analyze(image)


def __getattr__(name: str) -> object:
    """Return what is made or imported only when it is asked for."""
    if name == "__version__":
        from importlib.metadata import version

        return version("faceedit")
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return what the package offers."""
    return sorted({*globals(), *__all__})
