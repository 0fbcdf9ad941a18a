"""What is known of a method before any of its networks is loaded."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Descriptor:
    """A method's entry in `catalogue.METHODS`.

    Attributes:
        name: as in ``--model`` and in the registry.
        paper: what it follows.
        expressions: named expressions that it serves.
        crop_size: side of the crops that what ships takes, in pixels.
        region: what of a person an edit may change.
        module: offers ``load(checkpoint, device, numerics) -> Method``.
        training: module that offers ``build(request) -> Task``; None where nothing is trained.
    """

    name: str
    paper: str
    expressions: tuple[str, ...]
    crop_size: int
    region: str
    module: str
    training: str | None = None
