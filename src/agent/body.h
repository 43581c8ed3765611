#ifndef AGENT_BODY_H
#define AGENT_BODY_H
/*
 * body: the JSON of a post and of a stream's beginning and end, as POST /internal/ci-log, /internal/steps and
 * /internal/steps/N/finish want it (api/openapi.yaml).
 *
 * What the server would refuse is mended before: names lose control characters and what is over the limit; a
 * value that cannot be mended is left out. The whole has at most BODY_MAX bytes, the server's default limit:
 * JSON escapes can make a text six times as long, so the text is cut further, again at a line start, until it
 * fits. What that cuts counts as dropped.
 */
#include "agent/capture.h"
#include "base/arena.h"
#include "model/step.h"

#define BODY_MAX (64 * 1024)

/*
 * Names and the URL with their secrets masked and in the server's form; ids are only put into its form; repo
 * and commit, which facts_missing() has seen, are left as they are. name_max: bytes of the step's name.
 * Strings live in a.
 */
void body_settle(struct step_facts *facts, size_t name_max, const struct mask *m, struct arena *a);
/* A name that body_settle has made, with a number that tells it from the same one. */
struct str body_numbered_name(struct str name, int n, struct arena *a);
/* Appends to out, whose ceiling is at least BODY_MAX. */
void body_write(const struct step_facts *facts, const struct captured *text, struct buf *out);

/* The facts alone, without the outcome. */
void body_write_open(const struct step_facts *facts, struct buf *out);
/* The same, to find the step and not to open it. */
void body_write_find(const struct step_facts *facts, struct buf *out);
/* The outcome. bytes: of the stream; keep: is the text wanted although the step succeeded? */
void body_write_finish(
	const struct step_facts *facts, int64_t duration_ms, int64_t bytes, bool keep, struct buf *out);

#endif
