from pathlib import Path

import numpy as np
import pytest
import torch

from faceedit.errors import UsageError
from faceedit.methods.eggan.paper_task import UnitLabels
from faceedit.training.portraits import Portraits, PortraitSamples, find_portraits, to_signed

UNITS = UnitLabels(torch.device("cpu"))


def test_portraits_are_kept_and_checked(few_portraits, tmp_path):
    few_portraits.save(tmp_path / "p")
    again = Portraits.load(tmp_path / "p", 32, 17)
    np.testing.assert_array_equal(again.pictures, few_portraits.pictures)
    np.testing.assert_array_equal(again.people, few_portraits.people)
    with pytest.raises(UsageError, match="pictures are not of 12 portraits of 64 pixels"):
        Portraits.load(tmp_path / "p", 64, 17)
    with pytest.raises(UsageError, match=r"labels are not of 12 portraits .* with 13 labels each"):
        Portraits.load(tmp_path / "p", 32, 13)
    (tmp_path / "p" / "labels.npy").write_bytes(b"no array")
    with pytest.raises(UsageError, match="holds no portraits"):
        Portraits.load(tmp_path / "p", 32, 17)


def test_a_sample_is_a_function_of_seed_and_number(few_portraits):
    rows = np.flatnonzero(~few_portraits.validation)
    first, again = (PortraitSamples(few_portraits, rows, 3) for _ in range(2))
    again[0]
    mirrored = set()
    for number in range(20):
        one, two = first[number], again[number]
        assert all(torch.equal(one[name], two[name]) for name in one)
        units = one["labels"].numpy()
        (row,) = np.flatnonzero((few_portraits.labels == units).all(1))
        assert not few_portraits.validation[row]
        assert one["person"] == few_portraits.people[row]
        assert not torch.equal(one["target"], one["labels"])
        plain = to_signed(few_portraits.pictures[row : row + 1])[0]
        mirrored.add(not torch.equal(one["image"], plain))
        assert torch.equal(one["image"], plain) or torch.equal(one["image"], plain.flip(2))
    assert mirrored == {True, False}
    other = PortraitSamples(few_portraits, rows, 4)
    assert any(not torch.equal(first[n]["image"], other[n]["image"]) for n in range(5))


def test_photos_become_crops_with_units_once(folder: Path, request_for):
    told: list[str] = []
    request = request_for("paper", data=(folder,), tell=told.append)
    portraits = find_portraits(request, 64, UNITS)
    assert portraits.pictures.shape == (2, 64, 64, 3)
    assert portraits.pictures.std() > 20
    # The astronaut smiles.
    assert (portraits.labels[:, 8] > 1).all()
    assert len(set(portraits.people.tolist())) == 2
    assert not portraits.validation.any()
    assert sum(line.startswith("left out: ") for line in told) == 2
    told.clear()
    np.testing.assert_array_equal(find_portraits(request, 64, UNITS).labels, portraits.labels)
    assert not told


def test_one_person_is_too_few(few_portraits, request_for, tmp_path):
    columns = ("pictures", "labels", "people", "validation")
    one = Portraits(*(getattr(few_portraits, name)[:1] for name in columns))
    one.save(tmp_path / "one")
    with pytest.raises(UsageError, match="at least two people"):
        find_portraits(request_for("paper", data=(tmp_path / "one",)), 32, UNITS)


def test_landmarks_are_kept_for_who_needs_them(few_portraits, folder: Path, request_for, tmp_path):
    request = request_for("paper", data=(folder,))
    find_portraits(request, 64, UNITS)
    kept = find_portraits(request, 64, UNITS, landmarks=True)
    assert kept.landmarks is not None
    assert kept.landmarks.shape == (2, 478, 3)
    # Both outer corners of the eyes lie where those of crops do.
    eyes = kept.landmarks[:, [33, 263], :2].mean(1)
    np.testing.assert_allclose(eyes, [[31.5, 23.3]] * 2, atol=2)
    few_portraits.save(tmp_path / "without")
    with pytest.raises(UsageError, match="holds no portraits"):
        Portraits.load(tmp_path / "without", 32, 17, landmarks=True)
