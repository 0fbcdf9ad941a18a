import numpy as np
import pytest
import torch

from faceedit.recognisers.looks import ZONES, Looks, zone_means, zone_shares, zone_tones
from faceedit.regions import Region


def test_what_is_said_depends_on_where_the_zones_are():
    torch.manual_seed(0)
    network = Looks((8, 8, 8, 16), 4, 0.3, 0).eval()
    pictures, zones = torch.rand(2, 3, 48, 48) * 2 - 1, torch.zeros(2, len(ZONES), 24, 24)
    zones[:, 0] = 1
    first = network(pictures, zones)
    assert [x.shape for x in first[:3]] == [(2, 20), (2, 3), (2, 13)]
    assert (first.light_vector.square().sum(1) < 1).all()
    zones[:, 0, :12], zones[:, 1, :12] = 0, 1
    second = network(pictures, zones)
    assert all((a - b).abs().max() > 1e-4 for a, b in zip(first, second, strict=True))


def test_zones_are_averaged_alone_and_missing_ones_as_the_whole():
    zones = torch.zeros(1, 2, 8, 8)
    zones[:, 0, :, :4] = 1
    values = torch.zeros(1, 1, 8, 8)
    values[..., :4] = 3
    left, missing = zone_means(values, zones)[0, :, 0]
    assert left == pytest.approx(3, abs=0.02)
    assert missing == pytest.approx(1.5)
    # Finer zones are averaged down to the values.
    torch.testing.assert_close(
        zone_means(values[..., ::2, ::2], zones), zone_means(values, zones), atol=1e-5, rtol=0
    )


def test_tones_tell_dark_hair_from_skin_whatever_the_exposure():
    regions = torch.full((1, 12, 16, 16), -20.0)
    regions[:, Region.SKIN, 8:] = 20
    regions[:, Region.HAIR, :8] = 20
    zones = zone_shares(regions.softmax(1))
    picture = torch.full((1, 3, 16, 16), 0.2)
    picture[:, :, 8:] = 0.6
    found = zone_tones(picture * 2 - 1, zones).view(len(ZONES), 8)
    hair = found[1]
    # Seven thousandths of the other half are mixed in.
    assert hair[3:6].numpy() == pytest.approx(np.log(0.23 / 0.63), abs=0.02)
    darker = zone_tones((picture * 0.8 * 2 - 1), zones).view(len(ZONES), 8)
    assert darker[1, 3:6].numpy() == pytest.approx(hair[3:6].numpy(), abs=0.03)
    assert darker[1, 0] < hair[0] - 0.1
    assert hair[7] == pytest.approx(0.5, abs=1e-3) and hair[6] < 0.1
