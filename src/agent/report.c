/* report: see the header. Everything that costs something (event file, spool, network) happens after the
 * command, and only if it failed. */
#include "agent/report.h"

#include "agent/body.h"
#include "agent/deliver.h"
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
	*r = (struct report){ .command = command, .env = env, .flags = flags };
	arena_init(&r->arena);
	r->no_peer.code = peer_init(&r->peer, flags->url, flags->token_file, &r->no_peer);
	r->name_max = step_name_find(env, flags, argv, &r->arena, &r->facts);
	capture_init(&r->capture, secrets(r));
}

void report_done(struct report *r)
{
	capture_done(&r->capture);
	peer_done(&r->peer);
	arena_done(&r->arena);
}

static enum err_code check(const struct report *r, struct err *e)
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

static enum err_code send_captured(struct report *r)
{
	struct captured text;
	struct spool spool;
	AUTO_BUF body;

	buf_init(&body, BODY_MAX + 1024);
	capture_end(&r->capture, &text);
	body_settle(&r->facts, r->name_max, r->capture.mask, &r->arena);
	body_write(&r->facts, &text, &body);
	captured_done(&text);
	spool_init(&spool, r->env, clock_wall_ms(&clock_system), &r->arena);
	return deliver(&(struct deliver){ r->command, &r->peer, &spool, &clock_system, r->facts.repo },
		buf_view(&body));
}

enum err_code report_send(struct report *r)
{
	struct err e;

	env_facts(r->env, r->flags, &r->arena, &r->facts);
	if (check(r, &e) != ERR_OK) {
		command_say(r->command, "the log was not sent: %s", e.text);
		return e.code;
	}
	return send_captured(r);
}

void report_flush(struct report *r)
{
	struct spool spool;

	if (r->no_peer.code != ERR_OK || r->peer.token.len == 0)
		return;
	spool_init(&spool, r->env, clock_wall_ms(&clock_system), &r->arena);
	if (!spool_is_empty(&spool))
		deliver_old(&(struct deliver){
			r->command, &r->peer, &spool, &clock_system, env_repo(r->env, r->flags) });
}
