/* rules: `sluice rules list`, `check`, `test` and `try` (rules_try.h), for who writes rules. */
#include "cli/cli.h"

#include "base/command.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/local_rules.h"
#include "cli/rules_try.h"
#include "cli/sub.h"
#include "cli/table.h"
#include "explain/explain.h"
#include "text/visible.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void put_rule(struct table *t, const struct rule *r)
{
	table_put(t, r->id);
	table_put(t, r->tool);
	table_put(t, str_z(r->ignore ? "ignored" : error_class_name(r->class)));
	table_put(t, str_z(error_severity_name(r->severity)));
	table_put(t, str_z(error_role_name(r->role)));
	table_put_int(t, r->weight);
	table_put_int(t, (int64_t)rule_n_examples(r));
	table_put(t, r->file);
}

static enum err_code list(const struct opt_many *folders, struct err *e)
{
	static const char *const headings[] = { "ID", "TOOL", "CLASS", "SEVERITY", "ROLE", "WEIGHT",
		"EXAMPLES", "FILE" };
	AUTO_RULES rules = NULL;
	AUTO_TABLE t = { 0 };

	table_init(&t, headings, sizeof headings / sizeof headings[0]);
	TRY(local_rules(folders, &rules, e));
	for (size_t i = 0; i < rules->n; i++)
		put_rule(&t, &rules->v[i]);
	return table_print(&t, isatty(STDOUT_FILENO), e);
}

static int cmd_rules_list(int argc, char **argv)
{
	struct opt_many folders = { 0 };
	const struct opt opts[] = {
		{ "rules", 0, OPT_MANY, "DIR", "more rules: each *.yaml of that folder", &folders },
		{ 0 },
	};
	const struct command_usage usage = { .name = "rules list",
		.synopsis = "[OPTIONS]",
		.prose = "Lists the rules of the program and of these folders, in the order in which they "
			 "are\n"
			 "read. Those of a server: GET /api/v1/rules.",
		.opts = opts };
	enum err_code code;
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 0)
		return command_usage_fail(
			"rules list", "there is nothing to be done with \"%.60s\"", argv[0]);
	code = list(&folders, &e);
	free(folders.values);
	return code == ERR_OK ? 0 : command_fail("rules list", &e);
}

static enum err_code check(const struct opt_many *folders, struct err *e)
{
	AUTO_RULES rules = NULL;
	AUTO_BUF story;
	enum err_code code;
	size_t n;

	buf_init(&story, SIZE_MAX);
	TRY(local_rules(folders, &rules, e));
	code = rules_check(rules, &story, &n, e);
	if (code != ERR_OK) {
		fputs(buf_cstr(&story), stderr);
		return code;
	}
	printf("%zu rules, %zu examples, all as they say\n", rules->n, n);
	return fflush(stdout) == 0 ? ERR_OK : err_set(e, ERR_STORAGE, "standard output");
}

static int cmd_rules_check(int argc, char **argv)
{
	const struct opt opts[] = { { 0 } };
	const struct command_usage usage = { .name = "rules check",
		.synopsis = "[DIR...]",
		.prose = "Loads the rules of the program and of these folders, compiles each pattern and "
			 "runs\n"
			 "each example.",
		.opts = opts };
	struct opt_many folders = { 0 };
	enum err_code code;
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	folders = (struct opt_many){ (const char **)argv, (size_t)argc };
	code = check(&folders, &e);
	return code == ERR_OK ? 0 : command_fail("rules check", &e);
}

static enum err_code test(
	const struct opt_many *folders, const char *id, const char *path, int64_t *ret_n, struct err *e)
{
	AUTO_RULES rules = NULL;
	AUTO_BUF log, out;
	AUTO_LINES lines = { 0 };
	struct rule_hit *hits;
	size_t n;

	buf_init(&log, LINES_TEXT_MAX);
	buf_init(&out, SIZE_MAX);
	TRY(local_rules(folders, &rules, e));
	if (!rules_find(rules, str_z(id)))
		return err_set(e, ERR_NOT_FOUND, "there is no rule \"%.100s\"", id);
	TRY(file_read(path, LINES_TEXT_MAX, &log, e));
	TRY(lines_init(&lines, buf_view(&log), e));
	TRY(rules_match(rules, &lines, &hits, &n, e));
	for (size_t i = 0; i < n; i++) {
		if (!str_eq(hits[i].rule->id, str_z(id)))
			continue;
		buf_fmt(&out, "%zu: ", hits[i].line + 1);
		text_visible(lines_text(&lines, hits[i].line), &out);
		buf_char(&out, '\n');
		++*ret_n;
	}
	free(hits);
	return print_all(buf_view(&out), e);
}

static int cmd_rules_test(int argc, char **argv)
{
	struct opt_many folders = { 0 };
	const struct opt opts[] = {
		{ "rules", 0, OPT_MANY, "DIR", "more rules: each *.yaml of that folder", &folders },
		{ 0 },
	};
	const struct command_usage usage = { .name = "rules test",
		.synopsis = "[OPTIONS] RULE LOG",
		.prose = "Prints the lines of a log that a rule, by its id, is the best one for.",
		.opts = opts };
	int64_t n = 0;
	enum err_code code;
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 2)
		return command_usage_fail("rules test", "the id of a rule, and a log");
	code = test(&folders, argv[0], argv[1], &n, &e);
	free(folders.values);
	return code != ERR_OK ? command_fail("rules test", &e) : n > 0 ? 0 : 1;
}

int cmd_rules(int argc, char **argv)
{
	static const struct sub subs[] = {
		{ "list", cmd_rules_list, "list the rules" },
		{ "check", cmd_rules_check, "load, compile and try the examples of rules" },
		{ "test", cmd_rules_test, "show which lines of a log a rule matches" },
		{ "try", cmd_rules_try, "have a server try rules on its logs" },
	};

	return sub_run("rules", "Rules say how errors are written; rules/README.md has their format.", subs,
		sizeof subs / sizeof subs[0], argc, argv);
}
