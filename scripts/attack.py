"""Attack faceedit with hostile photos, weights, manifests and shells, and see that it holds.

    python scripts/attack.py                       # everything, photos at their full size
    python scripts/attack.py --small --fuzz 20     # what CI runs: small photos, few weights
    python scripts/attack.py --only fuzz --fuzz 2000 --seed 7

Each attack runs the command line in a process of its own, with bounds on its memory and its time.
It holds if the process ends by itself with an exit code that it may have, shows no traceback, names
each photo, changes no file that was there, and no photo takes more than 35 seconds.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

import hostile  # noqa: E402
import registry_hostile  # noqa: E402

MEMORY = 12 << 30
"""Bytes of address space for a run: torch reserves several gigabytes that it never touches."""
SECONDS_EACH = 35
SLACK = 60
"""Seconds for starting."""

FORMATS = (".jpg", ".png", ".webp", ".tif", ".bmp", ".avif")


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: of its exit; None where it had to be killed.
        out: stdout.
        err: stderr.
        seconds: that it took.
    """

    code: int | None
    out: bytes
    err: str
    seconds: float


def run(
    arguments: Sequence[str | Path],
    folder: Path,
    limit: float = SLACK,
    shell: str = "",
    stdin: bytes | None = None,
) -> Ended:
    """Run ``faceedit`` in a folder; ``shell`` is what a shell adds behind the command."""
    started = f'ulimit -v {MEMORY >> 10} && exec "$@" {shell}'
    faceedit = [sys.executable, "-P", "-m", "faceedit", *map(str, arguments)]
    command = ["sh", "-c", started, "sh", *faceedit]
    start = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            input=stdin,
            capture_output=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ended(None, b"", "", time.monotonic() - start)
    err = done.stderr.decode(errors="replace")
    return Ended(done.returncode, done.stdout, err, time.monotonic() - start)


def faults(ended: Ended, codes: Sequence[int] = (0, 1, 2, 3)) -> list[str]:
    """Return what is wrong with how a process ended."""
    if ended.code is None:
        return [f"hangs: still running after {ended.seconds:.0f} s"]
    found = []
    if ended.code not in codes:
        found.append(f"exit code {ended.code}: {ended.err.strip()[-200:]}")
    if "Traceback" in ended.err or "unexpected" in ended.err:
        found.append(f"traceback: {ended.err.strip()[-300:]}")
    return found


def apply_to(folder: Path, count: int, *options: str | Path) -> Iterator[str]:
    """Edit the hostile photos in a folder; yield what is wrong."""
    before = contents(folder)
    limit = SLACK + SECONDS_EACH * count
    ended = run(["apply", "-t", "happy", "--json", *options, folder.name], folder.parent, limit)
    yield from faults(ended)
    lines = [json.loads(line) for line in ended.out.splitlines()]
    if len(lines) != count:
        yield f"{len(lines)} of {count} photos are told of: {ended.err.strip()[-200:]}"
    for line in lines:
        name = Path(line["input"]).name
        if line["seconds"] > SECONDS_EACH:
            yield f"{name} took {line['seconds']:.0f} s: {line['outcome']} {line['reason']}"
        if line["outcome"] == "failed" and line["reason"].startswith("unexpected"):
            yield f"{name}: {line['reason']}"
    if contents(folder) != before:
        yield "a file that was there is another one now"


def contents(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return size and time of every file below a folder."""
    stats = {path: path.lstat() for path in folder.rglob("*")}
    return {path: (one.st_size, one.st_mtime_ns) for path, one in stats.items()}


def photos(small: bool) -> dict[str, Callable[[], bytes]]:
    """Return hostile photos by their names."""
    n = 50 if small else 1
    mega = 1_000_000 // n
    return {
        "scans behind a comment.jpg": lambda: hostile.jpeg_scans(
            400 if small else 8000, 400 if small else 20_000, b"\xff\xd9"
        ),
        "fill in the header.jpg": lambda: hostile.jpeg_fill(20 * mega),
        "fill in the scan.jpg": lambda: hostile.jpeg_fill(20 * mega, "scan"),
        "fill at the end.jpg": lambda: hostile.jpeg_fill(20 * mega, "end"),
        "only fill.jpg": lambda: hostile.jpeg_only_fill(20 * mega),
        "no scan.jpg": lambda: hostile.jpeg_without_scan(20 * mega),
        "segments.jpg": lambda: hostile.jpeg_segments(mega),
        "resources.jpg": lambda: hostile.jpeg_photoshop(200 // n),
        "profiles.png": lambda: hostile.png_profiles(300, 64 * mega),
        "packed texts.png": lambda: hostile.png_texts(200, 64 * mega),
        "packed foreign texts.png": lambda: hostile.png_texts(200, 64 * mega, b"iTXt"),
        "packed exif.png": lambda: hostile.png_exif_texts(200, 64 * mega),
        "chunks.png": lambda: hostile.png_chunks(5 * mega),
        "chunks behind.png": lambda: hostile.png_chunks(5 * mega, behind=True),
        "pieces.png": lambda: hostile.png(pieces=mega),
        "many pixels.png": lambda: hostile.png((1500, 1500) if small else (15_000, 15_000)),
        "interlaced.png": lambda: hostile.png((1500, 1500), interlaced=True),
        "thin.png": lambda: hostile.png((1, 60_000)),
        "flat.png": lambda: hostile.png((60_000, 1)),
        "flat.jpg": lambda: hostile.encoded(hostile.picture(30_000, 4), "JPEG"),
        "enormous tile.tif": lambda: hostile.tiff_tiles(16, 2000 if small else 40_000),
        "strips.tif": lambda: hostile.tiff_strips(mega),
        "scans.tif": lambda: hostile.tiff_scans(400 if small else 8000, 400),
        "fields.tif": lambda: hostile.tiff_fields(60_000 // n, 1000),
        "pages.tif": lambda: hostile.tiff_pages(mega),
        "long field.tif": lambda: hostile.tiff_long_field(mega),
        "runs.bmp": lambda: hostile.bmp_runs(8000 // n, 8000 // n),
        "chunks.webp": lambda: hostile.webp_chunks(mega),
        "boxes.avif": lambda: hostile.avif_boxes(mega),
    }


def attack_photos(folder: Path, small: bool) -> Iterator[str]:
    """Edit photos that are made to take time and memory."""
    made = photos(small)
    for name, make in made.items():
        (folder / name).write_bytes(make())
    with (folder / "sparse.jpg").open("wb") as file:
        file.truncate((2 << 30) if not small else (64 << 20))
    yield from apply_to(folder, len(made) + 1)


def attack_fuzz(folder: Path, count: int, seed: int) -> Iterator[str]:
    """Edit sound photos with bits turned, and parts cut out, doubled and moved."""
    rng = random.Random(seed)
    formats = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF", ".bmp": "BMP"}
    formats[".avif"] = "AVIF"
    for suffix, format in formats.items():
        sound = hostile.encoded(hostile.picture(96, 64), format)
        for at in range(count):
            (folder / f"{at}{suffix}").write_bytes(mutated(sound, rng))
    yield from apply_to(folder, count * len(formats))


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return a file with one to four things wrong with it."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(max(1, len(changed)))
        part = changed[start : start + rng.randint(1, 64)]
        kind = rng.choice(("bits", "bytes", "cut", "double", "move", "end"))
        if kind == "bits" and changed:
            changed[start] ^= 1 << rng.randrange(8)
        elif kind == "bytes":
            changed[start : start + len(part)] = rng.randbytes(len(part))
        elif kind == "cut":
            del changed[start : start + len(part)]
        elif kind == "double":
            changed[start:start] = part * rng.randint(1, 50)
        elif kind == "move":
            del changed[start : start + len(part)]
            to = rng.randrange(len(changed) + 1)
            changed[to:to] = part
        elif kind == "end" and start > 16:
            del changed[start:]
    return bytes(changed)


def attack_weights(folder: Path, small: bool) -> Iterator[str]:
    """Name weights that are none."""
    (folder / "a.png").write_bytes(hostile.encoded(hostile.picture(), "PNG"))
    files = dict(registry_hostile.DAMAGED)
    for name, (kind, pattern) in registry_hostile.BIT_PATTERNS.items():
        files[name] = registry_hostile.not_finite(kind, pattern)
    for name, data in list(files.items())[:: 6 if small else 1]:
        path = folder / "weights.safetensors"
        path.write_bytes(data)
        ended = run(["apply", "-t", "happy", "--weights", path, "a.png"], folder)
        yield from (f"{name}: {fault}" for fault in faults(ended, codes=(2, 3)))
        path.unlink()
    for name, make in registry_hostile.NO_FILES.items():
        path = folder / "registry.toml"
        make(path)
        for command in (["models", "list"], ["models", "show", "reggan-fast"]):
            ended = run([*command, "--weights", folder], folder)
            yield from (f"{name} as a registry: {fault}" for fault in faults(ended))
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def attack_manifests(folder: Path) -> Iterator[str]:
    """Resume a run beside manifests that lie."""
    (folder / "photos").mkdir()
    (folder / "photos" / "a.png").write_bytes(hostile.encoded(hostile.picture(), "PNG"))
    command = ["apply", "-t", "happy", "photos"]
    yield from faults(run(command, folder), codes=(0,))
    manifest = folder / "photos-edited" / "faceedit.jsonl"
    whole = manifest.read_bytes()
    lines = {
        "deep": b"[" * 200_000,
        "a list for a place": whole.replace(b'"place": "a.png"', b'"place": ["a.png"]'),
        "a number of 400 digits": whole.replace(b'"seconds": 0', b'"seconds": 1' + b"0" * 400),
        "5,000 digits": b'{"place": ' + b"9" * 5000 + b"}\n",
        "zeros": bytes(10 << 20),
        "one line of 50 MB": b'{"place": "' + b"a" * (50 << 20) + b'"}\n',
    }
    for name, line in lines.items():
        manifest.write_bytes(line + b"\n" + whole)
        ended = run(command, folder)
        yield from (f"{name}: {fault}" for fault in faults(ended, codes=(0,)))
        if "1 done before" not in ended.err:
            yield f"{name}: what was done is done again"
    for name, make in registry_hostile.NO_FILES.items():
        manifest.unlink()
        make(manifest)
        ended = run(command, folder)
        yield from (f"{name} as a manifest: {fault}" for fault in faults(ended, codes=(0, 2)))
        manifest.rmdir() if manifest.is_dir() and not manifest.is_symlink() else manifest.unlink()
        manifest.write_bytes(whole)


def attack_shell(folder: Path) -> Iterator[str]:
    """Start the command as shells should not; tests close and fill its streams."""
    photo = hostile.encoded(hostile.picture(), "PNG")
    (folder / "a.png").write_bytes(photo)
    for planted in ("struct", "multiprocessing", "numpy", "torch", "json"):
        (folder / f"{planted}.py").write_text("open('planted', 'w')\nraise SystemExit(9)\n")
    apply = ["apply", "-t", "happy", "--overwrite"]
    digits = "9" * 5000
    for name, arguments, shell in (
        ("a folder on stdin", [*apply, "-"], "<."),
        ("threads", [*apply, "--threads", "100000", "a.png"], ""),
        ("workers", [*apply, "--workers", "100000000", "a.png"], ""),
        ("batch", [*apply, "--batch", "100000", "a.png"], ""),
        ("faces", [*apply, "--faces", digits, "a.png"], ""),
        ("shard", [*apply, "--shard", f"1/{digits}", "a.png"], ""),
        ("strength", ["apply", "-t", f"happy:{digits}", "a.png"], ""),
        ("long output", [*apply, "-o", "o" * 5000, "a.png"], ""),
        ("empty output", [*apply, "-o", "", "a.png"], ""),
        ("no such user", [*apply, "--weights", "~nouser/x", "a.png"], ""),
    ):
        ended = run(arguments, folder, shell=shell)
        yield from (f"{name}: {fault}" for fault in faults(ended))
    ended = run([*apply, "-"], folder, shell="2>&-", stdin=photo)
    if ended.code == 0 and not ended.out.startswith(b"\x89PNG"):
        yield "closed stderr: messages stand in the photo"
    if (folder / "planted").exists():
        yield "a module of the working folder ran"


def main() -> int:
    """Run the attacks; the exit code is 1 if one got through."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--small",
        action="store_true",
        help="photos of a fiftieth of the size, a sixth of the weights",
    )
    parser.add_argument("--fuzz", type=int, default=200, help="photos of each format")
    parser.add_argument("--seed", type=int, default=0, help="of the fuzzing")
    parser.add_argument("--only", help="one of the attacks")
    asked = parser.parse_args()
    attacks: dict[str, Callable[[Path], Iterator[str]]] = {
        "photos": lambda folder: attack_photos(folder, asked.small),
        "fuzz": lambda folder: attack_fuzz(folder, asked.fuzz, asked.seed),
        "weights": lambda folder: attack_weights(folder, asked.small),
        "manifests": attack_manifests,
        "shell": attack_shell,
    }
    if asked.only and asked.only not in attacks:
        parser.error(f"unknown attack {asked.only!r}; known: {', '.join(attacks)}")
    os.environ["PYTHONPATH"] = str(ROOT)

    def held(name: str) -> bool:
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="faceedit-attack-") as place:
            folder = Path(place) / "attack"
            folder.mkdir()
            found = list(attacks[name](folder))
        said = [f"{name}: {len(found)} got through, {time.monotonic() - start:.0f} s", *found]
        print("\n  ".join(said), flush=True)
        return not found

    # Two at a time: more would take longer than a photo may.
    with ThreadPoolExecutor(2) as pool:
        return int(not all(list(pool.map(held, [asked.only] if asked.only else attacks))))


if __name__ == "__main__":
    sys.exit(main())
