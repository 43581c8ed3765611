#!/usr/bin/python3
"""Retention: old text goes, young text stays, the facts stay for ever; and a dry run is dry."""
import contextlib
import sqlite3
import unittest

import sluice_test as s
from sluice_test import REPO, Server, new_sha, post_of

DAY_MS = 86400000


class Janitor(unittest.TestCase):
    def server(self, config="", **options):
        server = Server(config, **options)
        self.addCleanup(server.close)
        server.__enter__()
        return server

    def steps_of_age(self, server, *days, n=1):
        """n steps for each age, received that many days ago; their commits. The server is stopped meanwhile, and started again."""
        shas = [[new_sha() for _ in range(n)] for _ in days]
        for shas_of_age in shas:
            for sha in shas_of_age:
                server.must_post(post_of(head_sha=sha))
        server.stop()
        with contextlib.closing(sqlite3.connect(f"{server.data}/sluice.db")) as db, db:
            for age, shas_of_age in zip(days, shas):
                for sha in shas_of_age:
                    db.execute("UPDATE step SET received_at = received_at - ? WHERE id IN (SELECT step.id FROM step JOIN job ON job.id = step.job_id "
                               "JOIN run ON run.id = job.run_id WHERE run.head_sha = ?)", (int(age * DAY_MS), sha))
        server.start()
        return [shas_of_age[0] if n == 1 else shas_of_age for shas_of_age in shas]

    def actions(self, server, chore="log_retention"):
        """What passes did in that chore, the newest first."""
        return [a for a in server.get("/api/v1/janitor/actions?limit=100").json["data"] if a["chore"] == chore]

    def first_pass(self, server):
        """What the newest pass did."""
        s.eventually("a pass at the start", lambda: "sluice_janitor_passes_total 0\n" not in server.request("GET", "/metrics").text)
        return s.eventually("its report", lambda: self.actions(server))[0]

    OFF = "[janitor]\n\tmode = off\n"

    def test_at_the_start_old_text_goes_and_young_text_stays(self):
        server = self.server()
        young, old = self.steps_of_age(server, 13.9, 14.1)
        s.eventually("the old text goes", lambda: server.count("tail") == 1)
        self.assertEqual(server.kept_text(young), "error: it broke")
        self.assertEqual(server.context(old)["steps"], [])

    def test_the_facts_outlive_the_text(self):
        server = self.server()
        self.steps_of_age(server, 15)
        s.eventually("the text goes", lambda: server.count("tail") == 0)
        self.assertEqual([server.count(t) for t in ("run", "job", "step")], [1, 1, 1])

    def test_a_heal_reports_what_it_did_by_count_and_bytes(self):
        server = self.server(self.OFF)
        self.steps_of_age(server, 15, 15, 1)
        server.configure("")
        server.stop()
        server.start()
        s.eventually("the old text goes", lambda: server.count("tail") == 1)
        action = s.eventually("the report", lambda: [a for a in self.actions(server) if a["rows"]])[0]
        self.assertEqual((action["chore"], action["mode"], action["rows"]), ("log_retention", "heal", 2))
        self.assertGreater(action["bytes"], 0)
        self.assertIn("2", action["message"])

    def test_it_runs_once_a_pass_and_not_once_a_repo(self):
        server = self.server(self.OFF)
        for i in range(10):
            server.must("repo", "add", f"acme/repo{i}")
        self.steps_of_age(server, 15)
        before = server.count("action")
        chores = len(server.must("janitor", "--dry-run").splitlines())
        self.assertGreaterEqual(chores, 5)
        self.assertEqual(server.count("action"), before + chores)
        self.assertEqual(len(self.actions(server)), 1)

    def test_a_dry_run_deletes_nothing_and_reports_what_it_would(self):
        server = self.server(self.OFF)
        self.steps_of_age(server, 15, 20, 1)
        told = server.request("POST", "/api/v1/janitor/run", {"dry_run": True}, token=server.admin)
        self.assertEqual(told.status, 200)
        chore = told.json["chores"][0]
        self.assertEqual((told.json["mode"], chore["chore"], chore["rows"]), ("dry-run", "log_retention", 2))
        self.assertGreater(chore["bytes"], 0)
        self.assertEqual(server.count("tail"), 3)
        self.assertEqual(server.query("SELECT count(*) FROM step WHERE log_expired_at IS NOT NULL AND log_expired_at <> 0"), [(0,)])

    def test_the_command_says_the_same(self):
        server = self.server(self.OFF)
        self.steps_of_age(server, 15, 20, 1)
        printed = server.must("janitor", "--dry-run")
        self.assertIn("log_retention", printed)
        self.assertIn("2", printed)
        self.assertEqual(server.count("tail"), 3)

    def test_the_dry_run_and_the_heal_agree(self):
        server = self.server(self.OFF)
        self.steps_of_age(server, 15, 16, 17, 1)
        would = server.request("POST", "/api/v1/janitor/run", {"dry_run": True}, token=server.admin).json["chores"][0]
        server.configure("[janitor]\n\tinterval = 7d\n")
        server.stop()
        server.start()
        s.eventually("the old text goes", lambda: server.count("tail") == 1)
        did = s.eventually("the report", lambda: [a for a in self.actions(server) if a["mode"] == "heal"])[0]
        self.assertEqual((did["rows"], did["bytes"]), (would["rows"], would["bytes"]))

    def test_mode_dry_run_deletes_nothing(self):
        server = self.server("[janitor]\n\tmode = dry-run\n")
        self.steps_of_age(server, 15)
        action = s.eventually("a report of what would go", lambda: [a for a in self.actions(server) if a["rows"] == 1])[0]
        self.assertEqual(action["mode"], "dry-run")
        self.assertEqual(server.count("tail"), 1)

    def test_mode_off_makes_no_pass(self):
        server = self.server("[janitor]\n\tmode = off\n\tinterval = 1\n")
        self.steps_of_age(server, 15)
        self.assertEqual(self.actions(server), [])
        self.assertEqual(server.count("tail"), 1)
        self.assertIn("sluice_janitor_passes_total 0\n", server.request("GET", "/metrics").text)

    def test_mode_off_also_refuses_a_heal_that_is_asked_for(self):
        server = self.server(self.OFF)
        self.steps_of_age(server, 15)
        answer = server.request("POST", "/api/v1/janitor/run", {}, token=server.admin)
        self.assertEqual(answer.status, 409)
        self.assertEqual(server.count("tail"), 1)

    def test_a_chore_can_be_switched_off_alone(self):
        server = self.server("[janitor]\n\tskip = log_retention\n")
        self.steps_of_age(server, 15)
        s.eventually("a pass", lambda: "sluice_janitor_passes_total 0\n" not in server.request("GET", "/metrics").text)
        self.assertEqual(server.count("tail"), 1)
        self.assertEqual(self.actions(server), [])

    def test_0_days_keeps_for_ever_and_says_so(self):
        server = self.server("[janitor]\n\tlog-days = 0\n")
        self.steps_of_age(server, 15, 4000)
        self.assertIn("for ever", self.first_pass(server)["message"])
        self.assertIn("for ever", server.stderr)
        self.assertEqual(server.count("tail"), 2)

    def test_the_number_of_days_is_a_setting(self):
        server = self.server("[janitor]\n\tlog-days = 3\n")
        self.steps_of_age(server, 2.9, 3.1)
        s.eventually("the old text goes", lambda: server.count("tail") == 1)

    def test_a_pass_comes_again_after_the_interval(self):
        server = self.server("[janitor]\n\tinterval = 1\n")

        def passes():
            return int(server.request("GET", "/metrics").text.split("\nsluice_janitor_passes_total ")[1].split()[0])

        s.eventually("three passes", lambda: passes() >= 3)

    def test_many_rows_go_in_small_transactions_and_all_of_them(self):
        server = self.server(self.OFF)
        with contextlib.closing(s.KeepAlive(server.port)) as k:
            for i in range(1500):
                self.assertEqual(k.post(post_of(head_sha="b" * 40, step_index=i)), 204)
        server.stop()
        with contextlib.closing(sqlite3.connect(f"{server.data}/sluice.db")) as db, db:
            db.execute("UPDATE step SET received_at = received_at - ?", (15 * DAY_MS,))
        server.configure("")
        server.start()
        s.eventually("all text goes", lambda: server.count("tail") == 0)
        self.assertEqual(server.count("step"), 1500)
        action = s.eventually("the report", lambda: [a for a in self.actions(server) if a["rows"]])[0]
        self.assertEqual(action["rows"], 1500)
        batches = int(server.request("GET", "/metrics").text.split("\nsluice_write_batches_total ")[1].split()[0])
        self.assertGreater(batches, 5)

    def test_a_pinned_step_keeps_its_text_and_an_expired_one_cannot_be_pinned(self):
        server = self.server(self.OFF)
        kept, old = self.steps_of_age(server, 15, 16)
        step = server.kept(kept)["step_id"], server.kept(old)["step_id"]
        writer, _ = server.new_token("logs:write")
        pin = "/api/v1/steps/{}/pin".format
        self.assertEqual(server.request("PUT", pin(step[0]), token=writer).status, 204)
        server.stop()
        server.configure("")
        server.start()
        s.eventually("the other text goes", lambda: server.count("tail") == 1)
        self.assertEqual(server.kept_text(kept), "error: it broke")
        gone = server.request("PUT", pin(step[1]), token=writer)
        self.assertEqual((gone.status, gone.json["code"]), (410, "gone"))
        self.assertRegex(gone.json["message"], r"expired on \d{4}-\d\d-\d\d")
        self.assertEqual(server.request("DELETE", pin(step[0]), token=writer).status, 204)
        server.must("janitor")
        self.assertEqual(server.count("tail"), 0)

    def test_a_token_of_another_repo_finds_no_step_to_pin(self):
        server = self.server(self.OFF, watch=(REPO, "acme/other"))
        sha = new_sha()
        server.must_post(post_of(head_sha=sha))
        step = server.kept(sha)["step_id"]
        other, _ = server.new_token("logs:write", repo="acme/other")
        own, _ = server.new_token("logs:write", repo=REPO)
        for method in "PUT", "DELETE":
            self.assertEqual(server.request(method, f"/api/v1/steps/{step}/pin", token=other).status, 404)
            self.assertEqual(server.request(method, f"/api/v1/steps/{step}/pin", token=own).status, 204)

    def test_a_step_that_is_sent_again_after_its_text_expired_has_text_again(self):
        server = self.server()
        (sha,) = self.steps_of_age(server, 15)
        s.eventually("the text goes", lambda: server.count("tail") == 0)
        server.must_post(post_of(head_sha=sha, log_tail="back again"))
        self.assertEqual(server.kept_text(sha), "back again")
        self.assertEqual(len(server.context(sha)["steps"]), 1)

    def test_it_takes_system_write_to_run_and_system_read_to_look(self):
        server = self.server()
        reader, _ = server.new_token("system:read")
        writer, _ = server.new_token("system:write")
        self.assertEqual(server.request("POST", "/api/v1/janitor/run", {"dry_run": True}, token=reader).status, 403)
        self.assertEqual(server.request("POST", "/api/v1/janitor/run", {"dry_run": True}, token=writer).status, 200)
        self.assertEqual(server.get("/api/v1/janitor/actions", token=writer).status, 403)
        self.assertEqual(server.get("/api/v1/janitor/actions", token=reader).status, 200)

    def test_posts_go_on_while_it_works(self):
        server = self.server(self.OFF)
        self.steps_of_age(server, *[15] * 30)
        server.configure("[janitor]\n\tinterval = 1\n")
        server.stop()
        server.start()
        self.assertEqual({server.post(post_of(repo=REPO)).status for _ in range(30)}, {204})
        s.eventually("the old text goes", lambda: server.count("tail") == 30)


if __name__ == "__main__":
    s.main()
