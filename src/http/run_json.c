/* run_json: see the header. */
#include "http/run_json.h"

#include "base/utf8.h"

#include <ctype.h>

#define BRANCH_MAX 100 /* characters (results API) */

struct str branch_told(struct str branch)
{
	return (struct str){ branch.p, utf8_floor(branch, BRANCH_MAX) };
}

/* Takes letters, digits and those of more off the beginning of *rest. True: there were some. */
static bool take(struct str *rest, const char *more)
{
	size_t n = 0;

	while (n < rest->len && rest->p[n] &&
		(isalnum((unsigned char)rest->p[n]) || strchr(more, rest->p[n])))
		n++;
	*rest = str_from(*rest, n);
	return n > 0;
}

static bool percents_are_whole(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] == '%' && (i + 2 >= text.len || !isxdigit((unsigned char)text.p[i + 1]) ||
						!isxdigit((unsigned char)text.p[i + 2])))
			return false;
	return true;
}

/* A URI (RFC 3986) of a page. A runner sends any text that begins like one; one that names a user is no page to show. */
static bool is_link(struct str url)
{
	struct str rest = str_from(url, str_find_str(url, STR("://")) + 3);
	bool is_v6 = str_starts(rest, STR("["));

	rest = str_from(rest, is_v6);
	if (!take(&rest, is_v6 ? ":." : "-._~"))
		return false;
	if (is_v6 && !str_starts(rest, STR("]")))
		return false;
	rest = str_from(rest, is_v6);
	if (str_starts(rest, STR(":"))) {
		rest = str_from(rest, 1);
		while (rest.len > 0 && isdigit((unsigned char)rest.p[0]))
			rest = str_from(rest, 1);
	}
	if (rest.len > 0 && !strchr("/?#", rest.p[0]))
		return false;
	take(&rest, "-._~!$&'()*+,;=:@/?%");
	if (str_starts(rest, STR("#"))) {
		rest = str_from(rest, 1);
		take(&rest, "-._~!$&'()*+,;=:@/?%");
	}
	return rest.len == 0 && percents_are_whole(url);
}

static int64_t completed_at(const struct run *r)
{
	if (r->status == RUN_RUNNING || r->status == RUN_QUEUED)
		return 0;
	return r->tally.stage == STAGE_NONE ? r->tally.newest_at : r->over_at;
}

void run_json(struct json_out *j, const char *name, const struct run *r, int64_t now)
{
	const char *reason = run_reason(&r->tally, now);

	json_open_object(j, name);
	json_put_int(j, "run_id", r->id);
	json_put_z(j, "status", run_status_name(r->status));
	if (reason)
		json_put_z(j, "reason", reason);
	json_put_str(j, "platform", r->platform.len > 0 ? r->platform : STR("linux"));
	json_put_z(j, "test_type", r->pull_request > 0 ? "pr" : "commit");
	json_put_str(j, "repository", r->repo);
	json_put_str(j, "forge", r->forge);
	json_put_told(j, "branch", branch_told(r->branch));
	json_put_str(j, "commit_sha", r->head_sha);
	json_put_told(j, "workflow", r->workflow);
	json_put_told(j, "external_run_id", r->external_run_id);
	json_put_number(j, "pr_number", r->pull_request > 0, r->pull_request);
	json_put_time(j, "created_at", r->created_at);
	json_put_time(j, "queued_at", r->queued_at);
	json_put_time(j, "started_at", r->tally.stage == STAGE_NONE ? r->began_at : r->started_at);
	json_put_time(j, "completed_at", completed_at(r));
	json_put_told(j, "github_link", is_link(r->url) ? r->url : STR(""));
	json_close_object(j);
}
