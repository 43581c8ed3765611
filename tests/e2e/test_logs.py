#!/usr/bin/python3
"""`sluice logs`: the log in a terminal. Whole and in part, while it grows, through a pager, and harmless whatever is in it."""
import contextlib
import http.server
import json
import os
import pty
import re
import select
import socket
import sqlite3
import stat
import subprocess
import tempfile
import threading
import time
import unittest

import sluice_test as s
from sluice_test import DEADLINE, INTERNAL, REPO, SLUICE, Case, Server, eventually, new_sha, post_of


# ---- what sends

class Stream:
    """A runner that streams one step, as doc/runner.md has the three requests."""

    def __init__(self, server, name="build", **over):
        self.server, self.at = server, 0
        facts = {"repo": REPO, "head_sha": new_sha(), "run_id": "1", "job_name": "job", "step_name": name, **over}
        self.sha = facts["head_sha"]
        answer = server.request("POST", "/internal/steps", facts, token=INTERNAL)
        assert answer.status in (200, 201), answer
        self.id, self.run = answer.json["step_id"], answer.json["run_id"]

    def send(self, text):
        data = text.encode() if isinstance(text, str) else text
        while data:
            piece, data = data[:1 << 19], data[1 << 19:]
            answer = self.server.request("PATCH", f"/internal/steps/{self.id}/log", piece, token=INTERNAL,
                                         headers={"Content-Type": "application/octet-stream", "Upload-Offset": str(self.at)})
            assert answer.status == 204, answer
            self.at += len(piece)
        return self

    def finish(self, conclusion="failure", **more):
        answer = self.server.request("POST", f"/internal/steps/{self.id}/finish",
                                     {"conclusion": conclusion, "bytes": self.at, **more}, token=INTERNAL)
        assert answer.status == 204, answer
        return self


def streamed(server, text, name="build", conclusion="failure", **over):
    return Stream(server, name, **over).send(text).finish(conclusion)


class Cutter:
    """Between a client and a server; cuts the i-th connection when cuts[i] bytes have gone to the client. Others pass."""

    def __init__(self, port, *cuts):
        self.cuts, self.n_connections, self.heads = list(cuts), 0, []
        self.to = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.listener.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                left = self.cuts[self.n_connections] if self.n_connections < len(self.cuts) else None
                self.n_connections += 1
                threading.Thread(target=self._pass, args=(client, left), daemon=True).start()

    def _pass(self, client, left):
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.to)) as server:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    piece = ready.recv(65536)
                    if not piece:
                        return
                    if ready is client:
                        self.heads.append(piece)
                        server.sendall(piece)
                        continue
                    client.sendall(piece if left is None else piece[:left])
                    if left is not None:
                        left -= len(piece)
                        if left <= 0:
                            return


class Refuser:
    """In front of a server: one request in `every` is answered with a refusal, the others go on."""

    def __init__(self, server, refusal, every):
        refuser = self
        self.n_requests = self.n_refused = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                refuser.n_requests += 1
                status, body, kind = refusal[0], json.dumps({"code": refusal[1], "message": "not now", "details": {}}).encode(), "application/json"
                if refuser.n_requests % every:
                    answer = server.request("GET", self.path, headers={"Authorization": self.headers["Authorization"]})
                    status, body, kind = answer.status, answer.body, answer.headers["Content-Type"]
                else:
                    refuser.n_refused += 1
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.http.shutdown()
        self.http.server_close()


# ---- who reads

def on_terminal(server, *args, env=None, keys=b"", rows=24):
    """The program with a terminal on all three descriptors: its exit code, and what it wrote there."""
    more = {"SLUICE_URL": server.url, "SLUICE_TOKEN": server.admin, "NO_COLOR": "", "TERM": "xterm", "PAGER": "cat", **(env or {})}
    environment = {k: v for k, v in s.clean_environment(server.folder, more).items() if v is not None}
    master, slave = pty.openpty()
    try:
        process = subprocess.Popen([SLUICE, *args], stdin=slave, stdout=slave, stderr=slave, env=environment, close_fds=True,
                                   start_new_session=True)
    finally:
        os.close(slave)
    if keys:
        os.write(master, keys)
    heard = bytearray()
    until = time.monotonic() + DEADLINE
    while True:
        if not select.select([master], [], [], max(0, until - time.monotonic()))[0]:
            process.kill()
            raise AssertionError(f"not done in {DEADLINE:.0f} s: {bytes(heard[-500:])!r}")
        try:
            piece = os.read(master, 65536)
        except OSError:  # EIO: nobody has the other end any more
            break
        if not piece:
            break
        heard += piece
    os.close(master)
    return process.wait(DEADLINE), bytes(heard).replace(b"\r\n", b"\n").decode("utf-8", "replace")


class TheText(Case):
    def logs(self, *args, **more):
        return self.server.must("logs", *args, **more)

    def test_a_step_is_printed_as_it_was_sent(self):
        step = streamed(self.server, "one\ntwo \u20ac\n\nfour")
        self.assertEqual(self.logs("--step", str(step.id)), "one\ntwo \u20ac\n\nfour\n")

    def test_while_it_grows_what_is_there_is_printed(self):
        step = Stream(self.server).send("so far\n")
        self.assertEqual(self.logs("--step", str(step.id)), "so far\n")
        step.send("and more\n").finish()
        self.assertEqual(self.logs("--step", str(step.id)), "so far\nand more\n")

    def test_a_number_alone_is_a_run(self):
        step = streamed(self.server, "of a run\n", run_id="run-" + new_sha())
        self.assertEqual(self.logs(str(step.run)), "of a run\n")

    def test_a_run_is_found_by_the_id_that_the_forge_gave_it(self):
        external = "ext-" + new_sha()
        streamed(self.server, "of the forge's run\n", run_id=external)
        self.assertEqual(self.logs("--external-run-id", external), "of the forge's run\n")
        self.assertEqual(self.logs("--external-run-id", external, REPO), "of the forge's run\n")

    def test_of_a_commit_all_steps_are_printed_those_that_failed_first_each_with_a_heading(self):
        sha = new_sha()
        green = streamed(self.server, "fine\n", "compile", "success", head_sha=sha)
        red = streamed(self.server, "broken\n", "check", head_sha=sha)
        self.assertEqual(self.logs(REPO, sha),
                         f"==> job / check: failure, step {red.id} <==\nbroken\n\n==> job / compile: success, step {green.id} <==\nfine\n")
        self.assertEqual(self.logs("--failed", REPO, sha), "broken\n")

    def test_only_the_newest_attempt_of_a_job_is_printed(self):
        sha = new_sha()
        streamed(self.server, "first\n", head_sha=sha, attempt=1)
        streamed(self.server, "second\n", head_sha=sha, attempt=2)
        self.assertEqual(self.logs(REPO, sha), "second\n")

    def test_the_tail_of_a_one_shot_post_is_a_log_too(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, log_tail="\x1b[31mposted\x1b[0m\n"))
        self.assertEqual(self.logs(REPO, sha), "posted\n")

    def test_from_begins_with_that_line(self):
        step = streamed(self.server, "".join(f"line {i}\n" for i in range(1, 30001)))
        printed = self.logs("--step", str(step.id), "--from", "29999")
        self.assertEqual(printed, "line 29999\nline 30000\n")
        self.assertEqual(self.logs("--step", str(step.id), "--from", "30001"), "")

    def test_numbers_are_those_of_the_log(self):
        step = streamed(self.server, "a\nb\nc\n")
        self.assertEqual(self.logs("--step", str(step.id), "--numbers", "--from", "2"), "     2  b\n     3  c\n")

    def test_a_large_log_is_printed_whole(self):
        text = "".join(f"line {i} \u20ac {'x' * (i % 200)}\n" for i in range(150000))
        step = streamed(self.server, text)
        self.assertTrue(self.logs("--step", str(step.id)) == text)

    def test_a_line_of_any_length_is_printed_whole_and_without_its_escapes(self):
        step = streamed(self.server, "before\n" + "\x1b[31m\u20acuro\x1b[0m " * 200000 + "\nbehind\n")
        self.assertTrue(self.logs("--step", str(step.id)) == "before\n" + "\u20acuro " * 200000 + "\nbehind\n")

    def test_control_and_bidi_characters_are_shown_in_a_pipe_too(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, log_tail="a\x07b \u202egpj.exe\x1b]0;title\x07.\n"))
        self.assertEqual(self.logs(REPO, sha), "a\\u{7}b \\u{202e}gpj.exe.\n")

    def test_a_transfer_that_was_cut_goes_on_where_it_was(self):
        # Nothing that zstd makes small: there must be something to cut.
        text = "".join(f"{os.urandom(60).hex()}\n" for _ in range(20000))
        step = streamed(self.server, text)
        for arguments, want in (((), text), (("--from", "11"), text[11 * 121 - 121:])):
            with Cutter(self.server.port, 5000, 300000, 700000, 10) as cutter:
                done = self.server.cli("logs", "--url", cutter.url, "--step", str(step.id), *arguments)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(done.stdout == want)
                self.assertGreaterEqual(cutter.n_connections, 5)

    def test_a_reader_who_leaves_the_pipe_ends_it_quietly(self):
        step = streamed(self.server, "".join(f"line {i}\n" for i in range(200000)))
        done = subprocess.run(["sh", "-c", f'"{SLUICE}" logs --step {step.id} | head -n 2'], capture_output=True, text=True, check=False,
                              env={**self.server.env, "SLUICE_URL": self.server.url, "SLUICE_TOKEN": self.server.admin}, timeout=DEADLINE)
        self.assertEqual((done.stdout, done.stderr), ("line 0\nline 1\n", ""))

    def test_a_full_disk_is_an_error(self):
        step = streamed(self.server, "x" * 100000)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([SLUICE, "logs", "--step", str(step.id)], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                                  env={**self.server.env, "SLUICE_URL": self.server.url, "SLUICE_TOKEN": self.server.admin}, timeout=DEADLINE)
        self.assertEqual(done.returncode, 8)
        self.assertIn("standard output", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)


class WhenThereIsNone(Case):
    def fails(self, code, *args, **more):
        done = self.server.cli("logs", *args, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def expire(self, *ids):
        with contextlib.closing(sqlite3.connect(f"{self.server.data}/sluice.db", timeout=20)) as db, db:
            db.executemany("UPDATE step SET received_at = received_at - 15 * 86400000 WHERE id = ?", [(i,) for i in ids])
        self.server.must("janitor")

    def posted(self, sha, name, text="gone"):
        self.server.must_post(post_of(head_sha=sha, step_name=name, log_tail=text))
        listed = self.server.get(f"/api/v1/steps?repo={REPO}&sha={sha}").json["data"]
        return next(step["step_id"] for step in listed if step["step"] == name)

    def test_a_commit_of_which_nothing_arrived_is_said_to_be_so_and_why(self):
        said = self.fails(3, REPO, new_sha())
        self.assertRegex(said, r"(?i)no log|nothing")
        self.assertIn("not watched", self.fails(3, "acme/nosuch", new_sha()))

    def test_a_log_that_expired_says_when(self):
        step = self.posted(new_sha(), "old")
        self.expire(step)
        said = self.fails(3, "--step", str(step))
        self.assertIn("expired on " + time.strftime("%Y-%m-%d", time.gmtime()), said)

    def test_among_others_a_log_that_expired_is_said_in_its_place(self):
        sha = new_sha()
        old, _ = self.posted(sha, "old"), self.posted(sha, "new", "still here")
        self.expire(old)
        printed = self.server.must("logs", REPO, sha)
        self.assertRegex(printed, rf"(?m)^==> old: failure, step {old} <==\n\(the text of step {old} expired on ")
        self.assertRegex(printed, r"(?m)^==> new: failure, step \d+ <==\nstill here\n")

    def test_where_all_have_expired_it_is_an_error(self):
        sha = new_sha()
        self.expire(self.posted(sha, "one"), self.posted(sha, "two"))
        done = self.server.cli("logs", REPO, sha)
        self.assertEqual(done.returncode, 3)
        self.assertIn("expired on", done.stdout)

    def test_what_is_not_there_is_exit_code_3(self):
        for args in (("--step", "999999"), ("999999",), ("--external-run-id", "nobody-knows")):
            with self.subTest(args):
                self.fails(3, *args)

    def test_wrong_use_is_exit_code_2_and_says_what_is_wrong(self):
        for args, word in (((), "of what"), (("acme/widget",), "commit"), (("a/b", "c" * 40, "d"), "nothing to be done"), (("0",), "RUN"),
                           (("--step", "0x1"), "number"), (("--step", "-1"), "--step"), (("--step", "1", "2"), "nothing to be done"),
                           (("--level", "loud", "1"), "critical"), (("--context", "3", "1"), "--grep"), (("-n", "-1", "1"), "-n"), (("-n", "0", "1"), "-n"), (("--from", "0", "1"), "--from"),
                           (("--context", "51", "--grep", "x", "1"), "50"), (("-f", "-C", "1", "--grep", "x", "1"), "--follow")):
            with self.subTest(args):
                self.assertIn(word, self.fails(2, *args))
        self.assertIn("40", self.fails(2, REPO, "main"))

    def test_a_token_that_may_not_read_is_exit_code_4(self):
        writer, _ = self.server.new_token("logs:write")
        step = streamed(self.server, "secret text\n")
        self.assertIn("logs:read", self.fails(4, "--step", str(step.id), token=writer))

    def test_a_server_that_is_not_there_is_exit_code_9(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.fails(9, "--step", "1", "--url", f"http://127.0.0.1:{port}")


class OnATerminal(Case):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="logs-", dir=self.server.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def shown(self, *args, code=0, **more):
        got, text = on_terminal(self.server, "logs", *args, **more)
        self.assertEqual(got, code, text)
        return text

    def test_colours_and_links_are_kept(self):
        text = "\x1b[31mred\x1b[0m \x1b]8;;https://a.example/\x1b\\link\x1b]8;;\x1b\\\n"
        step = streamed(self.server, text)
        self.assertEqual(self.shown("--step", str(step.id)), text)

    def test_no_colours_when_they_are_not_wanted(self):
        step = streamed(self.server, "\x1b[31mred\x1b[0m\n")
        for args, env in ((("--no-color",), {}), ((), {"NO_COLOR": "1"}), ((), {"TERM": "dumb"})):
            with self.subTest(args, env=env):
                self.assertEqual(self.shown("--step", str(step.id), *args, env=env), "red\n")

    def test_nothing_else_that_a_terminal_acts_upon_reaches_it(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, log_tail="\x1b]0;title\x07\x1b[2J\x1b[6n\x1b]52;c;cm0=\x07\x1bPq\x1b\\\x9b5A\x1b[8mhidden\x1b[0m "
                                                          "\x1b]8;;file:///etc/passwd\x07link\x1b]8;;\x07 a\x08b \u202ertl\n"))
        shown = self.shown(REPO, sha)
        self.assertNotRegex(shown, r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
        for part in ("hidden", "link", "a\\u{8}b", "\\u{202e}rtl"):
            self.assertIn(part, shown)

    def test_the_pager_is_the_user_s_command_and_gets_all(self):
        step = streamed(self.server, "".join(f"line {i}\n" for i in range(5000)))
        out = self.path("paged")
        self.shown("--step", str(step.id), env={"PAGER": f"sed 's/^/> /' >'{out}'"})
        self.assertEqual(self.read("paged"), "".join(f"> line {i}\n" for i in range(5000)))

    def test_no_pager_when_it_is_empty_or_cat(self):
        step = streamed(self.server, "text\n")
        for pager in ("", "cat"):
            self.assertEqual(self.shown("--step", str(step.id), env={"PAGER": pager, "PATH": "/nonexistent"}), "text\n")

    def test_no_pager_but_on_a_terminal_and_not_to_follow(self):
        step = streamed(self.server, "text\n")
        out = self.path("paged")
        self.server.must("logs", "--step", str(step.id), env={"PAGER": f"cat >'{out}'"})
        self.assertFalse(os.path.exists(out))

    def fake_less(self):
        with open(self.path("less"), "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\necho \"LESS=$LESS $*\" >'{self.path('told')}'\n/bin/cat\n")
        os.chmod(self.path("less"), stat.S_IRWXU)
        return {"PAGER": None, "PATH": self.folder + ":/usr/bin:/bin"}

    def test_less_is_the_pager_unless_said_and_is_told_to_show_colours_and_to_end_by_itself(self):
        step = streamed(self.server, "text\n")
        env = self.fake_less()
        self.assertEqual(self.shown("--step", str(step.id), env=env), "text\n")
        self.assertEqual(self.read("told"), "LESS=FRX \n")
        self.shown("--step", str(step.id), env={**env, "LESS": "-S"})
        self.assertEqual(self.read("told"), "LESS=-S \n")

    def test_without_less_there_is_no_pager(self):
        step = streamed(self.server, "text\n")
        self.assertEqual(self.shown("--step", str(step.id), env={"PAGER": None, "PATH": self.folder}), "text\n")

    def test_a_pager_that_is_left_is_no_error(self):
        step = streamed(self.server, "".join(f"line {i}\n" for i in range(300000)))
        self.assertEqual(self.shown("--step", str(step.id), env={"PAGER": "head -n 1"}), "line 0\n")

    def test_a_pager_that_is_not_there_is_said_to_be_so(self):
        step = streamed(self.server, "text\n")
        self.assertIn("PAGER", self.shown("--step", str(step.id), env={"PAGER": "no-such-pager-7"}, code=10))

    def test_an_error_is_seen_without_the_pager(self):
        out = self.path("paged")
        self.assertIn("there is no step", self.shown("--step", "999999", env={"PAGER": f"cat >'{out}'"}, code=3))
        self.assertFalse(os.path.exists(out))

    def test_headings_stand_out(self):
        sha = new_sha()
        streamed(self.server, "a\n", "one", head_sha=sha)
        streamed(self.server, "b\n", "two\u202e", head_sha=sha)
        shown = self.shown(REPO, sha)
        self.assertIn("\x1b[1m==> job / one: failure", shown)
        self.assertIn("two\\u{202e}", shown)


class Lines(Case):
    """Lines that are asked for: looked for, with their numbers, times, or as JSON."""

    TEXT = "".join(f"{'ERROR: broken' if i % 1000 == 500 else 'info: fine'} {i}\n" for i in range(1, 4001))

    def setUp(self):
        cls = type(self)
        if not hasattr(cls, "step"):
            cls.step = streamed(self.server, self.TEXT)

    def logs(self, *args):
        return self.server.must("logs", "--step", str(self.step.id), *args)

    def test_grep_prints_the_lines_that_match(self):
        self.assertEqual(self.logs("--grep", r"broken \d+5\d\d$"), "".join(f"ERROR: broken {i}\n" for i in (1500, 2500, 3500)))
        self.assertEqual(self.logs("-g", "(?i)error.*2500"), "ERROR: broken 2500\n")

    def test_contains_looks_for_text_in_whatever_case(self):
        self.assertEqual(self.logs("--contains", "eRRoR: broken 15"), "ERROR: broken 1500\n")
        self.assertEqual(self.logs("--contains", ".*"), "")

    def test_all_that_is_asked_for_has_to_hold(self):
        self.assertEqual(self.logs("--contains", "500", "--grep", "^ERROR.*[13]500", "--level", "error"), "ERROR: broken 1500\nERROR: broken 3500\n")

    def test_a_level_is_that_and_those_above(self):
        self.assertEqual(self.logs("--level", "warning").count("\n"), 4)
        self.assertEqual(self.logs("--level", "info").count("\n"), 4000)

    def test_context_is_printed_as_grep_does(self):
        self.assertEqual(self.logs("--level", "error", "--context", "1", "--numbers", "--from", "2600"),
                         "  3499- info: fine 3499\n  3500: ERROR: broken 3500\n  3501- info: fine 3501\n")
        printed = self.logs("--level", "error", "-C", "2").split("--\n")
        self.assertEqual([len(part.splitlines()) for part in printed], [5] * 4)

    def test_all_lines_over_many_pages_are_those_of_the_text(self):
        self.assertEqual(self.logs("--contains", "i"), "".join(l + "\n" for l in self.TEXT.splitlines() if "i" in l.lower()))
        self.assertEqual(self.logs("--grep", ""), self.TEXT)

    def test_the_last_lines_of_all_and_of_those_that_match(self):
        self.assertEqual(self.logs("-n", "2"), "info: fine 3999\ninfo: fine 4000\n")
        self.assertEqual(self.logs("-n", "2", "--level", "error"), "ERROR: broken 2500\nERROR: broken 3500\n")
        self.assertEqual(self.logs("-n", "1300", "--grep", "fine"), "".join(l + "\n" for l in self.TEXT.splitlines() if "fine" in l).split("\n", 3996 - 1300)[-1])
        self.assertEqual(self.logs("-n", "99999"), self.TEXT)
        self.assertEqual(self.logs("-n", "5", "--from", "3999"), "info: fine 3999\ninfo: fine 4000\n")
        self.assertEqual(self.logs("-n", "2", "--numbers"), "  3999  info: fine 3999\n  4000  info: fine 4000\n")

    def test_timestamps_stand_in_front(self):
        step = streamed(self.server, "2024-05-06T07:08:09Z own time\nnone of its own\n")
        printed = self.server.must("logs", "--step", str(step.id), "--timestamps").splitlines()
        self.assertEqual(printed[0], "2024-05-06T07:08:09.000Z 2024-05-06T07:08:09Z own time")
        self.assertRegex(printed[1], rf"^{time.strftime('%Y-', time.gmtime())}\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z none of its own$")

    def test_json_is_an_object_a_line(self):
        step = streamed(self.server, "##[group]Tests\n\x1b[31mERROR\x1b[0m: a \"quote\"\n##[endgroup]\n")
        lines = [json.loads(line) for line in self.server.must("logs", "--step", str(step.id), "--json").splitlines()]
        self.assertEqual([line["number"] for line in lines], [1, 2, 3])
        self.assertEqual({k: lines[1][k] for k in ("step_id", "level", "source", "group", "text", "match", "truncated")},
                         {"step_id": step.id, "level": "error", "source": "build", "group": "Tests",
                          "text": "\x1b[31mERROR\x1b[0m: a \"quote\"", "match": True, "truncated": False})

    def test_of_a_tail_numbers_count_what_was_dropped_too(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha, log_tail="a\nb\n", dropped_lines=100))
        self.assertEqual(self.server.must("logs", REPO, sha, "--numbers"), "   101  a\n   102  b\n")

    def test_a_long_line_is_cut_and_says_so(self):
        step = streamed(self.server, "x" * 10000 + "\n")
        self.assertEqual(self.server.must("logs", "--step", str(step.id), "--grep", "x"), "x" * 4000 + " [...]\n")

    def test_of_several_steps_only_those_with_a_line_have_a_heading(self):
        sha = new_sha()
        streamed(self.server, "nothing\n", "one", head_sha=sha)
        step = streamed(self.server, "something\n", "two", head_sha=sha)
        self.assertEqual(self.server.must("logs", REPO, sha, "--contains", "something"), f"==> job / two: failure, step {step.id} <==\nsomething\n")

    def test_that_no_line_is_like_that_is_said(self):
        done = self.server.cli("logs", "--step", str(self.step.id), "--contains", "unheard of")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("no line", done.stderr)

    def test_a_regex_that_is_refused_is_exit_code_2_and_says_why(self):
        done = self.server.cli("logs", "--step", str(self.step.id), "--grep", "(unclosed")
        self.assertEqual(done.returncode, 2)
        self.assertIn("regex", done.stderr)

    def test_the_pager_gets_lines_too_and_none_that_a_terminal_acts_upon(self):
        step = streamed(self.server, "\x1b[31mred\x1b[0m one\n")
        code, shown = on_terminal(self.server, "logs", "--step", str(step.id), "--grep", "one", env={"PAGER": "sed 's/^/> /'"})
        self.assertEqual((code, shown), (0, "> \x1b[31mred\x1b[0m one\n"))


class ABusyServer(Case):
    def test_it_is_asked_again_and_no_line_is_lost_or_doubled(self):
        text = "".join(f"some line {i}\n" for i in range(1700))
        step = streamed(self.server, text)
        for refusal in ((429, "rate_limited"), (503, "unavailable")):
            with Refuser(self.server, refusal, every=2) as busy:
                done = self.server.cli("logs", "--url", busy.url, "--step", str(step.id), "--grep", "line")
            self.assertEqual((done.returncode, done.stdout), (0, text), done.stderr)
            self.assertGreaterEqual(busy.n_refused, 3)

    def test_what_will_not_pass_is_not_asked_again(self):
        step = streamed(self.server, "text\n")
        with Refuser(self.server, (403, "forbidden"), every=1) as closed:
            done = self.server.cli("logs", "--url", closed.url, "--step", str(step.id))
        self.assertEqual((done.returncode, closed.n_refused), (4, 1))


class Follower:
    """`sluice logs --follow`, with what it has printed so far."""

    def __init__(self, server, *args, url=None):
        env = {**server.env, "SLUICE_URL": url or server.url, "SLUICE_TOKEN": server.admin}
        self.process = subprocess.Popen([SLUICE, "logs", "--follow", *args], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.out = ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.out += line.decode()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_for(self, text):
        """Until exactly this is printed; not longer than it may still become this."""
        eventually(f"{text!r} is printed", lambda: self.out == text or self.process.poll() is not None or not text.startswith(self.out))
        if self.out != text:
            raise AssertionError(f"printed: {self.out[-2000:]!r}")

    def end(self):
        """Exit code, all that was printed, and what was said."""
        said = self.process.stderr.read().decode()
        code = self.process.wait(DEADLINE)
        self.reader.join(DEADLINE)
        return code, self.out, said


class Pinning(Case):
    def pinned_at(self, step):
        return self.server.get(f"/api/v1/steps/{step}").json["log"]["pinned_at"]

    def test_a_step_that_is_pinned_outlives_its_time_until_it_is_not(self):
        step = streamed(self.server, "worth keeping\n").id
        for _ in range(2):  # again is no error
            self.server.must("pin", str(step))
            self.assertIsNotNone(self.pinned_at(step))
        with contextlib.closing(sqlite3.connect(f"{self.server.data}/sluice.db", timeout=20)) as db, db:
            db.execute("UPDATE step SET received_at = received_at - 15 * 86400000 WHERE id = ?", (step,))
        self.server.must("janitor")
        self.assertEqual(self.server.must("logs", "--step", str(step)), "worth keeping\n")
        for _ in range(2):
            self.server.must("unpin", str(step))
            self.assertIsNone(self.pinned_at(step))
        self.server.must("janitor")
        self.assertEqual(self.server.cli("logs", "--step", str(step)).returncode, 3)
        done = self.server.cli("pin", str(step))
        self.assertEqual(done.returncode, 3)
        self.assertIn("expired", done.stderr)

    def test_what_is_no_step_is_refused(self):
        for command in ("pin", "unpin"):
            for args, code in ((("999999",), 3), ((), 2), (("x",), 2), (("0",), 2), (("1", "2"), 2)):
                with self.subTest(command, args=args):
                    self.assertEqual(self.server.cli(command, *args).returncode, code)


class Following(Case):
    def test_lines_are_printed_as_they_come_and_how_it_ended_is_said(self):
        step = Stream(self.server).send("before\n")
        with Follower(self.server, "--step", str(step.id)) as reader:
            reader.wait_for("before\n")
            step.send("one\ntw")
            reader.wait_for("before\none\n")
            step.send("o\n")
            reader.wait_for("before\none\ntwo\n")
            step.finish("failure", exit_code=3)
            code, printed, said = reader.end()
        self.assertEqual((code, printed), (0, "before\none\ntwo\n"))
        self.assertIn(f"step {step.id} has ended: failure (exit code 3)", said)

    def test_of_a_step_that_has_ended_the_last_lines_are_printed(self):
        text = "".join(f"line {i}\n" for i in range(1, 251))
        step = streamed(self.server, text, conclusion="success")
        for args, first in (((), 151), (("-n", "3"), 248), (("--from", "1"), 1), (("--from", "200"), 200), (("--from", "240", "-n", "50"), 240)):
            with self.subTest(args), Follower(self.server, "--step", str(step.id), *args) as reader:
                code, printed, said = reader.end()
                self.assertEqual((code, printed), (0, "".join(f"line {i}\n" for i in range(first, 251))))
                self.assertIn("has ended: success", said)

    def test_a_connection_that_is_cut_loses_and_doubles_nothing(self):
        text = "".join(f"line {i} {'x' * 50}\n" for i in range(1, 3001))
        step = Stream(self.server).send(text[:60000])
        with Cutter(self.server.port, 1000, 30000, 200000, 5, 700) as cutter:
            with Follower(self.server, "--step", str(step.id), "--from", "1", url=cutter.url) as reader:
                eventually("it was cut twice", lambda: cutter.n_connections > 2)
                step.send(text[60000:]).finish()
                code, printed, said = reader.end()
        self.assertEqual(code, 0, said)
        self.assertTrue(printed == text)
        self.assertTrue(any(b"last-event-id" in head.lower() for head in cutter.heads))

    def test_a_server_that_starts_anew_is_waited_for(self):
        with Server() as server, Cutter(server.port) as cutter:
            step = Stream(server).send("one\n")
            with Follower(server, "--step", str(step.id), url=cutter.url) as reader:
                reader.wait_for("one\n")
                server.stop()
                server.start()
                cutter.to = server.port
                Stream.send(step, "two\n")
                step.finish()
                code, printed, said = reader.end()
            self.assertEqual((code, printed), (0, "one\ntwo\n"), said)

    def test_only_lines_that_are_looked_for_are_printed(self):
        text = "info: a\nERROR: b\nwarning: c\n\nERROR: d\n"
        step = streamed(self.server, text)
        for args, want in ((("--level", "warning"), "ERROR: b\nwarning: c\nERROR: d\n"), (("--grep", "^ERROR.*d$"), "ERROR: d\n"),
                           (("--contains", "eRRoR", "--grep", "b"), "ERROR: b\n")):
            with self.subTest(args), Follower(self.server, "--step", str(step.id), *args) as reader:
                self.assertEqual(reader.end()[:2], (0, want))

    def test_numbers_and_json(self):
        step = streamed(self.server, "a\nb\n")
        with Follower(self.server, "--step", str(step.id), "--numbers") as reader:
            self.assertEqual(reader.end()[1], "     1  a\n     2  b\n")
        with Follower(self.server, "--step", str(step.id), "--json") as reader:
            self.assertEqual([json.loads(line)["text"] for line in reader.end()[1].splitlines()], ["a", "b"])

    def test_of_several_steps_the_one_that_runs_is_meant(self):
        sha = new_sha()
        streamed(self.server, "over\n", "one", head_sha=sha)
        running = Stream(self.server, "two", head_sha=sha).send("runs\n")
        with Follower(self.server, REPO, sha) as reader:
            reader.wait_for("runs\n")
            running.finish()
            self.assertEqual(reader.end()[:2], (0, "runs\n"))
        with Follower(self.server, REPO, sha) as reader:
            code, printed, said = reader.end()
            self.assertEqual((code, printed), (3, ""))
            self.assertIn("none of the 2 steps is running", said)

    def test_of_several_that_run_one_has_to_be_named(self):
        sha = new_sha()
        steps = [Stream(self.server, name, head_sha=sha) for name in ("one", "two")]
        with Follower(self.server, REPO, sha) as reader:
            code, _, said = reader.end()
        self.assertEqual(code, 2)
        for step in steps:
            self.assertIn(f"running, step {step.id}", said)
            step.finish()

    def test_a_terminal_sees_no_pager_and_nothing_that_it_acts_upon(self):
        step = streamed(self.server, "\x1b[31mred\x1b[0m\n")
        code, shown = on_terminal(self.server, "logs", "-f", "--step", str(step.id), env={"PAGER": "sed 's/^/> /'"})
        self.assertEqual(code, 0)
        self.assertTrue(shown.startswith("\x1b[31mred\x1b[0m\n"), shown)

    def test_a_wrong_pattern_and_a_step_that_is_not_there_are_told_at_once(self):
        step = Stream(self.server).send("x\n")
        for args, want in ((("--step", str(step.id), "--grep", "("), 2), (("--step", "999999"), 3)):
            with self.subTest(args), Follower(self.server, *args) as reader:
                self.assertEqual(reader.end()[0], want)
        step.finish()


if __name__ == "__main__":
    s.main()
