"""The table of an augmented collection, and the summary of a plan."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping

from faceedit.augmentation.collection import Collection, Original
from faceedit.augmentation.plan import Made, Plan
from faceedit.batch.result import Result

TABLE_FILE = "labels.csv"
MADE_COLUMNS = ("made_from", "target", "seed", "model", "outcome", "identity", "faint")
COLUMNS = ("file", "label", "expression", "person", "split", *MADE_COLUMNS)
"""Of all tables; what a collection says beside comes behind them."""


def table_of(
    collection: Collection,
    made: Mapping[str, tuple[Made, Result]],
    kept: set[str],
    *,
    seed: int,
    model: str,
) -> tuple[bytes, int]:
    """Return the table, a line for each picture of the output, and how many there are.

    Args:
        collection: what was augmented.
        made: by place, what was to be made and what became of it.
        kept: places of photos that are in the output.
        seed: of the recipe.
        model: method and profile that edited.
    """
    others = tuple(name for name in collection.columns if name not in COLUMNS)
    rows = [_original_row(one) for one in collection.originals if one.place in kept]
    for one, result in made.values():
        if result.outcome == "edited":
            row = _made_row(one, result)
            rows.append({**row, "seed": str(seed), "model": model})
    rows.sort(key=lambda row: (row["made_from"] or row["file"], row["file"]))
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, (*COLUMNS, *others), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    # A name that is no Unicode must not make the whole table unreadable.
    return file.getvalue().encode(errors="backslashreplace"), len(rows)


def _original_row(one: Original) -> dict[str, str]:
    """Return the row of a photo: all that its collection says of it."""
    nothing = dict.fromkeys(MADE_COLUMNS, "")
    outcome = one.columns.get("outcome") or "original"
    return {**nothing, **one.columns, **_identity(one), "file": one.place, "outcome": outcome}


def _identity(one: Original) -> dict[str, str]:
    about = {"label": one.label, "expression": one.expression}
    return {**about, "person": one.person, "split": one.split}


def _made_row(one: Made, result: Result) -> dict[str, str]:
    """Return the row of a made picture: its photo's, but for what was edited."""
    source = one.source
    row = {**source.columns, **_identity(source)}
    if one.expression != source.expression:
        # How strong the photo's own expression is says nothing of another one.
        row["strength"] = ""
    faces = [face for face in result.faces if face.outcome == "edited"]
    scores = [face.scores["identity"] for face in faces if "identity" in face.scores]
    return {
        **row,
        "file": one.place,
        "label": one.label,
        "expression": one.expression,
        "made_from": source.place,
        "target": str(one.target),
        "outcome": result.outcome,
        "identity": f"{min(scores):.4f}" if scores else "",
        "faint": str(int(result.is_faint)),
    }


SUMMARY = ("class", "split", "real", "made", "all")


def summary_of(collection: Collection, plan: Plan) -> Iterator[tuple[str, ...]]:
    """Yield a row for each class and split: how many photos, made pictures, and both."""

    def name(label: str, expression: str) -> str:
        return collection.spelled(expression)[0] if expression else label or "-"

    real = Counter((one.split, name(one.label, one.expression)) for one in collection.originals)
    made = Counter((one.source.split, name(one.label, one.expression)) for one in plan.made)
    for split, label in sorted({*real, *made}):
        counts = real[split, label], made[split, label]
        yield label, split or "-", *map(str, (*counts, sum(counts)))
