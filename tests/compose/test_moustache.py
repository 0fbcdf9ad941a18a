import made_up
import numpy as np

from faceedit.compose.mouth.moustache import hair_over_lip, hang_hairs
from faceedit.compose.mouth.opening import MouthPoints, draw_opening, mouth_box
from faceedit.faces.topology import LOWER_INNER_LIP, SUBNASALE, mean_shape


def opened() -> MouthPoints:
    face = made_up.place(mean_shape(), 90.0)
    face[list(LOWER_INNER_LIP[1:-1]), 1] += 18
    return MouthPoints(face, face, face)


def bearded(light: float) -> np.ndarray:
    face, photo = opened().landmarks, np.full((256, 256, 3), 0.5, np.float32)
    rows = slice(int(face[SUBNASALE, 1]) + 3, int(face[13, 1]) + 1)
    photo[rows] = light
    return photo


def test_dark_hair_covers_a_lip_and_skin_and_shadow_do_not():
    face = opened().landmarks
    assert hair_over_lip(bearded(0.1), face) == 1
    assert hair_over_lip(bearded(0.45), face) == 0
    assert hair_over_lip(0.2 * bearded(0.5), face) == 0
    assert hair_over_lip(np.zeros((9, 9, 3), np.float32), face) == 0


def test_hairs_hang_before_the_upper_teeth_alone():
    after = opened()
    box = mouth_box([after.ring], 90.0, (256, 256))
    opening = draw_opening(after, box, 90.0)
    teeth = np.ones((*opening.coverage.shape, 3), np.float32)
    photo = bearded(0.1)[box]
    assert hang_hairs(teeth, photo, after, opening, 0.0) is teeth
    hung = hang_hairs(teeth, photo, after, opening, 1.0)
    column = hung[:, hung.shape[1] // 2, 0]
    inside = opening.coverage[:, hung.shape[1] // 2] > 0.9
    assert column[inside][0] < 0.5 and (column[inside][-8:] == 1).all()
    assert (teeth == 1).all()
