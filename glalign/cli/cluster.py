"""Check a SLURM cluster before the first job is submitted."""

import subprocess
from collections.abc import Iterable

from glalign.support.errors import UserError, suggestion


def check_partitions(wanted: Iterable[str]) -> None:
    """Check that all partitions exist. wanted: names, also several joined by commas.

    Raises: UserError naming the first that does not exist, or when SLURM does not answer.
    """
    try:
        output = subprocess.run(["sinfo", "--noheader", "--format=%R"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", None) or str(error)
        remedy = "start the run where SLURM's commands work, such as a login node"
        raise UserError(f"sinfo: {why.strip()}; {remedy}") from error
    known = sorted(set(output.stdout.split()))
    for name in sorted({name for names in wanted for name in names.split(",")} - set(known)):
        what = f"this cluster has no partition {name!r}; {suggestion(name, known)} (`sinfo` lists them)"
        remedy = "correct it in the profile or with --default-resources and --set-resources"
        raise UserError(f"slurm_partition: {what}; {remedy}")
