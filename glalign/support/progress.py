"""Progress of long work: a bar on a terminal, plain lines in a log."""

import logging
import os
import sys
import time
from pathlib import Path

from tqdm import tqdm

from glalign.support.errors import UserError, printable

log = logging.getLogger("glalign")
SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Context manager that counts `total` units of the work `what` and shows rate and time left."""

    def __init__(self, what: str, total: int, unit: str = "it", done: int = 0) -> None:
        self.what, self.total, self.unit, self.initial, self.done = what, total, unit, done, done
        self.started = self.printed = time.monotonic()
        self.postfix = ""
        hidden = not (sys.stderr.isatty() and log.isEnabledFor(logging.INFO))
        work = {"desc": what, "total": total, "unit": unit, "initial": done}
        self.bar = tqdm(**work, leave=False, dynamic_ncols=True, disable=hidden)

    def update(self, count: int = 1, postfix: str = "") -> None:
        """Advance by `count`. postfix: text shown after the rate, such as a loss or a score."""
        self.done += count
        self.postfix = postfix or self.postfix
        self.bar.set_postfix_str(self.postfix, refresh=False)
        self.bar.update(count)
        now = time.monotonic()
        if now - self.printed >= SECONDS_BETWEEN_LINES:
            self.printed = now
            log.info(self.line(now))

    def reach(self, done: int, total: int) -> None:
        """Set the progress to `done` of `total` units, where the total was not known before."""
        self.total = self.bar.total = total
        self.update(done - self.done)

    def line(self, now: float) -> str:
        """Format the state as one line, in the format of tqdm."""
        meter = tqdm.format_meter(
            self.done,
            self.total,
            now - self.started,
            unit=self.unit,
            initial=self.initial,
            postfix=self.postfix,
            ncols=0,
        )
        return f"{self.what}: {meter}"

    def __enter__(self) -> "Progress":
        log.info("%s: %d %s", self.what, self.total, self.unit)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.bar.close()
        if kind is None:
            log.info("%s: done in %.1f s", self.what, time.monotonic() - self.started)


class TerminalHandler(logging.Handler):
    """Handler that prints to standard error above the bar; messages up to INFO only if no bar is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line without breaking the bar."""
        if not (sys.stderr.isatty() and record.levelno <= logging.INFO):
            tqdm.write(printable(self.format(record)), file=sys.stderr)


def start_logging(path: Path | str | None) -> None:
    """Send the package's messages to standard error and, as plain lines with a time, to the file `path`.

    Of several processes started by torchrun, only the first logs progress; the others log errors.

    Raises: UserError for a file that cannot be written.
    """
    first = os.environ.get("RANK", "0") == "0"
    log.setLevel(logging.INFO if first else logging.ERROR)
    log.handlers[:] = [TerminalHandler()]
    if path:
        try:
            mode = "w" if first else "a"
            handler = logging.FileHandler(path, mode, encoding="utf-8", delay=not first, errors="backslashreplace")
        except OSError as error:
            raise UserError(f"--log: {path} cannot be written ({error.strerror}); name another file") from error
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
        log.addHandler(handler)
