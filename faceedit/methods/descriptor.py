"""What is known of a method before any of its networks is loaded."""

from dataclasses import dataclass

from faceedit.targets import Part, Target


@dataclass(frozen=True)
class Descriptor:
    """A method's entry in `catalogue.METHODS`.

    Attributes:
        name: as in ``--model`` and in the registry.
        paper: what it follows.
        profile: which of its networks ships, or is trained where none does.
        targets: what it serves as it ships, none where only users train it; in the text form
            without strengths: ``happy``, ``light=left``. An action unit or attribute stands for
            every value of it: ``au=12``, ``attr=beard``; a kind of an attribute is written out:
            ``attr=eyeglasses=round``, and so is what it is turned to where that is all that is
            served: ``attr=beard=on``.
        crop_size: side of the crops that what ships takes, in pixels.
        region: what of a person an edit may change, see `compose.mask.Region`.
        cost: of the network that ships, milliseconds a crop on two CPU cores in fp32.
        module: offers ``load(checkpoint, device, numerics) -> Method``.
        training: module that offers ``build(request) -> Task``, with ``:NAME`` where that is called
            otherwise; None where nothing is trained.
        trained: the profile that is trained unless another is named; "" is `profile`.
        counts_shown: it changes action units by so much; what a face shows is read beforehand, so
            that they end where a target wants them.
        paper_targets: what its ``paper`` network may serve beside `targets`.
        partner: the method that ships and makes `paper_targets` in its place, where it is named for
            a target of which it makes the rest; "" is none.
        experimental: those of `targets` that do not look like photographs often enough, or that a
            network seldom sees afterwards.
        looks_with: names of the checkpoints that what ships runs beside its own.
        of: the method that it is a part of: who names that names this, too.
    """

    name: str
    paper: str
    profile: str
    targets: tuple[str, ...]
    crop_size: int
    region: str
    cost: float
    module: str
    training: str | None = None
    trained: str = ""
    counts_shown: bool = False
    paper_targets: tuple[str, ...] = ()
    partner: str = ""
    experimental: tuple[str, ...] = ()
    looks_with: tuple[str, ...] = ()
    of: str = ""

    @property
    def ships(self) -> bool:
        """Whether there are weights of it; others are trained by who wants them."""
        return bool(self.targets)

    def served(self, paper: bool) -> tuple[str, ...]:
        """Return what ships, or also (`paper`) its other network, serves."""
        return (*self.targets, *(self.paper_targets if paper else ()))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of a target that it serves, in the order in which an edit makes them."""
        served = {part_of(name) for name in self.targets}
        return tuple(part for part in Part if part in served)

    def serves(self, target: Target, paper: bool = False) -> bool:
        """Say whether what ships, or also (`paper`) its other network, makes all of a target."""
        return not target.missing(self.served(paper))


def part_of(name: str) -> Part:
    """Return the part that a served name belongs to.

    >>> part_of("light=left"), part_of("happy")
    (<Part.LIGHT: 'light'>, <Part.EXPRESSION: 'expression'>)
    """
    word, equals, _ = name.partition("=")
    return Part(word) if equals or word in (Part.TURN, Part.LANDMARKS) else Part.EXPRESSION
