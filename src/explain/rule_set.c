/*
 * rule_set: the life of a set, and its database.
 *
 * The database is cached in a file named by the digest of all that it is made of: every pattern, the version
 * of the library, the processor. So nothing in it can be out of date, and two programs may share a folder. The newest KEPT
 * stay: rules that are written come in many versions.
 */
#include "explain/rule.h"

#include "base/file.h"
#include "base/yaml.h"
#include "explain/matcher.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATABASE_MAX (256 * 1024 * 1024)
#define KEPT 8

struct rules *rules_new(void)
{
	struct rules *r = mem_alloc(sizeof *r);

	arena_init(&r->arena);
	r->matchers = matchers_new();
	return r;
}

static void regex_done(struct rule_regex *x)
{
	regex_free(x->compiled);
	x->compiled = NULL;
}

static void extent_done(struct extent *x)
{
	regex_done(&x->goes_on);
	regex_done(&x->until);
	regex_done(&x->through);
	regex_done(&x->before);
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	matchers_free(r->matchers);
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->v[i].n_not; k++)
			regex_done(&r->v[i].not [k]);
		for (size_t k = 0; k < r->v[i].n_within; k++)
			regex_done(&r->v[i].within[k]);
		extent_done(r->v[i].extent);
	}
	for (size_t i = 0; i < r->n_extents; i++)
		extent_done(r->extents[i]);
	for (size_t i = 0; i < r->n_patterns; i++)
		regex_done(&r->patterns[i]);
	for (size_t i = 0; i < r->n_docs; i++)
		yaml_doc_free(r->docs[i]);
	pattern_set_free(r->database);
	free(r->docs);
	free(r->v);
	free(r->patterns);
	free(r->rule_of);
	free(r->extents);
	arena_done(&r->arena);
	free(r);
}

const struct rule *rules_find(const struct rules *r, struct str id)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->v[i].id, id))
			return &r->v[i];
	return NULL;
}

enum err_code rule_regex_check(struct rule_regex *x, struct err *e)
{
	static const char *const names[] = {
#define RULE_CAPTURE_SLUG(name, slug) slug,
		RULE_CAPTURES(RULE_CAPTURE_SLUG)
#undef RULE_CAPTURE_SLUG
	};

	if (x->compiled || x->text.len == 0)
		return ERR_OK;
	TRY(regex_new(x->text, REGEX_PERL, &x->compiled, e));
	for (size_t i = 0; i < RULE_N_CAPTURES; i++)
		x->group[i] = (uint8_t)regex_group(x->compiled, names[i]);
	return ERR_OK;
}

bool rule_regex_match(struct rule_regex *x, struct str line, struct str ret_captures[RULE_N_CAPTURES])
{
	struct str groups[REGEX_GROUPS_MAX];

	if (x->text.len == 0 || x->refused)
		return false;
	if (rule_regex_check(x, NULL) != ERR_OK) {
		x->refused = true;
		return false;
	}
	if (!regex_match(x->compiled, line, groups, ret_captures ? REGEX_GROUPS_MAX : 0))
		return false;
	for (size_t i = 0; ret_captures && i < RULE_N_CAPTURES; i++)
		ret_captures[i] = x->group[i] > 0 ? groups[x->group[i]] : STR("");
	return true;
}

/* ---- the database ---- */

static struct sha256_hex hex_of(const struct sha256 *digest)
{
	struct sha256_hex ret;
	AUTO_BUF hex;

	buf_init(&hex, SIZE_MAX);
	hex_encode(digest->b, sizeof digest->b, &hex);
	memcpy(ret.z, buf_cstr(&hex), sizeof ret.z);
	return ret;
}

static void take_digests(struct rules *r)
{
	AUTO_BUF all;

	buf_init(&all, SIZE_MAX);
	pattern_set_stamp(&all);
	for (size_t i = 0; i < r->n_patterns; i++) {
		buf_char(&all, '\0');
		buf_str(&all, r->patterns[i].text);
	}
	struct sha256 digest = sha256_of(buf_view(&all));
	r->digest = hex_of(&digest);
	r->version = hex_of(&r->said);
}

static enum err_code make(struct rules *r, struct err *e)
{
	struct pattern *v = mem_alloc(r->n_patterns * sizeof *v);
	size_t bad = SIZE_MAX;
	enum err_code code;

	for (size_t i = 0; i < r->n_patterns; i++)
		v[i] = (struct pattern){ arena_cstr(&r->arena, r->patterns[i].text), (unsigned)i };
	code = pattern_set_new(v, r->n_patterns, &r->database, &bad, e);
	free(v);
	if (code != ERR_OK && bad < r->n_patterns)
		err_in(e, "rule %.*s", STR_FMT(r->v[r->rule_of[bad]].id));
	return code;
}

static bool is_database(const char *name)
{
	size_t len = strlen(name), around = sizeof "rules-.db" - 1;

	return len == around + sizeof((struct sha256_hex *)NULL)->z - 1 && strncmp(name, "rules-", 6) == 0 &&
	       strcmp(name + len - 3, ".db") == 0;
}

/* How many there are, and which was written first. */
static size_t count_databases(DIR *dir, char ret_oldest[NAME_MAX + 1])
{
	struct timespec first = { 0 };
	struct dirent *entry;
	struct stat st;
	size_t n = 0;

	rewinddir(dir);
	while ((entry = readdir(dir))) {
		if (!is_database(entry->d_name) ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (n++ > 0 &&
			(st.st_mtim.tv_sec > first.tv_sec ||
				(st.st_mtim.tv_sec == first.tv_sec && st.st_mtim.tv_nsec >= first.tv_nsec)))
			continue;
		first = st.st_mtim;
		memcpy(ret_oldest, entry->d_name, strlen(entry->d_name) + 1);
	}
	return n;
}

static void drop_old(const char *cache)
{
	char oldest[NAME_MAX + 1];
	DIR *dir = opendir(cache);

	while (dir && count_databases(dir, oldest) > KEPT && unlinkat(dirfd(dir), oldest, 0) == 0)
		;
	if (dir)
		closedir(dir);
}

/* A folder that cannot be written costs time, nothing else. */
static void save(const struct rules *r, const char *cache, const char *path)
{
	AUTO_BUF bytes;

	buf_init(&bytes, DATABASE_MAX);
	if (dir_make(cache, 0700, NULL) == ERR_OK && pattern_set_save(r->database, &bytes, NULL) == ERR_OK &&
		file_write_atomic(path, buf_view(&bytes), 0600, NULL) == ERR_OK)
		drop_old(cache);
}

/* Rules name each other before all are read. */
static enum err_code find_alone_rules(struct rules *r, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		struct rule *x = &r->v[i];

		if (x->alone_id.len == 0)
			continue;
		x->alone_rule = rules_find(r, x->alone_id);
		if (!x->alone_rule || x->alone_rule->ignore)
			return err_set(e, ERR_INVALID,
				"rule %.*s: alone_rule: there is no rule %.*s that finds something",
				STR_FMT(x->id), STR_FMT(x->alone_id));
	}
	return ERR_OK;
}

enum err_code rules_compile(struct rules *r, const char *cache, struct err *e)
{
	AUTO_BUF path, bytes;

	buf_init(&path, SIZE_MAX);
	buf_init(&bytes, SIZE_MAX);
	take_digests(r);
	TRY(find_alone_rules(r, e));
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].stated)
			r->stated = &r->v[i];
	if (r->n_patterns == 0)
		return err_set(e, ERR_INVALID, "rules: there are none");
	if (!cache)
		return make(r, e);
	buf_fmt(&path, "%s/rules-%s.db", cache, r->digest.z);
	if (file_read(buf_cstr(&path), DATABASE_MAX, &bytes, NULL) == ERR_OK &&
		pattern_set_load(buf_view(&bytes), &r->database, NULL) == ERR_OK)
		return ERR_OK;
	TRY(make(r, e));
	save(r, cache, buf_cstr(&path));
	return ERR_OK;
}
