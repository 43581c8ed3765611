#ifndef SERVICE_INGEST_H
#define SERVICE_INGEST_H
/*
 * ingest: a post becomes a kept step. Text is made valid, masked, cut, compressed on the caller's thread;
 * then one operation of the writer stores run, job, step and tail together. done is told after the commit,
 * never before.
 */
#include "service/config.h"
#include "store/nouns.h"
#include "store/store.h"

struct ingest_post {
	struct step_facts
		facts; /* facts.forge and .repo as sent (forge may be empty); views that live until done */
	struct str log_tail;                  /* as sent */
	int64_t dropped_lines, dropped_bytes; /* what the sender already left out */
};

/*
 * Which watched repo a post is for: the forge is named, or known by the start of the post's url, or the
 * default. ERR_NOT_FOUND: not watched, or not the one the identity's token is bound to. ERR_INVALID: no such
 * forge.
 */
MUST_CHECK enum err_code ingest_find_repo(struct store *store, const struct config *cfg,
	const struct identity *id, struct str forge, struct str repo, struct str url, struct arena *a,
	struct repo *ret, struct err *e);

/* A text of one piece, with its secrets masked; what changes is in a. */
void ingest_mask_text(const struct mask *mask, struct arena *a, struct str *text);
/* The names among the facts, but for ids, with their secrets masked; what changes is in a. */
void ingest_mask_names(struct step_facts *facts, const struct mask *mask, struct arena *a);

struct ingest;
/*
 * Starts storing. done is called once, on the writer's thread, with the outcome, if ERR_OK is returned; not
 * otherwise. The returned ingest owns its memory and is freed after done by ingest_free.
 */
MUST_CHECK enum err_code ingest_start(struct store *store, const struct config *cfg, int64_t repo_id,
	const struct ingest_post *post, int64_t now, void (*done)(void *arg, const struct err *result),
	void *arg, struct ingest **ret, struct err *e);
void ingest_free(struct ingest *i);

#endif
