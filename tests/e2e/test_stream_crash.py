#!/usr/bin/python3
"""R1 for streams: kill -9 at random moments while several steps stream. What was acknowledged is there, once, and nothing is half."""
import http.client
import os
import random
import threading
import time
import unittest

import sluice_test as s
from sluice_test import Server
from stream_client import Step, Wrong, connected, text_of, unzstd_file

ROUNDS = int(os.environ.get("SLUICE_CRASH_ROUNDS") or (200 if os.environ.get("SLUICE_SOAK") else 20))
SEED = int(os.environ.get("SLUICE_CRASH_SEED", random.randrange(1 << 30)))
N_RUNNERS = 6


class Where:
    """The port of the server that runs now; None while there is none."""

    def __init__(self):
        self.port, self.changed = None, threading.Condition()

    def set(self, port):
        with self.changed:
            self.port = port
            self.changed.notify_all()

    def get(self):
        with self.changed:
            if not self.changed.wait_for(lambda: self.port, s.DEADLINE):
                raise Wrong("there was no server for too long")
            return self.port


class Runner(threading.Thread):
    """Streams one step after the other, through every crash, until it is told that the one under way is the last."""

    def __init__(self, number, where, last):
        super().__init__(daemon=True)
        self.number, self.where, self.last = number, where, last
        self.rng = random.Random(SEED * 100 + number)
        self.steps, self.broken, self.why = [], 0, None

    def next_step(self):
        # Mostly small ones, whose ends are many; and now and then one that moves into its file while it grows.
        size = self.rng.choice([0, 100, 3000, 40000, 300000, 300000, 9000000 if self.number < 2 else 1000000])
        name = f"runner {self.number} step {len(self.steps)}"
        self.steps.append(Step(name, text_of(name, size), compressed=self.number % 2 == 1))
        return self.steps[-1]

    def sizes(self):
        return self.rng.choice([1, 300, 20000, 256 << 10, 256 << 10])

    def run(self):
        try:
            while not self.last.is_set():
                self.stream(self.next_step())
        except Exception as e:  # of whatever kind: the test tells it
            self.why = repr(e)

    def stream(self, step):
        while not step.done:
            try:
                with connected(self.where.get()) as client:
                    client.stream(step, self.sizes)
            except (OSError, http.client.HTTPException):
                self.broken += 1


class KilledWhileStreaming(unittest.TestCase):
    def setUp(self):
        self.server = Server("[janitor]\n\tinterval = 1\n\tgreen-logs = 0\n")
        self.addCleanup(self.server.close)
        self.server.__enter__()

    def path(self, step_id, suffix):
        return os.path.join(self.server.data, "logs", f"{step_id // 1000:03}", f"{step_id}.{suffix}")

    def check_nothing_is_half(self, steps):
        ids = {step.id for step in steps}
        self.assertEqual(self.server.query("SELECT count(*) FROM log WHERE state <> 'sealed'"), [(0,)])
        self.assertEqual([self.server.count(t) for t in ("chunk", "part")], [0, 0])
        self.assertEqual({i for (i,) in self.server.query("SELECT step_id FROM log")}, ids)
        self.assertEqual(len(ids), len(steps), "two steps are one")
        found = [name for _, _, names in os.walk(os.path.join(self.server.data, "logs")) for name in names]
        self.assertEqual(sorted(found), sorted(f"{i}.zst" for i in ids))
        self.assertEqual(self.server.query("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.server.query("PRAGMA foreign_key_check"), [])

    def check_verified(self):
        done = s.run("verify", "--config", self.server.conf, home=self.server.folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("all is well", done.stdout)

    def test_every_acknowledged_byte_is_there_once_after_any_number_of_kills(self):
        print(f"# seed {SEED}, {ROUNDS} kills; SLUICE_CRASH_SEED={SEED} repeats sizes and moments")
        rng, where, last, starts = random.Random(SEED), Where(), threading.Event(), []
        where.set(self.server.port)
        runners = [Runner(i, where, last) for i in range(N_RUNNERS)]
        for r in runners:
            r.start()
        for _ in range(ROUNDS):
            threading.Event().wait(rng.uniform(0.01, 0.6))  # not for anything to be done: the moment is what is tested
            where.set(None)
            self.server.kill()
            begun = time.monotonic()
            self.server.start()
            starts.append(time.monotonic() - begun)
            where.set(self.server.port)
            self.assertEqual([r.why for r in runners if r.why], [])
        last.set()
        for r in runners:
            r.join(s.DEADLINE)
            self.assertFalse(r.is_alive(), "a runner never came to its end")
        self.assertEqual([r.why for r in runners if r.why], [])
        steps = [step for r in runners for step in r.steps]
        s.eventually("all logs are sealed", lambda: self.server.query("SELECT count(*) FROM log WHERE state <> 'sealed'") == [(0,)])
        self.server.stop()
        for step in steps:
            self.assertTrue(step.done)
            self.assertTrue(unzstd_file(self.path(step.id, "zst")) == step.text, f"{step.name} is not what was sent")
        self.check_nothing_is_half(steps)
        self.check_verified()
        print(f"# {len(steps)} steps, {sum(len(x.text) for x in steps) / 1e6:.0f} MB, connections broken {sum(r.broken for r in runners)} times; "
              f"start after a kill: median {sorted(starts)[len(starts) // 2] * 1000:.0f} ms, longest {max(starts) * 1000:.0f} ms (goal < 1000)")

    def test_what_is_acknowledged_is_read_while_the_step_is_open_after_a_kill(self):
        step = Step("open", text_of("open", 6 << 20))
        with connected(self.server.port) as client:
            client.open(step)
            at = 0
            while at < len(step.text) // 2:
                at = client.append(step, at, 256 << 10)
        acknowledged = step.acknowledged
        self.assertGreater(acknowledged, 0)
        self.server.kill()
        self.check_verified()  # without a server, as it was left
        self.server.start()
        with connected(self.server.port) as client:
            self.assertEqual(client.open(step), (acknowledged, "open"))
            client.stream(step, lambda: 256 << 10)
        self.assertTrue(unzstd_file(self.path(step.id, "zst")) == step.text)

    def test_verifying_beside_a_server_that_is_busy_finds_nothing_wrong(self):
        where, last = Where(), threading.Event()
        where.set(self.server.port)
        runners = [Runner(i, where, last) for i in range(3)]
        for r in runners:
            r.start()
        for _ in range(5):
            self.check_verified()
        last.set()
        for r in runners:
            r.join(s.DEADLINE)
            self.assertIsNone(r.why)


if __name__ == "__main__":
    s.main()
