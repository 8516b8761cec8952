"""The examples of Figures 2 and 3, as records that the figures and the page of results are drawn from."""

from pathlib import Path

from glalign.contract.figures import FailureFigure, ParsingFigure
from glalign.planning.figure_stages import ExamplesSpec
from glalign.reporting.figures import failure_examples, parsing_examples
from glalign.storage.whole_files import write_json


def make_examples(spec: ExamplesSpec, figure2: Path, figure3: Path) -> None:
    """Write the records of the examples. Raises: UserError for files that do not fit one another."""
    blocks = [parsing_examples.block(one) for one in spec.parsing]
    cases = [failure_examples.case(one) for one in spec.failures]
    parsing = ParsingFigure(rule=parsing_examples.RULE, data_note=spec.data_note, blocks=tuple(blocks))
    failures = FailureFigure(rule=failure_examples.RULE, data_note=spec.data_note, cases=tuple(cases))
    write_json(figure2, parsing.to_json())
    write_json(figure3, failures.to_json())
