#!/usr/bin/python3
"""R3: the disk is full, read-only, or the database is held by somebody else. A clear refusal each time, and no restart to recover.

The full disk is a small tmpfs in a mount namespace of our own: the file starts itself again under unshare(1), as root or as
a user who may make a user namespace. Where neither may be, these tests say that they were left out.
"""
import base64
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import sluice_test as s
from sluice_test import REPO, Server, new_sha, post_of

IN_NAMESPACE = "SLUICE_TEST_IN_NAMESPACE"


def enter_namespace():
    """Starts this file again where mounts are ours alone; comes back only where that cannot be."""
    if os.environ.get(IN_NAMESPACE):
        return
    for how in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        can = shutil.which("unshare") and subprocess.run([*how, "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True, check=False).returncode == 0
        if can:
            os.environ[IN_NAMESPACE] = "1"
            os.execvp("unshare", [*how, sys.executable, *sys.argv])


@unittest.skipUnless(os.environ.get(IN_NAMESPACE), "mounting needs root or user namespaces")
class FullDisk(unittest.TestCase):
    def setUp(self):
        self.disk = tempfile.mkdtemp(prefix="sluice-e2e-disk-")
        self.addCleanup(shutil.rmtree, self.disk, ignore_errors=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", self.disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        self.server = Server(data=self.disk + "/data")
        self.server.shares_rules = True  # there is room for them
        self.addCleanup(self.server.close)
        self.server.__enter__()
        self.filler = self.disk + "/filler"

    def fill(self):
        with open(self.filler, "wb", buffering=0) as f, contextlib.suppress(OSError):
            while True:
                f.write(b"\0" * 4096)

    def make_room(self):
        os.unlink(self.filler)

    def big_post(self, **over):
        return post_of(log_tail=os.urandom(20000).hex(), **over)  # does not compress into what a page has left

    def refused_when_full(self):
        """Posts until the write-ahead log finds no more room; what was acknowledged, and the refusal."""
        kept = []
        for _ in range(200):
            post = self.big_post()
            answer = self.server.post(post)
            if answer.status != 204:
                return kept, answer
            kept.append(post["head_sha"])
        raise AssertionError("a full disk took 200 posts")

    def test_a_full_disk_is_507_with_the_reason_and_nothing_acknowledged_is_lost(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha))
        self.fill()
        kept, answer = self.refused_when_full()
        self.assertEqual((answer.status, answer.json["code"]), (507, "insufficient_storage"), answer)
        self.assertIn("disk", answer.json["message"])
        self.assertTrue(answer.json["details"]["request_id"])
        for known in [sha, *kept]:
            self.assertEqual(len(self.server.context(known)["steps"]), 1)

    def test_room_that_comes_back_is_used_without_a_restart(self):
        self.fill()
        self.refused_when_full()
        self.make_room()
        shas = [new_sha() for _ in range(5)]
        for sha in shas:
            self.server.must_post(self.big_post(head_sha=sha))
            self.assertEqual(len(self.server.context(sha)["steps"]), 1)
        self.assertEqual(self.server.query("PRAGMA integrity_check"), [("ok",)])

    def test_it_can_be_full_again_and_again(self):
        for _ in range(5):
            self.fill()
            self.refused_when_full()
            self.make_room()
            self.server.must_post(self.big_post())

    def test_while_it_is_full_readers_are_answered(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha))
        self.fill()
        self.refused_when_full()
        self.assertEqual(len(self.server.context(sha)["steps"]), 1)
        self.assertEqual(self.server.request("GET", "/healthz").status, 200)

    def test_the_diag_says_it_and_does_not_flood(self):
        self.fill()
        self.refused_when_full()
        for _ in range(50):
            self.server.post(self.big_post())
        told = [line for line in self.server.stderr.splitlines() if "full" in line or "space" in line]
        self.assertTrue(told, self.server.stderr)
        self.assertEqual(self.server.stderr.count("request body"), 0)

    def test_a_file_that_finds_no_room_is_507_and_leaves_nothing_behind(self):
        data = os.urandom(1 << 20)
        path = f"/api/v1/blobs/{hashlib.sha256(data).hexdigest()}"
        self.fill()
        for _ in range(3):
            answer = self.server.request("PUT", path, data, token=self.server.admin, headers={"Content-Type": "application/octet-stream"})
            self.assertEqual((answer.status, answer.json["code"]), (507, "insufficient_storage"))
        self.assertEqual(os.listdir(self.disk + "/data/blobs/incoming") if os.path.isdir(self.disk + "/data/blobs/incoming") else [], [])
        health = self.server.get("/api/v1/system/health").json
        self.assertEqual((health["status"], {d["name"]: d["status"] for d in health["dependencies"]}["disk"]), ("down", "down"))
        self.make_room()
        answer = self.server.request("PUT", path, data, token=self.server.admin, headers={"Content-Type": "application/octet-stream"})
        self.assertEqual(answer.status, 201)
        self.assertEqual(self.server.get(path, token=self.server.admin).body, data)

    def test_killed_while_it_is_full_it_starts_again_when_there_is_room(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha))
        self.fill()
        kept, _ = self.refused_when_full()
        self.server.kill()
        self.make_room()
        self.server.start()
        for known in [sha, *kept]:
            self.assertEqual(len(self.server.context(known)["steps"]), 1)

    def test_a_start_on_a_full_disk_is_refused_with_the_reason_or_serves_readers(self):
        self.server.stop()
        self.fill()
        self.server.start(wait=False)
        try:
            self.server.wait_for_line("listening on")
        except AssertionError:
            self.assertRegex(self.server.stderr, r"(?i)full|space|disk")
        else:
            self.server.kill()
        with contextlib.suppress(AssertionError, AttributeError, ProcessLookupError):
            self.server.kill()
        self.make_room()
        self.server.process = None
        self.server.start()
        self.server.must_post()


@unittest.skipUnless(os.environ.get(IN_NAMESPACE), "mounting needs root or user namespaces")
class ReadOnlyDisk(unittest.TestCase):
    def test_a_start_on_a_read_only_disk_stops_with_the_name_of_the_folder(self):
        server = Server()
        self.addCleanup(server.close)
        subprocess.run(["mount", "--bind", server.data, server.data], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", server.data], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", server.data], check=True)
        server.start(wait=False)
        self.assertNotEqual(server.wait(), 0)
        self.assertIn(server.data, server.stderr)
        self.assertRegex(server.stderr, r"(?i)read-?only|unable to open|permission")

    def test_a_file_that_refuses_writes_is_503_and_recovery_needs_no_restart(self):
        """chattr +i refuses writes also to who has the file open, as a disk does that went read-only; a remount cannot be done under an open file."""
        with Server() as server:
            sha = new_sha()
            server.must_post(post_of(head_sha=sha))
            files = [os.path.join(server.data, name) for name in ("sluice.db", "sluice.db-wal")]
            if subprocess.run(["chattr", "+i", *files], capture_output=True, check=False).returncode != 0:
                subprocess.run(["chattr", "-i", *files], capture_output=True, check=False)
                self.skipTest("this file system or user has no immutable files")
            try:
                answer = server.post()
                self.assertEqual(answer.status, 503, answer)
                self.assertTrue(answer.json["details"]["request_id"])
                self.assertTrue(answer.headers["Retry-After"])
                self.assertEqual(len(server.context(sha)["steps"]), 1)
            finally:
                subprocess.run(["chattr", "-i", *files], check=True)
            server.must_post()
            self.assertEqual(server.query("PRAGMA integrity_check"), [("ok",)])


class LockedDatabase(s.Case):
    def test_while_somebody_else_holds_the_database_a_post_is_503_and_says_when_to_come_again(self):
        with contextlib.closing(sqlite3.connect(f"{self.server.data}/sluice.db", timeout=20, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = self.server.post()
            self.assertIn(self.refused(answer, 503, answer.json["code"])["request_id"], answer.text)
            self.assertIn(answer.json["code"], ("unavailable", "storage_error"))
            self.assertTrue(answer.headers["Retry-After"].isdigit())
            self.assertNotIn("step", answer.json["message"])
            other.execute("ROLLBACK")
        self.server.must_post()

    def test_readers_are_answered_meanwhile(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha))
        with contextlib.closing(sqlite3.connect(f"{self.server.data}/sluice.db", timeout=20, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self.assertEqual(len(self.server.context(sha, repo=REPO)["steps"]), 1)
            self.assertEqual(self.server.request("GET", "/healthz").status, 200)
            other.execute("ROLLBACK")

    def test_a_short_lock_is_waited_for(self):
        with contextlib.closing(sqlite3.connect(f"{self.server.data}/sluice.db", timeout=20, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            release = s.threading.Timer(0.2, lambda: other.execute("ROLLBACK"))
            release.start()
            self.server.must_post()
            release.join()

    def test_a_stop_is_possible_while_it_is_locked(self):
        with contextlib.closing(sqlite3.connect(f"{self.server.data}/sluice.db", timeout=20, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self.server.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.server.wait(), 0)
        self.server.start()


class TheQueue(unittest.TestCase):
    def test_what_waits_for_the_database_is_bounded_and_who_is_too_much_is_told_at_once(self):
        with Server("[store]\n\tqueue-bytes = 65536\n") as server:
            with contextlib.closing(sqlite3.connect(f"{server.data}/sluice.db", timeout=20, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                clients = [s.KeepAlive(server.port) for _ in range(8)]
                for client in clients:  # of each some 22 KB are left when it is compressed
                    client.send(post_of(log_tail=base64.b64encode(os.urandom(22000)).decode()))
                numbers = s.eventually("six of the eight are refused", lambda: self.numbers_of(server))
                self.assertLessEqual(int(numbers["sluice_write_queue_bytes"]), 65536)
                self.assertLessEqual(int(numbers["sluice_write_failed_total"]), 2)  # the others never came so far
                other.execute("ROLLBACK")
            answers = [client.answer() for client in clients]
            for client in clients:
                client.close()
            self.assertGreaterEqual([status for status, _, _ in answers].count(503), 6)
            for status, head, body in answers:
                if status == 503:
                    self.assertEqual(json.loads(body)["code"], "unavailable")
                    self.assertRegex(head, rb"\r\nRetry-After: \d+")
            self.assertEqual(server.count("tail"), sum(status == 204 for status, _, _ in answers))

    def numbers_of(self, server):
        numbers = dict(re.findall(r"^(sluice_\w+) (\d+)$", server.request("GET", "/metrics").text, re.M))
        return numbers if int(numbers["sluice_http_errors_total"]) >= 6 else None


if __name__ == "__main__":
    enter_namespace()
    s.main()
