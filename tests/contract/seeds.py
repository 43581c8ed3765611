"""What there has to be of a suite so that each of its operations can be asked for something: samples, a run with results, outputs and a log, and a run at work.

Made over HTTP, as its users make it, by the admin of the server that tools/contract started.
"""
import functools
import hashlib
import hmac
import io
import itertools
import json
import os
import tarfile
import time
import urllib.request

URL, ADMIN, INTERNAL, REPO = (os.environ["CONTRACT_" + name] for name in ("URL", "ADMIN", "INTERNAL", "REPO"))
SHA = "c" * 40
SAMPLE, EXPECTED, WRITTEN = b"b\na\n", b"a\nb\n", b"b\na\nc\n"
number = itertools.count()


def send(method, path, data, kind="application/octet-stream", token=ADMIN):
    request = urllib.request.Request(URL + path, data, {"Authorization": f"Bearer {token}", "Content-Type": kind}, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")


def post(path, body, token=ADMIN):
    return send("POST", path, json.dumps(body).encode(), "application/json", token)


def get(path):
    return send("GET", path, None)


def watch():
    """Its id. It may have to be added first."""
    return post("/api/v1/repos", {"repo": REPO})["repo_id"]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# Both tests are in it whenever it is sent again, so that nothing of the other operations goes.
DOCUMENT = f"""samples: [{{file: 'sha256:{sha256(SAMPLE)}', name: two.txt, tags: [small]}}]
tests:
  - {{name: sort, sample: 'sha256:{sha256(SAMPLE)}', command: 'sort {{input}} -o {{output}}/out.txt', categories: [basic], outputs: [{{file: out.txt, accepted: ['sha256:{sha256(EXPECTED)}']}}]}}
  - {{name: fail, sample: 'sha256:{sha256(SAMPLE)}', command: 'false {{input}}', description: never goes well}}
""".encode()


@functools.cache
def suite():
    """The ids of the sample and of the two tests."""
    for data in (SAMPLE, EXPECTED):
        send("PUT", f"/api/v1/blobs/{sha256(data)}", data)
    send("PUT", "/api/v1/suite", DOCUMENT)
    tests = {t["name"]: t for t in get("/api/v1/regression-tests")["data"]}
    return {"sample": tests["sort"]["sample_id"], "sort": tests["sort"]["regression_test_id"], "fail": tests["fail"]["regression_test_id"]}


def queued_run():
    suite(), watch()
    return post("/api/v1/runs", {"repository": REPO, "commit_sha": SHA, "platform": "linux", "branch": "main"})["run_id"]


def claimed_run():
    """The run that has waited longest, with its claim and its tests: of a worker that has no other."""
    queued_run()
    return post("/internal/queue/claim", {"platform": "linux", "worker": f"worker-{next(number)}"}, INTERNAL)["run"]


def tell(run, body):
    told = post(f"/internal/runs/{run['run_id']}/results", {"claim": run["claim"], "results": body}, INTERNAL)
    return [(r["regression_test_id"], o) for r in told["results"] for o in r["wanted"]]


def told_output(data):
    """A run at work whose result speaks of these bytes, which it has not sent, and the output that they are of."""
    while True:
        run = claimed_run()
        tests = [t for t in run["tests"] if t["name"] == "sort"]
        wanted = tests and tell(run, [{"regression_test_id": tests[0]["regression_test_id"], "exit_code": 0, "outputs": [{"filename": "out.txt", "sha256": sha256(data)}]}])
        if wanted:
            return run, wanted[0][1]


@functools.cache
def finished_run():
    """One that failed, in both of its tests: one wrote something else, with a log, the other ended with another code."""
    run, output = told_output(WRITTEN)
    path = f"/internal/runs/{run['run_id']}"
    send("PUT", f"{path}/outputs/{output}?claim={run['claim']}&sha256={sha256(WRITTEN)}", WRITTEN, token=INTERNAL)
    tell(run, [{"regression_test_id": suite()["fail"], "exit_code": 1, "runtime_ms": 3, "message": "it failed"}])
    post(f"{path}/progress", {"claim": run["claim"], "status": "testing", "message": "both", "step": 1}, INTERNAL)
    log = {"repo": REPO, "head_sha": SHA, "run_id": run["external_run_id"], "job_name": "sort", "step_name": "sort", "log_tail": "ERROR: out of order\n"}
    send("POST", "/internal/ci-log", json.dumps(log).encode(), "application/json", INTERNAL)
    post(f"{path}/finish", {"claim": run["claim"]}, INTERNAL)
    return {"run_id": run["run_id"], "sample_id": suite()["sample"], "regression_id": suite()["sort"], "output_id": output}


def approved_run():
    """The same, with what it wrote accepted."""
    at = finished_run()
    post(f"/api/v1/runs/{at['run_id']}/samples/{at['sample_id']}/baseline-approval", {"regression_id": at["regression_id"], "output_id": at["output_id"]})
    return at


def zstd(data):
    """One frame of one block that is stored as it is (RFC 8878, 3.1.1): for less than 128 KiB."""
    return b"\x28\xb5\x2f\xfd\xa0" + len(data).to_bytes(4, "little") + (len(data) << 3 | 1).to_bytes(3, "little") + data


def archive(text):
    """An episode as a host packs it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        entry = tarfile.TarInfo("ep/meta.json")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return zstd(out.getvalue())


@functools.cache
def head_commit():
    """One that the gate of tools/contract lets in."""
    return get("/api/v1/gates")["data"][0]["head_commit"]


def put_episode(host, name, data):
    request = urllib.request.Request(f"{URL}/v1/episodes/{host}/{name}.tar.zst", data, {
        "Authorization": f"Bearer {ADMIN}", "X-Content-SHA256": sha256(data), "X-Sluice-Code-Commit": head_commit()}, method="PUT")
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


@functools.cache
def episode():
    put_episode("lab-1", "ep-1", archive(b"{}"))
    return {"host": "lab-1", "episode_id": "ep-1"}


def hook(event, payload):
    """Told as GitHub does."""
    body = json.dumps({**payload, "repository": {"full_name": REPO}}).encode()
    signature = hmac.new(os.environ["CONTRACT_HOOK_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    request = urllib.request.Request(URL + "/hooks/github", body, {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Event": event, "X-GitHub-Delivery": f"seed-{next(number)}",
                                                                   "Content-Type": "application/json"}, method="POST")
    urllib.request.urlopen(request).close()


def red():
    """A failed run at the head of a branch of its own: its dispatch, which is offered."""
    watch()
    n = next(number)
    sha, branch = sha256(b"red %d" % n)[:40], f"red-{n}"
    hook("push", {"ref": f"refs/heads/{branch}", "before": "0" * 40, "after": sha})
    hook("workflow_run", {"action": "completed", "workflow_run": {"id": 70000 + n, "head_sha": sha, "head_branch": branch, "status": "completed", "conclusion": "failure"}})
    for _ in range(300):
        found = get(f"/api/v1/dispatches?sha={sha}&state=offered")["data"]
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(f"a failed run is not offered: {get(f'/api/v1/dispatches?sha={sha}')}")


def claimed_dispatch():
    red()
    claimed = post("/api/v1/dispatches/claim", {"agent": f"agent-{next(number)}"})
    return claimed["dispatch"]["dispatch_id"], claimed["claim"]


def called_off_dispatch():
    one = red()["dispatch_id"]
    send("POST", f"/api/v1/dispatches/{one}/cancel", None)
    return one
