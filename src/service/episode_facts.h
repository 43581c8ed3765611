#ifndef SERVICE_EPISODE_FACTS_H
#define SERVICE_EPISODE_FACTS_H
/*
 * episode_facts: what is told of an episode: from its meta.json, and as a line of index.jsonl.
 *
 * meta.json is anybody's: of what it says only the commit (code_version.commit), schema_version and the fields that [fleet] meta names are taken, each within bounds.
 */
#include "service/gate_config.h"
#include "store/fleet_nouns.h"

#define SCHEMA_VERSION_MAX 100 /* bytes */

/* What meta says where x does not know it yet: code_commit (lower case), schema_version; and x->meta. has_meta false: there is none. */
void episode_facts(
	const struct fleet_config *fleet, bool has_meta, struct str meta, struct arena *a, struct episode *x);
/* Its line, without a line end, appended: one JSON object of at most EPISODE_INDEX_LINE_MAX bytes. */
void episode_facts_line(const struct episode *x, struct buf *out);
/* The other way round, for an index that was written before: false: it is no such line. The least that it has to tell is host, id and sha256. */
bool episode_facts_read(struct str line, struct arena *a, struct episode *ret);
/* In lower case. */
struct str episode_commit(struct arena *a, struct str commit);

#endif
