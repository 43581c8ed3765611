#ifndef HTTP_HTML_H
#define HTTP_HTML_H
/*
 * html: the one way into a page. What is ours is written as literals, by html(), which takes nothing else; what is not
 * ours only by the functions below, which escape it for the place it goes to. So no byte of a log or a name is ever markup.
 *
 * Text from outside is made visible as well (text/visible.h): escape sequences of terminals are taken out, and
 * control, bidi and invisible characters stand as \u{..}; invalid UTF-8 and NULs are U+FFFD.
 *
 * The writer adds without looking; the buffer's ceiling is asked for once, at the end (buf_check).
 */
#include "base/buf.h"

struct html {
	struct buf *out; /* html.c's */
};

#define html(h, literal) html_literal((h), "" literal, sizeof(literal) - 1)
void html_literal(struct html *h, const char *literal, size_t len); /* by html() alone */

/* As text between elements. */
void html_text(struct html *h, struct str text);
/* The same of a name: line ends and tabs are shown too, and it is cut at about max bytes. */
void html_name(struct html *h, struct str name, size_t max);
/* ` name="value"`; name: a literal. What a browser gives back (a field's value) must be what it was given: no character is shown in another way, but
 * invalid UTF-8 and NULs. */
void html_attr(struct html *h, const char *name, struct str value);
/* In the path or the query of an address, inside an attribute: what is not a letter, a digit or one of -._~ as %XX. */
void html_url(struct html *h, struct str part);
void html_path(struct html *h, struct str path); /* the same, but for '/' */
/* A link to elsewhere: to http: or https: and of printable ASCII, else it is text alone. */
bool html_is_web(struct str url);
void html_open_link(struct html *h, struct str url); /* html_is_web() only; ends with html(h, "</a>") */

void html_int(struct html *h, int64_t n);   /* 12345 */
void html_count(struct html *h, int64_t n); /* 12,345 */
void html_bytes(struct html *h, int64_t n); /* 12.1 KiB */
void html_duration(struct html *h, int64_t ms);
/* <time>: how long ago, with the time itself as its title. 0: never. */
void html_ago(struct html *h, int64_t ms, int64_t now);
/* <time>: the time, and how long ago in parentheses. */
void html_time(struct html *h, int64_t ms, int64_t now);

#endif
