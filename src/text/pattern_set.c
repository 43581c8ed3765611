/*
 * pattern_set: one Hyperscan database, and scratch memory a scan.
 *
 * Scratch is for one thread at a time. A scan clones it (about 20 us), because a log is scanned as a whole:
 * a pool as in search.c would save nothing.
 *
 * A database is saved with a digest in front, because the library trusts what it is given: damaged bytes
 * would be run.
 */
#include "text/pattern_set.h"

#include "base/arena.h"
#include "base/digest.h"

#include <assert.h>
#include <hs/hs.h>
#include <stdlib.h>

struct pattern_set {
	hs_database_t *db;
	hs_scratch_t *scratch; /* never used, only cloned */
};

static enum err_code with_scratch(hs_database_t *db, struct pattern_set **ret, struct err *e)
{
	struct pattern_set *p;
	hs_scratch_t *scratch = NULL;

	if (hs_alloc_scratch(db, &scratch) != HS_SUCCESS) {
		hs_free_database(db);
		return err_set(e, ERR_INTERNAL, "patterns: no scratch memory");
	}
	p = mem_alloc(sizeof *p);
	*p = (struct pattern_set){ db, scratch };
	*ret = p;
	return ERR_OK;
}

enum err_code pattern_set_new(
	const struct pattern *v, size_t n, struct pattern_set **ret, size_t *ret_bad, struct err *e)
{
	const char **regex = mem_alloc(n * sizeof *regex);
	unsigned *ids = mem_alloc(n * sizeof *ids), *flags = mem_alloc(n * sizeof *flags);
	hs_compile_error_t *wrong = NULL;
	hs_database_t *db = NULL;

	for (size_t i = 0; i < n; i++) {
		regex[i] = v[i].regex;
		ids[i] = v[i].id;
		flags[i] = HS_FLAG_MULTILINE;
	}
	hs_error_t got = hs_compile_multi(regex, flags, ids, (unsigned)n, HS_MODE_BLOCK, NULL, &db, &wrong);
	free(regex);
	free(ids);
	free(flags);
	if (got == HS_SUCCESS)
		return with_scratch(db, ret, e);
	if (ret_bad)
		*ret_bad = wrong && wrong->expression >= 0 ? (size_t)wrong->expression : SIZE_MAX;
	err_set(e, ERR_INVALID, "%s", wrong ? wrong->message : "patterns: cannot be compiled");
	hs_free_compile_error(wrong);
	return ERR_INVALID;
}

void pattern_set_free(struct pattern_set *p)
{
	if (!p)
		return;
	hs_free_scratch(p->scratch);
	hs_free_database(p->db);
	free(p);
}

void pattern_set_stamp(struct buf *out)
{
	hs_platform_info_t platform = { 0 };

	hs_populate_platform(&platform);
	buf_fmt(out, "hs %s tune %u features %llx", hs_version(), platform.tune,
		(unsigned long long)platform.cpu_features);
}

enum err_code pattern_set_save(const struct pattern_set *p, struct buf *out, struct err *e)
{
	char *bytes = NULL;
	size_t len = 0;

	if (hs_serialize_database(p->db, &bytes, &len) != HS_SUCCESS)
		return err_set(e, ERR_INTERNAL, "patterns: cannot be saved");
	struct sha256 digest = sha256_of((struct str){ bytes, len });
	buf_add(out, digest.b, sizeof digest.b);
	buf_add(out, bytes, len);
	free(bytes);
	return buf_check(out, "saved patterns", e);
}

enum err_code pattern_set_load(struct str bytes, struct pattern_set **ret, struct err *e)
{
	struct str database = str_from(bytes, SHA256_LEN);
	hs_database_t *db = NULL;

	struct sha256 digest = sha256_of(database);
	if (bytes.len <= SHA256_LEN || memcmp(bytes.p, digest.b, SHA256_LEN) != 0)
		return err_set(e, ERR_INVALID, "patterns: the saved ones are damaged");
	if (hs_deserialize_database(database.p, database.len, &db) != HS_SUCCESS)
		return err_set(e, ERR_INVALID, "patterns: the saved ones are of another machine or version");
	return with_scratch(db, ret, e);
}

struct scan {
	pattern_set_fn *each;
	void *arg;
};

static int found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	const struct scan *s = arg;

	(void)from;
	(void)flags;
	return s->each(s->arg, id, (size_t)to) ? 0 : 1;
}

enum err_code pattern_set_scan(
	const struct pattern_set *p, struct str text, pattern_set_fn *each, void *arg, struct err *e)
{
	struct scan s = { each, arg };
	hs_scratch_t *scratch = NULL;

	assert(text.len <= INT32_MAX);
	if (hs_clone_scratch(p->scratch, &scratch) != HS_SUCCESS)
		return err_set(e, ERR_INTERNAL, "patterns: no scratch memory");
	hs_error_t got = hs_scan(p->db, text.p ? text.p : "", (unsigned)text.len, 0, scratch, found, &s);
	hs_free_scratch(scratch);
	if (got != HS_SUCCESS && got != HS_SCAN_TERMINATED)
		return err_set(e, ERR_INTERNAL, "patterns: Hyperscan failed with %d", got);
	return ERR_OK;
}
