"""README's picture of Table 4 shows the numbers of the golden table."""

import hashlib
from pathlib import Path

from PIL import Image

from glalign.reporting.table_picture import TABLE

ROOT = Path(__file__).parents[3]


def test_the_picture_is_of_the_golden_table() -> None:
    digest = hashlib.sha256((ROOT / "tests/golden/table4.csv").read_bytes()).hexdigest()
    with Image.open(ROOT / "docs/images/table4.png") as picture:
        assert picture.info[TABLE] == digest
