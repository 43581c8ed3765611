#ifndef HTTP_OP_H
#define HTTP_OP_H
/*
 * op: an operation of api/openapi.yaml as tools/gen_api.py writes it into api_table.c at build time. The
 * document is the route table.
 */
#include "http/call.h"
#include <regex.h>

enum op_rate { OP_RATE_NONE, OP_RATE_PUBLIC, OP_RATE_READ, OP_RATE_WRITE, OP_RATE_LOGIN, OP_RATE_INGEST };
enum op_limit {
	OP_LIMIT_FIXED,
	OP_LIMIT_POST,
	OP_LIMIT_CHUNK,
	OP_LIMIT_REPORT,
	OP_LIMIT_BLOB,
	OP_LIMIT_EPISODE
};
enum op_auth {
	OP_AUTH_NONE,
	OP_AUTH_TOKEN,
	OP_AUTH_LOGIN,
	OP_AUTH_INTERNAL,
	OP_AUTH_METRICS,
	OP_AUTH_SESSION,
	OP_AUTH_FLEET,
	OP_AUTH_SIGNATURE
};

enum {
	FIELD_STRING = 1,
	FIELD_INTEGER = 2,
	FIELD_BOOLEAN = 4,
	FIELD_ARRAY = 8,
	FIELD_NULL = 16,
	FIELD_OBJECT = 32
};

struct pattern { /* POSIX ERE that is also ECMA 262: anchored */
	const char *text;
	regex_t re; /* compiled once, before the first request: patterns_compile() */
};

struct field { /* a parameter or a member of a body */
	const char *name;
	unsigned types;                    /* FIELD_ bits: one, or several for oneOf and nullable */
	bool required, in_path, in_header; /* in neither: in the query, or of a body */
	int64_t min, max;                  /* of an integer; INT64_MIN, INT64_MAX when not said */
	int64_t min_len, max_len; /* characters of a string, items of an array; max_len -1 when not said */
	const struct pattern *pattern; /* or NULL */
	const char *says;              /* what is told to who does not match the pattern */
	const char *const *values;     /* enum, NULL-terminated; or NULL */
	const char *def;               /* default, as text; or NULL. Filled in for parameters only */
	const struct field *items;     /* of an array */
	const struct field *members;   /* of an object: these and no others */
	size_t n_members;
	bool unique;
	bool date_time; /* RFC 3339 */
	bool one_line;  /* the pattern of one line without control characters, checked by hand */
};

struct op {
	const char *id, *method, *path; /* path with {names} */
	enum err_code (*handler)(struct call *c, struct
		err *e); /* x-body-stream: runs with the headers, and sets c->sink, which takes the body; the handler runs at its end. With a reply already it need not come. Else NULL. */
	enum err_code (*begin)(struct call *c, struct err *e);
	enum op_auth auth;
	enum op_rate rate;
	scope_set scope;
	unsigned roles; /* ROLE_BITs, 0: any */
	const struct field *params;
	size_t n_params;
	const struct field *fields; /* of the body; at most 64 */
	size_t n_fields;
	bool has_body, body_required;
	bool page;         /* x-page: for browsers; errors are pages */
	bool repair_text;  /* x-repair-text: the body carries program output, see JSON_REPAIR_TEXT */
	bool raw_body;     /* bytes as they come, not JSON; Content-Encoding: zstd is taken */
	bool any_media;    /* with raw_body: whatever Content-Type says, and not compressed beside */
	bool any_query;    /* x-any-query: parameters that are not here are passed over */
	bool form_body;    /* application/x-www-form-urlencoded, not JSON */
	size_t body_limit; /* bytes; 0: no body taken */
	enum op_limit body_limit_of; /* a setting that has the limit in place of body_limit */
	const char
		*repo_field; /* x-repo-field: body member that names a repo that must be watched; or NULL */
	const char *
		host_field; /* x-host-field: the parameter that names a host, which must be the one that who asks is bound to; or NULL */
};

struct op_table {
	const struct op *ops;
	size_t n;
	struct pattern *patterns;
};

/* Made from the document. More literal paths come before those with {names}. */
extern const struct op api_ops[];
extern const size_t api_n_ops;
extern struct pattern api_patterns[]; /* ends with a row whose text is NULL */
extern const struct str api_openapi_yaml, api_openapi_json, api_docs_html;
extern const char api_docs_csp[]; /* Content-Security-Policy of the page */

#endif
