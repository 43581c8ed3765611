"""A fleet for the tests: hosts with a shipper each, archives as hosts make them or should not, and one address for a receiver that is killed and comes back elsewhere.

Lab is a folder of a host and its `sluice ship`; Front passes connections on to where the receiver is now; an_episode() and its like are bodies. Only the
standard library, and the library of zstd that the program links.
"""
import contextlib
import ctypes
import hashlib
import http.client
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import tempfile
import threading

import sluice_test as s
from sluice_test import eventually

QUICK = ("--retry-first", "20", "--retry-most", "60")
ENDING = ".tar.zst"


# -- bodies

_zstd = None


def zst(data, level=1):
    """One frame of it."""
    global _zstd
    if _zstd is None:
        _zstd = ctypes.CDLL("libzstd.so.1")
        for name in ("ZSTD_compressBound", "ZSTD_compress"):
            getattr(_zstd, name).restype = ctypes.c_size_t
    bound = _zstd.ZSTD_compressBound(ctypes.c_size_t(len(data)))
    out = ctypes.create_string_buffer(bound)
    n = _zstd.ZSTD_compress(out, ctypes.c_size_t(bound), bytes(data), ctypes.c_size_t(len(data)), ctypes.c_int(level))
    if n > bound:
        raise AssertionError("zstd does not compress")
    return out.raw[:n]


def entry(name, data=b"", kind=tarfile.REGTYPE, target="", size=None):
    """A header and its content, as bytes of a tar. size: what the header says, whatever comes."""
    t = tarfile.TarInfo(name)
    t.type, t.linkname, t.size = kind, target, len(data) if size is None else size
    return t.tobuf(tarfile.GNU_FORMAT) + data + b"\0" * (-len(data) % 512)


def meta_of(commit):
    return json.dumps({"schema_version": 3, "code_version": {"commit": commit}}).encode()


def an_episode(name, commit, *more, data=b"some data\n"):
    """What a host sends: a tar in zstd. more: entries behind those of every episode."""
    return zst(entry(f"{name}/meta.json", meta_of(commit)) + entry(f"{name}/data", data) + b"".join(more) + b"\0" * 1024)


def digest_of(body):
    return hashlib.sha256(body).hexdigest()


def put(server, host, name, body, commit, token=None, digest=None):
    """A host sends it, all at once. The answer."""
    return server.request("PUT", f"/v1/episodes/{host}/{name}{ENDING}", body, token=token or server.admin,
                          headers={"Content-Type": "application/zstd", "X-Content-SHA256": digest or digest_of(body), "X-Sluice-Code-Commit": commit})


# -- what lies at the receiver

def files_of(server):
    """Every file below DATA/episodes but the index, by its path there."""
    top = os.path.join(server.data, "episodes")
    found = {os.path.relpath(os.path.join(folder, name), top) for folder, _, names in os.walk(top) for name in names}
    return found - {"index.jsonl"}


def index_of(server):
    """Its lines, as (host, id): sha256; AssertionError when one is there twice."""
    found = {}
    with open(os.path.join(server.data, "episodes", "index.jsonl"), encoding="utf-8") as f:
        for line in map(json.loads, f):
            at = line["host"], line["id"]
            if at in found:
                raise AssertionError(f"{at} is in the index twice")
            found[at] = line["sha256"]
    return found


def listed(server, query=""):
    """All that the API lists, as (host, id): sha256."""
    found, cursor = {}, ""
    while cursor is not None:
        answer = server.get(f"/api/v1/episodes?limit=200{query}{cursor}")
        if answer.status != 200:
            raise AssertionError(f"no list: {answer}")
        for x in answer.json["data"]:
            found[x["host"], x["id"]] = x["sha256"]
        cursor = answer.json["next_cursor"] and f"&cursor={answer.json['next_cursor']}"
    return found


def verify(server):
    return s.run("verify", "--config", server.conf, home=server.folder)


# -- the address

class Front:
    """Listens where the hosts look; each connection goes on to .port, or ends when nobody is there."""

    def __init__(self):
        self.port = None  # of the receiver
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _accept(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(c,), daemon=True).start()

    def _serve(self, c):
        with c:
            try:
                there = socket.create_connection(("127.0.0.1", self.port), timeout=s.DEADLINE)
            except OSError:
                return
            with there:
                there.settimeout(None)
                back = threading.Thread(target=self._pass, args=(there, c), daemon=True)
                back.start()
                self._pass(c, there)
                back.join()

    @staticmethod
    def _pass(here, there):
        """Until one of them ends; a reset on one side is one on the other."""
        try:
            while piece := here.recv(65536):
                there.sendall(piece)
            there.shutdown(socket.SHUT_WR)
        except OSError:
            for x in (here, there):
                with contextlib.suppress(OSError):
                    x.shutdown(socket.SHUT_RDWR)


# -- a host

class Lab:
    """A host: its folder, and its shipper while that runs. args: how it finds and tells the receiver who it is."""

    def __init__(self, name, *args, token=""):
        self.name, self.args, self.token = name, args, token
        self.home = tempfile.mkdtemp(prefix=f"sluice-e2e-{name}-")
        self.folder = os.path.join(self.home, "lab")
        os.mkdir(self.folder)
        self.log = os.path.join(self.home, "log")
        self.process = None

    def close(self):
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def names(self, folder):
        folder = self.path(folder)
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []  # the shipper makes it

    def episode(self, name, commit, data=b"some data\n"):
        folder = self.path("episodes", name)
        os.makedirs(folder)
        for file, content in (("data", data), ("meta.json", meta_of(commit)), ("done.marker", b"")):
            with open(f"{folder}/{file}", "wb") as f:
                f.write(content)
        return name

    def mark(self, name):
        """What the shipper noted when the receiver had it; None: it has not yet."""
        try:
            with open(self.path("episodes", name, "shipped.marker"), encoding="utf-8") as f:
                return json.load(f)
        except FileNotFoundError:
            return None

    def arrives(self, *names):
        eventually(f"{names} of {self.name} arrive", lambda: all(self.mark(n) for n in names))

    def refusal(self, name):
        """What the receiver said of one in quarantine."""
        path = self.path("quarantine", f"{name}.answer.json")
        eventually(f"{name} of {self.name} is in quarantine", lambda: os.path.exists(path) and not os.path.exists(self.path("episodes", name)))
        with open(path, encoding="utf-8") as f:
            return json.load(f)

    # -- its shipper

    def command(self, *more):
        return [s.SLUICE, "ship", "--host", self.name, *QUICK, "--interval", "1", *self.args, *more, self.folder]

    @property
    def env(self):
        return s.clean_environment(self.home, {"SLUICE_TOKEN": self.token} if self.token else {})

    def start(self):
        with open(self.log, "ab") as f:
            self.process = subprocess.Popen(self.command(), env=self.env, stdin=subprocess.DEVNULL, stdout=f, stderr=f)
        return self

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self):
        self.process.terminate()
        code = self.process.wait(s.DEADLINE)
        self.process = None
        if code != 0 or s.SANITIZER.search(self.said):
            raise AssertionError(f"the shipper of {self.name} ended with {code}:\n{self.said}")

    def once(self):
        return subprocess.run(self.command("--once"), env=self.env, capture_output=True, text=True, timeout=s.DEADLINE, check=False)

    def requeue(self, *names):
        done = s.run("ship", "--requeue", self.folder, *names, home=self.home)
        if done.returncode != 0:
            raise AssertionError(f"sluice ship --requeue: {done.stderr}")

    @property
    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()


# -- an upload in pieces, on any connection

def head_of(host, name, digest, commit, token=None, length=None, expects=False):
    """Of a PUT: in chunks when it has no length."""
    lines = [f"PUT /v1/episodes/{host}/{name}{ENDING} HTTP/1.1", "Host: x", "Content-Type: application/zstd", f"X-Content-SHA256: {digest}",
             f"X-Sluice-Code-Commit: {commit}", "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += ["Expect: 100-continue"] if expects else []
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunk(piece):
    """The empty one is the last."""
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def answer_of(c):
    r = http.client.HTTPResponse(c, method="PUT")
    r.begin()
    return s.Answer(r.status, r.headers, r.read())


def is_told_to_go_on(c):
    """After a head that expects it."""
    told = b""
    while not told.endswith(b"\r\n\r\n"):
        piece = c.recv(1)
        if not piece:
            raise ConnectionResetError(told)
        told += piece
    return told.startswith(b"HTTP/1.1 100 ")
