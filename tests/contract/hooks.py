"""What schemathesis must know about Sluice to use it as a client would; loaded by tools/contract.

The document cannot say everything: that a context, and a list of steps, is asked for in exactly one way, that a forge has to be configured, that who
revokes the token of the run, or disables its user, ends the run, that a password has to be somebody's. Only data that is meant to be good is put right here; wrong data goes out as it is.
"""
import atexit
import collections
import functools
import hashlib
import hmac
import itertools
import json
import os
import re
import time
import urllib.parse
import urllib.request

import schemathesis

import seeds
from seeds import ADMIN, INTERNAL, REPO, URL, post

SEEN = os.environ["CONTRACT_SEEN"]
turn = itertools.count()
seen = collections.defaultdict(collections.Counter)  # operationId: how often each status was answered


def name_of(operation):
    return operation.definition.raw["operationId"]


SCOPES = ("runs:read runs:write results:read baselines:write system:read system:write tokens:manage logs:read logs:write episodes:read episodes:write "
          "dispatch:read dispatch:write repos:manage").split()


def a_token(*scopes):
    return post("/api/v1/auth/tokens", {"token_name": "for-the-contract", "scopes": scopes})


OF_ONE_SCOPE = {scope: a_token(scope) for scope in SCOPES}
SCOPE_OF = {made["token"]: scope for scope, made in OF_ONE_SCOPE.items()}
# Mostly the admin's, which can do all; between, one of each scope, and once none. Each operation has its own turn, so that each meets them all.
BEARERS = [token for made in OF_ONE_SCOPE.values() for token in (ADMIN, made["token"], ADMIN)] + [None]
bearers = collections.defaultdict(lambda: itertools.cycle(BEARERS))


@schemathesis.auth(refresh_interval=None)
class Bearer:
    def get(self, case, context):
        name = name_of(context.operation)
        if name == "revokeCurrentToken":
            return a_token("runs:read")["token"]
        if context.operation.path.startswith("/internal") and next(turn) % 2:
            return INTERNAL
        token = next(bearers[name])
        if token is None and context.operation.definition.raw["x-auth"] not in ("token", "internal"):
            return ADMIN  # a browser is sent to sign in whatever else is wrong, and a token is made by a token or a password
        return token

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


def spare_the_tokens_of_the_run(case):
    wanted = urllib.parse.unquote(str(case.path_parameters.get("token_id"))).lstrip("0")
    if wanted == "1" or wanted in {str(made["id"]) for made in OF_ONE_SCOPE.values()}:
        case.path_parameters["token_id"] = a_token("runs:read")["id"]


def spare_the_repo(case):
    """Of all that is asked about here; what was of a repo that is gone is gone."""
    if case.operation.method.upper() == "DELETE" and urllib.parse.unquote(str(case.path_parameters.get("repo_id"))).lstrip("0") == str(seeds.watch()):
        case.path_parameters["repo_id"] = post("/api/v1/repos", {"repo": f"acme/gone-{next(turn)}"})["repo_id"]


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


# Asked about a run that has all that there can be of one.
OF_A_RUN = ("getRun", "getRunLogs", "listRunErrors", "getErrorSummary", "listInfraErrors", "getRunSummary", "getRunProgress", "getRunConfig", "listRunSamples", "getRunSample",
            "getExpectedOutput", "getActualOutput", "getDiff", "getSampleLogs", "listArtifacts")


def ask_for_a_run(case, body):
    seeds.watch()
    body["repository"] = REPO
    if body.get("regression_test_ids"):
        body["regression_test_ids"] = [seeds.suite()["sort"]]


def claim(case, body):
    seeds.queued_run()
    body["worker"] = f"claimer-{next(turn)}"  # whoever has a run gets that again


def at_work(case, body):
    run = seeds.claimed_run()
    case.path_parameters["run_id"], body["claim"] = run["run_id"], run["claim"]
    return run


def tell_progress(case, body):
    at_work(case, body)
    if body.get("message"):
        body.setdefault("status", "testing")


def tell_results(case, body):
    """Of its own tests, each with an end, and of outputs that they are expected to write."""
    tests = itertools.cycle(at_work(case, body)["tests"])
    for result in body["results"]:
        test = next(tests)
        result["regression_test_id"] = test["regression_test_id"]
        if "status" not in result:
            result.setdefault("exit_code", 0)
        result["outputs"] = [{**o, "filename": test["outputs"][0]["filename"]} for o in result.get("outputs", [])[:1] if test["outputs"]]


def put_output(case, body):
    case.body = b"output %d" % next(turn)
    run, output = seeds.told_output(case.body)
    case.path_parameters.update(run_id=run["run_id"], output_id=output)
    case.query.update(claim=run["claim"], sha256=seeds.sha256(case.body))
    case.headers.pop("Content-Encoding", None)


def finish(case, body):
    at_work(case, body)
    body["message"] = body.get("message") or "the machine broke"  # that it went wrong needs a reason


def import_results(case, body):
    seeds.watch()
    body["repo"] = REPO


def cancel(case, body):
    case.path_parameters["run_id"] = seeds.queued_run()


def approve(case, body):
    at = seeds.finished_run()
    case.path_parameters.update(run_id=at["run_id"], sample_id=at["sample_id"])
    body.update(regression_id=at["regression_id"], output_id=at["output_id"])


def revert(case, body):
    at = seeds.approved_run()
    case.path_parameters.update(run_id=at["run_id"], sample_id=at["sample_id"])
    case.query.update(regression_id=at["regression_id"], output_id=at["output_id"])


def tell_of(case):
    """A delivery that says something, signed: bytes of any kind are none."""
    case.body = json.dumps({"ref": "refs/heads/main", "after": "a" * 40, "repository": {"full_name": REPO}})
    signature = hmac.new(os.environ["CONTRACT_HOOK_SECRET"].encode(), case.body.encode(), hashlib.sha256).hexdigest()
    seeds.watch()
    case.headers.update({"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Event": "push", "X-GitHub-Delivery": f"delivery-{next(turn)}",
                         "Content-Type": "text/plain"})  # a form is refused


OF_THE_SUITE = {"createRun": ask_for_a_run, "claimRun": claim, "tellProgress": tell_progress, "tellResults": tell_results, "putOutput": put_output, "finishRun": finish,
                "importResults": import_results, "cancelRun": cancel, "approveBaseline": approve, "revertBaseline": revert}


META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
MCP = [("ping", None), ("tools/list", {}), ("server/discover", {"_meta": META}), ("tools/call", {"name": "list_runs", "arguments": {"limit": 1}}),
       ("tools/call", {"name": "list_failures", "_meta": META})]


def speak_mcp(case):
    """A message that is good, with the headers that go with it, in either era."""
    method, params = MCP[next(turn) % len(MCP)]
    case.body = {"jsonrpc": "2.0", "id": next(turn), "method": method, **({"params": params} if params else {})}
    if params and "_meta" in params:
        case.headers.update({"MCP-Protocol-Version": META["io.modelcontextprotocol/protocolVersion"], "Mcp-Method": method, "Mcp-Name": params.get("name", "")})


def dispatch(name, case, body):
    at = case.path_parameters
    if name == "claimDispatch":
        seeds.red()
        body["repo"] = REPO
    elif name == "pauseDispatches":
        seeds.watch()
        body["paused"] = False  # nothing is offered while it is
        if "repo" in body:
            body["repo"] = REPO
    elif name == "previewDispatch":
        case.query.update(repo=REPO, sha=seeds.red()["head_sha"])
    elif name == "getDispatchFigures":
        seeds.watch()
        if "repo" in case.query:
            case.query["repo"] = REPO
    elif name in ("getDispatch", "cancelDispatch"):
        at["dispatch_id"] = seeds.red()["dispatch_id"]
    elif name == "retryDispatch":
        at["dispatch_id"] = seeds.called_off_dispatch()
    elif name in ("renewDispatch", "tellDispatchResult"):
        at["dispatch_id"], body["claim"] = seeds.claimed_dispatch()
        if body.get("outcome") == "fixed":
            body.setdefault("sha", "d" * 40)


DISPATCHES = ("claimDispatch", "pauseDispatches", "previewDispatch", "getDispatchFigures", "getDispatch", "cancelDispatch", "retryDispatch", "renewDispatch", "tellDispatchResult")


def put_right(name, case):
    if name in ("postCiLog", "installHook", "testHook", "createToken", "getContext", "listSteps", "testRules"):
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
    elif name == "removeRepo":
        case.path_parameters["repo_id"] = post("/api/v1/repos", {"repo": f"acme/gone-{next(turn)}"})["repo_id"]
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
    elif name in OF_A_RUN:
        seeds.watch()
        case.path_parameters.update({k: v for k, v in seeds.finished_run().items() if k in case.path_parameters})
        if name == "getRunSample":
            case.path_parameters["regression_test_id"] = seeds.suite()["fail"]
    elif name in ("installHook", "testHook"):
        body["repo"] = REPO
        post("/api/v1/hooks/install", {"repo": REPO})
    elif name == "postHook":
        tell_of(case)
    elif name in DISPATCHES:
        dispatch(name, case, body)
    elif name in OF_THE_SUITE:
        OF_THE_SUITE[name](case, body)
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
    elif name in ("getBlob", "fetchBlob"):
        seeds.suite()
        case.path_parameters["sha256"] = seeds.sha256(seeds.SAMPLE)
    elif name == "putSuite":
        seeds.suite()
        case.body = seeds.DOCUMENT  # bytes of any kind are no suite
    elif name in ("getSample", "getSampleHistory"):
        case.path_parameters["sample_id"] = seeds.finished_run()["sample_id"]
    elif name == "putEpisode":
        case.body = seeds.archive(b'{"n": %d}' % next(turn))  # bytes of any kind are no archive
        case.media_type = "application/octet-stream"
        case.path_parameters.update(host="lab-2", file=f"ep-{next(turn)}.tar.zst")
        for header in ("X-Lab-Host", "X-Episode-Id", "X-Cis490-Code-Commit", "X-Schema-Version"):
            case.headers.pop(header, None)
        case.headers.update({"X-Content-SHA256": seeds.sha256(case.body), "X-Sluice-Code-Commit": seeds.head_commit()})
    elif name in ("getEpisode", "downloadEpisode", "getEpisodeFile"):
        case.path_parameters.update(seeds.episode())
        if name == "getEpisodeFile":
            query["path"] = "ep/meta.json"
    elif name == "checkCommit":
        case.path_parameters["name"] = "fleet"
    elif name == "mcp":
        speak_mcp(case)
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
        if "forge" in part and name not in ("listRepos", "listGroups", "listDispatches"):
            part["forge"] = "default"


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.path_parameters:
        spare_the_tokens_of_the_run(case)
        spare_the_admin(case)
        spare_the_repo(case)
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
    elif response.status_code >= 400 and response.status_code != 405 and case.operation.definition.raw.get("x-json-rpc"):
        answer = response.json()
        assert answer["jsonrpc"] == "2.0" and answer["error"]["code"] < 0 and answer["error"]["message"], answer
    elif response.status_code >= 400:
        error = response.json()
        assert isinstance(error["details"], dict) and error["code"].islower() and 0 < len(error["message"]) <= 500, error


@schemathesis.check
def a_token_opens_what_its_scope_names(ctx, response, case):
    operation = case.operation.definition.raw
    sent = str(response.request.headers.get("Authorization", "")).removeprefix("Bearer ")
    needed = operation.get("x-required-scope")
    if needed and sent in SCOPE_OF and SCOPE_OF[sent] not in needed.split():
        assert response.status_code >= 400, f"{SCOPE_OF[sent]} is enough; {needed} is required"
    if needed and SCOPE_OF.get(sent) == needed and not operation.get("x-page"):  # forms want a browser's own word too
        assert response.status_code != 403, f"{needed} is not enough: {response.text}"
    if operation["x-auth"] in ("token", "internal") and not sent:
        assert response.status_code >= 400, "no token is enough"


@atexit.register
def tell():
    with open(SEEN, "w", encoding="utf-8") as f:
        json.dump(seen, f)
