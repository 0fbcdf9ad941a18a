"""Training of the identity recogniser: people as classes, photos and studio pictures alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.errors import UsageError
from faceedit.ranges import ranged
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.training.recognisers.album import Album, make_album, make_maps
from faceedit.training.recognisers.augment import Augmentation
from faceedit.training.recognisers.examine_expression import kept_back
from faceedit.training.recognisers.fisher import discriminants
from faceedit.training.recognisers.identity_examination import (
    calibrate,
    describe_maps,
    examine,
    studio_pairs,
)
from faceedit.training.recognisers.identity_losses import contrast, margin_softmax
from faceedit.training.recognisers.task import (
    RecogniserRecipe,
    RecogniserTask,
    begin,
    read_tables,
    settings,
)
from faceedit.training.recognisers.verification import (
    choose_pairs,
    merge_people,
    roc_area,
    tiny_pictures,
)
from faceedit.training.task import TrainingRequest

CHANGE = Augmentation(
    turn=0.12, scale=0.07, shift=0.03, gamma=0.35, gain=0.25, ramp=0.5, colour=0.0, grey=0.0,
    blur=0.35, noise=0.05, cover=0.2,
)  # fmt: skip


@dataclass(frozen=True)
class IdentityRecipe(RecogniserRecipe):
    """How the identity recogniser is trained; a batch is people times pictures."""

    steps: int = ranged(1, 10_000_000, default=1200)  # updates in all
    batch_size: int = ranged(1, 65_536, default=256)  # pictures in each
    weight_decay: float = ranged(0.0, 10.0, default=0.05)  # of weights, not of biases and norms
    average_decay: float = ranged(0.0, 0.999999, default=0.995)  # of the averaged weights, a step
    validate_every: int = ranged(0, 10_000_000, default=300)  # steps
    pictures: int = ranged(1, 64, default=4)  # of each person in a batch
    variants: tuple[int, int] = ranged(1, 64, default=(6, 3))  # of a photo, of a studio picture
    most: int = ranged(1, 1000, default=8)  # pictures that a person is drawn more often for
    single: float = ranged(0.0, 1e3, default=0.35)  # draws of a person with 1 picture, to one of 2
    studio: float = ranged(0.0, 1.0, default=0.3)  # share of people from portraits and studio
    scale: float = ranged(1e-3, 1e3, default=16.0)  # s of the losses, 1/temperature
    margin: float = ranged(0.0, 1.0, default=0.2)  # m of CosFace
    margin_from: float = ranged(0.0, 1.0, default=0.4)  # share of the steps over which it grows
    contrast: float = ranged(0.0, 1e3, default=1.0)  # weight of the loss inside the batch
    change: Augmentation = field(default_factory=lambda: CHANGE)  # of the pictures


class Drawer:
    """Draws batches of several pictures of several people.

    Args:
        album: to draw from.
        recipe: how.
    """

    def __init__(self, album: Album, recipe: IdentityRecipe):
        self.recipe = recipe
        order = np.argsort(album.people, kind="stable")
        counts = np.bincount(album.people)
        self.pictures = np.split(order, np.cumsum(counts)[:-1])
        weights = np.where(counts > 1, np.minimum(counts, recipe.most), 2 * recipe.single)
        made = np.zeros(len(counts), bool)
        made[album.people[album.studio]] = True
        total, studio = recipe.batch_size // recipe.pictures, np.flatnonzero(made)
        count = round(recipe.studio * total) if not made.all() else total
        self.groups = []
        for among, n in ((np.flatnonzero(~made), total - count), (studio, count)):
            self.groups.append((among, torch.from_numpy(weights[among]).double(), n))

    def draw(self, step: int) -> dict[str, Tensor]:
        """Return a batch, whatever the step: numbers for `Album.draw`, and people.

        - picture, variant: (n,) int64.
        - person: (n,) int64, each so many times in a row.
        """
        chosen, k = [], self.recipe.pictures
        for among, weights, count in self.groups:
            if count:
                few = count > len(among)
                chosen += among[torch.multinomial(weights, count, few).numpy()].tolist()
        index = []
        for person in chosen:
            own = self.pictures[person]
            rounds = [torch.randperm(len(own)) for _ in range(-(-k // len(own)))]
            index.append(own[torch.cat(rounds)[:k].numpy()])
        # Consecutive variants, so that the only picture of somebody is never its own pair.
        luck = torch.randint(1 << 16, (len(chosen), 1)) + torch.arange(k)
        return {
            "picture": torch.from_numpy(np.concatenate(index)),
            "variant": luck.flatten(),
            "person": torch.tensor(chosen).repeat_interleave(k),
        }


class IdentityTrainer(nn.Module):
    """The recogniser with a centre for every training person.

    Only the residual reading descends; the linear one stays as it was solved.

    Args:
        network: to train.
        recipe: how.
        people: how many.
    """

    def __init__(self, network: IdentityRecogniser, recipe: IdentityRecipe, people: int):
        super().__init__()
        self.network, self.recipe = network, recipe
        network.places.requires_grad_(False)
        dimensions = network.dimensions - network.dimensions // 2
        self.centres = nn.Parameter(torch.randn(people, dimensions) * 0.1)

    def forward(self, maps: Tensor, people: Tensor, step: int) -> dict[str, Tensor]:
        """Return the weighted losses of pictures, by name.

        Args:
            maps: (n, C, g, g) of `Album.draw`.
            people: (n,) int64 numbers.
            step: counted from 0.
        """
        recipe = self.recipe
        grown = step / max(1.0, recipe.margin_from * recipe.steps)
        margin = recipe.margin * min(1.0, grown)
        vectors = F.normalize(self.network.shapes(maps), dim=1)
        return {
            "people": margin_softmax(vectors, self.centres, people, recipe.scale, margin),
            "batch": recipe.contrast * contrast(vectors, people, recipe.scale),
        }


class IdentityTask(RecogniserTask):
    """Photos, portraits and studio pictures of all people but those kept back.

    A tenth of the training people decides how much each reading counts, and from what cosine it is
    the same person. Maps and the linear reading, which take minutes, stay in the folder.
    """

    method = "identity"

    def __init__(self, request: TrainingRequest):
        recipe = settings(request, IdentityRecipe())
        if recipe.batch_size % recipe.pictures:
            raise UsageError(
                f"a batch of {recipe.batch_size} holds no whole number of people with "
                f"{recipe.pictures} pictures each; name another with --batch-size"
            )
        self.tables = read_tables(request, "web", "portraits", "studio")
        web, portraits, studio = self.tables
        self.tiny = tiny_pictures(web.pictures)
        people = [merge_people(web.people, self.tiny), portraits.people, studio.people]
        self.people = people[0]
        # A person who shares a photo with somebody kept for validation is neither.
        barred = np.isin(people[0], people[0][web.validation])
        learned = [~t.validation & ~kept_back(p) for t, p in zip(self.tables, people, strict=True)]
        learned[0] &= ~barred
        network = begin(request, IdentityRecogniser)
        few, fewer = recipe.variants
        named = zip(("web", "portraits", "studio"), self.tables, (few, few, fewer), strict=True)
        self.maps = [
            make_maps(network, table, n, recipe.change, request.folder / f"maps-{name}.npy")
            for name, table, n in named
        ]
        self.album = make_album(self.maps, people, learned, [False, True, True])
        solve_linear(network, self.album, request.folder / "fisher.safetensors")
        kept = kept_back(people[0]) & ~barred
        self.rows = np.flatnonzero(kept)
        self.tuning = choose_pairs(people[0], kept, tiny=self.tiny)
        self.made = studio_pairs(studio, kept_back(studio.people) & ~studio.validation)
        count = int(self.album.people.max()) + 1
        request.tell(f"{len(self.album.people)} pictures of {count} people")
        trainer = IdentityTrainer(network, recipe, count)
        super().__init__(request, recipe, {self.method: trainer}, Drawer(self.album, recipe).draw)

    def losses(self, name: str, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """See `RecogniserTask`."""
        people = batch["person"]
        maps = self.album.draw(*(batch[k].cpu().numpy() for k in ("picture", "variant")))
        return self.networks[name](maps.to(people.device), people, self.step)

    def finish(self, networks: Mapping[str, Any]) -> IdentityRecogniser:
        """Choose weights of the readings, and the threshold."""
        network = networks[self.method].network
        calibrate(network, self.maps[0], self.tuning)
        return network

    def watch(self, networks: Mapping[str, Any]) -> dict[str, float]:
        """Measure on training people kept back."""
        network = networks[self.method].network
        scores = self.tuning.cosines(describe_maps(network, self.maps[0], self.rows))
        turned = describe_maps(network, self.maps[2], self.made.pictures())
        again = self.made.cosines(turned)
        return {
            "area": roc_area(scores, self.tuning.same),
            "same": float(scores[self.tuning.same].mean()),
            "different": float(scores[~self.tuning.same].mean()),
            "studio same": float(again[self.made.same].mean()),
            "studio different": float(again[~self.made.same].mean()),
        }

    def examine(self, recogniser: IdentityRecogniser) -> dict[str, Any]:
        """See `identity_examination.examine`."""
        web, portraits, studio = self.tables
        return dict(examine(recogniser, web, self.people, self.tiny, portraits, studio))


def build(request: TrainingRequest) -> IdentityTask:
    """Make the task that ``faceedit train identity`` runs."""
    return IdentityTask(request)


def solve_linear(network: IdentityRecogniser, album: Album, path: Path) -> None:
    """Solve the linear reading for all variants of every web photo.

    Studio pictures make it blind to light and expression at the cost of real photos, and the
    residual reading has learned that already: it is solved without them.

    Args:
        network: whose layer `places` is set.
        album: of training pictures.
        path: where the solution stays; one that is there is taken.
    """
    linear = network.places
    if not path.exists():
        web = np.flatnonzero(~album.studio)
        variants = len(album.maps[0])
        index, luck = np.tile(web, variants), np.repeat(np.arange(variants), len(web))
        features = album.draw(index, luck).flatten(1)
        people = torch.from_numpy(album.people[index])
        solved = discriminants(features, people, linear.out_features, variants=variants)
        save_file(solved, path)
    linear.load_state_dict(load_file(path))
