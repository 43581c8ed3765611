/* diff_step: a page after the other, until there is none. */
#include "cli/diff_step.h"

#include "text/terminal.h"

#define PAGE 2000

struct printing {
	const struct diff_step *d;
	struct client *client;
	int64_t cursor; /* of the next page; 0: there is none */
	int64_t last;   /* number of the line that was printed last; 0: none */
};

static char sign_of(struct str kind)
{
	static const struct {
		const char *kind;
		char sign;
	} signs[] = { { "new", '+' }, { "more", '*' }, { "moved", '~' } };

	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (str_eq(kind, str_z(signs[i].kind)))
			return signs[i].sign;
	return ' ';
}

static int64_t number(struct json *object, const char *key)
{
	int64_t n = 0;

	json_int(json_get(object, key), &n);
	return n;
}

/* A hunk that was cut by a page goes on. */
static void print_hunk(struct printing *p, struct json *hunk, struct buf *out)
{
	struct json *lines = json_get(hunk, "lines");

	if (p->last == 0 || number(hunk, "from_line") != p->last + 1)
		buf_fmt(out, "%s@@ line %lld @@\n", p->last > 0 ? "\n" : "",
			(long long)number(hunk, "from_line"));
	for (size_t i = 0; i < json_len(lines); i++) {
		struct json *line = json_at(lines, i);

		buf_fmt(out, "%c ", sign_of(json_str(json_get(line, "kind"))));
		text_terminal(json_str(json_get(line, "text")), false, out);
		buf_z(out, json_is_true(json_get(line, "truncated")) ? " [...]\n" : "\n");
		p->last = number(line, "number");
	}
}

/* What it is compared with, once, and whether that was all of it. */
static void tell(struct json *root)
{
	struct json *baseline = json_get(root, "baseline");
	struct str sha = json_str(json_get(baseline, "head_sha")),
		   branch = json_str(json_get(baseline, "branch"));
	AUTO_BUF about;

	buf_init(&about, 1000);
	text_terminal(branch, false, &about);
	command_say("diff", "compared with step %lld (run %lld, commit %.*s%s%s)",
		(long long)number(baseline, "step_id"), (long long)number(baseline, "run_id"),
		(int)(sha.len < 12 ? sha.len : 12), sha.p ? sha.p : "", about.len > 0 ? ", branch " : "",
		buf_cstr(&about));
	if (!json_is_true(json_get(root, "complete")))
		command_say(
			"diff", "the logs are long: of each only the beginning and the end were looked at");
}

static enum err_code print_page(struct printing *p, struct err *e)
{
	struct json *root = client_root(p->client), *hunks = json_get(root, "hunks");
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	if (p->d->json) {
		buf_str(&out, str_trim(buf_view(&p->client->body)));
		buf_char(&out, '\n');
	} else {
		if (p->cursor == 1)
			tell(root);
		for (size_t i = 0; i < json_len(hunks); i++)
			print_hunk(p, json_at(hunks, i), &out);
	}
	return print_all(buf_view(&out), e);
}

/* Where to go on: never where we were, or this would not end. */
static enum err_code take_cursor(struct printing *p, struct err *e)
{
	int64_t next = number(json_get(client_root(p->client), "pagination"), "next_cursor");

	if (next != 0 && next <= p->cursor)
		return err_set(e, ERR_NETWORK, "the pages of the diff do not end; is it a Sluice server?");
	p->cursor = next;
	return ERR_OK;
}

enum err_code diff_step_print(const struct diff_step *d, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	struct printing p = { .d = d, .client = &c, .cursor = 1 };

	TRY(client_init(&c, &d->client, e));
	while (p.cursor > 0) {
		AUTO_BUF path;

		buf_init(&path, 1000);
		buf_fmt(&path, "/api/v1/steps/%lld/diff", (long long)d->step_id);
		query_add_int(&path, "limit", PAGE);
		query_add_int(&path, "cursor", p.cursor);
		if (d->baseline_id > 0)
			query_add_int(&path, "baseline", d->baseline_id);
		if (d->context >= 0)
			query_add_int(&path, "context", d->context);
		TRY(client_call(&c, "GET", buf_cstr(&path), NULL, e));
		TRY(print_page(&p, e));
		TRY(take_cursor(&p, e));
	}
	return ERR_OK;
}
