"""Training of the identity recogniser: people as classes, photos and studio pictures alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.ranges import Ranged, ranged
from faceedit.recognisers.identity import IDENTITY_WINDOW, IdentityRecogniser
from faceedit.training.recognisers.augment import NOTHING, Augmentation, frame, place, recolour
from faceedit.training.recognisers.expression import grey_pictures
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.fit import Plan
from faceedit.training.recognisers.identity_losses import contrast, margin_softmax
from faceedit.untrusted import map_array

CHANGE = Augmentation(
    turn=0.12, scale=0.07, shift=0.03, gamma=0.35, gain=0.25, ramp=0.5, colour=0.0, grey=0.0,
    blur=0.35, noise=0.05, cover=0.2,
)  # fmt: skip


@dataclass(frozen=True)
class IdentityRecipe(Ranged):
    """How the identity recogniser is trained.

    Attributes:
        plan: steps and rates; its batch is people times pictures.
        pictures: of each person in a batch.
        variants: of each web photo and portrait, and of each studio picture, drawn once: itself,
            its mirror image, and changed ones.
        most: a person is drawn as often as pictures are there, at most these.
        single: how often a person with one picture is drawn, against one with two; variants of the
            picture are then each other's positives.
        studio: share of people in a batch whose pictures are portraits and the studio's.
        scale: s of the losses, 1/temperature of the contrast.
        margin: m of CosFace.
        margin_from: share of the steps over which the margin grows from 0.
        contrast: weight of the loss inside the batch.
        change: of the pictures.
    """

    plan: Plan = field(
        default_factory=lambda: Plan(
            steps=1200,
            batch=256,
            weight_decay=0.05,
            average=0.995,
            keep_every=100,
            examine_every=300,
        )
    )
    pictures: int = ranged(1, 64, default=4)
    variants: tuple[int, int] = ranged(1, 64, default=(6, 3))
    most: int = ranged(1, 1000, default=8)
    single: float = ranged(0.0, 1e3, default=0.35)
    studio: float = ranged(0.0, 1.0, default=0.3)
    scale: float = ranged(1e-3, 1e3, default=16.0)
    margin: float = ranged(0.0, 1.0, default=0.2)
    margin_from: float = ranged(0.0, 1.0, default=0.4)
    contrast: float = ranged(0.0, 1e3, default=1.0)
    change: Augmentation = field(default_factory=lambda: CHANGE)


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
        self.album, self.recipe = album, recipe
        order = np.argsort(album.people, kind="stable")
        counts = np.bincount(album.people)
        self.pictures = np.split(order, np.cumsum(counts)[:-1])
        weights = np.where(counts > 1, np.minimum(counts, recipe.most), 2 * recipe.single)
        made = np.zeros(len(counts), bool)
        made[album.people[album.studio]] = True
        self.groups = []
        for kind, share in ((~made, 1 - recipe.studio), (made, recipe.studio)):
            among = np.flatnonzero(kind)
            count = round(share * recipe.plan.batch / recipe.pictures) if len(among) else 0
            self.groups.append((among, torch.from_numpy(weights[among]).double(), count))

    def draw(self) -> tuple[Tensor, Tensor]:
        """Return (n, C, g, g) maps and (n,) numbers of people, each so many times in a row."""
        chosen, k = [], self.recipe.pictures
        for among, weights, count in self.groups:
            if count:
                chosen += among[torch.multinomial(weights, min(count, len(among))).numpy()].tolist()
        index = []
        for person in chosen:
            own = self.pictures[person]
            rounds = [torch.randperm(len(own)) for _ in range(-(-k // len(own)))]
            index.append(own[torch.cat(rounds)[:k].numpy()])
        numbers = np.concatenate(index)
        # Consecutive variants, so that the only picture of somebody is never its own pair.
        luck = torch.randint(1 << 16, (len(chosen), 1)) + torch.arange(k)
        people = torch.tensor(chosen).repeat_interleave(k)
        return self.album.draw(numbers, luck.flatten().numpy()), people


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

    def losses(self, batch: tuple[Tensor, Tensor], step: int) -> dict[str, Tensor]:
        """Return the weighted losses of a batch of `Drawer.draw`, by name."""
        recipe = self.recipe
        maps, people = batch
        grown = step / max(1.0, recipe.margin_from * recipe.plan.steps)
        margin = recipe.margin * min(1.0, grown)
        vectors = F.normalize(self.network.shapes(maps), dim=1)
        return {
            "people": margin_softmax(vectors, self.centres, people, recipe.scale, margin),
            "batch": recipe.contrast * contrast(vectors, people, recipe.scale),
        }
