from dataclasses import replace

import torch

from faceedit.recognisers.base import FACE_WINDOW, window
from faceedit.training.recognisers.augment import (
    CROP,
    NOTHING,
    Augmentation,
    frame,
    frame_labels,
    place,
    recolour,
)


def smooth(n: int = 3, size: int = 64) -> torch.Tensor:
    torch.manual_seed(0)
    coarse = torch.rand(n, 3, 8, 8)
    return torch.nn.functional.interpolate(coarse, (size, size), mode="bicubic").clamp(0, 1)


def test_without_changes_a_frame_is_the_recognisers_window():
    x = smooth()
    transforms = place(3, NOTHING, FACE_WINDOW, torch.zeros(3, dtype=torch.bool))
    torch.testing.assert_close(frame(x, transforms, 46), window(x, 46), atol=1e-4, rtol=0)
    torch.testing.assert_close(recolour(x.clone(), NOTHING), x, atol=2e-3, rtol=0)


def test_mirrored_frames_are_frames_of_the_mirrored_crop():
    x = smooth()
    plain = place(3, NOTHING, FACE_WINDOW, torch.zeros(3, dtype=torch.bool))
    mirrored = place(3, NOTHING, FACE_WINDOW, torch.ones(3, dtype=torch.bool))
    torch.testing.assert_close(
        frame(x, mirrored, 46), frame(x.flip(3), plain, 46), atol=1e-4, rtol=0
    )


def test_pictures_and_labels_move_alike():
    torch.manual_seed(1)
    labels = torch.zeros(4, 64, 64, dtype=torch.uint8)
    labels[:, 20:40, 10:30] = 7
    change = replace(NOTHING, turn=0.2, scale=0.1, shift=0.1)
    transforms = place(4, change, CROP, torch.tensor([True, False, True, False]))
    pictures = frame((labels == 7).float()[:, None], transforms, 64)
    found = frame_labels(labels, transforms, 64)
    assert ((pictures[:, 0] > 0.5) == (found == 7)).float().mean() > 0.99
    assert set(found.unique().tolist()) == {0, 7}


def test_turns_keep_shapes_and_stay_within_their_limits():
    torch.manual_seed(2)
    change = replace(NOTHING, turn=0.3, scale=0.2, shift=0.1)
    m = place(200, change, FACE_WINDOW, torch.zeros(200, dtype=torch.bool))
    half = FACE_WINDOW[2] - FACE_WINDOW[0]
    size = torch.linalg.det(m[:, :, :2]).sqrt() / half
    assert 0.8 < size.min() < 0.9 and 1.1 < size.max() < 1.23
    assert m[:, 0, 2].abs().max() <= 0.1 * 2 * half + 1e-6
    # A similarity: no shear.
    assert (m[:, 0, :2] * m[:, 1, :2]).sum(1).abs().max() < 1e-5


def test_colours_change_within_range_and_repeat_with_the_seed():
    x = smooth()
    torch.manual_seed(3)
    first = recolour(x.clone(), Augmentation())
    torch.manual_seed(3)
    torch.testing.assert_close(recolour(x.clone(), Augmentation()), first)
    assert first.min() >= 0 and first.max() <= 1
    assert (first - x).abs().mean() > 0.02
    grey = recolour(smooth()[:, :1], Augmentation())
    assert grey.shape == (3, 1, 64, 64)
