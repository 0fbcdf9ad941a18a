"""The studio's commands within this process, on drawn people whose landmarks are known."""

import numpy as np
import pytest

from faceedit.cli import REFUSED
from faceedit.cli.studio import app
from faceedit.errors import MissingError, UsageError
from faceedit.studio import sources as photos_of
from faceedit.studio.shapes import ShapeTable
from faceedit.studio.shards import read_shard
from faceedit.studio.sources import SourcePhoto

EXPRESSIONS = ("--expressions", "happy,sad", "--no-aus", "--lights", "none")


@pytest.fixture
def studio(folder_and_sources, monkeypatch, tmp_path):
    """Run a command on the drawn people: ``studio("pairs", ...)`` returns where it wrote."""
    rig, sources = folder_and_sources
    known = {s.photo.path.name: s.landmarks for s in sources}

    def find_sources(photos, folder, cache, tell):
        return [SourcePhoto(p, known[p.path.name]) for p in photos], {"nobody.png": "no face found"}

    monkeypatch.setattr(photos_of, "find_sources", find_sources)

    def run(command, *arguments, people="0", rig=rig):
        folder = tmp_path / "photos"
        folder.mkdir(exist_ok=True)
        for source in sources:
            if source.photo.person.removeprefix("person") in people:
                (folder / source.photo.path.name).write_bytes(source.photo.path.read_bytes())
        out = tmp_path / "out.npz" if command != "pairs" else tmp_path / "pairs"
        given = (command, "--photos", folder, "--rig", rig, "-o", out, *arguments)
        app([str(a) for a in given], standalone_mode=False)
        return out

    return run


def asks(out):
    pairs = [p for path in sorted(out.glob("*.tar")) for _, p in read_shard(path)]
    # What leads to a photo asks for what that shows.
    return [p.labels.ask for p in pairs if p.labels.real == "input"]


def test_pairs_may_be_plain_of_one_strength_and_go_partway(studio):
    size = ("--size", 64, "--per-photo", 6)
    options = ("--plain", "--partway", 1, "--amplitudes", "0.9,1.1")
    made = asks(studio("pairs", *size, *EXPRESSIONS, *options))
    assert len(made) >= 6
    for ask in made:
        assert ask.manner == 0 and ask.lean == 0 and 0.1 < ask.share <= 1
        assert 0.89 <= sum(amplitude for _, amplitude in ask.blend) <= 1.11
    assert sum(ask.share < 1 for ask in made) >= len(made) - 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--amplitudes", "1"), "cannot read '1'; write LOW,HIGH"),
        (("--amplitudes", "1,2,3"), "cannot read '1,2,3'"),
        (("--amplitudes", "1,much"), "write LOW,HIGH"),
        (("--amplitudes", "1,9"), "amplitudes lie between 0 and 2.5, not 1,9"),
        (("--amplitudes", "2,1"), "not 2,1"),
        (("--mix", "expression=lots"), "cannot read 'expression=lots' of --mix"),
    ],
)
def test_options_that_cannot_be_meant(studio, options, said, tmp_path):
    with pytest.raises(UsageError) as error:
        studio("pairs", *EXPRESSIONS, *options)
    assert said in str(error.value)
    assert not (tmp_path / "pairs").exists()


@pytest.mark.parametrize("partway", ["1.5", "-1", "nan"])
def test_a_share_lies_between_0_and_1(studio, partway):
    with pytest.raises(REFUSED) as refusal:
        studio("pairs", *EXPRESSIONS, "--partway", partway)
    assert "--partway" in refusal.value.format_message()


def test_shapes_are_written_without_pictures(studio, capsys):
    out = studio("shapes", "--size", 64, "--starts", 2)
    table = ShapeTable.load(out)
    assert table.landmarks.shape == (4, 478, 3)
    assert 40 < np.median(table.landmarks[..., :2].max(1)) < 64
    told = capsys.readouterr()
    assert f"wrote {out}: 4 faces; no face was found in 1 photos" in told.err
    assert not told.out


@pytest.mark.parametrize("command", ["pairs", "shapes"])
def test_a_rig_is_needed(studio, command, tmp_path):
    with pytest.raises(MissingError, match="faceedit studio import"):
        studio(command, rig=tmp_path / "nowhere")
