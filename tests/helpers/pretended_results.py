"""Results of a plan with made-up contents: one job of every stage, with its record."""

from pathlib import Path

from glalign.planning.job_files import spec_digest
from glalign.planning.job_record import OF_SNAKEMAKE, check_inputs, made_inputs, write_record
from glalign.planning.plan import STAGES, Plan
from glalign.storage.code_digest import code_digest


def pretend(plan: Plan) -> dict[str, str]:
    """Write outputs and records of the first job of every stage; return stage -> key, in the plan's order."""
    made = {}
    for stage, jobs in plan.jobs.items():
        key, job = next(iter(jobs.items()), ("", None))
        if job is None:
            continue
        outputs = {name: Path(path) for name, path in plan.outputs(stage, job).items()}
        for name, path in outputs.items():
            is_folder = STAGES[stage].outputs[name].endswith("/")
            for file in (path / "a" / "1.png", path / "2.png") if is_folder else (path,):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(f"{stage} {key} {name} {file.name}\n".encode() * 9)
        code = code_digest(STAGES[stage].modules(job.class_path))
        record = plan.paths.record(stage).format(**job.ids)
        write_record(record, spec_digest(job.spec), code, check_inputs(made_inputs(plan, job)), outputs)
        made[stage] = key
    return made


def files_of_kind(path: Path) -> list[Path]:
    """The files of an output, without the one that Snakemake adds to a folder."""
    return (
        sorted(file for file in path.rglob("*") if file.is_file() and file.name != OF_SNAKEMAKE)
        if path.is_dir()
        else [path]
    )
