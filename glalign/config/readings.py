"""Other readings of what the paper leaves open: each is an overlay of the configuration."""

from pydantic import Field

from glalign.config.base import Section, Text

CHANGES = ("systems", "parsing", "phrases", "testsets")
"""Keys of an overlay that a reading may change. The data and their splits stay the same."""


class Reading(Section):
    """A reading of a decision, and where it is compared with the configured one."""

    about: Text = Field(description="what is different, for the table")
    scenario: str = Field("SE1", description="id of the scenario in which both are compared")
    system: str = Field("glalign", description="id of the system")
