#!/usr/bin/python3
"""The runner's half: `sluice run` and `sluice post` as a runner calls them, and doc/runner.md, whose snippets are run word for word."""
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

import sluice_test as s
from sluice_test import Case, REPO, SLUICE, new_sha

RUNNER_MD = os.path.join(s.ROOT, "doc", "runner.md")


def ci(sha, **more):
    """What every runner says of a job."""
    return {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": REPO, "GITHUB_SHA": sha, "GITHUB_RUN_ID": "77", "GITHUB_RUN_NUMBER": "7",
            "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "build", "GITHUB_WORKFLOW": "ci.yml", "GITHUB_REF_NAME": "main",
            "GITHUB_SERVER_URL": "https://git.example.org/", **more}


class OnARunner(Case):
    """A server, and a folder that is a runner's home."""

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="sluice-run-", dir=self.server.folder)
        self.temp = os.path.join(self.home, "temp")
        os.mkdir(self.temp)
        self.sha = new_sha()

    def environment(self, url=None, **more):
        env = {"SLUICE_URL": url or self.server.url, "SLUICE_TOKEN": s.INTERNAL, "RUNNER_TEMP": self.temp, **ci(self.sha), **more}
        return s.clean_environment(self.home, {k: v for k, v in env.items() if v is not None})

    def run_it(self, *args, stdin=b"", url=None, cwd=None, options=(), **env):
        """`sluice run OPTIONS -- ARGS`."""
        return subprocess.run([SLUICE, "run", *options, "--", *args], env=self.environment(url, **env), input=stdin, capture_output=True,
                              timeout=s.DEADLINE, check=False, cwd=cwd or self.home)

    def post_it(self, *args, stdin=b"", url=None, **env):
        return subprocess.run([SLUICE, "post", *args], env=self.environment(url, **env), input=stdin, capture_output=True,
                              timeout=s.DEADLINE, check=False, cwd=self.home)

    def steps(self):
        """What the server has of this test's commit, newest attempt, as the context's JSON tells it."""
        return self.server.context(self.sha)["steps"]

    def markdown(self):
        return self.server.get(f"/api/v1/context?repo={REPO}&sha={self.sha}").text

    def step(self):
        steps = self.steps()
        self.assertEqual(len(steps), 1, steps)
        return steps[0]

    def text(self):
        """The end of the log of the only failed step, as a context has it, without the last line end."""
        return self.server.kept(self.sha)["text"].removesuffix("\n")

    def spooled(self):
        folder = os.path.join(self.home, ".local/state/sluice/spool")
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))] if os.path.isdir(folder) else []

    def nobody_listens(self):
        return "http://127.0.0.1:1"


class TheCommandIsUntouched(OnARunner):
    def test_its_output_comes_through_byte_for_byte(self):
        every_byte = bytes(range(256)) * 300
        with open(os.path.join(self.home, "bytes"), "wb") as f:
            f.write(every_byte)
        done = self.run_it("sh", "-c", "cat bytes; cat bytes >&2")
        self.assertEqual((done.stdout, done.stderr, done.returncode), (every_byte, every_byte, 0))

    def test_where_both_outputs_are_one_file_their_order_is_kept(self):
        with open(os.path.join(self.home, "both"), "wb") as both:
            done = subprocess.run([SLUICE, "run", "--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done"],
                                  env=self.environment(), stdout=both, stderr=both, stdin=subprocess.DEVNULL, check=False)
        self.assertEqual(done.returncode, 0)
        with open(os.path.join(self.home, "both"), encoding="ascii") as f:
            self.assertEqual(f.read(), "".join(f"out {i}\nerr {i}\n" for i in range(1, 10)))

    def test_it_ends_with_the_exit_code_of_the_command(self):
        for code in (0, 1, 3, 77, 255):
            self.assertEqual(self.run_it("sh", "-c", f"exit {code}").returncode, code)

    def test_a_command_that_is_not_there_is_127_and_one_that_cannot_be_run_126(self):
        path = os.path.join(self.home, "plain")
        with open(path, "w", encoding="ascii") as f:
            f.write("text\n")
        for command, code in ((os.path.join(self.home, "nosuch"), 127), (path, 126)):
            done = self.run_it(command)
            self.assertEqual(done.returncode, code)
            self.assertIn(command.encode(), done.stderr)

    def test_it_ends_by_the_signal_that_ended_the_command(self):
        self.assertEqual(self.run_it("sh", "-c", "kill -KILL $$").returncode, -signal.SIGKILL)
        self.assertEqual({step["exit_code"] for step in self.steps()}, {137})

    def test_signals_are_passed_on(self):
        for sig, name in ((signal.SIGTERM, "TERM"), (signal.SIGINT, "INT"), (signal.SIGHUP, "HUP")):
            process = subprocess.Popen([SLUICE, "run", "--", "bash", "-c", f"trap 'echo caught; exit 9' {name}; echo ready; while :; do read -t 1 x; done"],
                                       env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.PIPE,
                                       preexec_fn=lambda: signal.signal(sig, signal.SIG_DFL))  # whoever runs us may ignore it
            self.assertEqual(process.stdout.readline(), b"ready\n")
            process.send_signal(sig)
            self.assertEqual((process.stdout.read(), process.wait(s.DEADLINE)), (b"caught\n", 9))
            process.stdout.close()
            process.stdin.close()

    def test_it_reads_our_input(self):
        self.assertEqual(self.run_it("cat", stdin=b"what was typed\0").stdout, b"what was typed\0")

    def test_a_process_left_behind_is_not_waited_for_much_longer_than_two_seconds(self):
        begun = time.monotonic()
        done = self.run_it("sh", "-c", "sleep 60 & echo gone; exit 4")
        self.assertEqual((done.returncode, done.stdout), (4, b"gone\n"))
        self.assertLess(time.monotonic() - begun, 30)

    def test_output_of_any_size_passes_in_little_memory(self):
        script = ("import resource, subprocess, sys\n"
                  "p = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)\n"
                  "n = 0\n"
                  "while piece := p.stdout.read(1 << 20): n += len(piece)\n"
                  "p.wait()\n"
                  "print(n, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n")
        done = subprocess.run(["python3", "-c", script, SLUICE, "run", "--", "sh", "-c", "yes 'a line of output' | head -c 100000000"],
                              env=self.environment(), capture_output=True, text=True, timeout=s.DEADLINE, check=True)
        n, kib = map(int, done.stdout.split())
        self.assertEqual(n, 100000000)
        if not s.SANITIZED:
            self.assertLess(kib, 40 * 1024)


class WhatIsSent(OnARunner):
    def test_a_failure_is_posted_with_the_facts_of_the_environment(self):
        done = self.run_it("sh", "-c", "echo it broke; exit 3", options=("--step", "Compile"))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, b"it broke\n", b""))
        text = self.markdown()
        for fact in ("`build`", "`Compile`", "exit code 3", "`ci.yml`", "`main`", "it broke"):
            self.assertIn(fact, text)

    def test_a_success_is_no_part_of_the_account_of_what_failed(self):
        self.run_it("sh", "-c", "echo fine")
        self.assertEqual(self.steps(), [])

    def test_options_go_over_the_environment(self):
        other = new_sha()
        self.run_it("false", options=("--sha", other, "--job", "other job", "--attempt", "4", "--leg", "os=x", "--step", "s"))
        self.assertEqual(self.steps(), [])
        step = self.server.context(other)["steps"][0]
        self.assertEqual((step["job"], step["attempt"], step["leg"]), ("other job", 4, "os=x"))

    def test_forgejo_says_it_in_its_own_names_and_those_come_first(self):
        self.run_it("false", FORGEJO_ACTIONS="true", GITEA_ACTIONS="true", FORGEJO_SHA=self.sha, GITHUB_SHA=new_sha(), FORGEJO_JOB="their job")
        self.assertEqual(self.step()["job"], "their job")

    def test_of_a_pull_request_it_is_the_head_that_counts(self):
        event = os.path.join(self.home, "event.json")
        with open(event, "w", encoding="ascii") as f:
            f.write('{"number": 12, "pull_request": {"number": 12, "head": {"sha": "%s"}}}' % self.sha)
        self.run_it("false", GITHUB_SHA="f" * 40, GITHUB_EVENT_PATH=event, GITHUB_HEAD_REF="feature", GITHUB_EVENT_NAME="pull_request")
        text = self.markdown()
        self.assertIn("`feature`", text)
        self.assertIn("pull request 12", text)

    def test_the_legs_of_a_matrix_never_replace_each_other(self):
        for leg in ('{\n  "os": "debian"\n}', '{\n  "os": "alpine"\n}'):
            self.run_it("sh", "-c", "exit 1", options=("--step", "s"), SLUICE_LEG=leg)
        for temp in ("one", "two"):  # said nothing: told apart by their folders
            os.mkdir(os.path.join(self.home, temp))
            self.run_it("sh", "-c", "exit 1", options=("--step", "s"), RUNNER_TEMP=os.path.join(self.home, temp))
        self.assertEqual(len(self.steps()), 4)

    def test_of_a_job_that_is_run_again_the_newest_attempt_is_told_though_its_legs_have_no_name(self):
        for attempt, leg in ((1, "debian"), (1, "alpine"), (2, "debian"), (2, "alpine")):
            temp = os.path.join(self.home, f"temp of {leg} {attempt}")  # each job has a new one
            os.mkdir(temp)
            self.run_it("sh", "-c", f"echo {leg} broke; exit 1", options=("--step", "s"), RUNNER_TEMP=temp, GITHUB_RUN_ATTEMPT=str(attempt))
        self.assertEqual([(step["attempt"], step["text"]) for step in self.steps()], [(2, "debian broke"), (2, "alpine broke")])

    def test_what_is_not_known_is_named_with_how_to_say_it(self):
        done = self.run_it("sh", "-c", "exit 5", GITHUB_SHA=None, GITHUB_RUN_ID=None, SLUICE_TOKEN=None)
        self.assertEqual(done.returncode, 5)
        self.assertEqual(done.stderr.count(b"\n"), 1)
        for word in (b"SLUICE_TOKEN", b"--sha", b"--run-id"):
            self.assertIn(word, done.stderr)

    def test_a_wrong_token_and_a_repo_that_is_not_watched_are_told_in_a_line(self):
        for env, words in (({"SLUICE_TOKEN": "nobodys-token"}, b"token"), ({"GITHUB_REPOSITORY": "acme/other"}, b"not watched")):
            done = self.run_it("false", **env)
            self.assertEqual((done.returncode, done.stderr.count(b"\n")), (1, 1))
            self.assertIn(words, done.stderr)
            self.assertNotIn(b"nobodys-token", done.stderr)

    def test_a_tail_whose_json_would_pass_the_limit_is_cut_further(self):
        done = self.post_it("--step", "s", "--tail", stdin=b'\001\002\033\\"\n' * 50000 + b"the end\n")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertTrue(self.server.kept_text(self.sha).endswith("the end"))
        self.assertGreater(self.step()["dropped_lines"], 0)

    def test_a_log_that_exists_is_posted_from_a_file_or_standard_input(self):
        with open(os.path.join(self.home, "build.log"), "w", encoding="ascii") as f:
            f.write("".join(f"line {i}\n" for i in range(1000)))
        self.assertEqual(self.post_it("--step", "Test", "--tail", "--exit-code", "2", "build.log").returncode, 0)
        step = self.step()
        self.assertEqual((step["step"], step["exit_code"], step["dropped_lines"]), ("Test", 2, 800))
        for more in ((), ("--tail",)):
            self.sha = new_sha()
            self.assertEqual(self.post_it("--step", "Test", *more, "-", stdin=b"from a pipe\n").returncode, 0)
            self.assertEqual(self.text(), "from a pipe")

    def test_a_log_that_could_not_be_posted_is_a_failure_of_post(self):
        self.assertNotEqual(self.post_it("--step", "Test", stdin=b"x", url=self.nobody_listens()).returncode, 0)
        self.assertEqual(self.post_it("--step", "Test", "/nosuch/file").returncode, 3)
        self.assertEqual(self.post_it(stdin=b"x").returncode, 2)


class AsTheShellOfAWorkflow(OnARunner):
    def script(self, text):
        path = os.path.join(self.temp, "3f0e")
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        return path

    def test_the_name_is_the_first_line_that_says_something(self):
        done = self.run_it("bash", "-e", self.script("set -eu\n\n  make -C src all\nfalse\n"), GITHUB_ACTION="__run_3", PATH=f"{self.fake('make', 'exit 2')}:{os.environ['PATH']}")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(self.step()["step"], "Run make -C src all")

    def test_an_id_of_the_workflow_is_the_name(self):
        self.run_it("bash", "-e", self.script("false\n"), GITHUB_ACTION="unit_tests")
        self.assertEqual(self.step()["step"], "unit_tests")

    def test_two_steps_with_one_first_line_are_two(self):
        for action in ("2", "5"):  # Forgejo and Gitea count from 0
            self.run_it("bash", "-e", self.script("exit 1\n"), GITHUB_ACTION=action)
        self.assertEqual(sorted(step["step_index"] for step in self.steps()), [2, 5])

    def fake(self, name, script):
        """A folder with a program of that name."""
        folder = os.path.join(self.home, "bin")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "w", encoding="ascii") as f:
            f.write("#!/bin/sh\n" + script + "\n")
        os.chmod(os.path.join(folder, name), 0o755)
        return folder


class WhenTheServerIsDown(OnARunner):
    def test_one_line_says_so_and_the_next_call_sends_it(self):
        done = self.post_it("--step", "s", "--tail", stdin=b"kept for later\n", url=self.nobody_listens())
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual((done.stdout, done.stderr.count(b"\n")), (b"", 1))
        self.assertEqual(len(self.spooled()), 1)
        # It is kept for that server. So it is moved, as if that had been this one.
        with open(self.spooled()[0], "r+", encoding="utf-8") as f:
            text = f.read().replace(self.nobody_listens(), self.server.url)
            f.seek(0)
            f.write(text)
            f.truncate()
        self.run_it("true")
        self.assertEqual((self.text(), self.spooled()), ("kept for later", []))

    def test_what_is_spooled_is_masked_and_has_no_token_and_is_ours_alone(self):
        self.run_it("sh", "-c", "echo the key is $DEPLOY_KEY; exit 1", url=self.nobody_listens(), DEPLOY_KEY="s3cret-of-the-deployment")
        path, = self.spooled()
        with open(path, encoding="utf-8") as f:
            text = f.read()
        self.assertIn("the key is ***", text)
        self.assertNotIn(s.INTERNAL, text)
        self.assertEqual((os.stat(path).st_mode & 0o777, os.stat(os.path.dirname(path)).st_mode & 0o777), (0o600, 0o700))

    def test_the_spool_has_a_limit_and_the_oldest_go(self):
        for i in range(70):
            self.run_it("sh", "-c", f"echo number {i}; exit 1", url=self.nobody_listens())
        self.assertLessEqual(len(self.spooled()), 64)
        with open(self.spooled()[-1], encoding="utf-8") as f:
            self.assertIn("number 69", f.read())


class Secrets(OnARunner):
    VALUE = 's3cret "with" /marks\\'

    def test_secrets_of_the_environment_are_masked_in_all_their_spellings(self):
        import base64
        import json
        import urllib.parse
        spellings = [self.VALUE, base64.b64encode(b"u:" + self.VALUE.encode()).decode(), json.dumps(self.VALUE), urllib.parse.quote(self.VALUE, safe="")]
        with open(os.path.join(self.home, "out"), "w", encoding="utf-8") as f:
            f.write("\n".join(spellings) + "\nthe end\n")
        self.run_it("sh", "-c", "cat out; exit 1", MY_PASSWORD=self.VALUE)
        kept = self.text()
        self.assertTrue(kept.endswith("the end"))
        for spelling in (self.VALUE, "s3cret", urllib.parse.quote(self.VALUE, safe=""), *s.three_base64(self.VALUE.encode())):
            self.assertNotIn(spelling, kept)

    def test_what_the_build_asks_to_mask_is_masked_also_when_the_line_is_long_gone(self):
        self.run_it("sh", "-c", "echo ::add-mask::hidden-by-request; yes filler | head -n 100000; echo hidden-by-request; exit 1")
        self.assertTrue(self.text().endswith("filler\n***"))

    def test_a_secret_written_in_two_pieces_is_masked(self):
        self.run_it("python3", "-c", "import os, time\nfor c in os.environ['A_TOKEN']:\n  os.write(1, c.encode())\nos.write(1, b'\\n')\nraise SystemExit(1)",
                    A_TOKEN="split-over-many-writes")
        self.assertEqual(self.text(), "***")

    def test_short_ones_are_masked_when_they_are_named(self):
        self.run_it("sh", "-c", "echo pin $PIN; exit 1", options=("--mask-env", "PIN"), PIN="4711")
        self.assertEqual(self.text(), "pin ***")


class TheDocument(OnARunner):
    """doc/runner.md tells the truth: what it shows is taken out of it and run."""

    def section(self, title):
        with open(RUNNER_MD, encoding="utf-8") as f:
            text = f.read()
        return re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S).group(1)

    def run_lines(self, yaml):
        """The shell text of the last `run:` in a snippet."""
        head, body = re.search(r"^( *)(?:- )?run: \|\n((?:\1 .*\n|\n)+)", yaml, re.M).groups()
        indent = len(head) + 2
        return "".join(line[indent:] if line.strip() else line for line in body.splitlines(keepends=True))

    def program(self, name, script):
        folder = os.path.join(self.home, "bin")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/bash\n" + script)
        os.chmod(path, 0o755)
        return f"{folder}:{os.path.dirname(SLUICE)}:{os.environ['PATH']}"

    def shell(self, text, path, **env):
        return subprocess.run(["bash", "-e", "-c", text], env=self.environment(PATH=path, **env), capture_output=True, timeout=s.DEADLINE,
                              stdin=subprocess.DEVNULL, check=False, cwd=self.home)

    def test_the_curl_snippet_posts_what_failed_and_keeps_its_exit_code(self):
        text = self.run_lines(self.section("With curl only"))
        path = self.program("make", "printf 'a \"quoted\" back\\\\slash\\ttab \\033[31mred\\033[0m \\001 \\xff end\\r\\n'; echo to stderr >&2; exit 2\n")
        done = self.shell(text, path, HEAD_SHA=self.sha, JOB="build", STEP="Test")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(b"to stderr", done.stdout)
        kept = self.server.kept_text(self.sha)
        self.assertEqual(kept, 'a "quoted" back\\slash\ttab \x1b[31mred\x1b[0m  \ufffd end\nto stderr')
        step = self.step()
        self.assertEqual((step["step"], step["job"], step["exit_code"]), ("Test", "build", 2))

    def test_the_curl_snippet_lets_a_success_pass_and_a_server_that_is_down(self):
        text = self.run_lines(self.section("With curl only"))
        self.assertEqual(self.shell(text, self.program("make", "exit 0\n"), HEAD_SHA=self.sha, JOB="j", STEP="s").returncode, 0)
        done = self.shell(text, self.program("make", "exit 7\n"), HEAD_SHA=self.sha, JOB="j", STEP="s", SLUICE_URL=self.nobody_listens())
        self.assertEqual(done.returncode, 7)
        self.assertIn(b"did not reach", done.stderr)
        self.assertEqual(self.steps(), [])

    def test_a_long_log_fits_with_the_curl_snippet_too(self):
        text = self.run_lines(self.section("With curl only"))
        path = self.program("make", "yes '\"\\' | head -c 500000; exit 1\n")
        done = self.shell(text, path, HEAD_SHA=self.sha, JOB="j", STEP="s")
        self.assertEqual((done.returncode, done.stderr), (1, b""))
        self.assertEqual(self.step()["exit_code"], 1)

    def test_the_fetching_snippet_leaves_the_job_as_it_is_when_there_is_nothing_to_fetch(self):
        bin = os.path.join(self.home, "bin")
        text = self.run_lines(self.section("In a container that has nothing").replace("/usr/local/bin", bin))
        path = self.program("make", "echo built; exit 3\n")
        done = self.shell(text, path, SLUICE_URL=self.nobody_listens())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"no sluice-run", done.stderr)
        done = self.shell("sluice-run -- make check", path)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, b"built\n", b""))

    def test_the_step_snippet_posts(self):
        command = re.search(r"run: (sluice run .*)", self.section("One step")).group(1)
        done = self.shell(command, self.program("make", "echo broken; exit 2\n"))
        self.assertEqual(done.returncode, 2)
        self.assertEqual((self.step()["step"], self.text()), ("Test", "broken"))

    def test_the_shell_of_the_workflow_posts(self):
        shell = re.search(r"shell: (sluice run .*)", self.section("Every step of a workflow")).group(1)
        script = os.path.join(self.temp, "script")
        with open(script, "w", encoding="ascii") as f:
            f.write("make check\n")
        done = self.shell(shell.replace("{0}", script), self.program("make", "echo broken; exit 2\n"), GITHUB_ACTION="tests")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(self.step()["step"], "tests")

    def test_the_two_steps_for_a_log_that_exists_post(self):
        first, second = re.findall(r"run: (.*)", self.section("A log that exists"))
        path = self.program("make", "echo broken >&2; exit 2\n")
        self.assertEqual(self.shell(first, path).returncode, 2)
        self.assertEqual(self.shell(second, path).returncode, 0)
        self.assertEqual(self.text(), "broken")

    def test_the_lines_to_try_it_with_work(self):
        lines = re.search(r"```sh\n(.*?)```", self.section("Does it work?"), re.S).group(1)
        lines = re.sub(r"^export .*\n", "", lines, flags=re.M).replace("acme/pump", REPO)
        path = self.program("git", f"echo {self.sha}\n")
        done = self.shell(lines.replace("-- sh", "-- sh").replace("exit 3'", "exit 3' ||\n  [ $? = 3 ]"), path, SLUICE_TOKEN=self.server.admin)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"it broke", done.stdout.split(b"CI failure context")[1])


if __name__ == "__main__":
    s.main()
