from dataclasses import replace

import numpy as np
import pytest
from toy_rig import draw_sources

from faceedit.compose.mouth.paint import CORNER, PER_CM, TEETH_EDGE, TEXTURE_SIZE
from faceedit.errors import UsageError
from faceedit.studio.smiles import Smiles, cut_smiles, texture_edge


@pytest.fixture(scope="module")
def sources(folder_and_sources):
    return folder_and_sources[1]


@pytest.fixture(scope="module")
def smiles(rig, sources):
    return cut_smiles(rig, sources[:4])


def test_smiles_are_cut_and_neutral_faces_are_not(smiles):
    assert smiles.patches.shape == (2, *TEXTURE_SIZE, 3)
    assert smiles.patches.dtype == np.uint8
    assert smiles.masks.shape == (2, *TEXTURE_SIZE)
    assert smiles.masks.min() >= 0 and smiles.masks.max() <= 1


def test_what_is_between_the_lips_is_teeth(smiles):
    for patch, mask in zip(smiles.patches, smiles.masks, strict=True):
        assert (mask > 0.5).mean() > 0.03
        inside, outside = (patch[m].mean(0) for m in (mask > 0.95, mask < 0.05))
        assert inside.mean() > 150
        # Skin is redder than teeth.
        assert outside[0] / outside[2] > 1.1 * inside[0] / inside[2]


def test_progress_is_told_of_every_photo(rig, sources):
    told = []
    cut_smiles(rig, sources[:2], lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]


def test_without_smiles_there_is_nothing_to_learn_from(rig, sources, tmp_path):
    happy = sources[1]
    hidden = replace(happy, photo=replace(happy.photo, occluded=True))
    gone = replace(happy, photo=replace(happy.photo, path=tmp_path / "gone.png"))
    small = draw_sources(tmp_path / "small", people=1, size=256)[1]
    for source in (sources[0], hidden, gone, small):
        with pytest.raises(UsageError, match="no photo shows the teeth of a smile"):
            cut_smiles(rig, [source])


def test_smiles_are_read_as_they_were_written(smiles, tmp_path):
    path = tmp_path / "smiles"
    smiles.save(path)
    again = Smiles.load(path)
    np.testing.assert_array_equal(again.patches, smiles.patches)
    np.testing.assert_allclose(again.masks, smiles.masks, atol=1e-3)
    assert again.masks.dtype == np.float32
    assert Smiles.is_one(path)


def test_other_files_hold_no_smiles(tmp_path):
    text, arrays, array = tmp_path / "a.npz", tmp_path / "b.npz", tmp_path / "c.npy"
    text.write_text("no smiles")
    np.savez(arrays, patches=np.zeros(3))
    np.save(array, np.zeros(3))
    cut, empty = tmp_path / "cut.npz", tmp_path / "empty.npz"
    cut.write_bytes(arrays.read_bytes()[:-40])
    empty.write_bytes(b"")
    for path in (text, arrays, array, cut, empty, tmp_path / "none.npz"):
        assert not Smiles.is_one(path)
        with pytest.raises(UsageError, match="holds no smiles; faceedit studio smiles"):
            Smiles.load(path)


def test_teeth_end_where_the_texture_says():
    edge = texture_edge()
    assert edge.shape == TEXTURE_SIZE[1:]
    wanted = (TEETH_EDGE - CORNER[1]) * PER_CM - 0.5
    np.testing.assert_allclose(edge, wanted, atol=0.5)
