#!/usr/bin/python3
"""sluice verify: what is damaged on disk is told, beside a server that runs, and mended when none does."""
import json
import os
import unittest

import sluice_test as s
from sluice_test import Server, new_sha, post_of
from stream_client import Step, connected, text_of, unzstd_file


class Verify(unittest.TestCase):
    def setUp(self):
        self.server = Server("[janitor]\n\tmode = off\n")
        self.addCleanup(self.server.close)
        self.server.__enter__()
        self.sha = new_sha()
        self.server.must_post(post_of(head_sha=self.sha))
        self.step = Step("build", text_of("build", 2 << 20))
        with connected(self.server.port) as client:
            client.stream(self.step, lambda: 256 << 10)
        s.eventually("it is sealed", lambda: self.server.query("SELECT state FROM log") == [("sealed",)])
        self.path = os.path.join(self.server.data, "logs", "000", f"{self.step.id}.zst")

    def verify(self, *options):
        return s.run("verify", "--config", self.server.conf, *options, home=self.server.folder)

    def damage(self, at=50000):
        with open(self.path, "r+b") as f:
            f.seek(at)
            byte = f.read(1)
            f.seek(at)
            f.write(bytes([byte[0] ^ 1]))

    def test_beside_a_server_that_runs_all_is_well(self):
        done = self.verify()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^1 logs, 1 tails and 0 episodes, \d+ bytes: all is well\n$")

    def test_damage_is_one_line_with_its_step_and_exit_code_8_and_nothing_is_changed(self):
        self.damage()
        with open(self.path, "rb") as f:
            before = f.read()
        done = self.verify()
        self.assertEqual(done.returncode, 8)
        self.assertRegex(done.stdout, rf"^step {self.step.id}: frame 0: .*checksum.*\n1 logs, .* 1 are damaged, 0 of them were mended\n")
        self.assertIn("--repair", done.stdout)
        with open(self.path, "rb") as f:
            self.assertEqual(f.read(), before)
        self.assertEqual(self.server.request("GET", "/healthz").status, 200)

    def test_json_says_the_same(self):
        self.damage()
        done = self.verify("--json")
        self.assertEqual(done.returncode, 8)
        told = json.loads(done.stdout)
        self.assertEqual((told["logs"], told["tails"], told["wrong"], told["mended"], told["strays"]), (1, 1, 1, 0, 0))
        self.assertEqual([(f["step_id"], f["kind"]) for f in told["findings"]], [(self.step.id, "wrong")])

    def test_a_run_of_which_something_wrong_is_kept_is_told_and_counted_again(self):
        self.server.stop()
        with s.contextlib.closing(s.sqlite3.connect(f"{self.server.data}/sluice.db")) as db, db:
            db.execute("UPDATE run SET n_steps = n_steps + 3 WHERE id = 1")
        done = self.verify("--json")
        self.assertEqual(done.returncode, 8)
        self.assertEqual([(f["run_id"], f["kind"]) for f in json.loads(done.stdout)["findings"]], [(1, "wrong")])
        done = self.verify("--repair")
        self.assertEqual(done.returncode, 0)
        self.assertIn("run 1: mended: its steps were counted again\n", done.stdout)
        self.assertEqual(self.verify().returncode, 0)

    def test_while_the_server_runs_nothing_is_mended_and_afterwards_it_is(self):
        self.damage()
        done = self.verify("--repair")
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("in use by process", done.stderr)
        self.server.stop()
        done = self.verify("--repair")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("mended", done.stdout)
        self.server.start()
        self.assertEqual(self.verify().returncode, 0)
        text = unzstd_file(self.path)
        self.assertRegex(text, rb"^\[sluice: \d+ lines were lost here: the stored frame was damaged\]\n")
        self.assertTrue(self.step.text.endswith(text.split(b"\n", 1)[1]))

    def test_a_missing_file_is_told_and_mended_it_is_a_text_that_expired(self):
        os.unlink(self.path)
        done = self.verify()
        self.assertEqual(done.returncode, 8)
        self.assertIn(f"step {self.step.id}: its file is missing\n", done.stdout)
        self.server.stop()
        self.assertEqual(self.verify("--repair").returncode, 0)
        self.server.start()
        self.assertGreater(self.server.query("SELECT log_expired_at FROM step WHERE id = ?", self.step.id)[0][0], 0)
        self.assertEqual(self.server.kept_text(self.sha), "error: it broke")

    def test_what_a_kill_left_is_sealed_without_a_server(self):
        open_step = Step("open", text_of("open", 100000))
        with connected(self.server.port) as client:
            client.open(open_step)
            client.append(open_step, 0, 100000)
        self.server.kill()
        with s.contextlib.closing(s.sqlite3.connect(f"{self.server.data}/sluice.db")) as db, db:
            db.execute("UPDATE log SET state = 'ended' WHERE state = 'open'")
        done = self.verify()
        self.assertEqual(done.returncode, 0)
        self.assertIn("1 logs have ended and are not sealed yet", done.stdout)
        self.assertEqual(self.verify("--repair").returncode, 0)
        self.assertEqual(self.server.query("SELECT DISTINCT state FROM log"), [("sealed",)])

    def test_files_that_no_log_counts_are_told_and_no_fault(self):
        stray = os.path.join(self.server.data, "logs", "000", "711.zst")
        with open(stray, "wb") as f:
            f.write(b"of a repo that is gone")
        done = self.verify()
        self.assertEqual(done.returncode, 0)
        self.assertIn("1 files are counted by no log", done.stdout)
        self.assertTrue(os.path.exists(stray))
        self.server.stop()
        self.assertEqual(self.verify("--repair").returncode, 0)
        self.assertFalse(os.path.exists(stray))


class WithoutDatabase(unittest.TestCase):
    def test_there_is_nothing_to_verify_and_nothing_is_made(self):
        server = Server(init=False)
        self.addCleanup(server.close)
        done = s.run("verify", "--config", server.conf, home=server.folder)
        self.assertEqual(done.returncode, 3)
        self.assertIn("sluice init", done.stderr)
        self.assertFalse(os.path.exists(server.data))


if __name__ == "__main__":
    s.main()
