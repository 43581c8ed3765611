/* sending: see the header. Values that earlier steps of the job have named are secrets from the start. */
#include "agent/sending.h"

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

static void mask_named(struct sending *to, struct mask *mask, struct str name)
{
	char *z = arena_cstr(&to->arena, name);
	struct str value = str_trim(env_get(to->env, z));
	struct err e;

	if (value.len > 0 && mask_long(mask, value, &e) != ERR_OK)
		command_say(to->command, "--mask-env %s: %s; it is not masked", z, e.text);
}

/* --mask-env NAME and $SLUICE_MASK_ENV="NAME NAME ...": the values of these, however short. */
static struct mask *secrets(struct sending *to)
{
	struct mask *mask = mask_new();
	struct str names = env_get(to->env, "SLUICE_MASK_ENV");

	mask_add_environ(mask, to->env);
	job_masks_read(to->env, mask);
	if (to->peer.token.len > 0)
		(void)!mask_add(mask, buf_view(&to->peer.token), NULL);
	for (size_t i = 0; i < to->flags->mask_env.n; i++)
		mask_named(to, mask, str_z(to->flags->mask_env.values[i]));
	while (names.len > 0) {
		size_t end = 0;

		while (end < names.len && !strchr(" \t\r\n,", names.p[end]))
			end++;
		if (end > 0)
			mask_named(to, mask, (struct str){ names.p, end });
		names = str_from(names, end + 1);
	}
	return mask;
}

void sending_init(struct sending *to, const char *command, const struct flags *flags, char *const *env,
	char *const *argv)
{
	size_t name_max;

	*to = (struct sending){ .command = command, .env = env, .flags = flags };
	arena_init(&to->arena);
	to->no_peer.code = peer_init(&to->peer, flags->url, flags->token_file, &to->no_peer);
	spool_init(&to->spool, env, clock_wall_ms(&clock_system), &to->arena);
	to->mask = secrets(to);
	name_max = step_name_find(env, flags, argv, &to->arena, &to->facts);
	env_facts(env, flags, &to->arena, &to->facts);
	body_settle(&to->facts, name_max, to->mask, &to->arena);
}

void sending_init_as(struct sending *to, const char *command, const struct flags *flags, char *const *env,
	const struct peer *peer, const struct step_facts *facts)
{
	*to = (struct sending){ .command = command, .env = env, .flags = flags, .facts = *facts };
	arena_init(&to->arena);
	peer_copy(&to->peer, peer);
	spool_init(&to->spool, env, clock_wall_ms(&clock_system), &to->arena);
	to->mask = secrets(to);
}

void sending_done(struct sending *to)
{
	mask_free(to->mask);
	peer_done(&to->peer);
	arena_done(&to->arena);
}

enum err_code sending_check(const struct sending *to, struct err *e)
{
	AUTO_BUF missing;

	buf_init(&missing, 1000);
	if (to->no_peer.code != ERR_OK) {
		*e = to->no_peer;
		return e->code;
	}
	if (to->peer.token.len == 0)
		buf_z(&missing, "a token (SLUICE_TOKEN, --token-file)");
	facts_missing(&to->facts, &missing);
	if (missing.len > 0)
		return err_set(e, ERR_INVALID, "not known: %s", buf_cstr(&missing));
	return ERR_OK;
}

enum err_code sending_tail(struct sending *to, struct capture *c)
{
	struct captured text;
	struct err e;
	AUTO_BUF body;

	buf_init(&body, BODY_MAX + 1024);
	if (sending_check(to, &e) != ERR_OK) {
		command_say(to->command, "the log was not sent: %s", e.text);
		return e.code;
	}
	capture_end(c, &text);
	body_write(&to->facts, &text, &body);
	captured_done(&text);
	return deliver(&(struct deliver){ to->command, &to->peer, &to->spool, &clock_system, to->facts.repo },
		buf_view(&body));
}
