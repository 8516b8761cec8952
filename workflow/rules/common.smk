"""What all stages use: the plan, its jobs, and the ids that wildcards may take."""

import functools
import json
import re
import shlex
import sys
from pathlib import Path

from snakemake.settings.types import DeploymentMethod

root = Path(workflow.current_basedir).parents[1].resolve()
sys.path.insert(0, str(root))  # the checkout, not an installed copy

from glalign.planning import missing_files as needs

from glalign.planning import printed_tables as paper

from glalign.storage import code_digest as sources
from glalign.planning.cells import UNTRAINED
from glalign.cli.cluster import check_partitions
from glalign.config.loading import BASE, load, read, resolve
from glalign.support.errors import UserError
from glalign.storage.locks import clear_stale_lock
from glalign.planning.plan import make_plan


def told(function, *args, **kwargs):
    """Call a function; what a user has to correct ends the run with one line instead of a traceback."""
    try:
        return function(*args, **kwargs)
    except UserError as error:
        sys.exit(f"error: {error}")


def planned():
    """The plan of the configuration, whose files say no key twice: Snakemake would drop the first."""
    for path in workflow.configfiles:
        read(path)
    return make_plan(
        resolve(config),
        paper.read_reported("paper/reported"),
        load(*BASE),
        paper.read_published("paper/parameters.csv"),
    )


plan = told(planned)
layout = plan.layout
if workflow.is_main_process:
    clear_stale_lock(Path(".snakemake"))


@functools.cache
def absent():
    """(files that the targets need and nobody has put there, what to do). Known when the first job is looked at.

    A dry run lists them and prints its plan, a run is refused before its first job.
    """
    if not workflow.is_main_process:
        return frozenset(), []
    jobs = needs.behind(
        plan, set(workflow.dag_settings.targets) - {"all", "default"}
    ).values()
    paths = needs.absent(plan, jobs)
    lines = needs.describe(jobs, paths)
    for line in lines:
        logger.warning(f"absent: {line}")
    return paths, lines


onstart:
    if lines := absent()[1]:
        sys.exit("error: nothing was run; absent are\n" + "\n".join(lines))
    if workflow.executor_plugin.name == "slurm":
        jobs = [job.resources for job in workflow.dag.needrun_jobs()]
        told(
            check_partitions,
            {str(r.slurm_partition) for r in jobs if r.get("slurm_partition")},
        )


def one_of(ids):
    """Regular expression of the ids that a wildcard may be."""
    return "|".join(map(re.escape, ids)) or "(?!)"


def no_such_table(wildcards):
    """Input function of a table that the plan does not have: says which ones it has."""
    known = ", ".join(plan.jobs["table"])
    name = f"{layout.results}/table{wildcards.unknown}"
    sys.exit(f"error: {name}: no such table; the tables are {known}, as .csv and .tex")


def job(stage, wildcards):
    """The plan's job for these wildcards."""
    return told(plan.job, stage, **dict(wildcards.items()))


def inputs(stage):
    """Input function: the files that the plan gives a job, without those that are not here yet."""
    return lambda wildcards: [
        path for path in job(stage, wildcards).inputs if path not in absent()[0]
    ]


def spec(stage):
    """Parameter function: the slice of the configuration that the job uses, as JSON."""
    return lambda wildcards: json.dumps(
        job(stage, wildcards).spec, ensure_ascii=False, sort_keys=True
    )


def code(stage):
    """Parameter function: digest of the modules that the job imports, so that editing one of them reruns it."""
    return lambda wildcards: told(sources.code_digest, job(stage, wildcards).modules)


def weights(stage):
    """Parameter function: digests of the pre-trained files that the job starts from."""
    return lambda wildcards: told(
        sources.weight_digests,
        [path for path in job(stage, wildcards).weights if path not in absent()[0]],
    )


def gpus(stage):
    """Resource function: the GPUs of a job, so that `--resources gpu=1` starts one such job at a time."""

    def count(wildcards):
        spec = job(stage, wildcards).spec
        return spec.get("processes", 1) if spec.get("device") == "cuda" else 0

    return count


# Several processes of one training are started, watched and ended together by torchrun.
processes = config.get("processes", 1)
# `--`: what follows are no options of its own.
launch = "python -m glalign"
if processes > 1:
    launch = f"python -m torch.distributed.run --standalone --nproc-per-node {processes} -m -- glalign"


# The interpreter that runs Snakemake runs the jobs, also where no environment is active; conda brings its own. A hash
# seed has to be there before Python starts, and nothing may be fetched behind the user's back.
exports = "PYTHONHASHSEED=0 HF_HUB_OFFLINE=1"
if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
    exports += f' PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"'
shell.prefix(f"set -euo pipefail; export {exports}; ")


wildcard_constraints:
    dataset=one_of(config["datasets"]),
    system=one_of(config["systems"]),
    trainset=one_of([*config["trainsets"], UNTRAINED]),
    testset=one_of(config["testsets"]),
    seed=r"\d+",
    weights=one_of(config.get("pretraining", {})),
    vocabulary=one_of(config.get("vocabularies", {})),
    table=one_of(plan.jobs["table"]),
    rate=r"[0-9.e+-]+",
    alpha=r"[0-9.]+",
