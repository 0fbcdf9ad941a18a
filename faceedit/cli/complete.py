"""What a shell offers for the value of an option, light enough for every press of a key."""

from collections.abc import Iterable


def targets(incomplete: str) -> list[str]:
    """Return the expressions that go on as what was typed, behind a ``+`` too."""
    from faceedit.targets import EXPRESSIONS

    before, plus, last = incomplete.rpartition("+")
    return [f"{before}{plus}{one}" for one in _like(EXPRESSIONS, last)]


def lights(incomplete: str) -> list[str]:
    """Return the named lights."""
    from faceedit.lights import LIGHTS

    return _like([*LIGHTS, "flat", "random"], incomplete)


def models(incomplete: str) -> list[str]:
    """Return the methods that ship."""
    from faceedit.methods.catalogue import AUTO, shipped_methods

    return _like([AUTO, *(one.name for one in shipped_methods())], incomplete)


def trained(incomplete: str) -> list[str]:
    """Return what can be trained."""
    from faceedit.methods.catalogue import METHODS
    from faceedit.training.recognisers import RECOGNISERS

    return _like([*METHODS, *RECOGNISERS], incomplete)


def checkpoints(incomplete: str) -> list[str]:
    """Return the names of checkpoints that are known here."""
    from faceedit.errors import FaceEditError
    from faceedit.registry import open_registry

    try:
        return _like(open_registry(None).entries, incomplete)
    except FaceEditError:
        return []


def _like(known: Iterable[str], begin: str) -> list[str]:
    return [one for one in known if one.startswith(begin)]
