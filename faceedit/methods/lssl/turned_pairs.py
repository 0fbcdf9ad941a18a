"""Pairs that teach the correction of turned heads: photos turned aside and back again.

A photo that is turned there and back shows what a turn gets wrong, and the photo itself says what
would have been right; after Zhou et al., Rotate-and-Render (CVPR 2020), who turn a textured mesh.
On the way there nothing is held (`turn_head`): a side that was drawn out would show a fault when it
turns away again that no head shows that is turned once.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context

import cv2
import numpy as np
import torch

from faceedit.compose.compose import compose
from faceedit.compose.mask import region_mask
from faceedit.faces.align import (
    BLANK,
    Crop,
    crop_affine,
    invert,
    on_photo,
    sample_crop,
    transform_landmarks,
    widened,
)
from faceedit.faces.pose import head_pose
from faceedit.methods.legan.light_network import Surface
from faceedit.methods.legan.method import LEGAN
from faceedit.methods.lssl.method import seen_head, turn_crop
from faceedit.methods.lssl.window import SIDE, WIDE, window_affine
from faceedit.photos import read_photo
from faceedit.registry import open_registry
from faceedit.studio.arrays import ArrayTable
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos
from faceedit.targets import Turn
from faceedit.tones import to_bytes
from faceedit.training.task import TrainingRequest
from faceedit.training.together import begin_together

TABLE = "turned.npz"
"""Of a run: its pictures."""
QUALITY = 82
"""Of the kept pictures, as WebP has it."""
YAW = (7.0, 28.0)
"""Degrees by which heads are turned."""
TILTED, PITCH = 0.3, 6.0
"""Share of turns that change the pitch too, and its standard deviation in degrees."""
ASIDE = 35.0
"""Yaw in degrees up to which heads are turned aside."""


@dataclass(frozen=True)
class TurnedTable(ArrayTable):
    """K photos, and N pictures of them turned there and back, windows all.

    Attributes:
        coded: (B,) uint8, pictures as WebP files one after the other, the photos first.
        ends: (K + N,) int64, where each ends.
        photo: (N,) int32, which photo each shows.
        turn: (N, 2) float32 degrees of the way back, yaw and pitch.
        landmarks: (N, 478, 2) after it, pixels of the wide crop, kept in half precision.
        validation: (N,) bool, of people that no training sees.
    """

    kind = "table of turned heads"
    halves = ("landmarks",)

    coded: np.ndarray
    ends: np.ndarray
    photo: np.ndarray
    turn: np.ndarray
    landmarks: np.ndarray
    validation: np.ndarray

    def picture(self, number: int) -> np.ndarray:
        """Return a picture, (160, 160, 3) uint8 RGB; the photos are those from 0 on."""
        start = int(self.ends[number - 1]) if number else 0
        read = cv2.imdecode(self.coded[start : int(self.ends[number])], cv2.IMREAD_COLOR_RGB)
        assert read is not None
        return read

    @property
    def photos(self) -> int:
        """K."""
        return len(self.ends) - len(self.photo)


@dataclass(frozen=True)
class _Made:
    photo: bytes
    pictures: tuple[bytes, ...]
    turn: tuple[tuple[float, float], ...]
    landmarks: tuple[np.ndarray, ...]
    validation: bool


def make_table(
    sources: Sequence[SourcePhoto],
    each: int,
    seed: int,
    workers: int,
    tell: Callable[[int, int], None],
) -> TurnedTable:
    """Turn photos there and back.

    Args:
        sources: photos with their landmarks.
        each: turns of each photo.
        seed: of which turns are made.
        workers: processes; up to 1 works in this one.
        tell: is told how many photos of how many are done.
    """
    asked = [(one, each, seed, number) for number, one in enumerate(sources)]
    made: list[_Made] = []
    with ExitStack() as stack:
        turned = map(_turned, asked)
        if workers > 1:
            pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin_work)
            turned = stack.enter_context(pool).map(_turned, asked, chunksize=4)
        for one in turned:
            made.append(one)
            if len(made) % 50 == 0:
                tell(len(made), len(asked))
    files = [one.photo for one in made] + [one for m in made for one in m.pictures]
    return TurnedTable(
        coded=np.frombuffer(b"".join(files), np.uint8),
        ends=np.cumsum([len(one) for one in files]),
        photo=np.repeat(np.arange(len(made), dtype=np.int32), [len(m.pictures) for m in made]),
        turn=np.array([one for m in made for one in m.turn], np.float32).reshape(-1, 2),
        landmarks=np.array([one for m in made for one in m.landmarks], np.float32),
        validation=np.array([m.validation for m in made for _ in m.pictures]),
    )


def find_table(request: TrainingRequest, each: int) -> TurnedTable:
    """Return the table among a training's data, or make one of its photos in the run's folder.

    Args:
        request: its data are folders of photos, or a table.
        each: as in `make_table`.

    Raises:
        UsageError: there are no photos, or the table is damaged.
    """
    own = request.folder / TABLE
    file = next((one for one in (*request.data, own) if TurnedTable.is_one(one)), own)

    def make() -> None:
        if file.is_file():
            return
        sources: list[SourcePhoto] = []
        for number, place in enumerate(request.data):
            cache = request.folder / f"landmarks-{number}.npz"
            sources += find_sources(list_photos(place, request.tell), place, cache, request.tell)[0]

        def tell(done: int, of: int) -> None:
            request.tell(f"turned {done} of {of} photos")

        make_table(sources, each, request.seed, request.workers, tell).save(own)

    begin_together(request.rank, make)
    return TurnedTable.load(file)


def _begin_work() -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


@lru_cache(maxsize=1)
def _look() -> LEGAN:
    return LEGAN.load(open_registry().checkpoint("legan-fast"), torch.device("cpu"))


def _turned(asked: tuple[SourcePhoto, int, int, int]) -> _Made:
    source, each, seed, number = asked
    pixels = read_photo(source.photo.path).pixels
    frame = _wide(pixels, source.landmarks).affine
    to_window = window_affine(frame)
    rng = np.random.default_rng([seed, number])
    found = list(_turns(pixels, source.landmarks, each, rng))
    return _Made(
        _coded(pixels, to_window),
        tuple(_coded(picture, to_window) for picture, *_ in found),
        tuple(turn for _, _, turn in found),
        tuple(transform_landmarks(points, frame)[:, :2] for _, points, _ in found),
        source.photo.split == "val",
    )


def _turns(
    pixels: np.ndarray, landmarks: np.ndarray, each: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[float, float]]]:
    """Yield pictures turned there and back, their landmarks, and the turn back."""
    own = head_pose(landmarks).yaw
    for _ in range(each):
        sides = [side for side in (-1, 1) if abs(own + side * YAW[0]) < ASIDE]
        side = float(rng.choice(sides)) if sides else -np.sign(own)
        far = rng.uniform(*YAW)
        far = min(far, max(YAW[0], ASIDE - side * own))
        yaw = float(side * far)
        pitch = float(rng.normal(0, PITCH)) if rng.random() < TILTED else 0.0
        there, points = _turn(pixels, landmarks, yaw, pitch, holds=False)
        back, points = _turn(there, points, -yaw, -pitch)
        yield back, points, (-yaw, -pitch)


def _turn(
    pixels: np.ndarray, landmarks: np.ndarray, yaw: float, pitch: float, *, holds: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return a turned photo and its landmarks."""
    crop = _wide(pixels, landmarks)
    surface = Surface(*(part[0] for part in _look().look([crop])))
    edit = turn_crop(crop, seen_head(crop, surface), Turn(yaw=yaw, pitch=pitch), holds=holds)
    made = compose(pixels, edit, crop.affine, region_mask(edit.region, crop.landmarks, crop.size))
    assert edit.landmarks is not None
    return made, transform_landmarks(edit.landmarks, invert(crop.affine))


def _wide(pixels: np.ndarray, landmarks: np.ndarray) -> Crop:
    """Return the wide crop that the method sees."""
    affine = widened(crop_affine(landmarks, WIDE // 2), WIDE // 2)
    seen = sample_crop(pixels, affine, WIDE)
    seen[~on_photo(affine, WIDE, pixels.shape)] = BLANK
    return Crop(seen, transform_landmarks(landmarks, affine), affine)


def _coded(pixels: np.ndarray, to_window: np.ndarray) -> bytes:
    seen = sample_crop(pixels, to_window, SIDE)
    seen[~on_photo(to_window, SIDE, pixels.shape)] = BLANK
    bgr = cv2.cvtColor(to_bytes(seen), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1].tobytes()
