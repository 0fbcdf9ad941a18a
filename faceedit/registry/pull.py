"""Fetch a checkpoint: the one place in the program that opens a network connection."""

import contextlib
import io
import os
import secrets
import shutil
from pathlib import Path

from faceedit.errors import WeightsError
from faceedit.outputs import REPLACE, TEMPORARY, refusal
from faceedit.registry.cards import Card, Source
from faceedit.registry.header import sha256_of

SPARE = 64_000_000
"""Bytes that a disk must have left beside the file."""


def pull(card: Card, folder: Path) -> Path:
    """Download a card's file from its pinned revision and keep it only if it is the right one.

    The hub is asked for the file's size first, which must be the card's. The file comes under a
    temporary name beside its place, never grows beyond that size, and is renamed when its hash is
    the card's.

    Args:
        card: of the checkpoint; its `source` is needed.
        folder: where to put the file, usually `user_weights()`; made where missing.

    Returns:
        The verified file.

    Raises:
        WeightsError: the card has no source, ``HF_HUB_OFFLINE`` is set, there is no room on the
            disk, the download failed, or the file is not the one of the card (it is removed).
    """
    source = card.source
    if source is None:
        raise WeightsError(f"{card.name} has no source to pull from; it ships with faceedit")
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise WeightsError(
            f"HF_HUB_OFFLINE is set, so {card.name} is not pulled; unset it, or put {card.file} "
            f"into {folder} by hand"
        )
    target = folder / card.file
    if (why := refusal(target, REPLACE)) is not None:
        raise WeightsError(f"{target}: {why}")
    temporary = folder / f".{TEMPORARY}{secrets.token_hex(8)}"
    origin = f"{source.repo_id}@{source.revision[:12]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _download(card, source, temporary)
        found = sha256_of(temporary)
        if found != card.sha256:
            raise WeightsError(
                f"{card.name}: {origin} gave a file with sha256 {found[:12]}… where its card "
                f"says {card.sha256[:12]}…; it was removed, tell whoever wrote the card"
            )
        temporary.replace(target)
    except WeightsError:
        raise
    except Exception as error:  # the hub client's errors have no common base across versions
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise WeightsError(f"{card.name} could not be pulled from {origin}: {reason}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return target


def _download(card: Card, source: Source, path: Path) -> None:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    url = hf_hub_url(source.repo_id, source.filename, revision=source.revision)
    size = get_hf_file_metadata(url).size
    if size != card.size:
        there = "does not say its size" if size is None else f"has {size} bytes there"
        raise WeightsError(
            f"{card.name}: {source.filename} {there} where its card says {card.size}; nothing "
            "was downloaded, tell whoever wrote the card"
        )
    free, needed = shutil.disk_usage(path.parent).free, card.size + SPARE
    if free < needed:
        raise WeightsError(f"{card.name} needs {needed} bytes in {path.parent}; {free} are free")
    with _Bounded(path, card.size) as file:
        # Packed data would be unpacked to any size.
        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        http_get(url, file, headers=headers, expected_size=card.size)
        file.flush()
        os.fsync(file.fileno())


class _Bounded(io.BufferedRandom):
    """A new file that takes so many bytes and no more, whatever a server sends."""

    def __init__(self, path: Path, most: int):
        super().__init__(io.FileIO(path, "x+"))
        self._most = most

    def write(self, data) -> int:
        if self.tell() + len(data) > self._most:
            raise WeightsError(f"the hub sends more than the {self._most} bytes that it announced")
        return super().write(data)
