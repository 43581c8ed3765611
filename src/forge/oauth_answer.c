/*
 * oauth_answer: from JSON to the few words that matter.
 *
 * A provider is trusted to say who somebody is, and with nothing else: every text is bounded and free of control characters before it
 * goes anywhere, an endpoint is taken only where a request to it may go, and what is missing is told as the provider's fault and not
 * guessed.
 */
#include "forge/oauth_answer.h"

#include "base/digest.h"
#include "base/json.h"
#include "net/url.h"

#define SECRET_MAX 16384 /* bytes of a token */
#define LEEWAY_MS 120000 /* how far clocks may be apart */

static enum err_code nonsense(const struct oauth_provider *p, const char *what, struct err *e)
{
	return err_set(e, ERR_NETWORK, "%.*s answered nonsense: %s", STR_FMT(p->name), what);
}

/* No JSON is the usual face of a proxy's error page. */
static enum err_code parse(
	const struct oauth_provider *p, struct str json, struct json_doc **ret, struct err *e)
{
	if (json_parse(json, 0, ret, NULL) != ERR_OK)
		return nonsense(p, "what came is not JSON", e);
	return ERR_OK;
}

static bool is_clean(struct str s, size_t max)
{
	if (s.len == 0 || s.len > max)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
			return false;
	return true;
}

static struct str take(struct arena *a, const struct json *value, size_t max)
{
	struct str s = json_str(value);

	return is_clean(s, max) ? arena_str(a, s) : STR("");
}

static struct str take_word(struct arena *a, const struct json *value)
{
	return take(a, value, OAUTH_TEXT_MAX);
}

/* ---- discovery ---- */

/* With or without a final slash: how the issuer is written is the provider's to say, and everything after is compared with that. */
static struct str without_slash(struct str s)
{
	if (s.len > 0 && s.p[s.len - 1] == '/')
		s.len--;
	return s;
}

static bool is_endpoint(const struct oauth_provider *p, struct str text)
{
	struct url own, other;

	return text.len < 2000 && url_split(p->url, &own, NULL) == ERR_OK &&
	       url_split(text, &other, NULL) == ERR_OK && (other.is_tls || !own.is_tls) &&
	       other.user.len == 0 && str_find(text, '#') == text.len;
}

static bool lists(const struct json *array, struct str word)
{
	for (size_t i = 0; i < json_len(array); i++)
		if (str_eq(json_str(json_at(array, i)), word))
			return true;
	return false;
}

static enum err_code read_discovery(const struct oauth_provider *p, const struct json *j, struct arena *a,
	struct oauth_endpoints *ret, struct err *e)
{
	struct json *methods = json_get(j, "token_endpoint_auth_methods_supported");
	struct json *pkce = json_get(j, "code_challenge_methods_supported");
	struct oauth_endpoints x = {
		.issuer = take(a, json_get(j, "issuer"), 2000),
		.authorize = take(a, json_get(j, "authorization_endpoint"), 2000),
		.token = take(a, json_get(j, "token_endpoint"), 2000),
		.userinfo = take(a, json_get(j, "userinfo_endpoint"), 2000),
		.sends_iss = json_is_true(json_get(j, "authorization_response_iss_parameter_supported")),
		.post_secret = methods && !lists(methods, STR("client_secret_basic")) &&
			       lists(methods, STR("client_secret_post")),
	};

	if (!str_eq(without_slash(x.issuer), p->url))
		return err_set(e, ERR_CONFIG,
			"%.*s says that it is another issuer than [oauth] url; write there what it says",
			STR_FMT(p->name));
	if (!is_endpoint(p, x.authorize) || !is_endpoint(p, x.token) || !is_endpoint(p, x.userinfo))
		return nonsense(p, "its discovery document lacks an endpoint, or has one without TLS", e);
	if (pkce && !lists(pkce, STR("S256")))
		return err_set(e, ERR_CONFIG, "%.*s does not take PKCE with S256", STR_FMT(p->name));
	*ret = x;
	return ERR_OK;
}

enum err_code oauth_read_discovery(const struct oauth_provider *p, struct str json, struct arena *a,
	struct oauth_endpoints *ret, struct err *e)
{
	struct json_doc *doc = NULL;
	enum err_code code;

	TRY(parse(p, json, &doc, e));
	code = read_discovery(p, json_root(doc), a, ret, e);
	json_free(doc);
	return code;
}

/* ---- tokens ---- */

/* RFC 6749, 5.2, and GitHub's own words. The description that may stand beside is a text of theirs for a log, and is not shown. */
static enum err_code refused(const struct oauth_provider *p, struct str error, struct err *e)
{
	if (str_eq(error, STR("invalid_grant")) || str_eq(error, STR("bad_verification_code")))
		return err_set(e, ERR_INVALID,
			"%.*s does not take the code: it has been used, or has expired; sign in again",
			STR_FMT(p->name));
	if (str_eq(error, STR("invalid_client")) || str_eq(error, STR("unauthorized_client")) ||
		str_eq(error, STR("incorrect_client_credentials")) ||
		str_eq(error, STR("redirect_uri_mismatch")))
		return err_set(e, ERR_CONFIG,
			"%.*s does not know us: client-id, the secret, or the redirect URI registered there "
			"is wrong",
			STR_FMT(p->name));
	return err_set(e, ERR_NETWORK, "%.*s refused to give a token", STR_FMT(p->name));
}

static enum err_code read_tokens(const struct oauth_provider *p, int status, const struct json *j,
	struct arena *a, struct oauth_tokens *ret, struct err *e)
{
	struct str error = json_str(json_get(j, "error"));
	struct oauth_tokens t = { take(a, json_get(j, "access_token"), SECRET_MAX),
		take(a, json_get(j, "id_token"), SECRET_MAX),
		take(a, json_get(j, "refresh_token"), SECRET_MAX) };

	if (error.len > 0 || status != 200)
		return refused(p, error, e);
	if (t.access.len == 0 || !str_eq_nocase(json_str(json_get(j, "token_type")), STR("bearer")))
		return nonsense(p, "no bearer token in its answer", e);
	if (p->kind == OAUTH_OIDC && t.id.len == 0)
		return nonsense(p, "no ID token in its answer", e);
	*ret = t;
	return ERR_OK;
}

enum err_code oauth_read_tokens(const struct oauth_provider *p, int status, struct str json, struct arena *a,
	struct oauth_tokens *ret, struct err *e)
{
	struct json_doc *doc = NULL;
	enum err_code code;

	if (status >= 500)
		return err_set(e, ERR_NETWORK, "%.*s answered %d", STR_FMT(p->name), status);
	TRY(parse(p, json, &doc, e));
	code = read_tokens(p, status, json_root(doc), a, ret, e);
	json_free(doc);
	return code;
}

/* ---- OpenID Connect ---- */

/* A list of names, or one. */
static void take_groups(const struct json *groups, struct arena *a, struct oauth_person *person)
{
	size_t n = json_kind(groups) == JSON_ARRAY ? json_len(groups) : json_kind(groups) == JSON_STRING;
	struct oauth_names names = { 0 };

	if (n == 0)
		return;
	n = n < OAUTH_NAMES_MAX ? n : OAUTH_NAMES_MAX;
	names.v = arena_array(a, n, sizeof *names.v);
	for (size_t i = 0; i < n; i++) {
		struct str name = take_word(a, json_kind(groups) == JSON_ARRAY ? json_at(groups, i) : groups);

		if (name.len > 0)
			names.v[names.n++] = name;
	}
	person->orgs = person->teams = names;
}

/* The claims that ID token and userinfo share. An address that is not said to be verified is none. */
static void take_claims(const struct json *j, struct arena *a, struct oauth_person *person)
{
	struct str login = take_word(a, json_get(j, "preferred_username"));
	struct str email = take_word(a, json_get(j, "email"));

	if (login.len > 0)
		person->login = login;
	if (email.len > 0)
		person->email = json_is_true(json_get(j, "email_verified")) ? email : STR("");
	take_groups(json_get(j, "groups"), a, person);
}

static bool is_for_us(const struct oauth_provider *p, const struct json *j)
{
	struct json *aud = json_get(j, "aud"), *azp = json_get(j, "azp");

	if (azp && !str_eq(json_str(azp), p->client_id))
		return false;
	if (json_kind(aud) == JSON_ARRAY)
		return lists(aud, p->client_id) && (json_len(aud) == 1 || azp);
	return str_eq(json_str(aud), p->client_id);
}

/* Seconds since 1970; some write them with a fraction, which is no integer here: then it is wrong. */
static bool read_second(const struct json *value, int64_t *ret_ms)
{
	int64_t s;

	if (!json_int(value, &s) || s < 0 || s > INT64_MAX / 2000)
		return false;
	*ret_ms = s * 1000;
	return true;
}

static enum err_code read_claims(const struct oauth_provider *p, const struct oauth_endpoints *x,
	const struct json *j, struct str nonce, int64_t now, struct arena *a, struct oauth_person *ret,
	struct err *e)
{
	struct oauth_person person = { .subject = take_word(a, json_get(j, "sub")) };
	int64_t exp = 0, iat = 0;

	if (!str_eq(json_str(json_get(j, "iss")), x->issuer))
		return nonsense(p, "its ID token is of another issuer", e);
	if (!is_for_us(p, j))
		return nonsense(p, "its ID token is not for this client-id", e);
	if (!read_second(json_get(j, "exp"), &exp) || exp + LEEWAY_MS <= now)
		return nonsense(p, "its ID token has expired; are the clocks right?", e);
	if (!read_second(json_get(j, "iat"), &iat) || iat - LEEWAY_MS > now)
		return nonsense(p, "its ID token is of the future; are the clocks right?", e);
	if (nonce.len > 0 && !str_eq(json_str(json_get(j, "nonce")), nonce))
		return nonsense(p, "its ID token is not the one that was asked for", e);
	if (person.subject.len == 0)
		return nonsense(p, "its ID token has no subject", e);
	take_claims(j, a, &person);
	*ret = person;
	return ERR_OK;
}

enum err_code oauth_read_id_token(const struct oauth_provider *p, const struct oauth_endpoints *x,
	struct str token, struct str nonce, int64_t now, struct arena *a, struct oauth_person *ret,
	struct err *e)
{
	size_t first = str_find(token, '.');
	struct str rest = str_from(token, first + 1);
	struct str payload = { rest.p, str_find(rest, '.') };
	struct json_doc *doc = NULL;
	enum err_code code;
	AUTO_BUF text;

	buf_init(&text, SECRET_MAX);
	rest = str_from(rest, payload.len + 1);
	if (first == token.len || payload.len == 0 || str_find(rest, '.') != rest.len ||
		!base64url_decode(payload, &text) || text.full)
		return nonsense(p, "its ID token is no signed JWT", e);
	TRY(parse(p, buf_view(&text), &doc, e));
	code = read_claims(p, x, json_root(doc), nonce, now, a, ret, e);
	json_free(doc);
	return code;
}

enum err_code oauth_read_userinfo(const struct oauth_provider *p, struct str json, struct arena *a,
	struct oauth_person *person, struct err *e)
{
	struct json_doc *doc = NULL;
	bool same;

	TRY(parse(p, json, &doc, e));
	same = str_eq(json_str(json_get(json_root(doc), "sub")), person->subject);
	if (same)
		take_claims(json_root(doc), a, person);
	json_free(doc);
	return same ? ERR_OK : nonsense(p, "userinfo is of somebody else than the ID token", e);
}

/* ---- the interfaces of forges ---- */

enum err_code oauth_read_user(const struct oauth_provider *p, struct str json, struct arena *a,
	struct oauth_person *person, struct err *e)
{
	struct json_doc *doc = NULL;
	struct str login;
	int64_t id = 0;

	TRY(parse(p, json, &doc, e));
	if (!json_int(json_get(json_root(doc), "id"), &id))
		id = 0;
	login = take_word(a, json_get(json_root(doc), "login"));
	json_free(doc);
	if (id < 1 || login.len == 0)
		return nonsense(p, "its user has no id or no login", e);
	person->subject = arena_fmt(a, "%lld", (long long)id);
	person->login = login;
	return ERR_OK;
}

enum err_code oauth_read_emails(const struct oauth_provider *p, struct str json, struct arena *a,
	struct oauth_person *person, struct err *e)
{
	struct str best = STR("");
	struct json_doc *doc = NULL;
	struct json *list;

	TRY(parse(p, json, &doc, e));
	list = json_root(doc);
	for (size_t i = 0; i < json_len(list) && json_kind(list) == JSON_ARRAY; i++) {
		const struct json *row = json_at(list, i);
		struct str email = json_str(json_get(row, "email"));
		bool primary = json_is_true(json_get(row, "primary"));

		if (!is_clean(email, OAUTH_TEXT_MAX) || !json_is_true(json_get(row, "verified")) ||
			(best.len > 0 && !primary))
			continue;
		best = email;
		if (primary)
			break;
	}
	if (best.len > 0)
		person->email = arena_str(a, best);
	json_free(doc);
	return ERR_OK;
}

/* GitHub's organisations have a login; those of Forgejo and Gitea a name, which older ones call username. */
static struct str org_name(const struct json *org)
{
	static const char *const keys[] = { "login", "name", "username" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct str name = json_str(json_get(org, keys[i]));

		if (is_clean(name, OAUTH_TEXT_MAX))
			return name;
	}
	return STR("");
}

/* GitHub's teams have a slug, which is what stands in their URL. */
static struct str team_name(const struct json *team, struct arena *a)
{
	struct str org = org_name(json_get(team, "organization")), name = json_str(json_get(team, "slug"));

	if (name.len == 0)
		name = json_str(json_get(team, "name"));
	if (org.len == 0 || !is_clean(name, OAUTH_TEXT_MAX - org.len - 1))
		return STR("");
	return arena_fmt(a, "%.*s/%.*s", STR_FMT(org), STR_FMT(name));
}

enum err_code oauth_read_names(const struct oauth_provider *p, bool teams, struct str json, struct arena *a,
	struct oauth_names *names, size_t *ret_n, struct err *e)
{
	struct json_doc *doc = NULL;
	struct json *list;

	TRY(parse(p, json, &doc, e));
	list = json_root(doc);
	if (json_kind(list) != JSON_ARRAY) {
		json_free(doc);
		return nonsense(p, teams ? "its teams are no list" : "its organisations are no list", e);
	}
	for (size_t i = 0; i < json_len(list) && names->n < OAUTH_NAMES_MAX; i++) {
		struct str name =
			teams ? team_name(json_at(list, i), a) : arena_str(a, org_name(json_at(list, i)));

		if (name.len > 0)
			names->v[names->n++] = name;
	}
	*ret_n = json_len(list);
	json_free(doc);
	return ERR_OK;
}

bool oauth_read_pull(struct str json)
{
	struct json_doc *doc = NULL;
	const struct json *pull;
	bool may;

	if (json_parse(json, 0, &doc, NULL) != ERR_OK)
		return false;
	pull = json_get(json_get(json_root(doc), "permissions"), "pull");
	may = json_kind(json_root(doc)) == JSON_OBJECT &&
	      (json_kind(pull) != JSON_BOOL || json_is_true(pull));
	json_free(doc);
	return may;
}
