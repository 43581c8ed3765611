#!/usr/bin/python3
"""The loop as a whole: a project that does not compile, a runner that says so, a forge that tells of it, and an agent that mends it and pushes. Only the forge is a stand-in; then the same with what gets lost, and who is killed."""
import concurrent.futures
import contextlib
import http.server
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import sluice_test as s
from commits_forge import Listening, git
from sluice_test import ROOT, SLUICE, eventually
from stand_in_forge import GitRepo, Step
from suite_worker import Waiting, is_there, read, write
from test_dispatch import LOG, REPO, Dispatches
from test_fix import Fixer

FIXER = os.path.join(ROOT, "doc", "examples", "fixer.sh")
SEED = int(os.environ.get("SLUICE_CRASH_SEED", random.randrange(1 << 30)))
WORDS = ("mass", "area", "depth", "speed", "force", "power", "angle", "width")
NO_LOG = "There is no log of a failed step"
NAMED = r"(\w+\.c):\d+:\d+: error: .*?['\u2018](\w+)['\u2019]"
# Goes by what the compiler said: in its prompt, or where that has nothing of it, when asked itself.
MENDS = f"""
import re, subprocess, sys
wanted = {NAMED!r}
found = re.search(wanted, sys.stdin.read())
print("it stands in the prompt" if found else "the prompt does not say")
found = found or re.search(wanted, subprocess.run(["make"], stderr=subprocess.PIPE, text=True).stderr)
file, name = found.groups()
with open(file) as f:
    text = f.read()
with open(file, "w") as f:
    f.write(f"#define {{name}} (24 * 3600)\\n" + text)
"""
# Is sure of itself each time, and mends nothing.
BOASTS = """
import sys
prompt = sys.stdin.read()
with open("duration.c", "a") as f:
    f.write("/* This cannot fail any more. */\\n")
"""


class Story(Waiting, Dispatches):
    """For its tests: the demo project on a forge, its runner, and a fixer that may be let loose on it."""

    def setUp(self):
        super().setUp()
        self.home = os.path.join(self.folder, "home")
        os.mkdir(self.home)
        self.work = os.path.join(self.folder, "work")
        git("clone", "-q", self.forge.path, self.work)
        for name in ("Makefile", "duration.c", "duration.h", "test_duration.c"):
            shutil.copy(os.path.join(ROOT, "demo", name), self.work)
        self.commit("begin")

    def new_repo(self):
        return GitRepo(os.path.join(self.folder, "forge", f"{REPO}.git"), bare=True)

    def serve(self, dispatch="\taction = claim\n", **more):
        """A server, and the tokens of the runner and the fixer: they can do no more than they need."""
        self.at = self.server(dispatch, **more)
        self.runner, _ = self.at.new_token("logs:write", repo=REPO)
        self.fixer_token, _ = self.at.new_token("dispatch:write", "logs:write", repo=REPO)
        self.forge.push("main")

    # -- a person, and the forge

    def commit(self, message, branch="main"):
        git("add", "-A", cwd=self.work)
        git("commit", "-qm", message, cwd=self.work)
        git("push", "-q", "origin", f"HEAD:refs/heads/{branch}", cwd=self.work)
        return self.forge.head_of(branch)

    def break_it(self):
        git("apply", os.path.join(ROOT, "demo", "broken", "compile.patch"), cwd=self.work)
        sha = self.commit("Add days")
        self.forge.push("main")
        return sha

    def ci(self, url=None, before_it_tells=None):
        """What stands on main is built by the forge's runner, which sends its log meanwhile (to url, where that is no Sluice); then the forge tells how it went."""
        sha = self.forge.head_of("main")
        run, folder = self.forge.run(sha), tempfile.mkdtemp(dir=self.folder)
        git("clone", "-q", self.forge.path, folder)
        env = s.clean_environment(self.home, {
            "SLUICE_URL": url or self.at.url, "SLUICE_TOKEN": self.runner, "RUNNER_TEMP": self.folder, "FORGEJO_ACTIONS": "true", "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": REPO,
            "GITHUB_SHA": sha, "GITHUB_RUN_ID": str(run.id), "GITHUB_RUN_NUMBER": str(run.number), "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "build", "GITHUB_WORKFLOW": "ci.yml",
            "GITHUB_REF_NAME": "main", "GITHUB_EVENT_NAME": "push", "GITHUB_SERVER_URL": self.forge.url})
        steps = []
        for target in ("all", "check"):
            done = subprocess.run([SLUICE, "run", "--step", f"make {target}", "--", "make", target], env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=s.DEADLINE, check=False)
            steps.append(Step(f"make {target}", "failure" if done.returncode else "success", done.stdout, done.returncode))
            if done.returncode:
                break
        run.job("build", steps=steps)
        if not url:
            self.at.explained(sha, repo=REPO)
        if before_it_tells:
            before_it_tells()
        run.finish(steps[-1].conclusion)
        return run

    # -- the fixer

    def agent(self, program, test="make -s check", says=True):
        """`sluice fix` with the example of the documentation, for which that program changes the files and that command judges. says: what it thinks came of it."""
        write(self.path("agent.py"), program)
        write(self.path("agent"), f'#!/bin/sh\nexec python3 "{self.path("agent.py")}"\n')
        write(self.path("test"), f"#!/bin/sh\n{test}\n")
        env = {"FIXER_REMOTE": os.path.join(self.folder, "forge"), "FIXER_AGENT": self.path("agent"), "FIXER_TEST": self.path("test")}
        for path in (self.path("agent"), self.path("test")):
            os.chmod(path, 0o755)
        argv = (FIXER,) if says else ("sh", "-c", '"$0" && rm "$SLUICE_OUTCOME_FILE"', FIXER)
        return self.fix(*argv, options=["--once", *(w for n in env for w in ("--env", n))], env=env)

    def fix(self, *argv, options=("--once",), name="fixer", env=None):
        w = Fixer(self.at, self.home, "--repo", REPO, *options, "--", *argv, name=name, env={"SLUICE_TOKEN": self.fixer_token, **(env or {})})
        self.addCleanup(w.close)
        return w

    def fixed_by(self, w):
        """It is over with its work; what it pushed, of which the forge has told."""
        self.assertEqual(w.wait(), 0, w.stderr)
        self.forge.push("main")
        return self.forge.head_of("main")

    # -- what people see

    def show(self, number, *options):
        return self.at.must("dispatch", "show", *options, str(number))

    def shown(self, number):
        """Its lines: name -> value, then check -> what it said."""
        head, _, rest = self.show(number).partition("\nChecks:\n")
        facts = dict(re.findall(r"^(\S.{12})(.*)$", head, re.M))
        return {k.strip(): v for k, v in facts.items()}, dict(re.findall(r"^  (\w+) +(.*)$", rest, re.M))

    def fixed_with(self, number, sha):
        eventually("it is over", lambda: self.shown(number)[0]["State"] == "over")
        facts, _ = self.shown(number)
        self.assertEqual((facts["Outcome"], facts["Fixed in"]), ("fixed", sha), self.show(number))

    def step_log(self, number):
        return self.at.get(f"/api/v1/steps/{self.shown(number)[0]['Its step']}/log").text


class Receiver(Listening):
    """Of webhooks: what came, by its delivery; came: something did, and is not answered yet. silent: it takes what comes, and does not answer."""

    def __init__(self):
        self.received, self.silent, self.came = [], False, threading.Event()

    def _handler(receiver):  # noqa: N805
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(self.headers["X-Sluice-Delivery"])
                receiver.came.set()
                if receiver.silent:
                    self.rfile.read(1)  # until whoever sent it is gone
                    return
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        return Handler


class Loop(Story):
    def test_red_mended_pushed_green(self):
        self.serve()
        self.ci()
        self.assertEqual(self.dispatches(self.at), [])
        broken = self.break_it()
        self.ci()
        number = self.until(self.at, "offered")["dispatch_id"]
        self.assertIn("SECONDS_A_DAY", self.at.must("context", REPO, broken))
        self.assertRegex(self.show(number, "--prompt"), NAMED)
        fixed = self.fixed_by(self.agent(MENDS))
        self.assertNotEqual(fixed, broken)
        self.assertIn("it stands in the prompt", self.step_log(number))
        self.assertEqual(self.ci().conclusion, "success")
        self.fixed_with(number, fixed)
        facts, checks = self.shown(number)
        self.assertEqual((facts["Commit"], facts["Class"], facts["Agent"], facts["Author"]), (broken, "compile", "fixer", "dev"))
        self.assertEqual({said.split()[0] for said in checks.values()}, {"passes", "does_not_apply"})
        self.assertRegex(self.at.must("dispatch", "figures", REPO), r"fixed +1\n")
        self.assertEqual(len(self.dispatches(self.at)), 1)

    def test_no_hook_ever_arrives(self):
        self.forge.hooks_lost = True
        self.forge.clock = int(time.time()) - 60  # what was over long ago is let lie
        self.serve(forge="\treconcile = 10s\n")
        self.break_it()
        run = self.ci(before_it_tells=self.at.kill)
        self.at.start()  # it asks at once
        number = self.until(self.at, "offered")["dispatch_id"]
        self.assertEqual(self.at.query("SELECT heard_by FROM forge_run WHERE external_run_id = ?", str(run.id)), [("reconcile",)])
        self.assertEqual(self.shown(number)[1]["head"], "passes         it is the head of its branch")
        fixed = self.fixed_by(self.agent(MENDS, says=False))
        self.assertEqual(self.shown(number)[0]["State"], "handed")
        self.assertEqual(self.ci().conclusion, "success")
        self.fixed_with(number, fixed)
        self.assertEqual(self.shown(number)[0]["Note"], "it is done; what came of it is seen by the next run")

    def test_no_log_ever_arrives(self):
        self.forge.can = set()  # nor can it be fetched
        self.serve("\taction = claim\n\twait = 0s\n")
        broken = self.break_it()
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and does not listen
            self.ci(url=f"http://127.0.0.1:{nobody.getsockname()[1]}")
        number = self.until(self.at, "offered")["dispatch_id"]
        facts, checks = self.shown(number)
        self.assertNotIn("Class", facts)
        self.assertEqual(checks["class"], "passes         no error is known of it")
        self.assertIn(NO_LOG, self.show(number, "--prompt"))
        self.assertIn(NO_LOG, self.at.must("dispatch", "preview", "--prompt", REPO, broken))
        self.at.configure(self.conf.replace("action = claim", "action = claim\n\twhen-empty = silent"))
        self.at.process.send_signal(signal.SIGHUP)
        self.at.wait_for_line("settings re-read")
        self.assertNotIn(NO_LOG, self.at.must("dispatch", "preview", "--prompt", REPO, broken))
        fixed = self.fixed_by(self.agent(MENDS))
        self.assertIn("the prompt does not say", self.step_log(number))
        self.assertEqual(self.ci().conclusion, "success")
        self.fixed_with(number, fixed)

    def test_a_fixer_that_only_says_so_gets_three_tries(self):
        self.serve()
        self.break_it()
        for i in range(1, 4):
            self.ci()
            number = self.until(self.at, "offered")["dispatch_id"]
            prompt = self.show(number, "--prompt")
            self.assertIn(f"- Attempt: {i} of 3\n", prompt)
            self.assertEqual(prompt.count(": fixed with "), i - 1)
            pushed = self.fixed_by(self.agent(BOASTS, test="true"))
            self.fixed_with(number, pushed)  # it says
        self.ci()
        number = self.until(self.at, "refused")["dispatch_id"]
        facts, checks = self.shown(number)
        why = "3 attempts since its branch was green: 3 are allowed, so people have to look"
        self.assertEqual((facts["Commit"], facts["Refused by"], facts["Reason"], checks["attempts"]), (pushed, "attempts", why, f"refuses        {why}"))
        self.assertEqual(self.agent(MENDS).wait(), 0)
        self.assertEqual(self.forge.head_of("main"), pushed)  # nobody was sent

    def test_fifty_red_runs_and_four_agents_are_one_command(self):
        self.serve()
        fifo, count = self.fifo("f"), self.path("count")
        runs = [self.red(branch=f"b{i}", server=self.at) for i in range(50)]
        agents = [self.fix("sh", "-c", f"echo x >> {count}; {self.waits(fifo)}", options=(), name=f"fixer-{i}") for i in range(4)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual({status for said in pool.map(lambda run: run.finish(), runs) for status, _ in said}, {200})
        self.begun(fifo)
        eventually("all others are refused", lambda: len(self.dispatches(self.at, state="refused", limit=100)) == 49)
        one, = self.dispatches(self.at, state="claimed")
        reason = f"dispatch {one['dispatch_id']} is open for the same group of errors"
        self.assertEqual({(d["refused_by"], d["reason"]) for d in self.dispatches(self.at, state="refused", limit=100)}, {("open", reason)})
        self.let_go(fifo)
        self.until(self.at, "handed")
        for w in agents:
            self.assertEqual(w.stop(), 0, w.stderr)
        self.assertEqual(read(count), "x\n")


class Killed(Story):
    def test_the_agent_at_work_and_nobody_gets_it_but_by_hand(self):
        self.serve("\taction = claim\n\tlease = 10s\n")
        self.break_it()
        self.ci()
        self.until(self.at, "offered")
        fifo = self.fifo("f")
        w = self.fix("sh", "-c", self.waits(fifo))
        pid = self.begun(fifo)
        number = self.dispatches(self.at)[0]["dispatch_id"]
        eventually("where its output is, is known", lambda: "Its step" in self.shown(number)[0])
        w.kill()
        eventually("its command is gone", lambda: not is_there(pid))
        self.assertEqual(self.agent(MENDS).wait(), 0)
        self.until(self.at, "unknown")
        self.assertEqual(self.agent(MENDS).wait(), 0)
        facts, _ = self.shown(number)
        self.assertEqual((facts["State"], facts["Agent"], self.forge.head_of("main")), ("unknown", "fixer", facts["Commit"]))
        self.at.must("dispatch", "retry", str(number))
        self.until(self.at, "offered")
        fixed = self.fixed_by(self.agent(MENDS))
        self.assertNotEqual(fixed, facts["Commit"])
        self.fixed_with(number, fixed)

    def again(self):
        """The server is killed, and comes back."""
        self.at.kill()
        self.at.start()
        for hook in self.forge.hooks.values():
            hook["config"]["url"] = f"{self.at.url}/hooks/{self.kind}"

    def reds(self, *names):
        """A run for each, which break in ways of their own."""
        return {name: self.red(branch=name, server=self.at, log=LOG.replace("rate", name)) for name in names}

    @contextlib.contextmanager
    def deciding_nothing(self):
        """Meanwhile the dispatcher waits for the forge to say where a branch stands, which then turns out to be no affair of its."""
        run, = self.reds("aside").values()
        self.forge.repo.commit(branch="aside")
        self.forge.push("aside")
        self.forge.troubles["GET .*/branches/aside"] = "slow"
        run.finish("failure")
        eventually("the forge is asked", lambda: self.forge.count("GET", "/branches/aside"))
        yield
        self.forge.release()

    def states(self):
        """Those of dispatches that went out, and of their webhooks: branch -> (id, state, state)."""
        return {branch: rest for branch, *rest in self.at.query(
            "SELECT d.branch, d.id, d.state, x.state FROM dispatch AS d JOIN dispatch_action AS x ON x.dispatch_id = d.id ORDER BY d.id")}

    def test_the_server_between_deciding_and_handing_over(self):
        with Receiver() as receiver:
            self.serve(f"\taction = webhook\n\turl = {receiver.url}/x\n")
            receiver.silent = True
            runs = self.reds("pressure", "volume")
            with self.deciding_nothing():
                for run in runs.values():
                    run.finish("failure")
            eventually("one is handed over", lambda: receiver.received)
            states = self.states()
            self.assertEqual([rest[1:] for rest in states.values()], [["handing", "trying"], ["handing", "wanted"]])
            receiver.silent = False
            self.again()
            first, second = states
            eventually("the second went out", lambda: self.states()[second][1:] == ["handed", "done"])
            self.assertEqual(self.states()[first][1:], ["unknown", "unknown"])
            self.again()
            third, = self.reds("weight").values()
            third.finish("failure")
            eventually("another goes out, and by then they would have", lambda: self.states().get("weight", (0, ""))[1] == "handed")
            self.assertEqual(receiver.received, [f"{number}-0" for number, *_ in self.states().values()])

    def test_the_server_at_any_moment(self):
        print(f"# seed {SEED}; SLUICE_CRASH_SEED={SEED} repeats the moments")
        moments = random.Random(SEED)
        with Receiver() as receiver:
            self.serve(f"\taction = webhook\n\turl = {receiver.url}/x\n")
            for i, run in enumerate(self.reds(*WORDS).values()):
                receiver.came.clear()
                self.assertEqual([status for status, _ in run.finish("failure")], [200])
                if i % 2:
                    receiver.came.wait(s.DEADLINE)
                else:
                    time.sleep(moments.uniform(0, 0.02))  # not for anything to be done: the moment is what is tested
                self.again()
            eventually("all went out", lambda: len(self.states()) == len(WORDS) and {rest[1] for rest in self.states().values()} <= {"handed", "unknown"})
            for branch, (number, state, _) in self.states().items():
                self.assertIn((state, receiver.received.count(f"{number}-0")), (("handed", 1), ("unknown", 0), ("unknown", 1)), branch)
            self.assertLessEqual(set(receiver.received), {f"{number}-0" for number, *_ in self.states().values()})
            print(f"# handed over: {sum(state == 'handed' for _, state, _ in self.states().values())} of {len(WORDS)}, received: {len(receiver.received)}")


if __name__ == "__main__":
    s.main()
