#ifndef SERVICE_CONFIG_H
#define SERVICE_CONFIG_H
/*
 * config: the settings as the services need them: an immutable snapshot, made by the daemon from sluice.conf,
 * shared by reference count, swapped whole at SIGHUP. A request takes one snapshot at its start and gives it
 * back at its end.
 */
#include "base/ip.h"
#include "service/access.h"
#include "service/dispatch_config.h"
#include "service/gate_config.h"
#include "service/oauth_config.h"
#include "text/mask.h"

struct forge_known;

struct forge_config {
	struct str name, url; /* url without a final slash; may be empty */
	bool has_kind, pull;  /* has_kind: it was said */
	enum commits_kind kind;
	char *token_file; /* NULL: none. Read at each use */
	int64_t reconcile_ms;
	struct forge_known *
		known; /* what it can do, for all who ask it (forge/forge_api.h); NULL: it is asked by each */
};

#define LOGIN_WINDOW_MS (INT64_C(15) * 60 * 1000)

enum janitor_mode { JANITOR_OFF, JANITOR_DRY_RUN, JANITOR_HEAL };

struct config {
	/* [limits] */
	int64_t reads_per_minute, writes_per_minute;
	int64_t logins_per_window; /* requests for a token, of an address in LOGIN_WINDOW_MS */
	int64_t ingest_requests;   /* of runners, at once */
	int64_t body_bytes;        /* of all request bodies at once */
	int64_t post_bytes, tail_lines, tail_bytes;
	int64_t chunk_bytes; /* of one piece of a stream, decoded */
	int64_t step_bytes;  /* of text a log */
	int64_t streams;     /* open at once */
	int64_t lost_after_ms;
	int64_t scan_bytes, scan_ms;   /* of one page of lines */
	int64_t tails;                 /* followed at once */
	int64_t report_bytes, reports; /* of one report; of a step */
	int64_t blob_bytes;            /* of one file of the suite */
	int64_t sign_ins;              /* through a provider, that wait */
	/* [suite] */
	int64_t suite_queue;    /* runs that wait */
	int64_t suite_lease_ms; /* of a worker */
	int64_t suite_names;    /* of tests */
	/* [server] */
	struct str downloads;   /* folder, NUL-terminated */
	struct ip_net *proxies; /* of ours: believed about who spoke to them */
	size_t n_proxies;
	/* [explain] */
	int64_t explain_bytes; /* of a log that is looked at */
	int64_t errors;        /* kept of a step */
	char **rule_folders;
	size_t n_rule_folders;
	struct str public_url; /* without a final slash; may be empty */
	/* [session] */
	int64_t session_idle_ms, session_longest_ms;
	int64_t sessions_each; /* of a user */
	/* [internal] */
	struct internal_tokens internal;
	/* [mask] */
	struct mask *mask;
	/* [forge "NAME"]; at least one; the first is the default */
	struct forge_config *forges;
	size_t n_forges;
	/* [oauth "NAME"], in the order of the file */
	struct oauth_config *oauths;
	size_t n_oauths;
	struct fleet_config fleet; /* [fleet] */
	/* [gate "NAME"], in the order of the file */
	struct gate_config *gates;
	size_t n_gates;
	struct hook_config hooks[HOOK_N_KINDS]; /* [hook "forgejo"] .. */
	/* [dispatch "owner/name"], in the order of the file */
	struct dispatch_config *dispatches;
	size_t n_dispatches;
	/* [janitor] */
	enum janitor_mode janitor_mode;
	int64_t janitor_interval_ms;
	int64_t log_days;               /* 0: for ever */
	int64_t log_bytes, green_bytes; /* 0: no limit */
	int64_t green_logs;             /* of a step; 0: no limit */
	int64_t error_days;             /* 0: for ever */
	int64_t output_days;            /* 0: for ever */
	int64_t audit_days;             /* 0: for ever */
	scope_set chores_off;           /* bit a chore of janitor.tbl */

	struct arena arena; /* holds the strings */
	int n_refs;         /* config.c's */
};

struct config_box;                                       /* the current snapshot */
struct config_box *config_box_new(struct config *first); /* takes */
void config_box_free(struct config_box *b);
const struct config *config_get(struct config_box *b);
void config_put(struct config_box *b, const struct config *c);
void config_swap(
	struct config_box *b, struct config *next); /* takes; the old one goes with its last reader */

/* The forge that is meant by a name, without regard to case; empty: the default one. ERR_INVALID of the field
 * forge: none is configured under that name. */
MUST_CHECK enum err_code config_forge(
	const struct config *c, struct str name, struct str *ret, struct err *e);

/* Without regard to case. NULL: none is configured under that name. */
const struct oauth_config *config_oauth(const struct config *c, struct str name);

/* Of owner/name, without regard to case. NULL: it has none. */
const struct dispatch_config *config_dispatch(const struct config *c, struct str repo);
/* By its name, without regard to case; NULL: none. */
const struct forge_config *config_forge_of(const struct config *c, struct str name);

struct config *config_new(void);
void config_free(struct config *c);

#endif
