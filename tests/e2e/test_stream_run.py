#!/usr/bin/python3
"""The runner streams: `sluice run` and `sluice post` against the real server, killed, restarted, stopped and away while a command runs."""
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import sluice_test as s
from sluice_test import Case, REPO, SLUICE, eventually, new_sha

STEPS = ("SELECT step.id, step.name, step.conclusion, step.exit_code FROM step JOIN job ON job.id = step.job_id "
         "JOIN run ON run.id = job.run_id WHERE run.head_sha = ? ORDER BY step.id")


class Streaming(Case):
    """A server, and a folder that is a runner's home."""

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="sluice-stream-", dir=self.server.folder)
        self.temp = os.path.join(self.home, "temp")
        os.mkdir(self.temp)
        self.sha = new_sha()

    def environment(self, url=None, **more):
        env = {"SLUICE_URL": url or self.server.url, "SLUICE_TOKEN": s.INTERNAL, "RUNNER_TEMP": self.temp, "GITHUB_ACTIONS": "true",
               "GITHUB_REPOSITORY": REPO, "GITHUB_SHA": self.sha, "GITHUB_RUN_ID": "77", "GITHUB_JOB": "build", **more}
        return s.clean_environment(self.home, {k: v for k, v in env.items() if v is not None})

    def start_it(self, *args, url=None, options=(), **env):
        return subprocess.Popen([SLUICE, "run", *options, "--", *args], env=self.environment(url, **env), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.home)

    def run_it(self, *args, url=None, options=(), **env):
        return subprocess.run([SLUICE, "run", *options, "--", *args], env=self.environment(url, **env), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=s.DEADLINE, check=False, cwd=self.home)

    def quiet(self, done, code):
        """It ended with this code and said nothing of its own."""
        self.assertEqual((done.returncode, done.stderr), (code, b""))

    def steps(self):
        """(id, name, conclusion, exit code) of this test's commit."""
        return self.server.query(STEPS, self.sha)

    def log(self, i=0):
        """Bytes of the log of the i-th step, as anybody reads them, also while it grows."""
        steps = self.steps()
        if len(steps) <= i:
            return b""
        answer = self.server.get(f"/api/v1/steps/{steps[i][0]}/log")
        self.assertIn(answer.status, (200, 404), answer)
        return answer.body if answer.status == 200 else b""

    def spooled(self):
        folder = os.path.join(self.home, ".local/state/sluice/spool")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def start_again(self):
        """On the same port: that is where the runner looks."""
        self.server.base = self.server.base.replace("127.0.0.1:0\n", f"127.0.0.1:{self.server.port}\n")
        self.server.configure("")
        self.server.start()

    def restart(self, kill=False):
        if kill:
            self.server.kill()
        else:
            self.server.stop()
        self.start_again()


class WhileItRuns(Streaming):
    def test_what_is_printed_can_be_read_before_the_command_ends(self):
        process = self.start_it("sh", "-c", "echo early; read x; echo late; exit 3")
        eventually("the first line is there", lambda: self.log() == b"early\n")
        self.assertIsNone(process.poll())
        out, err = process.communicate(b"go on\n", s.DEADLINE)
        self.assertEqual((process.returncode, out, err), (3, b"early\nlate\n", b""))
        self.assertEqual(self.log(), b"early\nlate\n")
        self.assertEqual([step[2:] for step in self.steps()], [("failure", 3)])

    def test_a_step_that_prints_nothing_is_there_while_it_runs(self):
        process = self.start_it("sh", "-c", "read x")
        eventually("the step is there", self.steps)
        process.communicate(b"\n", s.DEADLINE)
        self.assertEqual([step[2:] for step in self.steps()], [("success", 0)])

    def test_success_is_streamed_too(self):
        self.quiet(self.run_it("sh", "-c", "echo fine"), 0)
        self.assertEqual(self.log(), b"fine\n")

    def test_the_text_of_a_success_can_be_done_without(self):
        for more in ({"options": ("--on-success", "drop")}, {"SLUICE_ON_SUCCESS": "drop"}):
            self.sha = new_sha()
            self.quiet(self.run_it("sh", "-c", "echo fine", **more), 0)
            self.assertEqual([step[2:] for step in self.steps()], [("success", 0)])
            self.assertNotEqual(self.server.get(f"/api/v1/steps/{self.steps()[0][0]}/log").body, b"fine\n")
        self.sha = new_sha()
        self.run_it("sh", "-c", "echo broken; exit 1", options=("--on-success", "drop"))
        self.assertEqual(self.log(), b"broken\n")

    def test_every_line_of_a_long_log_arrives(self):
        self.quiet(self.run_it("sh", "-c", "i=0; while [ $i -lt 200000 ]; do echo line $i; i=$((i+1)); done; exit 1"), 1)
        self.assertEqual(self.log(), b"".join(b"line %d\n" % i for i in range(200000)))

    def test_a_command_that_is_called_twice_is_two_steps(self):
        for word in ("first", "second"):
            with open(os.path.join(self.home, "word"), "w", encoding="ascii") as f:
                f.write(word + "\n")
            self.quiet(self.run_it("cat", "word"), 0)
        self.assertEqual([step[1] for step in self.steps()], ["cat word", "cat word (2)"])
        self.assertEqual((self.log(0), self.log(1)), (b"first\n", b"second\n"))

    def test_two_commands_of_one_program_are_two_steps(self):
        for name in ("lint", "test"):
            self.run_it("echo", name)
        self.assertEqual([step[1] for step in self.steps()], ["echo lint", "echo test"])


class WhenTheServerGoesAway(Streaming):
    """Each has a server of its own, for it is restarted."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        self.server = s.Server()
        self.server.__enter__()
        self.addCleanup(self.server.close)
        super().setUp()

    def interrupted(self, kill):
        process = self.start_it("sh", "-c", "echo one; printf half; read x; echo ' a line'; read x; echo three; exit 3")
        eventually("the first line is there", lambda: self.log() == b"one\n")
        self.restart(kill)
        process.stdin.write(b"\n")
        process.stdin.flush()
        eventually("the second line is there", lambda: self.log() == b"one\nhalf a line\n")
        self.restart(kill)
        _, err = process.communicate(b"\n", s.DEADLINE)
        self.assertEqual((process.returncode, err), (3, b""))
        self.assertEqual(self.log(), b"one\nhalf a line\nthree\n")
        self.assertEqual(len(self.steps()), 1)

    def test_a_restart_doubles_and_loses_nothing(self):
        self.interrupted(kill=False)

    def test_nor_does_a_kill(self):
        self.interrupted(kill=True)

    def test_what_is_printed_while_it_is_away_is_sent_when_it_is_back(self):
        process = self.start_it("sh", "-c", "echo one; read x; i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo done; read x")
        eventually("the first line is there", lambda: self.log() == b"one\n")
        self.server.stop()
        process.stdin.write(b"\n")
        process.stdin.flush()
        while process.stdout.readline() != b"done\n":
            pass
        self.start_again()
        eventually("all is there", lambda: self.log().endswith(b"done\n"))
        process.communicate(b"\n", s.DEADLINE)
        self.assertEqual(self.log(), b"one\n" + b"".join(b"line %d\n" % i for i in range(20000)) + b"done\n")
        self.assertEqual(self.spooled(), [])

    def test_a_log_that_could_not_be_sent_is_sent_by_the_next_call(self):
        url = self.server.url
        self.server.stop()
        done = self.run_it("sh", "-c", "echo kept for later; exit 3", url=url)
        self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (3, b"kept for later\n", 1))
        self.assertIn(b"the next call sends it", done.stderr)
        self.assertEqual(len(self.spooled()), 1)
        self.start_again()
        self.quiet(self.run_it("true"), 0)
        self.assertEqual(self.spooled(), [])
        self.assertIn(b"kept for later\n", (self.log(0), self.log(1)))
        self.assertIn(("failure", 3), [step[2:] for step in self.steps()])

    def test_the_log_of_a_runner_that_was_killed_arrives_as_far_as_it_goes(self):
        process = self.start_it("sh", "-c", "echo one; read x; echo two; read x")
        eventually("the first line is there", lambda: self.log() == b"one\n")
        self.server.stop()
        process.stdin.write(b"\n")
        process.stdin.flush()
        self.assertEqual((process.stdout.readline(), process.stdout.readline()), (b"one\n", b"two\n"))
        process.kill()
        process.communicate()
        self.start_again()
        self.run_it("true")
        self.assertEqual(self.log(), b"one\ntwo\n")
        self.assertEqual(self.spooled(), [])


class Unreachable(Streaming):
    def test_a_server_that_hangs_holds_up_the_first_step_for_some_seconds_and_the_second_not(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(16)  # connections are taken by the kernel, and nobody reads them
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            took = []
            for _ in range(2):
                begun = time.monotonic()
                done = self.run_it("sh", "-c", "echo text; exit 4", url=url)
                took.append(time.monotonic() - begun)
                self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (4, b"text\n", 1))
        self.assertGreaterEqual(took[0], 5)
        self.assertLess(took[1], took[0])
        self.assertEqual(len([name for name in self.spooled() if name.endswith(".stream")]), 2)

    def test_beyond_the_limit_of_the_spool_the_middle_is_dropped(self):
        url = "http://127.0.0.1:1"
        done = self.run_it("sh", "-c", "echo the beginning; yes 'a line of it' | head -c 4000000; echo the end; exit 1", url=url,
                           SLUICE_SPOOL_BYTES=str(1 << 20))
        self.assertEqual((done.returncode, len(done.stdout)), (1, 4000000 + 22))
        folder = os.path.join(self.home, ".local/state/sluice/spool")
        with open(os.path.join(folder, self.spooled()[0]), "rb") as f:
            text = f.read()[64 * 1024:]
        self.assertTrue(text.startswith(b"the beginning\n"))
        self.assertTrue(text.endswith(b"the end\n"))
        self.assertIn(b"bytes were dropped here", text)
        self.assertLess(len(text), (1 << 20) + (300 << 10))

    def test_what_is_kept_is_masked_and_has_no_token_and_is_ours_alone(self):
        self.run_it("sh", "-c", "echo the key is $DEPLOY_KEY; exit 1", url="http://127.0.0.1:1", DEPLOY_KEY="s3cret-of-the-deployment")
        folder = os.path.join(self.home, ".local/state/sluice/spool")
        path = os.path.join(folder, self.spooled()[0])
        with open(path, "rb") as f:
            text = f.read()
        self.assertIn(b"the key is ***\n", text)
        self.assertNotIn(s.INTERNAL.encode(), text)
        self.assertEqual((os.stat(path).st_mode & 0o777, os.stat(folder).st_mode & 0o777), (0o600, 0o700))


class Secrets(Streaming):
    def test_a_value_that_one_step_names_is_masked_in_the_next(self):
        self.run_it("sh", "-c", "echo ::add-mask::swordfish-of-the-job", options=("--step", "one"))
        self.run_it("sh", "-c", "echo it is swordfish-of-the-job; exit 1", options=("--step", "two"))
        self.assertEqual(self.log(1), b"it is ***\n")
        self.assertEqual(os.stat(os.path.join(self.temp, "sluice-masks")).st_mode & 0o777, 0o600)

    def test_no_secret_reaches_the_server_however_it_is_written(self):
        script = ("import os\n"
                  "v = os.environ['A_TOKEN']\n"
                  "for piece in (1, 3, 7):\n"
                  "  text = ('before ' + v + ' behind\\n') * 40\n"
                  "  for i in range(0, len(text), piece): os.write(1, text[i:i + piece].encode())\n"
                  "os.write(1, b'x' * 65530 + v.encode() + b'\\n')\n")
        self.quiet(self.run_it("python3", "-c", script, A_TOKEN="split-over-many-writes"), 0)
        log = self.log()
        self.assertEqual(log.count(b"before *** behind\n"), 120)
        self.assertNotIn(b"split-over", log)
        self.assertNotIn(b"many-writes", log)


class Posting(Streaming):
    def post_it(self, *args, **more):
        return subprocess.run([SLUICE, "post", *args], env=self.environment(), capture_output=True, timeout=s.DEADLINE, check=False,
                              cwd=self.home, **more)

    def test_a_log_of_any_size_goes_in_whole(self):
        text = b"".join(b"line %d of a log that exists\n" % i for i in range(300000))
        self.quiet(self.post_it("--step", "Test", "--exit-code", "2", input=text), 0)
        self.assertEqual(self.log(), text)
        self.assertEqual([step[1:] for step in self.steps()], [("Test", "failure", 2)])

    def test_or_only_its_tail(self):
        self.quiet(self.post_it("--step", "Test", "--tail", input=b"".join(b"line %d\n" % i for i in range(1000))), 0)
        step = self.server.kept(self.sha)
        self.assertEqual(step["dropped_lines"], 800)

    def test_what_is_not_stored_is_a_failure(self):
        self.assertNotEqual(self.post_it("--step", "Test", "--url", "http://127.0.0.1:1", input=b"x").returncode, 0)
        self.assertEqual(self.post_it("--step", "Test", "/nosuch/file").returncode, 3)


class TheEnd(Streaming):
    def test_many_steps_at_once_keep_to_themselves(self):
        def one(i):
            self.run_it("sh", "-c", f"for n in 1 2 3 4 5 6 7 8 9; do echo {i}-$n; done; exit 1", options=("--step", f"s{i}"))

        threads = [threading.Thread(target=one, args=(i,)) for i in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        names = [step[1] for step in self.steps()]
        self.assertEqual(sorted(names), [f"s{i}" for i in range(8)])
        for at, name in enumerate(names):
            self.assertEqual(self.log(at), b"".join(b"%s-%d\n" % (name[1:].encode(), n) for n in range(1, 10)))

    def test_a_signal_while_we_wait_for_the_server_loses_nothing(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(16)
            process = self.start_it("sh", "-c", "echo text; exit 4", url=f"http://127.0.0.1:{listener.getsockname()[1]}")
            self.assertEqual(process.stdout.read(), b"text\n")  # the command has ended
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=s.DEADLINE)
        self.assertEqual(len([name for name in self.spooled() if name.endswith(".stream")]), 1)


if __name__ == "__main__":
    s.main()
