#!/usr/bin/python3
"""A fleet, end to end: a git repository, a receiver behind its gate, three hosts that ship. The branch goes on, the forge and git go away, and everybody is killed at any moment.

With SLUICE_SOAK=1 there are a hundred kills in place of twenty. What is drawn by lot is drawn from SLUICE_SEED, which a failure tells.
"""
import json
import os
import random
import re
import shutil
import signal
import tempfile
import threading
import unittest

import sluice_test as s
from commits_forge import CommitsForge, GitRepo
from fleet import ENDING, Front, Lab, digest_of, files_of, index_of, listed, verify
from sluice_test import Server, eventually
from test_fleet_tls import Fleet as Certificates
from test_fleet_tls import port_of

SOAK = os.environ.get("SLUICE_SOAK") == "1"
HOSTS = ("h1", "h2", "h3")


class Three(unittest.TestCase):
    """h1 has a token that is bound to it, h2 one that is bound to nobody, h3 a certificate."""

    maxDiff = 4000
    window = 20

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-e2e-fleet-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.certificates = Certificates()
        self.addCleanup(self.certificates.close)
        self.repo = GitRepo(os.path.join(self.folder, "rig"))
        self.repo.commit(self.window + 10)
        self.forge = CommitsForge(self.repo.path, cap=7)
        self.forge.__enter__()
        self.addCleanup(self.forge.go_away)
        self.plain, self.tls = Front(), Front()
        self.server = Server(self.config(self.window))
        for x in (self.plain, self.tls, self.server):
            self.addCleanup(x.close)
        self.start_server()
        self.labs = {name: Lab(name, *args, token=token) for name, args, token in self.hosts()}
        for lab in self.labs.values():
            self.addCleanup(lab.close)

    def config(self, window):
        return (self.certificates.config() + "[janitor]\n\tmode = off\n"
                f'[gate "rig"]\n\twindow = {window}\n\trefresh = 1s\n{self.forge.section}\tfallback-path = {self.repo.path}\n')

    def hosts(self):
        def token(*more):
            return json.loads(self.server.must("token", "create", "--json", "--scope", "episodes:write", *more))["token"]
        ca, (certificate, key) = self.certificates.ca, self.certificates.ca.sign("h3")
        there = ("--url", f"http://{self.plain.address}")
        return (("h1", there, token("--host", "h1")), ("h2", there, token("--name", "fleet")),
                ("h3", ("--url", f"https://{self.tls.address}", "--ca", ca.certificate, "--certificate", certificate, "--key", key), ""))

    def start_server(self):
        self.server.start()
        self.plain.port, self.tls.port = self.server.port, port_of(self.server)

    # -- the gate

    def gate(self):
        return json.loads(self.server.must("gate", "status", "rig", "--json"))

    def until(self, what, holds):
        return eventually(what, lambda: holds(g := self.gate()) and g)

    def until_source(self, source):
        return self.until(f"source {source}", lambda g: g["source"] == source)

    def until_head(self):
        return self.until("the gate knows the head", lambda g: g["head_commit"] == self.repo.head)

    # -- what is promised at the end

    def check_kept(self, made):
        """made: episodes, by host. Each is here once, as its host knows it, and nothing else is."""
        expected = {(host, name): self.labs[host].mark(name)["sha256"] for host, names in made.items() for name in names}
        self.assertEqual(listed(self.server), expected)
        self.assertEqual(index_of(self.server), expected)
        self.assertEqual(files_of(self.server), {f"{host}/{name}{ENDING}" for host, name in expected})
        accepted = {h["host"]: h["accepted"] for h in self.server.get("/api/v1/hosts").json["data"]}
        self.assertEqual(accepted, {host: len(names) for host, names in made.items()})
        done = verify(self.server)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn(f"{len(expected)} episodes", done.stdout)
        self.assertIn("all is well", done.stdout)


class Story(Three):
    def setUp(self):
        super().setUp()
        self.until_source("forge")
        self.made = {host: [] for host in HOSTS}
        for lab in self.labs.values():
            lab.start()
        self.pids = [self.server.process.pid] + [lab.process.pid for lab in self.labs.values()]

    def ship(self, commit=None):
        """An episode of every host, and all of them arrive."""
        for host, names in self.made.items():
            names.append(self.labs[host].episode(f"e{len(names):03}", commit or self.repo.head))
        for host, names in self.made.items():
            self.labs[host].arrives(names[-1])

    def check_end(self):
        self.assertEqual(self.pids, [self.server.process.pid] + [lab.process.pid for lab in self.labs.values()], "nobody was started again")
        for lab in self.labs.values():
            eventually("the outbox is empty", lambda lab=lab: not lab.names("outbox"))  # after the marker
            lab.stop()
        self.check_kept(self.made)

    def test_a_branch_goes_on_while_they_ship(self):
        first = self.repo.head
        self.ship()
        polls = sum("limit=1&" in path for path in self.forge.requests)
        self.repo.commit()
        self.until_head()
        self.assertLessEqual(sum("limit=1&" in path for path in self.forge.requests) - polls, 2, "one refresh, and one that was under way")
        self.ship()
        self.ship(commit=self.repo.log()[self.window - 1])
        self.ship(commit=self.repo.head[:12].upper())
        self.repo.commit(self.window)  # what was the head falls out
        self.until_head()
        self.refused("h3", "of-before", first)
        self.refused("h1", "long-ago", self.repo.log()[-1])
        self.ship()
        self.labs["h3"].requeue("of-before")
        self.refused("h3", "of-before", first, made=True)
        self.server.configure(self.config(window=100))  # now the gate takes them
        self.server.process.send_signal(signal.SIGHUP)
        self.until("the window is larger", lambda g: g["window"] == 100 and g["commits"] > self.window)
        for host, name in (("h3", "of-before"), ("h1", "long-ago")):
            self.labs[host].requeue()
            self.labs[host].arrives(name)
            self.made[host].append(name)
            self.assertEqual(self.labs[host].names("quarantine"), [])
        self.check_end()

    def refused(self, host, name, commit, made=False, head=None):
        """It is in quarantine with the answer, and what is to be done was printed."""
        lab = self.labs[host]
        if not made:
            lab.episode(name, commit)
        said = lab.refusal(name)
        details = said["body"]["details"]
        self.assertEqual((said["status"], details["your_commit"], details["head_commit"], details["window"]),
                         (412, commit, head or self.repo.head, self.window))
        self.assertIn("git pull", details["remediation"])
        eventually("it is told", lambda: details["remediation"].split("; ")[0] in lab.said)
        self.assertNotIn((host, name), listed(self.server))

    def test_the_forge_goes_away_and_git_too_and_they_come_back(self):
        for trouble in (404, 409, 503, "garbage"):
            with self.subTest(trouble):
                self.forge.trouble = trouble
                self.until_source("git-fallback")
                self.repo.commit()
                self.until_head()
                self.ship()
                self.forge.trouble = None
                self.until_source("forge")
        n, self.forge.trouble = self.forge.n_requests, "slow"
        eventually("it is asked", lambda: self.forge.n_requests > n)
        self.ship()  # nobody waits for it
        self.forge.trouble = None
        self.forge.release()
        self.forge.go_away()
        self.until_source("git-fallback")
        self.ship()
        shutil.move(self.repo.path, self.repo.path + ".away")
        away = self.repo.path + ".away"
        self.repo.path = away
        held = self.until("nobody answers", lambda g: g["error"] and "no git repository" in g["error"])
        self.repo.commit()
        self.ship(commit=held["head_commit"])  # the last good window stays
        self.refused("h2", "unheard-of", self.repo.head, head=held["head_commit"])
        self.repo.path = away.removesuffix(".away")
        shutil.move(away, self.repo.path)
        self.until_head()
        self.labs["h2"].requeue()
        self.labs["h2"].arrives("unheard-of")
        self.made["h2"].append("unheard-of")
        self.forge.come_back()
        self.until_source("forge")
        self.ship()
        self.check_end()


class Orphans(unittest.TestCase):
    def test_what_has_no_episode_any_more_is_swept_and_what_has_one_arrives_as_it_was_packed(self):
        commit = "0123456789abcdef0123456789abcdef01234567"
        with Server("[janitor]\n\tmode = off\n") as server:
            front = Front()
            self.addCleanup(front.close)
            lab = Lab("h1", "--url", f"http://{front.address}", token=server.admin)
            self.addCleanup(lab.close)
            lab.episode("live", commit)
            lab.start()  # nobody is there
            eventually("it is packed", lambda: lab.names("outbox") == ["live" + ENDING])
            lab.kill()
            packed = lab.path("outbox", "live" + ENDING)
            for name in ("removed" + ENDING, "in-quarantine" + ENDING, "half" + ENDING + ".partial"):
                shutil.copy(packed, lab.path("outbox", name))  # as after `rm`, after a crash in the midst of a refusal, of packing
            os.mkdir(lab.path("quarantine", "in-quarantine"))
            with open(packed, "rb") as f:
                digest = digest_of(f.read())
            front.port = server.port
            lab.start()
            lab.arrives("live")
            eventually("the others are swept", lambda: lab.names("outbox") == [])
            lab.stop()
            self.assertEqual(listed(server), {("h1", "live"): digest})
            self.assertEqual(lab.names("quarantine"), ["in-quarantine"])


class Watch:
    """Looks at all that others can see while it changes: the list, the folders, the index. What is there is whole, and is what its row says. Notes what is not in .faults."""

    def __init__(self, server):
        self.server, self.faults, self.n_looks = server, [], 0
        self.top = os.path.join(server.data, "episodes")
        self.seen, self.at = {}, 0  # digests of files that were read; how far the index was
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def end(self):
        self.over.set()
        self.thread.join()

    def _run(self):
        while not self.over.wait(0.01):  # so that those who are watched get on
            try:
                self.look()
                self.n_looks += 1
            except Exception as e:  # noqa: BLE001
                self.faults.append(repr(e))
                return

    def look(self):
        for host in HOSTS:
            folder = os.path.join(self.top, host)
            for name in os.listdir(folder) if os.path.isdir(folder) else ():
                if not re.fullmatch(r"e\d+\.tar\.zst", name):
                    self.faults.append(f"{host}/{name} is no episode")
                self.is_whole(host, name.removesuffix(ENDING))
        self.look_at_index()
        self.look_at_list()

    def is_whole(self, host, name, sha256=None):
        if (host, name) not in self.seen:
            with open(os.path.join(self.top, host, name + ENDING), "rb") as f:
                self.seen[host, name] = digest_of(f.read())
            rows = self.server.query("SELECT sha256 FROM episode JOIN fleet_host ON fleet_host.id = host_id WHERE fleet_host.name = ? AND episode.name = ?", host, name)
            if rows != [(self.seen[host, name],)]:
                self.faults.append(f"{host}/{name} has the digest {self.seen[host, name]}, its rows are {rows}")
        if sha256 and sha256 != self.seen[host, name]:
            self.faults.append(f"{host}/{name} has the digest {self.seen[host, name]}, it is said to have {sha256}")

    def look_at_index(self):
        with open(os.path.join(self.top, "index.jsonl"), "rb") as f:
            f.seek(self.at)
            lines = f.read().split(b"\n")[:-1]
        for line in map(json.loads, lines):
            self.is_whole(line["host"], line["id"], line["sha256"])
        self.at += sum(len(line) + 1 for line in lines)

    def look_at_list(self):
        try:
            answer = self.server.get("/api/v1/episodes?limit=200")
        except (OSError, s.http.client.HTTPException):
            return  # it was killed
        for x in answer.json["data"] if answer.status == 200 else ():
            self.is_whole(x["host"], x["id"], x["sha256"])


class Kills(Three):
    N = 510
    KILLS = 100 if SOAK else 20

    def setUp(self):
        self.seed = int(os.environ.get("SLUICE_SEED", random.randrange(1 << 30)))
        self.dice = random.Random(self.seed)
        super().setUp()

    def test_killed_at_any_moment_each_arrives_once_and_no_part_is_ever_seen(self):
        with self.subTest(seed=self.seed):
            self.until_source("forge")
            made = {host: [self.labs[host].episode(f"e{i:03}", self.repo.head, self.dice.randbytes(self.dice.randrange(20000)))
                           for i in range(self.N // 3)] for host in HOSTS}
            watch = Watch(self.server)
            self.addCleanup(watch.end)
            for lab in self.labs.values():
                lab.start()
            for n in sorted(self.dice.sample(range(self.N - 5), self.KILLS)):
                self.kill_at(n)
            for host, names in made.items():
                self.labs[host].arrives(*names)
            watch.end()
            self.assertEqual(watch.faults, [])
            self.assertGreater(watch.n_looks, 10)
            for lab in self.labs.values():
                eventually("the outbox is empty", lambda lab=lab: not lab.names("outbox"))
                lab.stop()
                self.assertEqual(lab.names("quarantine"), [])
            self.check_kept(made)

    def n_here(self):
        return self.server.query("SELECT count(*) FROM episode WHERE here")[0][0]

    def kill_at(self, n):
        """When so many are here, and half of the time when one more is on its way: somebody, who comes back."""
        eventually(f"{n} have arrived", lambda: self.n_here() >= n)
        if self.dice.random() < 0.5:
            now, coming = self.n_here(), os.path.join(self.server.data, "episodes", ".incoming")
            eventually("one is coming", lambda: os.listdir(coming) or self.n_here() > now)
        who = self.dice.choice((None, None, *HOSTS))
        if who:
            self.labs[who].kill()
            self.labs[who].start()
            return
        self.server.kill()
        if self.dice.random() < 0.3:  # and once more, as it begins
            self.server.start(wait=False)
            self.server.kill()
        self.start_server()


if __name__ == "__main__":
    s.main()
