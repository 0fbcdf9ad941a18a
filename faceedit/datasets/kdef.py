"""KDEF, the Karolinska Directed Emotional Faces: 70 people, 7 expressions, 5 angles, twice.

Files are named ``AF01ANS.JPG``: session, sex, number, expression, angle
(https://www.kdef.se). AKDEF's averaged faces have no number in their names and are passed over,
and so are the set's own two slips, ``AF31V.JPG`` and ``AM31H.JPG``.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from faceedit.datasets.labelled import LabelledPhoto
from faceedit.datasets.listing import Tell, read_named, split_of

ANGLES = ("FL", "HL", "S", "HR", "FR")
"""Full left profile, half left, straight, half right, full right."""
SESSIONS = ("A", "B")
EXPRESSIONS_OF = {
    "NE": "neutral",
    "HA": "happy",
    "SA": "sad",
    "AN": "angry",
    "SU": "surprised",
    "DI": "disgusted",
    "AF": "afraid",
}
NAME = re.compile(
    rf"(?P<session>[AB])(?P<sex>[FM])(?P<number>\d\d)(?P<expression>{'|'.join(EXPRESSIONS_OF)})"
    rf"(?P<angle>{'|'.join(ANGLES)})",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class KdefPhoto(LabelledPhoto):
    """A photo of KDEF.

    Attributes:
        angle: one of `ANGLES`.
        session: one of `SESSIONS`: every person sat twice for every expression.
        sex: "female" or "male".
    """

    angle: str
    session: str
    sex: str


def parse_kdef(path: Path) -> KdefPhoto | None:
    """Return what a file's name says, or None where it is no name of KDEF."""
    match = NAME.fullmatch(path.stem)
    if match is None:
        return None
    # Women and men are both counted from 01.
    person = f"kdef-{match['sex'].upper()}{match['number']}"
    return KdefPhoto(
        path=path,
        person=person,
        expression=EXPRESSIONS_OF[match["expression"].upper()],
        strength=-1,
        split=split_of(person),
        source="kdef",
        angle=match["angle"].upper(),
        session=match["session"].upper(),
        sex="female" if match["sex"].upper() == "F" else "male",
    )


def read_kdef(
    folder: Path,
    *,
    angles: Collection[str] = ("S",),
    sessions: Collection[str] = SESSIONS,
    tell: Tell | None = None,
) -> list[KdefPhoto]:
    """List the photos of KDEF.

    Args:
        folder: that holds them, at any depth.
        angles: of `ANGLES`; straight alone by default.
        sessions: of `SESSIONS`.
        tell: is told what was found and left out.

    Raises:
        UsageError: there are none.
    """
    return read_named(
        folder,
        parse_kdef,
        lambda photo: photo.angle in angles and photo.session in sessions,
        source="kdef",
        looked_for="KDEF's names such as AF01ANS.JPG with angle "
        f"{' or '.join(angles)} and session {' or '.join(sessions)}",
        tell=tell,
    )
