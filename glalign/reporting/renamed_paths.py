"""Paths of a run as the archive of it has them: the results below one folder, the paper's files below another."""

from collections.abc import Iterator
from typing import Any

from glalign.reporting.bundled_files import RESULTS
from glalign.support.checkout import ROOT


class Renamed:
    """Paths as the archive has them. results: the folder as the configuration names it."""

    def __init__(self, results: str) -> None:
        """Keep the beginnings of paths and what stands for them."""
        self.beginnings = ((f"{results.rstrip('/')}/", f"{RESULTS}/"), (f"{ROOT}/paper/", "paper/"))

    def of(self, text: str) -> str:
        """A path in the archive; another text as it is."""
        for old, new in self.beginnings:
            if text.startswith(old):
                return new + text.removeprefix(old)
        return text

    def in_all(self, value: Any) -> Any:
        """JSON data with every path in it renamed."""
        if isinstance(value, dict):
            return {key: self.in_all(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.in_all(one) for one in value]
        return self.of(value) if isinstance(value, str) else value

    def suite_files(self, value: Any) -> Iterator[str]:
        """The suite's own files that JSON data names."""
        if isinstance(value, dict | list):
            for one in value.values() if isinstance(value, dict) else value:
                yield from self.suite_files(one)
        elif isinstance(value, str) and self.of(value).startswith("paper/"):
            yield self.of(value)
