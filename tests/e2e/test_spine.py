#!/usr/bin/python3
"""The one-shot post, from outside: who may send, what is refused and how, what is kept, and that a retry never doubles."""
import base64
import contextlib
import json
import os
import socket
import threading
import unittest

import sluice_test as s
from sluice_test import INTERNAL, REPO, Case, KeepAlive, Server, new_sha, post_of


class FieldsOfAPost(Case):
    def test_a_post_of_the_five_needed_fields_is_stored_before_it_is_answered(self):
        before = self.server.count("step")
        post = post_of()
        self.assertEqual(self.server.post(post).status, 204)
        self.assertEqual(self.server.count("step"), before + 1)
        self.assertEqual(self.server.kept_text(post["head_sha"]), "error: it broke")

    def test_an_answer_204_has_no_body(self):
        answer = self.server.post()
        self.assertEqual((answer.status, answer.body), (204, b""))

    def test_each_missing_field_is_named(self):
        for field in ("repo", "head_sha", "run_id", "step_name", "log_tail"):
            with self.subTest(field):
                self.names_field(self.server.post(post_of(**{field: None})), field)

    def test_each_malformed_field_is_named(self):
        good = new_sha()
        for field, values in {
            "repo": ["", "acme", "acme/", "/widget", "acme/widget/x", "acme/wid get", "./widget", "acme/..", "../widget", "acme/.",
                     "acme/wídget", "a" * 50 + "/" + "b" * 50, 7, None, ["acme/widget"], "acme/widget\n"],
            "head_sha": ["", "abc", good[:-1], good + "0", "g" * 40, "a" * 63, "a" * 65, 1, None, good + "\n"],
            "run_id": ["", 1.5, True, None, [], {}],
            "step_name": ["", 1, None, []],
            "log_tail": [1, None, ["a"], {"a": "b"}, True],
            "forge": ["nosuch", 1, "not a name"],
            "job_id": [1.5, True, []],
            "job_name": [1, []],
            "leg": [1, {}],
            "step_index": [-1, "one", 1.5, True],
            "workflow": [1, []],
            "attempt": [-1, "two", 1.5],
            "conclusion": ["fail", "FAILURE", "", 1, "neutral"],
            "exit_code": ["x", 1.5, True],
            "branch": [1, []],
            "pull_request": [0, -1, "twelve", 1.5],
            "url": [1, []],
            "platform": [1, "solaris"],
            "dropped_lines": [-1, "x", 1.5],
            "dropped_bytes": [-1, "x", 1.5],
        }.items():
            for value in values:
                post = post_of()
                post[field] = value
                with self.subTest(field=field, value=value):
                    self.names_field(self.server.post(json.dumps(post).encode()), field)

    def test_a_field_nobody_knows_is_named(self):
        self.names_field(self.server.post(post_of(log_tial="x")), "log_tial")

    def test_all_wrong_fields_are_named_at_once(self):
        details = self.refused(self.server.post(post_of(head_sha="abc", attempt=-1, log_tail=None)), 400, "validation_error")
        self.assertEqual(set(details["fields"]), {"head_sha", "attempt", "log_tail"})

    def test_every_optional_field_is_kept_and_read_back(self):
        post = post_of(head_sha=new_sha(64), run_id=981, forge="default", job_id="77", job_name="build (gcc)", leg='{"cc":"gcc"}',
                       step_index=3, workflow="ci.yml", attempt=2, conclusion="timed_out", exit_code=124, branch="topic/x",
                       pull_request=12, url="https://forge.example/acme/widget/actions/runs/981", platform="windows",
                       dropped_lines=1940, dropped_bytes=99000)
        self.server.must_post(post)
        step = self.server.kept(post["head_sha"])
        told = json.dumps(step)
        for value in ("build (gcc)", "ci.yml", "timed_out", "topic/x", "981", post["url"]):
            self.assertIn(value, told)
        self.assertEqual((step["exit_code"], step["dropped_lines"], step["dropped_bytes"], step["attempt"]), (124, 1940, 99000, 2))
        self.assertEqual(self.server.query("SELECT platform FROM job WHERE id = (SELECT max(id) FROM job)"), [("windows",)])

    def test_a_repo_of_a_hundred_characters_is_good(self):
        repo = "a" * 49 + "/" + "b" * 50
        self.server.must("repo", "add", repo)
        self.server.must_post(post_of(repo=repo))

    def test_a_run_id_is_the_same_as_a_string_or_as_an_integer(self):
        post = post_of(run_id="4711")
        before = self.server.count("run")
        self.server.must_post(post)
        self.server.must_post(post, run_id=4711)
        self.assertEqual(self.server.count("run"), before + 1)

    def test_a_run_id_beyond_64_bits_is_kept_as_text_or_refused_by_name_but_never_changed(self):
        big = "1" + "0" * 30
        post = post_of(run_id=big)
        self.server.must_post(post)
        self.assertIn(big, json.dumps(self.server.context(post["head_sha"])))
        self.names_field(self.server.post(json.dumps(post_of(run_id=int(big))).encode()), "run_id")

    def test_a_commit_in_capitals_is_the_same_commit(self):
        sha = new_sha().replace("a", "b")
        self.server.must_post(post_of(head_sha=sha))
        self.server.must_post(post_of(head_sha=sha.upper()))
        self.assertEqual(len(self.server.context(sha)["steps"]), 1)

    def test_repos_are_found_without_regard_to_case(self):
        sha = new_sha()
        self.server.must_post(post_of(repo=REPO.upper(), head_sha=sha))
        self.assertEqual(len(self.server.context(sha)["steps"]), 1)

    def test_the_status_of_a_commit_is_fail_when_a_step_failed(self):
        sha = new_sha()
        self.server.must_post(post_of(head_sha=sha))
        self.assertEqual(self.server.context(sha)["status"], "fail")


class BodyOfAPost(Case):
    def raw(self, body, kind="application/json"):
        return self.server.post(body, headers={"Content-Type": kind})

    def test_what_is_no_json_object_is_400(self):
        for body in (b"", b"x", b"[]", b'"text"', b"null", b"{", b"{'repo': 1}", b'{"repo": NaN}', b'{"a":1,"a":2}', b'{"a\\u0000b":1}',
                     b'{"a":1} {"b":2}', b'{"repo": "acme/widget",}', b"[" * 60000, b'{"a":' * 40 + b"1" + b"}" * 40, b"\xff\xfe{}"):
            with self.subTest(body[:30]):
                self.refused(self.raw(body), 400, "validation_error")

    def test_a_type_that_is_not_json_is_415(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
            with self.subTest(kind):
                self.refused(self.raw(json.dumps(post_of()).encode(), kind), 415, "unsupported_media_type")

    def test_json_with_a_charset_and_in_any_case_is_taken(self):
        for kind in ("application/json; charset=utf-8", "Application/JSON"):
            with self.subTest(kind):
                self.assertEqual(self.raw(json.dumps(post_of()).encode(), kind).status, 204)

    def post_with_tail(self, raw):
        """A post whose log_tail is these bytes between the quotes; what is kept of it."""
        post = post_of(log_tail="@")
        self.assertEqual(self.raw(json.dumps(post).encode().replace(b'"@"', b'"' + raw + b'"')).status, 204)
        return self.server.kept_text(post["head_sha"])

    def test_invalid_bytes_lone_surrogates_and_nuls_become_replacement_characters(self):
        self.assertEqual(self.post_with_tail(b"a\xffb"), "a\ufffdb")
        self.assertEqual(self.post_with_tail(b"a\\ud800b"), "a\ufffdb")
        self.assertEqual(self.post_with_tail(b"a\\u0000b"), "a\ufffdb")
        self.assertEqual(self.post_with_tail(b"a\xe2\x82b"), "a\ufffdb")
        self.assertEqual(self.post_with_tail(b"\\ud83d\\ude00"), "\U0001f600")

    def test_invalid_bytes_in_a_name_are_400(self):
        body = json.dumps(post_of(step_name="@")).encode().replace(b'"@"', b'"a\x00b"')
        self.refused(self.raw(body), 400, "validation_error")


class SizeOfAPost(Case):
    LIMIT = 65536

    def sized(self, size):
        body = json.dumps(post_of(log_tail="@")).encode()
        return body.replace(b"@", b"x" * (size - len(body) + 1))

    def test_a_body_of_64_kib_is_taken(self):
        self.assertEqual(self.server.post(self.sized(self.LIMIT)).status, 204)

    def test_a_body_of_one_byte_more_is_413(self):
        self.refused(self.server.post(self.sized(self.LIMIT + 1)), 413, "payload_too_large")

    def connect(self):
        k = KeepAlive(self.server.port)
        self.addCleanup(k.close)
        return k

    HEAD = (f"POST /internal/ci-log HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {INTERNAL}\r\n"
            "Content-Type: application/json\r\n").encode()

    def test_a_length_over_the_limit_is_413_before_any_of_the_body(self):
        k = self.connect()
        k.socket.sendall(self.HEAD + b"Content-Length: 10000000\r\n\r\n")
        self.assertEqual(k.answer()[0], 413)

    def test_a_length_over_the_limit_is_413_without_being_asked_to_continue(self):
        k = self.connect()
        k.socket.sendall(self.HEAD + b"Expect: 100-continue\r\nContent-Length: 10000000\r\n\r\n")
        self.assertEqual(k.answer()[0], 413)

    def test_an_honest_client_that_asks_is_told_to_continue(self):
        k, body = self.connect(), json.dumps(post_of()).encode()
        k.socket.sendall(self.HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        self.assertEqual(k.answer()[0], 100)
        k.socket.sendall(body)
        self.assertEqual(k.answer()[0], 204)

    def test_chunks_that_pass_the_limit_are_413_without_reading_on(self):
        k = self.connect()
        k.socket.sendall(self.HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        k.socket.sendall((b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 5)
        self.assertEqual(k.answer()[0], 413)  # and there never was a last chunk

    def test_chunks_within_the_limit_are_a_body(self):
        k, body = self.connect(), json.dumps(post_of()).encode()
        k.socket.sendall(self.HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for i in range(0, len(body), 50):
            piece = body[i:i + 50]
            k.socket.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        k.socket.sendall(b"0\r\n\r\n")
        self.assertEqual(k.answer()[0], 204)

    def test_an_endless_body_does_not_fill_the_server(self):
        k = self.connect()
        k.socket.settimeout(s.DEADLINE)
        k.socket.sendall(self.HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        with contextlib.suppress(OSError):  # it hangs up on us: that is what is wanted
            while sent < 64 << 20:
                k.socket.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
                sent += 0x4000
        self.assertLess(sent, 64 << 20)
        self.assertEqual(self.server.post().status, 204)

    def test_the_limit_is_a_setting(self):
        with Server(limits="reads = 0\n\twrites = 0\n\tpost-bytes = 4096") as server:
            self.assertEqual(server.post(self.sized(4096)).status, 204)
            self.refused(server.post(self.sized(4097)), 413, "payload_too_large")


class WhoMayPost(Case):
    def test_the_internal_token_may(self):
        self.assertEqual(self.server.post().status, 204)

    def test_no_token_and_a_wrong_one_are_401_alike(self):
        answers = [self.server.post(token=None), self.server.post(token="wrong"), self.server.post(token=INTERNAL + "x"),
                   self.server.post(token=INTERNAL[:-1]), self.server.post(token="slc_" + "A" * 43),
                   self.server.request("POST", "/internal/ci-log", post_of(), headers={"Authorization": f"Basic {INTERNAL}"}),
                   self.server.request("POST", "/internal/ci-log", post_of(), headers={"Authorization": INTERNAL}),
                   self.server.request("POST", "/internal/ci-log", post_of(), headers={"Authorization": "Bearer "})]
        messages = set()
        for answer in answers:
            self.refused(answer, 401, "unauthorized")
            self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))
            messages.add(answer.json["message"])
        self.assertEqual(len(messages), 1)

    def test_a_token_with_logs_write_may_and_one_without_may_not(self):
        self.assertEqual(self.server.post(token=self.server.new_token("logs:write")[0]).status, 204)
        answer = self.server.post(token=self.server.new_token("logs:read")[0])
        self.refused(answer, 403, "forbidden")
        self.assertIn("logs:write", answer.text)
        self.assertIn("logs:read", answer.text)

    def test_a_token_bound_to_a_repo_is_for_that_repo(self):
        self.server.must("repo", "add", "acme/other")
        token, _ = self.server.new_token("logs:write", repo=REPO)
        self.assertEqual(self.server.post(token=token).status, 204)
        self.refused(self.server.post(post_of(repo="acme/other"), token=token), 404, "not_found")

    def test_of_another_repo_a_bound_token_cannot_tell_whether_it_is_watched(self):
        self.server.must("repo", "add", "acme/secret")
        token, _ = self.server.new_token("logs:write", repo=REPO)
        there = self.server.post(post_of(repo="acme/secret"), token=token).json
        not_there = self.server.post(post_of(repo="acme/nothing"), token=token).json
        self.assertEqual((there["code"], there["message"]), (not_there["code"], not_there["message"]))

    def test_a_revoked_token_is_401_at_once(self):
        token, number = self.server.new_token("logs:write")
        self.assertEqual(self.server.post(token=token).status, 204)
        self.server.must("token", "revoke", str(number))
        self.refused(self.server.post(token=token), 401, "unauthorized")

    def test_an_expired_token_is_401(self):
        token, number = self.server.new_token("logs:write")
        with contextlib.closing(s.sqlite3.connect(f"{self.server.data}/sluice.db", timeout=20)) as db, db:
            db.execute("UPDATE token SET expires_at = 1 WHERE id = ?", (number,))
        self.refused(self.server.post(token=token), 401, "unauthorized")

    def test_a_repo_that_is_not_watched_is_404(self):
        self.refused(self.server.post(post_of(repo="acme/unknown")), 404, "not_found")

    def test_a_repo_that_was_taken_away_is_404(self):
        self.server.must("repo", "add", "acme/gone")
        self.server.must_post(post_of(repo="acme/gone"))
        self.server.must("repo", "remove", "acme/gone")
        self.refused(self.server.post(post_of(repo="acme/gone")), 404, "not_found")

    def test_the_internal_token_opens_nothing_else(self):
        for method, path in (("GET", "/api/v1/context?repo=acme/widget&sha=" + "a" * 40), ("GET", "/api/v1/repos")):
            self.refused(self.server.request(method, path, token=INTERNAL), 401, "unauthorized")

    def test_no_token_is_kept_in_the_clear(self):
        token, _ = self.server.new_token("logs:write")
        self.server.must_post(token=token)
        for secret in (token, self.server.admin, INTERNAL):
            for place, content in self.server.everything().items():
                self.assertNotIn(secret.encode(), content, place)

    def test_refusals_come_in_order_size_then_token_then_scope_then_repo_then_fields(self):
        huge = {"Content-Length": "10000000"}
        bad = post_of(repo="acme/unknown", head_sha="x")
        reader, _ = self.server.new_token("logs:read")
        with contextlib.closing(KeepAlive(self.server.port)) as k:
            k.socket.sendall(b"POST /internal/ci-log HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n")
            self.assertEqual(k.answer()[0], 413, huge)
        self.refused(self.server.post(bad, token=None), 401, "unauthorized")
        self.refused(self.server.post(bad, token=reader), 403, "forbidden")
        self.refused(self.server.post(bad), 404, "not_found")
        self.names_field(self.server.post({**bad, "repo": REPO}), "head_sha")


class ClosedUntilConfigured(Case):
    options = {"internal": None}

    def test_without_an_internal_token_nobody_unknown_is_let_in_and_the_answer_is_503(self):
        for token in (None, "wrong", "", INTERNAL, "slc_" + "A" * 43):
            with self.subTest(token):
                self.refused(self.server.post(token=token), 503, "not_configured")

    def test_a_good_token_of_the_database_is_let_in_all_the_same(self):
        self.assertEqual(self.server.post(token=self.server.new_token("logs:write")[0]).status, 204)

    def test_elsewhere_an_unknown_token_is_401_as_ever(self):
        self.refused(self.server.request("GET", "/api/v1/repos", token="wrong"), 401, "unauthorized")


class WhereTheInternalTokenComesFrom(unittest.TestCase):
    def accepted(self, server, token):
        with server:
            self.assertEqual(server.post(token=token).status, 204)
            self.assertEqual(server.post(token="wrong").status, 401)

    def test_the_environment(self):
        self.accepted(Server(internal=None, env={"SLUICE_INTERNAL_TOKEN": "from-the-environment"}), "from-the-environment")

    def test_the_older_name_in_the_environment(self):
        self.accepted(Server(internal=None, env={"CLAUDE_HOOKS_INTERNAL_TOKEN": "of-the-older-name"}), "of-the-older-name")

    def test_a_file(self):
        server = Server(internal=None)
        path = os.path.join(server.folder, "token")
        with open(path, "w", encoding="ascii") as f:
            f.write("from-a-file\n")
        server.configure(f"[internal]\n\ttoken-file = {path}\n")
        self.accepted(server, "from-a-file")

    def test_a_file_that_is_not_there_stops_the_start_with_its_name(self):
        server = Server(internal=None)
        self.addCleanup(server.close)
        server.configure(f"[internal]\n\ttoken-file = {server.folder}/nosuch\n")
        server.start(wait=False)
        self.assertNotEqual(server.wait(), 0)
        self.assertIn("nosuch", server.stderr)


class Masking(Case):
    VALUE = "correct-horse-battery-staple"
    SHAPE = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5"
    ADDED = "said-by-the-build-itself"
    config = f'[mask]\n\tvalue = {VALUE}\n\tvalue = "second secret; with #marks"\n'

    def kept_of(self, text):
        post = post_of(log_tail=text)
        self.server.must_post(post)
        return self.server.kept_text(post["head_sha"])

    def test_a_value_of_the_configuration_is_replaced(self):
        self.assertEqual(self.kept_of(f"token={self.VALUE}, again {self.VALUE}!"), "token=***, again ***!")
        self.assertEqual(self.kept_of("x second secret; with #marks y"), "x *** y")

    def test_its_base64_is_replaced_at_every_shift(self):
        for shift in range(3):
            text = base64.b64encode(b"u:p" + b"q" * shift + self.VALUE.encode() + b"@host").decode()
            kept = self.kept_of("header: " + text)
            with self.subTest(shift):
                self.assertIn("***", kept)
                for letters in s.three_base64(self.VALUE.encode()):
                    self.assertNotIn(letters, kept)

    def test_its_spelling_in_a_url_and_in_json_is_replaced(self):
        self.assertEqual(self.kept_of("?t=second%20secret%3B%20with%20%23marks&x=1"), "?t=***&x=1")
        with Server('[mask]\n\tvalue = "tab\\there \\"quoted\\""\n') as server:
            post = post_of(log_tail=json.dumps({"k": 'tab\there "quoted"'}))
            server.must_post(post)
            self.assertEqual(server.kept_text(post["head_sha"]), '{"k": "***"}')

    def test_a_known_shape_of_token_is_replaced(self):
        kept = self.kept_of(f"remote: https://x-access-token:{self.SHAPE}@github.com/ and {self.SHAPE}")
        self.assertNotIn(self.SHAPE, kept)
        self.assertIn("***", kept)
        self.assertIn("github.com", kept)

    def test_what_the_build_asks_to_mask_is_replaced_everywhere_in_that_text(self):
        kept = self.kept_of(f"early {self.ADDED}\n::add-mask::{self.ADDED}\nlate {self.ADDED}\n")
        self.assertNotIn(self.ADDED, kept)
        self.assertIn("early ***", kept)
        self.assertIn("late ***", kept)

    def test_a_secret_across_the_cut_leaves_no_half(self):
        kept = self.kept_of("x" * 100 + self.VALUE + "y" * (32768 - len(self.VALUE) // 2))
        for n in range(6, len(self.VALUE)):
            self.assertNotIn(self.VALUE[-n:], kept)

    def test_no_sentinel_is_left_in_the_data_folder_in_an_answer_in_the_metrics_or_in_the_diag(self):
        sha = new_sha()
        secrets = [self.VALUE.encode(), self.SHAPE.encode(), self.ADDED.encode()]
        for secret in secrets[:]:
            secrets += [text.encode() for text in s.three_base64(secret)]
        text = "".join(f"::add-mask::{self.ADDED}\n" + f"a {x.decode()} b\n" for x in secrets[:3])
        text += "".join(base64.b64encode(b"." * i + x).decode() + "\n" for i in range(3) for x in secrets[:3])
        self.server.must_post(post_of(head_sha=sha, log_tail=text))
        places = self.server.everything()
        for kind in ("md", "json"):
            places[kind] = self.server.get(f"/api/v1/context?repo={REPO}&sha={sha}&format={kind}").body
        places["metrics"] = self.server.request("GET", "/metrics").body
        places["refusal"] = self.server.post(post_of(head_sha="x", log_tail=text)).body
        for place, content in places.items():
            for secret in secrets:
                self.assertNotIn(secret, content, f"{secret!r} is in {place}")
        self.assertIn(b"***", places["md"])

    def test_how_many_were_masked_is_counted(self):
        def masked():
            return int(self.server.request("GET", "/metrics").text.split("\nsluice_secrets_masked_total ")[1].split()[0])
        before = masked()
        self.kept_of(f"{self.VALUE}\n{self.VALUE}\n")
        self.assertGreaterEqual(masked() - before, 2)


class WhatIsKeptOfALog(Case):
    def kept_of(self, text, **over):
        post = post_of(log_tail=text, **over)
        self.server.must_post(post)
        step = self.server.kept(post["head_sha"])
        return self.server.kept_text(post["head_sha"]), step

    def test_the_last_200_lines_are_kept_and_the_others_counted(self):
        text, step = self.kept_of("".join(f"line {i}\n" for i in range(2140)))
        self.assertEqual(text, "\n".join(f"line {i}" for i in range(1940, 2140)))
        self.assertEqual((step["lines"], step["dropped_lines"]), (200, 1940))
        self.assertEqual(step["dropped_bytes"], sum(len(f"line {i}\n") for i in range(1940)))

    def test_200_lines_are_all_kept(self):
        text, step = self.kept_of("".join(f"{i}\n" for i in range(200)))
        self.assertEqual((text.count("\n") + 1, step["dropped_lines"], step["dropped_bytes"]), (200, 0, 0))

    def test_at_most_32_kib_are_kept_from_a_line_start(self):
        line = "x" * 999
        text, step = self.kept_of((line + "\n") * 50)
        self.assertEqual(text, "\n".join([line] * 32))
        self.assertEqual(step["dropped_lines"], 18)
        self.assertEqual(step["bytes"], len(text))

    def test_one_line_over_32_kib_is_cut_inside(self):
        text, step = self.kept_of("a" * 40000)
        self.assertEqual(text, "a" * 32768)
        self.assertEqual((step["lines"], step["dropped_lines"], step["dropped_bytes"]), (1, 0, 40000 - 32768))

    def test_a_line_that_is_cut_is_one_of_the_lines_and_is_told(self):
        post = post_of(log_tail="one\ntwo\n" + "a" * 40000)
        self.server.must_post(post)
        step = self.server.kept(post["head_sha"])
        self.assertEqual((step["lines"], step["dropped_lines"]), (1, 2))
        self.assertIn("last 1 of 3 lines, the first of them cut\n",
                      self.server.get(f"/api/v1/context?repo={REPO}&sha={post['head_sha']}&budget=100000").text)

    def test_no_cut_is_inside_a_character(self):
        for pad in range(4):
            text, _ = self.kept_of("\U0001f600" * 9000 + "b" * pad)
            self.assertEqual(text.strip("b"), "\U0001f600" * ((32768 - pad) // 4))

    def test_crlf_is_one_line_end(self):
        text, step = self.kept_of("a\r\nb\r\nc\r\n")
        self.assertEqual((text, step["lines"]), ("a\nb\nc", 3))

    def test_only_one_final_line_end_is_taken_off(self):
        self.assertEqual(self.kept_of("a\n")[0], "a")
        self.assertEqual(self.kept_of("a\n\n\n")[0], "a\n\n")
        self.assertEqual(self.kept_of("a\r\n\r\n")[0], "a\n")
        self.assertEqual(self.kept_of("a")[0], "a")

    def test_an_empty_log_is_a_log(self):
        text, step = self.kept_of("")
        self.assertEqual((text, step["bytes"]), ("", 0))

    def test_what_the_runner_left_out_already_is_added(self):
        _, step = self.kept_of("".join(f"{i}\n" for i in range(210)), dropped_lines=1000, dropped_bytes=50000)
        self.assertEqual(step["dropped_lines"], 1010)
        self.assertEqual(step["dropped_bytes"], 50000 + 20)

    def test_colours_are_kept_as_they_are(self):
        self.assertEqual(self.kept_of("\x1b[31mred\x1b[0m")[0], "\x1b[31mred\x1b[0m")

    def test_lines_and_bytes_are_settings(self):
        with Server(limits="reads = 0\n\twrites = 0\n\ttail-lines = 3\n\ttail-bytes = 1024") as server:
            post = post_of(log_tail="".join(f"{i}\n" for i in range(10)))
            server.must_post(post)
            self.assertEqual(server.kept_text(post["head_sha"]), "7\n8\n9")
            post = post_of(log_tail="x" * 5000)
            server.must_post(post)
            self.assertEqual(server.kept_text(post["head_sha"]), "x" * 1024)


class Retries(Case):
    def tables(self):
        return {t: self.server.count(t) for t in ("run", "job", "step", "tail")}

    def test_ten_thousand_retries_leave_one_row(self):
        before, post, n_threads, wrong = self.tables(), post_of(job_name="build", leg="gcc", step_index=4), 4, []

        def retry():
            with contextlib.closing(KeepAlive(self.server.port)) as k:
                for _ in range(10000 // n_threads):
                    if (status := k.post(post)) != 204:
                        wrong.append(status)

        threads = [threading.Thread(target=retry) for _ in range(n_threads)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(wrong, [])
        self.assertEqual(self.tables(), {t: n + 1 for t, n in before.items()})

    def test_a_retry_changes_no_ids(self):
        post = post_of(job_name="build")
        ids = "SELECT run.id, job.id, step.id FROM step JOIN job ON job.id = step.job_id JOIN run ON run.id = job.run_id WHERE run.head_sha = ?"
        self.server.must_post(post)
        first = self.server.query(ids, post["head_sha"])
        self.server.must_post(post)
        self.assertEqual(self.server.query(ids, post["head_sha"]), first)

    def test_a_retry_replaces_the_text_and_the_facts(self):
        post = post_of(exit_code=1, log_tail="first")
        self.server.must_post(post)
        self.server.must_post(post, exit_code=2, log_tail="second", dropped_lines=7)
        step = self.server.kept(post["head_sha"])
        self.assertEqual((self.server.kept_text(post["head_sha"]), step["exit_code"], step["dropped_lines"]), ("second", 2, 7))

    def test_what_is_not_told_is_not_null_in_the_key(self):
        """In SQL two NULLs differ: a key with one in it would let every retry in."""
        before, post = self.tables(), post_of()  # no job, no leg, no index
        for _ in range(3):
            self.server.must_post(post)
        self.assertEqual(self.tables(), {t: n + 1 for t, n in before.items()})

    def test_each_part_of_the_key_tells_steps_apart(self):
        base = {"job_id": "5", "job_name": "build", "leg": "gcc", "step_index": 1, "attempt": 1, "run_id": "9"}
        for field, other in {"job_id": "6", "leg": "clang", "step_index": 2, "attempt": 2, "run_id": "10"}.items():
            with self.subTest(field):
                sha, before = new_sha(), self.server.count("step")
                self.server.must_post(post_of(head_sha=sha, **base))
                self.server.must_post(post_of(head_sha=sha, **{**base, field: other}))
                self.assertEqual(self.server.count("step"), before + 2)
        with self.subTest("head_sha"):
            before = self.server.count("step")
            self.server.must_post(post_of(**base))
            self.server.must_post(post_of(**base))
            self.assertEqual(self.server.count("step"), before + 2)

    def test_the_name_of_a_job_or_step_counts_only_where_there_is_no_id_or_index(self):
        sha, before = new_sha(), self.server.count("step")
        self.server.must_post(post_of(head_sha=sha, job_id="5", job_name="a", step_index=1, step_name="x"))
        self.server.must_post(post_of(head_sha=sha, job_id="5", job_name="b", step_index=1, step_name="y"))
        self.assertEqual(self.server.count("step"), before + 1)
        self.server.must_post(post_of(head_sha=sha, job_name="a", step_name="x"))
        self.server.must_post(post_of(head_sha=sha, job_name="b", step_name="x"))
        self.server.must_post(post_of(head_sha=sha, job_name="a", step_name="y"))
        self.assertEqual(self.server.count("step"), before + 4)

    def test_a_name_that_looks_like_an_index_is_another_step(self):
        sha, before = new_sha(), self.server.count("step")
        self.server.must_post(post_of(head_sha=sha, step_index=3, step_name="x"))
        self.server.must_post(post_of(head_sha=sha, step_name="3"))
        self.server.must_post(post_of(head_sha=sha, step_name="index:3"))
        self.assertEqual(self.server.count("step"), before + 3)

    def test_two_legs_of_a_matrix_never_replace_each_other(self):
        sha = new_sha()
        for leg in ("gcc", "clang", "msvc", ""):
            self.server.must_post(post_of(head_sha=sha, job_name="build", leg=leg, log_tail=f"broken by [{leg}]"))
        texts = {step["text"].strip() for step in self.server.context(sha)["steps"]}
        self.assertEqual(texts, {"broken by [gcc]", "broken by [clang]", "broken by [msvc]", "broken by []"})

    def test_the_same_names_on_two_forges_do_not_collide(self):
        forges = '[forge "main"]\n\turl = https://main.example\n\tdefault = true\n[forge "mirror"]\n\turl = https://mirror.example\n'
        with Server(forges) as server:
            server.must("repo", "add", "--forge", "mirror", REPO)
            post = post_of(log_tail="of the main one")
            server.must_post(post)
            server.must_post(post, forge="mirror", log_tail="of the mirror")
            server.must_post(post, url="https://mirror.example/acme/widget/actions/runs/1", log_tail="of the mirror, by its url")
            self.assertEqual(server.count("step"), 2)
            self.assertIn("of the main one", server.context(post["head_sha"])["steps"][0]["text"])
            self.assertIn("by its url", server.context(post["head_sha"], forge="mirror")["steps"][0]["text"])


class TheEdge(Case):
    def test_a_path_nobody_knows_is_404_in_the_shape_of_every_error(self):
        for path in ("/nosuch", "/runs", "/api/v1/nosuch", "/internal", "/internal/ci-log/", "/internal/ci-log/x", "/api/v1/../v1/repos", "//"):
            with self.subTest(path):
                self.refused(self.server.request("GET", path), 404, "not_found")

    def test_a_method_nobody_knows_is_405_and_says_which_are(self):
        for method, path, allowed in (("GET", "/internal/ci-log", "POST"), ("DELETE", "/api/v1/context", "GET"), ("POST", "/healthz", "GET"),
                                      ("BREW", "/internal/ci-log", "POST")):
            with self.subTest(f"{method} {path}"):
                answer = self.server.request(method, path)
                self.refused(answer, 405, "method_not_allowed")
                self.assertIn(allowed, answer.headers["Allow"])

    def test_a_parameter_nobody_knows_is_named(self):
        answer = self.server.get(f"/api/v1/context?repo={REPO}&sha={'a' * 40}&shaa=1")
        self.names_field(answer, "shaa")
        self.names_field(self.server.get("/api/v1/repos?limt=3"), "limt")

    def test_a_malformed_parameter_is_named(self):
        good = f"repo={REPO}&sha={'a' * 40}"
        for query, field in ((good + "&format=html", "format"), (good + "&budget=1023", "budget"), (good + "&budget=1048577", "budget"),
                             (good + "&budget=x", "budget"), (good + "&when_empty=loud", "when_empty"), (f"repo={REPO}&sha=xyz", "sha"),
                             ("run_id=0", "run_id"), ("run_id=x", "run_id"), ("run_id=99999999999999999999", "run_id")):
            with self.subTest(query):
                self.names_field(self.server.get("/api/v1/context?" + query), field)

    def test_a_parameter_given_twice_is_400(self):
        self.refused(self.server.get(f"/api/v1/context?repo={REPO}&repo={REPO}&sha={'a' * 40}"), 400, "validation_error")

    def test_every_answer_has_a_request_id_of_its_own(self):
        answers = [self.server.post(), self.server.post(token=None), self.server.request("GET", "/nosuch"), self.server.request("GET", "/healthz"),
                   self.server.request("PUT", "/healthz"), self.server.get("/api/v1/repos")]
        ids = [a.headers["X-Request-Id"] for a in answers]
        self.assertTrue(all(ids))
        self.assertEqual(len(set(ids)), len(ids))

    def test_the_document_is_public_and_is_what_is_served(self):
        document = self.server.request("GET", "/openapi.json").json
        self.assertTrue(document["openapi"].startswith("3.0"))
        self.assertIn("/internal/ci-log", document["paths"])
        self.assertIn(b"openapi: 3.0", self.server.request("GET", "/openapi.yaml").body)
        page = self.server.request("GET", "/docs")
        self.assertEqual(page.status, 200)
        self.assertIn("text/html", page.headers["Content-Type"])
        for path in document["paths"]:
            self.assertIn(path.encode(), page.body)

    def test_a_route_of_the_document_asks_for_a_token_unless_it_says_it_is_public(self):
        document = self.server.request("GET", "/openapi.json").json
        public = {"/healthz", "/readyz", "/metrics", "/api/v1/system/health", "/openapi.json", "/openapi.yaml", "/docs", "/dl/{file}", "/login", "/style.css", "/icon.svg"}
        for path, operations in document["paths"].items():
            for method in operations:
                if method in ("get", "post", "put", "patch", "delete"):
                    answer = self.server.request(method.upper(), path.replace("{id}", "1").replace("{token_id}", "1").replace("{repo_id}", "1").replace("{kind}", "gitea"))
                    with self.subTest(f"{method} {path}"):
                        # The file's name in /dl is refused; that no token is asked for can be told from that as well. A page sends to the login page.
                        # And a login shows its password in the body, of which there is none here; the way through a provider has its name in the path.
                        logins = {("post", "/api/v1/auth/tokens"), ("post", "/login")}
                        open_to_all = path == "/dl/{file}" or path.startswith("/oauth/") or (method, path) in logins
                        # What is signed asks for no token, and while no secret is configured it is closed.
                        refused = 303 if operations[method].get("x-page") else 503 if operations[method]["x-auth"] == "signature" else 401
                        self.assertEqual(answer.status, 400 if open_to_all else 200 if path in public else refused, answer)

    def test_headers_that_are_too_long_are_refused_and_the_server_lives(self):
        answer = self.server.request("GET", "/healthz", headers={"X-Long": "x" * 60000})
        self.assertIn(answer.status, (413, 431))
        self.assertEqual(self.server.request("GET", "/healthz").status, 200)

    def test_what_is_no_http_is_refused_and_the_server_lives(self):
        for junk in (b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"\0" * 100, b"POST /internal/ci-log HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                     b"POST /internal/ci-log HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
            with contextlib.closing(socket.create_connection(("127.0.0.1", self.server.port), timeout=s.DEADLINE)) as c:
                c.sendall(junk)
                c.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionResetError):
                    while c.recv(65536):
                        pass
        self.assertEqual(self.server.request("GET", "/healthz").status, 200)


class HealthAndMetrics(Case):
    def test_health_and_readiness_are_for_everybody(self):
        for path in ("/healthz", "/readyz"):
            self.assertEqual(self.server.request("GET", path).status, 200)

    def test_metrics_are_text_for_prometheus(self):
        answer = self.server.request("GET", "/metrics")
        self.assertEqual(answer.status, 200)
        self.assertIn("text/plain", answer.headers["Content-Type"])
        self.assertIn("version=0.0.4", answer.headers["Content-Type"])
        for line in answer.text.splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) sluice_\w+ .+|sluice_\w+ -?\d+(\.\d+)?)$")

    def test_metrics_count_posts(self):
        def posts():
            return int(self.server.request("GET", "/metrics").text.split("\nsluice_ci_log_posts_total ")[1].split()[0])
        before = posts()
        self.server.must_post()
        self.assertEqual(posts(), before + 1)

    def test_metrics_are_not_for_who_comes_through_a_proxy_without_a_token(self):
        for header in ("X-Forwarded-For", "Forwarded"):
            self.assertIn(self.server.request("GET", "/metrics", headers={header: "for=203.0.113.9"}).status, (401, 403))

    def test_metrics_are_for_a_token_with_system_read(self):
        header = {"X-Forwarded-For": "203.0.113.9"}
        reader, _ = self.server.new_token("system:read")
        other, _ = self.server.new_token("logs:read")
        self.assertEqual(self.server.request("GET", "/metrics", token=reader, headers=header).status, 200)
        self.refused(self.server.request("GET", "/metrics", token=other, headers=header), 403, "forbidden")

    def test_no_metric_names_a_repo_or_a_token(self):
        self.server.must_post()
        self.assertNotIn("acme", self.server.request("GET", "/metrics").text)


class RateLimits(Case):
    options = {"limits": "reads = 5\n\twrites = 30", "watch": ()}

    def test_reads_over_the_limit_are_429_and_say_when(self):
        token, _ = self.server.new_token("repos:manage")
        for i in range(5):
            answer = self.server.get("/api/v1/repos", token=token)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["X-RateLimit-Limit"], "5")
            self.assertEqual(answer.headers["X-RateLimit-Remaining"], str(4 - i))
            self.assertTrue(answer.headers["X-RateLimit-Reset"].isdigit())
        answer = self.server.get("/api/v1/repos", token=token)
        self.refused(answer, 429, "rate_limited")
        self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 60)

    def test_the_limit_is_a_tokens_own(self):
        first, _ = self.server.new_token("repos:manage")
        second, _ = self.server.new_token("repos:manage")
        while self.server.get("/api/v1/repos", token=first).status == 200:
            pass
        self.assertEqual(self.server.get("/api/v1/repos", token=second).status, 200)

    def test_posts_of_logs_are_not_bound_by_these_limits(self):
        self.server.must("repo", "add", REPO)
        self.assertEqual({self.server.post().status for _ in range(100)}, {204})
        self.assertEqual(self.server.post().headers["X-RateLimit-Limit"], "1000")  # so many at once, not a minute


class GuessingTokens(Case):
    options = {"limits": "reads = 5\n\twrites = 5", "watch": ()}

    def test_failed_authentication_counts_by_address(self):
        statuses = [self.server.request("GET", "/api/v1/repos", token=f"slc_guess{i}").status for i in range(10)]
        self.assertEqual(statuses[0], 401)
        self.assertEqual(statuses[-1], 429)


class BesideAThousandOthers(Case):
    """R7, without a verdict on time: that is for `make bench`."""

    def test_a_thousand_idle_and_dripping_connections_do_not_keep_others_from_posting_and_drips_are_cut(self):
        idle, dripping = [], []
        self.addCleanup(lambda: [c.close() for c in idle + dripping])
        for i in range(1000):
            c = socket.create_connection(("127.0.0.1", self.server.port), timeout=s.DEADLINE)
            (idle if i % 2 else dripping).append(c)
            if not i % 2:
                c.sendall(b"POST /internal/ci-log HTTP/1.1\r\nHost: x\r\nX-Drip: ")
                c.setblocking(False)
        for _ in range(50):
            self.assertEqual(self.server.post().status, 204)

        def all_are_cut():
            for c in dripping[:]:
                try:
                    c.send(b"x")
                    cut = c.recv(4096) == b""
                except BlockingIOError:
                    cut = False
                except OSError:
                    cut = True
                if cut:
                    c.close()
                    dripping.remove(c)
            return not dripping

        s.eventually("connections whose headers drip are cut", all_are_cut)
        self.assertEqual(self.server.post().status, 204)
        self.assertIn("sluice_http_connections_cut_total", self.server.request("GET", "/metrics").text)


if __name__ == "__main__":
    s.main()
