#!/usr/bin/python3
"""R8 for episodes, over the wire: archives that would harm who unpacks them, that are none, or that are huge. Each is refused, nothing of it is seen or stays, and the server goes on."""
import contextlib
import hashlib
import os
import select
import tarfile
import unittest

import sluice_test as s
from fleet import ENDING, an_episode, answer_of, chunk, digest_of, entry, files_of, head_of, index_of, listed, meta_of, put, zst
from sluice_test import Case
from test_fleet_tls import dial

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MIB = 1 << 20


def with_entry(*args, **more):
    return an_episode("e", COMMIT, entry(*args, **more))


def a_tar(*entries):
    return b"".join(entries) + b"\0" * 1024


def damaged(head):
    return bytes([head[0] ^ 1]) + head[1:]


# Zeros in a frame that is 30,000 times smaller, of which many can follow each other.
ZEROS = zst(bytes(16 * MIB))
BOMB_HEAD = zst(entry("e/meta.json", meta_of(COMMIT)) + entry("e/zeros", size=60 << 30))
GOOD = an_episode("e", COMMIT, data=os.urandom(100000))

# What is sent, what is answered, and a word of why.
HOSTILE = {
    "a bomb": (BOMB_HEAD + ZEROS * 512, 413, "ratio"),
    "a way up": (with_entry("e/../../../etc/cron.d/x", b"x"), 422, r"\.\."),
    "a way up at once": (with_entry("../x", b"x"), 422, r"\.\."),
    "an absolute name": (with_entry("/etc/passwd", b"x"), 422, "etc/passwd"),
    "a link out": (with_entry("e/link", kind=tarfile.SYMTYPE, target="../../etc"), 422, "link"),
    "an absolute link": (with_entry("e/link", kind=tarfile.SYMTYPE, target="/etc/passwd"), 422, "link"),
    "a file behind a link": (an_episode("e", COMMIT, entry("e/link", kind=tarfile.SYMTYPE, target="."), entry("e/link/x", b"x")), 422, "e/link"),
    "a hard link out": (with_entry("e/hard", kind=tarfile.LNKTYPE, target="../x"), 422, "hard"),
    "a hard link to nothing": (with_entry("e/hard", kind=tarfile.LNKTYPE, target="e/nosuch"), 422, "hard"),
    "a device": (with_entry("e/sda", kind=tarfile.BLKTYPE), 422, "sda"),
    "a terminal": (with_entry("e/tty", kind=tarfile.CHRTYPE), 422, "tty"),
    "a pipe": (with_entry("e/pipe", kind=tarfile.FIFOTYPE), 422, "pipe"),
    "a name twice": (with_entry("e/data", b"other"), 422, "e/data"),
    "an escape in a name": (with_entry("e/\x1b[31m", b"x"), 422, "e/"),
    "cut in its last frame": (GOOD[:-10], 422, "."),
    "cut in its first half": (GOOD[:len(GOOD) // 2], 422, "."),
    "a tar without its end": (zst(entry("e/meta.json", meta_of(COMMIT)) + entry("e/data", size=4096)), 422, "."),
    "something behind it": (GOOD + b"more", 422, "."),
    "something behind the tar": (zst(a_tar(entry("e/data", b"x")) + b"more" * 128), 422, "."),
    "a damaged head": (an_episode("e", COMMIT, damaged(entry("e/more", b"x"))), 422, "."),
    "no tar": (zst(b"just a text\n" * 1000), 422, "."),
    "no zstd": (a_tar(entry("e/data", b"x")), 422, "."),
    "nothing": (b"", 422, "."),
    "zeros": (bytes(100000), 422, "."),
}


class Hostile(Case):
    config = "[janitor]\n\tmode = off\n"

    def test_each_is_refused_with_why_and_nothing_of_it_stays(self):
        for i, (what, (body, status, why)) in enumerate(HOSTILE.items()):
            with self.subTest(what):
                answer = put(self.server, "hostile", f"h{i}", body, COMMIT)
                self.assertEqual(answer.status, status, answer)
                self.assertRegex(answer.json["message"], why)
                self.assertNotIn("\x1b", answer.text)
                self.assertEqual((listed(self.server), index_of(self.server), files_of(self.server)), ({}, {}, set()))
        hosts = s.eventually("all are noted", lambda: [h for h in self.server.get("/api/v1/hosts").json["data"] if h["refused"] == len(HOSTILE)])
        self.assertEqual([(h["host"], h["accepted"], h["refused_status"]) for h in hosts], [("hostile", 0, 422)])
        self.check_it_goes_on()

    def check_it_goes_on(self):
        self.assertEqual(put(self.server, "h1", "good", GOOD, COMMIT).status, 201)
        self.assertEqual(put(self.server, "h1", "good", GOOD, COMMIT).status, 200)
        self.assertEqual(set(listed(self.server)), {("h1", "good")})
        self.assertEqual(files_of(self.server), {f"h1/good{ENDING}"})

    def test_a_bomb_is_refused_while_it_comes(self):
        with dial(self.server.port) as c:
            c.sendall(head_of("drip", "bomb", digest_of(b""), COMMIT, self.server.admin) + chunk(BOMB_HEAD))
            n = 0
            with contextlib.suppress(OSError):
                while n < 100000 and not select.select([c], [], [], 0)[0]:
                    c.sendall(chunk(ZEROS))
                    n += 1
            self.assertLess(n, 100000)
            self.assertEqual(answer_of(c).status, 413)
        self.assertNotIn(("drip", "bomb"), listed(self.server))

    def test_names_that_are_none_have_no_place(self):
        for path in ("/v1/episodes/..%2f..%2fx/e.tar.zst", "/v1/episodes/h/..%2fe.tar.zst", "/v1/episodes/.incoming/e.tar.zst", "/v1/episodes/h/.e.tar.zst",
                     "/v1/episodes/h/e.tar.gz", "/v1/episodes/h/a@b.tar.zst", "/v1/episodes/h/%00.tar.zst", "/v1/episodes/-rf/e.tar.zst"):
            with self.subTest(path):
                answer = self.server.request("PUT", path, GOOD, token=self.server.admin, headers={"X-Content-SHA256": digest_of(GOOD), "X-Sluice-Code-Commit": COMMIT})
                self.assertIn(answer.status, (400, 404, 422), answer)


class Large(Case):
    config = "[janitor]\n\tmode = off\n"
    N, MOST = 300, 48 * 1024  # MiB of the body; KiB of the server's own memory

    def own_memory(self):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("RssAnon:"))

    @unittest.skipIf(s.SANITIZED, "memory of a sanitised program says nothing")
    def test_a_large_one_costs_no_memory_and_comes_back_as_it_came(self):
        piece = zst(os.urandom(MIB))
        parts = [zst(entry("big/meta.json", meta_of(COMMIT)) + entry("big/data", size=self.N * MIB))] + [piece] * self.N + [zst(b"\0" * 1024)]
        whole, most = hashlib.sha256(), 0
        for part in parts:
            whole.update(part)
        sha256 = whole.hexdigest()
        with dial(self.server.port) as c:
            c.sendall(head_of("h1", "big", sha256, COMMIT, self.server.admin))
            for part in parts:
                c.sendall(chunk(part))
                most = max(most, self.own_memory())
            c.sendall(chunk(b""))
            self.assertEqual(answer_of(c).status, 201)
        self.assertLess(max(most, self.own_memory()), self.MOST)
        detail = self.server.get("/api/v1/episodes/h1/big?files=true").json
        self.assertEqual({f["path"]: f["bytes"] for f in detail["files"]}["big/data"], self.N * MIB)
        self.assertEqual(detail["episode"]["sha256"], sha256)
        self.assertLess(self.own_memory(), self.MOST)


if __name__ == "__main__":
    s.main()
