"""The paper's claims, each with the comparisons that decide it, from paper/claims.yaml."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, Strict, ValidationError, model_validator

from glalign.config.base import Section, Several, Text, refused
from glalign.config.settings import ScenarioId
from glalign.config.typed_json import describe
from glalign.storage.yaml_files import read_yaml
from glalign.support.errors import UserError

PRINTED = "printed"
"""In place of a system: every system that the paper prints in the scenario."""

REMEDY = "restore it from the repository"
CellName = Annotated[tuple[ScenarioId, str], Strict(False)]
"""A scenario and a system."""

Queries = Literal["same", "shared", "other"]
Test = Literal["bootstrap", "mcnemar"]
Rank = Literal[1, 5, 10]


class Gap(Section):
    """Rank-k of one cell minus that of another; paper/claims.yaml has the meaning of every key."""

    kind: Literal["gap"]
    first: CellName
    second: CellName
    rank: Rank = 1
    queries: Queries = "same"
    equal_gallery: bool = False
    within: float | None = Field(None, gt=0)
    test: Test = "bootstrap"
    level: float = Field(0.05, gt=0, lt=1)

    @model_validator(mode="after")
    def _mcnemar_of_paired_hits(self) -> Self:
        if self.test == "mcnemar" and (self.rank != 1 or self.queries != "same" or self.equal_gallery):
            raise refused("test", "McNemar's test is of Rank-1 on the same queries, in the galleries that were ranked")
        return self


class Drop(Section):
    """How much less a system loses from one scenario to another than a second one."""

    kind: Literal["drop"]
    own: str
    other: str
    start: ScenarioId
    end: ScenarioId
    relative: bool = False


class Coverage(Section):
    """A share of the phrases of a part of the body. dataset: its label."""

    kind: Literal["coverage"]
    dataset: str
    part: str
    above: float = 0.0
    within: float | None = Field(None, gt=0)


class Translation(Section):
    """A share of translated pairs. dataset: its label."""

    kind: Literal["translation"]
    dataset: str
    within: float = Field(gt=0)


class Alpha(Section):
    """Two weights of the global branch."""

    kind: Literal["alpha"]
    best: float
    than: float


Evidence = Annotated[Gap | Drop | Coverage | Translation | Alpha, Field(discriminator="kind")]


class Claim(Section):
    """A claim. where: its sections and tables. caveat: what its comparisons confound."""

    claim: Text
    text: Text
    where: Text
    caveat: str = ""
    comparisons: Several[Evidence] = Field(min_length=1)


class Claims(Section):
    """The content of the file."""

    claims: Several[Claim]


def read_claims(path: Path | str) -> tuple[Claim, ...]:
    """Read the claims. Raises: UserError naming the first key that does not fit."""
    try:
        return Claims.model_validate(read_yaml(path, REMEDY)).claims
    except ValidationError as error:
        raise UserError(f"{path}: {describe(error)}; {REMEDY}") from error
