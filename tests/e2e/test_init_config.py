#!/usr/bin/python3
"""From nothing to a server that runs: init, the configuration and its mistakes, signals."""
import contextlib
import json
import os
import pty
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import unittest

import sluice_test as s
from sluice_test import INTERNAL, KeepAlive, Server, new_sha, post_of


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-e2e-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.conf = os.path.join(self.folder, "etc", "sluice.conf")
        self.data = os.path.join(self.folder, "data")

    def run_sluice(self, *args, env=None, cwd=None):
        return s.run(*args, env=env, home=self.folder, cwd=cwd)

    def init(self, *args, env=None):
        done = self.run_sluice("init", "--json", *args, env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


class Init(Folder):
    def test_init_makes_the_folder_the_config_file_and_an_admin_token(self):
        made = self.init("--config", self.conf, "--data", self.data, "--email", "root@example.org")
        self.assertTrue(os.path.exists(os.path.join(self.data, "sluice.db")))
        self.assertTrue(os.path.exists(self.conf))
        self.assertEqual((made["data"], made["config"], made["email"]), (self.data, self.conf, "root@example.org"))
        self.assertRegex(made["token"], r"^slc_[A-Za-z0-9_-]{43}$")

    def test_the_folder_is_for_its_owner_alone_and_so_is_what_holds_secrets(self):
        self.init("--config", self.conf, "--data", self.data)
        self.assertEqual(stat.S_IMODE(os.stat(self.data).st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(os.stat(self.conf).st_mode) & 0o007, 0)

    def test_a_second_init_changes_nothing_and_prints_no_token(self):
        first = self.init("--config", self.conf, "--data", self.data)
        with open(self.conf, "rb") as f:
            before = f.read()
        second = self.init("--config", self.conf, "--data", self.data)
        self.assertIsNone(second["token"])
        with open(self.conf, "rb") as f:
            self.assertEqual(f.read(), before)
        self.assertNotIn(first["token"], self.run_sluice("init", "--config", self.conf).stdout)

    def test_another_token_is_made_when_asked_for(self):
        first = self.init("--config", self.conf, "--data", self.data)
        second = self.init("--config", self.conf, "--data", self.data, "--new-token")
        self.assertRegex(second["token"], r"^slc_")
        self.assertNotEqual(second["token"], first["token"])

    def test_the_token_is_printed_once_and_kept_nowhere(self):
        token = self.init("--config", self.conf, "--data", self.data)["token"]
        for folder, _, names in os.walk(self.folder):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    self.assertNotIn(token.encode(), f.read(), name)

    def test_the_config_file_may_be_named_by_the_environment(self):
        self.init("--data", self.data, env={"SLUICE_CONFIG": self.conf})
        self.assertTrue(os.path.exists(self.conf))

    def test_without_any_file_the_data_lies_where_the_system_says(self):
        for env, want in (({"STATE_DIRECTORY": f"{self.folder}/state"}, "state"), ({"XDG_DATA_HOME": f"{self.folder}/xdg"}, "xdg/sluice"),
                          ({}, ".local/share/sluice")):
            with self.subTest(want):
                self.assertEqual(self.init(env=env)["data"], f"{self.folder}/{want}")
                self.assertTrue(os.path.exists(f"{self.folder}/{want}/sluice.db"))

    def test_the_file_it_writes_is_the_example_every_setting_in_it_commented_out(self):
        self.init("--config", self.conf, "--data", self.data)
        with open(self.conf, encoding="utf-8") as f:
            text = f.read()
        for name in ("listen", "token-file", "value", "reads", "writes", "post-bytes", "tail-lines", "tail-bytes", "mode", "interval", "log-days"):
            self.assertRegex(text, rf"(?m)^\s*[#;]\s*{name} =")
        active = [line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] not in "#;["]
        self.assertEqual([line.split(" = ")[0] for line in active], ["data"])

    def test_git_config_reads_and_edits_the_file(self):
        git = shutil.which("git")
        if not git:
            self.skipTest("there is no git here")
        self.init("--config", self.conf, "--data", self.data)
        subprocess.run([git, "config", "-f", self.conf, "limits.reads", "7"], check=True)
        told = subprocess.run([git, "config", "-f", self.conf, "store.data"], check=True, capture_output=True, text=True).stdout.strip()
        self.assertEqual(told, self.data)
        self.assertIn("7", next(line for line in self.run_sluice("config", "--config", self.conf).stdout.splitlines() if "limits.reads" in line))

    def test_a_folder_that_cannot_be_made_is_named(self):
        with open(f"{self.folder}/file", "w", encoding="ascii"):
            pass
        done = self.run_sluice("init", "--data", f"{self.folder}/file/data")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"{self.folder}/file", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_the_token_works_on_the_server_that_is_started_next(self):
        server = Server()
        with server:
            self.assertEqual(server.get("/api/v1/repos").status, 200)


class MistakesInTheConfig(Folder):
    def start_with(self, text, *args):
        os.makedirs(os.path.dirname(self.conf), exist_ok=True)
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"[store]\n\tdata = {self.data}\n[server]\n\tlisten = 127.0.0.1:0\n" + text)
        done = self.run_sluice("serve", "--config", self.conf, *args)
        self.assertEqual(done.returncode, 10, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        return done.stderr

    def test_an_unknown_name_stops_the_start_with_the_file_and_the_nearest_name(self):
        for text, wrong, near in (("[limits]\n\tread = 5\n", "limits.read", "limits.reads"), ("[sever]\n\tlisten = x\n", "sever.listen", "server.listen"),
                                  ("[janitor]\n\tlogdays = 5\n", "janitor.logdays", "janitor.log-days"), ("[limits]\n\ttail-byte = 5\n", "limits.tail-byte", "limits.tail-bytes")):
            with self.subTest(wrong):
                told = self.start_with(text)
                self.assertIn(self.conf, told)
                self.assertIn(f'"{wrong}"', told)
                self.assertRegex(told, rf"\b{re.escape(near)}\b(?!\")")

    def test_a_wrong_value_stops_the_start_with_file_name_and_what_would_be_right(self):
        for text, name, right in (("[limits]\n\treads = many\n", "limits.reads", "whole number"), ("[limits]\n\treads = -1\n", "limits.reads", "0"),
                                  ("[limits]\n\tpost-bytes = 64q\n", "limits.post-bytes", "size"), ("[limits]\n\ttail-lines = 0\n", "limits.tail-lines", "1"),
                                  ("[janitor]\n\tmode = sometimes\n", "janitor.mode", "heal dry-run off"), ("[janitor]\n\tinterval = 0\n", "janitor.interval", "1"),
                                  ("[janitor]\n\tlog-days = 1.5\n", "janitor.log-days", "whole number"), ("[janitor]\n\tlog-days = 99999999999999999999\n", "janitor.log-days", "36500"),
                                  ("[mask]\n\tvalue = ab\n", "mask.value", "3"), ("[internal]\n\ttoken =\n", "internal.token", "empty"),
                                  ("[server]\n\tlisten = nowhere\n", "server.listen", ":"), ("[server]\n\tlisten = 127.0.0.1:99999\n", "server.listen", "65535"),
                                  ('[forge "a b"]\n\turl = https://x.example\n', "forge", "a b"), ("[janitor]\n\tskip = nosuch\n", "janitor.skip", "log_retention")):
            with self.subTest(text):
                told = self.start_with(text)
                self.assertIn(self.conf, told)
                self.assertIn(name, told)
                self.assertIn(right, told)

    def test_what_does_not_parse_is_told_with_its_line(self):
        told = self.start_with("[limits\n\treads = 5\n")
        self.assertIn(self.conf, told)
        self.assertRegex(told, r"\b[56]\b")

    def test_a_wrong_secret_is_not_repeated_in_the_message(self):
        told = self.start_with("[mask]\n\tvalue = ~~\n")  # characters that no folder of ours has in its name
        self.assertNotIn("~", told.replace(self.conf, ""))
        self.assertIn("mask.value", told)

    def test_a_file_that_is_not_there_is_told_with_the_remedy(self):
        done = self.run_sluice("serve", "--config", f"{self.folder}/nosuch.conf")
        self.assertEqual(done.returncode, 10)
        self.assertIn("nosuch.conf", done.stderr)
        self.assertIn("sluice init", done.stderr)

    def test_a_setting_on_the_command_line_is_checked_too(self):
        done = self.run_sluice("serve", "--set", "limits.reads=many")
        self.assertEqual(done.returncode, 10)
        self.assertIn("limits.reads", done.stderr)

    def test_a_port_that_is_taken_is_told(self):
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
            port = taken.getsockname()[1]
            done = self.run_sluice("serve", "--set", f"store.data={self.data}", "--set", f"server.listen=127.0.0.1:{port}")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(port), done.stderr)


class ConfigInForce(Folder):
    def test_config_shows_every_setting_and_no_secret(self):
        os.makedirs(os.path.dirname(self.conf))
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write("[internal]\n\ttoken = sentinel-of-internal\n[mask]\n\tvalue = sentinel-of-mask\n[limits]\n\treads = 77\n")
        done = self.run_sluice("config", "--config", self.conf)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("sentinel", done.stdout + done.stderr)
        self.assertIn("77", done.stdout)
        for name in ("server.listen", "store.data", "limits.writes", "limits.post-bytes", "janitor.mode", "janitor.log-days"):
            section, key = name.split(".")
            self.assertTrue(name in done.stdout or (f"[{section}]" in done.stdout and key in done.stdout), name)


class Signals(unittest.TestCase):
    def server(self, config="", **options):
        server = Server(config, **options)
        self.addCleanup(server.close)
        server.__enter__()
        return server

    def test_sigterm_stops_with_exit_code_0(self):
        server = self.server()
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)

    def test_sigint_stops_as_well(self):
        server = self.server()
        server.process.send_signal(signal.SIGINT)
        self.assertEqual(server.wait(), 0)

    def test_sigterm_lets_what_is_under_way_be_answered(self):
        server = self.server()
        body = json.dumps(post_of()).encode()
        with contextlib.closing(KeepAlive(server.port)) as k:
            k.socket.sendall(f"POST /internal/ci-log HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {INTERNAL}\r\nContent-Type: application/json\r\n"
                             f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            self.assertEqual(k.answer()[0], 100)  # so the request is under way
            k.socket.sendall(body[:20])
            server.process.send_signal(signal.SIGTERM)
            server.wait_for_line("SIGTERM")
            k.socket.sendall(body[20:])
            self.assertEqual(k.answer()[0], 204)
        self.assertEqual(server.wait(), 0)
        self.assertEqual(server.count("step"), 1)

    def test_while_it_drains_nobody_new_is_let_in(self):
        server = self.server()
        with contextlib.closing(KeepAlive(server.port)) as k:
            k.socket.sendall(b"POST /internal/ci-log HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + INTERNAL.encode() +
                             b"\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n")
            self.assertEqual(k.answer()[0], 100)
            server.process.send_signal(signal.SIGTERM)

            def refused():
                try:
                    socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
                except OSError:
                    return True
                return False

            s.eventually("the listener is closed", refused)
            self.assertIsNone(server.process.poll())
            server.process.send_signal(signal.SIGTERM)
            server.wait()

    def test_connections_that_keep_coming_do_not_spoil_the_end(self):
        server, over = self.server(), threading.Event()

        def knock():
            while not over.is_set():
                try:
                    with socket.create_connection(("127.0.0.1", server.port), timeout=1) as c:
                        c.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                        c.recv(100)
                except OSError:
                    over.wait(0.001)

        knockers = [threading.Thread(target=knock) for _ in range(4)]
        for knocker in knockers:
            knocker.start()
        try:
            for _ in range(10):
                server.stop()
                server.start()
        finally:
            over.set()
            for knocker in knockers:
                knocker.join()

    def test_a_second_sigterm_stops_at_once(self):
        server = self.server()
        with contextlib.closing(KeepAlive(server.port)) as k:
            k.socket.sendall(b"POST /internal/ci-log HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + INTERNAL.encode() +
                             b"\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n")
            self.assertEqual(k.answer()[0], 100)
            server.process.send_signal(signal.SIGTERM)
            server.wait_for_line("SIGTERM")
            self.assertIsNone(server.process.poll())  # it waits for us
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(5), 128 + signal.SIGTERM)

    def test_sighup_changes_a_limit_without_a_restart(self):
        server = self.server()
        token, _ = server.new_token("repos:manage")
        self.assertEqual({server.get("/api/v1/repos", token=token).status for _ in range(10)}, {200})
        server.configure("[limits]\n\treads = 3\n")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_line("settings re-read")
        token, _ = server.new_token("repos:manage")
        self.assertEqual([server.get("/api/v1/repos", token=token).status for _ in range(4)], [200, 200, 200, 429])

    def test_sighup_changes_what_is_masked(self):
        server, sha = self.server(), new_sha()
        server.must_post(post_of(head_sha=sha, log_tail="a new-secret-value b"))
        self.assertEqual(server.kept_text(sha), "a new-secret-value b")
        server.configure("[mask]\n\tvalue = new-secret-value\n")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_line("settings re-read")
        server.must_post(post_of(head_sha=sha, log_tail="a new-secret-value b"))
        self.assertEqual(server.kept_text(sha), "a *** b")

    def test_sighup_with_a_wrong_file_keeps_the_old_settings_and_says_why(self):
        server = self.server()
        server.configure("[limits]\n\treadz = 3\n")
        server.process.send_signal(signal.SIGHUP)
        self.assertIn("limits.readz", server.wait_for_line("settings not re-read.*").group(0))
        self.assertEqual(server.post().status, 204)

    def test_sighup_says_what_waits_for_a_restart(self):
        server = self.server()
        server.configure("[server]\n\tlisten = 127.0.0.1:1\n")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_line("server.listen.*restart")
        self.assertEqual(server.post().status, 204)

    def test_the_service_manager_is_told_when_it_is_ready_and_when_it_stops(self):
        folder = tempfile.mkdtemp(prefix="sluice-e2e-")
        self.addCleanup(shutil.rmtree, folder)
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as notify:
            notify.bind(folder + "/notify")
            notify.settimeout(s.DEADLINE)
            server = self.server(env={"NOTIFY_SOCKET": folder + "/notify"})
            self.assertIn(b"READY=1", notify.recv(4096))
            server.process.send_signal(signal.SIGTERM)
            self.assertIn(b"STOPPING=1", notify.recv(4096))
            self.assertEqual(server.wait(), 0)

    def test_what_was_stored_is_there_after_a_restart(self):
        server, sha = self.server(), new_sha()
        server.must_post(post_of(head_sha=sha))
        server.stop()
        server.start()
        self.assertEqual(server.kept_text(sha), "error: it broke")

    def test_a_second_server_on_the_same_folder_is_refused_and_told_who_has_it(self):
        first = self.server()
        second = Server(data=first.data, init=False)
        self.addCleanup(second.close)
        second.start(wait=False)
        self.assertNotEqual(second.wait(), 0)
        self.assertIn(first.data, second.stderr)
        self.assertIn(str(first.process.pid), second.stderr)
        self.assertEqual(first.post().status, 204)

    def test_init_beside_a_running_server_changes_nothing_and_says_who_has_the_folder(self):
        server = self.server()
        done = s.run("init", "--config", server.conf, "--new-token", home=server.folder)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(server.process.pid), done.stderr)


class CommandLine(Folder):
    def test_help_and_version_are_on_stdout_and_succeed(self):
        for args in (["help"], ["--help"], ["--version"], ["version"], ["help", "serve"], ["serve", "--help"], ["init", "--help"]):
            with self.subTest(args):
                done = self.run_sluice(*args)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout)

    def test_every_command_of_the_help_has_help(self):
        names = re.findall(r"(?m)^  (\w+) ", self.run_sluice("help").stdout)
        self.assertGreaterEqual(set(names), {"init", "serve", "config", "repo", "token", "janitor", "run", "post", "context"})
        for name in names:
            with self.subTest(name):
                self.assertEqual(self.run_sluice("help", name).returncode, 0)

    def test_mistakes_are_one_line_on_stderr_and_exit_code_2(self):
        for args in (["nosuch"], ["serve", "--nosuch"], ["init", "--data"], ["run"], ["post"], ["context"], ["repo"], ["repo", "nosuch"], ["token", "create", "--nosuch"]):
            with self.subTest(args):
                done = self.run_sluice(*args)
                self.assertEqual(done.returncode, 2, done)
                self.assertEqual(done.stdout, "")
                self.assertTrue(done.stderr)

    def test_nothing_is_coloured_where_no_terminal_is(self):
        self.assertNotIn("\x1b", self.run_sluice("help").stdout)

    def test_a_server_that_is_not_there_is_told_with_where_it_was_sought(self):
        done = self.run_sluice("context", "acme/widget", "a" * 40, env={"SLUICE_URL": "http://127.0.0.1:1", "SLUICE_TOKEN": "slc_x"})
        self.assertEqual(done.returncode, 9, done.stderr)
        self.assertIn("127.0.0.1:1", done.stderr)
        self.assertNotIn("slc_x", done.stderr)


class OnATerminal(unittest.TestCase):
    """A person's: headings, columns, bold. A pipe gets rows with tabs and nothing else."""

    def on_terminal(self, server, *args, **env):
        ours, theirs = pty.openpty()
        with open(ours, "rb", buffering=0) as screen:
            process = subprocess.Popen([s.SLUICE, *args], stdin=theirs, stdout=theirs, stderr=theirs,
                                       env={**server.env, "SLUICE_URL": server.url, "SLUICE_TOKEN": server.admin, "TERM": "xterm", **env})
            os.close(theirs)
            seen = b""
            with contextlib.suppress(OSError):  # EIO: the other side is closed
                while piece := screen.read(4096):
                    seen += piece
            self.assertEqual(process.wait(s.DEADLINE), 0, seen)
        return seen.decode()

    def test_headings_are_bold_there_and_nowhere_else(self):
        with Server() as server:
            self.assertIn("\x1b[1mID", self.on_terminal(server, "repo", "list", NO_COLOR=""))
            for env in ({"NO_COLOR": "1"}, {"NO_COLOR": "", "TERM": "dumb"}):
                plain = self.on_terminal(server, "repo", "list", **env)
                self.assertNotIn("\x1b", plain)
                self.assertIn("WATCHED SINCE", plain)
            piped = server.must("repo", "list", env={"NO_COLOR": "", "TERM": "xterm"})
            self.assertNotIn("\x1b", piped)
            self.assertEqual(piped.count("\t"), 4)


if __name__ == "__main__":
    s.main()
