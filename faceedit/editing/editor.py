"""The editor: the pixels of photos and a target in, the edited pixels out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from faceedit.compose.compose import compose_steps
from faceedit.compose.turn.head import turn_degrees
from faceedit.editing.choice import NOT_ASKED, Chooser, Chosen
from faceedit.editing.gate import Showing, Shown
from faceedit.editing.guard import Guard, Held, hold_nothing
from faceedit.editing.hard import OnHard, why_hard, why_never
from faceedit.editing.scores import are_faint, measure_edits
from faceedit.editing.steps import Step, step_masks, steps_facts, steps_of
from faceedit.editing.types import EditedPhoto, FaceEdits, Found
from faceedit.errors import TurnError
from faceedit.faces.align import Crop, extract_crop
from faceedit.faces.batching import Batching
from faceedit.faces.face_alignment import Aligner, refine
from faceedit.faces.finding import Finder, find_faces
from faceedit.faces.types import Face
from faceedit.photos.pixels import eight_bits
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.recognisers.units import UnitReader
from faceedit.targets import Target, Turn, in_units

_Wanted = tuple[Found | Exception, Target]
"""The faces of a photo, or why there are none, and what they are to show."""


@dataclass(frozen=True)
class FaceEditor:
    """Networks, loaded, that edit photos. Several threads may use one editor.

    Attributes:
        finder: finds all faces.
        steps: make edits, in this order.
        aligner: corrects the finder's landmarks; None keeps them.
        guard: holds back edits that would change the person; None lets all pass.
        shown: says what faces show already, which is then left alone; None makes it again.
        batching: how many faces the methods and the guard take at once.
        limit: edit the largest so many faces; None edits all.
        chooser: says which faces are meant, of which the largest so many are edited; None: all.
        max_turn: degrees by which a head may be turned; None sets no limit.
        on_hard: what is done with faces that are hard to edit.
        device: where the networks run, as torch writes it.
        precision: of the methods' networks: ``fp32``, ``bf16`` or ``fp16``.
        networks: hashes of the other checkpoints that decide what is done, by name.
    """

    finder: Finder
    steps: tuple[Step, ...]
    aligner: Aligner | None = None
    guard: Guard | None = None
    shown: Shown | None = None
    batching: Batching = field(default_factory=Batching)
    limit: int | None = None
    chooser: Chooser | None = None
    max_turn: float | None = None
    on_hard: OnHard = "edit"
    device: str = "cpu"
    precision: str = "fp32"
    networks: Mapping[str, str] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest says of the networks, and must be so wherever a run goes on."""
        return {
            **steps_facts(self.steps),
            "networks": dict(self.networks),
            "faceedit": version("faceedit"),
        }

    def facts_of(self, target: Target) -> dict[str, Any]:
        """Return `facts` of what makes a target, the same whatever other targets a run has."""
        return self.serving(target).facts

    def serving(self, target: Target) -> "FaceEditor":
        """Return an editor with the steps and networks alone that a target needs."""
        steps = steps_of(self.steps, in_units(target, self.targets))
        needless = set() if target.attributes else {AppearanceRecogniser.name}
        if all(step.reader is None for step in steps):
            needless.add(UnitReader.name)
        networks = {name: one for name, one in self.networks.items() if name not in needless}
        return replace(self, steps=steps, networks=networks)

    @property
    def crop_size(self) -> int:
        """Side of the crops that faces are looked at in: the largest that a method takes."""
        return max(step.method.crop_size for step in self.steps)

    def cut(self, pixels: np.ndarray, face: Face) -> Crop:
        """Cut a face out of a photo as the methods are to see it; arguments as in `edit_faces`."""
        wide = any(step.method.wide for step in self.steps)
        return extract_crop(pixels, face.landmarks, self.crop_size, wide=wide)

    @property
    def targets(self) -> tuple[str, ...]:
        """What the methods make, as `Descriptor.targets` has it."""
        return tuple(dict.fromkeys(name for step in self.steps for name in step.method.targets))

    @property
    def label(self) -> str:
        """Methods and profiles, such as ``reggan fast``."""
        return ", ".join(step.label for step in self.steps)

    def edit_pixels(self, pixels: np.ndarray, target: Target) -> EditedPhoto:
        """Find the faces of a photo and edit those asked for.

        Args:
            pixels: (H, W, 3) uint8 or uint16 RGB, upright. It is not changed.
            target: what the faces are to show. Where all its strengths are 0, faces are found but
                no method runs.

        Raises:
            UsageError: the target asks for what the methods do not know.
            FaceEditError: a method's answer cannot be used.
        """
        ((edits,),) = self.look([pixels], [[target]])
        if isinstance(edits, Exception):
            raise edits
        return self.compose(pixels, edits)

    def find(self, pixels: np.ndarray) -> list[Face]:
        """Return the faces of a photo that are to be edited; arguments as in `edit_pixels`."""
        return find_faces(pixels, self.finder, self.aligner)[: self.limit]

    def edit_faces(self, pixels: np.ndarray, faces: Sequence[Face], target: Target) -> EditedPhoto:
        """Edit given faces of a photo; arguments and errors as in `edit_pixels`."""
        crops = tuple(self.cut(pixels, face) for face in faces) if target.changes else ()
        (edits,) = self._plan([(Found(pixels, tuple(faces), (), crops), target)])
        if isinstance(edits, Exception):
            raise edits
        return self.compose(pixels, edits)

    def sees_face(self, small: np.ndarray, scale: float) -> bool:
        """Say whether `find` could find a face in a photo; in doubt the answer is yes.

        Args:
            small: (h, w, 3) uint8 RGB, a copy of the photo that is ``scale`` times smaller, its
                longer side 1024 pixels or more.
            scale: 1 or more.
        """
        try:
            return self.finder.sees_face(small, scale)
        except torch.OutOfMemoryError:
            return True

    def look(
        self, photos: Sequence[np.ndarray], targets: Sequence[Sequence[Target]]
    ) -> list[list[FaceEdits | Exception]]:
        """Find the faces of several photos and say what is to be done to them, in batches.

        Where the device's memory is short, smaller batches are taken from then on.

        Args:
            photos: as in `edit_pixels`.
            targets: those of each photo; its faces are found once for all of them.

        Returns:
            For each photo and each of its targets what is to be done, or why that cannot be said.
        """
        while True:
            try:
                found = self._find_many(photos, [any(t.changes for t in own) for own in targets])
                pairs = zip(found, targets, strict=True)
                edits = iter(self._plan([(one, target) for one, own in pairs for target in own]))
                return [[next(edits) for _ in own] for own in targets]
            except torch.OutOfMemoryError as error:
                if self.batching.size > 1:
                    self.batching.halve()
                elif len(photos) == 1:
                    return [[error] * len(targets[0])]
                else:
                    each = zip(photos, targets, strict=True)
                    return [edits for one, own in each for edits in self.look([one], [own])]

    def compose(self, pixels: np.ndarray, edits: FaceEdits) -> EditedPhoto:
        """Apply what `look` said to the photo's own pixels.

        Faces are composed one after the other. Their masks share no pixel, see `edit_masks`.
        """
        applied = tuple(held.target for held in edits.held)
        if all(held.strength == 0 for held in edits.held):
            scores = tuple(held.scores for held in edits.held)
            faint = (False,) * len(scores)
            left = tuple(held.left for held in edits.held)
            return EditedPhoto(pixels, edits.faces, (), scores, applied, faint, edits.others, left)
        result, scores, faint = pixels, [], []
        masks = step_masks(edits.crops, [held.edits for held in edits.held])
        for crop, held, own in zip(edits.crops, edits.held, masks, strict=True):
            if held.strength == 0:
                scores.append(held.scores)
                faint.append(False)
                continue
            result = compose_steps(result, list(zip(held.edits, own, strict=True)), crop.affine)
            measured = measure_edits(held.edits, crop, own)
            scores.append({**measured, **held.scores})
            faint.append(are_faint(held.edits, measured, held.asked))
        made = tuple(held.edits for held in edits.held)
        left = tuple(held.left for held in edits.held)
        return EditedPhoto(
            result, edits.faces, made, tuple(scores), applied, tuple(faint), edits.others, left
        )

    def _find_many(
        self, photos: Sequence[np.ndarray], cut: Sequence[bool]
    ) -> list[Found | Exception]:
        """Find the faces of photos, and cut out those asked for where that is wanted."""
        seen = [eight_bits(pixels) for pixels in photos]
        found: list[Found | Exception] = []
        for full, pixels, faces, is_cut in zip(photos, seen, self._search(seen), cut, strict=True):
            if isinstance(faces, Exception):
                found.append(faces)
                continue
            chosen = [Chosen()] * len(faces)
            if self.chooser is not None:
                chosen = self.chooser.choose(full, faces)
            meant = [at for at, one in enumerate(chosen) if not one.why_not][: self.limit]
            asked = [faces[at] for at in meant]
            others = [
                (face, chosen[at].why_not or NOT_ASKED)
                for at, face in enumerate(faces)
                if at not in meant
            ]
            if self.aligner is not None:
                asked = refine(self.aligner, pixels, asked)
            own = tuple(chosen[at].target for at in meant)
            is_cut |= any(one is not None for one in own)
            crops = tuple(self.cut(full, face) for face in asked) if is_cut else ()
            found.append(Found(full, tuple(asked), tuple(others), crops, own))
        return found

    def _search(self, seen: Sequence[np.ndarray]) -> Sequence[list[Face] | Exception]:
        try:
            return self.finder.find_many(seen)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            if len(seen) == 1:
                return [error]
            # One photo may be to blame.
            return [faces for pixels in seen for faces in self._search([pixels])]

    def _plan(self, wanted: Sequence[_Wanted]) -> list[FaceEdits | Exception]:
        """Say what is to be done to faces that were found, those of all photos in one go."""
        wanted = [(self._refusal(one) or self._easy(*one), one[1]) for one in wanted]
        targets = [
            [] if isinstance(found, Exception) else found.targets(target)
            for found, target in wanted
        ]
        crops = [
            found.crops if not isinstance(found, Exception) and any(t.changes for t in own) else ()
            for (found, _), own in zip(wanted, targets, strict=True)
        ]
        asked = [one for own, each in zip(crops, targets, strict=True) if own for one in each]
        photos = [
            found.pixels
            for (found, _), own in zip(wanted, crops, strict=True)
            if not isinstance(found, Exception)
            for _ in own
        ]
        try:
            held = iter(self._hold([crop for own in crops for crop in own], asked, photos))
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            if len(wanted) == 1:
                return [error]
            # One photo, or one target, may be to blame.
            return [edits for one in wanted for edits in self._plan([one])]
        return [
            found
            if isinstance(found, Exception)
            else FaceEdits(found.asked, own, tuple(next(held) for _ in own), found.others)
            for (found, _), own in zip(wanted, crops, strict=True)
        ]

    def _refusal(self, wanted: _Wanted) -> TurnError | None:
        """Say why the faces of a photo are not edited: a head would be turned too far."""
        found, target = wanted
        if self.max_turn is None or isinstance(found, Exception):
            return None
        return next(
            (
                TurnError(
                    f"a head would be turned by {degrees:.0f} degrees; --max-turn allows "
                    f"{self.max_turn:g}"
                )
                for crop in found.crops
                for turn in target.terms
                if isinstance(turn, Turn)
                and (degrees := turn_degrees(turn, crop.landmarks, crop.affine)) > self.max_turn
            ),
            None,
        )

    def _easy(self, found: Found | Exception, target: Target) -> Found | Exception:
        """Return the faces of a photo without those to leave alone: the hard ones if asked to."""
        if isinstance(found, Exception) or not found.crops:
            return found
        own, skip = found.own or (None,) * len(found.asked), self.on_hard == "skip"
        pairs = zip(found.crops, found.targets(target), strict=True)
        why = [why_never(c, t) or (why_hard(c.landmarks, t) if skip else "") for c, t in pairs]
        kept = [at for at, reason in enumerate(why) if not reason]
        hard = tuple((found.asked[at], reason) for at, reason in enumerate(why) if reason)
        return replace(
            found,
            asked=tuple(found.asked[at] for at in kept),
            others=(*hard, *found.others),
            crops=tuple(found.crops[at] for at in kept),
            own=tuple(own[at] for at in kept),
        )

    def _hold(
        self, crops: Sequence[Crop], asked: Sequence[Target], photos: Sequence[np.ndarray]
    ) -> list[Held]:
        """Return the edits of each face, as far as something is to be done and is let pass."""
        shown = [Showing(target) for target in asked]
        if self.shown is not None:
            shown = self.shown.look(crops, asked, self.batching)
        places = [at for at, one in enumerate(shown) if one.left.changes]
        some = [(crops[at], shown[at]) for at in places]
        hold = hold_nothing if self.guard is None else self.guard.hold
        targets = [in_units(one.left, self.targets) for _, one in some]
        own = [photos[at] for at in places]
        made = hold(self.steps, [crop for crop, _ in some], targets, self.batching, own)
        held = iter(
            Held.nothing(target, shown=False, left=edits.refusal)
            if edits.refusal
            else Held.nothing(target)
            if one.is_likely and _changes_nothing(edits, crop)
            else replace(edits, shown=one.far, asked=target.strength)
            for (crop, one), edits, target in zip(some, made, targets, strict=True)
        )
        return [
            next(held) if one.left.changes else Held.nothing(one.left, target.changes)
            for one, target in zip(shown, asked, strict=True)
        ]


def _changes_nothing(held: Held, crop: Crop) -> bool:
    """Say whether nobody would see edits that are to be applied."""
    (masks,) = step_masks([crop], [held.edits])
    scores = measure_edits(held.edits, crop, masks)
    return held.strength > 0 and are_faint(held.edits, scores, held.strength)
