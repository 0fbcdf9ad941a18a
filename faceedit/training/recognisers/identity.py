"""Training of the identity recogniser: people as classes, photos and studio pictures alike."""

from collections.abc import Mapping, Sequence
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
from faceedit.recognisers.identity import IDENTITY_WINDOW, IdentityRecogniser
from faceedit.training.recognisers.augment import NOTHING, Augmentation, frame, place, recolour
from faceedit.training.recognisers.examine_expression import kept_back
from faceedit.training.recognisers.faces import FaceTable, grey_pictures
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
from faceedit.untrusted import map_array

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


@dataclass(frozen=True)
class Album:
    """Training pictures as their oriented gradients, which training does not change.

    Attributes:
        maps: for each table (V, N, C, g, g) uint8, in units of 1/255: variants of its pictures.
        table: (M,) int64, of which table each training picture is.
        row: (M,) int64, its row there.
        people: (M,) int64 numbers of people from 0.
        studio: (M,) bool, portraits and studio pictures.
    """

    maps: Sequence[np.ndarray]
    table: np.ndarray
    row: np.ndarray
    people: np.ndarray
    studio: np.ndarray

    def draw(self, index: np.ndarray, luck: np.ndarray) -> Tensor:
        """Return pictures in variants as (n, C, g, g) float32 maps.

        Args:
            index: (n,) numbers of pictures.
            luck: (n,) numbers from 0; the remainder by the number of variants decides.
        """
        found = [
            self.maps[t][k % len(self.maps[t]), r]
            for t, r, k in zip(self.table[index], self.row[index], luck, strict=True)
        ]
        return torch.from_numpy(np.stack(found)).float().div_(255)


def make_album(
    maps: Sequence[np.ndarray],
    people: Sequence[np.ndarray],
    learned: Sequence[np.ndarray],
    studio: Sequence[bool],
) -> Album:
    """Gather what may be learned from.

    Args:
        maps: of each table, as `make_maps` returns them.
        people: (N,) names for each table, where copies count as one person.
        learned: (N,) bool for each table, which faces to learn from.
        studio: for each table, whether it counts as the studio's.
    """
    rows = [np.flatnonzero(kept) for kept in learned]
    names = np.concatenate([own[r] for own, r in zip(people, rows, strict=True)])
    sizes = [len(r) for r in rows]
    return Album(
        maps=list(maps),
        table=np.repeat(np.arange(len(rows)), sizes),
        row=np.concatenate(rows),
        people=np.unique(names, return_inverse=True)[1].astype(np.int64),
        studio=np.repeat(np.array(studio, bool), sizes),
    )


@torch.inference_mode()
def make_maps(
    network: IdentityRecogniser,
    table: FaceTable,
    variants: int,
    change: Augmentation,
    path: Path,
    batch: int = 64,
) -> np.ndarray:
    """Look at all pictures of a table in several variants; the result stays on the disk.

    Args:
        network: only its gradients matter, which nothing changes.
        table: of N faces.
        variants: the first is the picture, the second its mirror image, all others are changed.
        change: how far.
        path: of the .npy file; one that is there already is taken as it is.
        batch: pictures at a time.

    Returns:
        (variants, N, C, g, g) uint8, mapped into memory.
    """
    shape = (variants, len(table), network.gradients.channels, network.grid, network.grid)
    if path.exists() and (kept := map_array(path)).shape == shape:
        return kept
    partial = path.with_suffix(".partial")
    maps = np.lib.format.open_memmap(partial, "w+", np.uint8, shape)
    pictures = grey_pictures(table)
    for start in range(0, len(table), batch):
        part = pictures[start : start + batch].float() / 255
        for variant in range(variants):
            framed = _vary(part, variant, network.gradients.size, change)
            found = network.maps(framed * 2 - 1)
            maps[variant, start : start + batch] = (found * 255).round().byte().numpy()
    maps.flush()
    partial.replace(path)
    return map_array(path)


def _vary(pictures: Tensor, variant: int, size: int, change: Augmentation) -> Tensor:
    n = len(pictures)
    if variant < 2:
        flat = torch.full((n,), variant == 1)
        return frame(pictures, place(n, NOTHING, IDENTITY_WINDOW, flat), size)
    framed = frame(pictures, place(n, change, IDENTITY_WINDOW, torch.rand(n) < 0.5), size)
    return recolour(framed.expand(-1, 3, -1, -1).clone(), change)[:, :1]


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
