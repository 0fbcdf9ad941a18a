import made_up
import numpy as np
import pytest
import torch

from faceedit.compose.eye_strip import CENTRE, SPAN, STRIP_SIZE, eye_strip
from faceedit.faces.topology import OUTER_EYE_CORNERS
from faceedit.methods.fields.spectacles import SpectaclesHead
from faceedit.methods.fields.strip_samples import draw_spectacles, vary_strip

HEIGHT, WIDTH = STRIP_SIZE


def marked(roll: float, unit: float = 90.0) -> tuple[np.ndarray, np.ndarray]:
    """A picture that is red at the left eye's outer corner and green at the right one's."""
    landmarks = made_up.place(made_up.person(1), unit, roll=roll)
    picture = np.zeros((256, 256, 3), np.float32)
    y, x = np.indices((256, 256))
    for channel, corner in enumerate(OUTER_EYE_CORNERS):
        away = np.hypot(x - landmarks[corner, 0], y - landmarks[corner, 1])
        picture[..., channel] = np.exp(-((away / 4) ** 2))
    return picture, landmarks


@pytest.mark.parametrize("roll", [0.0, 0.3, -0.2])
def test_eyes_lie_level_in_the_same_place_of_every_strip(roll):
    strip = eye_strip(*marked(roll))
    assert strip.shape == (*STRIP_SIZE, 3)
    for channel, side in enumerate((-1, 1)):
        row, column = np.unravel_index(strip[..., channel].argmax(), STRIP_SIZE)
        assert column == pytest.approx((WIDTH - 1) / 2 + side * WIDTH / SPAN / 2, abs=1)
        assert row == pytest.approx((HEIGHT - 1) * CENTRE, abs=1)


def test_a_strip_keeps_its_type_and_beyond_the_crop_repeats_the_border():
    picture = np.full((256, 256, 3), 77, np.uint8)
    strip = eye_strip(picture, made_up.place(made_up.person(1), centre=(0.0, 0.0)))
    assert strip.dtype == np.uint8
    assert (strip == 77).all()


def test_an_answer_does_not_depend_on_light():
    head = SpectaclesHead().eval()
    strip = torch.rand(2, 3, *STRIP_SIZE)
    with torch.no_grad():
        torch.testing.assert_close(head(strip), head(0.4 * strip + 0.2), atol=0.05, rtol=0)
        assert torch.isfinite(head(torch.full((1, 3, *STRIP_SIZE), 0.5))).all()


def test_drawn_frames_change_a_strip_and_stay_colours():
    strip = np.full((*STRIP_SIZE, 3), 0.6, np.float32)
    for seed in range(20):
        drawn = draw_spectacles(strip, np.random.default_rng(seed))
        assert drawn.shape == strip.shape
        assert drawn.dtype == np.float32
        assert -0.3 < drawn.min() <= drawn.max() < 1.3
        changed = np.abs(drawn - strip).max(-1) > 0.05
        assert 0.02 < changed.mean() < 0.7


def test_spectacles_are_drawn_on_bare_faces_only_and_said():
    strip = np.random.default_rng(0).random((*STRIP_SIZE, 3), np.float32)
    said = [vary_strip(strip, False, np.random.default_rng(seed))[1] for seed in range(100)]
    assert 8 < sum(said) < 35
    assert all(vary_strip(strip, True, np.random.default_rng(seed))[1] for seed in range(20))


def test_the_head_learns_to_see_them():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    y = np.linspace(0, 1, HEIGHT)[:, None, None]
    bare = []
    for _ in range(32):
        skin = rng.uniform(0.4, 0.8, 3) * (1 - 0.3 * y * rng.random())
        bare.append(np.float32(skin + rng.normal(0, 0.02, (*STRIP_SIZE, 3))))
    worn = [draw_spectacles(strip, rng) for strip in bare]
    strips = torch.from_numpy(np.stack(bare + worn)).permute(0, 3, 1, 2).float()
    truth = torch.arange(64) >= 32
    head = SpectaclesHead()
    optimiser = torch.optim.Adam(head.parameters(), 3e-3)
    for _ in range(12):
        optimiser.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(head(strips), truth.float())
        loss.backward()
        optimiser.step()
    assert ((head(strips) > 0) == truth).float().mean() > 0.9
