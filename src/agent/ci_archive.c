/* ci_archive: see the header. */
#include "agent/ci_archive.h"

#include <stdlib.h>

/* "12_NAME.txt" */
static bool read_name(struct str s, int64_t *ret_number, struct str *ret_name)
{
	size_t at = str_find(s, '_');

	if (!str_ends(s, STR(".txt")) || at == 0 || at > 9 || at + 1 >= s.len - 4 ||
		!str_to_int((struct str){ s.p, at }, ret_number) || *ret_number < 0)
		return false;
	*ret_name = (struct str){ s.p + at + 1, s.len - 4 - at - 1 };
	return true;
}

static bool read_file(struct str file, struct ci_log *ret)
{
	size_t slash = str_find(file, '/');
	struct str rest = str_from(file, slash + 1);

	*ret = (struct ci_log){ .file = file };
	if (slash == file.len)
		return read_name(file, &ret->number, &ret->job);
	ret->job = (struct str){ file.p, slash };
	return slash > 0 && str_find(rest, '/') == rest.len && read_name(rest, &ret->number, &ret->step);
}

static bool has_steps(const struct ci_log *v, size_t n, struct str job)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].step.len > 0 && str_eq(v[i].job, job))
			return true;
	return false;
}

static int compare_str(struct str a, struct str b)
{
	int how = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return how != 0 ? how : (a.len > b.len) - (a.len < b.len);
}

static int compare(const void *a, const void *b)
{
	const struct ci_log *x = a, *y = b;
	int how = compare_str(x->job, y->job);

	if (how == 0)
		how = (x->number > y->number) - (x->number < y->number);
	return how != 0 ? how : compare_str(x->file, y->file);
}

void ci_archive_plan(const struct str *names, size_t n, struct arena *a, struct ci_log **ret, size_t *ret_n)
{
	struct ci_log *v = arena_array(a, n + 1, sizeof *v);
	size_t found = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		found += read_file(names[i], &v[found]);
	qsort(v, found, sizeof *v, compare);
	for (size_t i = 0; i < found; i++)
		if (v[i].step.len > 0 || !has_steps(v, found, v[i].job))
			v[kept++] = v[i];
	*ret = v;
	*ret_n = kept;
}
