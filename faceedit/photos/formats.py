"""The file formats: their names, their suffixes and the bytes they begin with."""

from pathlib import Path

from faceedit.errors import UsageError

FORMATS: dict[str, tuple[str, ...]] = {
    "jpeg": (".jpg", ".jpeg"),
    "png": (".png",),
    "webp": (".webp",),
    "tiff": (".tif", ".tiff"),
    "bmp": (".bmp",),
    "avif": (".avif",),
    "heif": (".heic", ".heif"),
}
# Never edited, but found all the same, so that a run says so instead of passing them over.
_REFUSED = {".gif": "gif"}
SEVERAL = "it is animated or has several pages: save the one to edit as a file of its own"
_BY_SUFFIX = {suffix: name for name, suffixes in FORMATS.items() for suffix in suffixes}
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"BM", "bmp"),
    (b"GIF8", "gif"),
    (b"8BPS", "psd"),
    (b"%PDF", "pdf"),
    (b"\0\0\0\x0cjP  ", "jpeg 2000"),
    (b"\xff\x0a", "jpeg xl"),
    (b"\0\0\0\x0cJXL ", "jpeg xl"),
)
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def format_of(path: Path) -> str | None:
    """Return the format that a file's suffix promises, in any case, or None."""
    return _BY_SUFFIX.get(path.suffix.lower())


def kind_of(path: Path) -> str | None:
    """Return what a file's suffix promises, also where no such file is ever edited, or None."""
    return format_of(path) or _REFUSED.get(path.suffix.lower())


def parse_format(text: str) -> tuple[str, str]:
    """Read a format as users write it.

    Args:
        text: a suffix with or without its dot (``jpg``, ``.TIF``) or a name (``heif``).

    Returns:
        The format's name and the suffix for new files.

    Raises:
        UsageError: no such format.

    >>> parse_format("TIF")
    ('tiff', '.tif')
    """
    suffix = "." + text.lower().removeprefix(".")
    if suffix not in _BY_SUFFIX:
        known = " ".join(key[1:] for key in _BY_SUFFIX)
        raise UsageError(f"unknown format {text!r}; known are {known}")
    return _BY_SUFFIX[suffix], suffix


def sniff(head: bytes) -> str | None:
    """Name the format of a file from its first bytes (64 are enough), or None."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, 64, 4))}
        if brands & {b"avif", b"avis"}:
            return "avif"
        if brands & _HEIF_BRANDS:
            return "heif"
    return None
