"""What schemathesis must know about Sluice to use it as a client would; loaded by tools/contract.

The document cannot say everything: that a context, and a list of steps, is asked for in exactly one way, that a forge has to be configured, that who
revokes the token of the run, or disables its user, ends the run, that a password has to be somebody's. Only data that is meant to be good is put right here; wrong data goes out as it is.
"""
import atexit
import collections
import functools
import hashlib
import itertools
import json
import os
import re
import time
import urllib.parse
import urllib.request

import schemathesis

URL, ADMIN, INTERNAL, REPO, SEEN = (os.environ["CONTRACT_" + name] for name in ("URL", "ADMIN", "INTERNAL", "REPO", "SEEN"))
turn = itertools.count()
seen = collections.defaultdict(collections.Counter)  # operationId: how often each status was answered


def name_of(operation):
    return operation.definition.raw["operationId"]


def post(path, body, token=ADMIN):
    request = urllib.request.Request(URL + path, json.dumps(body).encode(),
                                     {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@schemathesis.auth(refresh_interval=None)
class Bearer:
    def get(self, case, context):
        name = name_of(context.operation)
        if name == "revokeCurrentToken":
            return post("/api/v1/auth/tokens", {"token_name": "short-lived"})["token"]
        return INTERNAL if name == "postCiLog" and next(turn) % 2 else ADMIN

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


def spare_the_token_of_the_run(case):
    if urllib.parse.unquote(str(case.path_parameters.get("token_id"))).lstrip("0") == "1":
        case.path_parameters["token_id"] = 2


def spare_the_admin(case):
    if urllib.parse.unquote(str(case.path_parameters.get("user_id"))).lstrip("0") == "1":
        case.path_parameters["user_id"] = a_user()


def a_user():
    return post("/api/v1/users", {"email": f"user{next(turn)}@example.org"})["user_id"]


def by_token(body):
    """As the token of the run: not by a password, which would have to be right, and not of a machine, which goes with other things."""
    for extra in ("email", "password", "host", "machine_days"):
        body.pop(extra, None)


def a_step():
    """Of a step that streams."""
    post("/api/v1/repos", {"repo": REPO})
    step = {"repo": REPO, "head_sha": "a" * 40, "run_id": "1", "step_name": f"step {next(turn)}"}
    return post("/internal/steps", step, INTERNAL)["step_id"]


def an_ended_step():
    """Following one that streams would not end."""
    step = a_step()
    request = urllib.request.Request(f"{URL}/internal/steps/{step}/finish", b'{"conclusion": "failure"}',
                                     {"Authorization": f"Bearer {INTERNAL}", "Content-Type": "application/json"}, method="POST")
    urllib.request.urlopen(request).close()
    return step


@functools.cache
def a_step_to_read():
    """One for all pages: a step that was just ended is sealed, and whatever else is tried with it meanwhile is told to try again."""
    return an_ended_step()


def groups():
    request = urllib.request.Request(f"{URL}/api/v1/groups", headers={"Authorization": f"Bearer {ADMIN}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["data"]


def a_group():
    """Of what broke in a step: it is there when that has been explained."""
    if not groups():
        post("/api/v1/repos", {"repo": REPO})
        log = {"repo": REPO, "head_sha": "b" * 40, "run_id": "2", "step_name": "make", "log_tail": "pump.c:12:3: error: 'rate' undeclared\n"}
        request = urllib.request.Request(f"{URL}/internal/ci-log", json.dumps(log).encode(),
                                         {"Authorization": f"Bearer {INTERNAL}", "Content-Type": "application/json"})
        urllib.request.urlopen(request).close()
    for _ in range(100):
        found = groups()
        if found:
            return found[0]["group_id"]
        time.sleep(0.1)
    raise AssertionError("a failed step was not explained within ten seconds")


def a_run():
    step = {"repo": REPO, "head_sha": "a" * 40, "run_id": "1", "step_name": "make"}
    post("/api/v1/repos", {"repo": REPO})
    return post("/internal/steps", step, INTERNAL)["run_id"]


def put_bytes(path, data):
    request = urllib.request.Request(URL + path, data, {"Authorization": f"Bearer {ADMIN}", "Content-Type": "application/octet-stream"}, method="PUT")
    urllib.request.urlopen(request).close()


@functools.cache
def a_blob():
    digest = hashlib.sha256(b"a sample").hexdigest()
    put_bytes(f"/api/v1/blobs/{digest}", b"a sample")
    return digest


@functools.cache
def a_sample():
    put_bytes("/api/v1/suite", f"samples: [{{file: 'sha256:{a_blob()}', name: a.txt}}]".encode())
    with urllib.request.urlopen(urllib.request.Request(f"{URL}/api/v1/samples", headers={"Authorization": f"Bearer {ADMIN}"})) as answer:
        return json.load(answer)["data"][0]["sample_id"]


def said_well(change):
    """A time to snooze until goes with being snoozed, and has to come."""
    if change.get("state") == "snoozed":
        change["snoozed_until"] = "2999-01-01T00:00:00Z"
    else:
        change.pop("snoozed_until", None)


def since_when(query):
    if str(query.get("new")).lower() == "true":
        query.pop("new_since", None)
    else:
        query.pop("days", None)


PASSWORD = "a password of the contract's"


def a_session():
    """Of the admin, who signs in with a password as a browser would."""
    patch = urllib.request.Request(URL + "/api/v1/users/1", json.dumps({"password": PASSWORD}).encode(),
                                   {"Authorization": f"Bearer {ADMIN}", "Content-Type": "application/json"}, method="PATCH")
    with urllib.request.urlopen(patch) as answer:
        email = json.load(answer)["email"]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(URL + "/login") as page:
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.read().decode())[1]
    browser.open(URL + "/login", urllib.parse.urlencode({"csrf": csrf, "email": email, "password": PASSWORD, "return": "/account"}).encode()).close()
    with urllib.request.urlopen(urllib.request.Request(URL + "/api/v1/sessions", headers={"Authorization": f"Bearer {ADMIN}"})) as answer:
        return json.load(answer)["data"][0]["id"]


# Once, before wrong passwords have made this address wait. Ending it again is fine.
THE_SESSION = a_session()


def is_a_number(value):
    return urllib.parse.unquote(str(value)).strip().lstrip("+").isdigit()


def one_way(query):
    ways = [w for w in ("sha", "run_id", "external_run_id") if w in query]
    for extra in ways[1:]:
        del query[extra]
    if not ways:
        query["external_run_id"] = "1"
    if "forge" in query or "run_id" not in query:  # several repos may have a run of one id of their forge's
        query["repo"] = REPO


def try_a_rule(body):
    body["rule"] = "rules: [{id: a, match: 'a b c', examples: {yes: [a b c], no: [b]}}]"
    if "step_ids" in body:
        body["step_ids"] = [an_ended_step()]
    if "repo" in body:
        body["repo"] = REPO
    else:
        body.pop("forge", None)


def put_right(name, case):
    if name in ("postCiLog", "createToken", "getContext", "listSteps", "testRules"):
        post("/api/v1/repos", {"repo": REPO})  # removeRepo may have taken it away
    body = case.body if isinstance(case.body, dict) else {}
    query = case.query = case.query or {}
    if name == "postCiLog":
        body["repo"] = REPO
    elif name == "createToken":
        by_token(body)
        if "repository" in body or "forge" in body:
            body["repository"] = REPO
    elif name == "addUser":
        body["email"] = f"user{next(turn)}@example.org"
    elif name in ("getUser", "changeUser"):
        case.path_parameters["user_id"] = a_user()
        if name == "changeUser" and not body:
            case.body = {"state": "active"}
    elif name == "changeRepo":
        case.path_parameters["repo_id"] = post("/api/v1/repos", {"repo": REPO})["repo_id"]
    elif name == "listAudit" and "subject_id" in query:
        query["subject_kind"] = "user"
    elif name in ("getContext", "listSteps"):
        one_way(query)
    elif name in ("pinStep", "unpinStep", "getStep", "getStepLog", "listStepErrors"):
        case.path_parameters["step_id"] = a_step()
    elif name in ("pageStep", "pageStepLog"):
        case.path_parameters["step_id"] = a_step_to_read()
    elif name in ("listRunErrors", "getErrorSummary", "listInfraErrors"):
        case.path_parameters["run_id"] = a_run()
    elif name in ("getGroup", "changeGroup"):
        case.path_parameters["group_id"] = a_group()
        said_well(body)
    elif name == "listGroups":
        since_when(query)
    elif name == "getStepDiff":
        case.path_parameters["step_id"], query["baseline"] = an_ended_step(), an_ended_step()
    elif name == "testRules":
        try_a_rule(body)
    elif name == "postStepReport":
        case.path_parameters["step_id"] = a_step()
        case.body = b"TAP version 13\n1..1\nnot ok 1 - %d\n" % next(turn)  # bytes of any kind are no report
        case.headers.pop("Content-Encoding", None)
    elif name == "putBlob":
        case.body = b"blob %d" % next(turn)
        case.path_parameters["sha256"] = hashlib.sha256(case.body).hexdigest()
    elif name == "getBlob":
        case.path_parameters["sha256"] = a_blob()
    elif name == "putSuite":
        case.body = b"samples: []"  # bytes of any kind are no suite
    elif name == "getSample":
        case.path_parameters["sample_id"] = a_sample()
    elif name == "revokeSession":
        case.path_parameters["session_id"] = THE_SESSION
    elif name == "getStepLines":
        case.path_parameters["step_id"] = a_step()
        if "level" in query:
            query.pop("min_level", None)
        if "regex" in query:
            query["regex"] = "err(or)?"
    for key, value in query.items():  # texts are of one line, without NULs
        if isinstance(value, str):
            query[key] = re.sub(r"[\0\r\n]", "", value)
    for part in (query, body):
        if "forge" in part and name not in ("listRepos", "listGroups"):
            part["forge"] = "default"


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.path_parameters:
        spare_the_token_of_the_run(case)
        spare_the_admin(case)
    if name_of(case.operation) == "getStepTail" and is_a_number(case.path_parameters["step_id"]):
        case.path_parameters["step_id"] = an_ended_step()
    if name_of(case.operation) == "getStepTail" and "Last-Event-ID" in (case.headers or {}) and not case.headers["Last-Event-ID"]:
        case.headers["Last-Event-ID"] = "wrong"  # what is sent without a value is as good as not sent
    if name_of(case.operation) == "listSteps" and case.query and "external_run_id" in case.query:
        case.query.setdefault("repo", REPO)  # runs of several repos have the ids that are tried here
    if case.meta and case.meta.generation.mode.is_positive:
        put_right(name_of(case.operation), case)


@schemathesis.hook
def after_call(context, case, response):
    if case.method == case.operation.method.upper():
        seen[name_of(case.operation)][response.status_code] += 1


@schemathesis.check
def every_answer_has_an_id(ctx, response, case):
    assert response.headers.get("x-request-id"), "no X-Request-Id"


@schemathesis.check
def an_error_has_the_one_shape(ctx, response, case):
    if response.status_code >= 400 and case.operation.definition.raw.get("x-page"):
        assert "text/html; charset=utf-8" in str(response.headers["content-type"]) and "<h1>" in response.text, response.text
    elif response.status_code >= 400:
        error = response.json()
        assert isinstance(error["details"], dict) and error["code"].islower() and 0 < len(error["message"]) <= 500, error


@atexit.register
def tell():
    with open(SEEN, "w", encoding="utf-8") as f:
        json.dump(seen, f)
