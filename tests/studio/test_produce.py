"""From photos to shards: every photo its own pairs, whoever makes them and whatever fails."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from faceedit.errors import UsageError
from faceedit.studio import produce as production
from faceedit.studio.produce import Commission, pairs_of, produce
from faceedit.studio.sampling import Menu
from faceedit.studio.shards import read_shard

SIZE = 64


def quiet(done, of):
    pass


def stored(folder):
    return [(key, p) for s in sorted(folder.glob("*.tar")) for key, p in read_shard(s)]


def test_a_photo_gives_the_same_pairs_whatever_else_is_made(folder_and_sources, rig, tmp_path):
    folder, sources = folder_and_sources
    commission = Commission(folder, Menu(rig.tables.names, turns=True), SIZE, per_photo=3, seed=2)
    done = []
    report = produce(sources[:3], commission, tmp_path, 1, lambda d, n: done.append((d, n)))
    made = [pair for _, pair in stored(tmp_path)]
    assert report.pairs == len(made) == 9
    assert done[-1] == (3, 3)
    alone = list(pairs_of(rig, sources[2], commission))
    for one, other in zip(alone, made[6:], strict=True):
        np.testing.assert_array_equal(one.target, other.target)
        assert replace(one.labels) == other.labels


def test_smiles_are_led_to(folder_and_sources, rig):
    folder, sources = folder_and_sources
    commission = Commission(folder, Menu(rig.tables.names), SIZE, per_photo=5)
    sides = [p.labels.real for p in pairs_of(rig, sources[1], commission)]
    assert sides.count("target") == 2
    assert [p.labels.real for p in pairs_of(rig, sources[0], commission)] == ["input"] * 5


def test_refused_photos_are_named(folder_and_sources, rig, tmp_path):
    folder, sources = folder_and_sources
    hidden = replace(sources[0], photo=replace(sources[0].photo, occluded=True))
    gone = replace(sources[1], photo=replace(sources[1].photo, path=tmp_path / "gone.png"))
    commission = Commission(folder, Menu(("neutral", "happy")), SIZE, per_photo=2)
    report = produce([hidden, gone, sources[2]], commission, tmp_path, 1, quiet)
    assert report.pairs == 2
    assert report.refused["occluded"] == [sources[0].photo.path.name]
    assert sum(len(names) for names in report.refused.values()) == 2


def test_two_workers_make_what_one_makes(folder_and_sources, tmp_path, monkeypatch):
    folder, sources = folder_and_sources
    monkeypatch.setattr(production, "PHOTOS_PER_SHARD", 2)
    menu = Menu(("neutral", "happy", "sad"), lights=("left",), turns=True)
    commission = Commission(folder, menu, SIZE, per_photo=2, seed=1 << 40)
    one, two = (
        produce(sources[:4], commission, tmp_path / str(n), n, quiet).__dict__ for n in (1, 2)
    )
    assert one == two
    for shard in sorted((tmp_path / "1").iterdir()):
        assert shard.read_bytes() == (tmp_path / "2" / shard.name).read_bytes()


def test_photos_of_one_name_are_told_apart(folder_and_sources, tmp_path):
    folder, sources = folder_and_sources
    twins = [replace(sources[0], name=f"{person}/neutral.png") for person in ("ann", "bob")]
    commission = Commission(folder, Menu(("happy", "sad", "angry")), SIZE, per_photo=1)
    report = produce(twins, commission, tmp_path, 1, quiet)
    (one, ann), (other, bob) = stored(tmp_path)
    assert report.pairs == 2
    assert one != other
    assert (ann.labels.file, bob.labels.file) == ("ann/neutral.png", "bob/neutral.png")
    assert ann.choices.seed != bob.choices.seed


def test_a_smile_is_led_to_even_if_one_pair_is_all(folder_and_sources, rig):
    folder, sources = folder_and_sources
    commission = Commission(folder, Menu(rig.tables.names), SIZE, per_photo=1)
    assert [p.labels.real for p in pairs_of(rig, sources[1], commission)] == ["target"]


def test_light_alone_is_counted_as_light(folder_and_sources, tmp_path):
    folder, sources = folder_and_sources
    menu = Menu((), action_units=False)
    report = produce(sources[:1], Commission(folder, menu, SIZE, 2), tmp_path, 1, quiet)
    assert report.kinds == {"light": 2}


def test_what_nobody_expected_costs_one_photo(folder_and_sources, tmp_path, monkeypatch):
    folder, sources = folder_and_sources

    def take(rig, source, size):
        if source.name == sources[0].photo.path.name:
            raise np.linalg.LinAlgError("singular")
        return real(rig, source, size)

    real = production.take_sitting
    monkeypatch.setattr(production, "take_sitting", take)
    commission = Commission(folder, Menu(("sad",)), SIZE, per_photo=1)
    report = produce(sources[:3:2], commission, tmp_path, 1, quiet)
    assert report.pairs == 1
    assert report.refused == {"unexpected: LinAlgError: singular": [sources[0].name]}


def test_shards_of_two_commissions_are_not_mixed(folder_and_sources, tmp_path):
    folder, sources = folder_and_sources
    shutil.copy(folder / "assets.npz", tmp_path / "pairs-00007.tar")
    with pytest.raises(UsageError, match="already"):
        produce(sources[:1], Commission(folder, Menu(("sad",))), tmp_path, 1, quiet)
