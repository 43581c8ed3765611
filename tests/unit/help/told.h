#ifndef TESTS_UNIT_HELP_TOLD_H
#define TESTS_UNIT_HELP_TOLD_H
/*
 * told: findings as text, a line each, so that a test says what it expects in one glance:
 *
 *   error assertion a.c:1:2 [C1] {test} message @3-5 flaky reruns=2 consequence
 *
 * What is not known is left out; line ends in a message are shown as "/"; "@" are the lines of the log.
 */
#include "explain/input.h"

void told(const struct findings *f, struct buf *out);
/* Fails the test when they are not these lines. */
void assert_findings_told(const struct findings *f, const char *want);
/* What input_report() finds in text, and that it succeeds; what input_log() finds in it. */
void assert_report_told(const char *text, const char *want);
void assert_log_told(const char *text, const char *want);

#endif
