#ifndef MODEL_AUDIT_H
#define MODEL_AUDIT_H
/*
 * audit: who did what, when. The deeds are listed in audit.tbl, once.
 */
#include "base/str.h"

enum deed {
#define DEED(name, word, kind, prose) DEED_##name,
#include "model/audit.tbl"
#undef DEED
	DEED_N
};

const char *deed_word(enum deed d);
const char *deed_kind(enum deed d); /* of what it is done to */
bool deed_find(struct str word, enum deed *ret);

#define AUDIT_SUBJECT_MAX 300 /* bytes of a subject's name; the store cuts what is longer */
#define AUDIT_DETAIL_MAX 4000 /* bytes of the JSON text; more is the caller's mistake */

/* As it is stored. What is older than this program may have words that it does not know: they are text. */
struct audit_entry {
	int64_t id, at;
	int64_t user_id, token_id, session_id; /* 0: none */
	struct str actor;
	struct str action, subject_kind;
	int64_t subject_id;
	struct str subject;
	struct str detail; /* a JSON object, as text; empty when added: {} */
	struct str request_id, address;
};

#endif
