/*
 * forge_word: what forges write, as far as it is believed.
 *
 * Texts are cut, ids are such that can stand in a path, and a word for how it went that nobody knows is neither a failure nor still to come: what a new version calls in a
 * new way starts nothing.
 */
#include "forge/forge_call.h"

#include "base/utf8.h"

bool forge_is_id(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    c == '-' || c == '_'))
			return false;
	}
	return s.len > 0 && s.len <= FORGE_ID_MAX;
}

struct str forge_text(const struct json *n, struct arena *a)
{
	struct str s = json_str(n);

	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
			return STR("");
	if (s.len > FORGE_TEXT_MAX)
		s.len = utf8_floor(s, FORGE_TEXT_MAX);
	return arena_str(a, s);
}

struct str forge_id(const struct json *n, struct arena *a)
{
	int64_t number;

	if (json_int(n, &number))
		return number > 0 ? arena_fmt(a, "%lld", (long long)number) : STR("");
	return forge_is_id(json_str(n)) ? arena_str(a, json_str(n)) : STR("");
}

struct str forge_sha(const struct json *n, struct arena *a)
{
	struct str told = json_str(n);
	char *id;

	if (told.len != 40 && told.len != 64)
		return STR("");
	id = arena_cstr(a, told);
	for (size_t i = 0; i < told.len; i++) {
		if (id[i] >= 'A' && id[i] <= 'F')
			id[i] = (char)(id[i] - 'A' + 'a');
		if (!((id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f')))
			return STR("");
	}
	return (struct str){ id, told.len };
}

int64_t forge_time(const struct json *of, const char *const *names)
{
	int64_t ms;

	for (size_t i = 0; names[i]; i++)
		if (clock_parse(json_str(json_get(of, names[i])), &ms) && ms > 0)
			return ms;
	return 0;
}

enum forge_conclusion forge_conclusion_in(const struct json *of)
{
	return forge_conclusion_of(json_str(json_get(of, "status")), json_str(json_get(of, "conclusion")));
}
