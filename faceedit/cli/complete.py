"""What a shell offers for the value of an option, light enough for every press of a key."""

from collections.abc import Iterable


def targets(incomplete: str) -> list[str]:
    """Return the expressions that go on as what was typed, behind a ``+`` too."""
    from faceedit.targets import EXPRESSIONS

    before, plus, last = incomplete.rpartition("+")
    return [f"{before}{plus}{one}" for one in _like(EXPRESSIONS, last)]


def lists(incomplete: str) -> list[str]:
    """Return how a list of targets may go on: an expression, ``light=left`` or ``attr=...``."""
    before, comma, last = incomplete.rpartition(",")
    part, sign, value = last.partition("=")
    if not sign:
        found = [*targets(last), *_like(["light=", "attr=", "au=", "turn="], last)]
    else:
        values = lights(value) if part == "light" else attributes(value) if part == "attr" else ()
        found = [f"{part}={one}" for one in values]
    return [f"{before}{comma}{one}" for one in found]


def attributes(incomplete: str) -> list[str]:
    """Return the attributes that ship as they are written, behind a comma too."""
    from faceedit.methods.catalogue import METHODS
    from faceedit.targets import ATTRIBUTE_PHRASES, in_units, parse_target

    served = [name for one in METHODS.values() for name in one.targets]
    before, comma, last = incomplete.rpartition(",")
    ship = [
        write
        for text, (write, _) in ATTRIBUTE_PHRASES.items()
        if not in_units(parse_target(f"attr={text}"), served).missing(served)
    ]
    return [f"{before}{comma}{one}" for one in _like(ship, last)]


def places(incomplete: str) -> list[str]:
    """Return where a face may be that is meant."""
    return _like(["left", "right", "center", "1", "2"], incomplete)


def numbers_of_faces(incomplete: str) -> list[str]:
    """Return how many faces may be meant."""
    return _like(["all", "largest", "2"], incomplete)


def presets(incomplete: str) -> list[str]:
    """Return the presets of the files of settings; none of a file that cannot be read."""
    from contextlib import suppress

    from faceedit.cli.settings import PRESET, settings_files
    from faceedit.untrusted import parse_toml, read_text

    found: dict[str, None] = {}
    for path in settings_files():
        with suppress(OSError, ValueError, TypeError, AttributeError):
            found |= dict.fromkeys(parse_toml(read_text(path)).get(PRESET, {}).keys())
    return _like(found, incomplete)


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
    """Return the methods that ship and the names of checkpoints that are known here."""
    from faceedit.errors import FaceEditError
    from faceedit.methods.catalogue import shipped_methods
    from faceedit.registry import open_registry

    methods = [one.name for one in shipped_methods()]
    try:
        return _like([*methods, *open_registry(None).entries], incomplete)
    except FaceEditError:
        return _like(methods, incomplete)


def _like(known: Iterable[str], begin: str) -> list[str]:
    return [one for one in known if one.startswith(begin)]
