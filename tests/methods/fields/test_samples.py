import made_up
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from faceedit.faces.landmark_maps import CHANNELS
from faceedit.methods.fields import samples as module
from faceedit.methods.fields.prepared import Prepared, prepare
from faceedit.methods.fields.samples import FieldSamples, _mirror, _recolour
from faceedit.methods.reggan.condition import SPEC
from faceedit.methods.reggan.pairs import pair_shares, usable
from faceedit.targets import EXPRESSIONS

NAMES = ("neutral", "happy", "contemptuous")
SHAPES = {
    "picture": (3, 64, 64),
    "strip": (3, 32, 96),
    "moved": (3, 128, 128),
    "maps": (12, 64, 64),
    "drawn_flow": (2, 128, 128),
    "drawn_shade": (3, 128, 128),
    "flow": (2, 128, 128),
    "log_ratio": (3, 128, 128),
    "trusted": (1, 128, 128),
    "condition": (9,),
    "tone": (3,),
    "known": (1,),
    "eyeglasses": (1,),
}
UNIT_RANGE = ("picture", "moved", "strip", "maps", "trusted", "tone", "known", "eyeglasses")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Prepared:
    """Somebody neutral, happy and contemptuous."""
    table = made_up.taken(made_up.pair_table(), [EXPRESSIONS.index(name) for name in NAMES])
    generator = made_up.tiny_generator()
    generator.shade_layer.maps[:] = -0.1
    shares = pair_shares(table, made_up.AMPLITUDES)
    return prepare(
        table, usable(table, shares), shares, generator, tmp_path_factory.mktemp("pairs")
    )


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def drawn_from(pairs: Prepared, name: str, **options) -> FieldSamples:
    return FieldSamples(pairs, np.array([NAMES.index(name)]), SPEC, 0, **options)


def plain(pairs: Prepared, name: str = "happy") -> dict[str, torch.Tensor]:
    return drawn_from(pairs, name, augment=False)[0]


def planes_of(sample: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """A sample's planes as it is made of them, channels last."""
    return {
        name: np.moveaxis(value.numpy(), 0, -1).copy()
        for name, value in sample.items()
        if value.ndim == 3
    }


def test_every_sample_has_shape_type_and_range(pairs):
    samples = FieldSamples(pairs, np.arange(3), SPEC, 0)
    for number in range(12):
        sample = samples[number]
        assert {k: tuple(v.shape) for k, v in sample.items()} == SHAPES
        for name, value in sample.items():
            assert value.dtype == torch.float32, name
            assert torch.isfinite(value).all(), name
            assert value.is_contiguous(), name
            if name in UNIT_RANGE:
                assert 0 <= value.min() <= value.max() <= 1, name


def test_a_sample_is_a_function_of_seed_and_number(pairs):
    first, again = (FieldSamples(pairs, np.arange(3), SPEC, 3) for _ in range(2))
    again[0]
    for number in (5, 2):
        one, two = first[number], again[number]
        assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(first[5]["picture"], first[6]["picture"])
    other = FieldSamples(pairs, np.arange(3), SPEC, 4)
    assert not torch.equal(first[5]["picture"], other[5]["picture"])


def test_a_loader_goes_on_anywhere_in_the_stream(pairs):
    samples = FieldSamples(pairs, np.arange(3), SPEC, 0)
    whole, rest = (
        list(DataLoader(samples, batch_size=2, sampler=range(start, 6)))  # pyright: ignore[reportArgumentType]
        for start in (0, 4)
    )
    assert len(whole) == 3
    assert all(torch.equal(whole[2][name], rest[0][name]) for name in SHAPES)


def test_all_rows_that_are_named_are_drawn_and_no_other(pairs):
    samples = FieldSamples(pairs, np.array([0, 2]), SPEC, 0, augment=False)
    shown = {tuple(samples[number]["condition"].tolist()) for number in range(12)}
    assert shown == {tuple(pairs.condition[row].tolist()) for row in (0, 2)}


def test_without_augmentation_a_sample_is_its_pair(pairs):
    sample, row = plain(pairs), NAMES.index("happy")
    for name in ("picture", "moved", "maps"):
        shown = np.moveaxis(sample[name].numpy(), 0, -1) * 255
        np.testing.assert_allclose(shown, getattr(pairs, name)[row], atol=1e-3)
    for name in ("flow", "drawn_flow", "log_ratio", "drawn_shade"):
        shown = np.moveaxis(sample[name].numpy(), 0, -1)
        np.testing.assert_array_equal(shown, getattr(pairs, name)[row])
    np.testing.assert_allclose(sample["trusted"][0] * 255, pairs.trusted[row], atol=1e-3)
    np.testing.assert_array_equal(sample["tone"], pairs.tone[row])
    assert sample["known"].item() == 1


def test_a_tone_that_nobody_knows_is_marked(pairs):
    for augment in (True, False):
        sample = drawn_from(pairs, "neutral", augment=augment)[1]
        assert sample["known"].item() == 0
        assert torch.isfinite(sample["tone"]).all()


def test_mirroring_turns_pictures_and_negates_flow_across(pairs):
    sample = plain(pairs)
    planes = planes_of(sample)
    _mirror(planes)
    for name in ("flow", "drawn_flow"):
        given = np.moveaxis(sample[name].numpy(), 0, -1)[:, ::-1]
        np.testing.assert_array_equal(planes[name], given * [-1, 1])
        assert given[..., 0].any()
    for name in ("picture", "moved", "log_ratio", "drawn_shade", "trusted"):
        given = np.moveaxis(sample[name].numpy(), 0, -1)
        np.testing.assert_array_equal(planes[name], given[:, ::-1])
    # u grows to the right in both; v and the others are only turned.
    given = np.moveaxis(sample["maps"].numpy(), 0, -1)[:, ::-1]
    u = CHANNELS.index("u")
    assert (np.diff(planes["maps"][32, 20:45, u]) > 0).all()
    np.testing.assert_allclose(planes["maps"][..., u], 1 - given[..., u], atol=1e-6)
    np.testing.assert_array_equal(planes["maps"][..., 1:], given[..., 1:])
    _mirror(planes)
    for name, value in planes.items():
        np.testing.assert_allclose(value, np.moveaxis(sample[name].numpy(), 0, -1), atol=1e-6)


@pytest.mark.parametrize(("name", "turned"), [("happy", True), ("contemptuous", False)])
def test_half_of_the_samples_are_mirrored_but_for_what_is_one_sided(
    pairs, name, turned, monkeypatch
):
    calls = []
    monkeypatch.setattr(module, "_mirror", calls.append)
    samples = drawn_from(pairs, name)
    for number in range(20):
        samples[number]
    assert (4 < len(calls) < 16) is turned
    assert turned or not calls


def test_ratios_still_lead_from_one_picture_to_the_other_in_other_colours(pairs):
    ratio = np.log(np.linspace(0.7, 1.2, 128 * 128, dtype=np.float32)).reshape(128, 128, 1)
    ratio = np.repeat(ratio, 3, 2)
    # Dark enough that nothing is cut off.
    moved = np.broadcast_to(np.array([0.3, 0.2, 0.15], np.float32), (128, 128, 3))
    for seed in range(8):
        planes = planes_of(plain(pairs))
        planes |= {"moved": moved, "picture": moved * np.exp(ratio)}
        planes |= {"log_ratio": ratio, "drawn_shade": 0.5 * ratio}
        tone = _recolour(planes, np.array([0.3, 0.2, 0.15], np.float32), rng(seed))
        found = np.log(planes["picture"] / planes["moved"])
        np.testing.assert_allclose(found, planes["log_ratio"], atol=1e-4)
        np.testing.assert_allclose(planes["drawn_shade"], 0.5 * planes["log_ratio"], atol=1e-5)
        # Teeth change colour as skin does.
        np.testing.assert_allclose(tone, planes["moved"][0, 0], atol=1e-6)
        assert not np.allclose(planes["moved"], moved, atol=1e-3)


def test_grey_photos_ask_for_grey_teeth_and_grey_folds(pairs):
    grey = 0
    for seed in range(40):
        planes = planes_of(plain(pairs))
        tone = _recolour(planes, np.array([0.8, 0.7, 0.6], np.float32), rng(seed))
        if np.ptp(planes["moved"], axis=-1).max() < 1e-5:
            grey += 1
            assert np.ptp(tone) < 1e-5
            assert np.ptp(planes["log_ratio"], axis=-1).max() < 1e-5
        else:
            assert np.ptp(planes["moved"], axis=-1).max() > 1e-3
    assert 0 < grey < 20


def test_spoiling_leaves_what_is_wanted_alone(pairs):
    spoilt = 0
    for seed in range(30):
        planes = planes_of(plain(pairs))
        before = {name: value.copy() for name, value in planes.items()}
        module._spoil(planes, rng(seed))
        changed = {n for n, v in planes.items() if not np.array_equal(v, before[n])}
        assert changed in (set(), {"picture", "moved", "strip"})
        spoilt += bool(changed)
    assert 3 < spoilt < 20
