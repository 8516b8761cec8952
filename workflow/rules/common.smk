"""The plan, and the functions that give each rule its inputs, outputs and parameters."""

import functools
import os
import shlex
import sys
from pathlib import Path

import psutil
from snakemake.settings.types import DeploymentMethod

root = Path(workflow.current_basedir).parents[1].resolve()
sys.path.insert(0, str(root))  # the checkout, not an installed copy

from glalign.cli.cluster import check_partitions
from glalign.config.command_line import check_files, typed
from glalign.config.loading import completed, resolve
from glalign.data.release_digest import release_digest
from glalign.planning.job_files import spec_text, write_job
from glalign.planning.job_times import RUN
from glalign.planning.missing_files import find_absent
from glalign.planning.plan import STAGES, plan_of
from glalign.planning.short_memory import machine_memory, short_memory
from glalign.planning.wildcards import own_patterns, patterns, unknown_table
from glalign.reporting.compute import report_times
from glalign.reporting.document import can_typeset
from glalign.reporting.typesetting import find_engine
from glalign.reporting.unfinished_tables import remove_unfinished, write_unfinished
from glalign.storage.code_digest import code_digest, weight_digests
from glalign.storage.locks import clear_stale_lock
from glalign.support.errors import exit_on_user_error


def planned():
    """The plan of the configuration: of --config over the files of --configfile over config.yaml and a profile."""
    given = workflow.config_settings.config
    check_files(map(Path, workflow.configfiles), given.get("profile"))
    merged = completed(typed(config, given))
    return plan_of(resolve(merged))


# Jobs record the start of their run: compute.csv also has the part of a run's time that no job took.
os.environ.setdefault(RUN, f"{psutil.Process().create_time():.2f}")
plan = exit_on_user_error(planned)
if workflow.is_main_process:
    for line in plan.warnings:
        logger.warning(f"warning: {line}")
    exit_on_user_error(clear_stale_lock, Path(".snakemake"))


@functools.cache
def absent_inputs():
    """(files that the targets need and no job makes, what to do). Known when the first job is looked at.

    A dry run lists them and prints its plan. A run stops before its first job.
    """
    if not workflow.is_main_process:
        return frozenset(), []
    targets = set(workflow.dag_settings.targets) - {"all", "default"}
    paths, lines = find_absent(plan, targets)
    for line in lines:
        logger.warning(f"absent: {line}")
    return paths, lines


onstart:
    if lines := absent_inputs()[1]:
        sys.exit("error: nothing was run; absent are\n" + "\n".join(lines))
    if workflow.executor_plugin.name == "slurm":
        jobs = [job.resources for job in workflow.dag.needrun_jobs()]
        exit_on_user_error(
            check_partitions,
            {str(r.slurm_partition) for r in jobs if r.get("slurm_partition")},
        )
    if workflow.is_main_process:
        wanted = files_of(workflow.dag.needrun_jobs())
        if workflow.executor_plugin.name == "local":
            # With a limit Snakemake looks at the ready jobs again a second after each look, and every job that ends adds
            # a look: over the jobs of a run, a growing part of a core.
            workflow.scheduler.job_rate_limiter = None
            for line in short_memory(plan, wanted, machine_memory()):
                logger.warning(f"warning: {line}")
        remove_unfinished(plan, wanted)


onsuccess:
    if workflow.is_main_process:
        report_times(plan, logger)


# With `--keep-going` every job that does not need a failed one has run: the rows that are complete are written.
onerror:
    if workflow.is_main_process:
        if workflow.execution_settings.keep_going:
            undone = files_of(workflow.dag.needrun_jobs())
            failed = files_of(workflow.scheduler.failed)
            for line in exit_on_user_error(write_unfinished, plan, undone, failed):
                logger.error(line)
        report_times(plan, logger)


def files_of(jobs):
    """The outputs of Snakemake's jobs."""
    return {str(path) for job in jobs for path in job.output}


def outputs(stage):
    """Name -> path template of the stage's outputs, directories and what Snakemake's report shows marked."""
    return {
        name: marked(stage, plan.paths.template(stage, name), path)
        for name, path in STAGES[stage].outputs.items()
    }


def marked(stage, template, path):
    """An output as a rule declares it. The report has the tables and the page of the default target."""
    shown = STAGES[stage].default and Path(path).suffix in (".csv", ".html")
    if not shown:
        return directory(template) if path.endswith("/") else template
    kind = "page" if path.endswith(".html") else "table"
    return report(
        template,
        caption=f"report/{kind}.rst",
        category=f"{kind.capitalize()}s",
        labels={kind: Path(path).stem},
    )


def of_job(stage, value):
    """Function of a rule's wildcards: `value` of the plan's job with these ids."""
    return lambda wildcards: exit_on_user_error(
        lambda: value(plan.job(stage, **dict(wildcards.items())))
    )


def present(paths):
    """The paths without those that are absent and that no job makes."""
    return [path for path in paths if path not in absent_inputs()[0]]


def inputs(stage):
    """Input function: the files that the plan gives a job, without the absent ones."""
    return of_job(stage, lambda job: present(job.inputs))


def job_file(stage, job):
    """The file with the job's specification, written unless nothing is going to run."""
    if workflow.executor_plugin is None or workflow.dryrun or absent_inputs()[1]:
        return plan.paths.job_file(stage).format(**job.ids)
    return write_job(plan, stage, job)


def parameters(stage):
    """Parameters of the stage's rule. A job reruns when its `spec`, `code`, `portable`, `weights` or `release` changes.

    spec: its specification as JSON. code: digest of the modules that it imports. weights: digests of the pre-trained
    files that it starts from. release: digest of the release that it reads, wherever it lies. engine: name of the LaTeX
    engine, of a stage that needs one; without one the run ends here, before its first job.
    """

    @functools.cache
    def release(key):
        read = plan.jobs[stage][key].release
        return release_digest(read) if read else ""

    def engine(wildcards):
        return Path(exit_on_user_error(find_engine)).name

    declared = STAGES[stage]
    return {
        **({"engine": engine} if declared.typesets else {}),
        "launch": declared.launch(plan.config.processes),
        "stage": stage,
        "job": of_job(stage, lambda job: job_file(stage, job)),
        "spec": of_job(stage, spec_text),
        "code": of_job(
            stage, lambda job: code_digest(declared.modules(job.class_path))
        ),
        "portable": plan.config.runtime.portable,
        "weights": of_job(stage, lambda job: weight_digests(present(job.weights))),
        "release": of_job(stage, lambda job: release(declared.key_of(job.ids))),
    }


# The interpreter that runs Snakemake runs the jobs, also where no environment is active; conda brings its own. Jobs
# import the package and the baselines of this checkout. Python reads its hash seed when it starts. Nothing may be
# fetched without the user's knowledge.
exports = f'PYTHONHASHSEED=0 HF_HUB_OFFLINE=1 PYTHONPATH={shlex.quote(str(root))}:"${{{{PYTHONPATH:-}}}}"'
if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
    exports += f' PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"'
shell.prefix(f"set -euo pipefail; export {exports}; ")


def no_such_table(wildcards):
    """Input function of a table that the plan does not have: says which ones it has."""
    known = ", ".join(plan.jobs["table"])
    name = f"{plan.paths.results}/table{wildcards.unknown}"
    sys.exit(f"error: {name}: no such table; the tables are {known}, as .csv and .tex")


wildcard_constraints:
    **patterns(plan),
