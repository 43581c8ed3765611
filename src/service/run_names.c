/*
 * run_names: a list of runs that have streams, with a reference count each. Few at any time: it is walked.
 */
#include "service/run_names.h"

#include "base/diag.h"
#include "base/digest.h"
#include "store/nouns.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct named_run {
	int64_t id;
	int n_streams;
	size_t n_saved;
	struct mask_names *names;
	struct named_run *next;
};

struct run_names_table {
	struct store *store;
	struct seal_key key;
	pthread_mutex_t lock; /* guards the list and what is in it */
	struct named_run *first;
};

enum err_code run_names_table_new(struct store *s, struct run_names_table **ret, struct err *e)
{
	struct run_names_table *t = mem_alloc(sizeof *t);
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	t->store = s;
	pthread_mutex_init(&t->lock, NULL);
	code = seal_key_load(arena_fmt(&a, "%s/mask.key", store_folder(s)).p, &t->key, e);
	if (code != ERR_OK)
		run_names_table_free(t);
	else
		*ret = t;
	return code;
}

static void run_free(struct named_run *r)
{
	mask_names_unref(r->names);
	free(r);
}

void run_names_table_free(struct run_names_table *t)
{
	if (!t)
		return;
	for (struct named_run *r = t->first, *next; r; r = next) {
		next = r->next;
		run_free(r);
	}
	pthread_mutex_destroy(&t->lock);
	secret_wipe(&t->key, sizeof t->key);
	free(t);
}

static struct named_run **place_of(struct run_names_table *t, int64_t id)
{
	struct named_run **at = &t->first;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

/* What cannot be opened (the key was replaced) can mask nothing any more, and must not stop the stream. */
static struct mask_names *open_all(struct run_names_table *t, const struct str *sealed, size_t n)
{
	struct mask_names *names = NULL;
	AUTO_BUF value;

	buf_init(&value, 2 * MASK_VALUE_MAX);
	for (size_t i = 0; i < n; i++) {
		struct mask_names *more;
		struct err why;

		buf_reset(&value);
		if (seal_open(&t->key, sealed[i], &value, &why) != ERR_OK) {
			diag(DIAG_WARNING, "a value to mask is passed by: %s", why.text);
			continue;
		}
		more = mask_names_add_value(names, buf_view(&value), NULL);
		if (more) {
			mask_names_unref(names);
			names = more;
		}
	}
	if (value.p)
		secret_wipe(value.p, value.cap);
	return names;
}

static enum err_code read_names(
	struct run_names_table *t, int64_t run_id, struct mask_names **ret, struct err *e)
{
	struct str *sealed = NULL;
	struct db *db = NULL;
	enum err_code code;
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(store_reader_get(t->store, &db, e));
	code = run_masks_list(db, &a, run_id, &sealed, &n, e);
	store_reader_put(t->store, db);
	TRY(code);
	*ret = open_all(t, sealed, n);
	return ERR_OK;
}

/* Read outside the lock: if two do it, one of them has what the other has. */
enum err_code run_names_hold(struct run_names_table *t, int64_t run_id, struct err *e)
{
	struct mask_names *names = NULL;
	struct named_run **at;
	bool known;

	pthread_mutex_lock(&t->lock);
	at = place_of(t, run_id);
	known = *at;
	if (known)
		(*at)->n_streams++;
	pthread_mutex_unlock(&t->lock);
	if (known)
		return ERR_OK;
	TRY(read_names(t, run_id, &names, e));
	pthread_mutex_lock(&t->lock);
	at = place_of(t, run_id);
	if (!*at) {
		*at = mem_alloc(sizeof **at);
		**at = (struct named_run){ .id = run_id, .n_saved = mask_names_count(names), .names = names };
		names = NULL;
	}
	(*at)->n_streams++;
	pthread_mutex_unlock(&t->lock);
	mask_names_unref(names);
	return ERR_OK;
}

void run_names_release(struct run_names_table *t, int64_t run_id)
{
	struct named_run **at, *gone = NULL;

	pthread_mutex_lock(&t->lock);
	at = place_of(t, run_id);
	assert(*at);
	if (--(*at)->n_streams == 0) {
		gone = *at;
		*at = gone->next;
	}
	pthread_mutex_unlock(&t->lock);
	if (gone)
		run_free(gone);
}

struct mask_names *run_names_get(struct run_names_table *t, int64_t run_id)
{
	struct mask_names *names;

	pthread_mutex_lock(&t->lock);
	names = mask_names_ref((*place_of(t, run_id))->names);
	pthread_mutex_unlock(&t->lock);
	return names;
}

void run_names_tell(struct run_names_table *t, int64_t run_id, const struct mask_names *before,
	const struct mask_names *now)
{
	struct named_run *r;

	pthread_mutex_lock(&t->lock);
	r = *place_of(t, run_id);
	for (size_t i = mask_names_count(before); i < mask_names_count(now); i++) {
		struct mask_names *more = mask_names_add_value(r->names, mask_names_value(now, i), NULL);

		if (more) {
			mask_names_unref(r->names);
			r->names = more;
		}
	}
	pthread_mutex_unlock(&t->lock);
}

size_t run_names_saved(struct run_names_table *t, int64_t run_id)
{
	size_t n;

	pthread_mutex_lock(&t->lock);
	n = (*place_of(t, run_id))->n_saved;
	pthread_mutex_unlock(&t->lock);
	return n;
}

void run_names_note_saved(struct run_names_table *t, int64_t run_id, size_t n)
{
	struct named_run *r;

	pthread_mutex_lock(&t->lock);
	r = *place_of(t, run_id);
	if (r->n_saved < n)
		r->n_saved = n;
	pthread_mutex_unlock(&t->lock);
}

void run_names_seal(struct run_names_table *t, struct str value, struct buf *out)
{
	seal_close(&t->key, value, out);
}
