#!/usr/bin/python3
"""R3 for episodes: the disk is full in the middle of an upload, or when the line of the index is to be written after the file has landed. Nothing is seen, nothing is lost, and it goes
on when there is room.

A receiver of old answered "already present" to the retry of an episode whose line had failed: its row was lost for good.

The full disks are small tmpfs in a mount namespace of our own, as in test_disk.py.
"""
import contextlib
import os
import shutil
import subprocess
import tempfile
import unittest

import sluice_test as s
from fleet import ENDING, Lab, an_episode, answer_of, digest_of, files_of, head_of, index_of, listed, put, verify
from sluice_test import Server, eventually
from test_disk import IN_NAMESPACE, enter_namespace
from test_fleet_tls import dial
from test_stream_disk import fill, make_room, mount

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Disk(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-e2e-disk-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def serve(self, config="", **more):
        self.server = Server("[janitor]\n\tmode = off\n" + config, **more)
        self.addCleanup(self.server.close)
        self.server.__enter__()

    def check_kept(self, expected):
        self.assertEqual(listed(self.server), expected)
        self.assertEqual(index_of(self.server), expected)
        self.assertEqual(files_of(self.server), {f"{host}/{name}{ENDING}" for host, name in expected})
        done = verify(self.server)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


@unittest.skipUnless(os.environ.get(IN_NAMESPACE), "mounting needs root or user namespaces")
class Index(Disk):
    """index.jsonl alone is on a disk that is full: it has one page."""

    def setUp(self):
        super().setUp()
        self.serve()
        self.server.stop()
        self.tiny = self.folder + "/tiny"
        mount(self, self.tiny, "64k")
        there = self.server.data + "/episodes/index.jsonl"
        with open(self.tiny + "/index.jsonl", "wb") as f:
            f.write(b"\n")  # which makes the page its own
        os.truncate(self.tiny + "/index.jsonl", 0)
        self.fill_all_but_a_page()
        subprocess.run(["mount", "--bind", self.tiny + "/index.jsonl", there], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", there], check=True)
        self.server.start()
        self.lab = Lab("h1", "--url", self.server.url, token=self.server.admin)
        self.addCleanup(self.lab.close)

    def fill_all_but_a_page(self):
        fill(self.tiny)
        os.truncate(self.tiny + "/filler", os.path.getsize(self.tiny + "/filler") - 4096)

    def coming(self):
        return {name for (name,) in self.server.query("SELECT name FROM episode WHERE NOT here")}

    def test_the_line_fails_after_the_file_has_landed_and_the_retry_mends_it(self):
        names = [self.lab.episode(f"e{i:02}", COMMIT) for i in range(40)]
        self.lab.start()
        eventually("it is told", lambda: "507" in self.lab.said)
        eventually("of a line that failed nothing stays", lambda: set(index_of(self.server)) == set(listed(self.server)))
        seen, coming = listed(self.server), self.coming()
        self.assertTrue(any(f"h1/{name}{ENDING}" in files_of(self.server) for name in coming), "the file has landed")
        for name in coming:
            self.assertNotIn(("h1", name), seen, "no row before its line")
            self.assertIsNone(self.lab.mark(name), "nor was it acknowledged")
        make_room(self.tiny)
        self.lab.arrives(*names)
        self.lab.stop()
        self.check_kept({("h1", name): self.lab.mark(name)["sha256"] for name in names})

    def test_killed_there_it_begins_again_and_the_next_request_mends_it(self):
        bodies = {f"e{i:02}": an_episode(f"e{i:02}", COMMIT) for i in range(40)}
        statuses = {name: put(self.server, "h1", name, body, COMMIT).status for name, body in bodies.items()}
        self.assertEqual(set(statuses.values()), {201, 507})
        self.server.kill()
        self.server.start()  # a full disk keeps nobody from reading
        self.assertEqual(self.server.get("/readyz").status, 200)
        self.assertEqual(set(listed(self.server)), {("h1", name) for name, status in statuses.items() if status == 201})
        failed = next(name for name, status in statuses.items() if status == 507)
        self.assertEqual(put(self.server, "h1", failed, bodies[failed], COMMIT).status, 507)
        make_room(self.tiny)
        for name, body in bodies.items():
            self.assertIn(put(self.server, "h1", name, body, COMMIT).status, (200,) if statuses[name] == 201 else (200, 201))
        self.check_kept({("h1", name): digest_of(body) for name, body in bodies.items()})


@unittest.skipUnless(os.environ.get(IN_NAMESPACE), "mounting needs root or user namespaces")
class Upload(Disk):
    def setUp(self):
        super().setUp()
        self.disk = self.folder + "/disk"
        mount(self, self.disk, "32m")
        self.serve("[fleet]\n\tfree-bytes = 0\n", data=self.disk + "/data")
        self.body = an_episode("e1", COMMIT, data=os.urandom(8 << 20))

    def put_until(self, at, then):
        """Sends so much, and when that lies there does what is to be done, and sends the rest. The answer."""
        incoming = os.path.join(self.server.data, "episodes", ".incoming")

        def lies_there():
            with contextlib.suppress(OSError):
                return sum(os.path.getsize(os.path.join(incoming, name)) for name in os.listdir(incoming)) >= at - (1 << 20)
        with dial(self.server.port) as c:
            c.sendall(head_of("h1", "e1", digest_of(self.body), COMMIT, self.server.admin, len(self.body)) + self.body[:at])
            eventually("it lies there", lies_there)
            then()
            with contextlib.suppress(OSError):  # it may be refused before it has all
                c.sendall(self.body[at:])
            return answer_of(c)

    def test_a_disk_that_fills_in_the_middle_is_507_and_nothing_of_it_stays(self):
        for _ in range(2):
            answer = self.put_until(3 << 20, lambda: fill(self.disk))
            self.assertEqual((answer.status, answer.json["code"]), (507, "insufficient_storage"))
            self.assertEqual((listed(self.server), index_of(self.server), files_of(self.server)), ({}, {}, set()))
            self.assertEqual(self.server.request("GET", "/healthz").status, 200)
            make_room(self.disk)
        self.assertEqual(self.put_until(3 << 20, lambda: None).status, 201)
        self.check_kept({("h1", "e1"): digest_of(self.body)})

    def test_a_body_that_is_larger_than_the_room_is_refused_before_it_comes(self):
        fill(self.disk)
        with dial(self.server.port) as c:
            c.sendall(head_of("h1", "e1", digest_of(self.body), COMMIT, self.server.admin, len(self.body), expects=True))
            answer = answer_of(c)
        self.assertEqual((answer.status, answer.json["code"]), (507, "insufficient_storage"))
        make_room(self.disk)
        self.assertEqual(put(self.server, "h1", "e1", self.body, COMMIT).status, 201)
        self.check_kept({("h1", "e1"): digest_of(self.body)})


if __name__ == "__main__":
    enter_namespace()
    s.main()
