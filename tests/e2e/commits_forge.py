"""A forge that knows of commits and nothing else, for the tests of gates: the commits API of Forgejo and Gitea over a real repository, with all the trouble that one has.

GitRepo is a repository made by git; CommitsForge serves what `git log` says of it, and can be told to be slow, to go away, to talk nonsense. It counts what it is asked.
"""
import contextlib
import http.server
import json
import os
import re
import subprocess
import threading
import urllib.parse

GIT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
       "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def git(*args, cwd=None, stdin=None):
    done = subprocess.run(["git", *args], cwd=cwd, env=GIT, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"git {' '.join(args)}: {done.stderr}")
    return done.stdout


class GitRepo:
    """A repository in path, bare or with a folder to work in. Commits are a minute apart, so that their order is theirs."""

    def __init__(self, path, branch="main", bare=False):
        self.path, self.branch, self.clock = path, branch, 1700000000
        git("init", "-q", f"--initial-branch={branch}", *(["--bare"] if bare else []), path)

    def commit(self, n=1, branch=None):
        """n more, and the ids of these, oldest first."""
        branch = branch or self.branch
        there = git("for-each-ref", f"refs/heads/{branch}", cwd=self.path)
        stream = []
        for i in range(n):
            self.clock += 60
            stream.append(f"commit refs/heads/{branch}\ncommitter A <a@example.org> {self.clock} +0000\ndata 2\nx\n"
                          + (f"from refs/heads/{branch}^0\n" if i == 0 and there else "") + "\n")
        git("fast-import", "--quiet", cwd=self.path, stdin="".join(stream))
        return self.log(n, branch)[::-1]

    def log(self, n=1000, branch=None):
        """Newest first."""
        return git("log", "--format=%H", "-n", str(n), branch or self.branch, cwd=self.path).split()

    @property
    def head(self):
        return self.log(1)[0]


class Listening:
    """Somebody who listens on a port of the loopback, goes away and comes back. _handler() is theirs: the class of their answers."""

    server = thread = None
    port = 0

    def __enter__(self):
        self.come_back()
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *exc):
        self.go_away()

    def come_back(self):
        """On the port of before, if there was one."""
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def go_away(self):
        """Nobody listens any more."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.thread.join()
            self.server = None


class CommitsForge(Listening):
    """with CommitsForge(repo.path) as forge: forge.url, forge.owner, forge.name.

    trouble: None; a status (404, 409, 500, ..); "empty", "garbage", "huge"; "slow": an answer waits until release() or the end; "cut": the connection ends in the midst.
    cap: a page has no more, whatever is asked for. token: who does not show it is told 401. n_requests, requests: what came.
    """

    def __init__(self, path, owner="acme", name="rig", token=None, cap=50):
        self.path, self.owner, self.name, self.token, self.cap = path, owner, name, token, cap
        self.trouble, self.requests = None, []
        self.released, self.lock = threading.Event(), threading.Lock()

    @property
    def n_requests(self):
        with self.lock:
            return len(self.requests)

    @property
    def section(self):
        """For sluice.conf, below a [gate "NAME"]."""
        return f"\turl = {self.url}\n\towner = {self.owner}\n\trepo = {self.name}\n"

    def come_back(self):
        self.released.clear()
        super().come_back()

    def go_away(self):
        self.released.set()
        super().go_away()

    def release(self):
        self.released.set()

    # -- answers

    def _handler(forge):  # noqa: N805
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                with forge.lock:
                    forge.requests.append(self.path)
                with contextlib.suppress(OSError):
                    self.say(*forge.answer(self.path, self.headers.get("Authorization")))

            def say(self, status, body, more=()):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body) + (100 if forge.trouble == "cut" else 0)))
                for name, value in more:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        return Handler

    def answer(self, path, authorization):
        trouble = self.trouble
        if trouble == "slow":
            self.released.wait()
        if isinstance(trouble, int):
            return trouble, b'{"message": "trouble"}'
        if trouble == "garbage":
            return 200, b"<html>{]"
        if trouble == "huge":
            return 200, b"[" + b" " * (20 << 20) + b"]"
        if trouble == "empty":
            return 200, b"[]"
        if self.token and (authorization or "").split(" ")[-1] != self.token:
            return 401, b'{"message": "token is required"}'
        return self.page(urllib.parse.urlsplit(path))

    def page(self, asked):
        if asked.path.lower() != f"/api/v1/repos/{self.owner}/{self.name}/commits".lower():
            return 404, b'{"message": "no such repo"}'
        query = {k: v[0] for k, v in urllib.parse.parse_qs(asked.query).items()}
        ref, size, page = query.get("sha", "main"), min(int(query.get("limit", 30)), self.cap), int(query.get("page", 1))
        if not git("for-each-ref", "--count=1", cwd=self.path):
            return 409, b'{"message": "Git Repository is empty."}'
        commit = ref if re.fullmatch("[0-9a-f]{40}", ref) else f"refs/heads/{ref}"
        try:
            ids = git("log", "--format=%H", f"--skip={(page - 1) * size}", "-n", str(size), commit, "--", cwd=self.path).split()
            total = git("rev-list", "--count", commit, "--", cwd=self.path).strip()
        except AssertionError:
            return 404, b'{"message": "no such branch"}'
        return 200, json.dumps([{"sha": sha, "parents": []} for sha in ids]).encode(), [("X-Total-Count", total)]
