"""H1: how long a forge waits for the answer to a delivery. It is in the database by then, and nothing else waits for it: the forge that it is of answers nobody all the while.

Beside it, in turns, the same client posts the end of a log (POST /internal/ci-log), which is durable before its answer as well.
"""
import contextlib
import hashlib
import hmac
import http.client
import itertools
import json
import socket
import statistics
import threading
import time

from servers import INTERNAL, REPO, Sluice

SECRET = "secret-of-the-hooks-of-the-bench"
CLIENTS, EACH = 8, 100
GOAL_MS = 50  # forges wait five seconds; what is asked for is this


class Hooks:
    def __init__(self, bench):
        self.bench, self.numbers = bench, itertools.count(1)

    def delivery(self):
        n = next(self.numbers)
        body = json.dumps({"action": "completed", "repository": {"full_name": REPO}, "workflow_run": {
            "id": n, "head_sha": f"{n:040x}", "head_branch": f"b{n}", "name": "ci", "run_attempt": 1, "status": "completed", "conclusion": "failure", "filler": "x" * 8000}}).encode()
        return "/hooks/github", body, {"X-GitHub-Event": "workflow_run", "X-GitHub-Delivery": f"d-{n}",
                                       "X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}

    def post(self):
        n = next(self.numbers)
        body = json.dumps({"repo": REPO, "head_sha": f"{n:040x}", "run_id": f"{n}", "job_name": "build", "step_name": "make", "conclusion": "success", "exit_code": 0,
                           "log_tail": "a line that says little\n" * 340}).encode()
        return "/internal/ci-log", body, {"Authorization": f"Bearer {INTERNAL}"}

    def client(self, port, make, took):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as c:
            for _ in range(EACH):
                path, body, headers = make()
                began = time.perf_counter()
                c.request("POST", path, body, {"Content-Type": "application/json", **headers})
                answer = c.getresponse()
                answer.read()
                took.append((time.perf_counter() - began) * 1000)
                if answer.status not in (200, 204):
                    raise RuntimeError(f"{path} was answered {answer.status}")

    def all_clients(self, port, make):
        """(p50, p99, longest) in ms."""
        took = []
        threads = [threading.Thread(target=self.client, args=(port, make, took)) for _ in range(CLIENTS)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        if len(took) != CLIENTS * EACH:
            raise RuntimeError(f"{len(took)} of {CLIENTS * EACH} were answered")
        took.sort()
        return took[len(took) // 2], took[len(took) * 99 // 100], took[-1]

    def h1(self):
        hooks, posts = [], []
        with socket.socket() as silent:  # takes connections, and says nothing
            silent.bind(("127.0.0.1", 0))
            silent.listen(64)
            more = (f'[forge "hub"]\n\tkind = github\n\turl = http://127.0.0.1:{silent.getsockname()[1]}\n[hook "github"]\n\tsecret = {SECRET}\n'
                    f'[dispatch "{REPO}"]\n\taction = claim\n')
            with Sluice(self.bench, more=more) as server:
                for _ in range(self.bench.rounds):
                    hooks.append(self.all_clients(server.port, self.delivery))
                    posts.append(self.all_clients(server.port, self.post))
        m = [statistics.median(x) for x in zip(*hooks)]
        self.bench.line("H1", f"a delivery is answered, {CLIENTS} at once, while its forge answers nobody: p50", f"{m[0]:.1f} ms")
        self.bench.line("H1", "  p99", f"{m[1]:.1f} ms", f"<= {GOAL_MS} ms", m[1] <= GOAL_MS)
        self.bench.line("H1", "  the longest", f"{m[2]:.1f} ms")
        self.bench.line("H1", "rival: the end of a log is posted by the same client: p50", f"{statistics.median(p[0] for p in posts):.1f} ms")
        self.bench.ratio("H1", "  p50 of a delivery against it", [h[0] for h in hooks], [p[0] for p in posts], 2, more=False)
