"""Captions on a photo: what they say of a face, in which size, and where there is room for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import ImageFont

from faceedit.analysis.reading import FaceReading
from faceedit.analysis.words import (
    attribute_words,
    expression_words,
    light_words,
    main_units,
    pose_words,
)

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

SMALLEST = 12.0
"""Size of type in pixels that is still read easily."""
TIGHTER = (1.0, 0.8, 0.64)
"""Where a caption has no room, it is set smaller before it says less."""
LINE = 1.32
"""Height of a line of type."""
COLUMN = 21.0
"""Longest line in sizes of the type."""
GAP = 0.5


@dataclass(frozen=True)
class Caption:
    """Lines of type and the room that they take.

    Attributes:
        lines: of text.
        size: of the type in pixels.
        font: of that size.
        width: with its margins, in pixels.
        height: likewise.
    """

    lines: tuple[str, ...]
    size: float
    font: Font
    width: float
    height: float


def captions_of(face: FaceReading, number: int, size: float) -> list[list[Caption]]:
    """Return what can be said of a face, most first, each in types of falling size."""
    units = "  ".join(f"AU{unit} {v:.1f}" for unit, v in main_units(face.units, 4))
    expression = f"{number}  {expression_words(face.expression)}"
    full = (
        expression,
        f"strength {face.expression.strength:.1f} of 3",
        units or "no action units",
        f"light {light_words(face.appearance)}",
        ", ".join(attribute_words(face.appearance)) or "attributes unsure",
        pose_words(face.pose),
        f"natural {face.naturalness:.1f} of 10, found {face.face.score:.2f}",
        f"edges {face.sharpness.edge_width:.1f} px, {face.sharpness.lines:.0f} lines",
    )
    brief = (expression, f"natural {face.naturalness:.1f}, {face.sharpness.lines:.0f} lines")
    name = (f"{number}  {face.expression.name}",)
    types = {size: ImageFont.load_default(size) for size in _smaller(size)}
    return [
        [_caption(lines, size, font) for size, font in types.items()]
        for lines in (full, brief, name, (str(number),))
    ]


def _smaller(size: float) -> list[float]:
    return sorted({max(SMALLEST, size * share) for share in TIGHTER}, reverse=True)


def _caption(lines: Sequence[str], size: float, font: Font) -> Caption:
    broken = tuple(part for line in lines for part in _broken(line, font, COLUMN * size))
    width = max(font.getlength(line) for line in broken) + 2 * GAP * size
    return Caption(broken, size, font, width, (LINE * len(broken) + 2 * GAP) * size)


def _broken(line: str, font: Font, width: float) -> Iterator[str]:
    """Break a line between words so that its parts fit a width."""
    so_far = ""
    for word in line.split(" "):
        longer = f"{so_far} {word}" if so_far else word
        if so_far and font.getlength(longer) > width:
            yield so_far
            longer = word
        so_far = longer
    yield so_far


def place_caption(
    captions: Sequence[Sequence[Caption]],
    box: Box,
    blocked: Sequence[Sequence[Box]],
    limit: tuple[int, int],
) -> tuple[Caption, Box]:
    """Choose a caption and its place.

    Args:
        captions: what can be said, most first, each in types of falling size.
        box: of the face.
        blocked: what a caption should not cover, and then the least of it.
        limit: width and height of the photo.
    """
    alone = len(blocked[0]) == 1
    for sizes in captions:
        for kept in blocked:
            for caption in sizes:
                for place in _places(caption, box, limit, alone):
                    if not any(shared(place, other) for other in kept):
                        return caption, place
    # There is no room for a number: where it covers least.
    last = captions[-1][-1]
    places = _places(last, box, limit, alone)
    corner = (0.0, 0.0, last.width, last.height)
    covered = ((sum(shared(place, o) for o in blocked[1]), place) for place in places)
    return last, min(covered, default=(0.0, corner))[1]


def _places(caption: Caption, box: Box, limit: tuple[int, int], alone: bool) -> Iterator[Box]:
    """Yield places about a box, and for a face alone the photo's corners, inside the photo."""
    left, top, right, bottom = box
    gap, width, height = GAP * caption.size, caption.width, caption.height
    if width > limit[0] or height > limit[1]:
        return
    corners = [
        (right + gap, top),
        (left - gap - width, top),
        (left, bottom + gap),
        (left, top - gap - height),
        (right + gap, bottom - height),
        (left - gap - width, bottom - height),
    ]
    if alone:
        corners += [(0, limit[1]), (limit[0], limit[1]), (limit[0], 0), (0, 0)]
    for x, y in corners:
        yield _inside((x, y, x + width, y + height), limit)


def _inside(place: Box, limit: tuple[int, int]) -> Box:
    """Move a place into the photo; one that is larger keeps its top left corner in it."""
    x = max(0.0, min(place[0], limit[0] - 1 - (place[2] - place[0])))
    y = max(0.0, min(place[1], limit[1] - 1 - (place[3] - place[1])))
    return x, y, x + place[2] - place[0], y + place[3] - place[1]


def shared(a: Box, b: Box) -> float:
    """Return the area in pixels that two boxes have in common."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)
