"""RaFD, the Radboud Faces Database: 67 people, 8 expressions, 3 gazes, 5 cameras.

Files are named ``Rafd090_28_Caucasian_male_angry_frontal.jpg``: camera, person, group, sex,
expression, gaze (https://rafd.socsci.ru.nl/FAQ.html).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from faceedit.datasets.labelled import LabelledPhoto
from faceedit.datasets.listing import Tell, read_named, split_of

CAMERAS = (0, 45, 90, 135, 180)
"""Degrees about the person: 90 is in front, 0 sees the right side of the face, 180 the left."""
GAZES = ("frontal", "left", "right")
EXPRESSIONS_OF = {
    "neutral": "neutral",
    "happy": "happy",
    "sad": "sad",
    "angry": "angry",
    "surprised": "surprised",
    "disgusted": "disgusted",
    "fearful": "afraid",
    "contemptuous": "contemptuous",
}
NAME = re.compile(
    r"rafd(?P<camera>000|045|090|135|180)_(?P<person>\d\d)_(?P<group>[a-z]+)_(?P<sex>female|male)"
    rf"_(?P<expression>{'|'.join(EXPRESSIONS_OF)})_(?P<gaze>{'|'.join(GAZES)})",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class RafdPhoto(LabelledPhoto):
    """A photo of RaFD.

    Attributes:
        camera: one of `CAMERAS`.
        gaze: one of `GAZES`, as the person sees it.
        sex: "female" or "male".
        group: "caucasian", "moroccan" or "kid".
    """

    camera: int
    gaze: str
    sex: str
    group: str


def parse_rafd(path: Path) -> RafdPhoto | None:
    """Return what a file's name says, or None where it is no name of RaFD."""
    match = NAME.fullmatch(path.stem)
    if match is None:
        return None
    person = f"rafd-{match['person']}"
    return RafdPhoto(
        path=path,
        person=person,
        expression=EXPRESSIONS_OF[match["expression"].lower()],
        strength=-1,
        split=split_of(person),
        source="rafd",
        camera=int(match["camera"]),
        gaze=match["gaze"].lower(),
        sex=match["sex"].lower(),
        group=match["group"].lower(),
    )


def read_rafd(
    folder: Path,
    *,
    cameras: Collection[int] = (90,),
    gazes: Collection[str] = ("frontal",),
    tell: Tell | None = None,
) -> list[RafdPhoto]:
    """List the photos of RaFD.

    Args:
        folder: that holds them, at any depth.
        cameras: of `CAMERAS`; the front alone by default.
        gazes: of `GAZES`; into the camera alone by default, so that two photos of a person
            differ in their expression and in nothing else.
        tell: is told what was found and left out.

    Raises:
        UsageError: there are none.
    """
    return read_named(
        folder,
        parse_rafd,
        lambda photo: photo.camera in cameras and photo.gaze in gazes,
        source="rafd",
        looked_for="RaFD's names such as Rafd090_01_Caucasian_female_happy_frontal.jpg with "
        f"camera {_list(cameras)} and gaze {_list(gazes)}",
        tell=tell,
    )


def _list(values: Collection[object]) -> str:
    return " or ".join(map(str, values))
