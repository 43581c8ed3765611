"""What the end-to-end tests share: the real program in a temporary folder.

A Server is a folder with a configuration, a database made by `sluice init`, and, while it runs, a process that
listens on a port the kernel chose. Tests speak to it over sockets, read its database from outside (read-only), and kill it.
Nothing here sleeps in place of waiting: eventually() asks again until a deadline, and the lines on stderr are waited for.

Only the standard library of Python. SLUICE names the program; without it, build/sluice of this tree.
Run one file by hand:  tests/e2e/test_spine.py [WORD ...]   (only the tests with one of the words in their name)
"""
import atexit
import base64
import contextlib
import ctypes
import http.client
import itertools
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SLUICE = os.path.abspath(os.environ.get("SLUICE", os.path.join(ROOT, "build", "sluice")))
INTERNAL = "internal-token-of-the-tests"
REPO = "acme/widget"
DEADLINE = float(os.environ.get("SLUICE_TEST_DEADLINE", "60"))
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:|Assertion .* failed")
# Memory of a sanitised program says nothing about the program.
SANITIZED = "ASAN_OPTIONS" in os.environ or "TSAN_OPTIONS" in os.environ


def eventually(what, condition, seconds=DEADLINE):
    """condition() again and again until it is true; what it gave then. AssertionError naming `what` when time is up."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.01)


_numbers = itertools.count(1)


def new_sha(length=40):
    """A commit that no other test of this process uses."""
    return f"{next(_numbers):08x}{os.getpid():08x}".ljust(length, "a")


def post_of(**over):
    """A good post; give fields to change them, None to leave one out."""
    post = {"repo": REPO, "head_sha": new_sha(), "run_id": "1", "step_name": "build", "log_tail": "error: it broke\n"}
    post.update(over)
    return {k: v for k, v in post.items() if v is not None}


_zstd = None


def unzstd(frame):
    """The content of one zstd frame that knows its size. The program links the same library, so it is there."""
    global _zstd
    if _zstd is None:
        _zstd = ctypes.CDLL("libzstd.so.1")
        _zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
        _zstd.ZSTD_decompress.restype = ctypes.c_size_t
    size = _zstd.ZSTD_getFrameContentSize(frame, ctypes.c_size_t(len(frame)))
    if size > 1 << 24:
        raise AssertionError(f"not a zstd frame with a size: {frame[:16]!r}")
    out = ctypes.create_string_buffer(size + 1)
    got = _zstd.ZSTD_decompress(out, ctypes.c_size_t(size), frame, ctypes.c_size_t(len(frame)))
    if got != size:
        raise AssertionError("the frame is damaged")
    return out.raw[:size]


def three_base64(secret):
    """What base64 leaves of a secret whatever stands before it: the letters that depend on it alone, at each of three shifts."""
    found = []
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + secret + b"\0" * ((-len(secret) - shift) % 3)).decode()
        first = -(-shift * 8 // 6)
        found.append(text[first:(shift + len(secret)) * 8 // 6])
    return found


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


def clean_environment(home, more=None):
    """The caller's environment without anything that Sluice or a runner would read from it."""
    kept = {k: v for k, v in os.environ.items()
            if not re.match(r"SLUICE|CLAUDE_HOOKS|GITHUB_|GITEA_|FORGEJO_|RUNNER_|XDG_|CI$|NOTIFY_SOCKET|JOURNAL_STREAM|"
                            r"STATE_DIRECTORY|CREDENTIALS_DIRECTORY|CONFIGURATION_DIRECTORY|LOGS_DIRECTORY|.*_?proxy$",
                            k, re.I)}
    kept.update({"HOME": home, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"})
    kept.update(more or {})
    return kept


def run(*args, env=None, home="/nonexistent", stdin="", timeout=DEADLINE, cwd=None):
    """The program, once. Its CompletedProcess, with text."""
    return subprocess.run([SLUICE, *args], env=clean_environment(home, env), input=stdin, capture_output=True, text=True,
                          timeout=timeout, cwd=cwd, check=False)


class CompiledRules:
    """The rules that the first who needed them compiled, for those after: it takes a second of a processor, with sanitizers several.
    tools/runtests names a place for all the tests that it runs; a file that is run by hand has its own."""

    place = os.environ.get("SLUICE_TEST_SHARED")

    @classmethod
    def keep(cls, rules):
        """A folder of compiled rules: what is in it is kept, unless something is."""
        if cls.place is None:
            cls.place = tempfile.mkdtemp(prefix="sluice-e2e-rules-")
            atexit.register(shutil.rmtree, cls.place, ignore_errors=True)
        if cls._names(cls.place):
            return
        for name in cls._names(rules):
            part = os.path.join(cls.place, f"{name}.{os.getpid()}")
            shutil.copyfile(os.path.join(rules, name), part)
            os.rename(part, os.path.join(cls.place, name))  # whole or not there, for tests that run beside this one

    @classmethod
    def give(cls, rules):
        """Makes the folder, if there is something for it."""
        names = cls._names(cls.place)
        if names and not os.path.exists(rules):
            with contextlib.suppress(OSError):  # it may be full, or read-only: then the program does without
                os.makedirs(rules, 0o700)
                for name in names:
                    shutil.copyfile(os.path.join(cls.place, name), os.path.join(rules, name))

    @staticmethod
    def _names(folder):
        return [name for name in os.listdir(folder) if name.endswith(".db")] if folder and os.path.isdir(folder) else []


class Server:
    """config is put behind the lines every test needs, so it may add sections. internal=None: no internal token."""

    def __init__(self, config="", internal=INTERNAL, limits="reads = 0\n\twrites = 0", env=None, data=None, init=True,
                 watch=(REPO,)):
        self.folder = tempfile.mkdtemp(prefix="sluice-e2e-")
        self.data = data or os.path.join(self.folder, "data")
        self.shares_rules = not data  # a folder of the test's own may be small, or not be written to
        self.conf = os.path.join(self.folder, "sluice.conf")
        self.env = clean_environment(self.folder, env)
        self.process = self.reader = None
        self.lines, self.heard = [], threading.Condition()
        self.admin = None
        self.watch = watch
        token = f"[internal]\n\ttoken = {internal}\n" if internal else ""
        self.base = (f"[server]\n\tlisten = 127.0.0.1:0\n[store]\n\tdata = {self.data}\n"
                     f"[limits]\n\t{limits}\n" + ("" if "logins" in limits else "\tlogins = 0\n") + token)
        self.configure(config)
        if init:
            self.init()

    def __enter__(self):
        self.start()
        for repo in self.watch:
            self.must("repo", "add", repo)
        return self

    def __exit__(self, *exc):
        self.close()

    # -- life

    def configure(self, config):
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(self.base + config)

    def init(self):
        done = subprocess.run([SLUICE, "init", "--config", self.conf, "--email", "root@example.org", "--json"],
                              env=self.env, capture_output=True, text=True, timeout=DEADLINE, check=False)
        if done.returncode != 0:
            raise AssertionError(f"sluice init: {done.returncode} {done.stderr}")
        self.admin = json.loads(done.stdout)["token"]

    def start(self, env=None, wait=True, preexec=None):
        assert self.process is None
        if self.shares_rules and os.path.isdir(self.data):
            CompiledRules.give(os.path.join(self.data, "rules"))
        self.lines = []
        self.process = subprocess.Popen([SLUICE, "serve", "--config", self.conf], env={**self.env, **(env or {})},
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        preexec_fn=preexec)
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()
        if wait:
            self.port = int(self.wait_for_line(r"listening on http://127\.0\.0\.1:(\d+)").group(1))
            self.url = f"http://127.0.0.1:{self.port}"
        return self

    def _read(self, process):
        for line in process.stderr:
            with self.heard:
                self.lines.append(line.decode("utf-8", "replace"))
                self.heard.notify_all()
        with self.heard:
            self.heard.notify_all()

    @property
    def stderr(self):
        with self.heard:
            return "".join(self.lines)

    def wait_for_line(self, pattern, seconds=DEADLINE, since=0):
        """The match of the first line on stderr that has the pattern. AssertionError when the program ends without it."""
        until = time.monotonic() + seconds
        with self.heard:
            while True:
                for line in self.lines[since:]:
                    found = re.search(pattern, line)
                    if found:
                        return found
                if not self.reader.is_alive() and self.process.poll() is not None:
                    raise AssertionError(f"sluice ended ({self.process.returncode}) without {pattern!r}:\n" + "".join(self.lines))
                if not self.heard.wait(min(0.2, max(0.001, until - time.monotonic()))) and time.monotonic() > until:
                    raise AssertionError(f"no line like {pattern!r} in {seconds:.0f} s:\n" + "".join(self.lines))

    def wait(self, seconds=DEADLINE):
        """Until the process is gone; its exit code."""
        code = self.process.wait(seconds)
        self.reader.join(seconds)
        self.process.stderr.close()
        self.process = None
        if self.shares_rules and code == 0:
            CompiledRules.keep(os.path.join(self.data, "rules"))
        self.check_diag()
        return code

    def stop(self):
        """As a service manager would. A clean end is part of every test."""
        self.process.send_signal(signal.SIGTERM)
        code = self.wait()
        if code != 0:
            raise AssertionError(f"sluice ended with {code}:\n{self.stderr}")

    def kill(self):
        self.process.kill()
        self.wait()

    def check_diag(self):
        found = SANITIZER.search(self.stderr)
        if found:
            raise AssertionError(f"{found.group(0)} in the diag of the server:\n{self.stderr}")

    def close(self):
        try:
            if self.process:
                self.stop()
        finally:
            if self.process:
                self.process.kill()
                self.process.wait()
                self.process.stderr.close()
                self.process = None
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- the command line, as somebody would use it against this server

    def cli(self, *args, token=None, stdin="", env=None, cwd=None):
        more = {"SLUICE_URL": self.url, "SLUICE_TOKEN": token or self.admin, **(env or {})}
        return run(*args, env=more, home=self.folder, stdin=stdin, cwd=cwd)

    def must(self, *args, **more):
        done = self.cli(*args, **more)
        if done.returncode != 0:
            raise AssertionError(f"sluice {' '.join(args)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def new_token(self, *scopes, repo=None, name=None):
        """A token of these scopes: its text and its id."""
        bound = ["--repo", repo] if repo else []
        made = json.loads(self.must("token", "create", "--name", name or f"t{next(_numbers)}", "--json",
                                    *itertools.chain.from_iterable(("--scope", s) for s in scopes), *bound))
        return made["token"], made["id"]

    # -- HTTP

    def request(self, method, path, body=None, token=None, headers=None):
        """token: None for none, else a bearer. body: bytes, or anything that becomes JSON."""
        head = dict(headers or {})
        if token:
            head.setdefault("Authorization", f"Bearer {token}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        if body is not None and "Content-Type" not in head:
            head["Content-Type"] = "application/json"
        head = {k: v for k, v in head.items() if v is not None}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)) as c:
            c.request(method, path, body, head)
            r = c.getresponse()
            return Answer(r.status, r.headers, r.read())

    def get(self, path, token=None):
        return self.request("GET", path, token=token or self.admin)

    def post(self, post=None, token=INTERNAL, headers=None, **over):
        """One-shot post of a step's log."""
        if not isinstance(post, bytes):
            post = {**(post or post_of()), **over}
        return self.request("POST", "/internal/ci-log", post, token=token, headers=headers)

    def must_post(self, post=None, **over):
        answer = self.post(post, **over)
        if answer.status != 204:
            raise AssertionError(f"a good post was refused: {answer}")

    def context(self, sha, repo=REPO, token=None, **more):
        """The account of a commit in JSON."""
        query = "&".join(f"{k}={v}" for k, v in {"repo": repo, "sha": sha, "format": "json", **more}.items())
        answer = self.get(f"/api/v1/context?{query}", token=token)
        if answer.status != 200:
            raise AssertionError(f"no context: {answer}")
        return answer.json

    def explained(self, sha, repo=REPO, **more):
        """The same, when all of its steps have been explained."""
        def when_done():
            account = self.context(sha, repo, **more)
            return all(step["explained"] == "done" for step in account["steps"]) and account
        return eventually(f"the steps of {sha} are explained", when_done)

    def kept(self, sha, repo=REPO):
        """The one failed step of a commit, as JSON."""
        steps = self.context(sha, repo, budget=1048576)["steps"]
        if len(steps) != 1:
            raise AssertionError(f"one step was expected: {steps}")
        return steps[0]

    def kept_text(self, sha):
        """The kept text of the only step of a commit, byte for byte, read from the database."""
        rows = self.query("SELECT tail.* FROM tail JOIN step ON step.id = tail.step_id JOIN job ON job.id = step.job_id "
                          "JOIN run ON run.id = job.run_id WHERE run.head_sha = ?", sha)
        if len(rows) != 1:
            raise AssertionError(f"one tail was expected, there are {len(rows)}")
        return unzstd(next(v for v in rows[0] if isinstance(v, bytes))).decode("utf-8")

    # -- the database, from outside

    def query(self, sql, *args):
        with contextlib.closing(sqlite3.connect(f"file:{self.data}/sluice.db?mode=ro", uri=True, timeout=20)) as db:
            return db.execute(sql, args).fetchall()

    def count(self, table):
        return self.query(f"SELECT count(*) FROM {table}")[0][0]

    def everything(self):
        """All that was kept, by where it lies: files as they are, kept texts decompressed, and the diag."""
        found = {"stderr": self.stderr.encode()}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(folder, name)
                if path == self.conf:
                    continue
                with open(path, "rb") as f:
                    found[path] = f.read()
        for i, row in enumerate(self.query("SELECT * FROM tail")):
            for blob in (v for v in row if isinstance(v, bytes)):
                found[f"tail {i}"] = unzstd(blob)
        for name, blob in self.query("SELECT name, zstd FROM report"):
            found[f"report {name}"] = unzstd(blob)
        return found


class KeepAlive:
    """One connection that many requests go through, as cheaply as Python can: for load. Not for threads to share."""

    def __init__(self, port, token=INTERNAL):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.token = token
        self.rest = b""

    def close(self):
        self.socket.close()

    def post(self, post):
        """Status of the answer. OSError (or ConnectionError) when the connection broke before it was whole."""
        self.send(post)
        return self.answer()[0]

    def send(self, post):
        body = json.dumps(post).encode()
        self.socket.sendall((f"POST /internal/ci-log HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n"
                             f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body)

    def answer(self):
        """Status, head and body of the next one."""
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        length = int(length.group(1)) if length else 0
        while len(self.rest) < length:
            self._more()
        body, self.rest = self.rest[:length], self.rest[length:]
        return int(head.split(b" ", 2)[1]), head, body

    def _more(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionResetError("the server closed the connection")
        self.rest += piece


class Case(unittest.TestCase):
    """Tests that share one server for their class. config and options are the class's."""
    config = ""
    options = {}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.config, **cls.options)
        try:
            cls.server.__enter__()
        except BaseException:
            cls.server.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    maxDiff = 4000

    def refused(self, answer, status, code):
        """An ErrorResponse of this status and code; its details."""
        self.assertEqual(answer.status, status, answer)
        self.assertIn("application/json", answer.headers["Content-Type"])
        self.assertEqual(answer.json["code"], code, answer)
        self.assertTrue(answer.json["message"])
        self.assertIsInstance(answer.json["details"], dict)
        if status >= 500:
            self.assertEqual(answer.json["details"]["request_id"], answer.headers["X-Request-Id"])
        return answer.json["details"]

    def names_field(self, answer, field):
        details = self.refused(answer, 400, "validation_error")
        self.assertIn(field, details.get("fields", {}), answer)


class _Tap(unittest.TestResult):
    """Test Anything Protocol, so that the harness counts promises and not files."""

    def __init__(self, out):
        super().__init__()
        self.out, self.n, self.subfailed = out, 0, False

    def startTest(self, test):
        super().startTest(test)
        self.subfailed = False

    def _line(self, ok, test, note=""):
        self.n += 1
        name = getattr(test, "_testMethodName", str(test)).removeprefix("test_")
        print(f"{'ok' if ok else 'not ok'} {self.n} - {type(test).__name__}.{name}{note}", file=self.out, flush=True)

    def _story(self, test, error):
        for line in self._exc_info_to_string(error, test).splitlines():
            print(f"# {line}", file=self.out, flush=True)

    def addSuccess(self, test):
        self._line(True, test)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._line(False, test)
        self._story(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self._line(False, test)
        self._story(test, error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line(True, test, f" # SKIP {reason}")

    def addSubTest(self, test, subtest, error):
        if error is None:
            return
        super().addSubTest(test, subtest, error)
        print(f"# {subtest}", file=self.out)
        self._story(test, error)
        if not self.subfailed:
            self._line(False, test)
        self.subfailed = True


def main():
    """Every test of the calling file, or those with one of the words of the command line in their name."""
    if not os.access(SLUICE, os.X_OK):
        sys.exit(f"there is no program at {SLUICE}: build it first (make build), or name it with SLUICE=")
    loader = unittest.TestLoader()
    words = [w for w in sys.argv[1:] if not w.startswith("-")]
    if words:
        loader.testNamePatterns = [f"*{w}*" for w in words]
    suite = loader.loadTestsFromModule(sys.modules["__main__"])
    result = _Tap(sys.stdout)
    suite.run(result)
    print(f"1..{result.n}", flush=True)
    sys.exit(0 if result.wasSuccessful() else 1)
