from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from faceedit.datasets.labelled import LabelledPhoto, read_labelled
from faceedit.errors import PhotoError, UsageError
from faceedit.studio.expressions import Ask
from faceedit.studio.produce import Commission
from faceedit.studio.sampling import Menu
from faceedit.studio.shards import write_shard
from faceedit.studio.sources import SourcePhoto
from faceedit.training import studio_pairs
from faceedit.training.pair_tensors import (
    AS_PHOTOGRAPHED,
    ASKABLE,
    CHOICES,
    LIGHT_ORDER,
    pair_tensors,
)
from faceedit.training.studio_pairs import LivePairs, ShardPairs, mix

N_SHARDS, PER_SHARD = 9, 4
EVERY = range(N_SHARDS * PER_SHARD)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, make_record):
    path = tmp_path_factory.mktemp("shards")
    for shard in range(N_SHARDS):
        numbers = range(shard * PER_SHARD, (shard + 1) * PER_SHARD)
        pairs = [(f"{n:04d}-000", make_record(n, 8)) for n in numbers]
        write_shard(path / f"pairs-{shard:05d}.tar", pairs)
    (path / "pairs-00099.part").write_bytes(b"unfinished")
    return path


def seeds(dataset):
    return [int(sample["seed"]) for sample in dataset]


def as_worker(monkeypatch, number, workers):
    info = SimpleNamespace(id=number, num_workers=workers)
    monkeypatch.setattr(studio_pairs, "get_worker_info", lambda: info)


def test_tensors_have_the_shapes_and_ranges_they_should(make_record):
    size = 12
    sample = pair_tensors(make_record(3, size))
    shapes = {name: tuple(value.shape) for name, value in sample.items()}
    plane = (size, size)
    assert shapes == {
        "input": (3, *plane), "target": (3, *plane), "flow": (2, *plane),
        "log_ratio": (3, *plane), "paint": (3, *plane), "opacity": (1, *plane),
        "painted": (1, *plane), "tooth_coordinates": (2, *plane), "shown_eye": (1, *plane),
        "valid": (1, *plane), "part": plane, "regions_input": plane, "regions_target": plane,
        "landmarks_input": (478, 3), "landmarks_target": (478, 3),
        "jaws_input": (20, 2),
        "jaws_target": (20, 2),
        "share": (), "amplitudes": (10,),
        "shown": (10,), "action_units": (17,), "measured": (), "by_units": (), "light": (),
        "light_colour": (3,), "input_light": (3,), "turn": (), "real_is_target": (),
        "choices": (len(CHOICES),), "donor": (), "creases": (3,), "eyeglasses": (), "person": (),
        "seed": (),
    }  # fmt: skip
    kinds = {name: value.dtype for name, value in sample.items()}
    for name in ("valid", "measured", "by_units", "real_is_target", "eyeglasses"):
        assert kinds.pop(name) == torch.bool
    for name in ("light", "donor", "person", "seed"):
        assert kinds.pop(name) == torch.int64
    assert kinds.pop("part") == torch.int8
    assert kinds.pop("regions_input") == kinds.pop("regions_target") == torch.uint8
    assert set(kinds.values()) == {torch.float32}
    assert all(value.is_contiguous() for value in sample.values())


def test_tensors_hold_what_the_pair_holds(make_record):
    pair = make_record(3, 12, turn=12.5, real="target")
    sample = pair_tensors(pair)
    assert sample["input"][:, 2, 5].tolist() == pytest.approx((pair.input[2, 5] / 255).tolist())
    assert sample["flow"][:, 2, 5].tolist() == pair.fields.flow[2, 5].tolist()
    assert sample["opacity"][0, 2, 5] == float(pair.fields.opacity[2, 5])
    assert sample["part"].min() == -1
    np.testing.assert_array_equal(sample["landmarks_target"], pair.landmarks_target)
    named = dict(zip(ASKABLE, sample["amplitudes"].tolist(), strict=True))
    assert {n: round(a, 3) for n, a in named.items() if a} == {"happy": 1.3, "squint": 0.25}
    # The input's ask is by action units.
    assert not sample["shown"].any()
    assert sample["action_units"].tolist() == pytest.approx(list(pair.labels.action_units))
    assert LIGHT_ORDER[int(sample["light"])] == "rim_left"
    assert sample["turn"] == 12.5 and sample["real_is_target"]
    choices = dict(zip(CHOICES, sample["choices"].tolist(), strict=True))
    assert choices["mouth_brightness"] == pytest.approx(1.05)
    assert choices["gap_input"] == pytest.approx(0.01)
    assert choices["gap_target"] == pytest.approx(0.07)
    assert choices["lean"] == 0.125
    assert sample["donor"] == 3
    assert sample["creases"].tolist() == [3.0, 0.5, 2.0]


def test_neutral_light_and_mouth_at_rest(make_record):
    pair = make_record(0, 8, ask=Ask(), shown=Ask(), light="as photographed")
    sample = pair_tensors(pair)
    assert sample["amplitudes"].tolist() == [1.0] + [0.0] * 9
    assert sample["light"] == AS_PHOTOGRAPHED
    from dataclasses import replace

    unpainted = replace(pair, choices=replace(pair.choices, mouth=-1, mouth_warmth=0.04))
    assert pair_tensors(unpainted)["choices"][:2].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    "labels", [{"ask": Ask((("bored", 1.0),))}, {"light": "moon"}], ids=["expression", "light"]
)
def test_what_is_unknown_is_named(make_record, labels):
    with pytest.raises(UsageError, match="unknown"):
        pair_tensors(make_record(0, 8, **labels))


def test_a_tensor_is_a_copy(make_record):
    pair = make_record(0, 8)
    sample = pair_tensors(pair)
    before = pair.fields.flow.copy()
    for value in sample.values():
        value.zero_()
    np.testing.assert_array_equal(pair.fields.flow, before)
    assert pair.input.any() and pair.part.any() and pair.landmarks_input.any()


def test_every_pair_once_over_workers_and_ranks(folder, monkeypatch):
    seen = Counter()
    for rank in range(2):
        for worker in range(2):
            as_worker(monkeypatch, worker, 2)
            part = seeds(ShardPairs(folder, 5, rank=rank, world=2, buffer=3))
            assert len(part) >= 2 * PER_SHARD
            seen.update(part)
    assert seen == Counter(EVERY)


def test_the_same_seed_gives_the_same_order_and_each_epoch_another(folder):
    first, again = ShardPairs(folder, 5), ShardPairs(folder, 5)
    order = seeds(first)
    assert order == seeds(first) == seeds(again)
    again.set_epoch(1)
    other = seeds(again)
    assert sorted(other) == sorted(order) == list(EVERY)
    assert other != order
    assert seeds(ShardPairs(folder, 6)) != order


def test_neighbours_come_from_different_shards(folder):
    order = np.array(seeds(ShardPairs(folder, 1, open_shards=4, buffer=0)))
    same = (np.diff(order // PER_SHARD) == 0).mean()
    assert same < 0.5
    plain = np.array(seeds(ShardPairs(folder, 1, open_shards=1, buffer=0)))
    assert (np.diff(plain // PER_SHARD) == 0).mean() == pytest.approx(27 / 35)


def test_one_split_is_read(tmp_path, make_record):
    splits = ["train", "val", "train", "train"]
    pairs = [(f"{n}", make_record(n, 8, split=s)) for n, s in enumerate(splits)]
    write_shard(tmp_path / "a.tar", pairs)
    assert sorted(seeds(ShardPairs(tmp_path, 0))) == [0, 2, 3]
    assert seeds(ShardPairs(tmp_path, 0, split="val")) == [1]
    assert len(seeds(ShardPairs(tmp_path, 0, split=None))) == 4


def test_batches_from_a_worker_that_lives_on(folder):
    dataset = ShardPairs(folder, 5)
    loader = DataLoader(
        dataset,
        batch_size=6,
        num_workers=1,
        persistent_workers=True,
        multiprocessing_context="spawn",
    )
    orders = []
    for epoch in (0, 1):
        dataset.set_epoch(epoch)
        batches = list(loader)
        assert batches[0]["input"].shape == (6, 3, 8, 8)
        orders.append(torch.cat([b["seed"] for b in batches]).tolist())
        assert orders[-1] == seeds(dataset)
    assert orders[0] != orders[1]


def test_no_shards_and_broken_ones(tmp_path, folder):
    with pytest.raises(UsageError, match="no shards"):
        ShardPairs(tmp_path, 0)
    with pytest.raises(ValueError, match="rank 2 of 2"):
        ShardPairs(folder, 0, rank=2, world=2)
    (tmp_path / "a.tar").write_bytes((folder / "pairs-00000.tar").read_bytes()[:9000])
    with pytest.raises(UsageError, match=r"a\.tar"):
        seeds(ShardPairs(tmp_path, 0))


@pytest.mark.parametrize(("opened", "buffer"), [(1, 0), (3, 0), (1, 5), (4, 100)])
def test_mixing_loses_nothing(opened, buffer):
    streams = (iter(range(10 * i, 10 * i + i)) for i in range(7))
    found = list(mix(streams, np.random.default_rng(0), opened, buffer))
    assert sorted(found) == [10 * i + k for i in range(7) for k in range(i)]


def test_mixing_opens_streams_only_when_it_is_their_turn():
    begun = []

    def stream(number):
        begun.append(number)
        yield from range(3)

    mixed = mix((stream(n) for n in range(50)), np.random.default_rng(0), 4, 2)
    for _ in range(3):
        next(mixed)
    assert len(begun) <= 5


@pytest.fixture
def live(tmp_path, monkeypatch, make_record):
    """Make `LivePairs` whose studio makes two records of noise of each photo but one."""
    rigs = []

    def load_rig(folder):
        rigs.append(folder)
        return "rig"

    def pairs_of(rig, source, commission):
        assert rig == "rig"
        number = int(source.photo.path.stem)
        if number == 3:
            raise PhotoError(source.photo.path, "gone")
        for k in range(2):
            yield make_record((commission.seed % 100_000) * 1000 + 10 * number + k, 8)

    monkeypatch.setattr("faceedit.studio.rig.load_rig", load_rig)
    monkeypatch.setattr("faceedit.studio.produce.pairs_of", pairs_of)
    photos = [LabelledPhoto(tmp_path / f"{n}.jpg", f"p{n}", "", -1, "train") for n in range(6)]
    sources = [SourcePhoto(photo, np.zeros((478, 3), np.float32)) for photo in photos]
    commission = Commission(tmp_path, Menu(("happy",)), seed=4)

    def make(**options):
        return LivePairs(commission, sources, **options)

    return make, rigs


def test_live_pairs_are_made_once_and_anew_each_epoch(live):
    make, rigs = live
    dataset = make()
    first = seeds(dataset)
    assert sorted(s % 1000 for s in first) == [10 * n + k for n in (0, 1, 2, 4, 5) for k in (0, 1)]
    assert seeds(dataset) == first == seeds(make())
    dataset.set_epoch(1)
    assert not set(first) & set(seeds(dataset))
    # One for each of the two data sets.
    assert len(rigs) == 2


def test_live_photos_are_dealt_to_workers_and_ranks(live, monkeypatch):
    make, _ = live
    seen = Counter()
    for rank in range(2):
        for worker in range(2):
            as_worker(monkeypatch, worker, 2)
            seen.update(seeds(make(rank=rank, world=2)))
    assert len(seen) == 10 and set(seen.values()) == {1}


def test_live_needs_photos(live):
    make, _ = live
    with pytest.raises(UsageError, match="no photos"):
        LivePairs(make().commission, [])


def test_a_real_photo_led_by_its_tensors_becomes_the_target(data_folder):
    rig, table = data_folder / "rig", data_folder / "landmarks.npz"
    if not (rig.is_dir() and table.is_file()):
        pytest.skip("no rig or no landmarks")
    with np.load(table) as arrays:
        points = dict(zip(arrays["files"].tolist(), arrays["points"], strict=True))
    photos = read_labelled(data_folder / "portraits.csv")
    photo = next(p for p in photos if p.expression == "neutral" and not p.occluded)
    source = SourcePhoto(photo, points[photo.path.name])
    menu = Menu(("happy", "surprised"), action_units=False)
    commission = Commission(rig, menu, size=128, per_photo=3, seed=1)
    samples = list(LivePairs(commission, [source]))
    assert len(samples) == 3
    for sample in samples:
        side = torch.arange(128.0)
        places = torch.stack(torch.meshgrid(side, side, indexing="xy"))
        at = ((places + sample["flow"]) / 127 * 2 - 1).permute(1, 2, 0)
        warped = torch.nn.functional.grid_sample(
            sample["input"][None], at[None], "bicubic", "reflection", align_corners=True
        )[0]
        lit = warped * sample["log_ratio"].exp()
        opacity = sample["opacity"]
        made = (opacity * sample["paint"] + (1 - opacity) * lit).clamp(0, 1)
        assert (made - sample["target"]).abs().mean() < 1 / 255
        assert (sample["input"] - sample["target"]).abs().mean() > 1 / 255
