"""CMU Multi-PIE: 337 people, up to 4 sessions, 6 expressions, 15 cameras, 20 lights.

Files lie in ``sessionNN/multiview/SSS/RR/CC_C/`` and are named ``001_02_02_051_07.png``: person,
session, recording, camera, light. The name alone is read, so that other trees of the same files
do too. The set's ``highres`` photos are named otherwise and are passed over.

What a recording shows depends on the session. The table is the one of Bob's interface to the set
(bob.db.multipie, and the same in words in bob.bio.face's documentation).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from faceedit.datasets.labelled import LabelledPhoto
from faceedit.datasets.listing import Tell, read_named, split_of

SHOWN = {
    (1, 1): "neutral",
    (1, 2): "smile",
    (2, 1): "neutral",
    (2, 2): "surprise",
    (2, 3): "squint",
    (3, 1): "neutral",
    (3, 2): "smile",
    (3, 3): "disgust",
    (4, 1): "neutral",
    (4, 2): "neutral",
    (4, 3): "scream",
}
"""Of session and recording."""
EXPRESSIONS_OF = {
    "neutral": "neutral",
    "smile": "happy",
    "surprise": "surprised",
    "disgust": "disgusted",
}
"""Squint and scream have no name in `targets.EXPRESSIONS`."""
CAMERAS = {
    "240": -90, "010": -75, "200": -60, "190": -45, "041": -30, "050": -15, "051": 0,
    "140": 15, "130": 30, "080": 45, "090": 60, "120": 75, "110": 90,
    "191": -45, "081": 45,
}  # fmt: skip
"""Degrees about the head, from the right profile to the left; 191 and 081 hang above it."""
LIGHTS = range(20)
"""1 to 18 are flashes, 7 the one in front; 0 and 19 are the room's light alone."""
# Crops that circulate of the set have an ending of their own.
NAME = re.compile(
    rf"(?P<person>\d{{3}})_(?P<session>0[1-4])_(?P<recording>0[1-3])_(?P<camera>{'|'.join(CAMERAS)})"
    r"_(?P<light>[01]\d)(?:_crop\w*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class MultiPiePhoto(LabelledPhoto):
    """A photo of Multi-PIE.

    Attributes:
        shown: the set's own word for the expression, of `SHOWN`.
        camera: one of `CAMERAS`.
        light: one of `LIGHTS`.
        session: 1 to 4, weeks to months apart: hair, clothes and glasses may differ.
        recording: 1 to 3.
    """

    shown: str
    camera: str
    light: int
    session: int
    recording: int


def parse_multipie(path: Path) -> MultiPiePhoto | None:
    """Return what a file's name says, or None where it is no name of Multi-PIE."""
    match = NAME.fullmatch(path.stem)
    if match is None:
        return None
    session, recording = int(match["session"]), int(match["recording"])
    shown = SHOWN.get((session, recording))
    if shown is None:
        return None
    person = f"multipie-{match['person']}"
    return MultiPiePhoto(
        path=path,
        person=person,
        expression=EXPRESSIONS_OF.get(shown, ""),
        strength=-1,
        split=split_of(person),
        source="multipie",
        shown=shown,
        camera=match["camera"],
        light=int(match["light"]),
        session=session,
        recording=recording,
    )


def read_multipie(
    folder: Path,
    *,
    cameras: Collection[str] = ("051",),
    lights: Collection[int] = LIGHTS,
    unnamed: bool = False,
    tell: Tell | None = None,
) -> list[MultiPiePhoto]:
    """List the photos of Multi-PIE.

    Args:
        folder: that holds them, at any depth.
        cameras: of `CAMERAS`; the front alone by default.
        lights: of `LIGHTS`; all by default. Who pairs a person's photos by expression should
            ask for one, (7,) for the flash in front, or compare `MultiPiePhoto.light`.
        unnamed: take squint and scream too, as expression "". They are left out by default:
            an unlabelled photo that does not smile may be taken for a calm one.
        tell: is told what was found and left out.

    Raises:
        UsageError: there are none.
    """
    return read_named(
        folder,
        parse_multipie,
        lambda photo: (
            photo.camera in cameras
            and photo.light in lights
            and (unnamed or photo.expression != "")
        ),
        source="multipie",
        looked_for="Multi-PIE's names such as 001_01_02_051_07.png (person, session, recording, "
        f"camera, light) with camera {' or '.join(cameras)} and light "
        f"{', '.join(map(str, lights))}",
        tell=tell,
    )
