/* dispatch_op: see the header. */
#include "service/dispatch_op.h"

#include "base/zst.h"
#include "service/dispatch_prompt.h"

#define PROMPT_LEVEL 3

struct write {
	struct store_op op; /* first */
	dispatch_op_fn *fn;
	void *arg;
};

static enum err_code apply(struct store_op *op, struct db *db, struct err *e)
{
	struct write *w = (struct write *)(void *)op;

	return w->fn(w->arg, db, e);
}

enum err_code dispatch_write(struct store *s, dispatch_op_fn *fn, void *arg, size_t bytes, struct err *e)
{
	struct write w = { .op = { .apply = apply, .bytes = sizeof w + bytes }, .fn = fn, .arg = arg };

	return store_write(s, &w.op, e);
}

struct word {
	const struct dispatch_word *word;
	int64_t now;
	bool done;
};

static enum err_code apply_word(void *arg, struct db *db, struct err *e)
{
	struct word *w = arg;

	return dispatches_set(db, w->word, w->now, &w->done, e);
}

enum err_code dispatch_write_word(
	struct store *s, const struct dispatch_word *word, int64_t now, bool *ret_done, struct err *e)
{
	struct word w = { .word = word, .now = now };

	TRY(dispatch_write(s, apply_word, &w, sizeof w + word->note.len, e));
	*ret_done = w.done;
	return ERR_OK;
}

int64_t dispatch_bound_repo(const struct identity *by)
{
	return by->kind == IDENTITY_TOKEN ? by->token.repo_id : 0;
}

enum err_code dispatch_pack(struct str prompt, struct arena *a, struct str *ret_zstd, struct err *e)
{
	AUTO_BUF zstd;

	buf_init(&zstd, SIZE_MAX);
	TRY(zst_compress(prompt, PROMPT_LEVEL, &zstd, e));
	*ret_zstd = arena_str(a, buf_view(&zstd));
	return ERR_OK;
}

enum err_code dispatch_unpack(struct str zstd, struct arena *a, struct str *ret_prompt, struct err *e)
{
	AUTO_BUF text;

	buf_init(&text, PROMPT_MAX);
	if (zstd.len > 0)
		TRY(zst_decompress(zstd, PROMPT_MAX, &text, e));
	*ret_prompt = arena_str(a, buf_view(&text));
	return ERR_OK;
}
