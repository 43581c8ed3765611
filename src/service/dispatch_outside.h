#ifndef SERVICE_DISPATCH_OUTSIDE_H
#define SERVICE_DISPATCH_OUTSIDE_H
/*
 * dispatch_outside: what a dispatch needs of the world: where a branch stands, and that something is done there. Behind an interface, so that what is decided is told apart from who is asked.
 *
 * Of what was done it is told whether that is certain: what perhaps got through is never said to have failed.
 */
#include "forge/forge_api.h"
#include "service/config.h"
#include "store/dispatch_nouns.h"

struct dispatch_work {
	const struct dispatch *of;
	struct str action; /* a word of 0012-dispatch.sql */
	const struct config *cfg;
	const struct dispatch_config *config;
	struct str prompt, page;
	struct str context; /* of a comment, an issue: the account of the failure; may be empty */
	struct str
		known; /* the comment that is on the pull request already, the last issue of the group; empty: none */
	struct str fingerprint; /* of its group; empty: it has none */
	bool perhaps;           /* it was tried before, and may have got through */
	int64_t now;
};

enum dispatch_did {
	DISPATCH_DID,           /* it is done */
	DISPATCH_AGAIN,         /* nothing was done; later it may go well */
	DISPATCH_PERHAPS_AGAIN, /* it may have been done, and is the same when it is done again */
	DISPATCH_FAILED,        /* nothing was done, and would not be */
	DISPATCH_PERHAPS,       /* it may have been done */
};

struct dispatch_made {
	struct str ref;   /* what it made, if that has a name */
	int64_t again_ms; /* of DISPATCH_AGAIN: not before so long; 0: nobody said */
};

struct dispatch_outside {
	/* Where its branch or pull request stands. ERR_NOT_FOUND: there is none such; other errors: it is not known. */
	enum err_code (*head)(void *arg, const struct config *cfg, const struct dispatch *d, struct arena *a,
		struct forge_tip *ret, struct err *e);
	/* Who would be spoken to has kept us waiting a moment ago, and for nothing: it is left alone for a while, so that others have their turn. NULL: nobody is. */
	bool (*is_away)(
		void *arg, const struct dispatch *d, struct str action, const struct dispatch_config *config);
	/* *ret is zero before. e: why, of all but DISPATCH_DID. */
	enum dispatch_did (*act)(void *arg, const struct dispatch_work *w, struct arena *a,
		struct dispatch_made *ret, struct err *e);
	void *arg;
};

#endif
