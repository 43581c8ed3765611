"""The servers that the benchmarks measure: Sluice, as `make install` would have it, and its rival, a PostgreSQL; and what runs programs and reads what they say."""
import contextlib
import glob
import json
import os
import pwd
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.request

INTERNAL = "internal-token-of-the-bench"
REPO = "acme/widget"
EXPLAINED_LOG = """src/part20.c:14:9: error: 'x' undeclared (first use in this function)
   14 |     x = 1;
      |     ^
make: *** [Makefile:7: part20.o] Error 1
"""


class Wrong(Exception):
    pass


def words(line):
    """posts=1 rate=2.5 -> {"posts": 1.0, "rate": 2.5}"""
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", line)}


def call(*args, **more):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise Wrong(f"{os.path.basename(str(args[0]))} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


class Sluice:
    """A server with a new database, as `make install` would have it but for the port."""

    def __init__(self, bench, preload=None, more=""):
        """more: further lines of its settings."""
        self.bench, self.preload, self.more = bench, preload, more
        self.folder = tempfile.mkdtemp(prefix="sluice-bench-", dir=bench.folder)
        self.conf = f"{self.folder}/sluice.conf"
        self.env = {"PATH": os.environ["PATH"], "HOME": self.folder}
        self.process, self.first = None, 0

    def __enter__(self):
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"[server]\n\tlisten = 127.0.0.1:0\n[store]\n\tdata = {self.folder}/data\n[internal]\n\ttoken = {INTERNAL}\n"
                    f"[limits]\n\treads = 0\n{self.more}")
        self.admin = json.loads(call(self.bench.sluice, "init", "--config", self.conf, "--json", env=self.env))["token"]
        self.start()
        call(self.bench.sluice, "repo", "add", REPO, env=self.cli_env)
        return self

    def __exit__(self, *exc):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        env = dict(self.env, LD_PRELOAD=self.preload) if self.preload else self.env
        self.process = subprocess.Popen([self.bench.sluice, "serve", "--config", self.conf], env=env, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
            if found:
                break
        else:
            raise Wrong(f"the server ended with {self.process.wait()}")
        self.port = int(found.group(1))
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self.cli_env = dict(self.env, SLUICE_URL=f"http://127.0.0.1:{self.port}", SLUICE_TOKEN=self.admin)

    def stop(self):
        if not self.process:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    @contextlib.contextmanager
    def database(self):
        """While the server is stopped."""
        db = sqlite3.connect(f"{self.folder}/data/sluice.db")
        try:
            yield db
            db.commit()
        finally:
            db.close()

    def repo_token(self):
        return json.loads(call(self.bench.sluice, "token", "create", "--name", "bench", "--scope", "logs:write", "--repo", REPO, "--json",
                               env=self.cli_env))["token"]

    def load(self, clients, token=INTERNAL, seconds=None):
        got = words(call(self.bench.program("load"), "--port", self.port, "--token", token, "--clients", clients,
                         "--seconds", seconds or self.bench.seconds, "--first", self.first))
        self.first += 1 << 32  # keys stay new
        return got

    def stream(self, log, streams=1, zstd=False, token=INTERNAL):
        before = self.cpu_seconds()
        got = words(call(self.bench.program("stream"), "--port", self.port, "--token", token, "--file", log, "--zstd", int(zstd),
                         "--streams", streams, "--first", self.first))
        self.first += streams
        got["cpu_s_gib"] = (self.cpu_seconds() - before) / got["bytes"] * 2**30
        return got

    def explained_post(self):
        """Posts the end of a log that says what broke, and waits until the server knows."""
        body = {"repo": REPO, "head_sha": "a" * 40, "run_id": "1", "job_name": "build", "step_name": "make", "conclusion": "failure", "exit_code": 2,
                "branch": "main", "log_tail": "".join(f"[{i}/180] compiling part{i}.c\n" for i in range(180)) + EXPLAINED_LOG}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/internal/ci-log", json.dumps(body).encode(),
                                         {"Content-Type": "application/json", "Authorization": f"Bearer {INTERNAL}"})
        urllib.request.urlopen(request, timeout=10).close()
        until = time.monotonic() + 30
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/data/sluice.db?mode=ro", uri=True)) as db:
            while db.execute("SELECT explained_at FROM step").fetchone()[0] == 0:
                if time.monotonic() > until:
                    raise Wrong("the step is not explained")
                time.sleep(0.05)

    def settle(self):
        """Waits until all steps that were sent are explained, so that nothing but what is measured takes processors and memory."""
        until = time.monotonic() + 120
        while True:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics") as answer:
                due = re.search(rb"^sluice_explain_due (-?\d+)", answer.read(), re.M)
            if due and int(due.group(1)) == 0:
                return
            if time.monotonic() > until:
                raise Wrong("steps still wait to be explained")
            time.sleep(0.1)

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            user, system = f.read().rsplit(")", 1)[1].split()[11:13]  # proc(5)
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def anonymous_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1))

    @contextlib.contextmanager
    def most_memory(self, kept):
        """While the block runs, looks every 20 ms; the most is appended to kept."""
        stop, most = threading.Event(), [0]

        def look():
            while not stop.wait(0.02):
                most[0] = max(most[0], self.anonymous_kib())

        looker = threading.Thread(target=look)
        looker.start()
        try:
            yield
        finally:
            stop.set()
            looker.join()
            kept.append(most[0])


class Postgres:
    """A PostgreSQL of its own in a temporary folder, on a unix socket, durable as it comes: fsync and synchronous_commit on."""

    def __init__(self, bench):
        self.bench, self.process, self.folder = bench, None, None
        self.bin = self.find()
        if not self.bin:
            raise Wrong("there is no PostgreSQL here (package postgresql-15)")
        if not os.path.exists(bench.program("pg")):
            raise Wrong("bench/pg was not built: libpq is missing (package libpq-dev)")

    @staticmethod
    def find():
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[-2]))
        return next((p for p in found if "/15/" in p), found[-1] if found else None)

    @staticmethod
    def user():
        """It refuses to run as root."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise Wrong("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")

    def __enter__(self):
        user = self.user()
        self.folder = tempfile.mkdtemp(prefix="sluice-bench-pg-", dir=self.bench.folder)
        more = {}
        if user:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            more = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": self.folder}
        call(f"{self.bin}/initdb", "-D", f"{self.folder}/data", "-U", "bench", "-A", "trust", "-E", "UTF8", env=env, cwd=self.folder, **more)
        self.process = subprocess.Popen(
            [f"{self.bin}/postgres", "-D", f"{self.folder}/data", "-k", self.folder, "-c", "listen_addresses=", "-c", "shared_buffers=256MB",
             "-c", "max_wal_size=4GB", "-c", "fsync=on", "-c", "synchronous_commit=on"],
            env=env, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
        until = time.monotonic() + 30
        while subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", self.folder], check=False).returncode != 0:
            if time.monotonic() > until or self.process.poll() is not None:
                raise Wrong("PostgreSQL did not start")
            time.sleep(0.05)
        return self

    def __exit__(self, *exc):
        if self.process:
            self.process.send_signal(signal.SIGINT)  # "fast": ends connections, stops
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def posts(self):
        return words(call(self.bench.program("pg"), f"host={self.folder} user=bench dbname=postgres", self.bench.seconds, 16))
