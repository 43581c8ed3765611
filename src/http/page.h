#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H
/*
 * page: what all pages have in common: their headers, head, navigation and foot; and the error as a page.
 *
 *	struct html h = page_begin(c, 200, STR("Newest failures"));
 *	html(&h, "<h1>Newest failures</h1>");
 *	page_end(c, &h);
 *
 * Pages are HTML made here, with one stylesheet and no script: the Content-Security-Policy allows nothing that is inline, and nothing from elsewhere.
 */
#include "http/call.h"
#include "http/html.h"

#define PAGE_NAME_MAX 200 /* bytes of a name that are shown */

extern const struct str page_css, page_svg;             /* made by tools/gen_style.py */
extern const char page_css_digest[], page_svg_digest[]; /* 16 hexadecimal digits */

/* Starts the reply. title: not escaped yet. Behind it stands what goes into <main>. */
struct html page_begin(struct call *c, int status, struct str title);
void page_end(struct call *c, struct html *h);

/* For reply.c: the reply to a call that ends with e. Of ERR_UNAUTHORIZED it is the way to the login page. */
void page_error(struct call *c, const struct err *e);

/* The field that every form of a viewer has. */
void page_csrf(struct html *h, struct str csrf);

/* ---- parts of several pages ---- */

/* How a step or a run ended, in words, with a colour beside them. */
void page_conclusion(struct html *h, enum conclusion conclusion);
void page_status(struct html *h, enum run_status status);
/* What of a run did not go well, in numbers. */
void page_run_counts(struct html *h, const struct run_tally *t);
/* "build / compile (linux)": job, step, and leg if it was not made up. */
void page_step_name(struct html *h, const struct step_facts *f);
/* The same as the title of a page. */
struct str page_step_title(struct arena *a, const struct step_facts *f);
/* The first digits of a commit, linked to its page. */
void page_sha(struct html *h, struct str repo, struct str sha);
/* For whoever sees nothing yet. */
void page_how_to_send(struct html *h);

#endif
