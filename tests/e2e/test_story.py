#!/usr/bin/python3
"""The story of a regression suite, as somebody new to it would live it: import it, ask for a run, have it done; break the program, read what broke, accept one thing of it;
and meanwhile a worker and the server are killed. The programs under test are the machine's: sort, wc, and sqlite3 where it is.
"""
import collections
import glob
import hashlib
import os
import shutil
import subprocess
import unittest

import sluice_test as s
from sluice_test import Case, REPO, ROOT, eventually, new_sha
from suite_worker import Working, read, suite, write

# What is under test: a program that does what it is asked to, unless a file says that it is broken, or that one test is to wait. It leaves a line for each test that it ends.
TOOL = """#!/bin/sh
here=$(dirname "$0")
if [ -e "$here/hold" ] && [ "$(cat "$here/hold")" = "$SLUICE_TEST" ]; then
	echo "$SLUICE_TEST waits"
	echo $$ > "$here/holding"
	read go < "$here/fifo"
fi
what=$1
shift
if [ -e "$here/broken" ] && [ "$what" = sort ]; then set -- -r "$@"; fi
"$what" "$@" || exit
echo "$SLUICE_TEST is done"
echo "$SLUICE_TEST" >> "$here/done"
"""
QUERY = "select count(*), sum(bytes), max(lines) from t"


def texts():
    """Ten real texts: those that come with the program."""
    return [path for path in sorted(glob.glob(f"{ROOT}/*.md") + glob.glob(f"{ROOT}/doc/*.md") + glob.glob(f"{ROOT}/src/base/*.h"))
            if len(set(read(path).splitlines())) > 20][:10]


def tables():
    """Ten real tables: what files there are in the folders of the program, how large, and how many lines they have."""
    for folder in sorted(glob.glob(f"{ROOT}/src/*/"))[:10]:
        rows = [f"{os.path.basename(path)},{os.path.getsize(path)},{read(path).count(chr(10))}" for path in sorted(glob.glob(f"{folder}*.[ch]"))]
        yield os.path.basename(os.path.dirname(folder)), "name,bytes,lines\n" + "\n".join(rows) + "\n"


class Story(Working, Case):
    def setUp(self):
        self.begin()
        self.tool = self.path("tool")
        write(self.tool, TOOL)
        os.chmod(self.tool, 0o755)
        self.fifo("fifo")

    def make_suite(self):
        """50 tests over 20 samples; what is right is what the programs say today."""
        samples, tests = {}, {}
        for path in texts():
            samples[f"texts/{os.path.basename(path)}"] = read(path)
        for name, text in tables():
            samples[f"tables/{name}.csv"] = text
        env = {k: v for k, v in os.environ.items() if not k.startswith("LC_")}
        for path, text in samples.items():
            ordered = subprocess.run(["sort"], input=text.encode(), env={**env, "LANG": "C.UTF-8"}, capture_output=True, check=True).stdout
            tests[f"sort {path}"] = {"sample": path, "command": f"{self.tool} sort -o {{output}}/sorted {{input}}", "outputs": {"sorted": ordered}, "categories": ["sort"]}
            tests[f"count {path}"] = {"sample": path, "command": f"{self.tool} wc -l < {{input}} > {{output}}/n; grep -c '' {{input}}", "shell": True, "outputs": {}, "categories": ["wc"]}
        database = shutil.which("sqlite3")
        if not database:
            print("# sqlite3 is not here: its ten tests are done with wc", flush=True)
        for path, text in list(samples.items())[10:]:
            if database:
                command = f"{self.tool} sqlite3 :memory: '.import --csv {{input}} t' '{QUERY}' > {{output}}/summary; grep -v ' is done' {{output}}/summary > {{output}}/row"
            else:
                command = f"{self.tool} wc -c < {{input}} > {{output}}/summary; grep -v ' is done' {{output}}/summary > {{output}}/row"
            rows = [line.split(",") for line in text.splitlines()[1:]]
            right = f"{len(rows)}|{sum(int(r[1]) for r in rows)}|{max((r[2] for r in rows))}\n" if database else f"{len(text.encode())}\n"
            tests[f"query {path}"] = {"sample": path, "command": command, "shell": True, "outputs": {"row": right}, "categories": ["sqlite"]}
        self.assertEqual((len(samples), len(tests)), (20, 50))
        return suite(self.path("suite"), tests, samples), tests

    def post_as(self, token, path, body, status):
        answer = self.server.request("POST", f"/api/v1{path}", body, token=token)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def new_run(self, bot):
        sha = new_sha()
        run = self.post_as(bot, "/runs", {"repository": REPO, "branch": "main", "commit_sha": sha, "platform": "linux"}, 202)
        self.assertEqual((run["status"], run["commit_sha"], run["repository"]), ("queued", sha, REPO))
        return run["run_id"]

    def have_done(self, run, token):
        self.do_all(env={"SLUICE_TOKEN": token})
        self.assertNotIn(self.status(run), ("queued", "running"))

    def failed(self, run):
        return {name for name, status in self.verdicts(run).items() if status != "pass"}

    def times_done(self):
        """How often each test came to its end, since the last call."""
        path = self.path("done")
        times = collections.Counter(read(path).splitlines()) if os.path.exists(path) else {}
        if os.path.exists(path):
            os.unlink(path)
        return times

    def worked_at_until_killed(self, run, token, test):
        """A worker and the server are killed while that test runs; the run is done by another of the same name."""
        write(self.path("hold"), test)
        w = self.worker(env={"SLUICE_TOKEN": token})
        eventually("the test waits", lambda: os.path.exists(self.path("holding")))
        eventually("its log is there while it runs", lambda: f"{test} waits" in self.log(run, test))
        before = self.verdicts(run)
        w.kill()
        os.unlink(self.path("holding"))
        w = self.worker("--once", env={"SLUICE_TOKEN": token})
        eventually("the test waits again", lambda: os.path.exists(self.path("holding")))
        self.server.kill()
        os.unlink(self.path("hold"))
        self.let_go(self.path("fifo"))
        w.says("it is tried again")
        self.start_again()
        self.assertEqual(w.wait(), 0, w.stderr)
        os.unlink(self.path("holding"))
        after = self.verdicts(run)
        self.assertEqual({name: after[name] for name, v in before.items() if v in ("pass", "fail")}, {name: v for name, v in before.items() if v in ("pass", "fail")})

    def test_a_suite_from_its_import_to_a_new_baseline(self):
        folder, tests = self.make_suite()
        sorts = {name for name in tests if name.startswith("sort ")}

        # Whoever keeps the suite imports it, and makes a token for the bot that asks for runs and one for the worker.
        self.assertIn("the suite has 20 samples and 50 tests", self.server.must("suite", "import", folder))
        bot, _ = self.server.new_token("runs:read", "runs:write", "results:read", "system:read")
        token, _ = self.server.new_token("runs:write", "logs:write")

        # All is well.
        first = self.new_run(bot)
        job = self.server.get("/api/v1/system/queue", token=bot).json["data"][0]
        self.assertEqual((job["run_id"], job["position"], job["status"]), (first, 1, "queued"))
        self.have_done(first, token)
        self.assertEqual((self.status(first), self.failed(first)), ("pass", set()))
        self.assertEqual(self.times_done(), dict.fromkeys(tests, 1))
        summary = self.get(f"/runs/{first}/summary")
        self.assertEqual((summary["total_samples"], summary["pass_count"], summary["error_count"]), (50, 50, 0))
        self.assertEqual(len(self.get(f"/runs/{first}/config")["regression_test_ids"]), 50)
        self.assertEqual([p["status"] for p in self.get(f"/runs/{first}/progress")["data"]], ["queued", "preparation", "testing", "completed"])

        # The program breaks. A worker and the server are killed on the way.
        write(self.path("broken"), "")
        second = self.new_run(bot)
        self.worked_at_until_killed(second, token, sorted(sorts)[7])
        self.assertEqual((self.status(second), self.failed(second)), ("fail", sorts))
        self.assertEqual(self.times_done(), dict.fromkeys(tests, 1))  # the killed worker had not ended the one that waited
        summary = self.get(f"/runs/{second}/summary")
        self.assertEqual((summary["total_samples"], summary["pass_count"], summary["fail_count"], summary["missing_output_count"]), (50, 30, 20, 0))
        self.assertEqual(self.get(f"/runs/{second}/infrastructure-errors")["data"], [])

        # What broke.
        errors = self.get(f"/runs/{second}/errors?limit=100")
        self.assertEqual((errors["pagination"]["total"], {e["type"] for e in errors["data"]}, summary["error_count"]), (20, {"diff_mismatch"}, 20))
        self.assertEqual([(b["key"], b["count"]) for b in self.get(f"/runs/{second}/error-summary")["data"]], [("diff_mismatch", 20)])
        one = next(name for name in sorted(sorts) if "tables/" in name)
        diff = self.output(second, one, "diff")
        self.assertEqual(diff["status"], "different")
        self.assertGreater(diff["summary"]["added_lines"], 0)
        self.assertIn("@@", self.output(second, one, "diff?format=unified")["content"])
        self.assertEqual(self.output(second, one, "expected?format=text")["content"].encode(), tests[one]["outputs"]["sorted"])
        actual = self.output(second, one, "actual?format=text")
        self.assertEqual(sorted(actual["content"].splitlines()), sorted(tests[one]["outputs"]["sorted"].decode().splitlines()))
        self.assertEqual(hashlib.sha256(actual["content"].encode()).hexdigest(), actual["sha256"])
        self.assertIn(f"{one} is done", self.log(second, one))
        result = self.results(second)[one]
        history = [h for h in self.get(f"/samples/{result['sample_id']}/history")["data"] if h["regression_test_id"] == result["regression_test_id"]]
        self.assertEqual([(h["run_id"], h["status"]) for h in history], [(second, "fail"), (first, "pass")])
        self.assertTrue(history[0]["failure_signature"])
        self.assertIsNone(history[1]["failure_signature"])

        # One of it is right from now on. A bot may not say so.
        approval = {"regression_id": result["regression_test_id"], "output_id": result["outputs"][0]["output_id"]}
        path = f"/runs/{second}/samples/{result['sample_id']}/baseline-approval"
        self.post_as(bot, path, approval, 403)
        self.assertEqual(self.post_as(self.server.admin, path, approval, 200)["status"], "approved")
        third = self.new_run(bot)
        self.have_done(third, token)
        self.assertEqual((self.status(third), self.failed(third)), ("fail", sorts - {one}))
        again = self.results(third)[sorted(sorts - {one})[0]]
        history = [h for h in self.get(f"/samples/{again['sample_id']}/history")["data"] if h["regression_test_id"] == again["regression_test_id"]]
        self.assertEqual(history[0]["failure_signature"], history[1]["failure_signature"])  # the same thing broke

        # Mended: what was right before is right still.
        os.unlink(self.path("broken"))
        fourth = self.new_run(bot)
        self.have_done(fourth, token)
        self.assertEqual((self.status(fourth), self.failed(fourth)), ("pass", set()))
        self.assertEqual([r["run_id"] for r in self.get("/runs?status=pass")["data"]], [fourth, first])
        self.server.must("verify", "--config", self.server.conf)  # ends well if nothing that is stored is damaged


if __name__ == "__main__":
    s.main()
