#!/usr/bin/python3
"""R3 for streams: the disk is full in the middle of a stream, or where sealed logs go. The runner is told, what was acknowledged stays, nothing else
breaks, and it goes on when there is room.

The full disk is a small tmpfs in a mount namespace of our own, as in test_disk.py.
"""
import contextlib
import os
import shutil
import subprocess
import tempfile
import unittest

import sluice_test as s
from sluice_test import REPO, Server, new_sha, post_of
from stream_client import Refused, Step, connected, text_of, unzstd_file
from test_disk import IN_NAMESPACE, enter_namespace

PIECE = 100000


def mount(test, folder, size):
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    test.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)


def fill(folder, n_pages=1 << 30):
    """All that there is, or so many pages of it."""
    with open(folder + "/filler", "ab", buffering=0) as f, contextlib.suppress(OSError):
        for _ in range(n_pages):
            f.write(b"\0" * 4096)


def make_room(folder):
    os.unlink(folder + "/filler")


@unittest.skipUnless(os.environ.get(IN_NAMESPACE), "mounting needs root or user namespaces")
class Disk(unittest.TestCase):
    def setUp(self):
        self.disk = tempfile.mkdtemp(prefix="sluice-e2e-disk-")
        self.addCleanup(shutil.rmtree, self.disk, ignore_errors=True)
        mount(self, self.disk, self.size)
        self.server = Server("[janitor]\n\tmode = off\n", data=self.disk + "/data")
        self.addCleanup(self.server.close)
        self.server.__enter__()

    def path(self, step, suffix):
        return os.path.join(self.server.data, "logs", f"{step.id // 1000:03}", f"{step.id}.{suffix}")

    def stored(self, step):
        """The text of a log as it lies there: in its file as far as that counts, and in rows."""
        ((state, file_bytes),) = self.server.query("SELECT state, file_bytes FROM log WHERE step_id = ?", step.id)
        if state == "sealed":
            return unzstd_file(self.path(step, "zst"))
        text = b""
        if file_bytes:
            with open(self.path(step, "part"), "rb") as f, tempfile.NamedTemporaryFile() as counts:
                counts.write(f.read(file_bytes))
                counts.flush()
                text = unzstd_file(counts.name)
        return text + b"".join(s.unzstd(z) for (z,) in self.server.query("SELECT zstd FROM chunk WHERE step_id = ? ORDER BY number", step.id))

    def check_acknowledged(self, step):
        stored = self.stored(step)
        self.assertGreaterEqual(len(stored), step.acknowledged)
        self.assertTrue(step.text.startswith(stored), "what is stored is not what was sent")

    def check_verified(self):
        done = s.run("verify", "--config", self.server.conf, home=self.server.folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def numbers(self):
        return dict(line.split(" ") for line in self.server.request("GET", "/metrics").text.splitlines() if not line.startswith("#"))


class FullWhileStreaming(Disk):
    size = "12m"

    def refused_when_full(self, client, step):
        """Sends until it is refused; where it stands, and the refusal."""
        at = step.acknowledged
        try:
            if step.id is None:
                at, _ = client.open(step)
            while at < len(step.text):
                at = client.append(step, at, PIECE)
        except Refused as refused:
            return at, refused
        raise AssertionError("a full disk took all of it")

    def go_on(self, client, step):
        client.stream(step, lambda: PIECE)
        s.eventually("it is whole", lambda: self.stored(step) == step.text)

    def test_the_runner_is_told_507_and_what_was_acknowledged_stays(self):
        step = Step("long", text_of("long", 30 << 20))
        with connected(self.server.port) as client:
            _, refused = self.refused_when_full(client, step)
        self.assertEqual(refused.status, 507, refused.body)
        self.assertIn(b"insufficient_storage", refused.body)
        self.assertIn(b"disk", refused.body)
        self.assertGreater(step.acknowledged, 0)
        self.check_acknowledged(step)
        self.check_verified()

    def test_it_goes_on_where_it_was_when_there_is_room(self):
        step = Step("long", text_of("long", 2 << 20))
        with connected(self.server.port) as client:
            client.open(step)
            client.append(step, 0, PIECE)
            before = step.acknowledged
            fill(self.disk)
            at, refused = self.refused_when_full(client, step)
            self.assertEqual(refused.status, 507, refused.body)
            self.assertGreaterEqual(step.acknowledged, before)
            for _ in range(3):  # trying again is no harm
                with self.assertRaises(Refused):
                    client.append(step, step.acknowledged, PIECE)
            self.check_acknowledged(step)
            make_room(self.disk)
            self.go_on(client, step)
        self.check_verified()

    def test_all_else_goes_on_meanwhile(self):
        sha, step = new_sha(), Step("long", text_of("long", 30 << 20))
        self.server.must_post(post_of(head_sha=sha))
        fill(self.disk, 1500)  # room for later: what is in the write-ahead log has to find a place in the database first
        with connected(self.server.port) as client:
            self.refused_when_full(client, step)
            fill(self.disk)
            self.assertEqual(len(self.server.context(sha, repo=REPO)["steps"]), 1)
            self.assertEqual(self.server.request("GET", "/healthz").status, 200)
            _, other = self.refused_when_full(client, Step("other", text_of("other", 30 << 20)))
            self.assertEqual(other.status, 507)
            make_room(self.disk)
            small = Step("small", text_of("small", 1000))
            self.go_on(client, small)

    def test_a_step_cannot_finish_on_a_full_disk_and_can_when_there_is_room(self):
        step = Step("short", text_of("short", 300000))
        with connected(self.server.port) as client:
            at, _ = client.open(step)
            while at < len(step.text):
                at = client.append(step, at, PIECE)
            fill(self.disk)
            self.refused_when_full(client, Step("other", text_of("other", 30 << 20)))
            try:
                client.finish(step)  # what the write-ahead log has left may do for one row more
            except Refused as refused:
                self.assertEqual(refused.status, 507, refused.body)
            self.check_acknowledged(step)
            make_room(self.disk)
            self.go_on(client, step)

    def test_killed_while_it_is_full_it_goes_on_when_there_is_room(self):
        step = Step("long", text_of("long", 2 << 20))
        with connected(self.server.port) as client:
            client.open(step)
            client.append(step, 0, PIECE)
            fill(self.disk)
            self.refused_when_full(client, step)
        self.server.kill()
        make_room(self.disk)
        self.server.start()
        self.check_acknowledged(step)
        with connected(self.server.port) as client:
            self.go_on(client, step)
        self.check_verified()

    def test_full_again_and_again_it_loses_and_doubles_nothing(self):
        step = Step("long", text_of("long", 3 << 20))
        with connected(self.server.port) as client:
            at, _ = client.open(step)
            for _ in range(5):
                at = client.append(step, at, PIECE)
                fill(self.disk)
                with contextlib.suppress(Refused):
                    while at < len(step.text):
                        at = client.append(step, at, PIECE)
                make_room(self.disk)
                at = step.acknowledged
            self.go_on(client, step)


class NoRoomForFiles(Disk):
    """The database has room, and DATA/logs has not: what the keeper cannot do."""
    size = "64m"

    def setUp(self):
        super().setUp()
        self.logs = self.server.data + "/logs"
        mount(self, self.logs, "1m")

    def more_room(self):
        subprocess.run(["mount", "-o", "remount,size=32m", self.logs], check=True)

    def failed(self):
        return int(self.numbers()["sluice_keeper_failed_total"])

    def test_what_cannot_be_moved_stays_in_the_database_and_the_stream_goes_on(self):
        step = Step("long", text_of("long", 12 << 20))
        with connected(self.server.port) as client:
            at, _ = client.open(step)
            while at < len(step.text) // 2:
                at = client.append(step, at, PIECE)
            s.eventually("the keeper tries and fails", self.failed)
            s.eventually("and says so", lambda: "could not be moved" in self.server.stderr)
            self.check_acknowledged(step)
            self.check_verified()
            self.more_room()
            client.stream(step, lambda: PIECE)
            self.assertTrue(self.stored(step) == step.text)
        s.eventually("it is sealed", lambda: os.path.exists(self.path(step, "zst")))

    def test_what_cannot_be_sealed_is_finished_and_whole_and_is_sealed_when_there_is_room(self):
        step = Step("middling", text_of("middling", 3 << 20))
        with connected(self.server.port) as client:
            client.stream(step, lambda: PIECE)  # it is all there, so its runner is told that it has finished
        self.assertTrue(step.done)
        s.eventually("the keeper tries and fails", self.failed)
        self.assertEqual(self.server.query("SELECT state FROM log"), [("ended",)])
        self.assertTrue(self.stored(step) == step.text)
        self.check_verified()
        with connected(self.server.port) as client:  # others are not in its way
            small = Step("small", text_of("small", 1000))
            client.stream(small, lambda: PIECE)
        self.more_room()
        self.server.stop()
        self.server.start()
        s.eventually("it is sealed", lambda: self.server.query("SELECT count(*) FROM log WHERE state <> 'sealed'") == [(0,)])
        self.assertTrue(self.stored(step) == step.text)
        self.check_verified()


if __name__ == "__main__":
    enter_namespace()
    s.main()
