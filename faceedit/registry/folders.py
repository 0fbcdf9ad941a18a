"""Where weights are looked for."""

import os
from pathlib import Path

from faceedit.errors import UsageError, WeightsError
from faceedit.limits import shorten
from faceedit.registry.cards import REGISTRY_FILE

ENV_USER_FOLDER = "FACEEDIT_WEIGHTS"

_PACKAGE = Path(__file__).resolve().parent.parent


def packaged_weights() -> Path:
    """Return the folder of the weights that ship with the program.

    A wheel carries it inside the package, a checkout beside it.
    """
    inside = _PACKAGE / "weights"
    return inside if (inside / REGISTRY_FILE).is_file() else _PACKAGE.parent / "weights"


def user_weights() -> Path:
    """Return the user's own folder, which may not exist yet.

    ``FACEEDIT_WEIGHTS`` names it; otherwise it lies in the platform's cache folder.

    Raises:
        UsageError: ``FACEEDIT_WEIGHTS`` names what no folder can be called.
    """
    named = os.environ.get(ENV_USER_FOLDER)
    if named:
        try:
            folder = Path(named).expanduser()
            folder.is_dir()
        except (OSError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "there is no such user"
            raise UsageError(f"{ENV_USER_FOLDER}={shorten(named)}: {reason}") from error
        return folder
    from platformdirs import user_cache_path

    return user_cache_path("faceedit", appauthor=False) / "weights"


def search_folders(weights: Path | None = None) -> tuple[Path, ...]:
    """Return the folders that are searched, nearest first.

    Args:
        weights: a folder that comes before all others.

    Raises:
        WeightsError: `weights` is not a folder.
    """
    if weights is None:
        return user_weights(), packaged_weights()
    if not weights.is_dir():
        raise WeightsError(f"{weights}: there is no such file or folder of weights")
    return weights, user_weights(), packaged_weights()
