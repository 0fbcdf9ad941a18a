"""The session that reads faces: networks that are loaded once, for one picture after another."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from faceedit.sessions.base import Session

if TYPE_CHECKING:
    from faceedit.analysis.analyzer import FaceAnalyzer
    from faceedit.analysis.reading import FaceReading
    from faceedit.batch.picture import ImageLike


class AnalyzerOptions(TypedDict, total=False):
    """Options of `Analyzer`, which explains them."""

    identity: bool
    faces: Literal["all", "largest"] | int
    min_face: float
    landmarks: Literal["mesh", "face-alignment"]
    weights: str | Path | None
    device: str


class Analyzer(Session):
    """Says what the faces of pictures show, just as ``faceedit analyze`` does.

    The networks are loaded once, here. Several threads may use one analyzer.

        with faceedit.Analyzer() as analyzer:
            readings = analyzer.analyze("portrait.jpg")

    Args:
        identity: also give the vectors that tell people apart.
        faces: which faces: all, the largest, or the largest so many.
        min_face: least longer side in pixels of the box round a face's landmarks.
        landmarks: the built-in ones or those of the face-alignment package.
        weights: a folder searched before all others, or a recogniser's checkpoint.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        UsageError: options that cannot be meant.
        MissingError: weights, a package or the device are missing.

    >>> with faceedit.Analyzer() as analyzer:
    ...     reading = analyzer.analyze("portrait.jpg")[0]
    >>> reading.expression.name, abs(reading.pose.roll) < 15
    ('happy', True)
    """

    def __init__(
        self,
        *,
        identity: bool = False,
        faces: Literal["all", "largest"] | int = "all",
        min_face: float = 32.0,
        landmarks: Literal["mesh", "face-alignment"] = "mesh",
        weights: str | Path | None = None,
        device: str = "auto",
    ):
        from faceedit.analysis.analyzer import open_analyzer
        from faceedit.faces.find.finder import FindOptions

        analyzer = open_analyzer(
            FindOptions(faces=faces, min_face=min_face),
            identity=identity,
            landmarks=landmarks,
            weights=None if weights is None else Path(weights),
            device=device,
        )
        super().__init__(analyzer)

    def analyze(self, image: "ImageLike") -> "list[FaceReading]":
        """Read the faces of one picture.

        Args:
            image: a photo's path; a PIL image (RGB, RGBA, L, LA); or (H, W, 3) RGB of uint8 or
                uint16.

        Returns:
            One reading per face, the one in front first; coordinates are those of the upright
            picture.

        Raises:
            UsageError: a picture that cannot be meant, or the analyzer is closed.
            PhotoError: the file cannot be read.
        """
        from faceedit.batch.picture import open_picture

        analyzer: FaceAnalyzer = self._use()
        return analyzer.analyze_pixels(open_picture(image).pixels)
