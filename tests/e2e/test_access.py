#!/usr/bin/python3
"""Who may come in and what they did: users, passwords, tokens, limits and the audit, on the command line and over the wire."""
import itertools
import json
import os
import pty
import select
import socket
import subprocess
import threading
import time
import unittest

import sluice_test as s
from sluice_test import SLUICE, Case, Server

PASSWORD = "a long password"
PROXY = "[server]\n\tproxies = 127.0.0.1\n"
ADDRESSES = itertools.count(1)


def user(server, email, role="user", password=PASSWORD):
    more = ["--password"] if password else []
    return json.loads(server.must("user", "add", email, "--role", role, "--json", *more, stdin=f"{password}\n" if password else ""))


def ask_token(server, email, password=PASSWORD, headers=None, **more):
    """From an address of its own, where a proxy is believed: what failed from one slows down the next from there."""
    headers = headers or {"X-Forwarded-For": f"198.51.100.{next(ADDRESSES)}"}
    return server.request("POST", "/api/v1/auth/tokens", {"email": email, "password": password, "token_name": "t", **more},
                          headers=headers)


class Users(Case):
    config = PROXY

    def test_a_user_lives_from_add_to_disable(self):
        added = self.server.must("user", "add", "ada@example.org", "--role", "tester", "--password", stdin=PASSWORD + "\n")
        self.assertRegex(added, r"^user \d+, ada@example.org: tester, active, with a password\n$")
        token = self.server.must("token", "create", "--email", "ADA@example.org", "--scope", "runs:read", stdin=PASSWORD + "\n").strip()
        self.assertEqual(self.server.get("/api/v1/runs", token).status, 200)
        self.assertIn("contributor", self.server.must("user", "role", "ada@example.org", "contributor"))
        rows = [r.split("\t") for r in self.server.must("user", "list").splitlines()]
        self.assertIn(["ada@example.org", "contributor", "active", "yes", "-"], [r[1:6] for r in rows])
        self.assertIn("disabled", self.server.must("user", "disable", "ada@example.org"))
        self.assertEqual(self.server.get("/api/v1/runs", token).status, 401)
        self.assertEqual(ask_token(self.server, "ada@example.org").status, 401)
        self.assertIn("active", self.server.must("user", "enable", "ada@example.org"))
        self.assertEqual(self.server.get("/api/v1/runs", token).status, 401)
        self.assertEqual(ask_token(self.server, "ada@example.org").status, 201)
        listed = json.loads(self.server.must("user", "list", "--role", "contributor", "--json"))
        self.assertEqual([u["email"] for u in listed], ["ada@example.org"])

    def test_the_last_admin_stays(self):
        done = self.server.cli("user", "disable", "root@example.org")
        self.assertEqual(done.returncode, 5)
        self.assertIn("last admin", done.stderr)
        self.assertEqual(self.server.cli("user", "role", "root@example.org", "user").returncode, 5)

    def test_a_password_is_changed_and_taken_away(self):
        user(self.server, "bea@example.org")
        self.server.must("user", "password", "bea@example.org", stdin="another password\n")
        self.assertEqual(ask_token(self.server, "bea@example.org").status, 401)
        self.assertEqual(ask_token(self.server, "bea@example.org", "another password").status, 201)
        self.assertIn("no password", self.server.must("user", "password", "bea@example.org", "--none"))
        self.assertEqual(ask_token(self.server, "bea@example.org", "another password").status, 401)

    def test_what_is_wrong_is_said(self):
        for args, stdin, code, text in (
                (("user", "add", "nobody"), "", 2, "email"),
                (("user", "add", "root@example.org"), "", 5, "already"),
                (("user", "add", "cid@example.org", "--password"), "short\n", 2, "password"),
                (("user", "add", "cid@example.org", "--password"), "", 2, "no password was given"),
                (("user", "role", "root@example.org", "king"), "", 2, "no role"),
                (("user", "disable", "none@example.org"), "", 3, "user list"),
                (("user",), "", 2, "say what to do"),
                (("token", "create", "--email", "root@example.org"), "not the password\n", 4, "wrong"),
        ):
            with self.subTest(args):
                done = self.server.cli(*args, stdin=stdin)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(text, done.stderr)
        self.assertEqual(json.loads(self.server.must("user", "list", "--json", "--role", "user")).count("cid@example.org"), 0)

    def test_who_is_no_admin_sees_no_users_and_no_audit(self):
        user(self.server, "dan@example.org", "contributor")
        token = ask_token(self.server, "dan@example.org", scopes=["tokens:manage", "system:read"]).json["token"]
        for args in (("user", "list"), ("audit",), ("user", "add", "eve@example.org")):
            with self.subTest(args):
                done = self.server.cli(*args, token=token)
                self.assertEqual(done.returncode, 4)
                self.assertIn("admin", done.stderr)

    def test_a_password_is_typed_on_the_terminal_and_not_shown(self):
        user(self.server, "fay@example.org", password=None)
        shown, code = self.on_a_terminal(["user", "password", "fay@example.org"], [PASSWORD, PASSWORD])
        self.assertEqual(code, 0, shown)
        self.assertIn("Password of fay@example.org: ", shown)
        self.assertNotIn(PASSWORD, shown)
        self.assertEqual(ask_token(self.server, "fay@example.org").status, 201)
        shown, code = self.on_a_terminal(["user", "password", "fay@example.org"], [PASSWORD, "mistyped password"])
        self.assertEqual(code, 2, shown)
        self.assertIn("differ", shown)

    def on_a_terminal(self, args, lines):
        """What the terminal showed, and the exit code. A line is typed when it is asked for."""
        pid, fd = pty.fork()
        if pid == 0:
            env = {**self.server.env, "SLUICE_URL": self.server.url, "SLUICE_TOKEN": self.server.admin}
            os.execve(SLUICE, [SLUICE, *args], env)
        shown, until = "", time.monotonic() + s.DEADLINE
        try:
            while time.monotonic() < until:
                if not select.select([fd], [], [], 1)[0]:
                    continue
                try:
                    data = os.read(fd, 4096)
                except OSError:
                    break
                if not data:
                    break
                shown += data.decode()
                if lines and shown.endswith(": "):
                    os.write(fd, lines.pop(0).encode() + b"\n")
        finally:
            os.close(fd)
        return shown, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Tokens(Case):
    config = PROXY

    def test_a_machines_token_is_bound_and_lasts(self):
        token = self.server.must("token", "create", "--repo", s.REPO, "--machine-days", "400").strip()
        self.assertEqual(self.server.post(token=token).status, 204)
        item = json.loads(self.server.must("token", "list", "--json"))[0]
        self.assertTrue(item["machine"])
        self.assertGreater(item["expires_at"][:4], item["created_at"][:4])
        done = self.server.cli("token", "create", "--machine-days", "400")
        self.assertEqual(done.returncode, 2)
        self.assertIn("repository or host", done.stderr)

    def test_the_last_use_is_shown_and_written_beside_the_request(self):
        token, ident = self.server.new_token("runs:read")
        self.server.get("/api/v1/runs", token)

        def used():
            return [t["last_used_at"] for t in json.loads(self.server.must("token", "list", "--json")) if t["id"] == ident][0]
        s.eventually("the last use is known", used)

    def test_a_revoked_token_is_refused_at_once_by_every_worker(self):
        token, ident = self.server.new_token("runs:read")
        for _ in range(20):
            self.assertEqual(self.server.get("/api/v1/runs", token).status, 200)
        self.server.must("token", "revoke", str(ident))
        self.assertEqual([self.server.get("/api/v1/runs", token).status for _ in range(20)], [401] * 20)

    def test_a_token_of_a_demoted_user_does_less_at_once(self):
        user(self.server, "gus@example.org", "contributor")
        token = ask_token(self.server, "gus@example.org", scopes=["logs:write"]).json["token"]
        self.assertEqual(self.server.post(token=token).status, 204)
        self.server.must("user", "role", "gus@example.org", "tester")
        self.assertEqual(self.server.post(token=token).status, 403)


class Audit(Case):
    config = PROXY

    def test_who_did_what_is_told_with_who_and_from_where(self):
        self.server.must("repo", "add", "acme/audited")
        self.server.must("repo", "set", "--visibility", "members", "acme/audited")
        self.server.must("repo", "remove", "--yes", "acme/audited")
        rows = [r.split("\t") for r in self.server.must("audit", "--kind", "repo", "--limit", "3").splitlines()]
        self.assertEqual([r[2] for r in rows], ["repo.remove", "repo.visibility", "repo.add"])
        for row in rows:
            self.assertEqual((row[1], row[4], row[6]), ("root@example.org", "acme/audited", "127.0.0.1"))
        self.assertEqual(rows[1][5], "from=users to=members")
        listed = json.loads(self.server.must("audit", "--action", "repo.add", "--limit", "1", "--json"))
        self.assertEqual([(d["action"], d["subject"]) for d in listed], [("repo.add", "acme/audited")])

    def test_no_secret_is_in_it(self):
        user(self.server, "hal@example.org")
        token = ask_token(self.server, "hal@example.org").json["token"]
        self.server.must("user", "password", "hal@example.org", stdin="yet another password\n")
        text = self.server.must("audit", "--limit", "0", "--json")
        for secret in (PASSWORD, "yet another password", token, "argon2"):
            self.assertNotIn(secret, text)
        self.assertNotIn(PASSWORD, self.server.stderr)
        for row in self.server.query("SELECT password FROM users WHERE email = 'hal@example.org'"):
            self.assertTrue(row[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$"))


class Limits(unittest.TestCase):
    def test_tokens_are_asked_for_five_times_and_every_answer_counts_down(self):
        with Server(limits="logins = 5") as server:
            answers = [ask_token(server, "nobody@example.org") for _ in range(6)]
            self.assertEqual([a.status for a in answers], [401] * 5 + [429])
            self.assertEqual([a.headers["X-RateLimit-Remaining"] for a in answers], ["4", "3", "2", "1", "0", "0"])
            self.assertEqual({a.headers["X-RateLimit-Limit"] for a in answers}, {"5"})
            self.assertTrue(800 < int(answers[5].headers["Retry-After"]) <= 900)
            bodies = {a.body for a in answers[:5]}
            self.assertEqual(len(bodies), 1)

    def test_behind_a_proxy_each_client_has_a_limit_of_its_own(self):
        with Server(limits="logins = 1", config="[server]\n\tproxies = 127.0.0.0/8\n") as server:
            for client in ("198.51.100.1", "198.51.100.2", "2001:db8::1"):
                with self.subTest(client):
                    first = ask_token(server, "x@example.org", headers={"X-Forwarded-For": f"203.0.113.9, {client}"})
                    again = ask_token(server, "x@example.org", headers={"X-Forwarded-For": f"203.0.113.8, {client}"})
                    self.assertEqual((first.status, again.status), (401, 429))
            user(server, "ida@example.org")
            ask_token(server, "ida@example.org", headers={"X-Forwarded-For": "198.51.100.77"})
            row = server.must("audit", "--action", "token.create", "--limit", "1").split("\t")
            self.assertEqual((row[1], row[6].strip()), ("ida@example.org", "198.51.100.77"))

    def test_two_headers_of_a_proxy_that_adds_its_own_are_read_from_the_end(self):
        with Server(limits="logins = 1", config="[server]\n\tproxies = 127.0.0.1\n") as server:
            self.assertEqual([self.twice(server, made_up) for made_up in ("1.1.1.1", "2.2.2.2")], [401, 429])

    def twice(self, server, made_up):
        body = json.dumps({"email": "x@example.org", "password": PASSWORD, "token_name": "t"}).encode()
        with socket.create_connection(("127.0.0.1", server.port), timeout=s.DEADLINE) as c:
            c.sendall(b"POST /api/v1/auth/tokens HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
                      b"X-Forwarded-For: " + made_up.encode() + b"\r\nX-Forwarded-For: 198.51.100.1\r\n"
                      b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
            return int(c.makefile("rb").readline().split()[1])

    def test_a_wrong_list_of_proxies_is_refused_at_the_start(self):
        server = Server(config="[server]\n\tproxies = 10.0.0.1/8\n", init=False)
        try:
            done = subprocess.run([SLUICE, "serve", "--config", server.conf], env=server.env, capture_output=True, text=True,
                                  timeout=s.DEADLINE, check=False)
            self.assertEqual(done.returncode, 10)
            self.assertIn("server.proxies", done.stderr)
        finally:
            server.close()

    def test_logins_hold_up_nobody_else(self):
        """Passwords are looked at beside the requests: many at once, and reading goes on; what is too many is told to come again."""
        with Server(config="[server]\n\tthreads = 2\n") as server:
            done = []

            def guess(i):
                for _ in range(3):
                    done.append(ask_token(server, f"u{i}@example.org", headers={"X-Made-Up": "1"}).status)
            threads = [threading.Thread(target=guess, args=(i,)) for i in range(40)]
            for t in threads:
                t.start()
            slowest = 0
            while any(t.is_alive() for t in threads):
                began = time.monotonic()
                self.assertEqual(server.get("/api/v1/runs").status, 200)
                slowest = max(slowest, time.monotonic() - began)
            for t in threads:
                t.join()
            self.assertLess(slowest, 5)
            self.assertTrue(set(done) <= {401, 503}, set(done))


if __name__ == "__main__":
    s.main()
