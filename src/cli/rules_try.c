/* rules_try: one request, and what came of it. */
#include "cli/rules_try.h"

#include "base/file.h"
#include "cli/client.h"
#include "text/visible.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME "rules try"
#define RULE_MAX 65536
#define LOG_MAX (1 << 20)

struct request {
	struct client_flags client;
	struct opt_many steps;
	const char *repo, *forge, *rule, *log;
	bool json;
};

static enum err_code put_steps(const struct request *r, struct json_out *j, struct err *e)
{
	json_open_array(j, "step_ids");
	for (size_t i = 0; i < r->steps.n; i++) {
		int64_t id;

		if (!str_to_int(str_z(r->steps.values[i]), &id))
			return err_set(e, ERR_INVALID, "--step is the number of a step, not \"%.60s\"",
				r->steps.values[i]);
		json_put_int(j, NULL, id);
	}
	json_close_array(j);
	return ERR_OK;
}

static enum err_code write_body(const struct request *r, struct buf *out, struct err *e)
{
	struct json_out j;
	AUTO_BUF text;

	buf_init(&text, LOG_MAX);
	json_out_init(&j, out);
	json_open_object(&j, NULL);
	TRY(file_read(r->rule, RULE_MAX, &text, e));
	json_put_str(&j, "rule", buf_view(&text));
	if (r->log) {
		buf_reset(&text);
		TRY(file_read(r->log, LOG_MAX, &text, e));
		json_put_str(&j, "text", buf_view(&text));
	}
	if (r->steps.n > 0)
		TRY(put_steps(r, &j, e));
	if (r->repo)
		json_put_z(&j, "repo", r->repo);
	if (r->forge)
		json_put_z(&j, "forge", r->forge);
	json_close_object(&j);
	return ERR_OK;
}

static int64_t number(struct json *object, const char *key)
{
	int64_t n = 0;

	json_int(json_get(object, key), &n);
	return n;
}

static void print_hit(struct json *hit, struct buf *out)
{
	if (json_kind(json_get(hit, "step_id")) == JSON_NUMBER)
		buf_fmt(out, "step %lld, ", (long long)number(hit, "step_id"));
	buf_fmt(out, "line %lld: ", (long long)number(hit, "line"));
	text_visible_name(json_str(json_get(hit, "rule")), 100, out);
	buf_z(out, ": ");
	text_visible_name(json_str(json_get(hit, "message")), 300, out);
	buf_char(out, '\n');
}

/* Hits to standard output; what is wrong with the rules, and what was looked at, to standard error. */
static enum err_code print(const struct client *c, struct err *e)
{
	struct json *root = client_root(c), *problems = json_get(root, "problems"),
		    *hits = json_get(root, "hits");
	struct json *looked = json_get(root, "looked"), *green = json_get(root, "green");
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < json_len(problems); i++)
		command_say(NAME, "%.*s", STR_FMT(json_str(json_at(problems, i))));
	for (size_t i = 0; i < json_len(hits); i++)
		print_hit(json_at(hits, i), &out);
	TRY(print_all(buf_view(&out), e));
	command_say(NAME,
		"%lld steps looked at%s; of %lld that passed%s it finds something in %lld (%lld %%)",
		(long long)number(looked, "steps"),
		json_is_true(json_get(looked, "complete")) ? "" : ", not all of them or of their text",
		(long long)number(green, "steps"),
		json_is_true(json_get(green, "complete")) ? "" : " and were looked at",
		(long long)number(green, "hits"), (long long)number(green, "hit_percent"));
	if (json_len(problems) > 0)
		return err_set(e, ERR_INVALID, "not all is as the rules say");
	return ERR_OK;
}

static enum err_code try(const struct request *r, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	AUTO_BUF body;

	buf_init(&body, SIZE_MAX);
	TRY(write_body(r, &body, e));
	TRY(client_init(&c, &r->client, e));
	TRY(client_call(&c, "POST", "/api/v1/rules/test", &body, e));
	if (!r->json)
		return print(&c, e);
	TRY(print_all(buf_view(&c.body), e));
	return print_all(STR("\n"), e);
}

int cmd_rules_try(int argc, char **argv)
{
	struct request r = { 0 };
	const struct opt opts[] = {
		{ "step", 0, OPT_MANY, "N", "a step of the server to try them on; may be given many times",
			&r.steps },
		{ "repo", 0, OPT_STRING, "O/R",
			"the newest failed steps of this repo, and those of it that passed", &r.repo },
		{ "forge", 0, OPT_STRING, "NAME", "its forge, as the server's config names it", &r.forge },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &r.json },
		CLIENT_OPTS(&r.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = NAME,
		.synopsis = "[OPTIONS] FILE.yaml [LOG]",
		.prose =
			"Has a server try a file of rules, which it does not keep: on a log, on steps that "
			"it\n"
			"has, and on the newest that passed. Rules that find something in more than 10 % of\n"
			"those are refused.",
		.opts = opts };
	enum err_code code;
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc < 1 || argc > 2)
		return command_usage_fail(NAME, "a file of rules, and perhaps a log");
	r.rule = argv[0];
	r.log = argc > 1 ? argv[1] : NULL;
	code = try(&r, &e);
	free(r.steps.values);
	return code == ERR_OK ? 0 : command_fail(NAME, &e);
}
