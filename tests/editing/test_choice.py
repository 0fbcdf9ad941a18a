"""Which faces of a photo are edited: by where they are, and by who they are."""

import numpy as np
import pytest
from PIL import Image

from faceedit.editing.build import EditNetworks, EditSettings
from faceedit.editing.choice import NOT_ASKED, Chooser, WhichFaces
from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import Step
from faceedit.errors import UsageError
from faceedit.faces.find.finder import FindOptions
from faceedit.recognisers.identity import Identity
from faceedit.targets import parse_target

HAPPY = parse_target("happy")


class Names:
    """Reads who faces are from where they stand: a person for each third of the photo."""

    threshold = 0.5

    def __init__(self, width):
        self.width = width

    def read(self, crops, batch):
        middles = [-one.affine[0, 2] / one.affine[0, 0] for one in crops]
        return [person(min(int(3 * (x + 60) / self.width), 2)) for x in middles]


def person(number):
    return Identity(np.eye(3, dtype=np.float32)[number])


def edited(editor, photo, target=HAPPY):
    done = editor.edit_pixels(photo, target)
    return [round(face.box[0]) for face in done.faces], done


@pytest.mark.parametrize(
    ("place", "wanted"),
    [("left", min), ("right", max), ("center", lambda x: sorted(x)[2]), ("1", lambda x: x[0])],
)
def test_one_face_by_its_place(finder, make_method, five, place, wanted):
    all_of, _ = edited(FaceEditor(finder, (Step(make_method()),)), five)
    chooser = Chooser(WhichFaces(place))
    one, done = edited(FaceEditor(finder, (Step(make_method()),), chooser=chooser), five)
    assert one == [wanted(all_of)]
    assert [why for _, why in done.others] == [f"{NOT_ASKED}: --face {place}"] * 4
    height, width = np.nonzero((done.pixels != five).any(-1))
    assert width.min() > one[0] - 120
    assert height.size


def test_a_place_that_nobody_has(finder, make_method, five):
    chooser = Chooser(WhichFaces("9"))
    one, done = edited(FaceEditor(finder, (Step(make_method()),), chooser=chooser), five)
    assert (one, len(done.others)) == ([], 5)
    assert done.pixels is five
    for bad in ("middle", "0", "-1", "9" * 12, "\u0661"):
        with pytest.raises(UsageError, match="write left, right, center"):
            WhichFaces(bad)


def test_people_by_their_photos(finder, make_method, five):
    network, known = Names(five.shape[1]), {f"{n}.jpg": person(n) for n in range(3)}

    def chosen(which, others=True):
        chooser = Chooser(which, network, known, others)  # pyright: ignore[reportArgumentType]
        return edited(FaceEditor(finder, (Step(make_method()),), chooser=chooser), five)

    first, done = chosen(WhichFaces(only=("0.jpg",)))
    rest, _ = chosen(WhichFaces(leave=("0.jpg",)))
    assert 0 < len(first) < 5
    assert len(first) + len(rest) == 5
    assert max(first) < min(rest)
    assert done.others[0][1] == f"{NOT_ASKED}: alike by 0.00, --only needs 0.50"
    both, _ = chosen(WhichFaces(only=("0.jpg", "2.jpg")))
    assert set(first) < set(both)
    assert len(chosen(WhichFaces("right", only=("0.jpg",)))[0]) == 1
    # Each of two people gets what is theirs; the others what all get, or nothing.
    people = (("0.jpg", parse_target("happy:0.5")), ("2.jpg", parse_target("surprised")))
    who, done = chosen(WhichFaces(people=people), others=False)
    assert sorted(who) == sorted(both)
    shown = {tuple(one.to_json().items()) for one in done.applied}
    assert shown == {(("happy", 0.5),), (("surprised", 1.0),)}
    who, done = chosen(WhichFaces(people=people))
    assert len(who) == 5
    assert (("happy", 1.0),) in {tuple(one.to_json().items()) for one in done.applied}


def test_the_network_tells_a_person_from_another(tmp_path, astronaut):
    path = tmp_path / "her.png"
    Image.fromarray(astronaut).save(path)
    which = WhichFaces(only=(str(path),))
    networks = EditNetworks(
        EditSettings(HAPPY, find=FindOptions(faces="largest"), which=which, edit_shown=True)
    )
    editor = networks.editor(HAPPY)
    assert editor.chooser is not None
    assert 0.1 < editor.chooser.threshold < 0.5
    assert "identity" in editor.facts["networks"]
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    (face,) = editor.finder.find(mirrored)[:1]
    assert editor.chooser.choose(mirrored, [face])[0].why_not == ""
    assert which.facts().keys() == {"only"}
    assert WhichFaces().facts() == {}
