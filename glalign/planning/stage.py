"""A stage is one kind of job: declared once, with its outputs, its function and what plans its jobs.

The path templates, the Snakemake rules, the commands of `glalign run`, the code digests and the default targets all
come from these declarations (glalign/planning/plan.py lists them).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from string import Formatter
from typing import TYPE_CHECKING

from glalign.contract.formats import DatasetRelease
from glalign.contract.specs.base import Spec
from glalign.support.errors import UserError

if TYPE_CHECKING:
    from glalign.planning.draft import Draft


@dataclass(frozen=True)
class Job:
    """One job of a stage.

    Args:
        ids: The ids that tell it apart from the stage's other jobs, such as `{"dataset": "cuhk_en"}`.
        spec: Its specification.
        inputs: Files that other jobs make or that belong to the suite.
        weights: Pre-trained files that no job makes.
        class_path: Dotted path of the system's class, whose module is part of the job's code.
        refused: Why it cannot be run as configured, known before it is. Other jobs of the plan can be run all the same.
        release: The release that it reads. The job reruns when its content changes, not when it moves.
        memory: Megabytes of memory that it needs, where that is less than its stage's; None for the stage's.
    """

    ids: Mapping[str, str]
    spec: Spec
    _: KW_ONLY
    inputs: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    class_path: str | None = None
    refused: str = ""
    release: DatasetRelease | None = None
    memory: int | None = None

    @property
    def gpus(self) -> int:
        """The GPUs that it takes: one for each of its processes where its device is cuda."""
        spec = self.spec.to_json()
        device = spec.get("device") or (spec.get("trained") or {}).get("device")
        return int(spec.get("processes", 1)) if device == "cuda" else 0

    def possible(self) -> "Job":
        """The job. Raises: UserError if it cannot be run."""
        if self.refused:
            raise UserError(self.refused)
        return self


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The declaration of a stage.

    Args:
        name: Of the stage, its rule, and its command `glalign run NAME`.
        key: Template of the ids of a job: `"{dataset}"`; a constant where the stage has one job.
        outputs: Name -> path template below the results folder; a directory ends in "/".
        function: Dotted path of the function that runs a job, such as `fit(spec, folder, code)`. Its first parameter
            is the specification. The others are named after what they get: an output is its path, `folder` the
            folder of the first output, `code` the digest of the code, `log` the job's log file.
        plan: Yields the stage's jobs. It sees the jobs of the stages before it.
        about: One line for `glalign run --help`.
        default: Whether `snakemake` without a target makes its outputs.
        pretrains: Whether `snakemake pretrain` makes its outputs.
        trains: Whether a job is a training, which may run in several processes.
        uses_torch: Whether a job computes with torch: it takes `threads` processors, and a GPU where `device` is cuda.
        typesets: Whether it needs LaTeX. `snakemake` without a target makes its outputs where that is installed.
        minutes: Time limit on a cluster.
        memory: Megabytes of memory that a job needs at most: of the largest release or system of the paper profile,
            from the `peak_mib` of compute.csv with room to spare.
    """

    name: str
    key: str
    outputs: Mapping[str, str]
    function: str
    plan: Callable[["Draft"], Iterable[Job]]
    about: str
    default: bool = False
    pretrains: bool = False
    trains: bool = False
    uses_torch: bool = False
    typesets: bool = False
    minutes: int = 120
    memory: int = 1000

    @property
    def module(self) -> str:
        """Module of the function."""
        return self.function.rpartition(".")[0]

    def modules(self, class_path: str | None) -> tuple[str, ...]:
        """Modules that a job's code starts from."""
        return (self.module, *([class_path.rpartition(".")[0]] if class_path else []))

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the ids in its key."""
        return tuple(name for _, name, *_ in Formatter().parse(self.key) if name)

    def key_of(self, ids: Mapping[str, object]) -> str:
        """Key of the job with these ids."""
        return self.key.format(**ids)

    def memory_of(self, job: Job) -> int:
        """Megabytes of memory to request for a job: its own estimate, at most what its stage declares."""
        return self.memory if job.memory is None else min(self.memory, job.memory)

    def processors(self, threads: int, processes: int) -> int:
        """Processors of a job: torch's threads, in each process of a training."""
        return (threads if self.uses_torch else 1) * (processes if self.trains else 1)

    def launch(self, processes: int) -> str:
        """The command that starts `glalign`. torchrun starts and ends the processes of one training together."""
        if self.trains and processes > 1:
            return f"python -m torch.distributed.run --standalone --nproc-per-node {processes} -m -- glalign"
        return "python -m glalign"


@dataclass(frozen=True)
class Paths:
    """Paths of everything generated, below the folder `results`."""

    results: str
    stages: Mapping[str, Stage] = field(repr=False)

    def template(self, stage: str, output: str) -> str:
        """Path of an output with its ids in braces; `folder` is the folder of the stage's first output."""
        outputs = self.stages[stage].outputs
        if output == "folder":
            return self.template(stage, next(iter(outputs))).rpartition("/")[0]
        return f"{self.results}/{outputs[output].removesuffix('/')}"

    def path(self, stage: str, output: str, **ids: object) -> str:
        """Path of an output of one job."""
        return self.template(stage, output).format(**ids)

    def outputs(self, stage: str, ids: Mapping[str, object]) -> dict[str, str]:
        """Name -> path of every output of one job."""
        return {name: self.path(stage, name, **ids) for name in self.stages[stage].outputs}

    def log(self, stage: str) -> str:
        """Template of the log of a stage's jobs."""
        return f"{self.results}/logs/{stage}/{self.stages[stage].key}.log"

    def times(self, stage: str) -> str:
        """Template of the records of time and memory of a stage's jobs."""
        return f"{self.results}/times/{stage}/{self.stages[stage].key}.json"

    def record(self, stage: str) -> str:
        """Template of the records of what a stage's jobs made (glalign/planning/job_record.py)."""
        return f"{self.results}/digests/{stage}/{self.stages[stage].key}.json"

    def job_file(self, stage: str) -> str:
        """Template of the files that hold the specifications of a stage's jobs."""
        return f"{self.results}/jobs/{stage}/{self.stages[stage].key}.json"
