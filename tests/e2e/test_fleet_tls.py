#!/usr/bin/python3
"""The listener of hosts: who is let in by a certificate, who is not, and what is there for them."""
import calendar
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

import sluice_test as s
from certificates import SERVER, Authority
from sluice_test import SLUICE, Case, Server

PAST = ("20200101000000Z", "20200201000000Z")
FUTURE = ("20900101000000Z", "20900201000000Z")
WHOAMI = "/v1/fleet/whoami"
MIB = 1024 * 1024


class Fleet:
    """A CA, a certificate of the server, and the lines of the configuration that name them."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-e2e-tls-")
        self.ca = Authority(self.folder)
        self.server = self.ca.sign("server", usage=SERVER, names="IP:127.0.0.1")

    def config(self, certificate=None, key=None, client_ca=None, more=""):
        return (f"[fleet]\n\tlisten = 127.0.0.1:0\n\tcertificate = {certificate or self.server[0]}\n\tkey = {key or self.server[1]}\n"
                f"\tclient-ca = {client_ca or self.ca.certificate}\n{more}")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def port_of(server):
    return int(server.wait_for_line(r"listening on https://127\.0\.0\.1:(\d+)").group(1))


def dial(port):
    return socket.create_connection(("127.0.0.1", port), timeout=s.DEADLINE)


class FleetCase(Case):
    more = ""

    @classmethod
    def setUpClass(cls):
        cls.fleet = Fleet()
        cls.addClassCleanup(cls.fleet.close)
        cls.config = cls.fleet.config(more=cls.more)
        super().setUpClass()
        cls.port = port_of(cls.server)

    def tls(self, client):
        """A connection whose handshake is over."""
        return self.fleet.ca.context(client).wrap_socket(dial(self.port), server_hostname="127.0.0.1")

    def ask(self, client, method, path, body=None, headers=None):
        context = self.fleet.ca.context(client)
        with contextlib.closing(http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=s.DEADLINE)) as c:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return s.Answer(r.status, r.headers, r.read())

    def not_let_in(self, context):
        """What the client saw in place of an answer."""
        with dial(self.port) as raw:
            try:
                with context.wrap_socket(raw, server_hostname="127.0.0.1") as c:
                    c.sendall(f"GET {WHOAMI} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                    answer = c.recv(1000)
            except OSError as e:
                return str(e)
        self.assertEqual(answer, b"", "a host without a good certificate was answered")
        return ""

    def metric(self, name):
        for line in self.server.get("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return int(line.split()[1])
        raise AssertionError(name)


class WhoComesIn(FleetCase):
    def test_the_name_in_the_certificate_is_the_host(self):
        answer = self.ask(self.fleet.ca.sign("lab-07"), "GET", WHOAMI)
        self.assertEqual(answer.status, 200, answer)
        told = answer.json
        self.assertEqual((told["host"], told["by"]), ("lab-07", "certificate"))
        self.assertRegex(told["server_time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        there = calendar.timegm(time.strptime(told["server_time"][:19], "%Y-%m-%dT%H:%M:%S"))
        self.assertLess(abs(there - time.time()), 2 * s.DEADLINE)

    def test_without_a_cn_the_one_dns_name_is_the_host(self):
        for subject, names, host in (("/O=lab", "DNS:bench.lab", "bench.lab"), ("/O=lab", "IP:192.0.2.1,DNS:b2", "b2"),
                                     ("/CN=the-cn", "DNS:other", "the-cn"), ("/O=x/CN=in_the-middle/OU=y", "", "in_the-middle")):
            with self.subTest(subject, names=names):
                answer = self.ask(self.fleet.ca.sign("host", subject, names=names), "GET", WHOAMI)
                self.assertEqual(answer.json.get("host"), host, answer)

    def test_a_certificate_for_every_purpose_is_for_this_one_too(self):
        self.assertEqual(self.ask(self.fleet.ca.sign("any-purpose", usage=""), "GET", WHOAMI).json["host"], "any-purpose")

    def test_who_has_no_good_certificate_is_refused_in_the_handshake_and_diag_says_why(self):
        other = Authority(self.fleet.folder, "other")
        alike = Authority(self.fleet.folder, "alike")  # the same name as our CA, another key
        ca = self.fleet.ca
        cases = [
            ("another CA", other.sign("lab-07"), "signed by no CA"),
            ("a CA of the same name", alike.sign("lab-07"), "signed by no CA"),
            ("expired", ca.sign("lab-08", dates=PAST), "expired"),
            ("not yet good", ca.sign("lab-09", dates=FUTURE), "not good yet"),
            ("a server's", ca.sign("lab-10", usage=SERVER), "not made for clients"),
            ("no host", ca.sign("bad1", subject="/CN=-rf"), "which is no host"),
            ("a path", ca.sign("bad2", subject="/CN=..\\/..\\/etc"), "which is no host"),
            ("two names", ca.sign("bad3", subject="/CN=lab-01/CN=lab-02"), "more than one name"),
            ("two dNSNames", ca.sign("bad4", subject="/O=x", names="DNS:a,DNS:b"), "more than one name"),
            ("no name", ca.sign("bad5", subject="/O=x"), "no name"),
        ]
        for what, client, why in cases:
            with self.subTest(what):
                since = len(self.server.lines)
                before = self.metric("sluice_fleet_certificates_refused_total")
                self.assertRegex(self.not_let_in(ca.context(client)), "(?i)alert|EOF|reset|pipe|^$")
                self.server.wait_for_line(f"warning: a host at 127.0.0.1 is refused: .*{why}", since=since)
                self.assertEqual(self.metric("sluice_fleet_certificates_refused_total"), before + 1)
        self.assertEqual(self.ask(ca.sign("still-well"), "GET", WHOAMI).status, 200)

    def test_both_versions_of_tls_that_are_good_are_spoken_and_no_older_one(self):
        client = self.fleet.ca.sign("lab-11")
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            with self.fleet.ca.context(client, version, version).wrap_socket(dial(self.port), server_hostname="127.0.0.1") as c:
                self.assertEqual(c.version(), name)
        for highest, name in ((ssl.TLSVersion.TLSv1_1, None), (ssl.TLSVersion.TLSv1_2, "TLSv1.2")):
            context = self.fleet.ca.context(client, ssl.TLSVersion.TLSv1, highest)
            context.set_ciphers("ALL:@SECLEVEL=0")  # else this client would not offer it
            if not name:
                self.assertRegex(self.not_let_in(context), "(?i)alert protocol version|EOF|reset")
            else:
                with context.wrap_socket(dial(self.port), server_hostname="127.0.0.1") as c:
                    self.assertEqual(c.version(), name)

    def test_a_connection_serves_one_request_after_another(self):
        context = self.fleet.ca.context(self.fleet.ca.sign("lab-12"))
        with contextlib.closing(http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=s.DEADLINE)) as c:
            for _ in range(20):
                c.request("GET", WHOAMI)
                self.assertEqual(json.loads(c.getresponse().read())["host"], "lab-12")

    def test_http_without_tls_is_no_request_there(self):
        with dial(self.port) as c:
            c.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                self.assertNotIn(b"HTTP/1.1", c.recv(1000))
        self.assertEqual(self.ask(self.fleet.ca.sign("lab-13"), "GET", "/healthz").status, 200)


class WhoShowsNone(FleetCase):
    def test_who_shows_no_certificate_is_refused(self):
        for highest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(highest):
                since = len(self.server.lines)
                self.assertRegex(self.not_let_in(self.fleet.ca.context(highest=highest)), "(?i)alert|EOF|reset|pipe|^$")
                self.server.wait_for_line("a host at 127.0.0.1 is refused: it shows no certificate", since=since)


class WhatIsThere(FleetCase):
    def setUp(self):
        self.host = self.fleet.ca.sign("lab-20")

    def test_what_is_not_for_hosts_is_not_there_whatever_token_comes_with_it(self):
        for method, path in (("GET", "/api/v1/runs"), ("POST", "/internal/ci-log"), ("POST", "/api/v1/auth/tokens"), ("GET", "/metrics"),
                             ("GET", "/"), ("GET", "/login"), ("POST", "/login")):
            with self.subTest(path):
                answer = self.ask(self.host, method, path, headers={"Authorization": f"Bearer {self.server.admin}"})
                self.assertEqual(answer.status, 403, answer)
                self.assertIn("this listener takes episodes of hosts only", answer.text)
        for path in ("/healthz", "/readyz", "/openapi.yaml"):
            self.assertEqual(self.ask(self.host, "GET", path).status, 200)
        self.assertEqual(self.ask(self.host, "GET", "/nosuch").status, 404)

    def test_a_token_beside_the_certificate_changes_nothing(self):
        answer = self.ask(self.host, "GET", WHOAMI, headers={"Authorization": f"Bearer {self.server.admin}"})
        self.assertEqual((answer.json["host"], answer.json["by"]), ("lab-20", "certificate"))

    def test_a_refusal_reaches_who_is_still_sending(self):
        """Before the body, and with much of it on its way: a refusal must not be lost in a reset."""
        for method, path, status in (("GET", WHOAMI, 413), ("PUT", "/api/v1/blobs/" + "0" * 64, 403)):
            for expects in (b"", b"Expect: 100-continue\r\n"):
                with self.subTest(path, expects=expects), self.tls(self.host) as c:
                    c.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {64 * MIB}\r\n".encode() + expects + b"\r\n")
                    if not expects:
                        with contextlib.suppress(OSError):
                            for _ in range(12):
                                c.sendall(bytes(64 * 1024))
                    answer = http.client.HTTPResponse(c, method=method)
                    answer.begin()
                    body = json.loads(answer.read())
                    self.assertEqual(answer.status, status)
                    self.assertTrue(body["message"])
                    self.assertEqual(answer.headers["Connection"], "close")
                    self.assertEqual(c.recv(1), b"", "what ends is said to end")

    def test_the_other_listener_is_as_it_was(self):
        self.assertEqual(self.server.get("/api/v1/runs").status, 200)
        self.assertEqual(self.server.get(WHOAMI).json["by"], "token")
        self.assertIsNone(self.server.get(WHOAMI).json["host"])
        self.assertEqual(self.server.request("GET", WHOAMI).status, 401)
        bound = self.server.must("token", "create", "--host", "lab-21").strip()
        self.assertEqual(self.server.get(WHOAMI, bound).json["host"], "lab-21")
        self.assertEqual(self.server.get("/api/v1/runs", bound).status, 403)
        reader, _ = self.server.new_token("runs:read")
        self.assertEqual(self.server.get(WHOAMI, reader).status, 403)
        done = self.server.cli("token", "create", "--host", "-rf")
        self.assertEqual(done.returncode, 2, done)
        self.assertIn("host", done.stderr)


class Drips(FleetCase):
    """Only the sweeper would cut: the time for idleness is long."""

    more = "[server]\n\theader-time = 3\n\tidle-time = 3600\n"

    def setUp(self):
        self.host = self.fleet.ca.sign("lab-22")

    def test_who_drips_the_handshake_is_cut(self):
        hello = self.first_of_a_handshake()
        for part in (hello[:1], hello):
            with self.subTest(len(part)), dial(self.port) as c:
                before = self.metric("sluice_http_connections_cut_total")
                c.sendall(part)
                with contextlib.suppress(ConnectionError):
                    while c.recv(4096):
                        pass
                s.eventually("it is counted", lambda: self.metric("sluice_http_connections_cut_total") > before)

    def first_of_a_handshake(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.fleet.ca.context(self.host).wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        return outgoing.read()

    def test_who_drips_headers_is_cut(self):
        with self.tls(self.host) as c:
            before = self.metric("sluice_http_connections_cut_total")
            c.sendall(b"GET /healthz HTTP/1.1\r\n")
            with contextlib.suppress(OSError):
                while c.recv(4096):
                    pass
            s.eventually("it is counted", lambda: self.metric("sluice_http_connections_cut_total") > before)


class Silence(FleetCase):
    more = "[server]\n\tidle-time = 1\n\theader-time = 600\n"

    def test_who_says_nothing_at_all_is_let_go(self):
        with dial(self.port) as c:
            with contextlib.suppress(ConnectionError):
                while c.recv(100):
                    pass


class Life(unittest.TestCase):
    def setUp(self):
        self.fleet = Fleet()
        self.addCleanup(self.fleet.close)

    def refusal(self, config):
        server = Server(config=config, init=False)
        try:
            done = subprocess.run([SLUICE, "serve", "--config", server.conf], env=server.env, capture_output=True, text=True,
                                  timeout=s.DEADLINE, check=False)
            self.assertEqual(done.returncode, 10, done)
            return done.stderr
        finally:
            server.close()

    def test_a_file_that_is_wrong_is_named_with_its_setting(self):
        fleet, other = self.fleet, self.fleet.ca.sign("other")
        empty, gone = os.path.join(fleet.folder, "empty"), os.path.join(fleet.folder, "gone")
        locked = os.path.join(fleet.folder, "locked.key")
        with open(empty, "w", encoding="utf-8"):
            pass
        subprocess.run(["openssl", "pkey", "-in", fleet.server[1], "-aes256", "-passout", "pass:x", "-out", locked], check=True)
        for config, setting, path, why in (
                (fleet.config(certificate=gone), "fleet.certificate", gone, "No such file"),
                (fleet.config(key=gone), "fleet.key", gone, "No such file"),
                (fleet.config(client_ca=gone), "fleet.client-ca", gone, "No such file"),
                (fleet.config(client_ca=fleet.folder), "fleet.client-ca", fleet.folder, "no regular file"),
                (fleet.config(certificate=empty), "fleet.certificate", empty, "no certificate"),
                (fleet.config(client_ca=fleet.server[1]), "fleet.client-ca", fleet.server[1], "no certificate"),
                (fleet.config(key=fleet.server[0]), "fleet.key", fleet.server[0], "no key"),
                (fleet.config(key=locked), "fleet.key", locked, "passphrase"),
                (fleet.config(key=other[1]), "fleet.key", other[1], "not the key"),
        ):
            with self.subTest(setting, why=why):
                said = self.refusal(config)
                self.assertIn(setting, said)
                self.assertIn(path, said)
                self.assertIn(why, said)
                self.assertNotIn("PRIVATE KEY", said)

    def test_an_address_that_is_taken_is_named_with_its_setting(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.assertRegex(self.refusal(self.fleet.config().replace("127.0.0.1:0", f"127.0.0.1:{port}")), f"fleet.listen = 127.0.0.1:{port}")

    def test_who_is_being_served_is_answered_before_the_end_and_nobody_new_comes(self):
        with Server(config=self.fleet.config()) as server:
            port, host = port_of(server), self.fleet.ca.sign("lab-30")
            context = self.fleet.ca.context(host)
            with context.wrap_socket(dial(port), server_hostname="127.0.0.1") as c:
                c.sendall(f"GET {WHOAMI} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n".encode())
                self.assertTrue(c.recv(1000).startswith(b"HTTP/1.1 100 "))  # so it has begun
                server.process.send_signal(signal.SIGTERM)
                server.wait_for_line("SIGTERM: answering")
                c.sendall(b"0\r\n\r\n")
                answer = http.client.HTTPResponse(c)
                answer.begin()
                self.assertEqual(answer.status, 200)
                self.assertEqual(json.loads(answer.read())["host"], "lab-30")
            self.assertEqual(server.wait(), 0)
            with self.assertRaises(OSError):
                dial(port).close()

    def test_it_starts_again_on_the_same_address(self):
        with Server(config=self.fleet.config()) as server:
            host = self.fleet.ca.context(self.fleet.ca.sign("lab-31"))
            for _ in range(2):
                with host.wrap_socket(dial(port_of(server)), server_hostname="127.0.0.1") as c:
                    c.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                    self.assertIn(b" 200 ", c.recv(1000))
                server.stop()
                server.start()


if __name__ == "__main__":
    s.main()
