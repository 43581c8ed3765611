/* oauth: whatever a provider answers, what is taken of it is bounded and has no control characters; the first byte chooses the reader. */
#include "base/digest.h"
#include "forge/oauth_answer.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str s, size_t max)
{
	assert(s.len <= max);
	for (size_t i = 0; i < s.len; i++)
		assert((unsigned char)s.p[i] >= ' ' && s.p[i] != 127);
}

static void check_names(const struct oauth_names *names)
{
	assert(names->n <= OAUTH_NAMES_MAX);
	for (size_t i = 0; i < names->n; i++)
		check(names->v[i], OAUTH_TEXT_MAX);
}

static void check_person(const struct oauth_person *person)
{
	check(person->subject, OAUTH_TEXT_MAX);
	check(person->login, OAUTH_TEXT_MAX);
	check(person->email, OAUTH_TEXT_MAX);
	check_names(&person->orgs);
	check_names(&person->teams);
}

/* The bytes as the claims of an ID token. */
static enum err_code read_claims(
	const struct oauth_provider *p, struct str json, struct arena *a, struct oauth_person *person)
{
	struct oauth_endpoints x = { .issuer = p->url };
	AUTO_BUF token;

	buf_init(&token, SIZE_MAX);
	buf_z(&token, "e30.");
	base64url_encode(json, &token);
	buf_z(&token, ".");
	return oauth_read_id_token(p, &x, buf_view(&token), STR(""), 1000000, a, person, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oauth_provider p = { STR("x"), OAUTH_OIDC, STR("https://i"), STR("c"), STR("s") };
	struct oauth_person person = { .subject = STR("u") };
	struct oauth_endpoints x = { 0 };
	struct oauth_tokens t = { 0 };
	struct oauth_names names = { 0 };
	struct str json = { (const char *)data + 1, size - 1 };
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	if (size == 0)
		return 0;
	names.v = arena_array(&a, OAUTH_NAMES_MAX, sizeof *names.v);
	switch (data[0] % 8) {
	case 0:
		if (oauth_read_discovery(&p, json, &a, &x, NULL) == ERR_OK)
			assert(str_starts(x.token, STR("https://")) ||
				str_eq_nocase((struct str){ x.token.p, 8 }, STR("https://")));
		check(x.authorize, 2000);
		break;
	case 1:
		if (oauth_read_tokens(&p, 200, json, &a, &t, NULL) == ERR_OK)
			assert(t.access.len > 0 && t.id.len > 0);
		break;
	case 2:
		(void)!oauth_read_id_token(&p, &x, json, STR(""), 0, &a, &person, NULL);
		break;
	case 3:
		(void)!read_claims(&p, json, &a, &person);
		break;
	case 4:
		(void)!oauth_read_userinfo(&p, json, &a, &person, NULL);
		break;
	case 5:
		(void)!oauth_read_user(&p, json, &a, &person, NULL);
		break;
	case 6:
		(void)!oauth_read_emails(&p, json, &a, &person, NULL);
		break;
	case 7:
		(void)!oauth_read_names(&p, size % 2, json, &a, &names, &n, NULL);
		break;
	}
	check_person(&person);
	check_names(&names);
	return 0;
}
