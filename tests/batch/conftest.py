import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from faceedit.batch.editor import FaceEditor
from faceedit.batch.run import RunOptions, run
from faceedit.faces.build import build_finder
from faceedit.photos import plan
from faceedit.registry import Registry, packaged_weights
from faceedit.targets import parse_target


@pytest.fixture(scope="session")
def finder():
    return build_finder(Registry.load([packaged_weights()]))


@pytest.fixture(scope="session")
def astronaut():
    return skimage.data.astronaut()


@pytest.fixture(scope="session")
def portrait(astronaut):
    """The astronaut cut to (256, 210): her face lies in rows 60 to 190 and columns 50 to 160."""
    return np.ascontiguousarray(astronaut[:256, 120:330])


@pytest.fixture(scope="session")
def five(astronaut):
    """A group: five times the astronaut, of two sizes."""
    photo = np.full((760, 1100, 3), 90, np.uint8)
    large = cv2.resize(astronaut[:400, 80:430], None, fx=1.0, fy=1.0)
    small = cv2.resize(large, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    for at in range(3):
        photo[20:420, 10 + 362 * at : 360 + 362 * at] = large
    for at in range(2):
        photo[430:750, 150 + 400 * at : 430 + 400 * at] = small
    return photo


@pytest.fixture
def editor(finder, make_method):
    return FaceEditor(finder, make_method())


@pytest.fixture
def folder(tmp_path, astronaut):
    """``photos`` with a face, a photo without one, a broken file, and a face in a subfolder."""
    photos = tmp_path / "photos"
    (photos / "sub").mkdir(parents=True)
    Image.fromarray(astronaut).save(photos / "a.png")
    Image.new("RGB", (64, 48), (9, 90, 9)).save(photos / "blank.jpg")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    Image.fromarray(astronaut).save(photos / "sub" / "b.png")
    return photos


@pytest.fixture
def run_folder(editor):
    """Edit a folder: ``run_folder(folder, on_no_face="skip") -> {name below it: Result}``.

    What lies in the output folder afterwards has to be outputs and nothing else.
    """

    def run_all(folder, **options):
        options = RunOptions(**{"target": parse_target(["happy"]), **options})
        jobs = plan([folder], format=options.write.format)
        results = {str(r.job.source.relative_to(folder)): r for r in run(jobs, editor, options)}
        left = {p for p in folder.with_name("photos-edited").rglob("*") if not p.is_dir()}
        assert left == {one.output for one in results.values() if one.output}
        return results

    return run_all
