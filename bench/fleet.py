"""What a fleet costs: B11 (a large episode), B12 (the gate, over HTTP), G1 (the gate's check alone).

B11 packs and receives one folder (bench/make_episode.py). Packing ends in a file, its rival's too, with the same sync behind it. Receiving is one PUT by curl to a real server, from when the headers
are sent to the 201; its rivals read the same archive from the page cache, and one of them does half of what the server has to.

B12 sends small episodes to four servers, to each a slice at a time, in turns whose order changes, so that what else the machine does meets all alike: two without a gate, which show what two alike differ
by; one with a gate over a repository on this machine, asked every second; and one whose forge told its commits once and has kept everybody waiting since.
"""
import contextlib
import http.server
import json
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

from servers import Sluice, Wrong, call, words

HERE = os.path.dirname(os.path.abspath(__file__))
MIB = 2**20
COMMITS, WINDOW = 300, 100
SMALL, SLICE, SMALL_BYTES, SMALL_CONNECTIONS = 1000, 50, 8192, 8
EACH_ROUND = 2  # of B12: what it looks for is small
DEADLINE = 60


def timed(*command):
    """Seconds: of the wall, of the processors."""
    before, begun = os.times(), time.monotonic()
    call(*command)
    wall, after = time.monotonic() - begun, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def synced(path):
    """Seconds until it is on the disk."""
    begun = time.monotonic()
    with open(path, "rb") as f:
        os.fsync(f.fileno())
    return time.monotonic() - begun


def size_of(folder):
    return sum(os.path.getsize(f"{where}/{name}") for where, _, names in os.walk(folder) for name in names)


def repository(folder):
    """One with COMMITS commits on main. Returns their ids, newest first."""
    call("git", "init", "-q", "--bare", "--initial-branch=main", folder)
    stream = "".join(f"commit refs/heads/main\ncommitter A <a@example.org> {1700000000 + i} +0000\ndata 2\nx\n\n" for i in range(COMMITS))
    subprocess.run(["git", "-C", folder, "fast-import", "--quiet"], input=stream, text=True, check=True)
    return call("git", "-C", folder, "log", "--format=%H", "main").split()


class Forge:
    """Tells the commits of a branch as Forgejo does, until it is silent: then it takes questions and never answers."""

    def __init__(self, ids):
        forge = self
        self.silent, self.held, self.over = False, threading.Event(), threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if forge.silent:
                    forge.held.set()
                    forge.over.wait()
                    return
                asked = {k: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).items()}
                size, page = min(int(asked["limit"]), 50), int(asked["page"])
                first = ids.index(asked["sha"]) if asked["sha"] in ids else 0
                body = json.dumps([{"sha": id_} for id_ in ids[first:][(page - 1) * size:page * size]]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


def metric(server, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as answer:
        found = re.search(rf"^{name} (\d+)".encode(), answer.read(), re.M)
    if not found:
        raise Wrong(f"the server has no {name}")
    return int(found.group(1))


def wait_for(what, done):
    until = time.monotonic() + DEADLINE
    while not done():
        if time.monotonic() > until:
            raise Wrong(f"{what}: not within {DEADLINE} s")
        time.sleep(0.05)


class Fleet:
    def __init__(self, bench):
        self.bench = bench

    # -- B11

    def b11(self):
        log = self.bench.long_log_for("B11")
        if not log:
            return
        with tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=self.bench.folder) as folder:
            call(f"{HERE}/make_episode.py", log, self.bench.log_bytes, 1, f"{folder}/episode")
            self.packing(folder, size_of(f"{folder}/episode"))
            self.receiving(f"{folder}/ours", size_of(f"{folder}/episode"))

    def packing(self, folder, size):
        """The archive that the last round leaves is folder/ours."""
        kept = {"ours": [], "theirs": []}
        commands = {"theirs": ["sh", "-c", 'tar -cf - -C "$1" episode | zstd -q -f -1 -T1 -o "$1/theirs"', "sh", folder],
                    "ours": [self.bench.program("pack"), f"{folder}/episode", f"{folder}/ours"]}
        for n in range(self.bench.rounds):
            for name in sorted(commands, reverse=n % 2 == 0):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{folder}/{name}")
                wall, cpu = timed(*commands[name])
                kept[name].append((size / wall / 1e6, size / (wall + synced(f"{folder}/{name}")) / 1e6, cpu / size * 2**30))
        m, line = statistics.median, self.bench.line
        ours, theirs = ([[one[i] for one in kept[name]] for i in range(3)] for name in ("ours", "theirs"))
        packed, by_zstd = os.path.getsize(f"{folder}/ours"), os.path.getsize(f"{folder}/theirs")
        line("B11", f"an episode of {size / MIB:,.0f} MiB, 3/4 logs, 1/4 random; packed", f"{packed / MIB:,.0f} MiB")
        line("B11", "rival: tar | zstd -1 -T1 to a file; and synced", f"{m(theirs[0]):,.0f}, {m(theirs[1]):,.0f} MB/s")
        line("B11", "packed and hashed to a file; and synced", f"{m(ours[0]):,.0f}, {m(ours[1]):,.0f} MB/s")
        self.bench.ratio("B11", "  against the rival", ours[0], theirs[0], 0.9)
        self.bench.ratio("B11", "  against the rival, both synced", ours[1], theirs[1], 0.9)
        line("B11", "processor time a GiB: rival, ours", f"{m(theirs[2]):.2f}, {m(ours[2]):.2f} s")
        line("B11", "size against the rival's", f"{packed / by_zstd:.3f} x")

    def receiving(self, archive, size):
        took, cpu = ({name: [] for name in ("ours", "zstd -t", "sha256sum")} for _ in range(2))
        grown = []
        digest = call("sha256sum", archive).split()[0]
        with Sluice(self.bench) as server:
            server.explained_post()  # the rules are compiled, which it does at its start, but when nothing else wants the processors
            for n in range(self.bench.rounds):
                for name, command in (("zstd -t", ["zstd", "-q", "-t", archive]), ("sha256sum", ["sha256sum", archive])):
                    wall, seconds = timed(*command)
                    took[name].append(wall)
                    cpu[name].append(seconds)
                before, idle = server.cpu_seconds(), server.anonymous_kib()
                with server.most_memory(grown):
                    took["ours"].append(self.put(server, archive, digest, n))
                cpu["ours"].append(server.cpu_seconds() - before)
                grown[-1] -= idle
        m, line = statistics.median, self.bench.line
        for name in ("zstd -t", "sha256sum"):
            line("B11", f"rival: {name} of the archive", f"{m(took[name]):.2f} s")
        line("B11", "received, checked, durable: from the headers to the 201", f"{m(took['ours']):.2f} s")
        slower = max(("zstd -t", "sha256sum"), key=lambda name: m(took[name]))
        self.bench.ratio("B11", f"  speed against the slower ({slower})", took[slower], took["ours"], 0.8)
        line("B11", "  against zstd -t, sha256sum", ", ".join(f"{m(took[name]) / m(took['ours']):.2f}" for name in ("zstd -t", "sha256sum")) + " x")
        line("B11", "processor time: zstd -t, sha256sum, the server", ", ".join(f"{m(cpu[name]):.2f}" for name in ("zstd -t", "sha256sum", "ours")) + " s")
        line("B11", f"the server, a GiB of what it unpacks to ({size / 2**30:.2f} GiB)", f"{m(cpu['ours']) / size * 2**30:.2f} s")
        line("B11", "anonymous memory of the server grows by", f"{m(grown) / 1024:.1f} MiB")

    @staticmethod
    def put(server, archive, digest, n):
        """Seconds from when the headers are sent."""
        got = words(call("curl", "-s", "-T", archive, "-o", "/dev/null", "-w", "status=%{http_code} before=%{time_pretransfer} total=%{time_total}",
                         "-H", f"Authorization: Bearer {server.admin}", "-H", f"X-Content-SHA256: {digest}", "-H", "X-Schema-Version: 1",
                         f"http://127.0.0.1:{server.port}/v1/episodes/lab-01/e{n}.tar.zst"))
        if got["status"] != 201:
            raise Wrong(f"an episode was answered {got['status']:.0f}")
        return got["total"] - got["before"]

    # -- B12

    def b12(self):
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=self.bench.folder))
            ids = repository(f"{folder}/rig.git")
            forge = stack.enter_context(Forge(ids))
            gate = f'[gate "fleet"]\n\twindow = {WINDOW}\n\trefresh = 1s\n\towner = acme\n\trepo = rig\n'
            servers = {"off": "", "off too": "", "on": f"{gate}\tpath = {folder}/rig.git\n",
                       "hangs": f"{gate}\turl = {forge.url}\n\tfallback-path =\n"}
            for name, more in servers.items():
                servers[name] = stack.enter_context(Sluice(self.bench, more=more))
            for name in ("on", "hangs"):
                wait_for("the gate's first window", lambda name=name: metric(servers[name], "sluice_gate_refreshes_total") > 0)
            for server in servers.values():
                server.explained_post()
            forge.silent = True
            wait_for("a question to the forge that hangs", forge.held.is_set)
            got = self.small_episodes(servers, self.small_archive(folder), ids)
        self.tell_b12(got)

    def small_archive(self, folder):
        os.makedirs(f"{folder}/small")
        with open(f"{folder}/small/meta.json", "w", encoding="utf-8") as f:
            json.dump({"robot": "arm-3"}, f)
        with open(f"{folder}/small/camera.bin", "wb") as f:
            f.write(os.urandom(SMALL_BYTES - 300))
        call(self.bench.program("pack"), f"{folder}/small", f"{folder}/small.tar.zst")
        return f"{folder}/small.tar.zst"

    def small_episodes(self, servers, archive, ids):
        got = {name: [] for name in servers}
        names, first = list(servers), 0

        def send(name, commit, kept):
            before = servers[name].cpu_seconds()
            one = words(call(self.bench.program("episodes"), "--port", servers[name].port, "--token", servers[name].admin, "--file", archive, "--commit", commit,
                             "--connections", SMALL_CONNECTIONS, "--count", SLICE, "--first", first, "--times", f"{archive}.{name}"))
            kept["cpu"] += servers[name].cpu_seconds() - before
            kept["slices"].append(one["seconds"])

        for n in range(EACH_ROUND * self.bench.rounds + 1):
            turn = {name: {"cpu": 0, "slices": []} for name in names}
            for _ in range(SMALL // SLICE):
                names = [*names[1:], names[0]]
                for name in names:
                    send(name, ids[n % WINDOW], turn[name])
                first += SLICE
            for name, kept in turn.items():
                with open(f"{archive}.{name}", encoding="ascii") as f:
                    times = sorted(int(line) for line in f)
                os.unlink(f.name)
                kept.update(rate=SMALL / sum(kept["slices"]), p50_us=times[len(times) // 2], p99_us=times[len(times) * 99 // 100], max_us=times[-1])
                if n > 0:  # before that there were neither folders nor threads
                    got[name].append(kept)
        return {name: {key: [one[key] for one in rounds] for key in rounds[0]} for name, rounds in got.items()}

    def against_off(self, what, got, name, goal=None):
        """Slice by slice, each against what the servers without a gate took for theirs at about that time."""
        took = {k: [one for slices in v["slices"] for one in slices] for k, v in got.items()}
        r = statistics.median(off / one for beside in ("off", "off too") if beside != name for one, off in zip(took[name], took[beside]))
        self.bench.line("B12", what, f"{r:.3f} x", goal and f">= {goal:g} x", goal and r >= goal)

    def tell_b12(self, got):
        m, line, ratio = statistics.median, self.bench.line, self.bench.ratio
        off = got["off"]
        line("B12", f"{SMALL:,} episodes of 8 KiB, {SMALL_CONNECTIONS} connections, without a gate", f"{m(off['rate']):,.0f}/s")
        self.against_off("  against another without: what two alike differ by", got, "off")
        line("B12", "with a gate over a repository here", f"{m(got['on']['rate']):,.0f}/s")
        self.against_off("  against without", got, "on", 0.98)
        line("B12", "the forge hangs, the window is known", f"{m(got['hangs']['rate']):,.0f}/s")
        self.against_off("  against without", got, "hangs", 0.98)
        line("B12", "processor time an episode: without, without, gate, hangs",
             ", ".join(f"{m(got[name]['cpu']) / SMALL * 1e6:.0f}" for name in ("off", "off too", "on", "hangs")) + " us")
        for key, name, goal in (("p50_us", "p50", 1.05), ("p99_us", "p99", 1.2)):
            line("B12", f"time of an answer, {name}: without, gate, hangs", ", ".join(f"{m(got[which][key]) / 1000:.2f}" for which in ("off", "on", "hangs")) + " ms")
            ratio("B12", "  hangs against without", got["hangs"][key], off[key] + got["off too"][key], goal, more=False)
        longest = max(got["hangs"]["max_us"]) / 1000
        line("B12", "the longest answer of all; the forge is given 15 s", f"{longest:,.0f} ms", "<= 1,000 ms", longest <= 1000)

    # -- G1

    def g1(self):
        got = []
        with tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=self.bench.folder) as folder:
            ids = "\n".join(repository(f"{folder}/rig.git"))
            for _ in range(self.bench.rounds):
                got.append(words(call(self.bench.program("gate"), f"{folder}/rig.git", min(self.bench.seconds, 1), input=ids)))
        m = {key: statistics.median(one[key] for one in got) for key in got[0]}
        self.bench.line("G1", "a commit of 2,000 hosts' headers is let in", f"{m['let_in_ns']:.0f} ns", "< 1,000 ns", m["let_in_ns"] < 1000)
        self.bench.line("G1", "one behind the window is refused, and told why and what to do", f"{m['refused_ns']:.0f} ns")
        self.bench.line("G1", "yardstick: SHA-256 of a token", f"{m['digest_ns']:.0f} ns")
