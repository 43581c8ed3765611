/* page_account: see the header. */
#include "http/page_account.h"

#include "http/page.h"

/* ---- tokens ---- */

static void put_button(
	struct html *h, const struct account_view *v, const char *what, int64_t id, struct str name)
{
	html(h, "<form method=\"post\" action=\"/account/");
	html_url(h, str_z(what));
	html(h, "/");
	html_int(h, id);
	html(h, "/revoke\">");
	page_csrf(h, v->csrf);
	html(h, "<button class=\"danger\">Revoke<span class=\"hide\"> ");
	html_name(h, name, PAGE_NAME_MAX);
	html(h, "</span></button></form>");
}

static void put_scopes(struct html *h, scope_set scopes)
{
	AUTO_BUF names;

	buf_init(&names, 1000);
	scope_write(scopes, &names);
	html_text(h, buf_view(&names));
}

static void put_token(struct html *h, const struct account_view *v, const struct account_token *t)
{
	html(h, "<tr><td>");
	html_name(h, t->name, PAGE_NAME_MAX);
	html(h, "</td><td class=\"far\"><code>");
	put_scopes(h, t->scopes);
	html(h, "</code></td><td>");
	if (t->repo.len > 0)
		html_name(h, t->repo, PAGE_NAME_MAX);
	else
		html(h, "any");
	html(h, "</td><td class=\"far\">");
	html_ago(h, t->used_at, v->now);
	html(h, "</td><td>");
	html_ago(h, t->expires_at, v->now);
	html(h, "</td><td>");
	put_button(h, v, "tokens", t->id, t->name);
	html(h, "</td></tr>");
}

static void put_tokens(struct html *h, const struct account_view *v)
{
	html(h, "<h2>Tokens</h2>");
	if (v->n_tokens == 0) {
		html(h, "<p>You have none. Programs that read or send logs as you need one.</p>");
		return;
	}
	html(h, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Name</th>"
		"<th scope=\"col\" class=\"far\">Scopes</th><th scope=\"col\">Repo</th>"
		"<th scope=\"col\" class=\"far\">Last used</th><th scope=\"col\">Expires</th>"
		"<th scope=\"col\"><span class=\"hide\">Revoke</span></th></tr></thead><tbody>");
	for (size_t i = 0; i < v->n_tokens; i++)
		put_token(h, v, &v->tokens[i]);
	html(h, "</tbody></table></div>");
	if (v->more_tokens)
		html(h, "<p class=\"mute\">There are more; these are the newest. <code>sluice token "
			"list</code> shows all.</p>");
}

static void put_new_token(struct html *h, const struct account_view *v)
{
	if (v->new_token.len == 0)
		return;
	html(h, "<div class=\"note\" role=\"status\"><p>The new token. It is shown this once:</p><pre>");
	html_text(h, v->new_token);
	html(h, "</pre></div>");
}

static void put_token_form(struct html *h, const struct account_view *v)
{
	html(h, "<h2>A new token</h2><form class=\"stack\" method=\"post\" action=\"/account/tokens\">");
	page_csrf(h, v->csrf);
	html(h, "<label for=\"name\">Name</label><input id=\"name\" name=\"name\" required maxlength=\"50\""
		" autocomplete=\"off\"><label for=\"days\">Days that it is good for</label>"
		"<input id=\"days\" name=\"days\" type=\"number\" min=\"1\" max=\"30\" value=\"7\" required>"
		"<label for=\"repo\">Repo, to bind it to one</label>"
		"<input id=\"repo\" name=\"repo\" maxlength=\"100\" placeholder=\"owner/name\" "
		"autocomplete=\"off\">"
		"<fieldset><legend>Scopes</legend>");
	for (enum scope s = 0; s < SCOPE_N; s++) {
		if (!(v->scopes & SCOPE_BIT(s)))
			continue;
		html(h, "<label><input type=\"checkbox\" name=\"scope\"");
		html_attr(h, "value", str_z(scope_name(s)));
		html(h, ">");
		html_text(h, str_z(scope_name(s)));
		html(h, "</label>");
	}
	html(h, "</fieldset><button>Make the token</button></form>");
}

/* ---- sessions ---- */

static void put_session(struct html *h, const struct account_view *v, const struct account_session *s)
{
	html(h, "<tr><td>");
	html_name(h, s->agent, PAGE_NAME_MAX);
	html(h, "</td><td class=\"far\">");
	html_name(h, s->address, PAGE_NAME_MAX);
	html(h, "</td><td class=\"far\">");
	html_ago(h, s->began_at, v->now);
	html(h, "</td><td>");
	html_ago(h, s->seen_at, v->now);
	html(h, "</td><td>");
	if (s->is_this)
		html(h, "this one");
	else
		put_button(h, v, "sessions", s->id, s->agent);
	html(h, "</td></tr>");
}

static void put_sessions(struct html *h, const struct account_view *v)
{
	html(h, "<h2>Sessions</h2><div class=\"scroll\"><table><thead><tr><th scope=\"col\">Browser</th>"
		"<th scope=\"col\" class=\"far\">Address</th><th scope=\"col\" class=\"far\">Began</th>"
		"<th scope=\"col\">Last seen</th><th scope=\"col\"><span class=\"hide\">Revoke</span></th>"
		"</tr></thead><tbody>");
	for (size_t i = 0; i < v->n_sessions; i++)
		put_session(h, v, &v->sessions[i]);
	html(h, "</tbody></table></div>");
	if (v->n_sessions < 2)
		return;
	html(h, "<form method=\"post\" action=\"/account/sessions/revoke-others\">");
	page_csrf(h, v->csrf);
	html(h, "<button>Sign out everywhere else</button></form>");
}

/* ---- accounts elsewhere ---- */

static void put_login(struct html *h, const struct account_view *v, const struct account_login *l)
{
	html(h, "<tr><td>");
	html_name(h, l->provider, PAGE_NAME_MAX);
	html(h, "</td><td>");
	if (l->tied && l->login.len > 0)
		html_name(h, l->login, PAGE_NAME_MAX);
	else
		html_text(h, l->tied ? STR("tied") : STR("none"));
	html(h, "</td><td>");
	if (!l->tied) {
		html(h, "<form method=\"post\" action=\"/account/logins/");
		html_url(h, l->provider);
		html(h, "\">");
		page_csrf(h, v->csrf);
		html(h, "<button>Tie</button></form>");
	}
	html(h, "</td></tr>");
}

static void put_logins(struct html *h, const struct account_view *v)
{
	if (v->n_logins == 0)
		return;
	html(h, "<h2>Accounts elsewhere</h2><div class=\"scroll\"><table><thead><tr><th "
		"scope=\"col\">Where</th>"
		"<th scope=\"col\">Account</th><th scope=\"col\"><span "
		"class=\"hide\">Tie</span></th></tr></thead><tbody>");
	for (size_t i = 0; i < v->n_logins; i++)
		put_login(h, v, &v->logins[i]);
	html(h, "</tbody></table></div>");
}

void page_account_put(struct html *h, const struct account_view *v)
{
	html(h, "<h1>Account</h1>");
	if (v->error.len > 0) {
		html(h, "<div class=\"note bad\" role=\"alert\"><p>");
		html_text(h, v->error);
		html(h, "</p></div>");
	}
	html(h, "<dl><div><dt>E-mail address</dt><dd>");
	html_name(h, v->email, PAGE_NAME_MAX);
	html(h, "</dd></div><div><dt>Role</dt><dd>");
	html_text(h, str_z(role_name(v->role)));
	html(h, "</dd></div></dl>");
	put_new_token(h, v);
	put_tokens(h, v);
	put_token_form(h, v);
	put_logins(h, v);
	put_sessions(h, v);
}
