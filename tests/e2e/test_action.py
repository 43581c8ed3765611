#!/usr/bin/python3
"""action.yml, as a runner would do it: its script in a bare environment, then steps of a job under the shell that it makes; and `sluice flush`, which ends such a job."""
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import textwrap

import sluice_test as s
from sluice_test import Case, REPO, new_sha

MACHINE = {"arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)
BUILT = os.path.join(os.environ.get("SLUICE_RUN_FOLDER", os.path.join(s.ROOT, "build")), f"sluice-run-linux-{MACHINE}")
STUB = f"""#!/bin/sh
case ${{1-}} in --version | post | report | flush) exec {s.SLUICE} "$@" ;; esac
exec {s.SLUICE} run "$@"
"""


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def action():
    """The script of the one step, and its environment: name -> input."""
    text = read(os.path.join(s.ROOT, "action.yml"))
    head, script = re.search(r"\n    - id: fetch\n(.*?)\n      run: \|\n(.*)\Z", text, re.S).groups()
    return textwrap.dedent(script), dict(re.findall(r"^ {8}(\w+): \$\{\{ inputs\.(\w+) \}\}$", head, re.M))


class Job:
    """For a Case: the job of a workflow on a runner, with a folder of its own."""

    def begin_job(self, url=None):
        self.home = tempfile.mkdtemp(prefix="sluice-action-", dir=self.server.folder)
        self.temp, self.sha = os.path.join(self.home, "temp"), new_sha()
        os.mkdir(self.temp)
        self.files = {name: os.path.join(self.home, name) for name in ("GITHUB_PATH", "GITHUB_ENV", "GITHUB_OUTPUT")}
        for path in self.files.values():
            with open(path, "w", encoding="utf-8"):
                pass
        self.env = s.clean_environment(self.home, {"SLUICE_URL": url or self.server.url, "SLUICE_TOKEN": s.INTERNAL, "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": REPO,
                                                   "GITHUB_SHA": self.sha, "GITHUB_RUN_ID": "7", "GITHUB_JOB": "build", "RUNNER_TEMP": self.temp, **self.files})

    def use(self, path=None, **inputs):
        """`uses:` of the action. What a runner keeps between steps is kept."""
        script, env = action()
        given = {name: inputs.get(key, "") for name, key in env.items()}
        done = self.shell(["sh", "-e"], script, {**given, **({"PATH": path} if path else {})})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        kept = {name: [line for line in read(path).split("\n") if line] for name, path in self.files.items()}
        self.assertEqual(len(kept["GITHUB_PATH"]), 1)
        self.env["PATH"] = kept["GITHUB_PATH"][0] + ":" + self.env["PATH"]
        self.env.update(line.split("=", 1) for line in kept["GITHUB_ENV"])
        self.outputs = dict(line.split("=", 1) for line in kept["GITHUB_OUTPUT"])
        return done.stdout

    def shell(self, shell, script, env=None):
        path = os.path.join(self.temp, "script")
        with open(path, "w", encoding="utf-8") as f:
            f.write(script)
        return subprocess.run([*shell, path], env={**self.env, **(env or {})}, capture_output=True, text=True, timeout=s.DEADLINE, check=False, stdin=subprocess.DEVNULL, cwd=self.home)

    def step(self, script, *options):
        """`run:` of a workflow whose default shell is that of doc/runner.md."""
        return self.shell(["sluice", "run", *options, "--", "bash", "-e"], script)

    def names(self):
        return sorted(name for (name,) in self.server.query("SELECT step.name FROM step JOIN job ON job.id = step.job_id JOIN run ON run.id = job.run_id WHERE run.head_sha = ?",
                                                            self.sha))


class Fetching(Job, Case):
    @classmethod
    def setUpClass(cls):
        cls.downloads = tempfile.mkdtemp(prefix="sluice-dl-")
        cls.config = f"[server]\n\tdownloads = {cls.downloads}\n"
        cls.file = os.path.join(cls.downloads, f"sluice-run-linux-{MACHINE}")
        if os.access(BUILT, os.X_OK):
            shutil.copy(BUILT, cls.file)
        else:
            with open(cls.file, "w", encoding="utf-8") as f:
                f.write(STUB)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.downloads)

    def setUp(self):
        self.begin_job()

    def runs_without(self, said, why):
        """The stand-in is there: nothing is sent, and the job does not notice."""
        self.assertIn("::warning::no sluice-run from", said)
        self.assertIn(why, said)
        self.assertEqual(self.outputs["fetched"], "false")
        done = self.step('echo "out of $1$GITHUB_JOB"; echo err >&2; exit 3')
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, "out of build\n", "err\n"))
        for args, want in ((["run", "--step", "x y", "--", "printf", "%s|", "a b", "--", "c"], "a b|--|c|"), (["run", "printf", "%s", "-n"], "-n"),
                           (["post", "--step", "x", "log"], ""), (["report", "x.xml"], ""), (["flush"], "")):
            done = subprocess.run(["sluice", *args], env=self.env, capture_output=True, text=True, check=False, timeout=s.DEADLINE)
            self.assertEqual((done.returncode, done.stdout), (0, want), (args, done.stderr))
        self.assertEqual(subprocess.run(["sluice-run", "--", "false"], env=self.env, check=False).returncode, 1)
        self.assertNotEqual(subprocess.run(["sluice", "run", "--step", "x", "true"], env=self.env, check=False, capture_output=True).returncode, 0)
        self.assertEqual(self.names(), [])

    def test_steps_under_the_shell_that_it_makes_are_sent(self):
        said = self.use()
        self.assertIn("sluice", said)
        self.assertEqual(self.outputs, {"fetched": "true", "path": os.path.join(self.temp, "sluice-bin")})
        done = self.step("echo building\n")
        self.assertEqual((done.returncode, done.stdout), (0, "building\n"), done.stderr)
        self.assertEqual(self.step("echo broken\nexit 4\n", "--step", "Test").returncode, 4)
        self.assertEqual(self.names(), ["Run echo building", "Test"])
        self.assertEqual(subprocess.run(["sluice", "flush"], env=self.env, check=False, capture_output=True).returncode, 0)

    def test_inputs_go_before_the_environment(self):
        self.env["SLUICE_URL"] = "http://127.0.0.1:1"
        self.use(url=self.server.url + "/", leg='{\n  "os": "debian"\n}')
        self.assertEqual((self.outputs["fetched"], self.env["SLUICE_URL"]), ("true", self.server.url))
        self.assertEqual(self.env["SLUICE_LEG"], '{   "os": "debian" }')
        self.assertEqual(self.step("echo hi").returncode, 0)
        self.assertEqual(self.names(), ["Run echo hi"])

    def test_a_sum_that_is_known_is_asked_for(self):
        with open(self.file, "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        self.use(sha256=digest.upper())
        self.assertEqual(self.outputs["fetched"], "true")

    def test_a_file_with_another_sum_is_not_run(self):
        said = self.use(sha256="0" * 64)
        self.assertEqual(sorted(os.listdir(self.outputs["path"])), ["sluice", "sluice-run"])
        self.assertIn("Stands in", read(os.path.join(self.outputs["path"], "sluice-run")))
        self.runs_without(said, "its sum is")

    def test_a_file_that_came_damaged_is_not_run(self):
        """Somebody between us and the server."""
        pwned, bin_ = os.path.join(self.home, "pwned"), os.path.join(self.home, "bin")
        os.mkdir(bin_)
        curl = os.path.join(bin_, "curl")
        with open(curl, "w", encoding="utf-8") as f:  # the sum is the server's, the file is not
            f.write(f'#!/bin/sh\nfor a; do case $p in -o) out=$a ;; esac; p=$a; done\n'
                    f'case $a in *.sha256) exec {shutil.which("curl")} "$@" ;; esac\nprintf "#!/bin/sh\\ntouch {pwned}\\n" >"$out"\n')
        os.chmod(curl, 0o755)
        said = self.use(path=f"{bin_}:{self.env['PATH']}")
        self.runs_without(said, "its sum is")
        self.assertFalse(os.path.exists(pwned))

    def test_a_server_that_is_away_costs_the_logs_and_not_the_job(self):
        self.env["SLUICE_URL"] = "http://127.0.0.1:1"
        self.runs_without(self.use(), "127.0.0.1")

    def test_a_url_that_is_none_costs_the_logs_and_not_the_job(self):
        self.env["SLUICE_URL"] = ""
        self.runs_without(self.use(), "which server?")
        self.begin_job()
        self.runs_without(self.use(url="http://x/\nPATH=/evil"), "none of a URL")
        self.assertEqual(read(self.files["GITHUB_ENV"]), "")

    def test_it_may_be_used_twice_in_a_job(self):
        self.use()
        with open(self.files["GITHUB_PATH"], "w", encoding="utf-8"):
            pass  # as in each step
        self.use()
        self.assertEqual(self.step("echo hi").returncode, 0)
        self.assertEqual(self.names(), ["Run echo hi"])


class Examples(Job, Case):
    """The workflows of doc/examples, and the one of doc/runner.md."""

    def steps_of(self, text):
        """(id or None, script) of each `run:`, and whether it has a shell of its own."""
        found = []
        for step in re.split(r"^ {6}- ", text.split("    steps:\n")[1], flags=re.M)[1:]:
            block = re.search(r"^ *run: \|\n((?:(?: {10}.*)?\n)+)", step, re.M)
            line = re.search(r"^ *run: (?!\|)(.*)$", step, re.M)
            if block or line:
                name = re.search(r"^ *id: (\w+)", step, re.M)
                found.append((name and name[1], textwrap.dedent(block[1]) if block else line[1], "shell: bash" in step))
        return found

    def setUp(self):
        self.begin_job()
        folder = os.path.join(self.home, "bin")  # instead of the action
        os.mkdir(folder)
        os.symlink(s.SLUICE, os.path.join(folder, "sluice"))
        self.env["PATH"] = folder + ":" + self.env["PATH"]

    def test_they_fail_as_they_say_and_that_is_told(self):
        folder = os.path.join(s.ROOT, "doc/examples/workflows")
        for name in sorted(os.listdir(folder)):
            with self.subTest(name):
                self.sha = self.env["GITHUB_SHA"] = new_sha()
                text = read(os.path.join(folder, name))
                shell = re.search(r"shell: (sluice run .*) \{0\}", text)[1].split()
                self.env["SLUICE_LEG"] = "c17"
                codes = []
                for n, (step, script, own) in enumerate(self.steps_of(text.replace("${{ matrix.std }}", "c17"))):
                    self.env["GITHUB_ACTION"] = step or str(n)
                    codes.append(self.shell(["bash", "-e"] if own else shell, script).returncode)
                self.assertEqual(codes, [0, 1, 0])
                account = self.server.explained(self.sha)
                self.assertEqual([step["step"] for step in account["steps"]], ["build"])
                self.assertIn("answer", str(account["steps"][0]["errors"]))

    def test_none_says_what_the_action_does_not_know(self):
        inputs = set(re.findall(r"^  (\w+):\n    description", read(os.path.join(s.ROOT, "action.yml")).split("\noutputs:")[0], re.M))
        self.assertEqual(inputs, {"url", "sha256", "leg"})
        texts = [read(os.path.join(s.ROOT, "doc/examples/workflows", name)) for name in ("forgejo.yml", "gitea.yml", "github.yml")]
        for text in [*texts, read(os.path.join(s.ROOT, "doc/runner.md"))]:
            given = re.findall(r"uses: \S*/sluice@.*\n +with:\n((?: +\w+: .*\n)+)", text)
            self.assertTrue(given)
            for block in given:
                self.assertLessEqual(set(re.findall(r"^ +(\w+):", block, re.M)), inputs)


class Flushing(Job, Case):
    """The server's port is kept while it is away."""

    def setUp(self):
        self.begin_job()

    def sluice(self, *args, **env):
        return subprocess.run([s.SLUICE, *args], env={**self.env, **env}, capture_output=True, text=True, timeout=s.DEADLINE, check=False)

    def away(self):
        self.server.stop()

    def back(self):
        self.server.base = self.server.base.replace("127.0.0.1:0\n", f"127.0.0.1:{self.server.port}\n")
        self.server.configure(self.config)
        self.server.start()

    def test_what_could_not_be_sent_is_sent_at_the_end(self):
        self.away()
        try:
            for n in range(3):
                done = self.sluice("run", "--step", f"s{n}", "--", "echo", f"line {n}")
                self.assertEqual(done.returncode, 0)
                self.assertIn("was not sent", done.stderr)
            done = self.sluice("flush", "--wait", "0")
            self.assertEqual(done.returncode, 0)
            self.assertIn("logs wait still in", done.stderr)
            done = self.sluice("flush", SLUICE_TOKEN="")
            self.assertEqual(done.returncode, 0)
            self.assertIn("no token is known", done.stderr)
        finally:
            self.back()
        done = self.sluice("flush")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertEqual(self.names(), ["s0", "s1", "s2"])

    def test_with_nothing_to_send_nothing_is_said(self):
        for env in ({}, {"SLUICE_TOKEN": ""}, {"SLUICE_URL": "http://127.0.0.1:1"}):
            done = self.sluice("flush", **env)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_what_is_wrong_is_said(self):
        self.assertIn("--wait is a number", self.sluice("flush", "--wait", "-1").stderr)
        self.assertIn("is too much", self.sluice("flush", "x").stderr)


if __name__ == "__main__":
    s.main()
