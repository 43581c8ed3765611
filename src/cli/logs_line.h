#ifndef CLI_LOGS_LINE_H
#define CLI_LOGS_LINE_H
/*
 * logs_line: one line of a log as the server tells it (LogLine in api/openapi.yaml), and as it is printed: for people, or as
 * one JSON object, for jq(1).
 */
#include "base/json.h"

struct logs_line {
	int64_t number;                                   /* from 1 */
	struct str timestamp, level, source, group, text; /* views of the answer */
	bool match;                                       /* not only there as context of one */
	bool truncated;
};

struct logs_style {
	bool colours, numbers, timestamps, json;
	bool marks_matches; /* as grep does with context: 12: for a match, 12- for its context */
};

/* ERR_NETWORK: it is none. */
MUST_CHECK enum err_code logs_line_read(struct json *node, struct logs_line *ret, struct err *e);
/* With its line end, appended to out. */
void logs_line_print(
	const struct logs_line *l, int64_t step_id, const struct logs_style *style, struct buf *out);
/* What stands in front of a line whose number alone is known. */
void logs_line_print_number(int64_t number, char mark, struct buf *out);

#endif
