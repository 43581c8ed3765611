#ifndef SERVICE_DISPATCH_CONFIG_H
#define SERVICE_DISPATCH_CONFIG_H
/* dispatch_config: a [dispatch "owner/name"] and a [hook "NAME"] of the settings. */
#include "forge/hook.h"

enum dispatch_action { /* a bit each */
	DISPATCH_CLAIM = 1,
	DISPATCH_WEBHOOK = 2,
	DISPATCH_COMMENT = 4,
	DISPATCH_ISSUE = 8,
	DISPATCH_STATUS = 16,
	DISPATCH_RERUN = 32
};

struct str_list {
	struct str *v;
	size_t n;
};

struct dispatch_config {
	struct str repo; /* owner/name, of any forge; compared without case */
	bool enabled, say_empty;
	unsigned actions;                    /* bits */
	struct str url;                      /* of the webhook */
	struct str secret;                   /* empty: not signed. A secret */
	char *template_file, *appendix_file; /* NULL: none */
	int64_t wait_ms, max_attempts, cooldown_ms, daily, no_fix_ms, lease_ms, expire_ms;
	struct str_list branches, ignored; /* patterns with *; empty: all, none */
};

struct hook_config {
	struct str secret; /* a secret; empty: none is set */
	struct str forge;  /* name of a [forge] */
};

#endif
