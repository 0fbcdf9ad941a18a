"""What became of one photo, as an object and as data."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from faceedit.errors import FaceEditError, PhotoError
from faceedit.faces.types import Face
from faceedit.photos import Job

Outcome = Literal["edited", "copied", "skipped", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("edited", "copied", "skipped", "failed")

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class FaceResult:
    """What became of one face.

    Attributes:
        box: left, top, right and bottom in pixels of the upright photo.
        score: of the detector, 0 to 1.
        presence: of the mesh network, 0 to 1.
        scores: of the edit, by name; empty where the face was not edited. ``shown`` is how
            far the face showed the target already, 0 to 1, and so much weaker was the edit;
            ``strength`` the part of it that the guard let pass, 0 to 1; ``moved`` the root mean
            square of the flow inside the mask in eye distances; ``relit`` that of the log ratio;
            ``identity``, where it was measured, the cosine of the face before and after.
    """

    box: Box
    score: float
    presence: float
    scores: Mapping[str, float]

    @classmethod
    def of(cls, face: Face, scores: Mapping[str, float] | None = None) -> "FaceResult":
        """Take what is told of a face that was found."""
        left, top, right, bottom = (round(float(side), 2) for side in face.box)
        told = {name: round(float(value), 4) for name, value in (scores or {}).items()}
        box = (left, top, right, bottom)
        return cls(box, round(face.score, 4), round(face.presence, 4), told)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "FaceResult":
        """Read what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        left, top, right, bottom = (float(side) for side in value["box"])
        scores = {str(name): float(one) for name, one in value.get("scores", {}).items()}
        box = (left, top, right, bottom)
        return cls(box, float(value["score"]), float(value["presence"]), scores)

    def to_json(self) -> dict[str, Any]:
        """Return the face as data that JSON can hold."""
        return {
            "box": list(self.box),
            "score": self.score,
            "presence": self.presence,
            "scores": dict(self.scores),
        }


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
        output_sha256: of the file that was written; None where none was.
        notes: what the user should know beside, one sentence each.
        resumed: an earlier run did it, and nothing had to be done.
    """

    job: Job
    outcome: Outcome
    reason: str = ""
    faces: tuple[FaceResult, ...] = ()
    seconds: float = 0.0
    input_sha256: str | None = None
    output_sha256: str | None = None
    notes: tuple[str, ...] = ()
    resumed: bool = False

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
    if is_out_of_memory(error):
        return "there is not enough memory for it"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"unexpected {type(error).__name__}: {error}{place}"


def is_out_of_memory(error: Exception) -> bool:
    """Say whether an exception means that memory was short, whichever library raised it."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    # torch's allocator on the CPU and OpenCV have no types of their own for this.
    text = str(error)
    return "can't allocate memory" in text or "Insufficient memory" in text


def read_result(job: Job, entry: Mapping[str, Any]) -> Result:
    """Read what `describe` wrote, for a job whose paths may lie elsewhere by now.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is something else.
    """
    outcome = entry["outcome"]
    if outcome not in OUTCOMES:
        raise ValueError(f"unknown outcome {outcome!r}")
    return Result(
        job,
        outcome,
        str(entry["reason"]),
        tuple(FaceResult.from_json(face) for face in entry["faces"]),
        float(entry["seconds"]),
        entry["input_sha256"],
        entry["output_sha256"],
        tuple(str(note) for note in entry["notes"]),
        bool(entry.get("resumed", False)),
    )


def describe(result: Result) -> dict[str, Any]:
    """Return a result as data that JSON can hold."""
    return {
        "input": str(result.job.source),
        "input_sha256": result.input_sha256,
        "output": None if result.output is None else str(result.output),
        "output_sha256": result.output_sha256,
        "outcome": result.outcome,
        "reason": result.reason,
        "faces": [face.to_json() for face in result.faces],
        "seconds": round(result.seconds, 3),
        "notes": list(result.notes),
        "resumed": result.resumed,
    }
