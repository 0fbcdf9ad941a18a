"""True pictures of people in other lights, with other expressions."""

import numpy as np

from faceedit.compose.light.skin import bare_skin
from faceedit.lights import LIGHTS
from faceedit.studio.expressions import Ask
from faceedit.studio.fold_atlas import FoldChoice
from faceedit.studio.lit import PhotoLight, expressive_look, own_look
from faceedit.studio.mouth import MouthChoice
from faceedit.studio.reliefs import SIZE, sit_wide, wide_matte


def test_a_moved_face_is_lit_from_where_it_is_asked(rig, folder_and_sources):
    sitter = sit_wide(rig, folder_and_sources[1][0])
    assert sitter is not None
    own = own_look(sitter, wide_matte(sitter, plain=False))
    photo = PhotoLight.read(sitter, own, own.relief)
    choices = MouthChoice(0), FoldChoice()
    moved = expressive_look(rig, sitter, own.matte, Ask((("happy", 1.3),)), choices)
    assert np.abs(moved.landmarks - own.landmarks)[:468, :2].max() > 0.03 * own.unit
    skin = bare_skin(moved.landmarks, SIZE)
    middle = int(moved.landmarks[1, 0])
    for name, darker in (("left", np.s_[:, middle:]), ("right", np.s_[:, :middle])):
        ratio = photo.ratio(moved, moved.relief, LIGHTS[name]).mean(2)
        assert ratio[darker][skin[darker]].mean() < ratio[skin].mean() - 0.05
