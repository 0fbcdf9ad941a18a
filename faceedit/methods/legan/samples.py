"""What LEGAN's ``paper`` profile learns from: pictures, what they show, and what may be asked.

As in the paper no picture has a target. A pair of the studio is two pictures whose labels are
known, and one thing to ask for; a label has a strength for each of `networks.TARGETS`.

- A pair's target shows the expression that was asked for, and the light. Where light alone was
  asked for, it shows the photo's expression.
- A pair's input is a photo. What it shows is known where light alone was asked for: the expression
  that it is labelled with, or neutral. Its light is its own, which no number says.

So f_a always names an expression, and in Eq. 5 takes a picture back to its own light where it names
none. A pair of light alone asks for no expression, and the picture's own is to stay: photos that
are edited come with no label.
"""

from dataclasses import astuple, dataclass

import numpy as np
import torch

from faceedit.methods.fields.colour import transfer_histogram, white_balanced
from faceedit.methods.fields.recipe import Amplitudes
from faceedit.methods.legan.networks import N_EXPRESSIONS, TARGETS
from faceedit.methods.legan.recipe import LEGANRecipe
from faceedit.methods.pictures.task import to_signed
from faceedit.training.pair_table import OWN_LIGHT, PairTable
from faceedit.training.task import Batch

PRESETS = (2850.0, 3800.0, 5500.0, 7500.0)
"""Kelvin of a camera's tungsten, fluorescent, daylight and shade ([5] of the paper)."""


@dataclass(frozen=True)
class Album:
    """Pictures of a table of N pairs, with their labels.

    Attributes:
        table: of the pairs.
        shown: (N, 28) float32, labels of the targets.
        asked: (N, 28) float32, what the pairs ask for.
        made: (M,) numbers of pairs whose targets are of use.
        photos: (P,) numbers of pairs whose inputs are.
    """

    table: PairTable
    shown: np.ndarray
    asked: np.ndarray
    made: np.ndarray
    photos: np.ndarray

    @classmethod
    def read(cls, table: PairTable, amplitudes: Amplitudes, validation: bool) -> "Album":
        """Read what pairs show and ask for, of the people to train on or to validate on.

        Action units, coloured light and turned heads are left out: a label does not say them.

        Args:
            table: of pairs.
            amplitudes: the studio's amplitude that strength 1 stands for.
            validation: which people.
        """

        def column(name: str, otherwise: object) -> np.ndarray:
            found = getattr(table, name)
            return np.full(len(table), otherwise) if found is None else np.asarray(found)

        light, measured = column("light", OWN_LIGHT), column("measured", False)
        lit = light != OWN_LIGHT
        shown = np.zeros((len(table), len(TARGETS)), np.float32)
        shown[:, :N_EXPRESSIONS] = table.amplitudes / np.array([1.0, *astuple(amplitudes)])
        shown[:, :N_EXPRESSIONS] *= np.asarray(table.share)[:, None]
        shown[lit, N_EXPRESSIONS + light[lit]] = 1
        asked = shown.copy()
        asked[measured & lit, :N_EXPRESSIONS] = 0
        known = (shown[:, :N_EXPRESSIONS] > 0).any(1)
        known &= np.asarray(table.validation) == validation
        white = np.isclose(column("light_colour", 1.0).reshape(len(table), -1), 1).all(1)
        made = known & white & (column("turn", 0.0) == 0)
        photos = known & measured & ~np.asarray(table.real_target)
        return cls(table, shown, asked, np.flatnonzero(made), np.flatnonzero(photos))

    def open(self, row: int, photo: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return a pair's input (`photo`) or target, (h, h, 3) uint8, and f_a, (28,)."""
        picture = np.asarray((self.table.pictures if photo else self.table.targets)[row])
        label = self.shown[row].copy()
        label[N_EXPRESSIONS:] *= not photo
        return picture, label

    def faces(self, most: int) -> list[tuple[int, bool]]:
        """Return pictures of some people for `open`, photos if there are any."""
        rows = self.photos if len(self.photos) else self.made
        _, first = np.unique(self.table.person[rows], return_index=True)
        return [(int(row), bool(len(self.photos))) for row in spaced(rows[first], most)]


def spaced(rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many of some rows, evenly from all of them."""
    return rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]


def expected(shown: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return f_b: what a picture is to show then that shows `shown`, (28,) each."""
    expression = asked if asked[:N_EXPRESSIONS].any() else shown
    return np.concatenate([expression[:N_EXPRESSIONS], asked[N_EXPRESSIONS:]])


@dataclass(frozen=True)
class PictureSamples:
    """Training pictures by number.

    A sample is an ``image`` (3, S, S) in [-1, 1] with (28,) ``shown``, which is f_a; ``asked``,
    which G is told; and ``wanted``, the f_b that D is to read.

    A third of the paper's pictures is recoloured by networks that colour a grey picture, and a
    third rendered by another one in the white balance of a camera's presets (section 5). Here a
    recoloured picture takes over the histograms of another photo's a and b in Lab, its lightness
    stays, and white balance is that of black bodies.

    Attributes:
        album: of training people.
        recipe: shares and sizes.
        seed: of all samples.
    """

    album: Album
    recipe: LEGANRecipe
    seed: int

    def __getitem__(self, number: int) -> Batch:
        """Draw the `number`-th sample."""
        rng, album = np.random.default_rng([self.seed, number]), self.album
        photo = bool(len(album.photos)) and rng.random() < self.recipe.photos
        image, shown = album.open(int(rng.choice(album.photos if photo else album.made)), photo)
        asked = album.asked[rng.choice(album.made)].copy()
        return {
            "image": to_signed(self._coloured(image, rng), self.recipe.size),
            "shown": torch.from_numpy(shown),
            "asked": torch.from_numpy(asked),
            "wanted": torch.from_numpy(expected(shown, asked)),
        }

    def _coloured(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the picture as it is, in another's colours, or in another white balance."""
        kind = rng.random()
        if kind < self.recipe.recoloured:
            other, _ = self.album.open(int(rng.choice(self.album.made)), photo=True)
            return transfer_histogram([image], other, lightness=False)[0]
        if kind < self.recipe.recoloured + self.recipe.balanced:
            return white_balanced(image, rng.choice(PRESETS))
        return image
