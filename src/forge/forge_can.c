/* forge_can: a little automaton over bytes; see the header. */
#include "forge/forge_can.h"

#include <stddef.h>

#define BEGINNING "\"/repos/{owner}/{repo}/actions/"

static const struct {
	const char *path;
	size_t at;
} known[] = {
	{ "runs", offsetof(struct forge_can, runs) },
	{ "tasks", offsetof(struct forge_can, tasks) },
	{ "runs/{}/jobs", offsetof(struct forge_can, jobs) },
	{ "jobs/{}/logs", offsetof(struct forge_can, logs) },
	{ "runs/{}/rerun", offsetof(struct forge_can, rerun) },
	{ "runs/{}/rerun-failed-jobs", offsetof(struct forge_can, rerun_failed) },
};

static void settle(struct forge_can_scan *s)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq((struct str){ s->path, s->len }, str_z(known[i].path)))
			*(bool *)((char *)&s->found + known[i].at) = true;
	s->in_path = s->in_braces = false;
	s->matched = 0;
}

static void put(struct forge_can_scan *s, char c)
{
	if (s->len < sizeof s->path)
		s->path[s->len++] = c;
}

static void in_path(struct forge_can_scan *s, char c)
{
	if (c == '"') {
		settle(s);
		return;
	}
	if (c == '}')
		s->in_braces = false;
	if (!s->in_braces)
		put(s, c);
	if (c == '{')
		s->in_braces = true;
}

/* The quote stands at the front of the beginning and nowhere else in it, so what does not go on may only begin anew. */
static void before_path(struct forge_can_scan *s, char c)
{
	if (c == BEGINNING[s->matched])
		s->matched++;
	else
		s->matched = c == BEGINNING[0];
	if (s->matched == sizeof BEGINNING - 1) {
		s->in_path = true;
		s->len = 0;
	}
}

void forge_can_feed(struct forge_can_scan *s, struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (s->in_path)
			in_path(s, bytes.p[i]);
		else
			before_path(s, bytes.p[i]);
	}
}
