"""Show that a change of the code changes no output: 60 portraits, 8 targets, the shipped weights.

    python scripts/compare_outputs.py DATA before.json     # makes the file
    python scripts/compare_outputs.py DATA before.json     # after the change: compares

Runs ``faceedit apply`` once for each target. The file keeps, for each photo, the hash of its output
and what the manifest says of it but times and versions. Exit code 1 where something differs.
"""

import argparse
import csv
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGETS = (
    "neutral", "happy", "sad", "surprised", "angry:0.7", "disgusted", "afraid",
    "happy:0.4+surprised:0.3",
)  # fmt: skip
PHOTOS = 60
CHANGING = ("input", "output", "sha256", "seconds", "time", "version", "faceedit")
"""Fields of a line, or parts of their names, that may differ between two runs."""


def main() -> int:
    """Save what comes out, or compare it with what was saved."""
    parser = argparse.ArgumentParser(description="Save or compare outputs of `faceedit apply`.")
    parser.add_argument("data", type=Path)
    parser.add_argument("saved", type=Path)
    arguments = parser.parse_args()
    with (arguments.data / "portraits.csv").open() as file:
        rows = list(csv.DictReader(file))
    photos = [arguments.data / "portraits" / row["file"] for row in rows[:: len(rows) // PHOTOS]]
    now = dict(made(photos[:PHOTOS]))
    if not arguments.saved.exists():
        arguments.saved.write_text(json.dumps(now, indent=1))
        print(f"{arguments.saved}: {len(now)} outputs")
        return 0
    before = json.loads(arguments.saved.read_text())
    differ = [name for name in before | now if before.get(name) != now.get(name)]
    for name in differ:
        print(f"{name}\n  before {before.get(name)}\n  now    {now.get(name)}")
    print(f"{len(differ)} of {len(before)} outputs differ")
    return bool(differ)


def made(photos: list[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Edit photos; yield what became of each, by target and name."""
    for target in TARGETS:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "faceedit", "apply", "-q", "-t", target, "-o", folder]
            subprocess.run([*command, *photos], check=True)
            for text in (Path(folder) / "faceedit.jsonl").read_text().splitlines():
                line = json.loads(text)
                output = (Path(folder) / line["place"]).read_bytes()
                kept = {k: v for k, v in line.items() if not any(part in k for part in CHANGING)}
                kept["bytes"] = hashlib.sha256(output).hexdigest()
                yield f"{target} {line['place']}", kept


if __name__ == "__main__":
    sys.exit(main())
