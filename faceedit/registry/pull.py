"""Fetch a checkpoint: the one place in the program that opens a network connection."""

import tempfile
from pathlib import Path

from faceedit.errors import WeightsError
from faceedit.registry.cards import Card
from faceedit.registry.header import sha256_of


def pull(card: Card, folder: Path) -> Path:
    """Download a card's file from its pinned revision and keep it only if it is the right one.

    Args:
        card: of the checkpoint; its `source` is needed.
        folder: where to put the file, usually `user_weights()`; made where missing.

    Returns:
        The verified file.

    Raises:
        WeightsError: the card has no source, ``HF_HUB_OFFLINE`` is set, the download failed, or
            the file that came is not the one of the card (it is removed).
    """
    source = card.source
    if source is None:
        raise WeightsError(f"{card.name} has no source to pull from; it ships with faceedit")
    from huggingface_hub import constants, hf_hub_download

    if constants.HF_HUB_OFFLINE:
        raise WeightsError(
            f"HF_HUB_OFFLINE is set, so {card.name} is not pulled; unset it, or put {card.file} "
            f"into {folder} by hand"
        )
    target = folder / card.file
    origin = f"{source.repo_id}@{source.revision[:12]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".pull-") as temporary:
            got = Path(
                hf_hub_download(
                    source.repo_id,
                    source.filename,
                    revision=source.revision,
                    local_dir=temporary,
                )
            )
            found = sha256_of(got)
            if found != card.sha256:
                raise WeightsError(
                    f"{card.name}: {origin} gave a file with sha256 {found[:12]}… where its card "
                    f"says {card.sha256[:12]}…; it was removed, tell whoever wrote the card"
                )
            got.replace(target)
    except WeightsError:
        raise
    except Exception as error:  # the hub client's errors have no common base across versions
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise WeightsError(f"{card.name} could not be pulled from {origin}: {reason}") from error
    return target
