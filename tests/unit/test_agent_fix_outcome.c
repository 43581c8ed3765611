/* What came of a dispatch: the fixer's file, its exit code, and the note that is made of both. */
#include "tests/test.h"

#include "agent/fix_outcome.h"

#include <signal.h>
#include <string.h>

#define SHA "0123456789abcdef0123456789abcdef01234567"

static struct arena a;
static struct fix_said said;
static struct confined_end end;
static struct fix_ended how;
static struct err e;

static int set_up(void **state)
{
	(void)state;
	arena_init(&a);
	said = (struct fix_said){ .word = FIX_FAILED, .note = STR("untouched") };
	end = (struct confined_end){ 0 };
	how = (struct fix_ended){ .end = &end, .timeout_ms = 1500 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&a);
	return 0;
}

static void parse(struct str file)
{
	if (fix_outcome_parse(file, &a, &said, &e) != ERR_OK)
		fail_msg("%.*s: %s", STR_FMT(file), e.text);
}

static void assert_said(enum fix_word word, const char *sha, const char *note)
{
	assert_int_equal(said.word, word);
	assert_true(str_eq(said.sha, str_z(sha)));
	if (!str_eq(said.note, str_z(note)))
		fail_msg("the note is: %.*s", STR_FMT(said.note));
}

static void refuses(struct str file, const char *why)
{
	if (fix_outcome_parse(file, &a, &said, &e) != ERR_INVALID)
		fail_msg("%.*s was taken", STR_FMT(file));
	if (!strstr(e.text, why))
		fail_msg("%.*s: %s", STR_FMT(file), e.text);
	assert_said(FIX_FAILED, "", "untouched");
}

static void decide(enum fix_word word, const char *sha, const char *note)
{
	said = fix_outcome_decide(&how, &a);
	assert_said(word, sha, note);
}

/* ---- the file ---- */

static void lines_are_read(void **state)
{
	(void)state;
	parse(STR("outcome=fixed\nsha=" SHA "\nnote=the loop ran one too far\n"));
	assert_said(FIX_FIXED, SHA, "the loop ran one too far");
	parse(STR("\r\n# a remark\r\n outcome = NO_FIX \r\nnote=one\r\nnote = a=b\r\n"));
	assert_said(FIX_NO_FIX, "", "one\na=b");
	parse(STR("note=just this"));
	assert_said(FIX_NOTE, "", "just this");
	parse(STR("sha=0123456789ABCDEF0123456789abcdef01234567"));
	assert_said(FIX_NOTE, SHA, "");
	parse(STR(" \n\n"));
	assert_said(FIX_NOTE, "", "");
}

static void an_object_is_read(void **state)
{
	(void)state;
	parse(STR("\n{\"outcome\": \"fixed\", \"sha\": \"" SHA "\", \"note\": \"two\\nlines\"}\n"));
	assert_said(FIX_FIXED, SHA, "two\nlines");
	parse(STR("{\"outcome\": \"failed\", \"sha\": null}"));
	assert_said(FIX_FAILED, "", "");
}

static void what_is_not_understood_is_not_half_believed(void **state)
{
	(void)state;
	refuses(STR("outcome=fixed\n"), "wants the sha");
	refuses(STR("note=x\noutcome=mended\n"), "line 2: outcome is fixed, no_fix or failed");
	refuses(STR("outcome=\n"), "line 1: outcome");
	refuses(STR("sha=main\n"), "line 1: sha");
	refuses(STR("outcom=fixed\n"), "line 1: it has outcome, sha and note");
	refuses(STR("done\n"), "line 1: a line is NAME=VALUE");
	refuses(STR("{\"outcome\": true}"), "texts");
	refuses(STR("{\"result\": \"fixed\"}"), "nothing else");
	refuses(STR("{\"outcome\": \"fixed\""), "");
	refuses(STR("{\"outcome\": \"no_fix\", \"outcome\": \"fixed\"}"), "");
}

/* ---- deciding ---- */

static void a_command_that_ends_well_is_believed(void **state)
{
	(void)state;
	decide(FIX_NOTE, "", "it is done; what came of it is seen by the next run");
	how.said = (struct fix_said){ .word = FIX_FIXED, .sha = STR(SHA), .note = STR("mended") };
	decide(FIX_FIXED, SHA, "mended");
	how.said = (struct fix_said){ .word = FIX_FAILED, .note = STR("no idea") };
	decide(FIX_FAILED, "", "no idea");
	how.said = (struct fix_said){ .word = FIX_NOTE, .sha = STR(SHA), .note = STR("pushed") };
	decide(FIX_NOTE, "", "pushed");
}

static void exit_code_10_is_no_fix_and_any_other_is_failed(void **state)
{
	(void)state;
	how.said = (struct fix_said){ .word = FIX_FIXED, .sha = STR(SHA), .note = STR("mended") };
	end.exit_code = 10;
	decide(FIX_NO_FIX, "", "mended");
	end.exit_code = 3;
	decide(FIX_FAILED, "", "it ended with exit code 3\nmended");
	how.said = (struct fix_said){ 0 };
	end = (struct confined_end){ .exit_code = 137, .signal = SIGKILL };
	decide(FIX_FAILED, "", "killed by signal 9 (SIGKILL)");
}

static void what_was_stopped_or_ran_out_of_time_has_failed_whatever_it_says(void **state)
{
	(void)state;
	how.said = (struct fix_said){ .word = FIX_FIXED, .sha = STR(SHA) };
	end.timed_out = true;
	decide(FIX_FAILED, "", "timed out after 1.5 s");
	end = (struct confined_end){ .stopped = true, .exit_code = 143, .signal = SIGTERM };
	decide(FIX_FAILED, "", "the agent was stopped");
	how.lost = true;
	decide(FIX_FAILED, "", "the dispatch was taken away");
}

static void a_file_that_is_not_understood_is_told_and_not_believed(void **state)
{
	(void)state;
	(void)!err_set(&how.why, ERR_INVALID, "line 1: a line is NAME=VALUE");
	decide(FIX_NOTE, "", "its outcome file was not understood: line 1: a line is NAME=VALUE");
	how.end = NULL;
	(void)!err_set(&how.why, ERR_UNAVAILABLE, "no process for the command");
	decide(FIX_FAILED, "", "no process for the command");
}

static void output_that_was_not_kept_is_no_failure(void **state)
{
	(void)state;
	end.dropped_bytes = 5;
	how.said = (struct fix_said){ .word = FIX_FIXED, .sha = STR(SHA), .note = STR("mended") };
	decide(FIX_FIXED, SHA, "5 bytes of what it printed are over the limit and not kept\nmended");
}

/* ---- the note ---- */

static void a_note_is_what_the_server_takes(void **state)
{
	const struct {
		struct str from;
		const char *to;
	} notes[] = { { STR(" a\tb\nc \n"), "a\tb\nc" },
		{ STR("a\0b\x1b[31m\x7f"
		      "c\r\nd"),
			"a\xef\xbf\xbd"
			"b [31m c \nd" },
		{ STR("\xc2\x9b"
		      "31m \xc3\xa4 \xff"),
			" 31m \xc3\xa4 \xef\xbf\xbd" },
		{ STR(""), "" } };
	struct buf out;

	(void)state;
	buf_init(&out, 100000);
	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
		buf_reset(&out);
		fix_note_clean(notes[i].from, &out);
		assert_string_equal(buf_cstr(&out), notes[i].to);
	}
	buf_done(&out);
}

static void a_long_note_is_cut_between_characters(void **state)
{
	struct buf note, out;

	(void)state;
	buf_init(&note, 100000);
	buf_init(&out, 100000);
	buf_char(&note, 'x');
	for (int i = 0; i < FIX_NOTE_MAX; i++)
		buf_z(&note, "\xc3\xa4");
	fix_note_clean(buf_view(&note), &out);
	assert_int_equal(out.len, FIX_NOTE_MAX - 1);
	buf_done(&note);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_are_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_object_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_not_understood_is_not_half_believed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_command_that_ends_well_is_believed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			exit_code_10_is_no_fix_and_any_other_is_failed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_was_stopped_or_ran_out_of_time_has_failed_whatever_it_says, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_file_that_is_not_understood_is_told_and_not_believed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(output_that_was_not_kept_is_no_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_note_is_what_the_server_takes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_long_note_is_cut_between_characters, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
