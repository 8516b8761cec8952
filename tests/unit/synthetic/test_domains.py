"""The configuration knows the domains and their languages without importing the generator."""

from typing import get_args

from glalign.config.datasets import WRITTEN, Domain
from glalign.synthetic.domains.registry import DOMAINS


def test_domains_and_languages_are_those_of_the_generator() -> None:
    assert set(get_args(Domain)) == set(DOMAINS)
    assert {name: set(known) for name, known in WRITTEN.items()} == {
        name: set(d.annotators) for name, d in DOMAINS.items()
    }
