#ifndef EXPLAIN_INPUT_RDJSON_H
#define EXPLAIN_INPUT_RDJSON_H
/*
 * input_rdjson: the Reviewdog Diagnostic Format (reviewdog/proto/rdf): rdjson is one object with "diagnostics", rdjsonl
 * is one diagnostic a line.
 *
 *   {"message":"m","location":{"path":"a.c","range":{"start":{"line":1,"column":2}}},"severity":"ERROR",
 *    "source":{"name":"tool"},"code":{"value":"C1"}}
 *
 * Both spellings of protobuf's JSON are read for a severity: the name and the number. One that is absent or UNKNOWN
 * counts as an error.
 */
#include "base/json.h"
#include "explain/input.h"

/* The root of an rdjson document. ERR_MEDIA when it has no diagnostics. */
MUST_CHECK enum err_code input_rdjson(struct input *in, const struct json *root, struct err *e);
/* Does a line look like one of rdjsonl? By a few bytes, so that it can be asked of every line. */
bool input_rdjsonl_looks(struct str line);
/* One line, which is line `at` of the input. False: it is none. */
bool input_rdjsonl_line(struct input *in, struct str line, size_t at);

#endif
