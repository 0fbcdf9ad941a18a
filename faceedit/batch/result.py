"""What became of one photo, as an object and as data."""

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from faceedit.errors import FaceEditError, PhotoError
from faceedit.faces.types import Face
from faceedit.photos import Job

Outcome = Literal["edited", "copied", "skipped", "failed"]


@dataclass(frozen=True, eq=False)
class Result:
    """What became of one photo.

    Attributes:
        job: the photo and its output.
        outcome: ``edited``; ``copied``, the output shows the input unchanged; ``skipped``, there is
            no output; ``failed``.
        reason: why it is not edited, without the photo's path; empty where it is.
        faces: the faces found.
        seconds: of work on this photo, its reading included.
        input_sha256: of the file; None where it could not be read.
        notes: what the user should know beside, one sentence each.
    """

    job: Job
    outcome: Outcome
    reason: str = ""
    faces: tuple[Face, ...] = ()
    seconds: float = 0.0
    input_sha256: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def output(self) -> Path | None:
        """The file that was written, or None."""
        return self.job.target if self.outcome in ("edited", "copied") else None


def explain(error: Exception, source: Path) -> str:
    """Return why a photo failed, without its path.

    An exception that is no error of ours is named with its type and place, for a report.
    """
    if isinstance(error, PhotoError) and error.path == source:
        return error.reason
    if isinstance(error, FaceEditError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"unexpected {type(error).__name__}: {error}{place}"


def describe(result: Result) -> dict[str, Any]:
    """Return a result as data that JSON can hold."""
    return {
        "input": str(result.job.source),
        "input_sha256": result.input_sha256,
        "output": None if result.output is None else str(result.output),
        "outcome": result.outcome,
        "reason": result.reason,
        "faces": [
            {
                "box": [round(side, 2) for side in face.box],
                "score": round(face.score, 4),
                "presence": round(face.presence, 4),
            }
            for face in result.faces
        ],
        "seconds": round(result.seconds, 3),
        "notes": list(result.notes),
    }
