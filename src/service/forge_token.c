/* forge_token: two lines, the access token and the one to refresh it with. Neither has a line end in it (RFC 6749, A.12 and A.17). */
#include "service/forge_token.h"

#include "base/digest.h"

void forge_token_seal(const struct seal_key *key, const struct oauth_tokens *t, struct buf *out)
{
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	buf_str(&text, t->access);
	buf_char(&text, '\n');
	buf_str(&text, t->refresh);
	seal_close(key, buf_view(&text), out);
	secret_wipe(text.p, text.len);
}

enum err_code forge_token_open(const struct seal_key *key, const struct forge_login *l, struct arena *a,
	struct oauth_tokens *ret, struct err *e)
{
	enum err_code code;
	AUTO_BUF text;

	buf_init(&text, 128 * 1024);
	if (l->token.len == 0)
		return err_set(
			e, ERR_NOT_FOUND, "no token of this user is kept for %.*s", STR_FMT(l->provider));
	code = seal_open(key, l->token, &text, e);
	if (code == ERR_OK) {
		struct str both = buf_view(&text);
		size_t lf = str_find(both, '\n');

		*ret = (struct oauth_tokens){ .access = arena_str(a, (struct str){ both.p, lf }),
			.refresh = lf < both.len ? arena_str(a, str_from(both, lf + 1)) : STR("") };
	}
	secret_wipe(text.p, text.len);
	return code;
}

enum err_code forge_token_login(struct db *db, struct arena *a, int64_t user_id, struct str provider,
	struct forge_login *ret, struct err *e)
{
	struct forge_login *logins = NULL;
	size_t n = 0;

	TRY(forge_logins_of(db, a, user_id, &logins, &n, e));
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(logins[i].provider, provider)) {
			*ret = logins[i];
			return ERR_OK;
		}
	return err_set(e, ERR_NOT_FOUND,
		"this user has no account at %.*s; signing in through it at /login ties one",
		STR_FMT(provider));
}
