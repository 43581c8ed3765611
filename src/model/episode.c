/* episode: see the header. */
#include "model/episode.h"

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static enum err_code name_check(const char *what, struct str name, size_t max, struct err *e)
{
	if (name.len == 0 || name.len > max)
		return err_set(e, ERR_INVALID, "%s has 1 to %zu characters", what, max);
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!is_letter_or_digit(c) && c != '_' && (i == 0 || (c != '.' && c != '-')))
			return err_set(e, ERR_INVALID,
				"%s is made of letters, digits, '.', '_' and '-', and begins with neither "
				"'.' nor '-'",
				what);
	}
	return ERR_OK;
}

enum err_code host_name_check(struct str name, struct err *e)
{
	return name_check("the name of a host", name, HOST_NAME_LEN_MAX, e);
}

enum err_code episode_id_check(struct str id, struct err *e)
{
	return name_check("the id of an episode", id, EPISODE_ID_MAX, e);
}

enum err_code commit_check(struct str commit, struct err *e)
{
	bool hex = true;

	for (size_t i = 0; i < commit.len && hex; i++) {
		char c = commit.p[i];

		hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
	}
	if (!hex || commit.len < COMMIT_LEN_MIN || commit.len > COMMIT_LEN_MAX)
		return err_set(e, ERR_INVALID, "a commit is %d to %d hexadecimal digits", COMMIT_LEN_MIN,
			COMMIT_LEN_MAX);
	return ERR_OK;
}
