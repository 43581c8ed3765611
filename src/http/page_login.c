/* page_login: see the header. Without any way to sign in it says so, rather than show a form that goes nowhere. */
#include "http/page_login.h"

#include "http/page.h"

static void put_form(struct html *h, const struct login_view *v)
{
	html(h, "<form class=\"stack\" method=\"post\" action=\"/login\">");
	page_csrf(h, v->csrf);
	html(h, "<input type=\"hidden\" name=\"return\"");
	html_attr(h, "value", v->return_path);
	html(h, "><label for=\"email\">E-mail address</label>"
		"<input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" required "
		"maxlength=\"254\"");
	html_attr(h, "value", v->email);
	if (v->error.len > 0)
		html(h, " aria-describedby=\"wrong\"");
	html(h, "><label for=\"password\">Password</label><input id=\"password\" name=\"password\" "
		"type=\"password\""
		" autocomplete=\"current-password\" required maxlength=\"1024\">"
		"<button class=\"main\">Sign in</button></form>");
}

static void put_providers(struct html *h, const struct login_view *v)
{
	if (v->passwords)
		html(h, "<p class=\"or\">Or with an account elsewhere:</p>");
	html(h, "<div class=\"stack\">");
	for (size_t i = 0; i < v->n_providers; i++) {
		html(h, "<a class=\"button\" href=\"/oauth/");
		html_url(h, v->providers[i].name);
		html(h, "/start");
		if (v->return_path.len > 1) {
			html(h, "?return=");
			html_url(h, v->return_path);
		}
		html(h, "\">Sign in with ");
		html_name(h, v->providers[i].title, PAGE_NAME_MAX);
		html(h, "</a>");
	}
	html(h, "</div>");
}

void page_login_put(struct html *h, const struct login_view *v)
{
	html(h, "<h1>Sign in</h1>");
	if (v->error.len > 0) {
		html(h, "<div class=\"note bad\" role=\"alert\" id=\"wrong\"><p>");
		html_text(h, v->error);
		html(h, "</p></div>");
	}
	if (v->passwords)
		put_form(h, v);
	if (v->n_providers > 0)
		put_providers(h, v);
	if (!v->passwords && v->n_providers == 0)
		html(h, "<p>This server has no way to sign in with a browser yet. Until it has, <code>sluice "
			"logs</code>,"
			" <code>sluice context</code> and the <a href=\"/docs\">HTTP interface</a> show the "
			"same with a"
			" token.</p>");
}
