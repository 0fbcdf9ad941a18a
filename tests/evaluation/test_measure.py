import json

import numpy as np
import pytest
from toy_edits import Reader, edits_of, evidence_of, pictures_of

from faceedit.errors import MissingError, UsageError
from faceedit.evaluation.compare import compare
from faceedit.evaluation.edits import Asked
from faceedit.evaluation.evidence import Evidence
from faceedit.evaluation.gallery import Gallery, Networks
from faceedit.evaluation.markdown import as_markdown
from faceedit.evaluation.match import Failure
from faceedit.evaluation.measure import measure
from faceedit.evaluation.plot import draw_plot
from faceedit.evaluation.report import Report, as_data, formatted
from faceedit.evaluation.tables import contest_table, headline_table, target_table
from faceedit.targets import parse_target

N = 12
HAPPY, HALF = (Asked(parse_target(text)) for text in ("happy", "happy:0.5"))


def happy_in(share):
    """Probabilities by which a picture of grey 0 to 99 is happy below a share of 100."""
    table = np.zeros((256, 8))
    table[:, 0] = 0.5
    table[: round(100 * share), 1] = 1
    return table


@pytest.fixture
def evidence():
    """12 people edited twice: at full strength half are named happy, at half none."""
    codes = [*range(200, 200 + N), *range(0, 100, 9), *range(100, 100 + N)]
    pictures = pictures_of(codes, [f"p{i}" for i in range(N)] * 3, side=16)
    edits = edits_of(
        pictures,
        [*range(N)] * 2,
        [*range(N, 3 * N)],
        (HAPPY, HALF),
        which=[0] * N + [1] * N,
        sharpness=np.linspace(0.9, 1.1, 2 * N),
        changed_outside=np.zeros(2 * N),
        seconds=np.full(2 * N, 0.25),
    )
    return evidence_of(edits, expression=Reader(probabilities=happy_in(0.5)))


def result_of(measurement, name):
    return next(one for one in measurement.results if one.metric.name == name)


def test_the_headline_is_of_plain_strengths(evidence):
    found = measure(evidence, draws=50)
    assert found.groups == {"full strength": N, "happy": N, "happy:0.5": N}
    assert (found.people, found.photos) == (N, N)
    ecs = result_of(found, "ECS")
    assert ecs.groups["full strength"].value == ecs.groups["happy"].value == 0.5
    assert ecs.groups["happy:0.5"].value == 0
    assert ecs.groups["happy"].low < 0.5 < ecs.groups["happy"].high
    assert ecs.copying.value == 0
    assert result_of(found, "sharpness").copying.value == 1
    assert np.isnan(result_of(found, "seconds").copying.value)
    assert result_of(found, "changed outside").groups["happy"].high == 0


def test_what_is_missing_is_named_with_its_reason(evidence):
    pictures, seen = evidence.edits, evidence.gallery.networks.readers
    networks = Networks(seen, missing={"identity": "no weights", "inception": "no file"})
    found = measure(Evidence(pictures, Gallery(pictures.pictures, networks)), draws=5)
    assert found.missing["FSS"] == "no weights"
    assert found.missing["FID"] == "no file"
    assert "real photo" in found.missing["lip error"]
    seen = {**seen, "appearance": Reader(attributes=np.ones((256, 13)))}
    asked_nothing = measure(Evidence(pictures, Gallery(pictures.pictures, Networks(seen))), draws=5)
    assert "no attribute" in asked_nothing.missing["editing accuracy"]
    assert (["FID", "IS"], "no file") in found.missing_by_reason()
    assert {one.metric.name for one in found.results}.isdisjoint(found.missing)


def test_pairs_are_compared_face_by_face(evidence):
    edits = evidence.edits
    edits.rival[N:] = True
    edits.which[:] = 0
    # The other set lacks one face, and one more was only edited there.
    edits.names[N] = "elsewhere.jpg"
    contests = {one.metric.name: one for one in compare(evidence, draws=200)}
    ecs = contests["ECS"]
    # The face without a partner was one of the six that are named happy.
    assert ecs.ours.value == pytest.approx(5 / 11)
    assert ecs.theirs.value == 0
    assert ecs.difference.value == pytest.approx(5 / 11)
    assert ecs.wins == pytest.approx(5 / 11)
    assert ecs.ties == pytest.approx(6 / 11)
    assert ecs.decided
    sharp = contests["sharpness"]
    assert sharp.difference.value == pytest.approx(-0.2 * N / (2 * N - 1))
    assert sharp.decided
    # Equally far from 1 on both sides: nearer wins, whichever side.
    assert 0.3 < (sharp.wins or 0) < 0.7
    assert contests["is_face"].wins is None
    assert not contests["seconds"].decided
    edits.names[:N] = "nowhere.jpg"
    with pytest.raises(UsageError, match="no face"):
        compare(evidence)


def report_of(evidence, **more):
    measured = measure(evidence, draws=20)
    return Report(
        "toy fast", "12 photos of p|q", False, measured,
        notes=("only a toy",), conditions={"device": "cpu"},
        failures=(Failure("bad.jpg", "it is empty"),), **more,
    )  # fmt: skip


def test_the_report_as_data_has_no_nan_and_everything_else(evidence):
    data = json.loads(json.dumps(as_data(report_of(evidence)), allow_nan=False))
    ecs = data["metrics"]["ECS"]
    assert ecs["groups"]["happy"]["value"] == 0.5
    assert ecs["range"] == [0, 1]
    assert ecs["theirs"] == [0.77, "RegGAN Table I"]
    assert data["metrics"]["seconds"]["copying"]["value"] is None
    assert data["failures"] == [{"name": "bad.jpg", "reason": "it is empty"}]
    assert data["published"][0]["paper"] == "RegGAN"
    assert "FID" in data["missing"]


def test_the_report_as_markdown(evidence):
    text = as_markdown(report_of(evidence), "report.png")
    assert text.startswith("# toy fast on 12 photos of p|q\n")
    assert "24 edits of 12 photos, 12 people" in text
    assert "| ECS ↑ | 0.500 |" in text
    assert "![" in text
    assert "- `bad.jpg`: it is empty" in text
    assert "| RegGAN | 0.77 | 0.69 | 0.84 | 72.48 |" in text
    assert "Only a toy." in text
    # Percent stays percent in the papers' own tables: 0.5 stands beside LSSL's 90.35.
    assert "| *measured here* | 50.0 |" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith(("| ECS", "| SSIM"))}
    assert len(widths) <= 2


def test_tables_for_a_terminal(evidence):
    report = report_of(evidence)
    tables = headline_table(report), target_table(report)
    assert {table and table.row_count for table in tables} == {len(report.measurement.results)}
    assert contest_table(report) is None


def test_the_plot_is_a_png(evidence):
    pytest.importorskip("matplotlib")
    import io

    from PIL import Image

    evidence.edits.rival[N:] = True
    evidence.edits.which[:] = 0
    contests = compare(evidence, draws=20)
    picture = draw_plot(report_of(evidence, contests=contests, against="other"))
    with Image.open(io.BytesIO(picture)) as image:
        assert image.format == "PNG"
        assert min(image.size) > 200


def test_without_matplotlib_a_plot_is_missing(evidence, monkeypatch):
    monkeypatch.setattr("faceedit.evaluation.plot.find_spec", lambda name: None)
    with pytest.raises(MissingError, match="matplotlib"):
        draw_plot(report_of(evidence))


def test_numbers_are_shown_with_three_digits_and_never_as_nan():
    assert [formatted(v) for v in (0.12345, 12.345, 12345.6, 0.0, float("nan"))] == [
        "0.123", "12.3", "12346", "0", "-",
    ]  # fmt: skip
