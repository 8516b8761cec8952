"""What the check runs on: the GPU, and versions."""

import os
import platform
import subprocess
from collections.abc import Iterator
from typing import Any

import torch

from glalign.engine.memory import GIB
from glalign.gpu_check.lines import Line, Setting
from glalign.gpu_check.peaks import peak_of
from glalign.support.torch_settings import processors

NEEDED = (2, 9)
"""The oldest torch that pyproject.toml allows."""


def check_device(setting: Setting) -> Iterator[Line]:
    """Yield a line about the device and one about versions."""
    values = gpu_values(setting.device) if setting.cuda else {"name": platform.processor() or platform.machine()}
    values |= {"cores": processors(), "host": platform.platform(terse=True)}
    yield Line("device", str(setting.device), "ok", listed(values), values)
    versions = library_versions(setting)
    new = tuple(map(int, torch.__version__.split(".")[:2])) >= NEEDED
    text = listed(versions) + ("" if new else f"; torch {'.'.join(map(str, NEEDED))} or newer is needed")
    yield Line("device", "versions", "ok" if new else "differs", text, versions)


def gpu_values(device: torch.device) -> dict[str, Any]:
    """Name, memory in GiB, compute capability, multiprocessors, bf16, number of GPUs, peak in TFLOP/s."""
    about = torch.cuda.get_device_properties(device)
    free, whole = torch.cuda.mem_get_info(device)
    peak = peak_of(about.name)
    return {
        "name": about.name,
        "GiB": round(whole / GIB, 1),
        "GiB free": round(free / GIB, 1),
        "capability": f"{about.major}.{about.minor}",
        "multiprocessors": about.multi_processor_count,
        "bf16": torch.cuda.is_bf16_supported(),
        "GPUs": torch.cuda.device_count(),
        "peaks (fp32, tf32, bf16)": list(peak) if peak else "unknown card",
    }


def library_versions(setting: Setting) -> dict[str, str]:
    """Versions of Python and torch, and of what a GPU needs besides."""
    versions: dict[str, Any] = {"python": platform.python_version(), "torch": torch.__version__}
    if setting.cuda:
        versions |= {"CUDA": torch.version.cuda, "cuDNN": torch.backends.cudnn.version(), "driver": driver_version()}
        versions["NCCL"] = (
            ".".join(map(str, torch.cuda.nccl.version())) if torch.distributed.is_nccl_available() else None
        )
        versions["CUBLAS_WORKSPACE_CONFIG"] = os.environ.get("CUBLAS_WORKSPACE_CONFIG")
    return {name: str(value) for name, value in versions.items()}


def driver_version() -> str:
    """The driver's version as nvidia-smi says it, or that there is no such program."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return "unknown (nvidia-smi does not answer)"
    return (output.stdout.split() or ["unknown"])[0]


def listed(values: dict[str, Any]) -> str:
    """Values as text."""
    return ", ".join(f"{name} {value}" for name, value in values.items())
