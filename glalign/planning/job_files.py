"""A job's specification as a file: what the workflow writes, `glalign run` reads, and a person may repeat by hand."""

import hashlib
import importlib
import inspect
import json
import os
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import ValidationError

from glalign.config.base import Section
from glalign.config.typed_json import describe, read_typed
from glalign.contract.specs.base import Spec
from glalign.planning.job_record import Made, check_inputs, made_inputs, write_record
from glalign.planning.job_times import write_times
from glalign.planning.plan import STAGES, Plan
from glalign.planning.stage import Job
from glalign.storage.code_digest import code_digest
from glalign.storage.whole_files import write_text
from glalign.support.clock import clock
from glalign.support.errors import UserError, suggestion
from glalign.support.instruction_set import Portable, use_instructions


class JobFile(Section):
    """A job: the name of its stage, its outputs by name, the dotted path of a system's class, its specification.

    times: file for what it took. portable: the instructions that it is held to, `runtime.portable`. record: file for
    digests of what it made; no record is kept where it is empty. inputs: what it reads of other jobs.
    """

    stage: str
    outputs: dict[str, str]
    times: str
    class_path: str | None
    spec: dict[str, Any]
    portable: Portable = False
    record: str = ""
    inputs: tuple[Made, ...] = ()


def spec_text(job: Job) -> str:
    """The specification of a job, apart from places, as JSON with sorted keys. A job reruns when this text changes."""
    return _text(job.spec)


def spec_digest(spec: Spec) -> str:
    """SHA-256 of a specification, apart from places."""
    return hashlib.sha256(_text(spec).encode(errors="surrogatepass")).hexdigest()


def _text(spec: Spec) -> str:
    return json.dumps(spec.content(), ensure_ascii=False, sort_keys=True)


def write_job(plan: Plan, stage: str, job: Job) -> str:
    """Write the file of a job, unless it is there with the same content; returns its path."""
    path = Path(plan.paths.job_file(stage).format(**job.ids))
    file = JobFile(
        stage=stage,
        outputs=plan.outputs(stage, job),
        times=plan.paths.times(stage).format(**job.ids),
        class_path=job.class_path,
        spec=job.spec.to_json(),
        portable=plan.config.runtime.portable,
        record=plan.paths.record(stage).format(**job.ids),
        inputs=made_inputs(plan, job),
    )
    text = json.dumps(file.to_json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
    return str(path)


def run_job(stage: str, path: Path, code: str | None = None, log: Path | None = None) -> None:
    """Run the job that a file describes.

    What it reads of other jobs is compared with their records. The stage's function is called with the specification
    and, by the names of its parameters, with the paths of outputs, `folder` (that of the first declared output), `code`
    (digest of its code; computed where it is None) and `log`. The instructions are chosen before its module, and with
    it numpy or torch, is loaded. Digests of what it made and, last, what it took are written to the files that the job
    names. Of several processes of one training the first one compares and writes.

    Raises: UserError for an unknown stage, a file that is no job of it, or an input that was changed.
    """
    if stage not in STAGES:
        raise UserError(f"no stage {stage!r}; {suggestion(stage, STAGES)}")
    file = read_typed(path, JobFile, "name a file below results/jobs, as the workflow writes it")
    if file.stage != stage:
        remedy = f"`glalign run {file.stage} {path}`" if file.stage in STAGES else suggestion(file.stage, STAGES)
        raise UserError(f"{path}: a job of stage {file.stage!r}, not of {stage!r}; {remedy}")
    declared = STAGES[stage]
    if set(file.outputs) != set(declared.outputs):
        raise UserError(f"{path}: outputs: {', '.join(file.outputs)}; stage {stage} has {', '.join(declared.outputs)}")
    outputs = {name: Path(file.outputs[name]) for name in declared.outputs}
    keeps_record = bool(file.record) and os.environ.get("RANK", "0") == "0"
    with clock.span("other"):
        read = check_inputs(file.inputs) if keeps_record else {}
    use_instructions(file.portable)
    function = getattr(importlib.import_module(declared.module), declared.function.rpartition(".")[2])
    spec_name, *others = inspect.signature(function).parameters
    given: dict[str, Path | str | None] = {**outputs, "folder": next(iter(outputs.values())).parent, "log": log}
    if "code" in others or keeps_record:
        given["code"] = code = code or code_digest(declared.modules(file.class_path))
    spec = _spec(get_type_hints(function)[spec_name], file, path)
    with clock.span("other"):
        if keeps_record:  # the record of an earlier run is not that of what a killed job leaves
            Path(file.record).unlink(missing_ok=True)
        function(spec, **{name: given[name] for name in others})
        if keeps_record:
            write_record(file.record, spec_digest(spec), str(code), read, outputs)
    write_times(Path(file.times))


def _spec(kind: type[Spec], file: JobFile, path: Path) -> Spec:
    """The specification as the type that the stage's function takes."""
    try:
        return kind.model_validate_json(json.dumps(file.spec))
    except ValidationError as error:
        raise UserError(f"{path}: spec: {describe(error)}; run the workflow, which writes the file again") from error
