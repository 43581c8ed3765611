/*
 * step_facts: the members of a body that say which step it is of, as the document has them (CiLogPost, StepOpen).
 *
 * By the time this runs the document's checks have passed: fields are there, of their types, within their bounds. What is left is to
 * bring them into one shape: ids as text, the commit in lower case, names without line ends.
 */
#include "http/step_facts.h"

#include "http/gate_reply.h"

static struct str text_field(const struct call *c, const char *name)
{
	return json_str(json_get(c->body, name));
}

/* An id is text to us; JSON may bring it as an integer. */
static struct str id_field(struct call *c, const char *name)
{
	struct json *n = json_get(c->body, name);
	int64_t value;

	return json_int(n, &value) ? arena_fmt(&c->arena, "%lld", (long long)value) : json_str(n);
}

int64_t body_int(const struct call *c, const char *name, int64_t absent)
{
	int64_t value = absent;

	json_int(json_get(c->body, name), &value);
	return value;
}

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);

	for (size_t i = 0; i < s.len; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	return (struct str){ p, s.len };
}

/* toJSON(matrix) comes over many lines; a leg is one. Runs of white space become one space. */
static struct str one_line(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		bool blank = (unsigned char)s.p[i] <= ' ';

		if (!blank)
			p[n++] = s.p[i];
		else if (n > 0 && p[n - 1] != ' ')
			p[n++] = ' ';
	}
	return str_trim((struct str){ p, n });
}

struct step_facts step_facts_of(struct call *c)
{
	struct step_facts f = {
		.repo = c->repo.name,
		.forge = c->repo.forge,
		.head_sha = lower(&c->arena, text_field(c, "head_sha")),
		.external_run_id = id_field(c, "run_id"),
		.attempt = body_int(c, "attempt", 1),
		.job_id = id_field(c, "job_id"),
		.job_name = text_field(c, "job_name"),
		.leg = one_line(&c->arena, text_field(c, "leg")),
		.step_name = text_field(c, "step_name"),
		.step_index = body_int(c, "step_index", -1),
		.workflow = text_field(c, "workflow"),
		.branch = text_field(c, "branch"),
		.target_branch = text_field(c, "target_branch"),
		.platform = text_field(c, "platform"),
		.url = text_field(c, "url"),
		.pull_request = body_int(c, "pull_request", 0),
		.conclusion = CONCLUSION_FAILURE,
	};

	conclusion_find(text_field(c, "conclusion"), &f.conclusion);
	if (f.attempt == 0) /* Gitea's run_attempt of a run that was never run again */
		f.attempt = 1;
	f.has_exit_code = json_int(json_get(c->body, "exit_code"), &f.exit_code);
	if (f.platform.len == 0)
		f.platform = STR("linux");
	return f;
}

enum err_code step_facts_admit(struct call *c, const struct step_facts *f, struct err *e)
{
	struct gate_verdict v;

	gate_check(c->app->gates, c->cfg, GATE_GUARDS_STEPS, f->repo, f->head_sha, STR(""), &c->arena, &v);
	return v.answer == GATE_ADMITTED ? ERR_OK : gate_refuse(c, &v, e);
}
