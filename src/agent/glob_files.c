/* glob_files: one part of the pattern after the other, behind the path up to there. */
#include "agent/glob_files.h"

#include "base/buf.h"

#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <string.h>

struct walk {
	struct buf path; /* up to here; empty, or ends with a slash */
	glob_take_fn *take;
	void *arg;
	int n_looked, depth;
	bool cut;
};

/* A pattern from one of its parts on. */
struct rest {
	struct str part;
	const char *behind; /* the slash; NULL: it is the last part */
};

static void walk(struct walk *w, const char *pattern);

bool glob_is_pattern(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr("*?[", s.p[i]))
			return true;
	return false;
}

static struct rest first_part(const char *pattern)
{
	size_t n = strcspn(pattern, "/");
	const char *behind = pattern[n] ? pattern + n + strspn(pattern + n, "/") : NULL;

	return (struct rest){ .part = { pattern, n }, .behind = behind && *behind ? behind : NULL };
}

/* The path with name behind it: a file to be taken, or a folder in which `behind` is looked for. follow: also through a link. */
static void enter(struct walk *w, struct str name, const char *behind, bool follow)
{
	size_t len = w->path.len;
	struct stat st;

	buf_str(&w->path, name);
	if (w->path.full || (follow ? stat : lstat)(buf_cstr(&w->path), &st) != 0) {
		/* too long, or gone */
	} else if (behind && S_ISDIR(st.st_mode)) {
		buf_char(&w->path, '/');
		walk(w, behind);
	} else if (!behind && S_ISREG(st.st_mode)) {
		w->take(w->arg, buf_cstr(&w->path), &st);
	}
	buf_cut(&w->path, len);
	w->path.full = false;
}

static void each_entry(struct walk *w, const char *part, const char *behind, bool follow)
{
	DIR *folder = opendir(w->path.len > 0 ? buf_cstr(&w->path) : ".");
	struct dirent *d;

	while (folder && !w->cut && (d = readdir(folder))) {
		w->cut = ++w->n_looked > GLOB_LOOK_MAX;
		if (!w->cut && fnmatch(part, d->d_name, FNM_PERIOD) == 0)
			enter(w, str_z(d->d_name), behind, follow);
	}
	if (folder)
		closedir(folder);
}

static void walk(struct walk *w, const char *pattern)
{
	struct rest r = first_part(pattern);
	char part[NAME_MAX + 1];

	if (r.part.len == 0 || r.part.len > NAME_MAX || w->depth == GLOB_DEPTH_MAX)
		return;
	memcpy(part, r.part.p, r.part.len);
	part[r.part.len] = '\0';
	w->depth++;
	if (strcmp(part, "**") == 0) {
		walk(w, r.behind ? r.behind : "*");
		each_entry(w, "*", pattern, false);
	} else if (glob_is_pattern(r.part)) {
		each_entry(w, part, r.behind, true);
	} else {
		enter(w, r.part, r.behind, true);
	}
	w->depth--;
}

bool glob_files_each(const char *pattern, glob_take_fn *take, void *arg)
{
	struct walk w = { .take = take, .arg = arg };

	buf_init(&w.path, PATH_MAX);
	if (*pattern == '/')
		buf_char(&w.path, '/');
	walk(&w, pattern + strspn(pattern, "/"));
	buf_done(&w.path);
	return !w.cut;
}
