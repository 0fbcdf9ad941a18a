import math

from faceedit.evaluation.metrics import METRICS
from faceedit.evaluation.published import read_published, theirs


def test_every_table_is_whole_and_its_columns_are_ours():
    names = {metric.name for metric in METRICS}
    tables = read_published()
    assert {table.paper for table in tables} == {"RegGAN", "EGGAN", "LEGAN", "LSSL", "SeCGAN"}
    for table in tables:
        assert len(table.columns) == len(table.metrics) == len(table.scales)
        assert {name for name in table.metrics if name} <= names
        assert all(len(values) == len(table.columns) for _, values in table.rows)
        assert table.own in dict(table.rows)


def test_numbers_are_the_papers():
    first = read_published()[0]
    assert (first.paper, first.table) == ("RegGAN", "Table I")
    assert dict(first.rows)["RegGAN"] == (0.77, 0.69, 0.84, 72.48)
    assert dict(first.rows)["GANimation"] == (0.45, 0.64, 0.80, 94.09)
    assert theirs("ECS") == (0.77, "RegGAN Table I")
    accuracy = theirs("editing accuracy")
    assert accuracy is not None
    assert math.isclose(accuracy[0], 0.8279)
    assert theirs("ssFID") == (1.61, "SeCGAN Table 1, CelebA 128 px")
    assert theirs("AU MSE") == (0.24, "EGGAN Table 1")
    percent = theirs("identity verification")
    assert percent is not None
    assert math.isclose(percent[0], 0.9704)
    assert percent[1] == "EGGAN Table 2"
    assert theirs("sharpness") is None
