"""Training of recognisers. This list of them is light to import: help reads it before torch."""

RECOGNISERS = {
    name: f"{__name__}.{name.replace('-', '_')}"
    for name in ("identity", "expression", "units", "appearance", "naturalness", "unit-judge")
}
"""By name, the module whose ``build(request)`` makes the task."""
