import cv2
import numpy as np
import pytest

from faceedit.evaluation.restyle import STYLES
from faceedit.faces.topology import EYES, IRISES, mean_shape

SIDE, UNIT = 160, 60.0


def landmarks():
    return (mean_shape()[:, :2] * UNIT + (SIDE / 2, 60)).astype(np.float32)


def portrait():
    """Skin with pores, dark irises and red lips."""
    noise = np.random.default_rng(0).normal(0, 15, (SIDE, SIDE, 1))
    picture = np.clip(np.array([190, 150, 130]) + noise, 0, 255).astype(np.uint8)
    for eye, iris in zip(EYES, IRISES, strict=True):
        ring = np.rint(landmarks()[list(eye)]).astype(int)
        cv2.fillPoly(picture, [ring], (230, 230, 225))
        x, y = landmarks()[list(iris)].mean(0)
        cv2.circle(picture, (round(x), round(y)), 3, (40, 30, 20), -1)
    return picture


def fine(picture):
    luma = picture.astype(float).mean(-1)[90:130, 60:100]
    return np.abs(luma - cv2.GaussianBlur(luma, (0, 0), 1.5)).mean()


@pytest.mark.parametrize("style", STYLES)
def test_a_style_gives_another_picture_of_the_same_shape(style):
    picture = portrait()
    kept = picture.copy()
    styled = STYLES[style](picture, landmarks())
    assert styled.shape == picture.shape
    assert styled.dtype == np.uint8
    np.testing.assert_array_equal(picture, kept)
    assert np.abs(styled.astype(int) - picture).mean() > 3
    np.testing.assert_array_equal(styled, STYLES[style](picture, landmarks()))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_plain_pictures_and_faces_out_of_frame_are_no_error(style, level):
    picture = np.full((40, 60, 3), level, np.uint8)
    assert STYLES[style](picture, landmarks() - 500).shape == picture.shape


def test_grey_has_no_colour():
    assert np.ptp(STYLES["grey"](portrait(), landmarks()), axis=-1).max() == 0


def test_strokes_hide_pores():
    # The weave of the canvas is as regular as it is fine: a stroke away it is the same.
    assert fine(STYLES["painting"](portrait(), landmarks())) < 0.8 * fine(portrait())


def test_paper_is_light_and_lines_are_dark():
    drawn = STYLES["drawing"](portrait(), landmarks()).astype(float).mean(-1)
    x, y = np.rint(landmarks()[list(IRISES[0])].mean(0)).astype(int)
    assert drawn[y, x] < 0.5 * np.median(drawn)


def test_what_is_carved_has_no_irises():
    def contrast(picture):
        x, y = np.rint(landmarks()[list(IRISES[0])].mean(0)).astype(int)
        around = picture[y - 4 : y + 5, x - 9 : x + 10].astype(float).mean(-1)
        return np.ptp(around) / around.mean()

    assert contrast(STYLES["statue"](portrait(), landmarks())) < 0.6 * contrast(portrait())
