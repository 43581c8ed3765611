#!/usr/bin/python3
"""`sluice doctor`: all is well, and each thing that may be wrong is named once, with what mends it."""
import json
import os
import re
import shutil
import signal
import socket
import tempfile
import time
import unittest

import sluice_test as s
from certificates import SERVER, Authority
from commits_forge import CommitsForge, GitRepo
from fleet import Lab
from receiver import Receiver, Say
from sluice_test import Server, eventually
from test_fleet_tls import Fleet, port_of

DAY = 24 * 3600


class Doctor(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-e2e-doctor-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def look(self, *args, code=None, env=None):
        """What it finds: a list of (check, status, what, remedy)."""
        done = s.run("doctor", "--json", *args, home=self.folder, env=env)
        self.assertEqual(done.stderr, "")
        told = json.loads(done.stdout)
        found = [(x["check"], x["status"], x["what"], x["remedy"]) for x in told["checks"]]
        n_problems = sum(x[1] == "problem" for x in found)
        self.assertEqual((told["problems"], told["warnings"]), (n_problems, sum(x[1] == "warning" for x in found)))
        self.assertEqual(done.returncode, 10 if n_problems else 0)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout)
        for check, status, what, remedy in found:
            self.assertTrue(what, check)
            self.assertEqual(bool(remedy), status != "ok", (check, what))
            self.assertNotIn("slc_", what + (remedy or ""))
        return found

    def finds(self, found, check, status, what, remedy):
        """One of the findings is this; and it alone is a problem, if it is one."""
        hits = [x for x in found if x[0] == check and x[1] == status]
        self.assertTrue(hits, found)
        self.assertTrue(any(re.search(what, x[2]) and re.search(remedy, x[3]) for x in hits), hits)
        if status == "problem":
            self.assertEqual({x[0] for x in found if x[1] == "problem"}, {check}, found)

    def all_is_well(self, found, but=()):
        self.assertEqual([x for x in found if x[1] != "ok" and x[0] not in but], [])


class OfServer(Doctor):
    """Warnings of the clock are the machine's: a test does not set it."""

    def serve(self, config="", **more):
        self.server = Server(config, **more)
        self.addCleanup(self.server.close)
        self.server.__enter__()

    def look_at(self, *more, code=None):
        return self.look("--config", self.server.conf, "--url", self.server.url, *more, code=code)

    def test_all_is_well(self):
        repo = GitRepo(os.path.join(self.folder, "rig"))
        repo.commit(3)
        with CommitsForge(repo.path) as forge, Fleet() as fleet:
            self.serve(f'{fleet.config()}[forge "acme"]\n\turl = {forge.url}\n[gate "rig"]\n{forge.section}\tfallback-path =\n')
            found = self.look_at(code=0)
        self.all_is_well(found, but=("clock", "tls", "disk"))  # the certificates of the tests are short-lived
        self.assertEqual({x[0] for x in found},
                         {"config", "data", "database", "disk", "server", "internal", "forge", "gate", "tls", "clock", "janitor", "errors"})
        self.assertIn(("gate", f"rig: {forge.url}/acme/rig has 3 commits, head {repo.head[:12]}"), [(x[0], x[2]) for x in found])
        done = s.run("doctor", "--config", self.server.conf, "--url", self.server.url, home=self.folder)
        self.assertRegex(done.stdout, r"(?m)^ok       server      http://127\.0\.0\.1:\d+ is ready$")

    def test_a_setting_that_is_wrong_is_all_that_is_told(self):
        server = Server("[janitor]\n\tmode = sometimes\n", init=False)
        self.addCleanup(server.close)
        found = self.look("--config", server.conf)
        self.assertEqual(len(found), 1)
        self.finds(found, "config", "problem", "janitor.mode", "sluice config")

    def test_what_was_never_made_is_to_be_made(self):
        server = Server(init=False)
        self.addCleanup(server.close)
        found = self.look("--config", server.conf, "--url", "http://127.0.0.1:1")
        self.assertIn(("data", "problem"), [x[:2] for x in found])
        self.assertIn(("database", "problem"), [x[:2] for x in found])
        self.assertTrue(any(x[0] == "data" and "sluice init" in x[3] for x in found))
        self.assertFalse(os.path.exists(server.data), "and nothing is made")

    def test_a_server_that_does_not_run(self):
        self.serve()
        url = self.server.url
        self.server.stop()
        self.finds(self.look("--config", self.server.conf, "--url", url), "server", "problem", "127.0.0.1", "systemctl start sluice")

    def test_where_it_listens_is_taken_from_its_settings(self):
        self.serve()
        found = self.look("--config", self.server.conf, "--set", f"server.listen=0.0.0.0:{self.server.port}")
        self.assertIn(("server", "ok", f"http://127.0.0.1:{self.server.port} is ready", None), found)

    def test_what_others_may_read(self):
        self.serve()
        os.chmod(self.server.data, 0o755)
        self.finds(self.look_at(), "data", "warning", "other users", "chmod 700")

    def test_no_room(self):
        if shutil.disk_usage(self.folder).free > 1 << 40:
            self.skipTest("the disk has more room than can be asked to stay free")
        self.serve()
        found = self.look_at("--set", "fleet.free-bytes=1024g")
        self.finds(found, "disk", "problem", "MiB are free", "janitor")

    def test_no_internal_token_and_a_janitor_that_sleeps(self):
        self.serve("[janitor]\n\tmode = off\n", internal=None, watch=())
        found = self.look_at(code=0)
        self.finds(found, "internal", "warning", "no internal token", "internal.token-file")
        self.finds(found, "janitor", "warning", "sleeps", "janitor.mode = heal")

    def test_a_forge_that_is_away_or_ill(self):
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            port = nobody.getsockname()[1]
        self.serve(f'[forge "acme"]\n\turl = http://127.0.0.1:{port}\n')
        self.finds(self.look_at(), "forge", "problem", f"127.0.0.1:{port}", r'curl -v .*\[forge "acme"\] url')
        with Receiver() as ill:
            ill.always(lambda r: Say(503, "ill"))
            self.server.configure(f'[forge "acme"]\n\turl = {ill.url}\n')
            self.finds(self.look_at(), "forge", "problem", "answers 503", "well")

    def test_a_clock_that_the_forge_does_not_share(self):
        with Receiver() as forge:
            forge.always(lambda r: Say(200, "{}", Date="Mon, 02 Jan 2023 03:04:05 GMT"))
            self.serve(f'[forge "acme"]\n\turl = {forge.url}\n')
            self.finds(self.look_at(), "clock", "problem", "s ahead of the forge's", "timedatectl")

    def test_gates_whose_sources_do_not_answer(self):
        repo = GitRepo(os.path.join(self.folder, "rig"))
        repo.commit(3)
        forge = CommitsForge(repo.path)
        with forge:
            forge.trouble = 404
            section = f'[gate "rig"]\n{forge.section}'
            self.serve(section + f"\tfallback-path = {repo.path}\n")
            self.finds(self.look_at(), "gate", "warning", f"rig goes by {repo.path}: .*404", r'token-file, path of \[gate "rig"\]')
            self.server.configure(section + "\tfallback-path =\n")
            self.finds(self.look_at(), "gate", "problem", "rig: .*404", "token-file")
            self.server.configure(section + "\tenabled = false\n")
            self.finds(self.look_at(), "gate", "warning", "everything is let in", "enabled = true")

    def test_certificates_whose_time_is_over(self):
        ca = Authority(self.folder)
        with Fleet() as fleet:
            self.serve(fleet.config())
            for dates, what in ((("20200101000000Z", "20200201000000Z"), "was good until 2020-02-01"),
                                (("20900101000000Z", "20910101000000Z"), "is not good before 2090-01-01")):
                certificate, key = ca.sign("server" + dates[0], usage=SERVER, names="IP:127.0.0.1", dates=dates)
                self.server.configure(fleet.config(certificate=certificate, key=key))
                self.finds(self.look_at(), "tls", "problem", "fleet.certificate " + what, "doc/fleet.md")
            self.server.configure(fleet.config(certificate="/nonexistent"))
            self.finds(self.look_at(), "tls", "problem", "/nonexistent", "doc/fleet.md")

    def test_what_failed_since_the_start_is_told(self):
        self.serve('[gate "rig"]\n\tpath = /nonexistent/rig\n\trefresh = 1s\n')
        eventually("it fails", lambda: "no git repository" in self.server.must("gate", "status", "--json"))
        found = self.look_at()
        self.assertTrue(any(x[0] == "errors" and "sluice_gate_refresh_failed_total" in x[2] and "journalctl" in x[3] for x in found), found)


class OfHost(Doctor):
    def setUp(self):
        super().setUp()
        self.repo = GitRepo(os.path.join(self.folder, "rig"))
        self.repo.commit(30)
        self.server = Server(f'[gate "rig"]\n\tpath = {self.repo.path}\n\twindow = 20\n\trefresh = 1s\n\tremediation = Update {{host}} to {{head_commit}}.\n')
        self.addCleanup(self.server.close)
        self.server.__enter__()
        token = json.loads(self.server.must("token", "create", "--json", "--scope", "episodes:write", "--host", "h1"))["token"]
        self.lab = Lab("h1", "--url", self.server.url, token=token)
        self.addCleanup(self.lab.close)
        os.mkdir(self.lab.path("episodes"))
        eventually("the gate knows", lambda: json.loads(self.server.must("gate", "status", "rig", "--json"))["commits"])

    def ship(self):
        self.lab.start()
        eventually("it ships", lambda: "ships from" in self.lab.said)
        eventually("its state is there", lambda: os.path.exists(self.lab.path("ship.state.json")))

    def look_at(self, *more, url=None, host="h1", token=None, code=None):
        args = ["--ship", "--url", url or self.server.url, "--host", host, *more, self.lab.folder]
        return self.look(*args, code=code, env={"SLUICE_TOKEN": self.lab.token if token is None else token})

    def test_all_is_well(self):
        self.ship()
        self.lab.episode("e1", self.repo.head)
        self.lab.arrives("e1")
        found = self.look_at("--commit", self.repo.log()[2], code=0)
        self.all_is_well(found, but=("disk",))
        self.assertEqual([x[0] for x in found],
                         ["config", "folder", "disk", "shipper", "receiver", "token", "clock", "gate", "backlog", "quarantine", "errors"])
        self.assertIn(("gate", "ok", f"lets {self.repo.log()[2][:12]} in, 2 behind the head", None), found)
        self.assertIn(("token", "ok", "the token is good, of h1", None), found)

    def test_settings_are_those_of_the_shipper(self):
        self.ship()
        conf = os.path.join(self.folder, "ship.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(f"[ship]\n\tfolder = {self.lab.folder}\n\turl = {self.server.url}\n\thost = h1\n")
        self.all_is_well(self.look("--ship", "--config", conf, env={"SLUICE_TOKEN": self.lab.token}), but=("disk",))
        with open(conf, "a", encoding="utf-8") as f:
            f.write("\tuploads = many\n")
        self.finds(self.look("--ship", "--config", conf), "config", "problem", "uploads", "sluice ship --help")

    def test_no_folder_and_no_shipper(self):
        found = self.look_at()
        self.finds(found, "shipper", "problem", "no shipper runs", "systemctl enable --now sluice-ship")
        shutil.rmtree(self.lab.folder)
        self.finds(self.look_at(), "folder", "problem", "No such file", "mkdir -p")

    def test_a_receiver_that_is_away_or_is_none_or_is_ill(self):
        self.ship()
        self.finds(self.look_at(url="http://127.0.0.1:1"), "receiver", "problem", "127.0.0.1:1", "curl -v http://127.0.0.1:1/healthz")
        with Receiver() as other:
            other.always(lambda r: Say(200, "<html>Please log in</html>"))
            self.finds(self.look_at(url=other.url), "receiver", "problem", "no receiver", "--url")
            other.always(lambda r: Say(503, "not now"))
            self.finds(self.look_at(url=other.url), "receiver", "problem", "503", "on the server")
            other.always(lambda r: Say(404, "nothing here"))
            self.finds(self.look_at(url=other.url, code=0), "receiver", "warning", "older receiver|does not know", "--url")

    def test_a_token_that_is_missing_wrong_or_of_another(self):
        self.ship()
        self.finds(self.look_at(token=""), "token", "problem", "there is none", "sluice token create --host h1")
        self.finds(self.look_at(token="slc_nobody-has-it"), "token", "problem", "refuses it", "sluice token create --host h1")
        reader, _ = self.server.new_token("runs:read")
        self.finds(self.look_at(token=reader), "token", "problem", "refuses it", "sluice token create --host h1")
        self.finds(self.look_at(host="h2"), "token", "problem", "of the host h1, and episodes are shipped as h2", "--host h1")

    def test_a_clock_that_is_wrong(self):
        self.ship()
        with Receiver() as other:
            for ahead, status in ((3600, "problem"), (-3600, "problem"), (-20, "warning")):
                there = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + ahead))
                other.always(lambda r, there=there: Say(200, {"host": "h1", "by": "token", "server_time": there}))
                self.finds(self.look_at(url=other.url), "clock", status, "behind" if ahead > 0 else "ahead of", "timedatectl")

    def test_code_that_the_gate_does_not_take(self):
        self.ship()
        old = self.repo.log()[25]
        self.finds(self.look_at("--commit", old), "gate", "problem", old, f"Update h1 to {self.repo.head}")
        self.finds(self.look_at("--commit", "v1.2"), "gate", "problem", "hexadecimal", "--commit C")
        self.assertIn(("gate", "ok", f"lets {self.repo.head[:12]} in, 0 behind the head", None), self.look_at("--code", self.repo.path))
        self.finds(self.look_at("--code", self.folder), "gate", "problem", "no git repository", "--code DIR")

    def test_what_waits_names_what_was_made_by_old_code(self):
        old = self.repo.log()[25]
        self.lab.episode("e1", old)
        found = self.look_at()
        self.assertIn(("gate", "problem"), [x[:2] for x in found])
        self.assertTrue(any(x[0] == "backlog" and x[2].startswith("1 episodes wait") for x in found))

    def test_what_waits_too_long_cannot_be_shipped_or_was_forgotten(self):
        self.ship()
        self.lab.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.lab.kill)
        self.lab.episode("long", self.repo.head)
        past = time.time() - 2 * DAY
        os.utime(self.lab.path("episodes", "long", "done.marker"), (past, past))
        found = self.look_at(code=0)
        self.finds(found, "backlog", "warning", "1 episodes wait, .* 4[78] hours", "sluice ship status")
        os.mkdir(self.lab.path("episodes", "forgotten"))
        os.utime(self.lab.path("episodes", "forgotten"), (past, past))
        self.finds(self.look_at(), "backlog", "warning", "no done.marker .*forgotten", "touch .*/forgotten/done.marker")
        self.lab.episode("none", "no commit")
        self.finds(self.look_at(), "backlog", "problem", "none: .*commit", "meta.json")

    def test_what_was_refused_and_the_last_error(self):
        self.ship()
        old = self.repo.log()[25]
        self.lab.episode("old", old)
        self.lab.refusal("old")
        eventually("the state says so", lambda: json.loads(s.run("ship", "status", "--json", self.lab.folder).stdout)["last_errors"])
        found = self.look_at(code=0)
        self.finds(found, "quarantine", "warning", r"old was refused \(412\)", f"sluice ship --requeue {self.lab.folder} old")
        self.finds(found, "errors", "warning", "quarantined, .*412", "--requeue")

    def test_with_a_certificate(self):
        with Fleet() as fleet, Server(fleet.config()) as server:
            certificate, key = fleet.ca.sign("h1")
            self.ship()
            more = ("--ca", fleet.ca.certificate, "--certificate", certificate, "--key", key)
            url = f"https://127.0.0.1:{port_of(server)}"
            self.assertIn(("token", "ok", "the certificate is good, of h1", None), self.look_at(*more, url=url, token="", code=0))
            self.finds(self.look_at(*more[:2], url=url, token="x"), "receiver", "problem", "127.0.0.1", "curl -v")


if __name__ == "__main__":
    s.main()
