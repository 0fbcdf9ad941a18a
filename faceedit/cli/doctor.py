"""``faceedit doctor``: what this machine has of what faceedit needs."""

import importlib
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Annotated, Any

import typer

from faceedit.cli.output import complain, on_lines, print_json
from faceedit.errors import MissingError

# Distribution and module: those without a module are slow to import and only looked up.
_NEEDED = {
    "torch": "torch",
    "numpy": "numpy",
    "opencv-python": "cv2",
    "Pillow": "PIL.Image",
    "safetensors": "safetensors.torch",
    "pydantic": "pydantic",
    "rich": "rich",
    "typer": "typer",
    "huggingface-hub": None,
    "scikit-image": None,
    "face-alignment": None,
}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
) -> None:
    """Show what this machine offers; exit code 3 if something needed is missing."""
    report = examine()
    if as_json:
        print_json(report)
    else:
        print(on_lines("\n".join(_lines(report))))
    for problem in report["problems"]:
        complain(problem)
    if report["problems"]:
        raise typer.Exit(MissingError.exit_code)


def examine() -> dict[str, Any]:
    """Look at everything and return it as JSON-able data.

    ``problems`` is a list of sentences, empty where nothing needed is missing.
    """
    problems: list[str] = []
    report: dict[str, Any] = {"versions": _versions(problems)}
    report["devices"] = _devices()
    report["threads"] = _threads()
    report["bf16"] = _bf16()
    report["folders"], report["weights"] = _weights(problems)
    report["optional"] = _optional()
    report["problems"] = problems
    return report


def _versions(problems: list[str]) -> dict[str, str | None]:
    versions: dict[str, str | None] = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "faceedit": _version("faceedit"),
    }
    for distribution, module in _NEEDED.items():
        versions[distribution] = _version(distribution)
        try:
            if module is not None:
                loaded = importlib.import_module(module)
                # OpenCV goes by several distribution names.
                versions[distribution] = versions[distribution] or getattr(
                    loaded, "__version__", "unknown"
                )
            elif versions[distribution] is None:
                problems.append(f"{distribution} is not installed")
        except (ImportError, OSError) as error:
            problems.append(f"{distribution} cannot be imported: {error}")
    return versions


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _torch() -> Any:
    try:
        return importlib.import_module("torch")
    except (ImportError, OSError):
        return None


def _devices() -> list[str]:
    torch = _torch()
    if torch is None:
        return []
    devices = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(index)
            memory = properties.total_memory / 2**30
            devices.append(f"cuda:{index} {properties.name}, {memory:.0f} GiB")
    if torch.backends.mps.is_available():
        devices.append("mps")
    return [*devices, f"cpu {_cpu_name()}"]


def _cpu_name() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2] for line in text.splitlines() if line.startswith("model name")]
    return names[0].strip() if names else platform.machine()


def _threads() -> dict[str, int | str | None]:
    torch = _torch()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cores": os.cpu_count(),
        "usable": usable,
        "torch": None if torch is None else torch.get_num_threads(),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
    }


def _bf16() -> str:
    """Return how the CPU computes in bfloat16: ``amx``, ``avx512`` or ``emulated``."""
    torch = _torch()
    # torch 2.6 has these only as private functions and has no public ones.
    cpu = getattr(torch, "cpu", None)
    if getattr(cpu, "_is_amx_tile_supported", bool)():
        return "amx"
    if getattr(cpu, "_is_avx512_bf16_supported", bool)():
        return "avx512"
    return "emulated"


def _weights(problems: list[str]) -> tuple[dict[str, str], list[dict[str, Any]]]:
    from faceedit.errors import WeightsError
    from faceedit.registry import Registry, packaged_weights, user_weights

    folders = {"user": str(user_weights()), "package": str(packaged_weights())}
    try:
        registry = Registry.load()
        findings = [registry.verify(name) for name in registry.entries]
    except WeightsError as error:
        problems.append(str(error))
        return folders, []
    problems += [f.reason for f in findings if not f.usable_or_optional]
    return folders, [
        {
            "name": finding.card.name,
            "state": finding.state,
            "path": None if finding.path is None else str(finding.path),
            "sha256": finding.card.sha256,
            "reason": finding.reason,
        }
        for finding in findings
    ]


def _optional() -> dict[str, str | bool | None]:
    try:
        from PIL import features

        avif = bool(features.check("avif"))
    except ImportError:
        avif = False
    return {
        "pillow-heif": _version("pillow-heif"),
        "PyAV": _version("av"),
        "avif in Pillow": avif,
        "face-alignment weights": _has_fan_weights(),
    }


def _has_fan_weights() -> bool:
    """Whether the face-alignment package would find its landmark network without a download."""
    torch = _torch()
    if torch is None:
        return False
    from faceedit.faces.face_alignment import WEIGHTS

    return Path(torch.hub.get_dir(), "checkpoints", WEIGHTS).is_file()


def _lines(report: dict[str, Any]) -> list[str]:
    lines = ["versions"]
    lines += [f"  {name:<22} {found or 'missing'}" for name, found in report["versions"].items()]
    lines += ["devices", *(f"  {device}" for device in report["devices"])]
    lines += [f"  bfloat16 on the CPU    {report['bf16']}", "threads"]
    lines += [f"  {name:<22} {_word(value)}" for name, value in report["threads"].items()]
    lines += ["weights"]
    lines += [f"  {name + ' folder':<22} {folder}" for name, folder in report["folders"].items()]
    lines += [
        f"  {found['name']:<22} {found['state']:<8} {found['path'] or ''}".rstrip()
        for found in report["weights"]
    ]
    lines += ["optional"]
    return lines + [f"  {name:<22} {_word(value)}" for name, value in report["optional"].items()]


def _word(value: str | int | bool | None) -> str:
    if value is None or value is False:
        return "no" if value is False else "none"
    return "yes" if value is True else str(value)
