/*
 * page: the frame of all pages.
 *
 * Errors of pages have the same text as those of the API and nothing more: what a client may know does not depend on how it asks.
 */
#include "http/page.h"

#include "http/edge.h"
#include "http/viewer.h"

/* Nothing but our own stylesheet and icon, forms to ourselves, and nobody may frame us. */
#define POLICY                                                                                               \
	"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"         \
	" frame-ancestors 'none'"

static void put_viewer(struct html *h, const struct viewer *v)
{
	if (v->user_id == 0)
		return;
	if (v->csrf.len == 0) {
		html(h, "<span class=\"who\">");
		html_name(h, v->name, PAGE_NAME_MAX);
		html(h, "</span>");
		return;
	}
	html(h, "<a class=\"who\" href=\"/account\">");
	html_name(h, v->name, PAGE_NAME_MAX);
	html(h, "</a><form method=\"post\" action=\"/logout\">");
	page_csrf(h, v->csrf);
	html(h, "<button class=\"quiet\">Sign out</button></form>");
}

struct html page_begin(struct call *c, int status, struct str title)
{
	struct html h = { &c->reply };

	reply_text(c, status, "text/html; charset=utf-8", STR(""));
	reply_header(c, "Content-Security-Policy", POLICY);
	reply_header(c, "Referrer-Policy", "same-origin");
	html(&h, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
		 "<meta name=\"color-scheme\" content=\"light dark\"><title>");
	html_name(&h, title, PAGE_NAME_MAX);
	html(&h, " - Sluice</title><link rel=\"stylesheet\" href=\"/style.css?v=");
	html_url(&h, str_z(page_css_digest));
	html(&h, "\"><link rel=\"icon\" type=\"image/svg+xml\" href=\"/icon.svg?v=");
	html_url(&h, str_z(page_svg_digest));
	html(&h, "\"></head><body><a class=\"skip\" href=\"#main\">Skip to the content</a>"
		 "<header><nav aria-label=\"Sluice\"><a class=\"brand\" href=\"/\">Sluice</a>"
		 "<a href=\"/\">Failures</a>");
	put_viewer(&h, &c->viewer);
	html(&h, "</nav></header><main id=\"main\">");
	return h;
}

void page_end(struct call *c, struct html *h)
{
	(void)c;
	html(h, "</main><footer>Sluice " SLUICE_VERSION
		" <a href=\"/docs\">HTTP interface</a></footer></body></html>\n");
}

void page_csrf(struct html *h, struct str csrf)
{
	html(h, "<input type=\"hidden\" name=\"csrf\"");
	html_attr(h, "value", csrf);
	html(h, ">");
}

/* ---- errors ---- */

static struct str heading_of(const struct call *c, enum err_code code)
{
	switch ((int)code) {
	case ERR_INVALID:
		return edge_of(c)->n_problems == 0 ? STR("That did not work")
		       : c->op && c->op->form_body ? STR("Something in the form is wrong")
						   : STR("This address cannot be read");
	case ERR_UNAUTHORIZED:
		return STR("Sign in first");
	case ERR_FORBIDDEN:
		return STR("Not for you");
	case ERR_NOT_FOUND:
		return STR("There is no such page");
	case ERR_GONE:
		return STR("It is gone");
	case ERR_METHOD:
		return STR("That cannot be done here");
	case ERR_RATE_LIMITED:
		return STR("Too many requests");
	case ERR_NETWORK:
		return STR("Another server did not answer");
	case ERR_UNAVAILABLE:
	case ERR_STORAGE:
		return STR("Not now");
	default:
		return err_http(code) < 500 ? STR("That did not work") : STR("The server made a mistake");
	}
}

static void put_fields(struct html *h, const struct edge *x)
{
	html(h, "<dl>");
	for (size_t i = 0; i < x->n_problems; i++) {
		html(h, "<div><dt>");
		html_name(h, x->problems[i].field, PAGE_NAME_MAX);
		html(h, "</dt><dd>");
		html_text(h, x->problems[i].message);
		html(h, "</dd></div>");
	}
	html(h, "</dl>");
}

static void put_scopes(struct html *h, scope_set scopes)
{
	AUTO_BUF names;

	buf_init(&names, 1000);
	scope_write(scopes, &names);
	html_text(h, buf_view(&names));
}

static void put_error_body(struct call *c, struct html *h, const struct err *e)
{
	const struct edge *x = edge_of(c);

	html(h, "<h1>");
	html_text(h, heading_of(c, e->code));
	html(h, "</h1>");
	if (e->code == ERR_INVALID && x->n_problems > 0) {
		put_fields(h, x);
	} else {
		html(h, "<p class=\"told\">");
		html_text(h, str_z(reply_told(e)));
		html(h, "</p>");
	}
	if (c->op && c->op->form_body)
		html(h, "<p>Go back, and send the form again: what was written there is there still.</p>");
	if (e->code == ERR_FORBIDDEN && x->need_scopes != 0) {
		html(h, "<p>Needed: <code>");
		put_scopes(h, x->need_scopes);
		html(h, "</code></p>");
	}
	if (err_http(e->code) >= 500) {
		html(h, "<p>Whoever runs this server finds more in its diag, under request <code>");
		html_text(h, str_z(x->request_id));
		html(h, "</code>.</p>");
	}
	if (c->viewer.user_id == 0)
		html(h, "<p><a href=\"/login\">Sign in</a></p>");
	html(h, "<p><a href=\"/\">To the newest failures</a></p>");
}

void page_error(struct call *c, const struct err *e)
{
	struct html h;

	if (e->code == ERR_UNAUTHORIZED) {
		reply_header(c, "Location", page_login_path(c));
		reply_empty(c, 303);
		return;
	}
	h = page_begin(c, err_http(e->code), heading_of(c, e->code));
	put_error_body(c, &h, e);
	page_end(c, &h);
}
