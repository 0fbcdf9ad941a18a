from dataclasses import replace

import made_up
import numpy as np
import pytest

from faceedit.faces.topology import IRISES, N_SURFACE, mean_shape
from faceedit.methods.reggan.prior import (
    ATLAS_SIZE,
    ATLAS_SPAN,
    MODES,
    fit_prior,
    in_neutral_frame,
    mouth_gap,
)


def test_the_planted_displacement_is_found_whatever_the_pose():
    prior = made_up.prior()
    code = made_up.CODES.mean()
    np.testing.assert_allclose(
        prior.displacement[0], made_up.smile() + code * made_up.wider(), atol=1e-3
    )
    mode = prior.displacement[1]
    scale = (mode * made_up.wider()).sum() / (made_up.wider() ** 2).sum()
    assert abs(scale) == pytest.approx(made_up.CODES.std(), rel=0.02)
    np.testing.assert_allclose(mode, scale * made_up.wider(), atol=1e-3)
    assert np.abs(prior.displacement[2:]).max() < 1e-3


def test_a_pairs_code_brings_its_displacement_back():
    prior = made_up.prior()
    for code in made_up.CODES:
        displacement = made_up.smile() + code * made_up.wider()
        found = prior.displace(1.0, prior.code_of(displacement))
        np.testing.assert_allclose(found, displacement, atol=2e-3)


def test_the_planted_log_ratio_is_found_though_exposures_differ():
    pairs = [
        replace(p, expressive=np.rint(p.expressive * (0.8 + 0.02 * i)).astype(np.uint8))
        for i, p in enumerate(made_up.pairs())
    ]
    prior = fit_prior(pairs)
    cheeks = [205, 425]
    for cheek in cheeks:
        x, y = np.round(prior.atlas[cheek]).astype(int)
        expected = made_up.shade(mean_shape()[cheek, :2])
        np.testing.assert_allclose(prior.log_ratio[0, y, x], expected, atol=0.045)
    x, y = np.round(prior.atlas[9]).astype(int)
    assert np.abs(prior.log_ratio[0, y, x]).max() < 0.02


def test_log_ratio_is_symmetric_and_fades_at_the_rim():
    ratio = made_up.prior().log_ratio
    assert ratio.shape == (1 + MODES, ATLAS_SIZE, ATLAS_SIZE, 3)
    np.testing.assert_allclose(ratio[0], ratio[0, :, ::-1], atol=0.01)
    assert np.abs(ratio[:, 0]).max() == 0
    places = made_up.prior().atlas
    assert places.shape == (N_SURFACE, 2)
    span = (places.max(0) - places.min(0)) * ATLAS_SPAN / ATLAS_SIZE
    assert (span < ATLAS_SPAN).all()


def test_shown_tells_neutral_from_expressive():
    prior = made_up.prior()
    for pair in made_up.pairs():
        assert prior.shown(pair.neutral_landmarks)[0] < 0.15
        assert prior.shown(pair.expressive_landmarks)[0] > 0.85
    half = made_up.place(mean_shape() + 0.5 * prior.displacement[0], roll=0.2)
    assert prior.shown(half)[0] == pytest.approx(0.5, abs=0.1)


def test_amplitude_scales_displacement_and_ratio():
    prior, code = made_up.prior(), np.array([0.5, 0.0, 0.0])
    np.testing.assert_allclose(prior.displace(0.5, code), 0.5 * prior.displace(1.0, code))
    np.testing.assert_allclose(prior.ratio(2.0, code), 2 * prior.ratio(1.0, code))
    assert not prior.displace(0.0, code).any()


def test_style_is_of_the_people_who_open_their_mouths():
    gaps = np.array([mouth_gap(p.expressive_landmarks) for p in made_up.pairs()])
    prior = fit_prior(made_up.pairs(), style_gap=float(np.sort(gaps)[-2]) - 1e-4)
    widest = made_up.smile() + made_up.CODES[-2:].mean() * made_up.wider()
    np.testing.assert_allclose(prior.displace(1.0, prior.style), widest, atol=2e-3)
    nobody = fit_prior(made_up.pairs(), style_gap=9.0)
    np.testing.assert_allclose(nobody.style, 0, atol=1e-6)


def test_gaze_and_head_are_no_part_of_an_expression():
    pair = made_up.pairs()[0]
    moved = in_neutral_frame(pair)
    expected = mean_shape() + made_up.smile() + made_up.CODES[0] * made_up.wider()
    expected = made_up.place(expected, unit=made_up.UNIT * 0.9, roll=-0.09)
    np.testing.assert_allclose(moved, expected, atol=0.05)
    looking = pair.expressive_landmarks.copy()
    looking[list(IRISES[0])] += 9.0
    again = in_neutral_frame(replace(pair, expressive_landmarks=looking))
    np.testing.assert_array_equal(again, moved)


def test_people_who_all_do_the_same_have_no_modes():
    prior = fit_prior([made_up.pairs()[0]] * (MODES + 2))
    assert np.isfinite(prior.style).all()
    assert np.isfinite(prior.code_of(prior.displacement[0])).all()


def test_too_few_pairs():
    with pytest.raises(ValueError, match="too few"):
        fit_prior(made_up.pairs()[: MODES + 1])
