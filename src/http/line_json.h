#ifndef HTTP_LINE_JSON_H
#define HTTP_LINE_JSON_H
/* line_json: a line as the document's schema LogText has it: numbered from 1, as editors and pages do. */
#include "base/json.h"
#include "service/line_reader.h"

/* arrived_at: of what came with it, when nothing else is known of its time; ms. match: is that of a search told too? */
void line_json(struct json_out *j, const struct log_line *line, int64_t arrived_at, bool match);

#endif
