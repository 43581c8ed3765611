#!/usr/bin/python3
"""A repo for members: who signs in through its forge sees it if they may read it there. The forge is a small one of the test's own."""
import http.client
import http.server
import json
import os
import re
import threading
import unittest
import urllib.parse

import sluice_test as s
from sluice_test import REPO, Server, eventually, new_sha, post_of


class Forge:
    """As Forgejo: the code flow, /user, /user/emails and /repos. `readable` is what its one person may read."""

    def __init__(self):
        forge = self
        self.readable, self.good, self.asked, self.scope = set(), "first", [], ""

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body=None, location=None):
                data = json.dumps(body if body is not None else {}).encode()
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                if url.path == "/login/oauth/authorize":
                    forge.scope = query["scope"]
                    back = urllib.parse.urlencode({"code": "a-code", "state": query["state"]})
                    return self.answer(302, location=f"{query['redirect_uri']}?{back}")
                if self.headers.get("Authorization") != f"Bearer {forge.good}":
                    return self.answer(401)
                if url.path == "/api/v1/user":
                    return self.answer(200, {"id": 7, "login": "ann"})
                if url.path == "/api/v1/user/emails":
                    return self.answer(200, [{"email": "ann@example.org", "verified": True, "primary": True}])
                forge.asked.append(url.path)
                return self.answer(200 if url.path.removeprefix("/api/v1/repos/") in forge.readable else 404)

            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                if form["grant_type"] == "refresh_token":
                    if form["refresh_token"] != "again":
                        return self.answer(400, {"error": "invalid_grant"})
                    forge.good = "second"
                return self.answer(200, {"access_token": forge.good, "token_type": "bearer", "refresh_token": "again"})

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Person:
    """Who follows redirects and keeps cookies, and no more."""

    def __init__(self):
        self.cookies = {}

    def get(self, url):
        """The status, the body, and where it led to."""
        for _ in range(10):
            at = urllib.parse.urlsplit(url)
            connection = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
            connection.request("GET", at.path + (f"?{at.query}" if at.query else ""),
                               headers={"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())})
            answer = connection.getresponse()
            body = answer.read().decode()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    self.cookies[key] = rest.split(";")[0]
            connection.close()
            if answer.status not in (302, 303):
                return answer.status, body, url
            url = urllib.parse.urljoin(url, answer.headers["Location"])
        raise AssertionError(f"redirects without end, at last to {url}")


class Members(unittest.TestCase):
    def setUp(self):
        self.forge = Forge()
        self.addCleanup(self.forge.close)
        self.server = Server().start()
        self.addCleanup(self.server.close)
        self.configure("true")
        self.server.must("repo", "add", "--forge", "home", REPO)
        self.server.must("repo", "set", "--visibility", "members", "--forge", "home", REPO)
        self.sha = new_sha()
        self.server.must_post(post_of(head_sha=self.sha, forge="home", log_tail="error: only members read this\n"))

    def configure(self, members):
        secret = os.path.join(self.server.folder, "client-secret")
        with open(secret, "w", encoding="utf-8") as f:
            f.write("the-client-secret\n")
        n = self.server.stderr.count("settings re-read")
        self.server.configure(
            f"[server]\n\tpublic-url = {self.server.url}\n[forge \"home\"]\n\turl = {self.forge.url}\n[oauth \"home\"]\n\tkind = forgejo\n"
            f"\turl = {self.forge.url}\n\tclient-id = sluice\n\tclient-secret-file = {secret}\n\tallow = *\n\tmembers = {members}\n")
        self.server.process.send_signal(1)
        eventually("the settings are read", lambda: self.server.stderr.count("settings re-read") > n)

    def sign_in(self):
        person = Person()
        status, page, _ = person.get(self.server.url + "/login")
        self.assertEqual(status, 200)
        way = re.search(r'href="(/oauth/home[^"]*)"', page).group(1)
        status, _, where = person.get(self.server.url + way.replace("&amp;", "&"))
        self.assertEqual((status, urllib.parse.urlsplit(where).path), (200, "/"))
        return person

    def sees(self, person):
        return "only members read this" in person.get(f"{self.server.url}/r/{REPO}/{self.sha}")[1]

    def test_who_may_read_it_there_sees_it_here_from_the_first_page_on(self):
        self.forge.readable = {REPO}
        person = self.sign_in()
        self.assertTrue(self.sees(person))
        self.assertEqual(self.forge.scope, "read:user read:repository")
        self.forge.readable = set()
        self.assertFalse(self.sees(self.sign_in()))
        self.assertFalse(self.sees(person))

    def test_who_may_not_does_not(self):
        self.assertFalse(self.sees(self.sign_in()))
        self.assertEqual(self.forge.asked, [f"/api/v1/repos/{REPO}"])

    def test_after_a_start_it_is_asked_again_with_a_token_that_is_refreshed(self):
        self.forge.readable = {REPO}
        person = self.sign_in()
        self.forge.readable, self.forge.good = set(), "second"
        self.server.stop()
        self.server.start()
        eventually("it is not seen any more", lambda: not self.sees(person))

    def test_without_the_setting_nobody_is_asked_and_nobody_sees_it(self):
        self.configure("false")
        self.forge.readable = {REPO}
        self.assertFalse(self.sees(self.sign_in()))
        self.assertEqual((self.forge.asked, self.forge.scope), ([], "read:user"))


if __name__ == "__main__":
    s.main()
