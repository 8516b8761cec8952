"""A SLURM of one node for a test: both daemons are children of the test, everything they write is in one folder."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "sinfo")
MEMORY = 8000  # MB that the node says it has; SLURM only counts them

# No authentication between processes of one user on one machine, no accounting, no cgroups: none of them needs root.
SETTINGS = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
KillWait=5
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=ALL MaxTime=INFINITE State=UP
"""


def lacking() -> str:
    """The programs of SLURM that are not installed, as a reason to skip; empty when all are."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    return f"no {', '.join(absent)}: install Debian's slurmctld, slurmd and slurm-client" if absent else ""


@contextlib.contextmanager
def slurm_node(folder: Path) -> Iterator[dict[str, str]]:
    """Environment in which `sbatch` and the like reach the node, which lives as long as the block.

    Raises RuntimeError with the daemons' logs when the node does not come up.
    """
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir(parents=True)
    node = {"host": socket.gethostname().partition(".")[0], "user": getpass.getuser(), "cpus": os.cpu_count()}
    settings = SETTINGS.format(folder=folder, ports=_free_ports(2), memory=MEMORY, **node)
    (folder / "slurm.conf").write_text(settings, encoding="utf-8")
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n", encoding="utf-8")
    # Snakemake's job steps drop every variable of SLURM's before they call srun: this one says again where the node is.
    srun = folder / "bin" / "srun"
    srun.write_text(
        f'#!/bin/sh\nSLURM_CONF="{folder}/slurm.conf" exec "{shutil.which("srun")}" "$@"\n', encoding="utf-8"
    )
    srun.chmod(0o755)
    environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{srun.parent}:{_path()}"}
    with contextlib.ExitStack() as daemons:
        for name in ("slurmctld", "slurmd"):
            with (folder / f"{name}.out").open("w") as printed:
                command = [name, "-D", "-f", str(folder / "slurm.conf")]
                daemon = subprocess.Popen(command, env=environment, stdout=printed, stderr=subprocess.STDOUT)
            daemons.callback(_end, daemon)
        _wait_until_idle(folder, environment)
        yield environment
        subprocess.run(["scancel", f"--user={node['user']}"], env=environment, check=False)


def _wait_until_idle(folder: Path, environment: dict[str, str]) -> None:
    for _ in range(60):
        shown = subprocess.run(
            ["sinfo", "--noheader", "-o", "%t"], env=environment, capture_output=True, text=True, check=False
        )
        if shown.stdout.startswith("idle"):
            return
        time.sleep(0.5)
    logs = "\n".join(file.read_text(errors="replace")[-2000:] for file in sorted(folder.glob("*.log")))
    raise RuntimeError(f"SLURM does not come up: {shown.stdout}{shown.stderr}\n{logs}")


def _end(daemon: subprocess.Popen) -> None:
    daemon.terminate()
    try:
        daemon.wait(20)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as open_sockets:
        found = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]


def _path() -> str:
    """Daemons are in sbin, which a user's PATH may lack."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
