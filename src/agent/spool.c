/*
 * spool: see the header. There is no index and no lock: the folder is the queue, rename(2) the lock.
 *
 * The folder may be one that others can write to ($RUNNER_TEMP): files that are not ours, links and whatever
 * is no plain file are not touched.
 */
#include "agent/spool.h"

#include "agent/env.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_LINE STR("sluice spool 1\n")

#define STREAM_END ".stream" /* stream_file.h's, which looks after them */

struct spool_entry {
	const char *name;
	size_t size;
	int64_t changed; /* ms */
};

void spool_init(struct spool *s, char *const *env, int64_t now, struct arena *a)
{
	static const struct {
		const char *name, *below;
	} places[] = {
		{ "SLUICE_SPOOL", "" },
		{ "XDG_STATE_HOME", "/sluice/spool" },
		{ "HOME", "/.local/state/sluice/spool" },
		{ "RUNNER_TEMP", "/sluice-spool" },
	};

	*s = (struct spool){ .a = a, .now = now, .folder = STR("") };
	for (size_t i = 0; i < sizeof places / sizeof *places && s->folder.len == 0; i++) {
		struct str base = env_get(env, places[i].name);

		if (base.len > 0)
			s->folder = arena_fmt(a, "%.*s%s", STR_FMT(base), places[i].below);
	}
}

static const char *path_of(struct spool *s, const char *name)
{
	return arena_fmt(s->a, "%.*s/%s", STR_FMT(s->folder), name).p;
}

/* MILLISECONDS-RANDOM with something behind it. */
static bool is_ours(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return digits == 15 && name[digits] == '-' && strspn(name + digits + 1, "0123456789abcdef") == 8 &&
	       name[digits + 9] == '.';
}

static bool ends_in(const char *name, const char *end)
{
	return str_ends(str_z(name), str_z(end));
}

static bool is_waiting(const char *name)
{
	return ends_in(name, ".json");
}

static bool is_stream(const char *name)
{
	return ends_in(name, STREAM_END);
}

/* Claimed or half written by somebody who is gone, or who has had more time than any call takes. */
static bool is_abandoned(const struct spool *s, const struct spool_entry *en)
{
	struct str pid_text = str_from(str_z(en->name), 25); /* behind "MILLISECONDS-RANDOM." */
	int64_t pid;

	if (is_stream(en->name))
		return false;
	if (s->now - en->changed > SPOOL_CLAIM_MS)
		return true;
	if (!ends_in(en->name, ".claim"))
		return false;
	pid_text.len = str_find(pid_text, '.');
	return str_to_int(pid_text, &pid) && pid > 0 && pid <= INT32_MAX && kill((pid_t)pid, 0) != 0 &&
	       errno == ESRCH;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct spool_entry *)a)->name, ((const struct spool_entry *)b)->name);
}

static bool look_at(int dir, const char *name, struct spool_entry *ret)
{
	struct stat st;

	if (!is_ours(name) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return false;
	*ret = (struct spool_entry){ .name = name,
		.size = (size_t)st.st_size,
		.changed = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 };
	return true;
}

/* All files of ours, by name, that is by age. */
static size_t list(struct spool *s, struct spool_entry **ret)
{
	DIR *d = s->folder.len > 0 ? opendir(s->folder.p) : NULL;
	struct spool_entry en, *entries;
	struct dirent *file;
	size_t n = 0;

	if (!d)
		return 0;
	entries = arena_array(s->a, SPOOL_LIST_MAX, sizeof *entries);
	while (n < SPOOL_LIST_MAX && (file = readdir(d))) {
		if (!look_at(dirfd(d), file->d_name, &en))
			continue;
		en.name = arena_cstr(s->a, str_z(en.name));
		entries[n++] = en;
	}
	closedir(d);
	qsort(entries, n, sizeof *entries, by_name);
	*ret = entries;
	return n;
}

static int make_room(struct spool *s, size_t more)
{
	struct spool_entry *entries = NULL;
	size_t n = list(s, &entries), n_left = 0, bytes = more;
	int n_lost = 0;

	for (size_t i = 0; i < n; i++) {
		n_left += is_stream(entries[i].name) ? 0 : 1;
		bytes += is_stream(entries[i].name) ? 0 : entries[i].size;
	}
	for (size_t i = 0; i < n && (n_left >= SPOOL_FILES || bytes > SPOOL_BYTES); i++) {
		if (!is_waiting(entries[i].name) && !is_abandoned(s, &entries[i]))
			continue;
		if (unlink(path_of(s, entries[i].name)) == 0)
			n_lost++;
		n_left--;
		bytes -= entries[i].size;
	}
	return n_lost;
}

struct str spool_new_path(struct spool *s)
{
	uint8_t random[4];
	AUTO_BUF hex;

	buf_init(&hex, 100);
	random_bytes(random, sizeof random);
	hex_encode(random, sizeof random, &hex);
	return str_z(path_of(s, arena_fmt(s->a, "%015" PRId64 "-%s", s->now, buf_cstr(&hex)).p));
}

size_t spool_names(struct spool *s, const char *end, const char ***ret_names)
{
	struct spool_entry *entries = NULL;
	size_t n = list(s, &entries), n_names = 0;
	const char **names = arena_array(s->a, n, sizeof *names);

	for (size_t i = 0; i < n; i++)
		if (ends_in(entries[i].name, end))
			names[n_names++] = entries[i].name;
	*ret_names = names;
	return n_names;
}

enum err_code spool_add(struct spool *s, struct str url, struct str body, struct spool_post *ret,
	int *ret_n_lost, struct err *e)
{
	const char *path;
	AUTO_BUF text = { 0 };

	if (s->folder.len == 0)
		return err_set(e, ERR_STORAGE, "there is no folder for a spool; set SLUICE_SPOOL");
	buf_init(&text, SPOOL_POST_MAX);
	buf_str(&text, FIRST_LINE);
	buf_str(&text, url);
	buf_char(&text, '\n');
	buf_str(&text, body);
	TRY(buf_check(&text, "post", e));
	TRY(dir_make(s->folder.p, 0700, e));
	*ret_n_lost = make_room(s, text.len);

	path = arena_fmt(s->a, "%s.%d.claim", spool_new_path(s).p, (int)getpid()).p;
	TRY(file_create(path, buf_view(&text), 0600, e));
	*ret = (struct spool_post){ .path = str_z(path), .url = url, .body = body };
	return ERR_OK;
}

/* "MILLISECONDS-RANDOM" and a new end. */
static const char *renamed(struct spool *s, const char *name, const char *end)
{
	return path_of(s, arena_fmt(s->a, "%.24s%s", name, end).p);
}

/* NULL: somebody else has it. */
static const char *claim(struct spool *s, const char *name)
{
	const char *from = path_of(s, name);
	const char *to = renamed(s, name, arena_fmt(s->a, ".%d.claim", (int)getpid()).p);

	/* First, so that nobody sees an old claim. */
	if (utimensat(AT_FDCWD, from, NULL, AT_SYMLINK_NOFOLLOW) != 0 || rename(from, to) != 0)
		return NULL;
	return to;
}

/* False: it is gone, or damaged (then it is removed and counted). */
static bool read_post(struct spool *s, const char *path, struct spool_post *ret, int *ret_n_broken)
{
	struct json_doc *doc = NULL;
	struct str text, url;
	bool cut, good;
	AUTO_BUF file;

	buf_init(&file, SPOOL_POST_MAX);
	if (!env_read_file(path, SPOOL_POST_MAX, &file, &cut))
		return false;
	text = arena_str(s->a, buf_view(&file));
	good = !cut && str_starts(text, FIRST_LINE);
	text = str_from(text, FIRST_LINE.len);
	url = (struct str){ text.p, str_find(text, '\n') };
	text = str_from(text, url.len + 1);
	good = good && json_parse(text, 0, &doc, NULL) == ERR_OK && json_kind(json_root(doc)) == JSON_OBJECT;
	json_free(doc);
	if (good) {
		*ret = (struct spool_post){ .url = url, .body = text };
	} else {
		unlink(path);
		(*ret_n_broken)++;
	}
	return good;
}

/* Read first, then claimed: posts for other servers are left in peace. What a file holds never changes. */
static bool try_entry(struct spool *s, const struct spool_entry *en, struct str url, struct spool_post *ret,
	int *ret_n_broken)
{
	struct spool_post post;
	const char *claimed;

	if (!is_waiting(en->name) && !is_abandoned(s, en))
		return false;
	if (!is_waiting(en->name) && !ends_in(en->name, ".claim")) {
		unlink(path_of(s, en->name)); /* never finished, so nobody was told that it is kept */
		return false;
	}
	if (!read_post(s, path_of(s, en->name), &post, ret_n_broken) || !str_eq(post.url, url))
		return false;
	claimed = claim(s, en->name);
	if (!claimed)
		return false;
	post.path = str_z(claimed);
	*ret = post;
	return true;
}

bool spool_next(struct spool *s, struct str url, struct spool_post *ret, int *ret_n_broken)
{
	if (!s->entries)
		s->n = list(s, &s->entries);
	while (s->at < s->n)
		if (try_entry(s, &s->entries[s->at++], url, ret, ret_n_broken))
			return true;
	return false;
}

bool spool_is_empty(struct spool *s)
{
	if (!s->entries)
		s->n = list(s, &s->entries);
	return s->n == 0;
}

void spool_sent(struct spool *s, const struct spool_post *p)
{
	(void)s;
	unlink(p->path.p);
}

void spool_unsent(struct spool *s, const struct spool_post *p)
{
	const char *name = strrchr(p->path.p, '/') + 1;

	/* If this fails the claim runs out by itself. */
	if (rename(p->path.p, renamed(s, name, ".json")) != 0)
		return;
}
