/*
 * worker: see the header.
 *
 *	something is to be done -> it is done -> the next
 *	nothing is: so we wait, longer each time up to wait_s, and not in step with others
 */
#include "agent/worker.h"

#include "agent/work_command.h"
#include "base/command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_BYTES 100

enum err_code worker_check_range(const char *name, int64_t value, int64_t least, int64_t most, struct err *e)
{
	return value >= least && value <= most ? ERR_OK
					       : err_set(e, ERR_INVALID, "--%s is a number from %lld to %lld",
							 name, (long long)least, (long long)most);
}

enum err_code worker_find_peer(const char *url, const char *token_file, struct peer *ret, struct err *e)
{
	TRY(peer_init(ret, url, token_file, e));
	return ret->token.len > 0 ? ERR_OK
				  : err_set(e, ERR_UNAUTHORIZED,
					    "no token is known; set SLUICE_TOKEN or give --token-file FILE");
}

const char *worker_name(struct arena *a)
{
	char host[HOST_NAME_MAX + 1] = "";
	struct str name;

	if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
		snprintf(host, sizeof host, "worker");
	host[NAME_MAX_BYTES / 2] = '\0';
	name = arena_fmt(a, "%s-%ld", host, (long)getpid());
	for (char *p = arena_cstr(a, name);; p++) {
		if (*p == '\0')
			return p - name.len;
		if (!work_is_harmless((struct str){ p, 1 }) || strchr("+@/", *p))
			*p = '-';
	}
}

const char *worker_folder(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp && tmp[0] == '/' && work_is_harmless(str_z(tmp)) ? tmp : "/tmp";
}

/* Nothing else would go better. */
static bool is_of_worker(enum err_code code)
{
	return code == ERR_UNAUTHORIZED || code == ERR_FORBIDDEN || code == ERR_CLOSED;
}

enum err_code worker_go(const struct worker *w, struct err *e)
{
	int n_idle = 0;

	while (!work_stop_is_ending(w->stop)) {
		bool found = false;
		enum err_code code = w->next(w->arg, &found, e);

		if (code != ERR_OK && found && !is_of_worker(code))
			command_say(w->command, "%s", e->text);
		if (work_stop_is_ending(w->stop))
			break;
		if (code != ERR_OK && (!found || is_of_worker(code)))
			return code;
		if (!found && w->once)
			break;
		n_idle = code == ERR_OK && found ? 0 : n_idle + 1;
		if (n_idle > 0)
			work_stop_wait(w->stop, ask_wait_ms(n_idle - 1, w->wait_s * 1000));
	}
	return ERR_OK;
}
