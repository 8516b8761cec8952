"""The plan, and what the rules ask of it."""

import functools
import os
import re
import shlex
import sys
from pathlib import Path

import psutil
from snakemake.settings.types import DeploymentMethod

root = Path(workflow.current_basedir).parents[1].resolve()
sys.path.insert(0, str(root))  # the checkout, not an installed copy

from glalign.cli.cluster import check_partitions
from glalign.config.command_line import check_profile, typed
from glalign.config.loading import (
    DEMO,
    completed,
    is_base,
    own_files,
    read,
    resolve,
)
from glalign.data.release_digest import release_digest
from glalign.planning import missing_files
from glalign.planning.plan import plan_of
from glalign.planning.job_files import spec_text, write_job
from glalign.planning.job_times import RUN
from glalign.planning.plan import STAGES
from glalign.reporting.compute import write_compute
from glalign.reporting.document import can_typeset, find_engine
from glalign.reporting.unfinished_tables import remove_unfinished, write_unfinished
from glalign.storage.code_digest import code_digest, weight_digests
from glalign.storage.locks import clear_stale_lock
from glalign.support.errors import UserError


def exit_on_user_error(function, *args, **kwargs):
    """Call a function; what a user has to correct ends the run with one line instead of a traceback."""
    try:
        return function(*args, **kwargs)
    except UserError as error:
        sys.exit(f"error: {error}")


def planned():
    """The plan of the configuration."""
    files, given = own_files(), workflow.config_settings.config
    for path in map(Path, workflow.configfiles):
        if is_base(path) and path.resolve() != root / DEMO:
            raise UserError(
                f"{path}: lies under every profile already; leave out `--configfile {path}`"
            )
        files.append(read(path))  # a key that is there twice is refused
    check_profile(given.get("profile"), files)
    return plan_of(resolve(completed(typed(config, given))))


# Jobs write down to which run they belong: compute.csv has what Snakemake took beside them.
os.environ.setdefault(RUN, f"{psutil.Process().create_time():.2f}")
plan = exit_on_user_error(planned)
if workflow.is_main_process:
    for line in plan.warnings:
        logger.warning(f"warning: {line}")
    clear_stale_lock(Path(".snakemake"))


@functools.cache
def missing():
    """(files that the targets need and no job makes, what to do). Known when the first job is looked at.

    A dry run lists them and prints its plan, a run is refused before its first job.
    """
    if not workflow.is_main_process:
        return frozenset(), []
    targets = set(workflow.dag_settings.targets) - {"all", "default"}
    jobs = missing_files.jobs_behind(plan, targets).values()
    paths = missing_files.absent_files(plan, jobs)
    lines = missing_files.describe(jobs, paths)
    for line in lines:
        logger.warning(f"absent: {line}")
    return paths, lines


onstart:
    if lines := missing()[1]:
        sys.exit("error: nothing was run; absent are\n" + "\n".join(lines))
    if workflow.executor_plugin.name == "slurm":
        jobs = [job.resources for job in workflow.dag.needrun_jobs()]
        exit_on_user_error(
            check_partitions,
            {str(r.slurm_partition) for r in jobs if r.get("slurm_partition")},
        )
    if workflow.is_main_process:
        remove_unfinished(plan, files_of(workflow.dag.needrun_jobs()))


onsuccess:
    tell_times()


# With `--keep-going` every job that does not need a failed one has run: what of a table is there, is shown.
onerror:
    if workflow.is_main_process and workflow.execution_settings.keep_going:
        undone = files_of(workflow.dag.needrun_jobs())
        failed = files_of(workflow.scheduler.failed)
        for line in exit_on_user_error(write_unfinished, plan, undone, failed):
            logger.error(line)
    tell_times()


def tell_times():
    """Write compute.csv, and say where the time of this run went. A run does not fail by it: nothing reads the times."""
    if not workflow.is_main_process:
        return
    try:
        lines = write_compute(plan, float(os.environ[RUN]))
    except UserError as error:
        logger.warning(f"warning: compute.csv is not written: {error}")
        return
    for line in lines:
        logger.info(line)


def files_of(jobs):
    """The outputs of Snakemake's jobs."""
    return {str(path) for job in jobs for path in job.output}


def one_of(ids):
    """Regular expression of the values that a wildcard may have."""
    return "|".join(map(re.escape, ids)) or "(?!)"


def job(stage, wildcards):
    """The plan's job for these wildcards."""
    return exit_on_user_error(plan.job, stage, **dict(wildcards.items()))


def outputs(stage):
    """Name -> path template of the stage's outputs, directories marked."""
    return {
        name: (directory if path.endswith("/") else str)(
            plan.paths.template(stage, name)
        )
        for name, path in STAGES[stage].outputs.items()
    }


def inputs(stage):
    """Input function: the files that the plan gives a job, without those that are missing."""
    return lambda wildcards: [
        path for path in job(stage, wildcards).inputs if path not in missing()[0]
    ]


def spec(stage):
    """Parameter function: the job's specification as JSON; the job reruns when it changes."""
    return lambda wildcards: spec_text(job(stage, wildcards))


def job_file(stage):
    """Parameter function: the file with the job's specification, written unless nothing is going to run."""
    template = plan.paths.job_file(stage)

    def write(wildcards):
        if workflow.executor_plugin is None or workflow.dryrun or missing()[1]:
            return template.format(**dict(wildcards.items()))
        return exit_on_user_error(write_job, plan, stage, job(stage, wildcards))

    return write


def code(stage):
    """Parameter function: digest of the modules that the job imports; editing one of them reruns it."""
    return lambda wildcards: exit_on_user_error(
        code_digest, STAGES[stage].modules(job(stage, wildcards).class_path)
    )


def weights(stage):
    """Parameter function: digests of the pre-trained files that the job starts from."""
    return lambda wildcards: exit_on_user_error(
        weight_digests,
        [path for path in job(stage, wildcards).weights if path not in missing()[0]],
    )


def release(stage):
    """Parameter function: digest of the release that the job reads, wherever it lies; empty where it reads none."""

    @functools.cache
    def digest(key):
        read = plan.jobs[stage][key].release
        return release_digest(read) if read else ""

    return lambda wildcards: digest(STAGES[stage].key_of(dict(wildcards.items())))


def gpus(stage):
    """Resource function: the GPUs of a job, so that `--resources gpu=1` starts one such job at a time."""

    def count(wildcards):
        spec = job(stage, wildcards).spec.to_json()
        device = spec.get("device") or (spec.get("trained") or {}).get("device")
        return spec.get("processes", 1) if device == "cuda" else 0

    return count


def launch(stage):
    """The command that a job begins with. Processes of one training are started and ended together by torchrun."""
    if STAGES[stage].trains and plan.config.processes > 1:
        return f"python -m torch.distributed.run --standalone --nproc-per-node {plan.config.processes} -m -- glalign"
    return "python -m glalign"


def processors(stage):
    """Processors of a job: torch's threads, in each process of a training."""
    declared = STAGES[stage]
    return (plan.config.threads if declared.uses_torch else 1) * (
        plan.config.processes if declared.trains else 1
    )


# The interpreter that runs Snakemake runs the jobs, also where no environment is active; conda brings its own. Jobs
# import the package and the baselines of this checkout. A hash seed has to be there before Python starts, and nothing
# may be fetched behind the user's back.
exports = f'PYTHONHASHSEED=0 HF_HUB_OFFLINE=1 PYTHONPATH={shlex.quote(str(root))}:"${{{{PYTHONPATH:-}}}}"'
if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
    exports += f' PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"'
shell.prefix(f"set -euo pipefail; export {exports}; ")


def constraints(stage):
    """Where two stages make the same files, each makes those of its own jobs."""
    own = set(STAGES[stage].outputs.values())
    others = (other.outputs.values() for name, other in STAGES.items() if name != stage)
    if any(own.intersection(paths) for paths in others):
        return {"dataset": one_of(plan.jobs[stage])}
    return {}


def no_such_table(wildcards):
    """Input function of a table that the plan does not have: says which ones it has."""
    known = ", ".join(plan.jobs["table"])
    name = f"{plan.paths.results}/table{wildcards.unknown}"
    sys.exit(f"error: {name}: no such table; the tables are {known}, as .csv and .tex")


# A misspelt id is no job of the plan, which names the nearest; a rule that it did not match would be missing without a word.
wildcard_constraints:
    dataset=rf"{one_of(plan.config.datasets)}|[^/.]+",
    system="[^/]+",
    trainset="[^/]+",
    testset="[^/]+",
    seed=r"\d+",
    weights=one_of(plan.config.pretraining),
    vocabulary=one_of(plan.config.vocabularies),
    table=one_of(plan.jobs["table"]),
    rate=r"[0-9.e+-]+",
    alpha=r"[0-9.]+",
