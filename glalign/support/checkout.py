"""Files of the suite beside the package: the configuration, the paper's tables, the baselines."""

import sys
from pathlib import Path

from glalign.support.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
"""Root of the checkout, if the package runs from one."""


def is_checkout() -> bool:
    """Whether the package runs from a checkout, and not from an installed wheel."""
    return (ROOT / "config.yaml").is_file() and (ROOT / "baselines").is_dir()


def suite_file(name: str) -> str:
    """Return the path of a checkout's file, absolute if started elsewhere. Raises: UserError without a checkout."""
    if not is_checkout():
        raise UserError(
            f"{name}: not in this installation; this command needs a checkout of the suite: clone the repository and "
            "run `make install` there"
        )
    return name if Path.cwd() == ROOT else str(ROOT / name)


def find_baselines() -> None:
    """Let `baselines` be imported from the checkout, wherever the working directory is."""
    if is_checkout() and str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
