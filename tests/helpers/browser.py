"""Chromium without a window, driven over the WebDriver protocol with the standard library; absent where none is."""

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DRIVER, BROWSER = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
PRESENT = bool(DRIVER and BROWSER)
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
           "--disable-background-networking", "--disable-component-update", "--no-first-run")  # fmt: skip


class Browser:
    """A session. Raises: RuntimeError for an error of the driver, a script's included."""

    def __init__(self, address: str) -> None:
        self.address = address
        chrome = {"args": OPTIONS, "binary": BROWSER}
        logs = {"browser": "ALL", "performance": "ALL"}
        wanted = {"browserName": "chrome", "goog:chromeOptions": chrome, "goog:loggingPrefs": logs}
        made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{made['sessionId']}"

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.loads(answer.read())["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.loads(error.read())["value"]["message"]) from error

    def open(self, page: Path, fragment: str = "") -> None:
        """Load a file from an empty page, so that a fragment is followed as on a first visit."""
        self._call("POST", f"{self.session}/url", {"url": "about:blank"})
        address = page.resolve().as_uri() + (f"#{fragment}" if fragment else "")
        self._call("POST", f"{self.session}/url", {"url": address})

    def run(self, script: str, *values: Any) -> Any:
        """What a script returns; `arguments` are the values."""
        return self._call("POST", f"{self.session}/execute/sync", {"script": script, "args": values})

    def devtools(self, command: str, **values: Any) -> Any:
        """What a command of the DevTools protocol returns."""
        return self._call("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": values})

    def resize(self, width: int, height: int) -> None:
        """Show the page at a width and a height in pixels, as on a device of that size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", **size)

    def scheme(self, name: str) -> None:
        """Prefer light or dark."""
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def log(self, kind: str) -> list[dict[str, Any]]:
        """The entries since the last call. kind: browser (the console), or performance (events of the network)."""
        return self._call("POST", f"{self.session}/se/log", {"type": kind})

    def requests(self) -> list[str]:
        """The addresses that the browser asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def screenshot(self, path: Path) -> None:
        """Write what is in view as PNG."""
        path.write_bytes(base64.b64decode(self._call("GET", f"{self.session}/screenshot")))

    def close(self) -> None:
        """End the session."""
        self._call("DELETE", self.session)


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A browser, ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen(
        [str(DRIVER), f"--port={port}", "--silent"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        opened = Browser(f"http://127.0.0.1:{port}")
        try:
            yield opened
        finally:
            opened.close()
    finally:
        driver.terminate()
        driver.wait(10)
