"""One instruction set on every x86-64 processor with AVX2: what a library chooses by the processor is chosen here."""

import os
import platform
import sys
from pathlib import Path
from typing import Literal

from glalign.support.errors import UserError
from glalign.support.progress import log

Portable = Literal[True, False, "any_vendor"]
"""false: every library takes the widest instructions. true: AVX2. any_vendor: AVX2, and matrix products without FMA."""

VARIABLES = {
    "ATEN_CPU_CAPABILITY": "avx2",  # torch's own kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # convolutions, recurrent networks
    "MKL_CBWR": "AVX2",  # matrix products of torch; processors that are not Intel's take their own path all the same
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",  # what numpy 2.4 has beyond AVX2
    "OPENBLAS_CORETYPE": "Haswell",  # matrix products of numpy and scipy
}
"""Environment variable -> value. Each library reads its own once, as it is loaded or first used."""

ANY_VENDOR = {"MKL_CBWR": "COMPATIBLE"}
"""MKL has one set of AVX2 kernels for Intel and one for AMD; this is the one path that both have."""

LIBRARIES = ("numpy", "torch")
FLAGS = {"avx2", "fma"}
"""Processor flags that the kernels need; torch would end with an illegal instruction without them."""


def variables(portable: Portable) -> dict[str, str]:
    """The environment variables of a choice."""
    return {**VARIABLES, **(ANY_VENDOR if portable == "any_vendor" else {})} if portable else {}


def use_instructions(portable: Portable, flags: frozenset[str] | None = None) -> None:
    """Hold this process, and those that it starts, to the instructions of `portable`; false changes nothing.

    A processor without AVX2, or of another architecture, goes on with its own instructions, and a line says that
    its numbers differ by rounding. flags: of the processor; read where they are None. Raises: UserError when a library
    that reads the variables is loaded already.
    """
    wanted = variables(portable)
    if all(os.environ.get(name) == value for name, value in wanted.items()):
        return
    if not (processor_flags() if flags is None else flags) >= FLAGS:
        log.info("runtime.portable: no effect, this processor has no AVX2; its numbers may differ by rounding")
        return
    if loaded := [name for name in LIBRARIES if name in sys.modules]:
        remedy = "run the job by `glalign run` in a process of its own, or set `portable: false`"
        raise UserError(f"runtime.portable: {' and '.join(loaded)} loaded already; {remedy}")
    os.environ.update(wanted)


def processor_flags() -> frozenset[str]:
    """Flags of an x86-64 processor as Linux names them; empty elsewhere."""
    listed = Path("/proc/cpuinfo")
    if platform.machine() not in ("x86_64", "AMD64") or not listed.is_file():
        return frozenset()
    lines = listed.read_text(encoding="utf-8", errors="replace").splitlines()
    return frozenset(next((line.partition(":")[2] for line in lines if line.startswith("flags")), "").split())
