"""The session that edits: networks that are loaded once, for one picture after another."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, overload

from faceedit.sessions.base import Session
from faceedit.targets import Target, TargetLike, parse_target

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from faceedit.batch.images import EditResult
    from faceedit.batch.picture import ImageLike, PathOrImage
    from faceedit.editing.build import EditNetworks
    from faceedit.editing.editor import FaceEditor


class EditorOptions(TypedDict, total=False):
    """Options of `Editor`, which explains them."""

    model: str
    profile: str | None
    faces: Literal["all", "largest"] | int
    min_face: float
    landmarks: Literal["mesh", "face-alignment"]
    weights: str | Path | None
    device: str
    precision: str
    edit_shown: bool
    min_identity: float | None
    min_naturalness: float | None
    on_hard: Literal["edit", "skip"]
    batch: int | None


class Editor(Session):
    """Edits the faces of pictures, just as ``faceedit apply`` does.

    The networks are loaded once, here; the method's when a target first needs it. Several threads
    may use one editor.

        with faceedit.Editor(device="cpu") as editor:
            smiling = editor.edit("portrait.jpg", "happy:0.8")
            for image in editor.edit_many(paths, {"surprised": 0.5}):
                ...

    Args:
        model: a method's name, or ``auto`` for the one that fits the target.
        profile: which of the method's networks; None takes the one that ships.
        faces: which faces: all, the largest, or the largest so many.
        min_face: least longer side in pixels of the box round a face's landmarks.
        landmarks: the built-in ones or those of the face-alignment package.
        weights: a checkpoint of the method, or a folder searched before all others.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        precision: of the method's network: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        edit_shown: edit faces, too, that clearly show the target already.
        min_identity: cosine of the face before and after, below which an edit is weakened and
            then left out; None compares nothing.
        min_naturalness: score of the face after, 0 to 10, below which the same is done; None looks
            at none.
        on_hard: ``skip`` leaves faces alone that are hard to edit: turned by more than 30 degrees,
            looking far up or down, or shouting.
        batch: how many faces a network takes at once; None fits the device.

    Raises:
        UsageError: options that cannot be meant.
        MissingError: weights, a package or the device are missing.

    >>> with faceedit.Editor() as editor:
    ...     one = editor.edit("portrait.jpg", "surprised", details=True)
    ...     both = editor.edit_many(["portrait.jpg", "photos/a.png"], "sad")
    ...     sizes = [image.size for image in both]
    >>> one.outcome, one.faces[0].applied
    ('edited', {'surprised': 1.0})
    >>> sizes
    [(320, 320), (320, 320)]
    """

    def __init__(
        self,
        *,
        model: str = "auto",
        profile: str | None = None,
        faces: Literal["all", "largest"] | int = "all",
        min_face: float = 32.0,
        landmarks: Literal["mesh", "face-alignment"] = "mesh",
        weights: str | Path | None = None,
        device: str = "auto",
        precision: str = "auto",
        edit_shown: bool = False,
        min_identity: float | None = None,
        min_naturalness: float | None = None,
        on_hard: Literal["edit", "skip"] = "edit",
        batch: int | None = None,
    ):
        from faceedit.editing.build import EditNetworks, EditSettings
        from faceedit.faces.find.finder import FindOptions

        settings = EditSettings(
            target=parse_target("neutral:0"),  # each edit names its own
            model=model,
            profile=profile,
            find=FindOptions(faces=faces, min_face=min_face),
            landmarks=landmarks,
            weights=None if weights is None else Path(weights),
            device=device,
            precision=precision,
            edit_shown=edit_shown,
            min_identity=min_identity,
            min_naturalness=min_naturalness,
            on_hard=on_hard,
            batch=batch,
        )
        super().__init__(EditNetworks(settings))

    @overload
    def edit(
        self,
        image: "np.ndarray",
        target: TargetLike,
        *,
        intensity: float = 1.0,
        as_array: bool = False,
        details: Literal[False] = False,
    ) -> "np.ndarray": ...

    @overload
    def edit(
        self,
        image: "ImageLike",
        target: TargetLike,
        *,
        intensity: float = 1.0,
        as_array: Literal[True],
        details: Literal[False] = False,
    ) -> "np.ndarray": ...

    @overload
    def edit(
        self,
        image: "PathOrImage",
        target: TargetLike,
        *,
        intensity: float = 1.0,
        as_array: Literal[False] = False,
        details: Literal[False] = False,
    ) -> "Image.Image": ...

    @overload
    def edit(
        self,
        image: "ImageLike",
        target: TargetLike,
        *,
        intensity: float = 1.0,
        as_array: bool = False,
        details: Literal[True],
    ) -> "EditResult": ...

    def edit(
        self,
        image: "ImageLike",
        target: TargetLike,
        *,
        intensity: float = 1.0,
        as_array: bool = False,
        details: bool = False,
    ) -> "Image.Image | np.ndarray | EditResult":
        """Edit the faces of one picture.

        Args:
            image: a photo's path; a PIL image (RGB, RGBA, L, LA); or (H, W, 3) RGB of uint8 or
                uint16. It is not changed.
            target: ``"happy"``, ``"happy:0.6+surprised:0.3"``, a list of such terms,
                ``{"happy": 0.6, "surprised": 0.3}``, or a `Target`; see `parse_target`.
            intensity: multiplies all strengths, 0 to 1.5.
            as_array: give an array whatever the image is.
            details: give an `EditResult`: the picture, and what became of each face.

        Returns:
            A PIL image for a path or a PIL image: upright, of its mode (a palette becomes RGB or
            RGBA), with its colour profile and EXIF. An array for an array, or with ``as_array``:
            (H, W, 3) RGB of the picture's own depth, upright. A picture in which no face is edited
            comes back as it was.

            Pillow has no 16-bit colour, so a 16-bit file gives a PIL image of 8 bits, with a
            warning; ``as_array`` keeps the 16.

        Raises:
            UsageError: a target or a picture that cannot be meant, or the editor is closed.
            PhotoError: the file cannot be read.
            MissingError: the method's weights are missing.
        """
        from faceedit.batch.images import edit_picture

        editor, wanted = self._prepare(target, intensity)
        return as_given(edit_picture(image, editor, wanted), as_array, details)

    @overload
    def edit_many(
        self,
        images: "Iterable[np.ndarray]",
        target: TargetLike,
        *,
        intensity: float = 1.0,
        as_array: bool = False,
        details: Literal[False] = False,
    ) -> "Iterator[np.ndarray]": ...

    @overload
    def edit_many(
        self,
        images: "Iterable[ImageLike]",
        target: TargetLike,
        *,
        intensity: float = 1.0,
        as_array: Literal[True],
        details: Literal[False] = False,
    ) -> "Iterator[np.ndarray]": ...

    @overload
    def edit_many(
        self,
        images: "Iterable[PathOrImage]",
        target: TargetLike,
        *,
        intensity: float = 1.0,
        as_array: Literal[False] = False,
        details: Literal[False] = False,
    ) -> "Iterator[Image.Image]": ...

    @overload
    def edit_many(
        self,
        images: "Iterable[ImageLike]",
        target: TargetLike,
        *,
        intensity: float = 1.0,
        as_array: bool = False,
        details: Literal[True],
    ) -> "Iterator[EditResult]": ...

    def edit_many(
        self,
        images: "Iterable[ImageLike]",
        target: TargetLike,
        *,
        intensity: float = 1.0,
        as_array: bool = False,
        details: bool = False,
    ) -> "Iterator[Image.Image | np.ndarray | EditResult]":
        """Edit many pictures, several at once: faces of several share a network call.

        Args:
            images: any number; a few are taken ahead of what was asked for.
            target: as in `edit`, like all that follows.
            intensity: multiplies all strengths.
            as_array: give arrays.
            details: give an `EditResult` for each.

        Returns:
            An iterator of what `edit` returns, in order. A picture that fails raises when its turn
            comes, which ends the iterator. With ``details`` the result has the ``error`` instead,
            and the others follow.

        Raises:
            UsageError: a target that cannot be meant, or the editor is closed.
        """
        from faceedit.batch.images import check_many

        check_many(images)
        editor, wanted = self._prepare(target, intensity)
        return self._edit_many(images, editor, wanted, as_array, details)

    def _edit_many(
        self,
        images: "Iterable[ImageLike]",
        editor: "FaceEditor",
        target: Target,
        as_array: bool,
        details: bool,
    ) -> "Iterator[Image.Image | np.ndarray | EditResult]":
        from faceedit.batch.images import edit_pictures

        self._use()
        with closing(edit_pictures(images, editor, target)) as results:
            for result in results:
                self._use()
                yield as_given(result, as_array, details)

    def _prepare(self, target: TargetLike, intensity: float) -> "tuple[FaceEditor, Target]":
        networks: EditNetworks = self._use()
        wanted = networks.resolved(parse_target(target).scaled(intensity))
        return networks.editor(wanted), wanted


def as_given(
    result: "EditResult", as_array: bool, details: bool
) -> "Image.Image | np.ndarray | EditResult":
    """Return what was asked for of a result: the picture as a rule."""
    if details:
        return result
    return result.pixels if as_array or result.is_array else result.image
