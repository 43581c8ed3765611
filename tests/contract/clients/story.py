"""A suite over HTTP from end to end, through the client that openapi-python-client made of the served document.

The suite has been imported: two tests, sort and count, over one sample each. What a worker would find out is told by hand. A line of TAP a chapter.
"""
import datetime
import hashlib
import os
import sys
import traceback
from collections.abc import Callable
from io import BytesIO
from typing import Any, TypeVar

from sluice_client import AuthenticatedClient, Client
from sluice_client.api.runs import (approve_baseline, cancel_run, create_run, get_actual_output, get_diff, get_error_summary, get_expected_output, get_queue, get_run,
                                    get_run_config, get_run_logs, get_run_progress, get_run_sample, get_run_summary, list_artifacts, list_infra_errors,
                                    list_run_errors, list_run_samples, list_runs)
from sluice_client.api.server import get_health
from sluice_client.api.suite import get_sample_history, list_regression_tests, list_samples
from sluice_client.api.tokens import create_token, list_tokens, revoke_current_token
from sluice_client.api.worker import claim_run, finish_run, put_output, tell_progress, tell_results
from sluice_client import models as m
from sluice_client.types import File, Response

T = TypeVar("T")
URL, EMAIL, PASSWORD, REPO = (os.environ["STORY_" + name] for name in ("URL", "EMAIL", "PASSWORD", "REPO"))
SHA = "0123456789abcdef0123456789abcdef01234567"
WRONG, COUNT = b"b\na\n", b"2\n"


def got(answer: Response[Any], kind: type[T], status: int = 200) -> T:
    assert answer.status_code == status, answer
    assert isinstance(answer.parsed, kind), answer
    return answer.parsed


def is_error(answer: Response[Any], status: int, code: str) -> m.ErrorResponse:
    assert answer.status_code == status, answer
    assert isinstance(answer.parsed, m.ErrorResponse) and answer.parsed.code == code and answer.parsed.message, answer
    return answer.parsed


class Story:
    def __init__(self) -> None:
        self.anybody = Client(base_url=URL)
        self.me = self.sign_in("story", list(m.Scope))
        self.sort = self.count = self.sample_id = self.output_id = self.failed = self.passed = 0

    def sign_in(self, name: str, scopes: list[m.Scope]) -> AuthenticatedClient:
        asked = m.TokenCreateRequest(token_name=name, email=EMAIL, password=PASSWORD, scopes=scopes, expires_in_days=1)
        token = got(create_token.sync_detailed(client=self.anybody, body=asked), m.AuthToken, 201)
        assert token.token_type is m.AuthTokenTokenType.BEARER and token.token.startswith("slc_") and token.expires_at > datetime.datetime.now(datetime.UTC)
        return AuthenticatedClient(base_url=URL, token=token.token)

    def a_token_is_made_of_a_password_and_another_password_makes_none(self) -> None:
        wrong = m.TokenCreateRequest(token_name="no", email=EMAIL, password="not the password")
        is_error(create_token.sync_detailed(client=self.anybody, body=wrong), 401, "unauthorized")
        assert [t.token_name for t in got(list_tokens.sync_detailed(client=self.me), m.TokenPage).data].count("story") == 1
        assert got(get_health.sync_detailed(client=self.anybody), m.SystemHealth).dependencies

    def the_suite_is_listed(self) -> None:
        samples = got(list_samples.sync_detailed(client=self.me, extension="txt"), m.SamplePage)
        assert samples.pagination.total == 1 and samples.data[0].regression_test_count == 2
        self.sample_id = samples.data[0].sample_id
        tests = {t.name: t for t in got(list_regression_tests.sync_detailed(client=self.me, sample_id=self.sample_id), m.RegressionTestPage).data}
        self.sort, self.count = tests["sort"].regression_test_id, tests["count"].regression_test_id
        assert tests["count"].expected_rc == 0 and tests["sort"].categories == ["basic"]

    def ask(self, tests: list[int]) -> int:
        asked = m.RunCreateRequest(repository=REPO, commit_sha=SHA, platform=m.RunCreateRequestPlatform.LINUX, branch="main", regression_test_ids=tests)
        run = got(create_run.sync_detailed(client=self.me, body=asked), m.Run, 202)
        assert run.status is m.RunStatus.QUEUED and run.commit_sha == SHA and run.branch == "main" and run.started_at is None
        return run.run_id

    def work(self, run_id: int, sorted_as: bytes) -> m.RunStatus:
        mine = got(claim_run.sync_detailed(client=self.me, body=m.ClaimRequest(platform=m.ClaimRequestPlatform.LINUX, worker="story")), m.ClaimAnswer).run
        assert mine and mine.run_id == run_id and {t.name for t in mine.tests} == {"sort", "count"}
        told = m.ProgressTold(claim=mine.claim, status=m.ProgressToldStatus.TESTING, message="both at once", step=1)
        assert got(tell_progress.sync_detailed(run_id, client=self.me, body=told), m.Lease).lease_seconds > 0
        results = []
        for test in mine.tests:
            data = sorted_as if test.name == "sort" else COUNT
            out = m.ResultsToldResultsItemOutputsItem(filename=test.outputs[0].filename, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
            results.append(m.ResultsToldResultsItem(regression_test_id=test.regression_test_id, exit_code=0, runtime_ms=12, outputs=[out]))
        taken = got(tell_results.sync_detailed(run_id, client=self.me, body=m.ResultsTold(claim=mine.claim, results=results)), m.ResultsTaken)
        for output_id in (o for r in taken.results for o in r.wanted):
            sent = put_output.sync_detailed(run_id, output_id, client=self.me, body=File(BytesIO(sorted_as)), claim=mine.claim, sha256=hashlib.sha256(sorted_as).hexdigest())
            assert sent.status_code == 201, sent
        return got(finish_run.sync_detailed(run_id, client=self.me, body=m.FinishTold(claim=mine.claim)), m.RunFinished).status

    def a_run_is_queued_and_done_and_fails(self) -> None:
        self.failed = self.ask([])
        queue = got(get_queue.sync_detailed(client=self.me, platform=m.Platform.LINUX), m.QueuePage)
        assert [(j.run_id, j.status, j.position) for j in queue.data] == [(self.failed, m.QueueJobStatus.QUEUED, 1)]
        assert got(get_run_config.sync_detailed(self.failed, client=self.me), m.RunConfig).regression_test_ids == sorted([self.sort, self.count])
        logs = got(get_run_logs.sync_detailed(self.failed, client=self.me), m.RunLinePage)
        assert logs.data == [] and logs.pagination.next_cursor is None
        assert self.work(self.failed, WRONG) is m.RunStatus.FAIL
        run = got(get_run.sync_detailed(self.failed, client=self.me), m.Run)
        assert run.status is m.RunStatus.FAIL and isinstance(run.completed_at, datetime.datetime)

    def what_failed_is_told_alike_everywhere(self) -> None:
        summary = got(get_run_summary.sync_detailed(self.failed, client=self.me), m.RunSummary)
        assert (summary.total_samples, summary.pass_count, summary.fail_count, summary.error_count) == (2, 1, 1, 1)
        failed = got(list_run_samples.sync_detailed(self.failed, client=self.me, status=m.ResultStatus.FAIL), m.RunSamplePage).data
        assert [r.regression_test_id for r in failed] == [self.sort]
        assert failed[0].outputs and failed[0].outputs[0].status is m.RunSampleOutputsItemStatus.FAIL
        self.output_id = failed[0].outputs[0].output_id
        assert got(get_run_sample.sync_detailed(self.failed, self.count, client=self.me), m.RunSample).status is m.ResultStatus.PASS
        error = got(list_run_errors.sync_detailed(self.failed, client=self.me), m.ErrorItemPage).data
        assert [(e.type_, e.severity, e.regression_id) for e in error] == [(m.ErrorType.DIFF_MISMATCH, m.ResultSeverity.WARNING, self.sort)]
        buckets = got(get_error_summary.sync_detailed(self.failed, client=self.me), m.ErrorSummaryPage).data
        assert [(b.key, b.count, b.sample_ids) for b in buckets] == [("diff_mismatch", 1, [self.sample_id])]
        assert got(list_infra_errors.sync_detailed(self.failed, client=self.me), m.ErrorItemPage).data == []
        told = [e.message for e in got(get_run_progress.sync_detailed(self.failed, client=self.me), m.ProgressPage).data]
        assert "both at once" in told
        is_error(get_run_logs.sync_detailed(self.failed, client=self.me), 404, "not_found")  # the story's worker has sent no log

    def the_difference_is_read_and_approved(self) -> None:
        at = (self.failed, self.sample_id, self.sort, self.output_id)
        diff = got(get_diff.sync_detailed(*at, client=self.me), m.Diff)
        assert diff.status is m.DiffStatus.DIFFERENT and diff.summary and diff.hunks and (diff.summary.added_lines, diff.summary.removed_lines) == (1, 1)
        assert [line.text for line in diff.hunks[0].lines if line.kind is m.DiffHunksItemLinesItemKind.CONTEXT] in (["a"], ["b"])
        assert "@@" in got(get_diff.sync_detailed(*at, client=self.me, format_=m.GetDiffFormat.UNIFIED), m.UnifiedDiff).content
        actual = got(get_actual_output.sync_detailed(*at, client=self.me, format_=m.GetActualOutputFormat.TEXT), m.OutputFile)
        assert actual.content == WRONG.decode() and actual.storage_status is m.StorageStatus.OK and actual.download_url
        assert got(get_expected_output.sync_detailed(*at, client=self.me), m.OutputFile).encoding is m.OutputFileEncoding.BASE64
        approved = approve_baseline.sync_detailed(self.failed, self.sample_id, client=self.me, body=m.BaselineApprovalRequest(regression_id=self.sort, output_id=self.output_id))
        assert got(approved, m.BaselineApproval).requested_by == EMAIL

    def the_next_run_passes_and_both_are_history(self) -> None:
        self.passed = self.ask([self.sort, self.count])
        assert self.work(self.passed, WRONG) is m.RunStatus.PASS
        history = [h for h in got(get_sample_history.sync_detailed(self.sample_id, client=self.me), m.SampleHistoryPage).data if h.regression_test_id == self.sort]
        # How a run ended is what it ended with: an approval is for the next ones.
        assert [h.run_id for h in history] == [self.passed, self.failed] and history[0].status is m.ResultStatus.PASS
        assert [r.run_id for r in got(list_runs.sync_detailed(client=self.me, status=m.RunStatus.PASS), m.RunPage).data][:1] == [self.passed]
        kinds = {a.type_ for a in got(list_artifacts.sync_detailed(self.passed, client=self.me), m.ArtifactPage).data}
        assert {m.ArtifactType.SAMPLE_OUTPUT, m.ArtifactType.EXPECTED_OUTPUT} <= kinds, kinds

    def a_run_is_canceled_once(self) -> None:
        run_id = self.ask([])
        assert got(cancel_run.sync_detailed(run_id, client=self.me, body=m.RunCancel(reason="a better one comes")), m.RunActionResult, 202).status is m.RunActionResultStatus.ACCEPTED
        assert got(cancel_run.sync_detailed(run_id, client=self.me), m.RunActionResult, 202).status is m.RunActionResultStatus.NO_OP
        assert got(get_run.sync_detailed(run_id, client=self.me), m.Run).status is m.RunStatus.CANCELED

    def each_refusal_is_typed(self) -> None:
        is_error(get_run.sync_detailed(999999, client=self.me), 404, "not_found")
        wrong = is_error(list_runs.sync_detailed(client=self.me, limit=0), 400, "validation_error").details.fields
        assert wrong and "limit" in wrong.additional_properties
        asked = m.RunCreateRequest(repository=REPO, commit_sha=SHA, platform=m.RunCreateRequestPlatform.LINUX, regression_test_ids=[999999])
        is_error(create_run.sync_detailed(client=self.me, body=asked), 422, "unprocessable")
        reader = self.sign_in("reader", [m.Scope.RUNSREAD])
        is_error(cancel_run.sync_detailed(self.passed, client=reader), 403, "forbidden")
        assert revoke_current_token.sync_detailed(client=reader).status_code == 204
        is_error(list_runs.sync_detailed(client=reader), 401, "unauthorized")


def main() -> int:
    chapters: list[Callable[[Story], None]] = [c for name, c in vars(Story).items() if name.startswith(("a_", "the_", "what_", "each_"))]
    story, failed = Story(), 0
    print(f"1..{len(chapters)}")
    for n, chapter in enumerate(chapters, 1):
        try:
            chapter(story)
            print(f"ok {n} - {chapter.__name__}")
        except Exception:  # whatever a client raises is a failure, and the next chapter may still be told
            failed += 1
            print(f"not ok {n} - {chapter.__name__}")
            print("\n".join("# " + line for line in traceback.format_exc().splitlines()))
    return failed


sys.exit(main() != 0)
