#!/usr/bin/python3
"""`sluice ci import`: a log at hand, or GitHub's archive of the logs of a run, becomes steps that are explained like any other."""
import os
import tempfile
import zipfile

from sluice_test import INTERNAL, REPO, Case, main, new_sha

STAMP = "2026-01-02T15:04:05.0000000Z "
ERROR = "src/pump.c:12:5: error: 'presure' undeclared (first use in this function)"
GITHUB = "\ufeff" + "".join(STAMP + line + "\n" for line in (
    "Current runner version: '2.328.0'", "##[group]Run actions/checkout@v4", "##[endgroup]", "##[group]Run make test", "make test", "##[endgroup]",
    "cc -c src/pump.c", ERROR, "##[error]Process completed with exit code 2.", "Post job cleanup."))


class CiImport(Case):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.sha = new_sha()

    def file(self, text, name="log.txt"):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def run_import(self, path, *args, repo=REPO):
        return self.server.cli("ci", "import", "--repo", repo, "--sha", self.sha, *args, path,
                               env={"SLUICE_TOKEN": INTERNAL, "SLUICE_SPOOL": os.path.join(self.folder.name, "spool")})

    def steps(self):
        return self.server.query("SELECT job.job_name, step.name, step.conclusion, step.exit_code FROM step JOIN job ON job.id = step.job_id"
                                 " JOIN run ON run.id = job.run_id WHERE run.head_sha = ? ORDER BY job.job_name, step.step_index", self.sha)

    def test_a_log_of_a_job_is_split_and_explained(self):
        done = self.run_import(self.file(GITHUB), "--job", "test", "--run-id", "77")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("test / Run make test: failure", done.stdout)
        self.assertEqual([tuple(s) for s in self.steps()], [("test", "Set up job", "success", None), ("test", "Run actions/checkout@v4", "success", None),
                                                            ("test", "Run make test", "failure", 2), ("test", "Post job cleanup", "success", None)])
        self.assertIn("presure", str(self.server.explained(self.sha)))
        again = self.run_import(self.file(GITHUB), "--job", "test", "--run-id", "77")
        self.assertEqual(len(self.steps()), 4, again.stderr)

    def test_a_log_of_a_step_is_one_step_and_a_failure_unless_it_passed(self):
        self.assertEqual(self.run_import(self.file("it broke\n"), "--step", "make").returncode, 0)
        self.assertEqual([tuple(s)[1:3] for s in self.steps()], [("make", "failure")])
        self.sha = new_sha()
        self.assertEqual(self.run_import(self.file("it went well\n"), "--step", "make", "--passed").returncode, 0)
        self.assertEqual([tuple(s)[1:3] for s in self.steps()], [("make", "success")])

    def archive(self, files, name="logs.zip"):
        path = os.path.join(self.folder.name, name)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
            for name, text in files.items():
                z.writestr(name, text)
        return path

    def test_an_archive_brings_the_steps_of_all_jobs(self):
        path = self.archive({"0_lint.txt": STAMP + "##[group]Run lint\n" + STAMP + "fine\n", "1_test.txt": GITHUB, "test/1_Set up job.txt": STAMP + "hello\n",
                             "test/3_Run make test.txt": STAMP + ERROR + "\n" + STAMP + "##[error]Process completed with exit code 2.\n", "test/system.txt": ""})
        done = self.run_import(path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([tuple(s)[:3] for s in self.steps()], [("lint", "Run lint", "success"), ("test", "Set up job", "success"), ("test", "Run make test", "failure")])

    def test_secrets_do_not_come_in(self):
        path = self.file("password is hunter2-hunter2\n")
        done = self.server.cli("ci", "import", "--repo", REPO, "--sha", self.sha, "--step", "make", "--mask-env", "MINE", path,
                               env={"SLUICE_TOKEN": INTERNAL, "MINE": "hunter2-hunter2", "SLUICE_SPOOL": os.path.join(self.folder.name, "spool")})
        self.assertEqual(done.returncode, 0, done.stderr)
        context = str(self.server.context(self.sha))
        self.assertIn("password is ***", context)
        self.assertNotIn("hunter2", context)

    def test_what_is_wrong_is_said(self):
        for path, args, says in ((self.archive({"readme.txt": "x"}), (), "no logs of jobs"), (self.archive({"0_a.txt": "x"}, "one.zip"), ("--step", "s"), "says itself"),
                                 (self.file("", "none.txt"), (), "empty"), (self.file("PK\x03\x04garbage", "bad.zip"), (), "no zip"), ("/nonexistent/log", (), "nonexistent")):
            done = self.run_import(path, *args)
            self.assertNotEqual(done.returncode, 0, path)
            self.assertIn(says, done.stderr)
        self.assertEqual(self.steps(), [])
        self.assertNotEqual(self.run_import(self.file("x\n"), repo="acme/other").returncode, 0)
        self.assertEqual(self.server.cli("ci").returncode, 2)
        self.assertEqual(self.server.cli("ci", "import").returncode, 2)


if __name__ == "__main__":
    main()
