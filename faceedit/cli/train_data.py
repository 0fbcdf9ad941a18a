"""What ``faceedit train --data`` wants, for a message where it is not there."""

from collections.abc import Sequence
from pathlib import Path

from faceedit.cli.output import tell
from faceedit.errors import UsageError
from faceedit.methods.catalogue import METHODS

_PHOTOS = """\
your own photos (with --from, to go on from weights):
    my-photos/anna/neutral.jpg
    my-photos/anna/happy.jpg
    my-photos/ben/neutral.jpg ...
or a table photos.csv with the columns file, person, expression"""
_PAIRS = """\
or pairs of the studio (faceedit studio pairs --photos portraits/ --rig rig -o runs/pairs):
    runs/pairs/*.tar, with runs/shapes.npz as another --data"""
_LABELLED = """\
photos with labels:
    portraits.csv beside portraits/, or CelebA as it is shared
    (img_align_celeba/, list_attr_celeba.txt)"""
_RELIEFS = """\
tables of surfaces (faceedit studio reliefs --photos portraits/ --rig rig -o runs/reliefs)
or, with --profile paper, pairs (faceedit studio pairs ... -o runs/lit-pairs):
    runs/lit-pairs/*.tar"""
_TABLES = """\
tables of faces, as scripts/face_tables.py writes them:
    tables/web/
    tables/portraits/ ..."""

_WANTED = {
    "reggan": f"{_PHOTOS}\n{_PAIRS}",
    "eggan": f"{_PHOTOS}\n{_PAIRS}",
    "legan": _RELIEFS,
    "secgan": _LABELLED,
    "stargan": _LABELLED,
    "attgan": _LABELLED,
}


def check_data(name: str, data: Sequence[Path]) -> None:
    """Refuse data that is not there.

    Args:
        name: of what is trained.
        data: files and folders.

    Raises:
        UsageError: one of them is missing; what is wanted is told.
    """
    for path in data:
        if not path.exists():
            wanted = _WANTED.get(name, _PHOTOS if name in METHODS else _TABLES)
            tell(f"{name} learns from {wanted}")
            raise UsageError(f"{path}: no such file or folder, which --data names")
