#!/usr/bin/python3
"""People sign in: a real Chromium, a real OpenID provider (oidc-provider), the real program. What is right, denied, forged, replayed, slow and down."""
import os
import threading
import time
import unittest
import urllib.parse

import browser
import oidc_provider
import sluice_test as s
from sluice_test import DEADLINE, Server, eventually

SECRET = "the-client-secret-of-the-tests"
PATIENCE = 15  # SIGNIN_TOTAL_MS


def missing():
    if not browser.find():
        return "there is no Chromium (tools/deps check installs it)"
    return oidc_provider.why_not()


WHY = missing()


class Person(browser.Browser):
    """A browser with somebody in front of it."""

    def see(self, what, condition):
        """Waits for a page of which the expression is true. While one page makes room for another there is nothing to ask."""
        def look():
            try:
                return self.run(condition)
            except AssertionError as e:
                if "context" in str(e) or "navigated" in str(e):
                    return False
                raise
        return eventually(what, look)

    def open(self, url):
        """The page that is there has come to its end first: else the end of it would be taken for that of the next."""
        self.see("the page before", "document.readyState == 'complete'")
        super().open(url)

    def arrive(self, path):
        """At a page of this path, loaded."""
        self.see(f"to be at {path}, not at {self.where()}", f"location.pathname == {path!r} && document.readyState == 'complete'")

    def where(self):
        try:
            return self.run("location.href")
        except AssertionError:
            return "nowhere"

    def click(self, selector):
        self.run(f"document.querySelector({selector!r}).click()")

    @property
    def text(self):
        return self.see("a page", "document.readyState == 'complete' && document.body && document.body.textContent")

    def type(self, **fields):
        for name, value in fields.items():
            self.run(f"document.querySelector('[name={name}]').value = {value!r}")

    def called(self, part):
        """The newest address with that part that was gone to."""
        found = [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return next(url for url in reversed(found) if part in url)

    def go_to_provider(self, url):
        self.open(url)
        self.click("a.button")
        self.see("the provider's login page", "!!document.querySelector('[name=password]') && location.pathname.startsWith('/interaction/')")

    def log_in_there(self, name):
        self.type(login=name, password="whatever")
        self.click("form [type=submit]")
        self.see("the question whether it is right", "document.body && document.body.textContent.includes('Authorize')")

    def sign_in(self, server, name, path="/login?return=/account", arrive="/account"):
        self.go_to_provider(server.url + path)
        self.log_in_there(name)
        self.click("form [type=submit]")
        self.arrive(arrive)


@unittest.skipIf(WHY and os.environ.get("OFFLINE") == "1", str(WHY))
class SignIn(unittest.TestCase):
    def setUp(self):
        self.assertIsNone(WHY, "cannot be run (OFFLINE=1 goes on without)")
        self.server = Server(config="[server]\n\tthreads = 2\n").start()
        self.addCleanup(self.server.close)
        self.provider = oidc_provider.Provider(f"{self.server.url}/oauth/idp/callback")
        self.addCleanup(self.provider.__exit__)
        self.configure("allow = @example.org")

    def configure(self, *lines):
        secret = os.path.join(self.server.folder, "client-secret")
        with open(secret, "w", encoding="utf-8") as f:
            f.write(SECRET + "\n")
        self.server.configure(
            f"[server]\n\tthreads = 2\n\tpublic-url = {self.server.url}\n[oauth \"idp\"]\n\tkind = oidc\n\turl = {self.provider.issuer}\n"
            f"\tclient-id = sluice\n\tclient-secret-file = {secret}\n" + "".join(f"\t{line}\n" for line in lines))
        n = self.server.stderr.count("settings re-read")
        self.server.process.send_signal(1)
        eventually("the settings are read", lambda: self.server.stderr.count("settings re-read") > n)

    def person(self):
        p = Person()
        self.addCleanup(p.close)
        return p

    def users(self):
        return self.server.query("SELECT email, role FROM users ORDER BY id")

    # -- right

    def test_whoever_may_come_is_signed_in_and_out(self):
        ann = self.person()
        ann.open(self.server.url + "/account")
        ann.arrive("/login")
        ann.sign_in(self.server, "ann")
        self.assertIn("ann@example.org", ann.text)
        self.assertIn(("ann@example.org", "user"), self.users())
        cookies = {c["name"]: c for c in ann.call("Network.getAllCookies")["cookies"] if c["name"].startswith("sluice")}
        self.assertEqual(set(cookies), {"sluice", "sluice-form"})  # that of the way is gone
        self.assertTrue(cookies["sluice"]["httpOnly"])
        self.assertEqual(cookies["sluice"]["sameSite"], "Lax")
        self.assertEqual(ann.run("document.cookie"), "")
        self.assertEqual([c for c in ann.complaints() if self.server.url in str(c)], [])
        kept = dict(cookies["sluice"])
        ann.click("form[action='/logout'] button")
        ann.arrive("/login")
        ann.call("Network.setCookie", name="sluice", value=kept["value"], url=self.server.url)
        ann.open(self.server.url + "/account")
        ann.arrive("/login")  # what was kept of it opens nothing

    def test_the_redirect_carries_pkce_state_and_nonce_and_no_secret(self):
        ann = self.person()
        ann.go_to_provider(self.server.url + "/login")
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(ann.called("/auth?")).query))
        self.assertEqual(query["code_challenge_method"], "S256")
        self.assertEqual(query["redirect_uri"], f"{self.server.url}/oauth/idp/callback")
        for name in ("state", "nonce", "code_challenge"):
            self.assertRegex(query[name], r"^[A-Za-z0-9_-]{43}$")
        self.assertNotIn(SECRET, ann.called("/auth?"))

    def test_whoever_has_a_password_signs_in_with_it(self):
        made = self.server.request("POST", "/api/v1/users", {"email": "bob@example.org", "password": "correct horse battery"}, token=self.server.admin)
        self.assertEqual(made.status, 201)
        bob = self.person()
        bob.open(self.server.url + "/steps/7?level=error")
        bob.arrive("/login")
        bob.type(email="bob@example.org", password="wrong horse")
        bob.click("form button.main")
        bob.see("that it was wrong", "document.body && document.body.textContent.includes('the password is wrong')")
        self.assertEqual(bob.run("document.querySelector('[name=email]').value"), "bob@example.org")
        bob.type(password="correct horse battery")
        bob.click("form button.main")
        bob.arrive("/steps/7")
        self.assertEqual(bob.run("location.search"), "?level=error")
        bob.open(self.server.url + "/account")
        self.assertIn("bob@example.org", bob.text)
        # Whoever is disabled is out at once.
        off = self.server.request("PATCH", f"/api/v1/users/{made.json['user_id']}", {"state": "disabled"}, token=self.server.admin)
        self.assertEqual(off.status, 200)
        bob.open(self.server.url + "/account")
        bob.arrive("/login")

    def test_who_is_signed_in_ties_an_account_that_has_another_address(self):
        made = self.server.request("POST", "/api/v1/users", {"email": "bob@elsewhere.example", "password": "correct horse battery"}, token=self.server.admin)
        self.assertEqual(made.status, 201)
        bob = self.person()
        bob.open(self.server.url + "/login?return=/account")
        bob.type(email="bob@elsewhere.example", password="correct horse battery")
        bob.click("form button.main")
        bob.arrive("/account")
        bob.click("form[action='/account/logins/idp'] button")
        bob.arrive("/account/logins/idp")
        bob.click("a.button")
        bob.see("the provider's login page", "!!document.querySelector('[name=password]') && location.pathname.startsWith('/interaction/')")
        bob.log_in_there("ann")
        bob.click("form [type=submit]")
        bob.arrive("/account")
        self.assertIn("bob@elsewhere.example", bob.text)
        self.assertFalse(bob.run("!!document.querySelector(\"form[action='/account/logins/idp']\")"))
        self.assertEqual([c for c in bob.complaints() if self.server.url in str(c)], [])
        ann = self.person()  # from now on it is the way in of bob
        ann.sign_in(self.server, "ann")
        self.assertIn("bob@elsewhere.example", ann.text)
        self.assertEqual([email for email, _ in self.users()], ["root@example.org", "bob@elsewhere.example"])

    def test_roles_come_from_groups(self):
        self.configure("allow = @example.org", "role = contributor:ops")
        ops, ann = self.person(), self.person()
        ops.sign_in(self.server, "ops1")
        ann.sign_in(self.server, "ann")
        self.assertIn(("ops1@example.org", "contributor"), self.users())
        self.assertIn(("ann@example.org", "user"), self.users())

    def test_another_browser_is_signed_out_from_the_account_page(self):
        here, there = self.person(), self.person()
        there.sign_in(self.server, "ann")
        here.sign_in(self.server, "ann")
        here.click("form[action='/account/sessions/revoke-others'] button")
        here.arrive("/account")
        there.open(self.server.url + "/account")
        there.arrive("/login")
        here.open(self.server.url + "/account")
        here.arrive("/account")

    # -- denied

    def test_whoever_may_not_come_is_told_what_to_ask_for(self):
        self.configure("allow = @elsewhere.example", "allow = org:dev")
        ann = self.person()
        ann.sign_in(self.server, "ann", arrive="/oauth/idp/callback")
        self.assertIn("ann may not come in", ann.text)
        self.assertIn('[oauth "idp"]', ann.text)
        self.assertEqual([u for u in self.users() if "ann" in u[0]], [])
        un = self.person()
        self.configure("allow = *")
        un.sign_in(self.server, "unverified", arrive="/oauth/idp/callback")
        self.assertIn("no verified e-mail address", un.text)

    def test_whoever_says_no_at_the_provider_is_not_signed_in(self):
        ann = self.person()
        ann.go_to_provider(self.server.url + "/login")
        ann.click("a[href$='/abort']")
        ann.arrive("/oauth/idp/callback")
        self.assertIn("was told not to let you sign in", ann.text)
        ann.click("main a[href='/login']")
        ann.arrive("/login")

    # -- forged and replayed

    def test_a_state_that_is_wrong_or_another_browsers_is_refused(self):
        ann, mallory = self.person(), self.person()
        ann.open(f"{self.server.url}/oauth/idp/callback?code=x&state=y")
        self.assertIn("not begun in this browser", ann.text)
        mallory.go_to_provider(self.server.url + "/login")
        state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(mallory.called("/auth?")).query))["state"]
        ann.open(f"{self.server.url}/oauth/idp/callback?code=x&state={state}")
        self.assertIn("not begun in this browser", ann.text)
        ann.open(self.server.url + "/account")
        ann.arrive("/login")

    def test_a_code_that_was_used_is_refused_by_us_and_by_the_provider(self):
        ann = self.person()
        ann.sign_in(self.server, "ann")
        callback = ann.called("/oauth/idp/callback?")
        code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(callback).query))["code"]
        iss = urllib.parse.quote(self.provider.issuer, safe="")
        ann.open(callback)
        self.assertIn("used already", ann.text)
        other = self.person()
        other.go_to_provider(self.server.url + "/login")
        state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(other.called("/auth?")).query))["state"]
        other.open(f"{self.server.url}/oauth/idp/callback?code={code}&state={state}&iss={iss}")
        self.assertIn("does not take the code", other.text)
        other.open(self.server.url + "/account")
        other.arrive("/login")

    def test_an_answer_without_the_issuer_that_sends_it_is_refused(self):
        ann = self.person()
        ann.go_to_provider(self.server.url + "/login")
        state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(ann.called("/auth?")).query))["state"]
        ann.open(f"{self.server.url}/oauth/idp/callback?code=x&state={state}")
        self.assertIn("not from idp", ann.text)

    # -- slow and down

    def test_a_slow_provider_is_given_up_and_keeps_nobody_else_waiting(self):
        ann = self.person()
        ann.go_to_provider(self.server.url + "/login")
        ann.log_in_there("ann")
        self.provider.tell("slow")
        began = time.monotonic()
        ann.click("form [type=submit]")
        eventually("the sign-in is under way", lambda: self.server.count("sign_in") and
                   self.server.query("SELECT count(*) FROM sign_in WHERE used_at > 0")[0][0] == 1)
        waiting = [threading.Thread(target=self.come_back_from_slow) for _ in range(4)]  # twice as many as there are workers
        for thread in waiting:
            thread.start()
        eventually("all are under way", lambda: self.server.query("SELECT count(*) FROM sign_in WHERE used_at > 0")[0][0] == 5)
        slowest = 0
        while time.monotonic() < began + 5:
            at = time.monotonic()
            self.assertEqual(self.server.get("/healthz").status, 200)
            slowest = max(slowest, time.monotonic() - at)
        self.assertLess(slowest, 2)
        ann.arrive("/oauth/idp/callback")
        self.assertIn("idp could not be asked", ann.text)
        self.assertLess(time.monotonic() - began, PATIENCE + DEADLINE / 4)
        for thread in waiting:
            thread.join()
        self.provider.tell("fast")
        ann.open(self.server.url + "/login?return=/account")
        ann.click("a.button")  # the provider knows her still
        ann.arrive("/account")

    def come_back_from_slow(self):
        """A sign-in without a browser, whose code the provider is asked about."""
        out = self.server.request("GET", "/oauth/idp/start")
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(out.headers["Location"]).query))
        answer = {"code": "x", "state": query["state"], "iss": self.provider.issuer}
        self.server.request("GET", "/oauth/idp/callback?" + urllib.parse.urlencode(answer),
                            headers={"Cookie": out.headers["Set-Cookie"].split(";")[0]})

    def test_a_provider_that_is_down_is_told_as_that(self):
        ann, early = self.person(), self.person()
        early.go_to_provider(self.server.url + "/login")
        state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(early.called("/auth?")).query))["state"]
        iss = urllib.parse.quote(self.provider.issuer, safe="")
        self.provider.kill()
        early.open(f"{self.server.url}/oauth/idp/callback?code=x&state={state}&iss={iss}")
        self.assertIn("idp could not be asked", early.text)
        self.assertIn("Another server did not answer", early.text)
        self.server.stop()  # what is known of the provider goes with it
        self.server.start()
        self.configure("allow = @example.org")
        ann.open(self.server.url + "/login")
        ann.click("a.button")
        ann.arrive("/oauth/idp/start")
        self.assertIn("idp could not be asked", ann.text)

    # -- nothing is left lying about

    def test_no_secret_of_a_sign_in_is_kept_in_the_clear(self):
        ann = self.person()
        ann.sign_in(self.server, "ann")
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(ann.called("/oauth/idp/callback?")).query))
        cookie = next(c["value"] for c in ann.call("Network.getAllCookies")["cookies"] if c["name"] == "sluice")
        for where, text in self.server.everything().items():
            if where.endswith("client-secret"):
                continue
            for what, secret in (("code", query["code"]), ("state", query["state"]), ("cookie", cookie), ("client secret", SECRET)):
                self.assertNotIn(secret.encode(), text, f"the {what} lies in {where}")


if __name__ == "__main__":
    s.main()
