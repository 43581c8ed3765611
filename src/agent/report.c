/* report: see the header. Values that earlier steps of the job have named are secrets from the start. */
#include "agent/report.h"

#include "agent/body.h"
#include "agent/deliver.h"
#include "agent/job_masks.h"
#include "agent/step_name.h"

#include <string.h>

/* What is too long for a mask is masked in parts that touch; the last one lies over the one before it. */
static enum err_code mask_long(struct mask *mask, struct str value, struct err *e)
{
	for (; value.len > MASK_VALUE_MAX; value = str_from(value, MASK_VALUE_MAX / 2))
		TRY(mask_add(mask, (struct str){ value.p, MASK_VALUE_MAX }, e));
	return mask_add(mask, value, e);
}

static void mask_named(struct report *r, struct mask *mask, struct str name)
{
	char *z = arena_cstr(&r->arena, name);
	struct str value = str_trim(env_get(r->env, z));
	struct err e;

	if (value.len > 0 && mask_long(mask, value, &e) != ERR_OK)
		command_say(r->command, "--mask-env %s: %s; it is not masked", z, e.text);
}

/* --mask-env NAME and $SLUICE_MASK_ENV="NAME NAME ...": the values of these, however short. */
static struct mask *secrets(struct report *r)
{
	struct mask *mask = mask_new();
	struct str names = env_get(r->env, "SLUICE_MASK_ENV");

	mask_add_environ(mask, r->env);
	job_masks_read(r->env, mask);
	if (r->peer.token.len > 0)
		(void)!mask_add(mask, buf_view(&r->peer.token), NULL);
	for (size_t i = 0; i < r->flags->mask_env.n; i++)
		mask_named(r, mask, str_z(r->flags->mask_env.values[i]));
	while (names.len > 0) {
		size_t end = 0;

		while (end < names.len && !strchr(" \t\r\n,", names.p[end]))
			end++;
		if (end > 0)
			mask_named(r, mask, (struct str){ names.p, end });
		names = str_from(names, end + 1);
	}
	return mask;
}

void report_init(
	struct report *r, const char *command, const struct flags *flags, char *const *env, char *const *argv)
{
	size_t name_max;

	*r = (struct report){ .command = command, .env = env, .flags = flags };
	arena_init(&r->arena);
	r->no_peer.code = peer_init(&r->peer, flags->url, flags->token_file, &r->no_peer);
	spool_init(&r->spool, env, clock_wall_ms(&clock_system), &r->arena);
	r->mask = secrets(r);
	name_max = step_name_find(env, flags, argv, &r->arena, &r->facts);
	env_facts(env, flags, &r->arena, &r->facts);
	body_settle(&r->facts, name_max, r->mask, &r->arena);
}

void report_done(struct report *r)
{
	mask_free(r->mask);
	peer_done(&r->peer);
	arena_done(&r->arena);
}

enum err_code report_check(const struct report *r, struct err *e)
{
	AUTO_BUF missing;

	buf_init(&missing, 1000);
	if (r->no_peer.code != ERR_OK) {
		*e = r->no_peer;
		return e->code;
	}
	if (r->peer.token.len == 0)
		buf_z(&missing, "a token (SLUICE_TOKEN, --token-file)");
	facts_missing(&r->facts, &missing);
	if (missing.len > 0)
		return err_set(e, ERR_INVALID, "not known: %s", buf_cstr(&missing));
	return ERR_OK;
}

enum err_code report_send(struct report *r, struct capture *c)
{
	struct captured text;
	struct err e;
	AUTO_BUF body;

	buf_init(&body, BODY_MAX + 1024);
	if (report_check(r, &e) != ERR_OK) {
		command_say(r->command, "the log was not sent: %s", e.text);
		return e.code;
	}
	capture_end(c, &text);
	body_write(&r->facts, &text, &body);
	captured_done(&text);
	return deliver(&(struct deliver){ r->command, &r->peer, &r->spool, &clock_system, r->facts.repo },
		buf_view(&body));
}
