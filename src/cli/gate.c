/* gate: `sluice gate status|check`: which commits may send, and whether one may. */
#include "cli/cli.h"

#include "cli/client.h"
#include "cli/sub.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STATUS "gate status"
#define CHECK "gate check"
#define GATES "/api/v1/gates"

/* ---- status ---- */

static struct str or_dash(struct str s)
{
	return s.len > 0 ? s : STR("-");
}

/* "41 s", "7 min", "3 h", "2 d": how old, at one glance. */
static void put_age(struct table *t, const struct json *gate)
{
	static const struct {
		int64_t s;
		const char *unit;
	} units[] = { { 172800, "d" }, { 7200, "h" }, { 120, "min" }, { 0, "s" } };
	static const int64_t of[] = { 86400, 3600, 60, 1 };
	char text[40] = "-";
	int64_t age = 0;
	size_t i = 0;

	if (json_int(json_get(gate, "age_seconds"), &age)) {
		while (age < units[i].s)
			i++;
		snprintf(text, sizeof text, "%lld %s", (long long)(age / of[i]), units[i].unit);
	}
	table_put(t, str_z(text));
}

static void put_commits(struct table *t, const struct json *gate)
{
	int64_t n = 0, window = 0;
	char text[60];

	json_int(json_get(gate, "commits"), &n);
	json_int(json_get(gate, "window"), &window);
	snprintf(text, sizeof text, "%lld/%lld", (long long)n, (long long)window);
	table_put(t, str_z(text));
}

static void put_row(struct table *t, const struct json *gate)
{
	struct str head = json_str(json_get(gate, "head_commit"));

	table_put(t, json_str(json_get(gate, "name")));
	table_put(
		t, json_is_true(json_get(gate, "enabled")) ? json_str(json_get(gate, "source")) : STR("off"));
	put_commits(t, gate);
	table_put(t, or_dash((struct str){ head.p, head.len < 12 ? head.len : 12 }));
	put_age(t, gate);
	table_put(t, json_str(json_get(gate, "branch")));
	table_put(t, or_dash(json_str(json_get(gate, "from"))));
	table_put(t, or_dash(json_str(json_get(gate, "error"))));
}

struct status {
	struct client_flags client;
	const char *name; /* NULL: all */
	bool json;
	struct table table;
	size_t n;
};

static enum err_code take_gate(void *arg, struct json *gate, struct err *e)
{
	struct status *s = arg;
	AUTO_BUF line;

	buf_init(&line, 1024 * 1024);
	if (s->name && !str_eq_nocase(json_str(json_get(gate, "name")), str_z(s->name)))
		return ERR_OK;
	s->n++;
	if (!s->json) {
		put_row(&s->table, gate);
		return ERR_OK;
	}
	json_write(gate, &line);
	buf_char(&line, '\n');
	return print_all(buf_view(&line), e);
}

static enum err_code show(struct status *s, struct err *e)
{
	static const char *const headings[] = { "NAME", "SOURCE", "COMMITS", "HEAD", "AGE", "BRANCH", "FROM",
		"ERROR" };
	AUTO_CLIENT c = { 0 };
	enum err_code code;

	TRY(client_init(&c, &s->client, e));
	if (s->json && !s->name)
		return client_print_list(&c, GATES, 0, e);
	table_init(&s->table, headings, sizeof headings / sizeof *headings);
	code = client_each(&c, GATES, take_gate, s, e);
	if (code == ERR_OK && s->name && s->n == 0)
		code = err_set(e, ERR_NOT_FOUND, "there is no gate %.100s; `sluice gate status` lists them",
			s->name);
	if (code == ERR_OK && !s->json)
		code = table_print(&s->table, isatty(STDOUT_FILENO), e);
	table_done(&s->table);
	return code;
}

static int cmd_status(int argc, char **argv)
{
	struct status s = { 0 };
	const struct opt opts[] = { { "json", 0, OPT_FLAG, NULL, "print JSON", &s.json },
		CLIENT_OPTS(&s.client), { 0 } };
	const struct command_usage usage = { .name = STATUS,
		.synopsis = "[OPTIONS] [NAME]",
		.prose = "Shows the gates, or one: from where its commits are known, how many of how many, "
			 "the newest,\n"
			 "how long ago that was heard, and what went wrong since.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 1)
		return command_usage_fail(STATUS, "there is nothing to be done with \"%.60s\"", argv[1]);
	s.name = argc > 0 ? argv[0] : NULL;
	return show(&s, &e) == ERR_OK ? 0 : command_fail(STATUS, &e);
}

/* ---- check ---- */

static enum err_code code_of(struct str answer)
{
	static const struct {
		const char *answer;
		enum err_code code;
	} codes[] = { { "admitted", ERR_OK }, { "outside", ERR_PRECONDITION }, { "malformed", ERR_INVALID },
		{ "not-ready", ERR_UNAVAILABLE } };

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (str_eq(answer, str_z(codes[i].answer)))
			return codes[i].code;
	return ERR_NETWORK;
}

/* What is to be done is told whole, below why. */
static enum err_code refused(const struct json *v, enum err_code code, struct err *e)
{
	struct str why = json_str(json_get(v, "message"));
	struct str remedy = json_str(json_get(v, "remediation"));

	if (code == ERR_NETWORK)
		return err_set(e, code, "the answer is none that is known here; is it a Sluice server?");
	if (remedy.len > 0)
		command_say(CHECK, "%.*s", STR_FMT(remedy));
	return err_set(e, code, "%.*s", why.len < 390 ? (int)why.len : 390, why.p);
}

static enum err_code print_admitted(const struct json *v, struct err *e)
{
	int64_t behind = -1;
	AUTO_BUF line;

	buf_init(&line, 64 * 1024);
	json_int(json_get(v, "behind"), &behind);
	buf_fmt(&line, "gate %.*s lets %.*s in", STR_FMT(json_str(json_get(v, "gate"))),
		STR_FMT(json_str(json_get(v, "commit"))));
	if (behind >= 0)
		buf_fmt(&line, ", %lld behind the head", (long long)behind);
	buf_char(&line, '\n');
	return print_all(buf_view(&line), e);
}

struct question {
	struct client_flags client;
	const char *gate, *commit;
	bool json;
};

/* As JSON the verdict is all that is told, and the exit code; *ret_said: nothing more is to be said of the error. */
static enum err_code check(const struct question *q, bool *ret_said, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	enum err_code code;
	struct json *v;
	AUTO_BUF path;

	buf_init(&path, 16 * 1024);
	buf_z(&path, GATES "/");
	url_encode(str_z(q->gate), &path);
	buf_z(&path, "/commits/");
	url_encode(str_z(q->commit), &path);
	TRY(client_init(&c, &q->client, e));
	TRY(client_call(&c, "GET", buf_cstr(&path), NULL, e));
	v = client_root(&c);
	code = code_of(json_str(json_get(v, "answer")));
	if (q->json && code != ERR_NETWORK) {
		buf_char(&c.body, '\n');
		TRY(print_all(buf_view(&c.body), e));
		*ret_said = true;
		return code == ERR_OK ? code : err_set(e, code, "not let in");
	}
	return code == ERR_OK ? print_admitted(v, e) : refused(v, code, e);
}

static int cmd_check(int argc, char **argv)
{
	struct question q = { 0 };
	const struct opt opts[] = { { "json", 0, OPT_FLAG, NULL, "print JSON", &q.json },
		CLIENT_OPTS(&q.client), { 0 } };
	const struct command_usage usage = { .name = CHECK,
		.synopsis = "[OPTIONS] NAME COMMIT",
		.prose = "Says whether a gate would let a commit in: 12 of its digits at least. Exits with 0 "
			 "if so, with 5 when\n"
			 "it is outside, with 2 when it is no commit, with 7 while the gate knows nothing "
			 "yet.",
		.opts = opts };
	bool said = false;
	enum err_code code;
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 2 || *argv[0] == '\0' || *argv[1] == '\0')
		return command_usage_fail(
			CHECK, "a gate and a commit are needed: sluice gate check NAME COMMIT");
	q.gate = argv[0];
	q.commit = argv[1];
	code = check(&q, &said, &e);
	if (code == ERR_OK)
		return 0;
	return said ? err_exit(code) : command_fail(CHECK, &e);
}

int cmd_gate(int argc, char **argv)
{
	static const struct sub subs[] = {
		{ "status", cmd_status, "show the gates, and what they know" },
		{ "check", cmd_check, "say whether a commit would be let in" },
	};

	return sub_run(
		"gate", "Gates: which commits may send.", subs, sizeof subs / sizeof *subs, argc, argv);
}
