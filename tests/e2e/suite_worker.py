"""What tests of `sluice work` share: a suite as a folder, a worker as a process, and what became of a run."""
import itertools
import json
import os
import re
import signal
import subprocess
import tempfile
import threading

import sluice_test as s
from sluice_test import REPO, SLUICE, eventually, new_sha


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def suite(folder, tests, samples):
    """Writes suite.yaml (JSON is YAML) and its files. tests: name -> what the document says of it, outputs as {file: text} (None: nothing is accepted);
    samples: path -> content, or (content, more of what the document says)."""
    document = {"samples": [], "tests": []}
    for path, content in samples.items():
        content, more = content if isinstance(content, tuple) else (content, {})
        write(os.path.join(folder, path), content)
        document["samples"].append({"file": path, **more})
    for n, (name, told) in enumerate(tests.items()):
        outputs = []
        for k, (file, text) in enumerate(told.get("outputs", {}).items()):
            outputs.append({"file": file})
            if text is not None:
                write(os.path.join(folder, f"expected/{n}/{k}"), text)
                outputs[-1]["accepted"] = [f"expected/{n}/{k}"]
        document["tests"].append({"name": name, "sample": next(iter(samples)), **told, "outputs": outputs})
    write(os.path.join(folder, "suite.yaml"), json.dumps(document, ensure_ascii=False))
    return folder


def is_there(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the second: it went between the two
        return False


def catches(pid, number):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        caught = next(line.split()[1] for line in f if line.startswith("SigCgt"))
    return int(caught, 16) >> (number - 1) & 1


class Worker:
    """`sluice work` as a process, or what else works for a server. Its stderr is heard line by line."""

    command = ("work",)

    def __init__(self, server, home, *options, name, env=None):
        self.lines, self.heard = [], threading.Condition()
        more = {"SLUICE_URL": server.url, "SLUICE_TOKEN": s.INTERNAL, "TMPDIR": os.path.join(home, "tmp"), **(env or {})}
        os.makedirs(more["TMPDIR"], exist_ok=True)
        self.process = subprocess.Popen([SLUICE, *self.command, "--name", name, "--wait", "1", *options], env=s.clean_environment(home, more),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self.heard:
                self.lines.append(line.decode("utf-8", "replace"))

    @property
    def stderr(self):
        with self.heard:
            return "".join(self.lines)

    def says(self, pattern):
        return eventually(f"{pattern!r} in what the worker says", lambda: re.search(pattern, self.stderr) or self.fails_early())

    def fails_early(self):
        if self.process.poll() is not None and not self.reader.is_alive():
            raise AssertionError(f"the worker ended ({self.process.returncode}):\n{self.stderr}")

    def wait(self):
        """Until it is gone; its exit code."""
        code = self.process.wait(s.DEADLINE)
        self.reader.join(s.DEADLINE)
        self.process.stderr.close()
        found = s.SANITIZER.search(self.stderr)
        if found:
            raise AssertionError(f"{found.group(0)}:\n{self.stderr}")
        return code

    def hears(self):
        """Has it come so far that it hears a SIGTERM, or is it over?"""
        if self.process.poll() is not None:
            return True
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return bool(int(re.search(r"^SigCgt:\s*([0-9a-f]+)", f.read(), re.M)[1], 16) >> (signal.SIGTERM - 1) & 1)

    def stop(self):
        eventually("it hears signals", self.hears)
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        self.process.kill()
        return self.wait()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        if not self.process.stderr.closed:
            self.process.wait()
            self.reader.join()
            self.process.stderr.close()


_homes = itertools.count(1)


class Waiting:
    """For a unittest.TestCase with self.home: commands that wait for a word of the test's."""

    def path(self, name):
        return os.path.join(self.home, name)

    def fifo(self, name):
        os.mkfifo(self.path(name))
        return self.path(name)

    @staticmethod
    def waits(fifo, before="echo early", after="echo late"):
        """What a shell does that says something, waits for the fifo, and goes on; its process id is in the file beside the fifo."""
        return f"echo $$ > {fifo}.pid; {before}; read x < {fifo}; {after}"

    @staticmethod
    def begun(fifo):
        """The process id of it, once it waits."""
        return int(eventually("the command runs", lambda: os.path.exists(f"{fifo}.pid") and read(f"{fifo}.pid").strip()))

    @staticmethod
    def let_go(fifo):
        """Whoever reads from it goes on. It waits for that reader."""
        with open(fifo, "w", encoding="utf-8") as f:
            f.write("go\n")

    def left(self):
        return os.listdir(self.path("tmp"))


class Working(Waiting):
    """For a unittest.TestCase with self.server: a home for workers, suites, runs and what became of them."""

    def begin(self):
        """No run of an earlier test waits for the workers of this one, and none is given to them again."""
        self.home = tempfile.mkdtemp(prefix="sluice-work-e2e-", dir=self.server.folder)
        self.name = f"w{next(_homes)}"
        for job in self.get("/system/queue?limit=100")["data"]:
            self.server.request("POST", f"/api/v1/runs/{job['run_id']}/cancel", token=self.server.admin)

    def have(self, tests, samples=None):
        """The suite is this one."""
        folder = tempfile.mkdtemp(prefix="suite-", dir=self.home)
        self.server.must("suite", "import", "--all", suite(folder, tests, samples or {"in/words.txt": "pear\napple\n"}))

    def ask(self, **more):
        """A run is asked for; its id."""
        answer = self.server.request("POST", "/api/v1/runs", {"repository": REPO, "branch": "main", "commit_sha": new_sha(),
                                                              "platform": "linux", **more}, token=self.server.admin)
        self.assertEqual(answer.status, 202, answer)
        return answer.json["run_id"]

    def worker(self, *options, name=None, env=None):
        w = Worker(self.server, self.home, *options, name=name or self.name, env=env)
        self.addCleanup(w.close)
        return w

    def do_all(self, *options, **more):
        """A worker does what there is to do; what it said."""
        w = self.worker("--once", *options, **more)
        self.assertEqual(w.wait(), 0, w.stderr)
        return w.stderr

    def get(self, path):
        answer = self.server.get(f"/api/v1{path}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def status(self, run):
        return self.get(f"/runs/{run}")["status"]

    def results(self, run):
        """Each test of the run by its name, as the API tells it."""
        names = dict(self.server.query("SELECT id, name FROM regression_test"))
        return {names[r["regression_test_id"]]: r for r in self.get(f"/runs/{run}/samples?limit=100")["data"]}

    def verdicts(self, run):
        return {name: r["status"] for name, r in self.results(run).items()}

    def messages(self, run):
        return dict(self.server.query("SELECT t.name, r.message FROM result AS r JOIN regression_test AS t ON t.id = r.test_id "
                                      "WHERE r.run_id = ?", run))

    def output(self, run, test, what, n=0):
        """expected, actual or diff?.. of the n-th output of a test."""
        r = self.results(run)[test]
        return self.get(f"/runs/{run}/samples/{r['sample_id']}/regression-tests/{r['regression_test_id']}/outputs/"
                        f"{r['outputs'][n]['output_id']}/{what}")

    def sample_log(self, run, test):
        """Lines of the logs of all tests over the sample of one, as they are now; [] while there are none."""
        answer = self.server.get(f"/api/v1/runs/{run}/samples/{self.results(run)[test]['sample_id']}/logs?limit=500")
        self.assertIn(answer.status, (200, 404), answer)
        return answer.json["data"] if answer.status == 200 else []

    def log(self, run, test):
        """Those of one test."""
        steps = {row[0] for row in self.server.query("SELECT step.id FROM step JOIN job ON job.id = step.job_id WHERE job.run_id = ? AND job.job_name = ?",
                                                     run, test)}
        return [line["message"] for line in self.sample_log(run, test) if line["step_id"] in steps]

    def start_again(self):
        """The server, on the same port: that is where workers look."""
        self.server.base = self.server.base.replace("127.0.0.1:0\n", f"127.0.0.1:{self.server.port}\n")
        self.server.configure(self.config)
        self.server.start()
