"""Chromium without a window, for the tests of the pages: driven over two pipes (--remote-debugging-pipe), so it needs no port and no library.

Chromium is Debian's package of that name (tools/deps check installs it), or what CHROMIUM names. find() is None where there is none.
"""
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

DEADLINE = 60
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find():
    return os.environ.get("CHROMIUM") or next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One page of a browser of its own. What happened in it is in events, in order."""

    def __init__(self, headers=None):
        self.folder = tempfile.mkdtemp(prefix="sluice-chromium-")
        self.numbers = itertools.count(1)
        self.events, self.rest = [], b""
        to_it, self.out = os.pipe()
        self.into, from_it = os.pipe()
        # bash: of descriptors beyond 9 the plain shell of Debian knows nothing.
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", f'exec "$0" "$@" 3<&{to_it} 4>&{from_it}', find(), "--headless=new", "--remote-debugging-pipe", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--hide-scrollbars", "--no-proxy-server", f"--user-data-dir={self.folder}", "about:blank"],
            pass_fds=(to_it, from_it), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_it)
        os.close(from_it)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Network.setExtraHTTPHeaders", headers=headers or {})

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        os.close(self.out)
        self.process.kill()
        self.process.wait()
        os.close(self.into)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _next(self):
        while b"\0" not in self.rest:
            if not select.select([self.into], [], [], DEADLINE)[0]:
                raise AssertionError(f"the browser has said nothing for {DEADLINE} s")
            piece = os.read(self.into, 1 << 20)
            if not piece:
                raise AssertionError("the browser is gone")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == number:
                if "error" in told:
                    raise AssertionError(f"{method}: {told['error']}")
                return told["result"]
            self.events.append(told)

    def open(self, url):
        """Until it is loaded, with all that belongs to it. What happened before is forgotten."""
        self.events.clear()
        told = self.call("Page.navigate", url=url)
        if told.get("errorText"):
            raise AssertionError(f"{url}: {told['errorText']}")
        until = time.monotonic() + DEADLINE
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            if time.monotonic() > until:
                raise AssertionError(f"{url} is not loaded after {DEADLINE} s")
            self.events.append(self._next())

    def run(self, script):
        """The value of an expression in the page. Not held by the page's Content-Security-Policy, as we are no script of it."""
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in told:
            raise AssertionError(f"{script}: {told['exceptionDetails']}")
        return told["result"].get("value")

    def look(self, width, height=900, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def complaints(self):
        """What the browser had to say: scripts that ran into something, policies that were held, dialogs, what could not be loaded."""
        methods = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Page.javascriptDialogOpening",
                   "Network.loadingFailed")
        return [e for e in self.events if e["method"] in methods]
