"""What became of one photo, as an object and as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from faceedit.editing.hard import HARD
from faceedit.faces.types import Face
from faceedit.photos import Job
from faceedit.targets import Target, parse_target

if TYPE_CHECKING:
    from faceedit.editing.steps import Edits
    from faceedit.editing.types import EditedPhoto

SCHEMA_VERSION = 1
"""Of `describe` and of the manifest. It rises when what a key means changes or a key goes, and not
when keys are added; see ``docs/json.md``."""

Outcome = Literal["edited", "copied", "skipped", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("edited", "copied", "skipped", "failed")
FaceOutcome = Literal["edited", "left alone", "failed"]

NO_FACE = "no face was found"
OURS = "faceedit edited it before; --again edits it once more"
NO_CHANGE = "a strength of 0 changes nothing"
AS_IT_IS = "it is copied as it is"
SHOWN = "all faces show it already"
ASKED_SHOWN = "all faces that were asked for show it already"
SHOWS_IT = "it shows it already"
HELD_BACK = "any edit would change the person too much"
UNNATURAL = "any edit would change the person too much, or look unnatural"
NONE_ASKED = "none of its faces is asked for"
GUESSED = 10.0
"""Degrees of a turn from which on raters see that it was made; see ``docs/figures.md``."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class FaceResult:
    """What became of one face.

    Attributes:
        box: left, top, right and bottom in pixels of the upright photo.
        score: of the detector, 0 to 1.
        presence: of the mesh network, 0 to 1.
        scores: of the edit, by name; empty where none was looked for. ``strength`` is that of
            all terms of the target together, as applied: what was asked for, times the
            intensity, weakened by what the face shows and by the guard, 0 where nothing was.
            ``shown`` is how far the face showed the target already, 0 to 1; ``moved`` the root mean
            square of the flow inside the mask in eye distances; ``relit`` that of the log ratio;
            ``turned`` by how many degrees a head was turned;
            ``identity``, where it was measured, the cosine of the face before and after.
        outcome: ``edited``; ``left alone``; ``failed``, where the photo failed.
        reason: why it was left alone; empty otherwise.
        applied: the strength of each term of the target as applied, see `Target.to_json`; empty
            where no edit was looked for.
        faint: it was edited, and changed too little to be seen, see `scores.are_faint`.
    """

    box: Box
    score: float
    presence: float
    scores: Mapping[str, float]
    outcome: FaceOutcome = "failed"
    reason: str = ""
    applied: Mapping[str, float] = field(default_factory=dict)
    faint: bool = False

    @classmethod
    def of(cls, face: Face, scores: Mapping[str, float] | None = None) -> "FaceResult":
        """Describe a face that was found."""
        left, top, right, bottom = (round(float(side), 2) for side in face.box)
        box = (left, top, right, bottom)
        return cls(box, round(face.score, 4), round(face.presence, 4), _rounded(scores or {}))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "FaceResult":
        """Read what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        left, top, right, bottom = (float(side) for side in value["box"])
        box = (left, top, right, bottom)
        if value["outcome"] not in get_args(FaceOutcome):
            raise ValueError(f"unknown outcome {value['outcome']!r}")
        return cls(
            box,
            float(value["score"]),
            float(value["presence"]),
            {str(name): float(one) for name, one in value["scores"].items()},
            value["outcome"],
            str(value["reason"]),
            {str(name): float(one) for name, one in value["applied"].items()},
            bool(value.get("faint", False)),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the face as data that JSON can hold."""
        return {
            "box": list(self.box),
            "score": self.score,
            "presence": self.presence,
            "outcome": self.outcome,
            "reason": self.reason,
            "applied": dict(self.applied),
            "faint": self.faint,
            "scores": dict(self.scores),
        }


def faces_of(edited: "EditedPhoto") -> tuple[FaceResult, ...]:
    """Return what became of the faces of a photo: those asked for, then the others."""
    found = [FaceResult.of(face) for face in edited.faces]
    asked = [replace(one, outcome="left alone", reason=NO_CHANGE) for one in found]
    if edited.scores:
        left = edited.left or ("",) * len(edited.faces)
        told = zip(edited.faces, edited.scores, edited.applied, edited.faint, left, strict=True)
        asked = [_face_of(*one) for one in told]
    others = [
        replace(FaceResult.of(face), outcome="left alone", reason=why)
        for face, why in edited.others
    ]
    return (*asked, *others)


def why_unedited(edited: "EditedPhoto") -> str:
    """Return why nothing was applied to a photo; empty where something was."""
    if edited.edits:
        return ""
    if not edited.faces:
        hard = [why for _, why in edited.others if why.startswith(HARD)]
        return hard[0] if hard else NONE_ASKED if edited.others else NO_FACE
    if not edited.scores:
        return NO_CHANGE
    if all(one["shown"] == 1 for one in edited.scores):
        return ASKED_SHOWN if edited.others else SHOWN
    if refused := [why for why in dict.fromkeys(edited.left) if why]:
        return "; ".join(refused)
    held = next((one for one in edited.scores if "held" in one), edited.scores[0])
    return _why_left(held)


def notes_of(faces: Sequence[FaceResult], edits: Sequence["Edits"]) -> tuple[str, ...]:
    """Return what the user should know of the faces of a photo, one sentence each.

    Args:
        faces: what became of them.
        edits: what was applied to those asked for.
    """
    edited = [face for face in faces if face.outcome == "edited"]
    faint = sum(face.faint for face in edited)
    turned = [face.scores.get("turned", 0.0) for face in edited]
    left = [why for own in edits for edit in own for why in edit.left]
    notes = [f"left as it is: {why}" for why in dict.fromkeys(left)]
    if weaker := sum(face.scores.get("held", 1.0) < 1 for face in edited):
        notes.append(f"{weaker} of {len(edited)} edited faces made weaker by a quality gate")
    if faint:
        notes.append(f"{faint} of {len(edited)} edited faces changed too little to be seen")
    if max(turned, default=0.0) > GUESSED:
        notes.append(
            f"a head turned by {max(turned):.0f} degrees: beyond {GUESSED:g}, ears, hair and the "
            "far cheek are guessed"
        )
    return tuple(notes)


def _why_left(scores: Mapping[str, float]) -> str:
    """Return why a face was left that did not show the target: what the gates said, if any."""
    return _held_back(scores) if "held" in scores else NO_CHANGE


def _held_back(scores: Mapping[str, float]) -> str:
    """Return why no edit of a face passed the gates."""
    return UNNATURAL if "naturalness" in scores else HELD_BACK


def _face_of(
    face: Face, scores: Mapping[str, float], applied: Target, faint: bool, left: str
) -> FaceResult:
    strengths = _rounded(applied.to_json())
    result = replace(FaceResult.of(face, scores), applied=strengths, faint=faint)
    if applied.changes:
        return replace(result, outcome="edited")
    return replace(
        result,
        outcome="left alone",
        reason=left or (SHOWS_IT if scores["shown"] == 1 else _why_left(scores)),
    )


def _rounded(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in numbers.items()}


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
    def is_faint(self) -> bool:
        """Whether a face was edited and changed too little to be seen."""
        return any(face.faint for face in self.faces)

    @property
    def output(self) -> Path | None:
        """The file that was written, or None."""
        return self.job.target if self.outcome in ("edited", "copied") else None


def read_result(job: Job, entry: Mapping[str, Any]) -> Result:
    """Read what `describe` wrote, for a job whose paths may lie elsewhere by now.

    Lines of a manifest from before there were versions are read, too.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is something else.
    """
    version = entry.get("schema_version", 0)
    if version not in range(SCHEMA_VERSION + 1):
        raise ValueError(f"unknown version {version!r}")
    outcome, faces = entry["outcome"], entry["faces"]
    if version == 0:
        target = parse_target(entry["settings"]["target"])
        faces = [_with_outcome(face, target) for face in faces]
    if outcome not in OUTCOMES:
        raise ValueError(f"unknown outcome {outcome!r}")
    return Result(
        job,
        outcome,
        str(entry["reason"]),
        tuple(FaceResult.from_json(face) for face in faces),
        float(entry["seconds"]),
        entry["input_sha256"],
        entry["output_sha256"],
        tuple(str(note) for note in entry["notes"]),
        bool(entry.get("resumed", False)),
    )


def _with_outcome(face: Mapping[str, Any], target: Target) -> dict[str, Any]:
    """Return a face of version 0 as one of version 1.

    Its ``strength`` was the part that the guard let pass, and missing where the face showed the
    target clearly.
    """
    scores = face.get("scores", {})
    if not scores:
        return {**face, "scores": {}, "outcome": "left alone", "reason": NO_CHANGE, "applied": {}}
    part = scores.get("strength", 0.0) * (1 - scores.get("shown", 0.0))
    applied = _rounded({key: one * part for key, one in target.to_json().items()})
    reason = SHOWS_IT if scores.get("shown") == 1 else _held_back(scores)
    return {
        **face,
        "scores": {**scores, "strength": round(sum(applied.values()), 4)},
        "outcome": "edited" if part else "left alone",
        "reason": "" if part else reason,
        "applied": applied,
    }


def describe(result: Result) -> dict[str, Any]:
    """Return a result as data that JSON can hold, as ``schemas/apply.schema.json`` says."""
    return {
        "schema_version": SCHEMA_VERSION,
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
