"""The comparison with IRRA's original code says what is wrong with the folder that it is given."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_folder_that_is_no_checkout_is_named_with_the_file_that_it_lacks(tmp_path: Path) -> None:
    for name in ("model/build.py", "model/clip_model.py", "model/objectives.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    command = [sys.executable, "benchmarks/bench_irra.py", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{tmp_path}: solver/build.py is missing; ")
