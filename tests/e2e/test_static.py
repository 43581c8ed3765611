#!/usr/bin/python3
"""sluice-run alone: the static executable in a root file system that has nothing else but a static shell, /etc/hosts and a certificate.

The folder is entered with chroot, as root or in a user namespace. The server is the real one, with TLS put in front of it by
Python's ssl: sluice-run speaks to https://ci.example, a name that only the folder's /etc/hosts knows. What is not there (the
executable, a static busybox, qemu for the other processor) is skipped, and the reason is told.
"""
import base64
import contextlib
import hashlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest

import sluice_test as s
from sluice_test import Case, REPO, new_sha

FOLDER = os.environ.get("SLUICE_RUN_FOLDER", os.path.join(s.ROOT, "build"))
OURS = os.uname().machine
OTHER = {"x86_64": "aarch64", "aarch64": "x86_64"}.get(OURS, "aarch64")
ENTER = ["chroot"] if os.geteuid() == 0 else ["unshare", "-r", "chroot"]
HOST = "ci.example"


def executable(arch):
    return os.path.join(FOLDER, f"sluice-run-linux-{arch}")


def built(arch):
    return os.access(executable(arch), os.X_OK)


def may_enter():
    """Can a folder be made the root here? Asked with the static busybox, which is needed anyway."""
    busybox = shutil.which("busybox")
    if not busybox:
        return False
    with tempfile.TemporaryDirectory() as root:
        shutil.copy(busybox, os.path.join(root, "busybox"))
        return subprocess.run([*ENTER, root, "/busybox", "true"], capture_output=True, check=False).returncode == 0


CAN_ENTER = may_enter()
NEEDS_ROOT = unittest.skipUnless(CAN_ENTER, "needs chroot or user namespaces, and a static busybox (Debian: busybox-static)")
NEEDS_OURS = unittest.skipUnless(built(OURS), f"build/sluice-run-linux-{OURS} is not there: make sluice-run builds it")


def openssl(*args, cwd):
    subprocess.run(["openssl", *args], cwd=cwd, check=True, capture_output=True)


def make_certificates(folder):
    """ca.pem signs server.pem, which is for HOST; other.pem has nothing to do with it."""
    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    openssl(*new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=an authority", cwd=folder)
    openssl(*new, "-keyout", "other.key", "-out", "other.pem", "-subj", "/CN=another authority", cwd=folder)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key", "-out", "server.csr",
            "-subj", "/CN=a server", cwd=folder)
    with open(os.path.join(folder, "ext"), "w", encoding="ascii") as f:
        f.write(f"subjectAltName=DNS:{HOST}\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "ext",
            "-out", "server.pem", cwd=folder)


class TlsFront:
    """Takes TLS on a port the kernel chose and hands what is inside to the port of a server."""

    def __init__(self, folder, port):
        self.behind = port
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(folder, "server.pem"), os.path.join(folder, "server.key"))
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, bare):
        with contextlib.suppress(OSError), self.context.wrap_socket(bare, server_side=True) as client, \
                socket.create_connection(("127.0.0.1", self.behind)) as server:
            back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
            back.start()
            self._pump(client, server)
            back.join()

    @staticmethod
    def _pump(source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


class Bare(Case):
    """A folder that is the root of sluice-run's world. (Without tests of its own: those of Promises are run in it.)"""

    arch = OURS
    qemu = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = tempfile.mkdtemp(prefix="sluice-static-")
        make_certificates(cls.certificates)
        cls.front = TlsFront(cls.certificates, cls.server.port)

    @classmethod
    def tearDownClass(cls):
        cls.front.close()
        shutil.rmtree(cls.certificates)
        super().tearDownClass()

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="sluice-root-", dir=self.server.folder)
        for source, name in ((executable(self.arch), "sluice-run"), (shutil.which("busybox"), "busybox"),
                             (os.path.join(self.certificates, "ca.pem"), "ca.pem"),
                             (os.path.join(self.certificates, "other.pem"), "other.pem"), (self.qemu, "qemu")):
            if source:
                shutil.copy(source, os.path.join(self.root, name))
        os.mkdir(os.path.join(self.root, "etc"))
        with open(os.path.join(self.root, "etc", "hosts"), "w", encoding="ascii") as f:
            f.write(f"127.0.0.1 {HOST}\n")
        with open(os.path.join(self.root, "etc", "nsswitch.conf"), "w", encoding="ascii") as f:
            f.write("hosts: mymachines dns\n")  # would load a module of this machine's libc, and not look into /etc/hosts
        self.sha = new_sha()

    def inside(self, *args, url=None, stdin=b"", **env):
        """sluice-run ARGS in there; nothing of our environment goes in."""
        known = {"SLUICE_URL": url or f"https://{HOST}:{self.front.port}", "SLUICE_TOKEN": s.INTERNAL, "SSL_CERT_FILE": "/ca.pem",
                 "GITHUB_REPOSITORY": REPO, "GITHUB_SHA": self.sha, "GITHUB_RUN_ID": "77", "GITHUB_JOB": "build", **env}
        program = ["/qemu", "/sluice-run"] if self.qemu else ["/sluice-run"]
        return subprocess.run([*ENTER, self.root, *program, *args], env={**known, "PATH": os.environ["PATH"]}, input=stdin,
                              capture_output=True, timeout=s.DEADLINE, check=False)


class Promises:
    """Of each processor."""

    def test_a_failure_in_an_empty_root_arrives_over_tls(self):
        done = self.inside("--step", "compile", "--", "/busybox", "sh", "-c", "echo to stdout; echo 'x.c:1: error: boom' >&2; exit 7")
        self.assertEqual((done.returncode, done.stdout), (7, b"to stdout\n"), done.stderr)
        self.assertEqual(done.stderr, b"x.c:1: error: boom\n")
        step = self.server.kept(self.sha)
        self.assertEqual(step["exit_code"], 7)
        self.assertIn("x.c:1: error: boom", str(step))

    def test_post_sends_a_log_that_exists(self):
        done = self.inside("post", "--step", "test", "-", stdin=b"FAILED one_of_them\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("FAILED one_of_them", str(self.server.kept(self.sha)))

    def test_a_secret_of_the_environment_does_not_leave(self):
        done = self.inside("--", "/busybox", "sh", "-c", "echo it is $DEPLOY_TOKEN; exit 1", DEPLOY_TOKEN="s3sam3-0p3n-d00r")
        self.assertEqual(done.returncode, 1)
        self.assertIn("it is ***", str(self.server.kept(self.sha)))

    def test_a_server_of_an_unknown_authority_hears_nothing(self):
        done = self.inside("--", "/busybox", "sh", "-c", "exit 3", SSL_CERT_FILE="/other.pem")
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"certificate", done.stderr)
        self.assertEqual(self.server.context(self.sha)["steps"], [])

    def test_a_name_that_nobody_knows_costs_a_line_and_not_the_build(self):
        done = self.inside("--", "/busybox", "true", url="https://nosuch.invalid")
        self.assertEqual(done.returncode, 0)
        done = self.inside("--", "/busybox", "sh", "-c", "exit 5", url="https://nosuch.invalid")
        self.assertEqual(done.returncode, 5)
        self.assertIn(b"nosuch.invalid:443: ", done.stderr)

    def test_a_machine_without_authorities_is_told_what_to_do(self):
        done = self.inside("--", "/busybox", "sh", "-c", "exit 5", SSL_CERT_FILE="")
        self.assertEqual(done.returncode, 5)
        self.assertIn(b"SSL_CERT_FILE", done.stderr)


@NEEDS_ROOT
@NEEDS_OURS
class OurProcessor(Promises, Bare):
    pass


@NEEDS_ROOT
@unittest.skipUnless(built(OTHER), f"build/sluice-run-linux-{OTHER} is not there: make sluice-run builds it where there is a cross compiler")
@unittest.skipUnless(shutil.which(f"qemu-{OTHER}-static"), "needs qemu for the other processor (Debian: qemu-user-static)")
class TheOtherProcessor(Promises, Bare):
    arch = OTHER
    qemu = shutil.which(f"qemu-{OTHER}-static")


@NEEDS_OURS
class FromTheServer(Case):
    """What doc/runner.md tells a job in a container to do."""

    config = f"[server]\n\tdownloads = {FOLDER}\n"

    def test_the_snippet_fetches_the_file_and_it_sends(self):
        with open(os.path.join(s.ROOT, "doc", "runner.md"), encoding="utf-8") as f:
            text = f.read().split("## In a container that has nothing")[1].split("\n## ")[0]
        script = textwrap.dedent(re.search(r"run: \|\n((?: {10}.*\n)+)", text).group(1))
        sha = new_sha()
        with tempfile.TemporaryDirectory() as home:
            env = s.clean_environment(home, {"SLUICE_URL": self.server.url, "SLUICE_TOKEN": s.INTERNAL, "GITHUB_REPOSITORY": REPO,
                                             "GITHUB_SHA": sha, "GITHUB_RUN_ID": "77", "GITHUB_JOB": "build", "TMPDIR": home})
            done = subprocess.run(["sh", "-e", "-c", script.replace("/usr/local/bin", home)], env=env, capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b"sluice-run-linux-" + OURS.encode() + b": OK", done.stdout)
            with open(os.path.join(home, "sluice-run"), "rb") as got, open(executable(OURS), "rb") as want:
                self.assertEqual(got.read(), want.read())
            done = subprocess.run([os.path.join(home, "sluice-run"), "--", "sh", "-c", "echo fetched and broken; exit 4"], env=env,
                                  capture_output=True, check=False)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("fetched and broken", str(self.server.kept(sha)))

    def test_the_answer_carries_the_digest_and_knows_who_has_it(self):
        path = f"/dl/sluice-run-linux-{OURS}"
        answer = self.server.request("GET", path)
        digest = hashlib.sha256(answer.body).digest()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["ETag"], f'"{digest.hex()}"')
        self.assertEqual(answer.headers["Repr-Digest"], f"sha-256=:{base64.b64encode(digest).decode()}:")
        again = self.server.request("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))


class TheFile(unittest.TestCase):
    """What can be told without running it."""

    def each(self):
        found = [a for a in (OURS, OTHER) if built(a)]
        if not found:
            self.skipTest("make sluice-run builds them")
        return found

    def test_it_needs_no_loader_and_no_library(self):
        for arch in self.each():
            headers = subprocess.run(["readelf", "-lWd", executable(arch)], capture_output=True, text=True, check=True).stdout
            self.assertNotIn("INTERP", headers)
            self.assertNotIn("(NEEDED)", headers)

    def test_it_is_loaded_anywhere_and_its_stack_does_not_run(self):
        for arch in self.each():
            headers = subprocess.run(["readelf", "-hlW", executable(arch)], capture_output=True, text=True, check=True).stdout
            self.assertIn("DYN", headers)
            self.assertRegex(headers, r"GNU_STACK.* RW ")
            self.assertIn("GNU_RELRO", headers)

    def test_it_is_small_enough_to_be_fetched_by_every_job(self):
        for arch in self.each():
            self.assertLess(os.path.getsize(executable(arch)), 6 * 1024 * 1024)


if __name__ == "__main__":
    sys.exit(s.main())
