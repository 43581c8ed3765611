#!/usr/bin/python3
"""The loop as a whole: a project that does not compile, a runner that says so, a forge that tells of it, and an agent that mends it and pushes. Only the forge is a stand-in; then the same with what gets lost, and who is killed."""
import json
import os
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
from sluice_test import ROOT, SLUICE, eventually, post_of
from stand_in_forge import GitRepo, Step
from suite_worker import Waiting, is_there, read, write
from test_dispatch import LOG, REPO, Dispatches
from test_fix import Fixer

FIXER = os.path.join(ROOT, "doc", "examples", "fixer.sh")
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
        self.serve()
        broken = self.break_it()
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and does not listen
            self.ci(url=f"http://127.0.0.1:{nobody.getsockname()[1]}")
        number = self.until(self.at, "offered")["dispatch_id"]
        facts, checks = self.shown(number)
        self.assertNotIn("Class", facts)
        self.assertEqual(checks["class"], "passes         no error is known of it")
        self.assertIn(NO_LOG, self.show(number, "--prompt"))
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


if __name__ == "__main__":
    s.main()
