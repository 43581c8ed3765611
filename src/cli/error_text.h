#ifndef CLI_ERROR_TEXT_H
#define CLI_ERROR_TEXT_H
/*
 * error_text: what errors and groups look like to people: the few words of them that `sluice errors` and `sluice groups` share.
 *
 * Everything of it may come from a log, and is made harmless (text/terminal.h, text/visible.h). Appended to out.
 */
#include "base/buf.h"
#include "base/json.h"

/* "src/pump.c:12:3", as far as it is known; where: an object with file, line and column. */
void error_text_place(struct json *where, struct buf *out);
/* A message, each line of it behind `indent`, at most twelve of them. Ends with a line end. */
void error_text_message(struct str message, const char *indent, struct buf *out);
/* "lines 11-14: sluice logs --step 17 --from 11"; nothing for an error without lines. */
void error_text_lines(struct json *error, struct buf *out);
/* The date of a time in RFC 3339, "2026-09-21"; "-" for none. */
void error_text_date(struct str time, struct buf *out);
/* A commit, to its 12th digit. */
void error_text_sha(struct str sha, struct buf *out);
/* One line of it, harmless. */
void error_text_name(struct str text, struct buf *out);
/* SGR: on, and off again; nothing when there are no colours. */
void error_text_style(bool colours, const char *style, struct buf *out);

#endif
