/*
 * log_stray: see the header.
 *
 * To remove a file takes longer the larger it is, and posts wait meanwhile: so an operation is bounded in files and in bytes.
 */
#include "service/log_stray.h"

#include "store/log_file.h"
#include "store/nouns.h"

#define FILES_AT_ONCE 50
#define BYTES_AT_ONCE ((int64_t)64 << 20)

bool log_stray_is_one(enum log_state state, bool sealed)
{
	switch (state) {
	case LOG_NONE:
		return true;
	case LOG_OPEN:
		return sealed;
	case LOG_SEALED:
		return !sealed;
	case LOG_ENDED:
		break;
	}
	return false;
}

struct remove_op {
	struct store_op op;
	struct store *store;
	const struct log_stray *files;
	size_t n;
	int64_t changed_before;
	size_t n_gone;
	int64_t bytes;
};

/* Should the transaction fail, what was removed is gone all the same, as it was to go: it counted for nothing before either. */
static enum err_code apply_remove(struct store_op *op, struct db *db, struct err *e)
{
	struct remove_op *w = (struct remove_op *)(void *)op;

	for (size_t i = 0; i < w->n; i++) {
		const struct log_stray *f = &w->files[i];
		enum log_state state;
		int64_t file_bytes;
		bool removed = false;

		TRY(logs_state(db, f->step_id, &state, &file_bytes, e));
		if (!log_stray_is_one(state, f->sealed))
			continue;
		TRY(log_file_remove_old(w->store, f->step_id, f->sealed, w->changed_before, &removed, e));
		w->n_gone += removed;
		w->bytes += removed ? f->bytes : 0;
	}
	return ERR_OK;
}

/* How many of them are one operation: at least one. */
static size_t how_many(const struct log_stray *files, size_t n)
{
	int64_t bytes = files[0].bytes;
	size_t k = 1;

	while (k < n && k < FILES_AT_ONCE && bytes + files[k].bytes <= BYTES_AT_ONCE)
		bytes += files[k++].bytes;
	return k;
}

enum err_code log_stray_remove(struct store *s, const struct log_stray *files, size_t n,
	int64_t changed_before, size_t *ret_n, int64_t *ret_bytes, struct err *e)
{
	size_t n_gone = 0;
	int64_t bytes = 0;

	for (size_t i = 0; i < n;) {
		struct remove_op w = { .op = { .apply = apply_remove, .bytes = sizeof w },
			.store = s,
			.files = files + i,
			.n = how_many(files + i, n - i),
			.changed_before = changed_before };

		TRY(store_write(s, &w.op, e));
		n_gone += w.n_gone;
		bytes += w.bytes;
		i += w.n;
	}
	*ret_n = n_gone;
	*ret_bytes = bytes;
	return ERR_OK;
}
