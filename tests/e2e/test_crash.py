#!/usr/bin/python3
"""R1: kill -9 at random moments under load. What was acknowledged is there; what was not may be sent again and is there once."""
import contextlib
import os
import random
import sqlite3
import threading
import time
import unittest

import sluice_test as s
from sluice_test import KeepAlive, Server, post_of

ROUNDS = int(os.environ.get("SLUICE_CRASH_ROUNDS") or (200 if os.environ.get("SLUICE_SOAK") else 20))
SEED = int(os.environ.get("SLUICE_CRASH_SEED", random.randrange(1 << 30)))
N_CLIENTS = 8


class Client(threading.Thread):
    """Posts steps with keys of its own until the connection breaks. What it knows then: which were acknowledged, which one hangs in the air."""

    def __init__(self, port, name, first):
        super().__init__(daemon=True)
        self.port, self.client, self.next = port, name, first
        self.acknowledged, self.unknown, self.wrong = [], [], []

    def key(self):
        self.next += 1
        return f"{self.client}-{self.next}"

    def run(self):
        try:
            with contextlib.closing(KeepAlive(self.port)) as connection:
                while True:
                    key = self.key()
                    self.unknown.append(key)
                    status = connection.post(post_for(key))
                    self.unknown.pop()
                    (self.acknowledged if status == 204 else self.wrong).append(key if status == 204 else (key, status))
        except OSError:
            pass


def post_for(key):
    """A key is a step: its client a run, every ten of them a job."""
    client, number = key.split("-")
    return post_of(head_sha=f"{int(client):040x}", run_id=client, job_name=f"job {int(number) // 10}", step_index=int(number), step_name=key,
                   log_tail=f"{key}\n" + "some output of a build\n" * (int(number) % 60))


class KilledUnderLoad(unittest.TestCase):
    def setUp(self):
        self.server = Server('[janitor]\n\tinterval = 1\n')
        self.addCleanup(self.server.close)
        self.server.__enter__()

    def stored(self):
        return {name: zst for name, zst in self.server.query(
            "SELECT step.name, (SELECT count(*) FROM tail WHERE tail.step_id = step.id) FROM step")}

    def check(self, acknowledged, keys):
        rows = self.server.query("SELECT name, count(*) FROM step GROUP BY name")
        stored = dict(rows)
        self.assertEqual([k for k in acknowledged if k not in stored], [], "acknowledged and lost")
        self.assertEqual([k for k, n in stored.items() if n != 1], [], "stored twice")
        self.assertEqual([k for k in stored if k not in keys], [], "stored and never sent")
        self.assertEqual(self.server.query("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.server.query("PRAGMA foreign_key_check"), [])
        self.assertEqual([k for k, n in self.stored().items() if n != 1], [], "a step without its text")

    def test_nothing_acknowledged_is_lost_and_nothing_is_doubled_on_retry(self):
        rng, acknowledged, keys, starts, hanging = random.Random(SEED), set(), set(), [], set()
        print(f"# seed {SEED}, {ROUNDS} rounds; SLUICE_CRASH_SEED={SEED} repeats the moments")
        numbers = {i: 0 for i in range(N_CLIENTS)}
        for number in range(ROUNDS):
            clients = [Client(self.server.port, i, numbers[i]) for i in range(N_CLIENTS)]
            for c in clients:
                c.start()
            moment = threading.Event()
            moment.wait(rng.uniform(0.005, 0.25))  # not for anything to be done: the moment is what is tested
            self.server.kill()
            for c in clients:
                c.join(s.DEADLINE)
                numbers[c.client] = c.next
                self.assertEqual(c.wrong, [])
                acknowledged.update(c.acknowledged)
                hanging.update(c.unknown)
                keys.update(c.acknowledged, c.unknown)
            begun = time.monotonic()
            self.server.start()
            starts.append(time.monotonic() - begun)
            with self.subTest(number):
                self.check(acknowledged, keys)
            for key in sorted(hanging):  # what a client does that was not answered
                self.server.must_post(post_for(key))
            acknowledged |= hanging
            for key in rng.sample(sorted(acknowledged), min(20, len(acknowledged))):  # and what an anxious one does
                self.server.must_post(post_for(key))
            hanging = set()
            self.check(acknowledged, keys)
        self.assertEqual(set(self.stored()), acknowledged)
        self.assertGreater(len(acknowledged), ROUNDS)
        print(f"# {len(acknowledged)} acknowledged over {ROUNDS} kills; start after a kill: median "
              f"{sorted(starts)[len(starts) // 2] * 1000:.0f} ms, longest {max(starts) * 1000:.0f} ms (goal < 1000)")

    def test_killed_while_it_starts_it_starts_again(self):
        rng = random.Random(SEED)
        self.server.must_post(post_for("0-1"))
        self.server.kill()
        for _ in range(10):
            self.server.start(wait=False)
            threading.Event().wait(rng.uniform(0, 0.03))
            self.server.kill()
        self.server.start()
        self.check({"0-1"}, {"0-1"})

    def test_killed_during_init_it_can_be_done_again(self):
        rng = random.Random(SEED)
        for _ in range(10):
            server = Server(init=False)
            try:
                init = s.subprocess.Popen([s.SLUICE, "init", "--config", server.conf, "--json"], env=server.env,
                                          stdout=s.subprocess.DEVNULL, stderr=s.subprocess.DEVNULL)
                threading.Event().wait(rng.uniform(0, 0.05))
                init.kill()
                init.wait()
                done = s.subprocess.run([s.SLUICE, "init", "--config", server.conf, "--new-token", "--json"], env=server.env, capture_output=True,
                                        text=True, timeout=s.DEADLINE, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                server.admin = s.json.loads(done.stdout)["token"]
                server.start()
                self.assertEqual(server.get("/api/v1/repos").status, 200)
            finally:
                server.close()


class DamagedDatabase(unittest.TestCase):
    def test_what_is_no_database_stops_the_start_with_its_name_and_is_left_as_it_is(self):
        server = Server(init=False)
        self.addCleanup(server.close)
        os.makedirs(server.data)
        path = os.path.join(server.data, "sluice.db")
        with open(path, "wb") as f:
            f.write(b"this is no database" * 1000)
        server.start(wait=False)
        self.assertNotEqual(server.wait(), 0)
        self.assertIn("sluice.db", server.stderr)
        with open(path, "rb") as f:
            self.assertEqual(f.read(), b"this is no database" * 1000)

    def test_pages_that_were_damaged_are_told_and_never_end_the_server(self):
        rng = random.Random(20269)
        server = Server()
        self.addCleanup(server.close)
        path = os.path.join(server.data, "sluice.db")
        server.start().must("repo", "add", s.REPO)
        posts = [post_of(log_tail=rng.randbytes(500).hex()) for _ in range(20)]
        for post in posts:
            server.must_post(post)
        server.stop()
        with open(path, "rb") as f:
            good = f.read()
        asked = 0
        for _ in range(12):
            damaged = bytearray(good)
            for at in rng.sample(range(4096, len(good)), 40):  # behind the page that says what this is
                damaged[at] = rng.randrange(256)
            with open(path, "wb") as f:
                f.write(damaged)
            for suffix in ("-wal", "-shm"):
                if os.path.exists(path + suffix):
                    os.unlink(path + suffix)
            server.start(wait=False)
            try:
                server.port = int(server.wait_for_line(r"listening on http://127\.0\.0\.1:(\d+)").group(1))
            except AssertionError:
                self.assertIn(server.wait(), range(1, 100))  # it refused, and was not ended by a signal
                self.assertIn("sluice.db", server.stderr)
                continue
            for post in posts:
                self.assertIn(server.get(f"/api/v1/context?repo={s.REPO}&sha={post['head_sha']}").status, (200, 401, 500, 503))
                self.assertIn(server.post(post).status, (204, 401, 404, 500, 503))
                asked += 1
            server.stop()
        self.assertGreater(asked, 0)

    def test_a_database_of_a_newer_program_is_refused_and_left_as_it_is(self):
        server = Server()
        self.addCleanup(server.close)
        path = os.path.join(server.data, "sluice.db")
        with contextlib.closing(sqlite3.connect(path)) as db, db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version:
                db.execute("PRAGMA user_version = 9999")
            else:
                tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'schema%'")]
                db.execute(f"INSERT INTO {tables[0]} (version, applied_at) VALUES (9999, 0)")
        server.start(wait=False)
        self.assertNotEqual(server.wait(), 0)
        self.assertIn("newer", server.stderr)


if __name__ == "__main__":
    s.main()
