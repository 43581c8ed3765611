#ifndef TEXT_LINE_H
#define TEXT_LINE_H
/*
 * line: what one line of a log says about itself: its level, its source, its own time, and whether it is a
 * mark of the CI system (a group, a command).
 *
 * By word and position, not by substring: a level is what stands where tools write one. "INFORMATION" is no
 * info, "rebuild_errors=0" and "0 errors" are no error, and prose that mentions an error is info. A line
 * that a wrapper logs as info or debug and that begins with a level of its own has that one when it is
 * worse ("INFO - warning: unused").
 *
 * Escapes are passed over, nothing is modified, only the first LINE_LOOK bytes count. Measured: 170 ns a line of
 * real logs (170 bytes), whatever is on it.
 */
#include "base/buf.h"

#define LINE_LOOK 1000

/* Levels, in ascending order, and sources, by the names of the results API. */
#define LINE_LEVELS(X)                                                                                       \
	X(DEBUG, "debug") X(INFO, "info") X(WARNING, "warning") X(ERROR, "error") X(CRITICAL, "critical")
#define LINE_SOURCES(X)                                                                                      \
	X(ORCHESTRATOR, "orchestrator")                                                                      \
	X(WORKER, "worker") X(BUILD, "build") X(TEST_RUNNER, "test_runner") X(WEB, "web")

#define LINE_NAME(name, slug) LINE_##name,
enum line_level { LINE_LEVELS(LINE_NAME) LINE_N_LEVELS };
enum line_source { LINE_SOURCES(LINE_NAME) LINE_N_SOURCES };
#undef LINE_NAME

const char *line_level_name(enum line_level l);
const char *line_source_name(enum line_source s);
/* By exact name. False: there is none such, ret untouched. */
bool line_level_find(struct str name, enum line_level *ret);
bool line_source_find(struct str name, enum line_source *ret);

/*
 * GROUP and END_GROUP fold what stands between them: ::group::T, ##[group]T, GitLab's
 * section_start:1700000000:name[collapsed=true]T, and their ends. COMMAND is any other word of the
 * runner's: ::error file=a.c::T, ##[command]T. A mark may have a time stamp in front. It is still a line of
 * the log, with its number; readers show it as such.
 */
enum line_mark { LINE_PLAIN, LINE_GROUP, LINE_END_GROUP, LINE_COMMAND };

struct line {
	enum line_level level;   /* INFO when nothing says otherwise */
	enum line_source source; /* BUILD when nothing says otherwise */
	enum line_mark mark;
	struct str title; /* of a group its name, of a command its message; a view of text, escapes and all */
	int64_t at_ms; /* its own time stamp, ms since 1970 UTC; 0: none, or its date or zone is not known */
};

/* text: one line without its line end. */
void line_look(struct str text, struct line *ret);
/* The same for a line that is known to have no escapes: whoever goes through a text has asked that of all of it. */
void line_look_plain(struct str text, struct line *ret);

#endif
