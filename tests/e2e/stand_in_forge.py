"""A forge of the tests: Forgejo, Gitea or GitHub as far as Sluice speaks with them, over a real repository. Their shapes are those of shared facts on forges: what one says otherwise than another, this says so too.

    with StandInForge(GitRepo(path), kind="forgejo", token="t") as forge:
        sha = forge.repo.commit()[0]
        forge.push("main")                                  # tells the hooks that the branch is there
        run = forge.run(sha, branch="main")                 # one that runs
        run.job("test", steps=[Step("make", "failure", "error: x\\n")])
        run.finish("failure")                               # tells the hooks
        forge.count("POST", "/statuses/")                   # what it was asked and told

What is told it lies in forge.statuses, .comments, .issues, .reruns, .hooks. What goes wrong is forge.trouble (for all questions) and forge.troubles ({pattern of "METHOD /path": trouble}): a status (401, 500, ..),
"garbage", "huge", "cut", "slow" (until release()), "rate" (asked too often, with Retry-After), "reset" (the connection is cut before an answer), "done-reset" (the same, but what was asked for has been done).
Hooks are signed and sent at once, on the thread of who calls; forge.hooks_lost = True and they are lost; forge.deliveries has each, redeliver(i) sends one again.
"""
import dataclasses
import hashlib
import hmac
import http.client
import http.server
import itertools
import json
import re
import threading
import time
import urllib.parse
import uuid

from commits_forge import CommitsForge, GitRepo, git  # noqa: F401 (GitRepo is for those who import from here)

STAMP = "2026-01-02T15:04:05.0000000Z "
BOM = "\ufeff"
PATHS = {
    "runs": "/repos/{owner}/{repo}/actions/runs", "tasks": "/repos/{owner}/{repo}/actions/tasks",
    "jobs": "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs", "logs": "/repos/{owner}/{repo}/actions/jobs/{job_id}/logs",
    "rerun": "/repos/{owner}/{repo}/actions/runs/{run}/rerun", "rerun-failed": "/repos/{owner}/{repo}/actions/runs/{run}/rerun-failed-jobs",
}
CAN = {"forgejo": {"runs", "tasks", "jobs", "logs"}, "gitea": {"runs", "tasks", "jobs", "logs", "rerun", "rerun-failed"}, "github": set(PATHS)}


def sign(secret, body):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclasses.dataclass
class Step:
    name: str
    conclusion: str = "success"
    log: str = ""
    exit_code: int = 1


@dataclasses.dataclass
class Job:
    id: int
    name: str
    conclusion: str = ""  # empty: it runs
    attempt: int = 1
    steps: list = dataclasses.field(default_factory=list)
    text: str = None  # the whole log, instead of what the steps make

    def log(self, kind):
        """As the runner of that kind of forge writes it."""
        if self.text is not None:
            return self.text
        lines = ["Current runner version: '2.328.0'" if kind == "github" else "host(version:v6.0.0) received task 1 of job " + self.name]
        for step in self.steps:
            lines += {"github": self._github, "gitea": self._gitea, "forgejo": self._act}[kind](step)
        text = "".join(STAMP + line + "\n" for line in lines)
        return BOM + text if kind == "github" else text

    def step_log(self, number):
        """Forgejo's: the first is what the runner does before."""
        parts = [["host(version:v6.0.0) received task 1 of job " + self.name]] + [self._act(step) for step in self.steps]
        return "".join(STAMP + line + "\n" for line in parts[number]) if number < len(parts) else None

    @staticmethod
    def _github(step):
        failed = [f"##[error]Process completed with exit code {step.exit_code}."] if step.conclusion == "failure" else []
        return [f"##[group]Run {step.name}", step.name, "##[endgroup]", *step.log.splitlines(), *failed]

    @staticmethod
    def _gitea(step):
        failed = [f"##[error]Process completed with exit code {step.exit_code}."] if step.conclusion == "failure" else []
        return [f"::group::Run {step.name}", step.name, "shell: bash -e {0}", "::endgroup::", *step.log.splitlines(), *failed]

    @staticmethod
    def _act(step):
        failed = step.conclusion == "failure"
        end = [f"exitcode '{step.exit_code}': failure", f"  \u274c  Failure - Main {step.name}"] if failed else [f"  \u2705  Success - Main {step.name}"]
        return [f"\u2b50 Run Main {step.name}", *step.log.splitlines(), *end]


class Run:
    """Made by forge.run()."""

    def __init__(self, forge, sha, branch, pull, workflow, author, run_id, number):
        self.forge, self.sha, self.branch, self.pull, self.workflow, self.author = forge, sha, branch, pull, workflow, author
        self.id, self.number, self.attempt, self.conclusion, self.jobs = run_id, number, 1, "", []
        self.began = self.updated = forge.now()

    def job(self, name, conclusion=None, steps=(), text=None):
        """conclusion: without one, failure if a step failed."""
        steps = list(steps)
        conclusion = conclusion if conclusion is not None else "failure" if any(s.conclusion == "failure" for s in steps) else "success"
        job = Job(next(self.forge.ids), name, conclusion, self.attempt, steps, text)
        self.jobs.append(job)
        return job

    def finish(self, conclusion="failure", tell=True):
        self.conclusion, self.updated = conclusion, self.forge.now()
        return self.forge.tell_run(self) if tell else []

    def again(self):
        """Another attempt, which runs; its jobs are to be made anew."""
        self.attempt, self.conclusion, self.jobs = self.attempt + 1, "", []
        self.began = self.updated = self.forge.now()
        return self


class StandInForge(CommitsForge):
    def __init__(self, repo, kind="forgejo", owner="acme", name="widget", token=None, can=None, cap=50):
        super().__init__(repo.path, owner=owner, name=name, token=token, cap=cap)
        self.repo, self.kind = repo, kind
        self.can = set(CAN[kind] if can is None else can)
        self.shows_api = True
        self.ids, self.numbers = itertools.count(1001), itertools.count(1)
        self.runs, self.pulls, self.hooks = [], {}, {}
        self.statuses, self.comments, self.issues, self.reruns = {}, {}, {}, []
        self.deliveries, self.hooks_lost, self.troubles = [], False, {}
        self.tests = []
        self.login = "sluice"  # whose the token is; None: it may not ask that
        self.clock = 1767366245
        self.wants_no_token = []  # requests to where logs are stored that had a token: a mistake of who asks

    # -- what a test does

    @property
    def full_name(self):
        return f"{self.owner}/{self.name}"

    @property
    def api(self):
        return "/api/v3" if self.kind == "github" else "/api/v1"

    def now(self):
        """The forge's clock: a second later each time."""
        self.clock += 1
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock))

    def run(self, sha=None, branch=None, pull=None, workflow="ci.yml", author="dev"):
        if pull:
            branch = branch or self.pulls[pull]["branch"]
        run = Run(self, sha or self.repo.log(1, branch or self.repo.branch)[0], branch or self.repo.branch, pull, workflow, author, next(self.ids), len(self.runs) + 1)
        self.runs.append(run)
        return run

    def pull(self, branch, author="dev", tell=True):
        """Opens a pull request from that branch; its number."""
        number = next(self.numbers)
        self.pulls[number] = {"branch": branch, "state": "open", "author": author}
        if tell:
            self.tell_pull(number, "opened")
        return number

    def close(self, number, tell=True):
        self.pulls[number]["state"] = "closed"
        return self.tell_pull(number, "closed") if tell else []

    def push(self, branch, before="0" * 40, author="dev"):
        return self.tell("push", {"ref": f"refs/heads/{branch}", "before": before, "after": self.head_of(branch), "repository": self._repository(),
                                  "pusher": {"login": author, "name": author}, "sender": {"login": author}})

    def head_of(self, branch):
        return git("rev-parse", "--verify", "-q", f"refs/heads/{branch}^0", cwd=self.path).strip()

    def count(self, method, pattern):
        """Requests of that method whose path has the pattern in it."""
        with self.lock:
            return sum(1 for request in self.requests if request.startswith(method + " ") and re.search(pattern, request))

    def comments_on(self, number):
        return [c for c in self.comments.values() if c["issue"] == number]

    # -- hooks

    def add_hook(self, url, secret, events=None):
        number = next(self.ids)
        self.hooks[number] = {"id": number, "active": True, "events": events, "config": {"url": url, "content_type": "json", "secret": secret}}
        return number

    def tell_pull(self, number, action):
        pull = self.pulls[number]
        return self.tell("pull_request", {"action": action, "number": number, "repository": self._repository(), "sender": {"login": pull["author"]},
                                          "pull_request": self._pull(number)})

    def tell_run(self, run):
        """The event that says how it went, and for those who have it, of each job."""
        if self.kind == "forgejo":
            event = {"failure": "action_run_failure", "success": "action_run_success"}.get(run.conclusion, "action_run_failure")
            return self.tell(event, {"action": event.rsplit("_", 1)[1], "run": {**self._run(run), "repository": self._repository()}})
        said = []
        for job in run.jobs:
            said += self.tell("workflow_job", {"action": "completed", "workflow_job": self._job(run, job), "repository": self._repository()})
        return said + self.tell("workflow_run", {"action": "completed" if run.conclusion else "in_progress", "workflow_run": self._run(run),
                                                 "workflow": {"path": run.workflow}, "repository": self._repository()})

    def tell_status(self, run):
        """That its commit has a status, as forges say beside it: it names no run."""
        return self.tell("status", {"sha": run.sha, "state": run.conclusion, "context": f"{run.workflow} / build", "repository": self._repository(),
                                    "target_url": f"{self.url}/{self.full_name}/actions/runs/{run.number}/jobs/0", "updated_at": run.updated, "sender": {"login": run.author}})

    def tell(self, event, payload):
        """To each hook that wants it. (status, body) of each; None: nobody answered."""
        said, body = [], json.dumps(payload).encode()
        for hook in self.hooks.values():
            if hook["active"] and (hook["events"] is None or event in hook["events"]):
                said.append(self._deliver({"event": event, "hook": hook, "body": body, "id": str(uuid.uuid4())}))
        return said

    def redeliver(self, index=-1):
        return self._deliver(self.deliveries[index], keep=False)

    def _deliver(self, delivery, keep=True):
        if keep:
            self.deliveries.append(delivery)
        if self.hooks_lost:
            return None
        config, body = delivery["hook"]["config"], delivery["body"]
        url, digest = urllib.parse.urlsplit(config["url"]), sign(config["secret"], body) if config.get("secret") else ""
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}" if digest else ""}
        for name in {"forgejo": ("Forgejo", "Gitea", "GitHub"), "gitea": ("Gitea", "GitHub"), "github": ("GitHub",)}[self.kind]:
            headers[f"X-{name}-Event"], headers[f"X-{name}-Delivery"] = delivery["event"], delivery["id"]
            if name != "GitHub":
                headers[f"X-{name}-Signature"] = digest
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=5)  # forges wait 5 s
        try:
            connection.request("POST", url.path or "/", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return None
        finally:
            connection.close()

    # -- shapes

    def _repository(self):
        return {"id": 1, "name": self.name, "full_name": self.full_name, "owner": {"login": self.owner}, "html_url": f"{self.url}/{self.full_name}"}

    def _pull(self, number):
        pull = self.pulls[number]
        return {"number": number, "state": pull["state"], "user": {"login": pull["author"]}, "updated_at": self.now(),
                "head": {"ref": pull["branch"], "sha": self.head_of(pull["branch"])}, "base": {"ref": self.repo.branch}}

    def _run(self, run):
        if self.kind == "forgejo":
            return {"id": run.id, "index_in_repo": run.number, "commit_sha": run.sha, "workflow_id": run.workflow, "status": run.conclusion or "running",
                    "prettyref": f"#{run.pull}" if run.pull else run.branch, "event": "pull_request" if run.pull else "push", "event_payload": "{}",
                    "trigger_user": {"login": run.author, "username": run.author}, "started": run.began, "updated": run.updated, "stopped": run.updated,
                    "html_url": f"{self.url}/{self.full_name}/actions/runs/{run.number}"}
        shape = {"id": run.id, "run_number": run.number, "run_attempt": run.attempt, "head_sha": run.sha, "head_branch": run.branch,
                 "status": "completed" if run.conclusion else "in_progress", "conclusion": run.conclusion or None,
                 "run_started_at" if self.kind == "github" else "started_at": run.began, "updated_at": run.updated,
                 "event": "pull_request" if run.pull else "push", "actor": {"login": run.author}, "html_url": f"{self.url}/{self.full_name}/actions/runs/{run.id}"}
        if self.kind == "gitea":
            return {**shape, "run_attempt": 0, "path": f"{run.workflow}@refs/heads/{run.branch}"}
        return {**shape, "name": run.workflow, "path": f".github/workflows/{run.workflow}", "pull_requests": [{"number": run.pull}] if run.pull else []}

    def _job(self, run, job):
        if self.kind == "forgejo":
            return {"id": job.id, "attempt": job.attempt, "name": job.name, "status": job.conclusion or "running", "task_id": job.id + 5000, "needs": None, "runs_on": ["docker"]}
        shape = {"id": job.id, "run_id": run.id, "run_attempt": job.attempt, "head_sha": run.sha, "name": job.name, "head_branch": run.branch,
                 "status": "completed" if job.conclusion else "in_progress", "conclusion": job.conclusion or None}
        own = [(s.name, s.conclusion) for s in job.steps]
        if self.kind == "gitea":
            steps = [(name, job.conclusion) for name, _ in own]
        else:
            steps = [("Set up job", "success"), *own, ("Complete job", "success")]
        return {**shape, "steps": [{"name": n, "number": i + 1, "status": "completed", "conclusion": c} for i, (n, c) in enumerate(steps)]}

    # -- answers

    def _handler(forge):  # noqa: N805
        class Handler(http.server.BaseHTTPRequestHandler):
            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with forge.lock:
                    forge.requests.append(f"{self.command} {self.path}")
                trouble = forge.trouble_of(self.command, self.path)
                if trouble == "reset":
                    self.close_connection = True
                    return
                try:
                    said = forge.trouble_answer(trouble) or forge.answer_to(self.command, self.path, self.headers.get("Authorization"), body)
                    if trouble == "done-reset":
                        self.close_connection = True
                        return
                    self.say(trouble == "cut", *said)
                except OSError:
                    pass

            do_GET = do_POST = do_PATCH = do_DELETE = serve

            def say(self, cut, status, body, more=()):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) + (100 if cut else 0)))
                for name, value in [("Content-Type", "application/json"), *more]:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        return Handler

    def trouble_of(self, method, path):
        for pattern, trouble in self.troubles.items():
            if re.search(pattern, f"{method} {path}"):
                return trouble
        return self.trouble

    def trouble_answer(self, trouble):
        if trouble == "slow":
            self.released.wait()
        if isinstance(trouble, int):
            return trouble, b'{"message": "trouble"}'
        return {"garbage": (200, b"<html>{]"), "huge": (200, b"[" + b" " * (20 << 20) + b"]"),
                "rate": (429, b'{"message": "too often"}', [("Retry-After", "7")])}.get(trouble)

    def answer_to(self, method, path, authorization, body):
        asked = urllib.parse.urlsplit(path)
        if asked.path.startswith("/store/"):
            return self._stored(asked, authorization)
        if asked.path == "/swagger.v1.json" and self.kind != "github":
            return self._described()
        if self.token and (authorization or "").split(" ")[-1] != self.token:
            return 401, b'{"message": "token is required"}'
        if asked.path == f"{self.api}/user":
            return (200, json.dumps({"id": 3, "login": self.login}).encode()) if self.login else (403, b'{"message": "token does not have the scope read:user"}')
        base = f"{self.api}/repos/{self.full_name}/".lower()
        if not asked.path.lower().startswith(base):
            return 404, b'{"message": "no such repo"}'
        rest, query = urllib.parse.unquote(asked.path[len(base):]), {k: v[0] for k, v in urllib.parse.parse_qs(asked.query).items()}
        if rest == "commits":
            return self._commits(asked)
        for wanted, pattern, answer in ROUTES:
            match = re.fullmatch(pattern, rest)
            if match and wanted == method:
                with self.lock:
                    said = answer(self, query, json.loads(body) if body else {}, *match.groups())
                return said if isinstance(said, tuple) else (200, json.dumps(said).encode())
        return 404, b'{"message": "not found"}'

    def _commits(self, asked):
        if self.kind == "github":
            asked = asked._replace(path=asked.path.replace("/api/v3/", "/api/v1/", 1), query=asked.query.replace("per_page=", "limit="))
        return self.page(asked)

    def _described(self):
        if not self.shows_api:
            return 404, b"Not found."
        noise = {f"/repos/{{owner}}/{{repo}}/thing{i}": {"get": {"tags": ["repository"]}} for i in range(3000)}
        return 200, json.dumps({"swagger": "2.0", "basePath": "/api/v1", "paths": {**noise, **{PATHS[c]: {"get": {}} for c in sorted(self.can)}}}).encode()

    def _paged(self, entries, query):
        size, page = min(int(query.get("per_page" if self.kind == "github" else "limit", 30)), 100 if self.kind == "github" else self.cap), int(query.get("page", 1))
        return entries[(page - 1) * size:page * size]

    def _find(self, run_id):
        return next((r for r in self.runs if r.id == int(run_id)), None)

    def _runs(self, query, _body):
        if "runs" not in self.can:
            return 404, b"{}"
        return {"workflow_runs": [self._run(r) for r in self._paged(self.runs[::-1], query)], "total_count": len(self.runs)}

    def _tasks(self, query, _body):
        tasks = [{"id": j.id + 5000, "name": j.name, "run_number": r.number, "head_sha": r.sha, "head_branch": r.branch, "workflow_id": r.workflow,
                  "status": j.conclusion or "running"} for r in self.runs[::-1] for j in r.jobs[::-1]]
        return {"workflow_runs": self._paged(tasks, query), "total_count": len(tasks)}

    def _jobs(self, query, _body, run_id):
        run = self._find(run_id)
        if not run or "jobs" not in self.can:
            return 404, b"{}"
        jobs = [self._job(run, j) for j in run.jobs]
        return jobs if self.kind == "forgejo" else {"jobs": self._paged(jobs, query), "total_count": len(jobs)}

    def _log(self, query, _body, job_id):
        job = next((j for r in self.runs for j in r.jobs if j.id == int(job_id)), None)
        if not job or "logs" not in self.can:
            return 404, b"{}"
        if self.kind == "github":
            return 302, b"", [("Location", f"{self.url}/store/{job_id}?sig=once")]
        text = job.step_log(int(query["step"])) if self.kind == "forgejo" and "step" in query else job.log(self.kind)
        return (404, b"{}") if text is None else (200, text.encode(), [("Content-Type", "text/plain; charset=utf-8")])

    def _stored(self, asked, authorization):
        job = next((j for r in self.runs for j in r.jobs if j.id == int(asked.path.split("/")[-1])), None)
        if authorization:
            self.wants_no_token.append(asked.path)
            return 400, b"two ways to say who you are"
        return (200, job.log("github").encode(), [("Content-Type", "text/plain")]) if job and asked.query == "sig=once" else (403, b"")

    def _branch(self, _query, _body, branch):
        try:
            return {"name": branch, "commit": {"sha" if self.kind == "github" else "id": self.head_of(branch)}}
        except AssertionError:
            return 404, b"{}"

    def _pull_of(self, _query, _body, number):
        return self._pull(int(number)) if int(number) in self.pulls else (404, b"{}")

    def _status(self, _query, body, sha):
        self.statuses.setdefault(sha, []).append(body)
        return 201, json.dumps({"id": next(self.ids), **body}).encode()

    def _comment(self, _query, body, issue):
        number = next(self.ids)
        self.comment_on(int(issue), body["body"], self.login or "sluice", number)
        return 201, json.dumps(self.comments[number]).encode()

    def comment_on(self, issue, body, login, number=None):
        number = number or next(self.ids)
        self.comments[number] = {"id": number, "issue": issue, "body": body, "user": {"login": login}, "n_edits": 0}
        return self.comments[number]

    def _comments_of(self, query, _body, issue):
        return self._paged(self.comments_on(int(issue)), query)

    def _issue_of(self, _query, _body, number):
        return self.issues.get(int(number)) or (404, b"{}")

    def _issues(self, query, _body):
        by = query.get("creator" if self.kind == "github" else "created_by")
        return self._paged([i for i in self.issues.values() if i["state"] == query.get("state", "open") and by in (None, i["user"]["login"])], query)

    def _edit(self, _query, body, number):
        comment = self.comments.get(int(number))
        if not comment:
            return 404, b"{}"
        comment.update(body=body["body"], n_edits=comment["n_edits"] + 1)
        return comment

    def _issue(self, _query, body):
        number = next(self.numbers)
        self.issues[number] = {"id": next(self.ids), "number": number, "title": body["title"], "body": body.get("body", ""), "state": "open", "user": {"login": self.login or "sluice"}, "html_url": f"{self.url}/{self.full_name}/issues/{number}"}
        return 201, json.dumps(self.issues[number]).encode()

    def _rerun(self, _query, _body, run_id, how):
        run = self._find(run_id)
        if not run or ("rerun-failed" if how else "rerun") not in self.can:
            return 404, b"{}"
        if not run.conclusion:
            return 409, b'{"message": "it is running"}'
        self.reruns.append(run.id)
        run.again()
        return 201, b"{}"

    def _hooks(self, query, _body):
        shown = [{**h, "config": {k: v for k, v in h["config"].items() if k != "secret"}} for h in self.hooks.values()]
        return self._paged(shown, query)

    def _hook_new(self, _query, body):
        if body.get("name" if self.kind == "github" else "type") != {"github": "web"}.get(self.kind, self.kind):
            return 422, b'{"message": "no such type of hook"}'
        number = next(self.ids)
        self.hooks[number] = {"id": number, "active": body.get("active", True), "events": body["events"], "config": body["config"]}
        return 201, json.dumps({"id": number}).encode()

    def _hook_change(self, _query, body, number):
        if int(number) not in self.hooks:
            return 404, b"{}"
        self.hooks[int(number)].update({k: body[k] for k in ("active", "events", "config") if k in body})
        return {"id": int(number)}

    def _hook_try(self, _query, _body, number, _what):
        """What is sent is sent later, as by a forge that does not wait for it (send_tests)."""
        if int(number) not in self.hooks:
            return 404, b"{}"
        self.tests.append(self.hooks[int(number)])
        return 204, b""

    def send_tests(self):
        """(status, body) of each."""
        said = []
        while self.tests:
            event, payload = ("ping", {"zen": "Keep it logically awesome."}) if self.kind == "github" else (
                "push", {"ref": f"refs/heads/{self.repo.branch}", "before": self.head_of(self.repo.branch), "after": self.head_of(self.repo.branch), "repository": self._repository()})
            said.append(self._deliver({"event": event, "hook": self.tests.pop(), "body": json.dumps(payload).encode(), "id": str(uuid.uuid4())}))
        return said


ROUTES = [
    ("GET", r"actions/runs", StandInForge._runs), ("GET", r"actions/tasks", StandInForge._tasks), ("GET", r"actions/runs/(\d+)/jobs", StandInForge._jobs),
    ("GET", r"actions/jobs/(\d+)/logs", StandInForge._log), ("GET", r"branches/(.+)", StandInForge._branch), ("GET", r"pulls/(\d+)", StandInForge._pull_of),
    ("POST", r"statuses/([0-9a-f]+)", StandInForge._status), ("POST", r"issues/(\d+)/comments", StandInForge._comment),
    ("GET", r"issues/(\d+)/comments", StandInForge._comments_of), ("GET", r"issues/(\d+)", StandInForge._issue_of), ("GET", r"issues", StandInForge._issues),
    ("PATCH", r"issues/comments/(\d+)", StandInForge._edit), ("POST", r"issues", StandInForge._issue),
    ("POST", r"actions/runs/(\d+)/rerun(-failed-jobs)?", StandInForge._rerun), ("GET", r"hooks", StandInForge._hooks), ("POST", r"hooks", StandInForge._hook_new),
    ("PATCH", r"hooks/(\d+)", StandInForge._hook_change), ("POST", r"hooks/(\d+)/(tests|pings)", StandInForge._hook_try),
]


class Listener:
    """Somebody whom hooks can be sent to: url, and received: (headers, body) of each."""

    def __init__(self, status=200):
        self.status, self.received = status, []

    def __enter__(self):
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                listener.received.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(listener.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/x"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
