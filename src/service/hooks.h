#ifndef SERVICE_HOOKS_H
#define SERVICE_HOOKS_H
/*
 * hooks: deliveries of forges, taken. What follows from one is done later, by whoever is told that something was heard.
 *
 *	hooks_open()	before the body: is there a secret, and a signature
 *	hooks_signed()	with the body: does the signature hold. Until it does nothing of the body is looked at
 *	hooks_read()	what it says, and of which repo
 *	hooks_keep()	one operation of the writer: the delivery is remembered, what it says is put into the store. Then it is answered
 *
 * The same delivery again is answered as well, and does nothing.
 */
#include "service/config.h"
#include "service/gate.h"
#include "store/store.h"

struct hook_delivery { /* views of the request */
	enum hook_kind kind;
	struct str event, id, signature; /* of its headers */
	struct str body;
};

/* ERR_CLOSED: no secret is configured for this kind. ERR_UNAUTHORIZED: there is no signature. */
MUST_CHECK enum err_code hooks_open(const struct config *cfg, const struct hook_delivery *d, struct err *e);
/* The same, and ERR_UNAUTHORIZED: it is not that of this body under that secret. */
MUST_CHECK enum err_code hooks_signed(const struct config *cfg, const struct hook_delivery *d, struct err *e);

enum hook_done { HOOK_PONG, HOOK_IGNORED, HOOK_KEPT, HOOK_REPLAYED };
const char *hook_done_name(enum hook_done d); /* pong, ignored, kept, replayed */

struct hook_heard {
	struct forge_event event; /* its names masked, as those of steps are */
	struct str forge;         /* of [forge "NAME"] */
	int64_t repo_id;          /* 0: none that is watched, but a gate goes by it */
	enum hook_done done;      /* HOOK_KEPT: it is to be kept; else there is nothing to be done */
};
/* ERR_INVALID: the id of the delivery, the event, or what it lacks. ERR_NOT_FOUND: its repo is not watched on [hook] forge. Strings in the arena. */
MUST_CHECK enum err_code hooks_read(struct store *store, const struct config *cfg,
	const struct hook_delivery *d, struct arena *a, struct hook_heard *ret, struct err *e);

/* Who is told of what was heard, once it is durable and before it is answered: on the writer's thread, so it must be quick and must not call the store. It dies with the call. */
struct hook_ear {
	void (*heard)(void *arg, const struct hook_heard *x); /* of a repo that is watched; NULL: nobody */
	void *arg;
};

struct hook_keeping;
/*
 * Starts keeping what heard has, which must live until done; gates may be NULL. If ERR_OK is returned done is called once, on the writer's thread, with HOOK_KEPT or HOOK_REPLAYED; not otherwise.
 * The keeping is freed after that, by hooks_keeping_free().
 */
MUST_CHECK enum err_code hooks_keep(struct store *store, struct gates *gates, struct hook_ear ear,
	const struct hook_delivery *d, const struct hook_heard *heard, int64_t now,
	void (*done)(void *arg, enum hook_done how, const struct err *result), void *arg,
	struct hook_keeping **ret, struct err *e);
void hooks_keeping_free(struct hook_keeping *k); /* NULL is fine */

#endif
