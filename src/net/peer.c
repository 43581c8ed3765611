/* peer: where the server is, who we are to it, and what it says when it says no. */
#include "net/peer.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define URL_MAX 2000

static bool is_visible_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return true;
}

static enum err_code set_url(struct peer *p, struct str url, struct err *e)
{
	struct str rest = url, host;
	size_t scheme = str_find_str(url, STR("://"));
	size_t at;

	if (!(str_starts(url, STR("http://")) || str_starts(url, STR("https://"))) ||
		!is_visible_ascii(url) || url.len > URL_MAX)
		return err_set(e, ERR_INVALID,
			"the server's URL (--url, SLUICE_URL) has to begin with http:// or https:// and have "
			"no blanks");
	while (rest.len > 0 && rest.p[rest.len - 1] == '/')
		rest.len--;
	buf_str(&p->url, rest);

	/* user:password@ ends at the last @ before the path. */
	rest = str_from(rest, scheme + 3);
	host = (struct str){ rest.p, str_find(rest, '/') };
	for (at = host.len; at > 0 && host.p[at - 1] != '@'; at--)
		;
	buf_add(&p->shown, url.p, scheme + 3);
	buf_str(&p->shown, str_from(rest, at));
	return ERR_OK;
}

static enum err_code set_token(struct peer *p, struct str token, const char *from, struct err *e)
{
	token = str_trim(token);
	if (!is_visible_ascii(token))
		return err_set(e, ERR_INVALID,
			"what stands in %s is not a token: it has blanks or other bytes that no token has",
			from);
	buf_str(&p->token, token);
	return ERR_OK;
}

static enum err_code read_token_file(struct peer *p, const char *path, struct err *e)
{
	bool from_stdin = strcmp(path, "-") == 0;
	enum err_code code;
	AUTO_BUF text;

	buf_init(&text, PEER_TOKEN_MAX + 1);
	code = file_read(from_stdin ? "/dev/stdin" : path, PEER_TOKEN_MAX, &text, e);
	if (code == ERR_OK)
		code = set_token(p, buf_view(&text), path, e);
	if (code == ERR_OK && p->token.len == 0)
		code = err_set(e, ERR_INVALID, "%s is empty: it should hold a token", path);
	if (text.p)
		secret_wipe(text.p, text.len);
	return code == ERR_OK ? ERR_OK : err_in(e, "--token-file");
}

static void init(struct peer *p)
{
	buf_init(&p->url, URL_MAX);
	buf_init(&p->shown, URL_MAX);
	buf_init(&p->token, PEER_TOKEN_MAX);
}

enum err_code peer_init(struct peer *p, const char *url, const char *token_file, struct err *e)
{
	const char *env_url = getenv("SLUICE_URL"), *env_token = getenv("SLUICE_TOKEN");

	init(p);
	if (!url)
		url = env_url && *env_url ? env_url : PEER_URL;
	TRY(set_url(p, str_trim(str_z(url)), e));
	if (token_file)
		return read_token_file(p, token_file, e);
	if (env_token && strlen(env_token) > PEER_TOKEN_MAX)
		return err_set(e, ERR_INVALID, "SLUICE_TOKEN is longer than a token can be");
	return set_token(p, str_z(env_token), "SLUICE_TOKEN", e);
}

void peer_copy(struct peer *p, const struct peer *from)
{
	init(p);
	buf_str(&p->url, buf_view(&from->url));
	buf_str(&p->shown, buf_view(&from->shown));
	buf_str(&p->token, buf_view(&from->token));
}

void peer_done(struct peer *p)
{
	if (p->token.p)
		secret_wipe(p->token.p, p->token.len);
	buf_done(&p->token);
	buf_done(&p->url);
	buf_done(&p->shown);
}

const char *peer_token(const struct peer *p)
{
	return p->token.len > 0 ? p->token.p : NULL;
}

/* Which row of err.tbl an answer is: the slug says it; without one (a proxy answered) the status does. */
static enum err_code code_of(int status, struct str slug)
{
	for (enum err_code c = ERR_OK + 1; c < ERR_N_CODES; c++)
		if (str_eq(slug, str_z(err_slug(c))))
			return c;
	if (status == 408 || status == 425) /* a proxy was tired of waiting, or does not want it yet */
		return ERR_UNAVAILABLE;
	for (enum err_code c = ERR_OK + 1; c < ERR_N_CODES; c++)
		if (c != ERR_INTERNAL && c != ERR_CONFIG && err_http(c) == status)
			return c;
	return status >= 500 ? ERR_UNAVAILABLE : status >= 400 ? ERR_INVALID : ERR_NETWORK;
}

static bool add_field(void *arg, struct str key, struct json *value)
{
	struct buf *out = arg;
	struct str text = json_str(value);

	buf_fmt(out, "%s%.*s: %.*s", out->len ? "; " : "", STR_FMT(key), STR_FMT(text));
	return true;
}

static const char *remedy_of(enum err_code code)
{
	switch ((int)code) {
	case ERR_UNAUTHORIZED:
		return "; set SLUICE_TOKEN or --token-file to a token that is good";
	case ERR_CLOSED:
		return "; the server has no internal token and does not know this one";
	default:
		return "";
	}
}

enum err_code peer_error(const struct peer *p, const struct http_answer *a, struct err *e)
{
	struct json_doc *doc = NULL;
	struct str message = STR(""), remediation = STR("");
	struct json *root = NULL;
	enum err_code code;
	AUTO_BUF fields;

	buf_init(&fields, 2000);
	if (a->status >= 400 && json_parse(buf_view(&a->body), JSON_REPAIR_TEXT, &doc, NULL) == ERR_OK) {
		root = json_root(doc);
		message = json_str(json_get(root, "message"));
		remediation = json_str(json_get(json_get(root, "details"), "remediation"));
		json_each(json_get(json_get(root, "details"), "fields"), add_field, &fields);
	}
	code = code_of(a->status, json_str(json_get(root, "code")));
	if (message.len == 0)
		err_set(e, code, "%s answered %d, not as a Sluice server would; is the URL right?",
			buf_cstr(&p->shown), a->status);
	else if (remediation.len > 0)
		err_set(e, code, "%.*s: %.*s", STR_FMT(message), STR_FMT(remediation));
	else if (fields.len > 0)
		err_set(e, code, "%.*s (%s)%s", STR_FMT(message), buf_cstr(&fields), remedy_of(code));
	else
		err_set(e, code, "%.*s%s", STR_FMT(message), remedy_of(code));
	json_free(doc);
	return code;
}
