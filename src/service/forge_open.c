/* forge_open: see the header. A token is read at each use, so that one that is changed is good without a restart. */
#include "service/forge_open.h"

#include "base/digest.h"
#include "base/file.h"

#define TOKEN_MAX 4096

static enum err_code read_token(const struct forge_config *forge, struct buf *out, struct err *e)
{
	enum err_code code = file_read(forge->token_file, TOKEN_MAX, out, e);

	if (code != ERR_OK) {
		struct err why = *e;

		return err_set(e, ERR_CONFIG, "token-file of forge \"%.*s\": %.250s", STR_FMT(forge->name),
			why.text);
	}
	return ERR_OK;
}

enum err_code forge_open(
	const struct forge_config *forge, const struct clock *clock, struct forge_api **ret, struct err *e)
{
	AUTO_BUF token;

	buf_init(&token, TOKEN_MAX);
	if (forge->url.len == 0 || !forge->has_kind)
		return err_set(e, ERR_CONFIG,
			"forge \"%.*s\" cannot be asked: set url and kind of [forge \"%.*s\"]",
			STR_FMT(forge->name), STR_FMT(forge->name));
	if (forge->token_file)
		TRY(read_token(forge, &token, e));
	*ret = forge_api_new(
		&(struct forge_access){ forge->kind, forge->url, str_trim(buf_view(&token)), forge->known },
		clock);
	secret_wipe(token.p, token.len);
	return ERR_OK;
}
