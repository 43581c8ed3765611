#ifndef EXPLAIN_INPUT_JUNIT_H
#define EXPLAIN_INPUT_JUNIT_H
/*
 * input_junit: test reports in the XML that began with JUnit. There is no standard, so what is read is what all
 * writers share, at any depth of <testsuite>: <testcase> with <failure>, <error> or neither, and these marks:
 *
 *   <flakyFailure>, <flakyError>   Surefire, nextest: it failed and then passed. Told, as context, not as an error.
 *   <rerunFailure>, <rerunError>   the same: it failed again each time; counted in `reruns`.
 *   <rerun>                        pytest-rerunfailures: tried again.
 *   <skipped>                      also of a test that fails: it is expected to. But CTest's "Unable to find executable"
 *                                  is a failure.
 *   a second <testcase> of the same name that passes (Gradle's retry): marked flaky. It stays an error, because two
 *   tests may have one name.
 *
 * The message is the attribute; where that says nothing ("Failed"), the beginning of the text. The place is that of
 * the <testcase>, else of the trace. <system-out> and <system-err> are not read, a document type is refused.
 */
#include "explain/input.h"

/*
 * Lines are those of text, from 0, counted by LF. *ret_end (may be NULL): the line behind the last end of an
 * element. What follows the document is not looked at. ERR_INVALID, ERR_UNPROCESSABLE and ERR_TOO_LARGE as xml_read().
 */
MUST_CHECK enum err_code input_junit(struct input *in, struct str text, size_t *ret_end, struct err *e);

#endif
