"""One photo in memory: what ``faceedit apply -`` does between stdin and stdout."""

import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path

from faceedit.batch.result import OURS, Result
from faceedit.batch.run import RunOptions, run
from faceedit.editing.editor import FaceEditor
from faceedit.errors import FaceEditError, UsageError
from faceedit.outputs import check_writable, make_folders, permit_for
from faceedit.photos import Job
from faceedit.photos.formats import FORMATS, format_of, parse_format, sniff

STDIN, STDOUT = Path("stdin"), Path("stdout")


def edit_bytes(
    data: bytes,
    editor: FaceEditor,
    options: RunOptions,
    target: Path | None = None,
    permissions: int | None = None,
) -> tuple[Result, bytes | None]:
    """Edit the photo that a file's bytes hold, by way of files in a temporary folder.

    Args:
        data: a whole file of any format that is read; its first bytes say which.
        editor: finds and edits faces.
        options: how the photo is treated.
        target: a file to write; None writes none.
        permissions: of the file that the bytes come from, which its target gets; None takes what
            the system gives.

    Returns:
        result: its job says ``stdin``, and without a target ``stdout``.
        edited: the output file's bytes; None where there are none, or where a target has them. A
            photo that faceedit edited before is passed on: what comes next in a pipe needs one.

    Raises:
        FaceEditError: the temporary folder cannot be used.
        UsageError: the target's name is no photo's, or does not fit the format.
        PlanError: something is there that may not be replaced.
    """
    format = sniff(data[:64])
    suffix = FORMATS[format][0] if format in FORMATS else f".{format or 'jpg'}"
    if options.write.format is not None:
        written = parse_format(options.write.format)[1]
    else:
        written = suffix if target is None else target.suffix
    if target is not None and (
        format_of(target) is None or format_of(target) != format_of(Path("a" + written))
    ):
        raise UsageError(f"{target}: the output does not end like a photo of its format")
    if target is not None:
        check_writable([target], permit_for(options.overwrite))
        # Otherwise it would get the permissions of the temporary folder.
        make_folders(target.parent)
    with contextlib.ExitStack() as stack:
        try:
            temporary = tempfile.TemporaryDirectory(prefix="faceedit-pipe-")
            folder = Path(stack.enter_context(temporary))
            source = folder / f"in{suffix}"
            source.write_bytes(data)
            if permissions is not None:
                source.chmod(permissions | 0o400)
        except OSError as error:
            reason = error.strerror or error
            raise FaceEditError(f"temporary files cannot be written: {reason}") from error
        out = target or folder / f"out{written}"
        (result,) = run([Job(source, out)], editor, options)
        edited = out.read_bytes() if target is None and result.output is not None else None
    if target is None and result.reason == OURS:
        result, edited = replace(result, outcome="copied"), data
    return replace(result, job=Job(STDIN, target or STDOUT)), edited
