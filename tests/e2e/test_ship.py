#!/usr/bin/python3
"""The shipper of a lab host, against a receiver that answers what it is told: nothing is lost, nothing is left, and who is at fault is told once."""
import hashlib
import json
import os
import pty
import random
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import sluice_test as s
from receiver import Drop, Hang, Receiver, Say, refusal
from sluice_test import eventually

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "fedcba9876543210fedcba9876543210fedcba98"
QUICK = ("--retry-first", "20", "--retry-most", "60")


class Shipping(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-ship-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        os.mkdir(self.path("lab"))
        self.processes = []
        self.addCleanup(self.kill_all)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def lab(self, *parts):
        return self.path("lab", *parts)

    # -- episodes

    def episode(self, name, commit=COMMIT, data=b"some data\n", done=True, meta=None):
        folder = self.lab("episodes", name)
        os.makedirs(folder)
        with open(f"{folder}/data", "wb") as f:
            f.write(data)
        if meta is None:
            meta = {"schema_version": 3, "code_version": {"commit": commit}} if commit else {"schema_version": 3}
        with open(f"{folder}/meta.json", "w", encoding="utf-8") as f:
            json.dump(meta, f)
        if done:
            self.finish(name)

    def finish(self, name):
        with open(self.lab("episodes", name, "done.marker"), "w", encoding="utf-8"):
            pass

    def names(self, folder):
        return sorted(os.listdir(self.lab(folder)))

    def is_marked(self, name):
        return os.path.exists(self.lab("episodes", name, "shipped.marker"))

    def read_json(self, *parts):
        with open(self.lab(*parts), encoding="utf-8") as f:
            return json.load(f)

    # -- the program

    def args(self, *more):
        return ["ship", "--url", self.receiver.url, "--host", "h1", *QUICK, *more, self.lab()]

    def env(self, more=None):
        return s.clean_environment(self.folder, {"SLUICE_TOKEN": "slc_secret-of-the-lab", **(more or {})})

    def once(self, *more, code=0, env=None):
        """What it said on stderr."""
        done = subprocess.run([s.SLUICE, *self.args("--once", *more)], env=self.env(env), capture_output=True, text=True,
                              timeout=s.DEADLINE, check=False)
        self.assertIsNone(s.SANITIZER.search(done.stderr), done.stderr)
        self.assertNotIn("slc_secret", done.stderr)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def start(self, *more, env=None, wait=True):
        log = self.path(f"log{len(self.processes)}")
        with open(log, "wb") as f:
            p = subprocess.Popen([s.SLUICE, *self.args(*more)], env=self.env(env), stdin=subprocess.DEVNULL, stdout=f, stderr=f)
        p.log = log
        self.processes.append(p)
        if wait:
            eventually("it ships", lambda: "ships from" in self.said(p) or p.poll() is not None)
        return p

    def said(self, p):
        with open(p.log, encoding="utf-8") as f:
            return f.read()

    def stop(self, p):
        p.terminate()
        self.assertEqual(p.wait(s.DEADLINE), 0, self.said(p))
        self.assertIsNone(s.SANITIZER.search(self.said(p)), self.said(p))

    def kill_all(self):
        for p in self.processes:
            if p.poll() is None:
                p.kill()
                p.wait()

    def status(self, *more):
        return s.run("ship", "status", *more, self.lab())

    def state(self):
        return json.loads(self.status("--json").stdout)

    def arrives(self, *names):
        eventually(f"{names} arrive", lambda: self.receiver.ids() >= set(names))
        eventually(f"{names} are marked", lambda: all(self.is_marked(n) for n in names))

    def sent_whole(self):
        """Digests of what came in whole, by episode."""
        found = {}
        for r in self.receiver.requests:
            if r.whole:
                found.setdefault(r.id, set()).add(hashlib.sha256(r.body).hexdigest())
        return found


class Once(Shipping):
    def test_what_is_finished_is_shipped_and_marked(self):
        self.episode("a")
        self.episode("b", data=os.urandom(300000))
        self.episode("c", done=False)
        self.once()
        self.assertEqual(self.receiver.ids(), {"a", "b"})
        self.assertEqual((self.is_marked("a"), self.is_marked("b"), self.is_marked("c")), (True, True, False))
        self.assertEqual(self.names("outbox"), [])
        mark = self.read_json("episodes", "b", "shipped.marker")
        body = self.receiver.kept["/v1/episodes/h1/b.tar.zst"]
        self.assertEqual((mark["sha256"], mark["bytes"], mark["status"]), (hashlib.sha256(body).hexdigest(), len(body), 201))
        head = self.receiver.of("b")[0].headers
        self.assertEqual({k: head.get(k) for k in ("x-lab-host", "x-episode-id", "x-sluice-code-commit", "x-schema-version", "authorization")},
                         {"x-lab-host": "h1", "x-episode-id": "b", "x-sluice-code-commit": COMMIT, "x-schema-version": "3",
                          "authorization": "Bearer slc_secret-of-the-lab"})
        self.assertEqual(int(head["content-length"]), len(body))
        self.once()  # there is nothing more to do
        self.assertEqual(self.receiver.n, 2)

    def test_what_is_there_already_is_done(self):
        self.episode("a")
        self.once()
        os.remove(self.lab("episodes", "a", "shipped.marker"))
        self.once()
        self.assertEqual([r.status for r in self.receiver.of("a")], [201, 200])
        self.assertEqual(self.read_json("episodes", "a", "shipped.marker")["status"], 200)
        self.assertEqual(len(self.sent_whole()["a"]), 1)

    def test_shipped_folders_go_where_that_is_wanted(self):
        self.episode("a")
        self.once()
        self.episode("b")
        self.once("--keep", "remove")
        self.assertEqual(self.receiver.ids(), {"a", "b"})
        self.assertEqual((self.names("episodes"), self.names("outbox")), ([], []))  # also what was shipped before

    def test_what_is_refused_for_good_is_in_quarantine(self):
        statuses = [400, 409, 412, 413, 422]
        for status in statuses:
            self.episode(f"e{status}")
        self.receiver.always(lambda r: Say(int(r.id[1:]), {"code": "x", "message": f"no {r.id}", "details": {}}))
        said = self.once(code=5)
        self.assertEqual(self.names("episodes"), [])
        self.assertEqual(self.names("outbox"), [])
        self.assertEqual(self.names("quarantine"), sorted([f"e{n}" for n in statuses] + [f"e{n}.answer.json" for n in statuses]))
        for status in statuses:
            answer = self.read_json("quarantine", f"e{status}.answer.json")
            self.assertEqual((answer["status"], answer["body"]["message"], answer["commit"]), (status, f"no e{status}", COMMIT))
            self.assertIn(f"e{status}: refused ({status} no e{status})", said)
            self.assertEqual(sum(len(r.body) for r in self.receiver.of(f"e{status}")), 0)  # it cost no body
            self.assertTrue(all(r.expects for r in self.receiver.of(f"e{status}")))
        self.receiver.always(None)
        self.once()  # not tried again
        self.assertEqual(self.receiver.n, len(statuses))
        done = s.run("ship", "--requeue", self.lab(), "e409", "nothing")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.once()
        self.assertEqual(self.receiver.ids(), {"e409"})
        self.assertEqual(s.run("ship", "--requeue", self.lab()).returncode, 0)
        self.once()
        self.assertEqual(self.receiver.ids(), {f"e{n}" for n in statuses})
        self.assertEqual(self.names("quarantine"), [])

    def test_a_way_out_is_printed_whole_once_a_commit(self):
        text = "update the code of {host}:\n\n    git -C /opt/lab pull\n" + "".join(f"    line {i} {'x' * 200}\n" for i in range(100))
        for i in range(3):
            self.episode(f"old{i}")
        self.episode("older", commit=OTHER)
        self.receiver.always(lambda r: Say(412, refusal(r.headers["x-sluice-code-commit"], text=text)))
        said = self.once(code=5)
        lines = [line.split("error:   ", 1)[1] for line in said.splitlines() if "error:   " in line]
        self.assertEqual(lines, 2 * text.splitlines())
        self.assertEqual(len(re.findall(f"made by {COMMIT} is not taken", said)), 1)
        self.assertEqual(len(re.findall(f"made by {OTHER} is not taken", said)), 1)
        self.assertEqual(len(self.names("quarantine")), 8)

    def test_what_may_be_better_later_is_tried_again(self):
        statuses = [408, 429, 500, 502, 503, 504, 507]
        self.episode("a")
        self.receiver.next(*(Say(n, "not now") for n in statuses))
        said = self.once("--tries", "20")
        self.assertEqual([r.status for r in self.receiver.of("a")], statuses + [201])
        self.assertEqual(said.count("not now"), 1, said)  # and told once
        self.assertIn("it goes on", said)
        self.assertTrue(self.is_marked("a"))

    def test_what_is_wrong_with_this_host_is_told_once_and_tried_again(self):
        for status in (401, 403, 404, 405, 301, 410):
            with self.subTest(status=status):
                name = f"e{status}"
                self.episode(name)
                self.receiver.next(*4 * [Say(status, {"message": "nobody knows you"}, Location="/elsewhere")])
                said = self.once("--tries", "20")
                self.assertEqual([r.status for r in self.receiver.of(name)], 4 * [status] + [201])
                self.assertEqual(said.count("nobody knows you"), 1, said)
        self.assertEqual(self.names("quarantine"), [])

    def test_once_gives_up_in_the_end(self):
        self.episode("a")
        self.episode("b")
        self.receiver.always(lambda r: Say(503, "not now"))
        said = self.once("--tries", "3", code=7)
        self.assertIn("2 episodes are left", said)
        self.assertLessEqual(self.receiver.n, 4)  # the second hand may have begun one
        self.assertEqual(self.names("quarantine"), [])
        self.receiver.always(None)
        self.once()
        self.assertEqual(self.receiver.ids(), {"a", "b"})

    def test_a_page_is_no_receiver(self):
        self.episode("a")
        self.receiver.next(Say(200, "<html>Please log in</html>", Content_Type="text/html"))
        self.assertIn("a page answered", self.once())
        self.assertEqual([r.status for r in self.receiver.of("a")], [200, 201])

    def test_a_connection_that_breaks_is_no_answer(self):
        self.episode("a", data=os.urandom(500000))
        self.receiver.next(Drop(after=100000), Drop(after=0))
        said = self.once()
        self.assertIn("127.0.0.1", said)
        self.assertEqual(len(self.receiver.of("a")[0].body), 100000)
        self.assertTrue(self.receiver.of("a")[2].whole)
        self.assertTrue(self.is_marked("a"))

    def test_nobody_there_is_waited_for_and_then_left(self):
        self.episode("a")
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            said = self.once("--url", f"http://127.0.0.1:{nobody.getsockname()[1]}", "--tries", "2", code=9)
        self.assertIn("it is tried again", said)
        self.assertFalse(self.is_marked("a"))

    def test_a_receiver_that_hangs_is_left(self):
        self.episode("a")
        self.receiver.next(Hang())
        self.assertIn("imeout", self.once("--timeout", "1"))
        self.assertTrue(self.is_marked("a"))

    def test_a_receiver_that_does_not_know_expect_gets_its_body(self):
        self.receiver.expect = False
        self.episode("a")
        self.once()
        self.assertTrue(self.is_marked("a"))

    def test_a_wait_that_is_asked_for_is_a_floor(self):
        self.episode("a")
        self.receiver.next(Say(503, "not now", Retry_After=1))
        began = time.monotonic()
        self.once("--retry-most", "60000")
        self.assertGreaterEqual(time.monotonic() - began, 1)

    def test_a_limit_holds_for_all_uploads_together(self):
        for name in "ab":
            self.episode(name, data=os.urandom(400000))
        began = time.monotonic()
        self.once("--bytes-per-second", "400000")
        self.assertGreaterEqual(time.monotonic() - began, 1)  # two seconds, and what the buffers of sockets take at once
        self.assertEqual(self.receiver.ids(), {"a", "b"})

    def test_two_at_a_time_and_no_more(self):
        both = threading.Barrier(2, timeout=s.DEADLINE)
        for i in range(8):
            self.episode(f"e{i}", data=os.urandom(1000))

        def meet(r):
            both.wait()  # one alone would wait for ever
        self.receiver.always(meet)
        self.once()
        self.assertEqual(len(self.receiver.ids()), 8)
        self.assertLessEqual(self.receiver.most_open, 2)

    def test_without_a_commit_it_is_held_back(self):
        self.episode("none", commit=None)
        self.episode("no hex", commit=COMMIT)
        self.episode("odd", commit="v1.2")
        self.episode("bare", meta="text")
        os.remove(self.lab("episodes", "bare", "meta.json"))
        self.episode("good")
        said = self.once(code=2)
        self.assertEqual(self.receiver.ids(), {"good"})
        for name, why in (("none", "has no code_version.commit"), ("no hex", "the id of an episode"), ("odd", "hexadecimal"), ("bare", "has no meta.json")):
            self.assertEqual(len(re.findall(rf"{name} is held back: .*{why}", said)), 1, said)
        self.assertEqual({h["id"] for h in self.state()["held_back"]}, {"none", "no hex", "odd", "bare"})
        self.assertEqual(self.names("outbox"), [])

    def test_what_cannot_be_packed_is_held_back_alone(self):
        self.episode("a", done=False)
        os.mkfifo(self.lab("episodes", "a", "pipe"))
        self.finish("a")
        self.episode("b")
        said = self.once("--tries", "3", code=2)
        self.assertEqual(self.receiver.ids(), {"b"})
        self.assertEqual(len(re.findall("a: .*pipe", said)), 1, said)
        self.assertIn("pipe", self.state()["held_back"][0]["why"])

    def test_an_older_receiver_has_another_header_and_path(self):
        self.episode("a")
        with open(self.path("ship.conf"), "w", encoding="utf-8") as f:
            f.write(f"[ship]\n\tfolder = {self.lab()}\n\turl = {self.receiver.url}\n\thost = h1\n\theader = X-Cis490-Code-Commit\n"
                    "\tpath = /put/{host}-{id}\n\tschema-version = 7\n")
        done = subprocess.run([s.SLUICE, "ship", "--once", "--config", self.path("ship.conf")], env=self.env(), capture_output=True, text=True,
                              timeout=s.DEADLINE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        r = self.receiver.requests[0]
        self.assertEqual((r.path, r.headers["x-cis490-code-commit"], r.headers["x-schema-version"]), ("/put/h1-a", COMMIT, "7"))

    def test_who_is_not_set_up_is_told_how(self):
        done = subprocess.run([s.SLUICE, *self.args("--once")], env=self.env({"SLUICE_TOKEN": ""}), capture_output=True, text=True,
                              timeout=s.DEADLINE, check=False)
        self.assertEqual(done.returncode, 4)
        self.assertIn("--token-file", done.stderr)
        self.assertEqual(s.run("ship").returncode, 2)
        self.assertEqual(s.run("ship", "status", self.lab()).returncode, 3)
        self.assertIn("--uploads N", s.run("ship", "--help").stdout)

    def test_what_was_in_quarantine_too_long_goes(self):
        self.episode("a")
        self.receiver.next(Say(409, "other bytes"))
        self.once(code=5)
        os.utime(self.lab("quarantine", "a.answer.json"), (1, 1))
        self.once("--quarantine-days", "0")
        self.assertEqual(self.names("quarantine"), ["a", "a.answer.json"])
        said = self.once("--quarantine-days", "30")
        self.assertIn("a: removed from quarantine after 30 days", said)
        self.assertEqual(self.names("quarantine"), [])

    def test_one_of_its_name_in_quarantine_is_not_written_over(self):
        self.episode("a", data=b"first")
        self.receiver.next(Say(409, "other bytes"))
        self.once(code=5)
        self.episode("a", data=b"second")
        self.assertIn("one of its name is in quarantine", self.once(code=2))
        with open(self.lab("quarantine", "a", "data"), "rb") as f:
            self.assertEqual(f.read(), b"first")

    @unittest.skipIf(s.SANITIZED, "memory of a sanitised program says nothing")
    def test_memory_does_not_grow_with_an_episode(self):
        self.episode("big", done=False)
        piece = os.urandom(1 << 20)
        with open(self.lab("episodes", "big", "data"), "wb") as f:
            for _ in range(150):  # this process must not grow either: what it has is counted for its children
                f.write(piece)
        self.finish("big")
        p = self.start("--once", wait=False)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(p.returncode, 0, self.said(p))
        self.assertLess(usage.ru_maxrss, 64 * 1024)


class Daemon(Shipping):
    def test_an_episode_is_found_when_it_is_finished(self):
        p = self.start("--interval", "86400")
        self.episode("a", done=False)
        self.episode("b")
        self.arrives("b")
        self.assertFalse(self.is_marked("a"))
        self.finish("a")
        self.arrives("a")
        with open(self.path("marker"), "w", encoding="utf-8"):
            pass
        self.episode("c", done=False)
        os.rename(self.path("marker"), self.lab("episodes", "c", "done.marker"))
        self.arrives("c")
        self.stop(p)
        self.assertEqual(self.names("outbox"), [])

    def test_what_was_mended_is_found_by_the_slow_scan(self):
        self.episode("a", commit=None)
        p = self.start("--interval", "1")
        eventually("it is held back", lambda: "a is held back" in self.said(p))
        time_of = os.stat(self.lab("episodes", "a", "done.marker")).st_mtime
        eventually("it was scanned again", lambda: self.state()["held_back"])
        with open(self.lab("episodes", "a", "meta.json"), "w", encoding="utf-8") as f:
            json.dump({"code_version": {"commit": COMMIT}}, f)
        self.assertEqual(os.stat(self.lab("episodes", "a", "done.marker")).st_mtime, time_of)
        self.arrives("a")
        self.assertEqual(self.said(p).count("is held back"), 1)
        self.stop(p)

    def test_a_receiver_that_is_away_is_waited_for_without_a_second_copy_of_all(self):
        for i in range(30):
            self.episode(f"e{i:02}")
        self.receiver.always(lambda r: Say(503, "not now"))
        p = self.start("--interval", "1")
        eventually("it was tried", lambda: self.receiver.n > 12)
        self.assertLess(len(self.names("outbox")), 10)
        self.assertEqual(self.said(p).count("not now"), 1)
        self.receiver.always(None)
        self.arrives(*(f"e{i:02}" for i in range(30)))
        self.stop(p)
        self.assertEqual(self.names("outbox"), [])

    def test_what_somebody_takes_away_leaves_no_archive(self):
        self.episode("a")
        self.receiver.always(lambda r: Say(503, "not now"))
        p = self.start("--interval", "1")
        eventually("it is packed", lambda: self.names("outbox") == ["a.tar.zst"])
        shutil.rmtree(self.lab("episodes", "a"))
        eventually("its archive is gone", lambda: self.names("outbox") == [])
        self.receiver.always(None)
        self.episode("b")
        self.arrives("b")
        self.stop(p)

    def test_what_is_being_sent_is_not_swept(self):
        self.episode("a")
        self.receiver.next(Hang())
        p = self.start("--interval", "1")
        eventually("it is sent", lambda: self.receiver.of("a"))
        shutil.rmtree(self.lab("episodes", "a"))
        self.episode("b")  # the other hand is free
        self.arrives("b")
        n = self.read_json("ship.state.json")["written_at"]
        self.episode("c")
        self.arrives("c")
        eventually("there was another scan", lambda: self.read_json("ship.state.json")["written_at"] != n)
        self.assertEqual(self.names("outbox"), ["a.tar.zst"])
        self.stop(p)
        self.once()
        self.assertEqual(self.names("outbox"), [])

    def test_a_signal_ends_it_at_once_and_nothing_is_lost(self):
        self.episode("a", data=os.urandom(200000))
        self.receiver.next(Hang())
        p = self.start("--timeout", "3600")
        eventually("it is sent", lambda: self.receiver.of("a"))
        self.assertEqual(self.state()["runs"], True)
        self.stop(p)
        self.assertEqual(self.names("outbox"), ["a.tar.zst"])
        self.assertEqual(self.state()["runs"], False)
        self.once()
        heads = {r.headers["x-content-sha256"] for r in self.receiver.of("a")}
        self.assertEqual((len(self.receiver.of("a")), len(heads)), (2, 1))

    def test_there_is_one_for_a_folder(self):
        p = self.start()
        said = self.once(code=7)
        self.assertIn(f"process {p.pid}", said)
        self.stop(p)
        self.once()

    def test_requeued_is_shipped_by_the_one_that_runs(self):
        self.episode("a")
        self.receiver.next(Say(412, refusal()))
        p = self.start("--interval", "86400")
        eventually("it is refused", lambda: "in quarantine" in self.said(p))
        self.assertEqual(s.run("ship", "--requeue", self.lab()).returncode, 0)
        self.arrives("a")
        self.stop(p)

    def test_status_says_what_it_does(self):
        self.episode("a")
        self.episode("b\x1b[31m", commit=COMMIT)
        self.episode("c", commit=OTHER)
        self.receiver.always(lambda r: Say(503, "not \x1b[31mnow") if r.id == "a" else Say(409, "other bytes") if r.id == "c" else None)
        p = self.start()
        eventually("it has tried", lambda: self.state()["last_errors"].get("server") and self.state()["quarantined"] == 1)
        state = self.state()
        self.assertEqual((state["pid"], state["runs"], state["host"], state["backlog"]["episodes"]), (p.pid, True, "h1", 2))
        self.assertGreater(state["backlog"]["bytes"], 0)
        self.assertEqual((state["n_held_back"], state["held_back"][0]["id"]), (1, "b\x1b[31m"))
        self.assertIn("503", state["last_errors"]["server"]["message"])
        self.assertIn("409", state["last_errors"]["quarantined"]["message"])
        text = self.status().stdout
        self.assertIn(f"runs, process {p.pid}", text)
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\x1b", self.said(p))
        self.receiver.always(None)
        self.arrives("a")
        eventually("the state says so", lambda: self.state()["shipped"]["episodes"] == 1 and not self.state()["last_errors"]["server"]["lasts"])
        self.stop(p)
        self.assertIn("does not run any more", self.status().stdout)

    def test_the_service_manager_is_told(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            ear.bind(self.path("notify"))
            ear.settimeout(s.DEADLINE)
            p = self.start(env={"NOTIFY_SOCKET": self.path("notify"), "WATCHDOG_USEC": "300000"}, wait=False)
            heard, words = [], (b"READY=1", b"STATUS=", b"WATCHDOG=1")
            while not all(any(h.startswith(w) for h in heard) for w in words) or heard.count(b"WATCHDOG=1") < 3:
                heard.append(ear.recv(4096))
            self.episode("a")
            while not any(b"1 shipped" in h for h in heard):
                heard.append(ear.recv(4096))
            p.terminate()
            while heard[-1] != b"STOPPING=1":
                heard.append(ear.recv(4096))
            self.assertEqual(p.wait(s.DEADLINE), 0)

    def test_on_a_terminal_there_is_a_bar(self):
        self.episode("a", data=os.urandom(200000))
        self.receiver.next(Hang())
        ours, theirs = pty.openpty()
        p = subprocess.Popen([s.SLUICE, *self.args()], env=self.env({"TERM": "xterm", "NO_COLOR": ""}), stdin=subprocess.DEVNULL,
                             stdout=theirs, stderr=theirs)
        p.log = os.devnull
        self.processes.append(p)
        os.close(theirs)
        seen = b""
        while not re.search(rb"\r\x1b\[K1 to ship, 0 shipped  a \d+%", seen):
            self.assertTrue(select.select([ours], [], [], s.DEADLINE)[0], seen)
            seen += os.read(ours, 65536)
        p.terminate()
        self.assertEqual(p.wait(s.DEADLINE), 0)
        os.close(ours)

    def test_killed_at_any_moment_each_arrives_with_the_same_bytes(self):
        names = [f"e{i:02}" for i in range(40)]
        seed = int(os.environ.get("SLUICE_SEED", random.randrange(1 << 30)))
        dice = random.Random(seed)
        for i, name in enumerate(names):
            self.episode(name, commit=COMMIT if i % 2 else OTHER, data=dice.randbytes(dice.randrange(60000)))

        def trouble(r):
            n = dice.random()
            return Say(503, "not now") if n < 0.05 else Drop(after=dice.randrange(20000)) if n < 0.1 else None
        self.receiver.always(trouble)
        kills = 0
        while not all(self.is_marked(n) for n in names):
            p = self.start("--interval", "1", wait=False)
            until = self.receiver.n + dice.randrange(6)
            eventually("it gets on", lambda: self.receiver.n >= until or all(self.is_marked(n) for n in names))
            select.select([], [], [], dice.random() * 0.02)  # somewhere between two steps
            p.kill()
            p.wait()
            kills += 1
            self.assertLess(kills, 1000, f"seed {seed}")
        self.receiver.always(None)
        self.once()
        self.assertGreater(kills, 5)
        self.assertEqual(self.receiver.ids(), set(names), f"seed {seed}")
        self.assertEqual(set(self.receiver.created.values()), {1})
        self.assertEqual({n: len(d) for n, d in self.sent_whole().items()}, {n: 1 for n in names}, f"seed {seed}")
        self.assertEqual((self.names("outbox"), self.names("quarantine")), ([], []), f"seed {seed}")
        for name in names:
            mark = self.read_json("episodes", name, "shipped.marker")
            self.assertEqual({mark["sha256"]}, self.sent_whole()[name])
            self.assertEqual(sorted(os.listdir(self.lab("episodes", name))), ["data", "done.marker", "meta.json", "shipped.marker"])


class Server(Shipping):
    """The receiver itself."""

    def setUp(self):
        super().setUp()
        self.server = s.Server()
        self.addCleanup(self.server.close)
        self.server.__enter__()
        self.token = json.loads(self.server.must("token", "create", "--name", "lab", "--json", "--scope", "episodes:write", "--host", "h1"))["token"]

    def test_what_is_shipped_is_there(self):
        self.episode("a", data=os.urandom(200000))
        self.episode("b")
        os.makedirs(self.lab("episodes", "b", "deep", "er"))
        os.symlink("data", self.lab("episodes", "b", "link"))
        self.once("--url", self.server.url, env={"SLUICE_TOKEN": self.token})
        found = {e["id"]: e for e in self.server.get("/api/v1/episodes").json["data"]}
        for name in "ab":
            mark = self.read_json("episodes", name, "shipped.marker")
            self.assertEqual((found[name]["sha256"], found[name]["bytes"], found[name]["host"], found[name]["commit"]),
                             (mark["sha256"], mark["bytes"], "h1", COMMIT))
            os.remove(self.lab("episodes", name, "shipped.marker"))
        self.once("--url", self.server.url, env={"SLUICE_TOKEN": self.token})
        self.assertEqual(self.read_json("episodes", "a", "shipped.marker")["status"], 200)

    def test_who_may_not_is_told_so_and_nothing_is_lost(self):
        self.episode("a")
        said = self.once("--url", self.server.url, "--host", "h2", "--tries", "2", code=10, env={"SLUICE_TOKEN": self.token})
        self.assertIn("answered 403", said)
        said = self.once("--url", self.server.url, "--tries", "2", code=10, env={"SLUICE_TOKEN": "slc_nobody-has-it"})
        self.assertIn("answered 401", said)
        self.once("--url", self.server.url, env={"SLUICE_TOKEN": self.token})
        self.assertTrue(self.is_marked("a"))

    def test_other_bytes_of_its_name_are_refused(self):
        self.episode("a", data=b"first")
        self.once("--url", self.server.url, env={"SLUICE_TOKEN": self.token})
        shutil.rmtree(self.lab("episodes", "a"))
        self.episode("a", data=b"second")
        self.once("--url", self.server.url, code=5, env={"SLUICE_TOKEN": self.token})
        self.assertEqual(self.read_json("quarantine", "a.answer.json")["status"], 409)


@unittest.skipUnless(shutil.which("openssl"), "openssl makes the certificates")
class Certificates(Shipping):
    def make(self, name, subject, ca=None):
        args = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={subject}",
                "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.pem"), "-addext", "subjectAltName=IP:127.0.0.1"]
        subprocess.run(args, check=True, capture_output=True, timeout=s.DEADLINE)

    def test_a_certificate_is_shown_in_place_of_a_token(self):
        self.make("server", "receiver")
        self.make("client", "h1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path("server.pem"), self.path("server.key"))
        context.load_verify_locations(self.path("client.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
        self.receiver = Receiver(tls=context)
        self.addCleanup(self.receiver.close)
        self.episode("a")
        shown = ("--certificate", self.path("client.pem"), "--key", self.path("client.key"))
        self.once(*shown, "--tries", "2", code=9, env={"SLUICE_TOKEN": ""})  # its certificate is of nobody that the system knows
        self.once("--ca", self.path("server.pem"), "--tries", "2", code=9)  # ours is not shown
        self.assertEqual(self.receiver.n, 0)
        self.once("--ca", self.path("server.pem"), *shown, env={"SLUICE_TOKEN": ""})
        r = self.receiver.of("a")[0]
        self.assertEqual((r.peer_name, r.headers.get("authorization")), ("h1", None))
        self.assertTrue(self.is_marked("a"))


if __name__ == "__main__":
    s.main()
