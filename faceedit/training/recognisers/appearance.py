"""Training of the appearance recogniser: its parser, light and attributes, then the last layers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.errors import UsageError
from faceedit.names import unknown
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.recognisers.looks import HIDDEN, head
from faceedit.targets import ATTRIBUTES
from faceedit.training.recognisers.attributes import (
    AttributesDrawer,
    AttributesRecipe,
    Lesson,
    drawing_weights,
    fold_weights,
    folds_of,
    is_photographed,
    prepare,
    put_in,
)
from faceedit.training.recognisers.examine_appearance import (
    attributes_report,
    lights_report,
    look,
    regions_report,
    summary,
)
from faceedit.training.recognisers.examine_groups import (
    groups_report,
    lowest,
    only_said,
    sureness_report,
)
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.looks import (
    Drawer,
    LooksRecipe,
    attributes_loss,
    looks_losses,
    prior_of,
)
from faceedit.training.recognisers.looks_people import (
    People,
    groups_of,
    of_split,
    read_people,
    with_looks,
)
from faceedit.training.recognisers.parsing import ParsingDrawer, ParsingRecipe, parsing_losses
from faceedit.training.recognisers.task import (
    RecogniserRecipe,
    RecogniserTask,
    begin,
    read_tables,
    settings,
)
from faceedit.training.task import Batch, TrainingRequest

QUICK = 300
"""So many pictures of each kind are looked at while training."""


class AppearanceTask(RecogniserTask):
    """What the three parts share: data, figures and the whole network, which each of them writes.

    Args:
        request: what was asked for.
        recipe: of `settings`.
        network: the whole; parameters that the part leaves alone need no gradient.
        draw: see `DrawnBatches`.
        others: networks beside the whole.
    """

    method = "appearance"

    def __init__(
        self,
        request: TrainingRequest,
        recipe: RecogniserRecipe,
        network: AppearanceRecogniser,
        draw: Callable[[int], Batch],
        others: Mapping[str, nn.Module] | None = None,
    ):
        super().__init__(request, recipe, {self.method: network, **(others or {})}, draw)

    def read(self, request: TrainingRequest) -> tuple[FaceTable, FaceTable]:
        """Return portraits and studio pictures, and keep what is examined."""
        portraits, studio = read_tables(request, "portraits", "studio")
        self.people = read_people()
        self.portraits, self.studio = with_looks(portraits, self.people), studio
        return self.portraits, self.studio

    def finish(self, networks: Mapping[str, Any]) -> AppearanceRecogniser:
        """Return the whole network."""
        return networks[self.method]

    def watch(self, networks: Mapping[str, Any]) -> dict[str, float]:
        """Measure a few validation pictures; nothing is chosen by it."""
        network, found = self.finish(networks), {}
        for kind, table in (("photo", self.portraits), ("studio", self.studio)):
            rows = np.flatnonzero(table.validation)
            few = table.take(rows[:: max(1, len(rows) // QUICK)])
            found |= {f"{kind} {k}": v for k, v in summary(look(network, few), few).items()}
        return found

    def examine(self, recogniser: AppearanceRecogniser) -> dict[str, Any]:
        """See `measure`."""
        return measure(recogniser, self.portraits, self.studio, self.people)


class ParserTask(AppearanceTask):
    """Trains the parser."""

    def __init__(self, request: TrainingRequest):
        recipe = settings(request, ParsingRecipe())
        portraits, studio = (table.take(~table.validation) for table in self.read(request))
        network = only(begin(request, AppearanceRecogniser), "parser")
        super().__init__(request, recipe, network, ParsingDrawer(portraits, studio, recipe).draw)

    def losses(self, name: str, batch: Batch) -> dict[str, Tensor]:
        """See `RecogniserTask`."""
        network: Any = self.networks[name]
        return parsing_losses(network.parser, batch["pictures"], batch["regions"], self.recipe)


class LightTask(AppearanceTask):
    """Trains light and attributes."""

    def __init__(self, request: TrainingRequest):
        recipe = settings(request, LooksRecipe())
        portraits, studio = (table.take(~table.validation) for table in self.read(request))
        learned = portraits.people[of_split(portraits, self.people, "train")]
        kept = set(portraits.people.tolist()) - set(learned.tolist())
        network = only(begin(request, AppearanceRecogniser), "looks")
        super().__init__(request, recipe, network, Drawer(portraits, studio, kept, recipe).draw)

    def losses(self, name: str, batch: Batch) -> dict[str, Tensor]:
        """See `RecogniserTask`."""
        network: Any = self.networks[name]
        return looks_losses(network.looks, batch, self.recipe)


class AttributesTask(AppearanceTask):
    """Trains the last layers of attributes on what a finished network sees in photos.

    Whole layers and those of each fold learn side by side; at the end thresholds, scales and rarity
    are set. Segments and lights stay bit for bit what they were.
    """

    def __init__(self, request: TrainingRequest):
        if request.start is None and not request.resumed:
            raise UsageError("part=attributes needs a trained network: name it with --from")
        recipe = settings(request, AttributesRecipe())
        photos, _ = self.read(request)
        learned = photos.take(of_split(photos, self.people, "train"))
        self.learned = learned.take(np.flatnonzero((~np.isnan(learned.attributes)).any(1)))
        self.judged = photos.take(of_split(photos, self.people, "calibration"))
        parts = folds_of(self.learned, recipe.folds)
        weights = drawing_weights(self.learned, self.people, recipe)
        each = fold_weights(weights, parts, recipe.folds)
        self.priors = {
            name: torch.from_numpy(prior_of(self.learned.attributes, own))
            for name, own in each.items()
        }
        network = begin(request, AppearanceRecogniser).requires_grad_(False)
        width = next(m for m in network.looks.attributes if isinstance(m, nn.Linear)).in_features
        layers = {name: head(width, HIDDEN, len(ATTRIBUTES), recipe.dropout) for name in each}
        draw = AttributesDrawer(each, recipe).draw
        super().__init__(request, recipe, network, draw, layers)
        self._lesson: Lesson | None = None

    def lesson(self, network: Any) -> Lesson:
        """Look at all faces once: after a stop, with the weights of the state."""
        if self._lesson is None:
            faces = self.learned, self.judged, self.people
            # The step's own random numbers must not depend on when this is done.
            with torch.random.fork_rng(devices=[]):
                own = begin_copy(network)
                self._lesson = prepare(own, *faces, self.recipe, self.request.seed)
        return self._lesson

    def losses(self, name: str, batch: Batch) -> dict[str, Tensor]:
        """See `RecogniserTask`."""
        lesson = self.lesson(self.networks[self.method])
        at, device = batch[name].cpu(), batch[name].device
        mean, deviation = lesson.spread
        traits = (lesson.views[batch["view"].cpu(), at].float() - mean) / deviation
        wanted = torch.from_numpy(self.learned.attributes)[at].to(device)
        prior = self.priors[name].to(device)
        logits = self.networks[name](traits.to(device))
        return {"attributes": attributes_loss(logits, wanted, prior, self.recipe.smoothing)}

    def finish(self, networks: Mapping[str, Any]) -> AppearanceRecogniser:
        """Put the layers in."""
        network = networks[self.method]
        layers = {name: networks[name] for name in self.priors}
        put_in(network, layers, self.lesson(network))
        return network


PARTS = {"parser": ParserTask, "light": LightTask, "attributes": AttributesTask}


def build(request: TrainingRequest) -> AppearanceTask:
    """Make the task that ``faceedit train appearance --set part=parser`` runs.

    Raises:
        UsageError: there is no such part.
    """
    values = dict(request.overrides)
    part = str(values.pop("part", "parser"))
    if part not in PARTS:
        raise UsageError(unknown("part", part, PARTS))
    return PARTS[part](replace(request, overrides=values))


def only(network: AppearanceRecogniser, part: str) -> AppearanceRecogniser:
    """Leave everything but one part of a network alone."""
    network.requires_grad_(False)
    getattr(network, part).requires_grad_(True)
    return network


def begin_copy(network: Any) -> AppearanceRecogniser:
    """Return a copy on the CPU, in evaluation mode."""
    own = AppearanceRecogniser(**network.architecture)
    own.load_state_dict({k: v.cpu() for k, v in network.state_dict().items()})
    return own.eval()


def measure(
    network: AppearanceRecogniser, portraits: FaceTable, studio: FaceTable | None, people: People
) -> dict[str, Any]:
    """Return all figures on validation people.

    Args:
        network: on the CPU.
        portraits: labelled, of `with_looks`.
        studio: None leaves its figures out.
        people: who is who.
    """
    photos = portraits.take(portraits.validation)
    judged = portraits.take(of_split(portraits, people, "val"))
    synthetic = judged.take(~is_photographed(judged))
    seen = look(network, judged)
    names = groups_of(judged, people)
    groups = groups_report(seen, judged, names)
    report = {
        "attributes": attributes_report(seen, judged),
        "attributes_of_synthetic_portraits": attributes_report(look(network, synthetic), synthetic),
        "attributes_by_group": groups,
        "attributes_below_all": lowest(groups),
        "attributes_said_by_group": groups_report(seen, only_said(network, seen, judged), names),
        "attributes_said": sureness_report(network, seen, judged),
        "regions_of_photos": regions_report(look(network, photos), photos),
    }
    if studio is not None:
        made = studio.take(studio.validation)
        seen = look(network, made)
        report |= {
            "attributes_of_studio_pictures": attributes_report(seen, made),
            "lights": lights_report(seen, made),
            "regions": regions_report(seen, made),
        }
    return report
