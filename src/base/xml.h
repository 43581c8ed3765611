#ifndef BASE_XML_H
#define BASE_XML_H
/*
 * xml: read XML 1.0 as a stream of events. The only file that knows expat.
 *
 * A tool's report is hostile text: a document type is refused (ERR_UNPROCESSABLE), and with it every entity but
 * the five of XML and the numbered ones, so that nothing is expanded and nothing fetched (CWE-776, CWE-611). No
 * tree is built. What is remembered is bounded: depth, attributes, the length of a tag.
 *
 * Read for its content, not for its form: test tools put raw output into their reports. Bytes that are no UTF-8
 * and characters that XML forbids (the ESC of a colour) become U+FFFD instead of being refused. The text is
 * UTF-8 whatever its declaration says; other encodings are refused when they cannot be read as that.
 *
 * Names come without their namespace prefix.
 */
#include "base/buf.h"
#include "base/err.h"

#define XML_MAX_DEPTH 64
#define XML_MAX_ATTRS 64
/* Bytes of one tag, with its attributes, or of one comment. */
#define XML_MAX_TAG (1024 * 1024)

struct xml_attr {
	struct str name, value;
};

/* What is at hand while an event is told: gone when the call returns. */
struct xml_event {
	struct str name;              /* of the element */
	const struct xml_attr *attrs; /* of open, in document order */
	size_t n_attrs;
	size_t depth; /* of the element; the root has 0 */
	size_t line;  /* where the tag or the text begins, from 0; only LF ends a line */
};

/* Any may be NULL. Text comes in pieces, of elements and CDATA alike. */
struct xml_handler {
	void (*open)(void *arg, const struct xml_event *ev);
	void (*text)(void *arg, struct str piece);
	void (*close)(void *arg, const struct xml_event *ev);
	void *arg;
};

/* The value of the attribute of that name; empty when it has none. */
struct str xml_attr(const struct xml_event *ev, const char *name);

/*
 * The whole of a document. ERR_INVALID with the line when it is not well-formed (also: when it ends too early),
 * ERR_UNPROCESSABLE when it has a document type, ERR_TOO_LARGE over a limit. The events up to there were told.
 */
MUST_CHECK enum err_code xml_read(struct str text, const struct xml_handler *h, struct err *e);

#endif
