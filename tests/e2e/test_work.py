#!/usr/bin/python3
"""The worker of a suite: the real program does runs of the real server, is stopped, killed and robbed of them, and nothing is lost or doubled."""
import os
import signal

import sluice_test as s
from sluice_test import Case, eventually
from suite_worker import Working, catches, is_there, read, write

SORT = {"command": "sort {input} -o {output}/out.txt", "outputs": {"out.txt": "apple\npear\n"}}


class Working(Working):
    def waiting(self, fifo, before="echo early", after="echo late"):
        """A test of waits()."""
        return {"shell": True, "command": self.waits(fifo, before, after)}

    def counting(self, name):
        """A command that leaves a line each time it is run."""
        return f"echo x >> {self.path(name)}.count"

    def count(self, name):
        return read(self.path(name) + ".count").count("x") if os.path.exists(self.path(name) + ".count") else 0


class Doing(Working, Case):
    def setUp(self):
        self.begin()

    def test_what_is_right_passes(self):
        self.have({"sort": SORT, "count": {"command": "wc -l < {input} > {output}/n", "shell": True, "outputs": {"n": "2\n"}},
                   "no output": {"command": "true"}, "two  blanks": {"command": "  sort    {input}  "}})
        run = self.ask()
        self.assertEqual(self.status(run), "queued")
        said = self.do_all()
        self.assertEqual(self.status(run), "pass", said)
        self.assertEqual(set(self.verdicts(run).values()), {"pass"})
        self.assertEqual(self.log(run, "two  blanks"), ["apple", "pear"])
        self.assertEqual(self.left(), [])
        self.assertEqual(self.do_all(), "")  # there is nothing more to do
        summary = self.get(f"/runs/{run}/summary")
        self.assertEqual((summary["total_samples"], summary["pass_count"], summary["error_count"]), (4, 4, 0))

    def test_what_is_wrong_fails_and_says_how(self):
        self.have({"wrong": {**SORT, "outputs": {"out.txt": "apple\nplum\n"}},
                   "missing": {"command": "true", "outputs": {"never.txt": "x"}},
                   "code": {"command": "false"}, "expected code": {"command": "false", "expected_rc": 1},
                   "not found": {"command": "no-such-program-here {input}"},
                   "slow": {"command": "sleep 1000", "timeout_s": 1}, "slow but polite": {"command": "trap 'exit 0' TERM; sleep 1000 & wait", "shell": True, "timeout_s": 1},
                   "killed": {"command": "kill -SEGV $$", "shell": True}})
        run = self.ask()
        self.do_all()
        self.assertEqual(self.status(run), "fail")
        self.assertEqual(self.verdicts(run), {"wrong": "fail", "missing": "missing_output", "code": "fail", "expected code": "pass", "not found": "fail",
                                              "slow": "fail", "slow but polite": "fail", "killed": "fail"})
        codes = {name: r["exit_code"] for name, r in self.results(run).items()}
        self.assertEqual(codes, {"wrong": 0, "missing": 0, "code": 1, "expected code": 1, "not found": 127, "slow": 143, "slow but polite": 124, "killed": 139})
        said = self.messages(run)
        self.assertEqual((said["slow"], said["slow but polite"], said["killed"], said["code"]),
                         ("timed out after 1 s", "timed out after 1 s", "killed by signal 11 (SIGSEGV)", ""))
        diff = self.output(run, "wrong", "diff")
        self.assertEqual([(line["kind"], line["text"]) for line in diff["hunks"][0]["lines"]],
                         [("context", "apple"), ("removed", "plum"), ("added", "pear")])
        self.assertEqual(self.output(run, "wrong", "actual?format=text")["content"], "apple\npear\n")
        errors = {(e["type"], (e["location"] or {}).get("sample_name")) for e in self.get(f"/runs/{run}/errors?limit=100")["data"]}
        self.assertIn(("diff_mismatch", "words.txt"), errors)
        self.assertIn(("missing_output", "words.txt"), errors)
        self.assertIn(("exit_code_mismatch", "words.txt"), errors)
        steps = dict(self.server.query("SELECT job.job_name, step.conclusion FROM step JOIN job ON job.id = step.job_id WHERE job.run_id = ?", run))
        self.assertEqual(steps, {"wrong": "success", "missing": "success", "code": "failure", "expected code": "success", "not found": "failure",
                                 "slow": "timed_out", "slow but polite": "timed_out", "killed": "failure"})

    def test_a_log_is_read_while_its_test_runs(self):
        fifo = self.fifo("f")
        self.have({"waits": self.waiting(fifo)})
        run = self.ask()
        w = self.worker("--once")
        eventually("the first line is there", lambda: self.log(run, "waits") == ["early"])
        self.assertEqual((self.status(run), self.verdicts(run)), ("running", {"waits": "running"}))
        self.let_go(fifo)
        self.assertEqual(w.wait(), 0)
        self.assertEqual(self.log(run, "waits"), ["early", "late"])
        self.assertEqual(self.status(run), "pass")

    def test_tests_are_done_at_once_where_that_is_asked_for(self):
        a, b = self.fifo("a"), self.fifo("b")  # each waits for the other: one after the other they would wait for ever
        self.have({"a": {"shell": True, "command": f"echo go > {a} & read x < {b}; wait"},
                   "b": {"shell": True, "command": f"echo go > {b} & read x < {a}; wait"}, "c": SORT, "d": SORT})
        run = self.ask()
        self.do_all("--jobs", "3")
        self.assertEqual(self.status(run), "pass")

    def test_each_test_has_a_folder_and_an_environment_of_its_own(self):
        self.have({"a": {"shell": True, "command": "pwd; env; ls -A . {output}; echo left > ~/x; echo left > {output}/y; echo more >> {input}"},
                   "b": {"shell": True, "command": "ls -A . {output}; cat {input}"}})
        run = self.ask(branch="topic/x")
        self.do_all("--env", "FROM_OUTSIDE", "--env", "NOT_SET", env={"FROM_OUTSIDE": "yes", "OTHER": "no"})
        lines = self.log(run, "a")
        env = dict(line.split("=", 1) for line in lines if "=" in line)
        home = lines[0]
        self.assertTrue(home.startswith(os.path.join(self.path("tmp"), "sluice-work-")), home)
        for name, value in {"HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "SLUICE_RUN_ID": str(run), "SLUICE_TEST": "a", "SLUICE_BRANCH": "topic/x",
                            "SLUICE_COMMIT": self.get(f"/runs/{run}")["commit_sha"], "FROM_OUTSIDE": "yes", "PATH": os.environ["PATH"]}.items():
            self.assertEqual(env.get(name), value, name)
        self.assertEqual({name for name in env if name.startswith("SLUICE_")} - {"SLUICE_RUN_ID", "SLUICE_TEST", "SLUICE_COMMIT", "SLUICE_BRANCH"}, set())
        self.assertNotIn("OTHER", env)
        self.assertEqual([line for line in self.log(run, "b") if not line.startswith(("/", ".:")) and line], ["pear", "apple"])

    def test_names_that_mean_harm_do_none(self):
        pwned = self.path("pwned")
        names = [f"$(touch {os.path.basename(pwned)}).txt", "a'; touch pwned; '.txt", 'b"; touch pwned; ".txt', "c`touch pwned`", "..", "-rf", "d e\u00e4\u202ef.txt",
                 "* ? [a] & | < > ; # ~ !", "x" * 240 + ".bin", ".", "%s%n", "{output}"]
        samples = {f"in/{n}": (f"sample {n}\n", {"name": name, "extension": "bin"} if n % 2 else {"name": name}) for n, name in enumerate(names)}
        out = "o $(touch pwned) 'q' \"q\" ;|&\u00e4"
        shell = 'cat {input} "{input}" \'{input}\' > {output}/"$SLUICE_OUT"; ls {output}; echo "$(cat "{input}")"'
        tests = {f"plain {n}": {"sample": f"in/{n}", "command": "cp {input} {output}/out", "outputs": {"out": f"sample {n}\n"}} for n in range(len(names))}
        tests.update({f"shell {n}": {"sample": f"in/{n}", "shell": True, "command": shell, "outputs": {out: f"sample {n}\n" * 3}} for n in range(len(names))})
        tests["$(touch pwned); '"] = {**SORT, "sample": "in/0", "outputs": {"out.txt": "sample 0\n"}}
        self.have(tests, samples)
        run = self.ask()
        said = self.do_all("--env", "SLUICE_OUT", env={"SLUICE_OUT": out})
        self.assertEqual(self.verdicts(run), {name: "pass" for name in tests}, said)
        self.assertEqual([os.path.join(at, f) for at, _, files in os.walk(self.server.folder) for f in files if f == "pwned"], [])
        self.assertFalse(os.path.exists("pwned"))
        self.assertIn("sample 3", self.log(run, "shell 3"))
        self.assertEqual(self.left(), [])

    def test_what_is_no_file_of_the_folder_is_no_output(self):
        secret = self.path("secret")
        write(secret, "apple\npear\n")
        made = {"link": f"ln -s {secret} {{output}}/out", "folder": "mkdir {output}/out", "fifo": "mkfifo {output}/out",
                "folder of links": f"rmdir {{output}}; mkdir -p {self.home}/there; cp {secret} {self.home}/there/out; ln -s {self.home}/there {{output}}"}
        self.have({name: {"shell": True, "command": command, "outputs": {"out": "apple\npear\n"}} for name, command in made.items()})
        run = self.ask()
        self.do_all()
        self.assertEqual(self.verdicts(run), {name: "missing_output" for name in made})

    def test_secrets_do_not_get_into_logs(self):
        self.have({"leaks": {"shell": True, "command": "echo $API_KEY; tr '\\0' '\\n' < /proc/$(ps -o ppid= -p $PPID | tr -d ' ')/environ; echo over"},
                   "names it": {"command": "cat {input}"}}, {"in/leak": f"{s.INTERNAL}\nBearer {s.INTERNAL}\n"})
        run = self.ask()
        self.do_all("--env", "API_KEY", env={"API_KEY": "correct-horse-battery"})
        lines = self.log(run, "leaks")
        self.assertEqual((lines[0], lines[-1]), ("***", "over"))
        for line in lines + self.log(run, "names it"):
            self.assertNotIn(s.INTERNAL, line)
            self.assertNotIn("correct-horse-battery", line)
        refused = self.server.cli("work", "--once", "--env", "SLUICE_TOKEN")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("not for the commands", refused.stderr)

    def test_limits_hold(self):
        self.have({"prints": {"shell": True, "command": "yes 0123456789 | head -c 3000000; echo end"},
                   "writes": {"shell": True, "command": "head -c 3000000 /dev/zero > {output}/x", "outputs": {"x": None}},
                   "allocates": {"shell": True, "command": "exec dd if=/dev/zero of=/dev/null bs=2000M count=1"}})
        run = self.ask()
        self.do_all("--output-bytes", "1000000", "--file-bytes", "1000000", *(() if s.SANITIZED else ("--memory", "500000000")))
        verdicts = self.verdicts(run)
        self.assertEqual((verdicts["prints"], verdicts["writes"]), ("pass", "fail"))
        self.assertIn("over the limit", self.messages(run)["prints"])
        if not s.SANITIZED:
            self.assertEqual(verdicts["allocates"], "fail")

    def test_a_sample_that_cannot_be_had_is_told_and_the_others_go_on(self):
        self.have({"gone": {"sample": "in/gone", "command": "cat {input}"}, "there": SORT}, {"in/words.txt": "pear\napple\n", "in/gone": "to be lost\n"})
        digest = self.server.query("SELECT s.digest FROM sample AS s JOIN regression_test AS t ON t.sample_id = s.id WHERE t.name = 'gone'")[0][0]
        for at, _, files in os.walk(os.path.join(self.server.data, "blobs")):
            if digest in files:
                os.unlink(os.path.join(at, digest))
        run = self.ask()
        self.do_all()
        self.assertEqual(self.verdicts(run), {"gone": "skipped", "there": "pass"})
        self.assertIn("its sample could not be fetched", self.messages(run)["gone"])
        infra = self.get(f"/runs/{run}/infrastructure-errors")["data"]
        self.assertEqual(len(infra), 1)
        self.assertIn("test gone could not be run", infra[0]["message"])

    def test_samples_are_fetched_once(self):
        self.have({"a": SORT, "b": {"command": "cat {input}"}})
        run = self.ask()
        self.do_all()
        cache = os.path.join(self.home, ".cache/sluice/samples")
        kept = os.listdir(cache)
        before = {name: os.stat(os.path.join(cache, name)).st_ino for name in kept}
        self.assertEqual(len(kept), 1)
        again = self.ask()
        self.do_all("--cache", cache)
        self.assertEqual({name: os.stat(os.path.join(cache, name)).st_ino for name in os.listdir(cache)}, before)
        self.assertEqual((self.status(run), self.status(again)), ("pass", "pass"))

    def test_a_worker_that_may_not_says_so_and_ends(self):
        done = self.server.cli("work", "--once", env={"SLUICE_TOKEN": "slc_" + "x" * 43})
        self.assertEqual((done.returncode, "token" in done.stderr), (4, True), done.stderr)
        token, _ = self.server.new_token("runs:read")
        done = self.server.cli("work", "--once", token=token)
        self.assertEqual(done.returncode, 4, done.stderr)
        done = self.server.cli("work", "--once", "--name", "no name")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("letters, digits", done.stderr)
        done = self.server.cli("work", "--once", "--folder", self.path("a b"))
        self.assertEqual(done.returncode, 2, done.stderr)
        token, _ = self.server.new_token("runs:write", "logs:write")
        self.have({"sort": SORT, "cat": {"command": "cat {input}"}})
        run = self.ask()
        self.do_all(env={"SLUICE_TOKEN": token})
        self.assertEqual((self.status(run), self.log(run, "cat")), ("pass", ["pear", "apple"]))


class Stopping(Working, Case):
    config = "[suite]\n\tlease = 5s\n"  # what tells a worker is its next word, which is a third of that away

    def setUp(self):
        self.begin()

    def test_cancelling_stops_the_test_that_runs(self):
        fifo = self.fifo("f")
        self.have({"waits": self.waiting(fifo, before="trap '' TERM"), "never": {"shell": True, "command": self.counting("never")}})
        run, other = self.ask(), None
        w = self.worker()
        pid = self.begun(fifo)
        answer = self.server.request("POST", f"/api/v1/runs/{run}/cancel", {"reason": "not wanted"}, token=self.server.admin)
        self.assertEqual((answer.status, answer.json["status"]), (202, "accepted"))
        eventually("the test is gone", lambda: not is_there(pid))
        w.says(f"run {run} is left")
        self.assertEqual((self.status(run), self.count("never")), ("canceled", 0))
        self.have({"sort": SORT})
        other = self.ask()
        eventually("the next run is done", lambda: self.status(other) == "pass")
        self.assertEqual(w.stop(), 0)
        self.assertEqual(self.left(), [])

    def test_a_signal_stops_the_test_and_the_same_name_goes_on(self):
        fifo = self.fifo("f")
        self.have({"s1": {"shell": True, "command": self.counting("first")}, "s2": self.waiting(fifo, before=self.counting("waits")),
                   "s3": {"shell": True, "command": self.counting("last")}})
        run = self.ask()
        w = self.worker()
        pid = self.begun(fifo)
        self.assertEqual(w.stop(), 0, w.stderr)
        self.assertFalse(is_there(pid))
        self.assertEqual((self.status(run), self.verdicts(run)), ("running", {"s1": "pass", "s2": "running", "s3": "not_started"}))
        self.assertEqual(self.left(), [])
        os.unlink(f"{fifo}.pid")
        again = self.worker("--once")
        self.begun(fifo)
        self.let_go(fifo)
        self.assertEqual(again.wait(), 0)
        self.assertEqual((self.status(run), self.count("first"), self.count("waits"), self.count("last")), ("pass", 1, 2, 1))

    def test_a_signal_ends_a_worker_that_waits(self):
        w = self.worker("--wait", "3600")
        eventually("it is ready for signals", lambda: catches(w.process.pid, signal.SIGTERM))
        self.assertEqual(w.stop(), 0, w.stderr)

    def test_a_second_signal_ends_at_once(self):
        fifo = self.fifo("f")
        self.have({"waits": self.waiting(fifo, before="trap '' TERM INT")})
        self.ask()
        w = self.worker()
        pid = self.begun(fifo)
        os.kill(self.server.process.pid, signal.SIGSTOP)  # so that it has to wait for the log
        try:
            w.process.send_signal(signal.SIGINT)
            w.process.send_signal(signal.SIGTERM)
            self.assertIn(w.wait(), (0, 128 + signal.SIGTERM, 128 + signal.SIGINT))
            eventually("the test is gone", lambda: not is_there(pid))
        finally:
            os.kill(self.server.process.pid, signal.SIGCONT)


class Losing(Working, Case):
    """Killed workers and servers."""

    def setUp(self):
        self.begin()

    def test_a_killed_worker_is_followed_by_one_of_its_name(self):
        fifo = self.fifo("f")
        tests = {f"t{n}": {"shell": True, "command": f"{self.counting(f't{n}')}; echo line {n}; echo {n} > {{output}}/n", "outputs": {"n": f"{n}\n"}} for n in range(6)}
        tests["t3"]["command"] = f"{self.waiting(fifo)['command']}; {tests['t3']['command']}"
        self.have(tests)
        run = self.ask()
        w = self.worker()
        pid = self.begun(fifo)
        w.kill()
        eventually("what the test started is gone with the worker", lambda: not is_there(pid))
        self.assertEqual(len(self.left()), 1)
        self.assertEqual(self.verdicts(run), {**{f"t{n}": "pass" for n in range(3)}, "t3": "running", "t4": "not_started", "t5": "not_started"})
        os.unlink(f"{fifo}.pid")
        again = self.worker("--once")
        self.begun(fifo)
        self.let_go(fifo)
        self.assertEqual(again.wait(), 0, again.stderr)
        self.assertEqual(self.status(run), "pass")
        self.assertEqual([self.count(f"t{n}") for n in range(6)], [1] * 6)  # the killed one had not come so far
        self.assertEqual(self.left(), [])
        lines = [line["message"] for line in self.sample_log(run, "t3")]
        self.assertEqual([lines.count(f"line {n}") for n in range(6)], [1] * 6)
        self.assertEqual(self.server.query("SELECT count(*) FROM result WHERE run_id = ?", run)[0][0], 6)

    def test_a_server_that_is_killed_loses_nothing(self):
        fifo = self.fifo("f")
        self.have({"first": SORT, "waits": {**self.waiting(fifo, after="echo late; sort {input} > {output}/out"), "outputs": {"out": "apple\npear\n", "new": None}}, "last": SORT})
        run = self.ask()
        w = self.worker("--once")
        self.begun(fifo)
        eventually("the log has begun", lambda: "early" in self.log(run, "waits"))
        self.server.kill()
        self.let_go(fifo)
        w.says("it is tried again")
        self.start_again()
        self.assertEqual(w.wait(), 0, w.stderr)
        self.assertEqual(self.verdicts(run), {"first": "pass", "waits": "missing_output", "last": "pass"})
        self.assertEqual([line for line in self.log(run, "waits") if line in ("early", "late")], ["early", "late"])

    def test_outputs_that_did_not_come_make_the_test_be_run_again(self):
        self.have({"writes": {"shell": True, "command": f"{self.counting('writes')}; echo new > {{output}}/out", "outputs": {"out": "old\n"}}, "sort": SORT})
        run = self.ask()
        claim = self.server.request("POST", "/internal/queue/claim", {"platform": "linux", "worker": self.name}, token=s.INTERNAL).json["run"]
        test = next(t for t in claim["tests"] if t["name"] == "writes")
        told = {"regression_test_id": test["regression_test_id"], "exit_code": 0, "outputs": [{"filename": "out", "sha256": "7" * 64}]}
        answer = self.server.request("POST", f"/internal/runs/{run}/results", {"claim": claim["claim"], "results": [told]}, token=s.INTERNAL)
        self.assertEqual(len(answer.json["results"][0]["wanted"]), 1)
        self.do_all()  # as if it had been killed there
        self.assertEqual((self.count("writes"), self.verdicts(run)), (1, {"writes": "fail", "sort": "pass"}))
        self.assertEqual(self.output(run, "writes", "actual?format=text")["content"], "new\n")


class ShortLease(Working, Case):
    config = "[suite]\n\tlease = 5s\n"

    def setUp(self):
        self.begin()

    def test_a_test_may_take_longer_than_the_lease(self):
        fifo = self.fifo("f")
        self.have({"waits": self.waiting(fifo)})
        run = self.ask()
        w = self.worker("--once")
        self.begun(fifo)
        until = "SELECT lease_until FROM run WHERE id = ?"
        first = self.server.query(until, run)[0][0]
        eventually("the lease was renewed past its first end", lambda: self.server.query(until, run)[0][0] > first + 5000)
        self.let_go(fifo)
        self.assertEqual(w.wait(), 0, w.stderr)
        self.assertEqual(self.status(run), "pass")

    def test_a_lost_run_goes_to_another_and_the_second_time_is_given_up(self):
        fifo = self.fifo("f")
        self.have({"first": {"shell": True, "command": self.counting("first")}, "waits": self.waiting(fifo)})
        run = self.ask()
        w = self.worker(name="one")
        self.begun(fifo)
        w.kill()
        eventually("it waits again", lambda: self.status(run) == "queued")
        os.unlink(f"{fifo}.pid")
        w = self.worker(name="two")
        self.begun(fifo)
        self.assertEqual((self.status(run), self.count("first")), ("running", 1))
        w.kill()
        eventually("it is given up", lambda: self.status(run) == "incomplete")
        self.assertEqual(self.get(f"/runs/{run}")["reason"], "worker_lost")
        errors = self.get(f"/runs/{run}/infrastructure-errors")["data"]
        self.assertIn(("worker", "critical"), {(e["type"], e["severity"]) for e in errors})
        self.assertEqual(self.verdicts(run)["first"], "pass")

    def test_a_worker_that_comes_back_too_late_is_refused_and_drops_the_run(self):
        fifo = self.fifo("f")
        self.have({"waits": self.waiting(fifo)})
        run = self.ask()
        w = self.worker(name="frozen")
        pid = self.begun(fifo)
        os.kill(w.process.pid, signal.SIGSTOP)
        eventually("it waits again", lambda: self.status(run) == "queued")
        self.have({"sort": SORT})
        os.unlink(f"{fifo}.pid")
        other = self.worker("--once", name="other")
        second = self.begun(fifo)
        self.assertTrue(is_there(second))
        os.kill(w.process.pid, signal.SIGCONT)
        w.says(f"run {run} is left")
        eventually("its test is gone", lambda: not is_there(pid))
        self.let_go(fifo)
        self.assertEqual(other.wait(), 0, other.stderr)
        self.assertEqual((self.status(run), self.verdicts(run)), ("pass", {"waits": "pass"}))
        self.assertEqual(w.stop(), 0)


if __name__ == "__main__":
    s.main()
