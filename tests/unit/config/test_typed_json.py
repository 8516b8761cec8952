"""Records as typed values: what no writer of the suite makes is refused."""

from pathlib import Path

import pytest

from glalign.config.typed_json import read_typed
from glalign.contract.results import JobTimes
from glalign.support.errors import UserError


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_to_compute_with_is_refused(tmp_path: Path, number: str) -> None:
    record = '{{"run": null, "started": 1.5, "wall": {}, "cpu": 1.5, "peak_mib": null, "seconds": {{"other": {}}}}}'
    (tmp_path / "whole.json").write_text(record.format(2, 1e11), encoding="utf-8")
    assert read_typed(tmp_path / "whole.json", JobTimes).wall == 2
    for values in ((number, 1), (1, number)):
        (tmp_path / "x.json").write_text(record.format(*values), encoding="utf-8")
        with pytest.raises(UserError, match=rf"x\.json: not valid JSON at line 1 .*\({number} is not finite\); delete"):
            read_typed(tmp_path / "x.json", JobTimes)
