"""The dispatch API as `sluice fix` sees it, for its tests: claimDispatch, renewDispatch and tellDispatchResult of api/openapi.yaml, which gives out what a test offers and
remembers what it is told. What goes to /internal is handed on to a real server, so that logs end where logs do.
"""
import contextlib
import http.client
import http.server
import itertools
import json
import re
import threading

import sluice_test as s
from commits_forge import Listening

_ids = itertools.count(1)  # no two servers of a test program give out the same
RESULT = {"claim", "outcome", "sha", "note", "step_id"}


class DispatchServer(Listening):
    """with DispatchServer(server) as d: d.offer(..); `sluice fix --url d.url`.

    lost: dispatches that are somebody else's by now (409). lease_s: what a claim is given. claims, beats, results: what came, by dispatch; too_late: of which a result came that was lost.
    """

    def __init__(self, behind, token=s.INTERNAL, lease_s=60):
        self.behind, self.token, self.lease_s = behind, token, lease_s
        self.offered, self.lost, self.wrong = [], set(), []
        self.claims, self.beats, self.results, self.too_late = [], [], [], []
        self.lock = threading.Lock()

    # -- what a test does

    def offer(self, prompt="Fix it.\n", claim=1, **dispatch):
        """One more that may be claimed; its id."""
        number = next(_ids)
        with self.lock:
            self.offered.append({"dispatch": {"dispatch_id": number, "repo": s.REPO, "forge": "default", "head_sha": s.new_sha(), "attempt": 1, "state": "claimed", "retries": 0,
                                              "created_at": "2026-01-02T03:04:05Z", "run_id": None, "branch": "main", "pull_request": None, "url": None,
                                              "group_id": None, "class": None, **dispatch},
                                 "claim": claim, "lease_seconds": self.lease_s, "prompt": prompt,
                                 "facts": {"try": 1, "tries_max": 3, "page_url": None, "earlier": []}})
        return number

    def told(self, number):
        """The results of one, in the order in which they came."""
        with self.lock:
            return [r for n, r in self.results if n == number]

    # -- answers

    def _handler(d):  # noqa: N805
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def go(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with contextlib.suppress(OSError):
                    self.say(*(d.behind_it(self, body) if self.path.startswith("/internal/") else d.answer(self, body)))

            do_GET = do_POST = do_PUT = do_PATCH = do_HEAD = go

            def say(self, status, body, more=()):
                self.send_response(status)
                for name, value in more:
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")  # so that who goes away is away
                self.end_headers()
                if status != 204:
                    self.wfile.write(body)

            def log_message(self, *args):
                pass

        return Handler

    def behind_it(self, handler, body):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.behind.port, timeout=s.DEADLINE)) as c:
            c.request(handler.command, handler.path, body, {k: v for k, v in handler.headers.items() if k.lower() not in ("host", "connection", "expect")})
            r = c.getresponse()
            return r.status, r.read(), [(k, v) for k, v in r.getheaders() if k.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server")]

    @staticmethod
    def refuse(status, code, message):
        return status, json.dumps({"code": code, "message": message, "details": {}}).encode(), [("Content-Type", "application/json")]

    @staticmethod
    def give(status, value):
        return status, json.dumps(value).encode(), [("Content-Type", "application/json")]

    def answer(self, handler, body):
        if handler.headers.get("Authorization") != f"Bearer {self.token}":
            return self.refuse(401, "unauthorized", "the bearer token is missing, wrong, expired or revoked")
        found = re.fullmatch(r"/api/v1/dispatches/(?:(claim)|(\d+)/(heartbeat|result))", handler.path)
        if handler.command != "POST" or not found:
            return self.refuse(404, "not_found", "no such thing")
        asked = json.loads(body)
        if found[1]:
            return self.claim(asked)
        with self.lock:
            return (self.renew if found[3] == "heartbeat" else self.take)(int(found[2]), asked)

    def claim(self, asked):
        if not re.fullmatch("[A-Za-z0-9._:@-]{1,100}", asked["agent"]) or set(asked) - {"agent", "repo", "forge"}:
            return self.refuse(400, "validation_error", "no such claim")
        with self.lock:
            self.claims.append(asked)
            return self.give(200, self.offered.pop(0)) if self.offered else (204, b"")

    def renew(self, number, asked):
        self.beats.append(number)
        if number in self.lost:
            return self.refuse(409, "conflict", f"dispatch {number} was given up")
        return self.give(200, {"lease_seconds": self.lease_s})

    def take(self, number, asked):
        fine = (set(asked) <= RESULT and asked["outcome"] in ("fixed", "no_fix", "failed", "note") and isinstance(asked["claim"], int)
                and len(asked.get("note", "")) <= 4000 and re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", asked.get("sha", "0" * 40))
                and (asked["outcome"] != "fixed" or "sha" in asked))
        if not fine:
            self.wrong.append(asked)
            return self.refuse(400, "validation_error", "no such result")
        if number in self.lost:
            self.too_late.append(number)
            return self.refuse(409, "conflict", f"dispatch {number} was given up")
        self.results.append((number, asked))
        return self.give(200, {"dispatch_id": number})
