from dataclasses import replace

import numpy as np
import pytest
from toy_faces import light_number, lit_table

from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.regions import Region
from faceedit.training.recognisers.examine_appearance import (
    Seen,
    attributes_report,
    balanced_accuracies,
    lights_report,
    look,
    overlaps,
    regions_report,
    summary,
    thresholds,
)
from faceedit.training.recognisers.faces import NO_REGION, FaceTable

SMALL = {
    "size": 64, "parser_widths": (8, 8, 8, 16), "inner": (8, 8, 8), "looks_size": 32,
    "widths": (8, 8, 8, 16), "zone_width": 4,
}  # fmt: skip


@pytest.fixture(scope="module")
def studio() -> FaceTable:
    return lit_table()


def test_overlaps_count_pixels():
    wanted = np.zeros((1, 4, 4), np.uint8)
    wanted[0, 2:] = Region.HAIR
    wanted[0, 3] = NO_REGION
    found = np.full((1, 4, 4), Region.HAIR)
    found[0, 0] = Region.BACKGROUND
    both, either = overlaps(found, wanted)
    assert (both[0, Region.HAIR], either[0, Region.HAIR]) == (4, 8)
    assert (both[0, Region.BACKGROUND], either[0, Region.BACKGROUND]) == (4, 8)
    assert either[0, Region.SKIN] == 0


def test_balanced_accuracy_weighs_both_kinds_alike():
    wanted = np.array([[1.0], [0.0], [0.0], [0.0], [np.nan]])
    logits = np.array([[1.0], [-1.0], [-1.0], [2.0], [3.0]])
    assert balanced_accuracies(logits, wanted, np.ones(5)) == pytest.approx([(1 + 2 / 3) / 2])
    assert balanced_accuracies(logits, wanted, np.array([1, 1, 1, 0, 1])) == pytest.approx([1])
    assert np.isnan(balanced_accuracies(logits, wanted, np.array([0, 1, 1, 1, 1]))).all()


def test_thresholds_part_the_two_kinds_and_trust_many_faces_more():
    rng = np.random.default_rng(0)
    wanted = np.repeat([[1.0], [0.0]], 200, 0)
    logits = rng.normal(0, 0.3, (400, 1)) + np.where(wanted == 1, 0.0, -3.0)
    many = thresholds(logits, wanted)[0]
    assert -2 < many < -1
    few = thresholds(logits[[0, 1, *range(200, 400)]], wanted[[0, 1, *range(200, 400)]])[0]
    assert many < few < -0.1
    assert thresholds(logits[:200], wanted[:200])[0] == 0


def test_the_report_of_a_perfect_reader(studio):
    faces = replace(studio, attributes=(np.arange(24 * 13).reshape(24, 13) % 2).astype(np.float32))
    counts = np.ones((24, 12))
    seen = Seen(
        faces.attributes * 2 - 1,
        np.eye(20)[np.maximum(faces.light, 0)],
        np.nan_to_num(faces.light_vector),
        counts,
        counts,
    )
    assert summary(seen, faces) == {"attributes": 1, "lights": 1, "regions": 1}
    assert attributes_report(seen, faces, 20)["balanced accuracy"]["mean"] == [1, 1, 1]
    lights = lights_report(seen, faces, 20)
    assert lights["pictures"] == 20 and lights["taken for"] == {}
    assert lights["direction and strength"]["median degrees"][0] == pytest.approx(0, abs=0.1)
    assert regions_report(seen, faces, 20)["intersection over union"]["hair"] == [1, 1, 1]
    wrong = replace(seen, lights=np.eye(20)[np.full(24, light_number("back"))])
    assert lights_report(wrong, faces, 20)["taken for"]["top for back"] == 1


def test_a_table_is_looked_at_in_batches(studio):
    network = AppearanceRecogniser(**SMALL).eval()
    whole, parts = look(network, studio), look(network, studio, 7)
    np.testing.assert_allclose(whole.attributes, parts.attributes, atol=1e-4)
    assert whole.either.shape == (24, 12) and whole.either.sum() >= 24 * 64 * 64
