import pytest
import torch

from faceedit.methods.lssl.losses import bidirectional_loss, parsing_loss
from faceedit.methods.lssl.networks import Generator
from faceedit.methods.lssl.parser import PARTS, PartParser, parts_of, train_parser
from faceedit.regions import Region


@pytest.mark.parametrize(("size", "side"), [(32, 0), (64, 1), (32, 3)])
def test_a_pair_and_its_latent(size, side):
    generator = Generator(size, 4, 1, side)
    pair, y = torch.rand(2, 3 + side, size, size), torch.zeros(2, 15)
    latent, made = generator(pair, y, with_latent=True)
    assert latent.shape == (2, 64, size // 16, size // 16)
    assert made.shape == pair.shape
    assert made.abs().max() <= 1
    torch.testing.assert_close(generator(pair, y), made)
    # Attributes enter behind the latent.
    other = torch.eye(15)[:2]
    assert torch.equal(generator(pair, other, with_latent=True)[0], latent)
    assert not torch.equal(generator(pair, other), made)


def test_the_papers_own_size():
    with torch.device("meta"):
        generator = Generator()
    assert generator.architecture == {"size": 128, "width": 64, "blocks": 6, "side": 1}
    strided = [m for m in generator.encoder if getattr(m, "stride", None) == (2, 2)]
    assert (len(strided), generator.encoder[0].out_channels) == (4, 64)
    assert sum(isinstance(m, torch.nn.PixelShuffle) for m in generator.decoder.modules()) == 4


@pytest.mark.parametrize("wrong", [{"size": 16}, {"size": 48}, {"side": 4}, {"width": 0}])
def test_sizes_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Generator(**wrong)


def test_the_bidirectional_loss_by_hand():
    pair = torch.zeros(1, 4, 2, 2)
    again = pair.clone()
    again[:, :3] = 0.5
    again[:, 3] = 0.25
    latent, other = torch.zeros(1, 2, 1, 1), torch.tensor([1.0, 0.0]).reshape(1, 2, 1, 1)
    assert float(bidirectional_loss(pair, again, latent, other)) == 0.5 + 0.25 + 0.5
    assert float(bidirectional_loss(pair[:, :3], again[:, :3], latent, other)) == 1.0


def test_the_parsing_loss_by_hand():
    def parse(pictures):
        return torch.cat([pictures[:, :1], torch.zeros_like(pictures[:, :1])], 1)

    photos, made = torch.ones(1, 3, 1, 2), torch.ones(1, 3, 1, 2)
    made[..., 1] = -1.0
    # Both pixels are of the first part; made pictures say so with odds of e and of 1 / e.
    chances = torch.tensor([1.0, -1.0]).sigmoid()
    torch.testing.assert_close(parsing_loss(parse, photos, made), -chances.log().mean())
    made.requires_grad_()
    parsing_loss(parse, photos, made).backward()
    assert made.grad is not None and made.grad.any()


def test_regions_are_parts():
    regions = torch.zeros(1, 12, 1, 12)
    regions[0, range(12), 0, range(12)] = 1
    parts = parts_of(regions).argmax(1)[0, 0].tolist()
    found = {region: PARTS[parts[region]] for region in Region}
    assert found[Region.LIPS] == "lips" and found[Region.EYES] == "eyes"
    assert found[Region.SKIN] == found[Region.NOSE] == "skin"
    assert found[Region.HAIR] == found[Region.MOUTH] == found[Region.EYEGLASSES] == "rest"


def test_the_parser_learns_what_it_is_taught():
    torch.manual_seed(0)
    pictures = torch.rand(4, 3, 2, 2).repeat_interleave(8, 2).repeat_interleave(8, 3) * 2 - 1

    def teach(photos):
        bright = (photos[:, :1] > 0).float()
        return torch.cat([1 - bright, bright, 0 * bright, 0 * bright], 1)

    steps = 80
    parser = train_parser([(pictures, pictures)] * steps, teach, PartParser(2), steps)
    with torch.no_grad():
        found = parser(pictures)
    assert found.shape == (4, 4, 16, 16)
    assert (found.argmax(1) == teach(pictures).argmax(1)).float().mean() > 0.8
    assert not parser.training
