"""Learning folds, mouths and the mean neutral face from real pairs of photos."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from faceedit.errors import UsageError
from faceedit.faces.pose import head_pose
from faceedit.photos import read_photo
from faceedit.studio.learn_folds import learn_folds, save_folds
from faceedit.studio.lips import LipSeal
from faceedit.studio.model import load_face_model
from faceedit.studio.mouth_bank import save_mouths
from faceedit.studio.mouth_learning import learn_mouths
from faceedit.studio.photo import sit
from faceedit.studio.quality import MOST_RESIDUAL, MOST_YAW
from faceedit.studio.sources import SourcePhoto
from faceedit.studio.subject import Subject

LEARNING_SIZE = 512
"""Side of the crops; teeth are small."""
LEAST_PAIRS = 5


@dataclass(frozen=True)
class Learned:
    """What was learned from.

    Attributes:
        pairs: people with a neutral and a happy photo.
        mouths: donors kept.
    """

    pairs: int
    mouths: int


def learn_rig(rig: Path, sources: list[SourcePhoto], tell: Callable[[str], None]) -> Learned:
    """Write the learned part of a rig from people with a neutral and a happy photo.

    Only people of the training split are learned from.

    Args:
        rig: folder with a face model.
        sources: labelled photos with landmarks.
        tell: is told of progress.

    Raises:
        UsageError: too few pairs.
    """
    people: dict[str, dict[str, SourcePhoto]] = {}
    for source in sources:
        if source.photo.split == "train":
            people.setdefault(source.photo.person, {})[source.photo.expression] = source
    both = [p for p in people.values() if {"neutral", "happy"} <= set(p)]
    if len(both) < LEAST_PAIRS:
        raise UsageError(
            f"{len(both)} people have a neutral and a happy photo; {LEAST_PAIRS} are the least"
        )
    model = load_face_model(rig)
    seal = LipSeal(model)
    pairs: list[tuple[Subject, Subject]] = []
    for person in both:
        neutral, happy = (_fit(model, seal, person[k]) for k in ("neutral", "happy"))
        if neutral and happy:
            pairs.append((neutral, happy))
    tell(f"{len(pairs)} of {len(both)} pairs are frontal and fit well")
    folds = learn_folds(pairs)
    save_folds(folds, rig)
    mouths = learn_mouths([happy for _, happy in pairs])
    save_mouths(mouths, rig)
    return Learned(len(pairs), len(mouths.donors))


def _fit(model, seal: LipSeal, source: SourcePhoto) -> Subject | None:
    pixels = read_photo(source.photo.path).pixels
    subject = sit(model, seal, pixels, source.landmarks, LEARNING_SIZE).subject
    sound = subject.residual <= MOST_RESIDUAL
    return subject if sound and abs(head_pose(subject.crop.landmarks).yaw) <= MOST_YAW / 2 else None
