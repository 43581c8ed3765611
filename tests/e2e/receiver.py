"""A receiver of episodes as the shipper sees it, that answers what a test says.

Left alone it does what a receiver does: 201 for what is new, 200 for the same bytes again, 409 for others under that name, 422 when the digest does not match. What it is told
to do goes first: receiver.next(...) queues answers, each for one request; receiver.always(f) is asked with the request and gives one, or None.

An answer is Say, Drop, Hang or None. Only the standard library.
"""
import contextlib
import hashlib
import json
import socket
import ssl
import threading

DEADLINE = 60


class Say:
    """This status with this body (a dict is JSON), before the body of the request is read, or after it."""

    def __init__(self, status, body=None, after_body=False, **headers):
        self.status, self.after_body = status, after_body
        self.headers = {k.replace("_", "-"): str(v) for k, v in headers.items()}
        if isinstance(body, dict):
            self.headers.setdefault("Content-Type", "application/json")
            body = json.dumps(body)
        self.body = (body or "").encode()


class Drop:
    """The connection ends when so many bytes of the body have come."""

    def __init__(self, after=0):
        self.after = after


class Hang:
    """Nothing is said, until the receiver is let go or the client leaves."""


class Request:
    def __init__(self, line, headers):
        self.method, self.path, _ = line.split(" ", 2)
        self.headers = headers
        self.id = self.path.rsplit("/", 1)[-1].removesuffix(".tar.zst")
        self.length = int(headers.get("content-length", "0"))
        self.expects = headers.get("expect", "").lower() == "100-continue"
        self.body = bytearray()  # what of it came
        self.whole = False
        self.peer_name = None  # of the client's certificate
        self.status = None  # that was answered


def refusal(commit="0" * 40, head="f" * 40, text="update first:\n\n    git pull\n", behind=123, window=100):
    return {"code": "precondition_failed", "message": "what it was made with is not what is taken",
            "details": {"remediation": text, "your_commit": commit, "head_commit": head, "behind": behind, "window": window}}


class Receiver:
    def __init__(self, tls=None, expect=True):
        """tls: an ssl.SSLContext. expect=False: one that does not know Expect."""
        self.tls, self.expect = tls, expect
        self.lock = threading.Lock()
        self.requests, self.kept = [], {}
        self.created = {}  # path: how often it was 201
        self._next, self._always = [], None
        self._over = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.open, self.most_open = 0, 0  # bodies that come in at once
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self._over.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    # -- what the test says and asks

    def next(self, *answers):
        with self.lock:
            self._next += answers

    def always(self, f):
        with self.lock:
            self._always = f

    @property
    def n(self):
        with self.lock:
            return len(self.requests)

    def of(self, episode):
        with self.lock:
            return [r for r in self.requests if r.id == episode]

    def ids(self):
        """Of what is kept."""
        with self.lock:
            return {path.rsplit("/", 1)[-1].removesuffix(".tar.zst") for path in self.kept}

    # -- the connections

    def _accept(self):
        while not self._over.is_set():
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(c,), daemon=True).start()

    def _serve(self, c):
        c.settimeout(DEADLINE)
        with contextlib.suppress(OSError, ValueError, EOFError), c:
            if self.tls:
                c = self.tls.wrap_socket(c, server_side=True)
            with c, c.makefile("rb") as f:
                while self._one(c, f):
                    pass

    def _one(self, c, f):
        line = f.readline(8192).decode().strip()
        if not line:
            return False
        headers = {}
        while True:
            h = f.readline(8192).decode().rstrip("\r\n")
            if not h:
                break
            key, value = h.split(":", 1)
            headers[key.strip().lower()] = value.strip()
        r = Request(line, headers)
        if self.tls and c.getpeercert():
            r.peer_name = dict(x[0] for x in c.getpeercert()["subject"])["commonName"]
        with self.lock:
            answer, ask = (self._next.pop(0), None) if self._next else (None, self._always)
            self.requests.append(r)
        if ask:
            answer = ask(r)  # which may take its time
        return self._answer(c, f, r, answer)

    def _answer(self, c, f, r, answer):
        if isinstance(answer, Hang):
            c.settimeout(None)
            while not self._over.is_set() and f.read(1):
                pass
            return False
        if isinstance(answer, Say) and not answer.after_body:
            self._say(c, r, answer, close=r.length > 0)
            return False
        if r.expects and self.expect:
            c.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        with self.lock:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        try:
            want = r.length if not isinstance(answer, Drop) else min(r.length, answer.after)
            while len(r.body) < want:
                piece = f.read1(min(65536, want - len(r.body)))
                if not piece:
                    raise EOFError
                r.body += piece
        finally:
            with self.lock:
                self.open -= 1
        if isinstance(answer, Drop):
            return False
        r.whole = True
        self._say(c, r, answer or self._keep(r))
        return True

    def _keep(self, r):
        digest = hashlib.sha256(r.body).hexdigest()
        if r.headers.get("x-content-sha256") != digest:
            return Say(422, {"code": "unprocessable", "message": "the digest does not match", "details": {}})
        with self.lock:
            if r.path in self.kept:
                if self.kept[r.path] == r.body:
                    return Say(200, {"id": r.id, "sha256": digest})
                return Say(409, {"code": "conflict", "message": "other bytes have that name", "details": {}})
            self.kept[r.path] = bytes(r.body)
            self.created[r.path] = self.created.get(r.path, 0) + 1
        return Say(201, {"id": r.id, "sha256": digest})

    def _say(self, c, r, answer, close=False):
        r.status = answer.status
        head = {"Content-Length": len(answer.body), **answer.headers}
        if close:
            head["Connection"] = "close"
        text = f"HTTP/1.1 {answer.status} Said\r\n" + "".join(f"{k}: {v}\r\n" for k, v in head.items()) + "\r\n"
        c.sendall(text.encode() + answer.body)
        if close:
            with contextlib.suppress(OSError):  # so that the answer is read before the rest of what was sent resets it
                c.shutdown(socket.SHUT_WR)
                c.settimeout(5)
                while c.recv(65536):
                    pass
