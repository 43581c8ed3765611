/* input_command: lines to the CI system, undone of their escapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/help/told.h"

static void github_commands_have_properties_and_escapes(void **state)
{
	(void)state;
	assert_log_told("::error file=src/a.c,line=12,col=5,title=Lint%3A x::no %25 good%0Asecond\n"
			"::warning::careful\n"
			"::notice file=b.c::fyi\n"
			"::error::plain :: colons\n"
			"::debug::nothing\n"
			"std::error::x\n",
		"error unknown src/a.c:12:5 Lint: x: no % good/second @0-1\n"
		"warning unknown careful @1-2\n"
		"note unknown b.c fyi @2-3\n"
		"error unknown plain :: colons @3-4\n");
}

static void a_title_that_the_message_has_is_not_said_twice(void **state)
{
	(void)state;
	assert_log_told("::error title=Oops::Oops, it broke\n", "error unknown Oops, it broke @0-1\n");
}

static void commands_that_were_stopped_are_text(void **state)
{
	(void)state;
	assert_log_told("::stop-commands::t0k\n::error::one\n::other::\n::t0k::\n::error::two\n",
		"error unknown two @4-5\n");
}

static void what_the_runner_made_of_them_is_read_behind_time_stamps(void **state)
{
	(void)state;
	assert_log_told("2024-05-01T10:00:00.1234567Z ##[error]src/a.c:12:5: bad\n"
			"2024-05-01T10:00:01.1234567Z ##[warning]old\n"
			"2024-05-01T10:00:02.1234567Z ##[group]x\n"
			"2024-05-01T10:00:03.1234567Z ##[error]Process completed with exit code 1.\n"
			"2024-05-01T10:00:04.1234567Z ##[error]The operation was canceled.\n",
		"error unknown src/a.c:12:5 src/a.c:12:5: bad @0-1\n"
		"warning unknown old @1-2\n"
		"error unknown Process completed with exit code 1. @3-4 consequence\n"
		"error cancelled The operation was canceled. @4-5\n");
}

static void azure_commands_are_read(void **state)
{
	(void)state;
	assert_log_told(
		"##vso[task.logissue "
		"type=error;sourcepath=D:\\a\\1\\s\\x.cs;linenumber=3;columnnumber=4;code=CS1;]a%3Bb %AZP25\n"
		"##vso[task.logissue type=warning]w\n"
		"##vso[task.complete result=Failed;]done\n"
		"##vso[task.logissue type=\n",
		"error unknown x.cs:3:4 [CS1] a;b % @0-1\n"
		"warning unknown w @1-2\n");
}

static void teamcity_messages_are_read(void **state)
{
	(void)state;
	assert_log_told(
		"##teamcity[testStarted name='t']\n"
		"##teamcity[testFailed name='pkg.t|'s' message='a|nb |[x|] || |0x2764' "
		"type='comparisonFailure'"
		" details='at pkg.T (src/t.js:3:4)']\n"
		"##teamcity[buildProblem description='no disk']\n"
		"##teamcity[message text='w' status='WARNING']\n"
		"##teamcity[message text='fine' status='NORMAL']\n"
		"##teamcity[inspection typeId='R1' message='m' file='a.c' line='2' SEVERITY='WEAK WARNING']\n"
		"##teamcity[testFailed name='cut\n",
		"error assertion src/t.js:3:4 {pkg.t's} a/b [x] | \xe2\x9d\xa4 @1-2\n"
		"error unknown no disk @2-3\n"
		"warning unknown w @3-4\n"
		"note lint a.c:2 [R1] m @5-6\n"
		"error test {cut}  @6-7\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(github_commands_have_properties_and_escapes),
		cmocka_unit_test(a_title_that_the_message_has_is_not_said_twice),
		cmocka_unit_test(commands_that_were_stopped_are_text),
		cmocka_unit_test(what_the_runner_made_of_them_is_read_behind_time_stamps),
		cmocka_unit_test(azure_commands_are_read),
		cmocka_unit_test(teamcity_messages_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
