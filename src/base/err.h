#ifndef BASE_ERR_H
#define BASE_ERR_H
/*
 * err: how a function says that it failed.
 *
 * A function that can fail returns enum err_code and takes a struct err last. On failure it fills the
 * struct (err_set) and returns the code; its outputs are untouched. The struct lies on the caller's
 * stack and the text in it is bounded, so that reporting never allocates. err_in() puts in front what
 * the caller alone knows ("open store: disk I/O error"). TRY() passes a failure on unchanged.
 *
 * What a code means to a client, a shell and a retry loop is one row of err.tbl.
 */
#include <stdbool.h>

enum err_code {
#define ERR(name, slug, http, exit_, retry, meaning) ERR_##name,
#include "base/err.tbl"
#undef ERR
	ERR_N_CODES
};

struct err {
	enum err_code code;
	/* Of ERR_INVALID: the field or parameter that is wrong, a literal. NULL: none, or several. */
	const char *field;
	/* NUL-terminated UTF-8; cut if longer. Safe to show to the client unless the code is a 5xx. */
	char text[400];
};

/* Fill e and return code, so that failing is one line. e may be NULL: the caller does not want the story. */
enum err_code err_set(struct err *e, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* ERR_INVALID of that field. The text says what is wrong with it and need not repeat its name. */
enum err_code err_field(struct err *e, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* As err_set, with ": " and strerror(errnum) behind. ENOSPC and EDQUOT become ERR_FULL. */
enum err_code err_errno(struct err *e, enum err_code code, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Put "context: " in front of the text. Returns the code of e, so that it can be returned; ERR_INTERNAL when
 * e is NULL, for then nobody knows the code: who may be given a NULL keeps the code that the failed call
 * returned. */
enum err_code err_in(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

const char *err_slug(enum err_code code);
int err_http(enum err_code code);
int err_exit(enum err_code code);
bool err_may_retry(enum err_code code);

#define TRY(call)                                                                                            \
	do {                                                                                                 \
		enum err_code try_code_ = (call);                                                            \
		if (try_code_ != ERR_OK)                                                                     \
			return try_code_;                                                                    \
	} while (0)

#define MUST_CHECK __attribute__((warn_unused_result))

#endif
