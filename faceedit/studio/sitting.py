"""A labelled photo, read, cut out and fitted: what pairs are made of."""

from dataclasses import dataclass

from faceedit.photos import read_photo
from faceedit.studio.expressions import Ask
from faceedit.studio.photo import Sitter, sit
from faceedit.studio.record import Labels
from faceedit.studio.rig import Rig
from faceedit.studio.sources import SourcePhoto, shown_expression


@dataclass(frozen=True)
class Sitting:
    """A photo with its labels, ready for pairs.

    Attributes:
        sitter: the fitted photo.
        labels: file, source, person, split and spectacles are filled in; the rest is not used.
        shows: the expression that the photo itself shows, or None for a neutral face.
    """

    sitter: Sitter
    labels: Labels
    shows: Ask | None = None


def take_sitting(rig: Rig, source: SourcePhoto, size: int, *, wide: bool = False) -> Sitting:
    """Read a photo, cut out its face and fit the rig's model to it.

    Args:
        rig: model and tables.
        source: the photo.
        size: side of the crop in pixels.
        wide: see `photo.sit`.

    Raises:
        PhotoError: the photo cannot be read.
    """
    photo = source.photo
    pixels = read_photo(photo.path).pixels
    sitter = sit(
        rig.model,
        rig.seal,
        pixels,
        source.landmarks,
        size,
        eyeglasses=photo.eyeglasses,
        hat=photo.hat,
        wide=wide,
    )
    labels = Labels(
        ask=Ask(),
        file=source.name,
        source=photo.source,
        person=photo.person,
        split=photo.split,
        eyeglasses=photo.eyeglasses,
    )
    return Sitting(sitter, labels, shown_expression(rig.tables, sitter, photo))
