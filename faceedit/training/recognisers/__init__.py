"""Training of recognisers. This list of them is light to import: help reads it before torch."""

RECOGNISERS = {
    name: f"{__name__}.{name}" for name in ("identity", "expression", "appearance", "naturalness")
}
"""By name, the module whose ``build(request)`` makes the task."""
