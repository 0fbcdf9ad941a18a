"""Several faces in one photo stand in one light."""

import numpy as np
from face_networks import astronaut

from faceedit.editing.build import EditNetworks, EditSettings
from faceedit.faces.align import extract_crop
from faceedit.methods.legan.method import LEGAN
from faceedit.methods.legan.relight import as_light
from faceedit.targets import parse_target

LEFT = parse_target("light=left")


def test_a_face_and_its_mirror_image_are_lit_from_one_side():
    photo = np.hstack([astronaut(), astronaut()[:, ::-1]])
    editor = EditNetworks(EditSettings(LEFT)).editor(LEFT)
    method = editor.steps[0].method
    assert isinstance(method, LEGAN)

    def lights(pixels):
        """Where the light on each face comes from, unit vectors."""
        crops = [extract_crop(pixels, face.landmarks, 128, wide=True).wide for face in faces]
        return [np.array(as_light(method.read_light(crop)).direction) for crop in crops]

    faces = editor.find(photo)
    assert len(faces) == 2
    own, mirrored = lights(photo)
    one, other = lights(editor.edit_pixels(photo, LEFT).pixels)
    assert own @ mirrored < np.cos(np.radians(60))
    assert max(one[0], other[0]) < -0.6
    assert one @ other > np.cos(np.radians(25))
