"""A runner's half of the streaming protocol, as plainly as it can be written: open, append at offsets, finish.

It keeps what it has sent until it is told that it is durable, and goes on from there after whatever happened: a lost answer, a lost
connection, another server process on another port. What it was told once it believes for ever, and says when that turns out wrong.
"""
import contextlib
import ctypes
import http.client
import json
import os

import sluice_test as s

LINE = 64


class Wrong(Exception):
    """The server broke a promise."""


def text_of(name, n_bytes):
    """Lines that say which they are, so that a piece in the wrong place is seen, and do not compress to nothing."""
    lines, seed, length = [], name.encode(), 0
    while length < n_bytes:
        head = b"%s %d " % (seed, len(lines))
        lines.append(head + os.urandom(LINE // 2).hex().encode()[:LINE] + b"\n")
        length += len(lines[-1])
    return b"".join(lines)


def zstd(data):
    """One frame that tells its size."""
    lib = ctypes.CDLL("libzstd.so.1")
    lib.ZSTD_compressBound.restype = lib.ZSTD_compress.restype = ctypes.c_size_t
    room = ctypes.create_string_buffer(lib.ZSTD_compressBound(ctypes.c_size_t(len(data))))
    n = lib.ZSTD_compress(room, ctypes.c_size_t(len(room)), data, ctypes.c_size_t(len(data)), 1)
    return room.raw[:n]


def unzstd_file(path):
    """All frames of a file, one after the other; skippable ones are passed by."""
    lib = ctypes.CDLL("libzstd.so.1")
    lib.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
    with open(path, "rb") as f:
        data = f.read()
    out, at = [], 0
    while at < len(data):
        n = lib.ZSTD_findFrameCompressedSize(data[at:at + (2 << 20)], ctypes.c_size_t(min(len(data) - at, 2 << 20)))
        if data[at:at + 4] == b"\x28\xb5\x2f\xfd":
            out.append(s.unzstd(data[at:at + n]))
        elif data[at + 1:at + 4] == b"\x2a\x4d\x18":
            n = 8 + int.from_bytes(data[at + 4:at + 8], "little")
        else:
            raise Wrong(f"{path}: no frame at {at}")
        at += n
    return b"".join(out)


class Step:
    """One step to be streamed. text is all of it; acknowledged is how much of that the server has said is durable."""

    def __init__(self, name, text, compressed=False):
        self.name, self.text, self.compressed = name, text, compressed
        self.acknowledged = self.sent = 0
        self.id = None
        self.done = False

    def take(self, told):
        """An offset that the server told: never less than before, never more than was sent."""
        told = int(told)
        if told < self.acknowledged:
            raise Wrong(f"{self.name}: {self.acknowledged} bytes were durable, and now it is {told}")
        if told > self.sent:
            raise Wrong(f"{self.name}: {told} bytes are said to be durable, and {self.sent} were sent")
        self.acknowledged = told
        return told


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(status, body)
        self.status, self.body = status, body


class Client:
    """One connection. OSError or HTTPException: it broke, and nobody knows what became of the last call."""

    def __init__(self, port):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=s.DEADLINE)

    def close(self):
        self.http.close()

    def call(self, method, path, body, headers):
        self.http.request(method, path, body, {"Authorization": f"Bearer {s.INTERNAL}", **headers})
        answer = self.http.getresponse()
        return answer.status, answer.headers, answer.read()

    def json(self, path, body):
        return self.call("POST", path, json.dumps(body), {"Content-Type": "application/json"})

    def open(self, step):
        status, _, body = self.json("/internal/steps", s.post_of(head_sha="c" * 40, step_name=step.name, log_tail=None))
        if status not in (200, 201):
            raise Refused(status, body)
        told = json.loads(body)
        step.id = told["step_id"]
        return step.take(told["offset"]), told["state"]

    def append(self, step, at, n):
        """The offset to go on from: behind what was sent, or where the server says."""
        piece = step.text[at:at + n]
        step.sent = max(step.sent, at + len(piece))
        headers = {"Content-Type": "application/octet-stream", "Upload-Offset": str(at)}
        if step.compressed:
            piece, headers["Content-Encoding"] = zstd(piece), "zstd"
        status, told, body = self.call("PATCH", f"/internal/steps/{step.id}/log", piece, headers)
        if status not in (204, 409):
            raise Refused(status, body)
        durable = step.take(told["Upload-Offset"])
        return at + n if status == 204 else durable

    def finish(self, step, conclusion="failure"):
        """None: it is finished. Else the offset that bytes are missing from."""
        status, told, body = self.json(f"/internal/steps/{step.id}/finish",
                                       {"conclusion": conclusion, "exit_code": 1, "bytes": len(step.text)})
        if status not in (204, 409):
            raise Refused(status, body)
        durable = step.take(told["Upload-Offset"])
        if status == 409:
            return durable
        if durable != len(step.text):
            raise Wrong(f"{step.name}: finished with {durable} of {len(step.text)} bytes")
        step.done = True
        return None

    def stream(self, step, sizes):
        """All of a step, from wherever it stands. sizes(): how large the next piece is."""
        at, state = self.open(step)
        if state == "sealed" or state == "ended":
            if at != len(step.text):
                raise Wrong(f"{step.name}: {state} with {at} of {len(step.text)} bytes")
            step.done = True
        while not step.done:
            if at < len(step.text):
                at = self.append(step, at, min(sizes(), len(step.text) - at))
            else:
                at = self.finish(step)


@contextlib.contextmanager
def connected(port):
    client = Client(port)
    try:
        yield client
    finally:
        client.close()
