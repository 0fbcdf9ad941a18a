"""What single faces of a photo get of a target: ``faces=1:0.5,3:0``, behind all else."""

import re

from faceedit.errors import UsageError
from faceedit.targets.term import MAX_STRENGTH, as_number, read_number

FACES = "faces"
STARTS_FACES = re.compile(rf"\s*{FACES}\s*=", re.IGNORECASE)

FaceShare = tuple[int, float]
"""The number of a face, of which the largest is 1, and the share of all strengths that it gets."""


def parse_faces(text: str) -> list[FaceShare]:
    """Read what stands behind ``faces=``.

    Raises:
        UsageError: it is malformed, or out of range.
    """
    given = (one.partition(":") for one in text.split(","))
    return [read_face(f"{FACES}={number}", share) for number, _, share in given]


def read_face(key: str, share: object) -> FaceShare:
    """Read one face of `Target.to_json`.

    Args:
        key: ``faces=2`` for the second.
        share: as text or as a number.

    Raises:
        UsageError: it is malformed, or out of range.
    """
    number = key.partition("=")[2].strip()
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise UsageError(f"{key}: a face is a number; the largest is 1")
    what = f"the strength of face {number}"
    if isinstance(share, str):
        return int(number), read_number(share, what, 0, MAX_STRENGTH)
    return int(number), as_number(share, what)


def faces_text(faces: tuple[FaceShare, ...]) -> str:
    """Return the text that `parse_faces` reads, with its word.

    >>> faces_text(((1, 0.5), (3, 0.0)))
    'faces=1:0.5,3:0'
    """
    return f"{FACES}={','.join(f'{number}:{share:g}' for number, share in faces)}"
