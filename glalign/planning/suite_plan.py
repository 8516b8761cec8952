"""The plan of a configuration, with the paper's tables and the systems' original sizes read from the checkout."""

from pathlib import Path

from glalign.config.loading import Config, load
from glalign.planning.plan import Plan, make_plan
from glalign.planning.printed_tables import read_published, read_reported
from glalign.support.checkout import suite_file


def plan_of(config: Config) -> Plan:
    """The plan of a configuration. Raises: UserError outside a checkout, or for a configuration that cannot be run."""
    reported = read_reported(Path(suite_file("paper/reported")))
    published = read_published(suite_file("paper/parameters.csv"))
    return make_plan(config, reported, load(suite_file("config.yaml")), published)
