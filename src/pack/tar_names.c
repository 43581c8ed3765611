/* tar_names: see the header. A table with open addressing, never more than half full; digests are spread evenly, so their first bytes are the place. */
#include "pack/tar_names.h"

#include "base/arena.h"
#include "base/digest.h"

#include <assert.h>
#include <stdlib.h>

#define KEY_LEN 16
#define FIRST_SIZE 256 /* a power of two */

struct tar_name_slot {
	uint8_t key[KEY_LEN];
	uint8_t is;
};

void tar_names_init(struct tar_names *names, size_t max)
{
	*names = (struct tar_names){ .max = max, .size = FIRST_SIZE };
	names->slots = mem_alloc(FIRST_SIZE * sizeof *names->slots);
}

void tar_names_done(struct tar_names *names)
{
	free(names->slots);
	names->slots = NULL;
}

/* Where the key is, or would be. */
static struct tar_name_slot *place_of(const struct tar_names *names, const uint8_t *key)
{
	uint64_t at;

	memcpy(&at, key, sizeof at);
	for (;; at++) {
		struct tar_name_slot *s = &names->slots[at & (names->size - 1)];

		if (s->is == NAME_NONE || memcmp(s->key, key, KEY_LEN) == 0)
			return s;
	}
}

static void grow(struct tar_names *names)
{
	struct tar_names larger = { .size = names->size * 2 };

	larger.slots = mem_alloc(larger.size * sizeof *larger.slots);
	for (size_t i = 0; i < names->size; i++)
		if (names->slots[i].is != NAME_NONE)
			*place_of(&larger, names->slots[i].key) = names->slots[i];
	free(names->slots);
	names->slots = larger.slots;
	names->size = larger.size;
}

static struct tar_name_slot *find(const struct tar_names *names, struct str path, struct sha256 *ret_digest)
{
	*ret_digest = sha256_of(path);
	return place_of(names, ret_digest->b);
}

enum tar_name_is tar_names_get(const struct tar_names *names, struct str path)
{
	struct sha256 digest;

	return (enum tar_name_is)find(names, path, &digest)->is;
}

static enum err_code put(
	struct tar_names *names, const struct sha256 *digest, enum tar_name_is is, struct err *e)
{
	struct tar_name_slot *s;

	if (names->n >= names->max)
		return err_set(e, ERR_TOO_LARGE,
			"the archive has more than %zu entries, with the folders that they stand in ([fleet] "
			"entries)",
			names->max);
	if (2 * (names->n + 1) > names->size)
		grow(names);
	s = place_of(names, digest->b);
	memcpy(s->key, digest->b, KEY_LEN);
	s->is = (uint8_t)is;
	names->n++;
	return ERR_OK;
}

static struct str folder_of(struct str path)
{
	while (path.len > 0 && path.p[path.len - 1] != '/')
		path.len--;
	return (struct str){ path.p, path.len > 0 ? path.len - 1 : 0 };
}

/* From the innermost outwards, up to one that is known: that one's own are known too. */
static enum err_code add_folders(
	struct tar_names *names, struct str folder, const char **ret_wrong, struct err *e)
{
	for (; folder.len > 0; folder = folder_of(folder)) {
		struct sha256 digest;
		enum tar_name_is is = (enum tar_name_is)find(names, folder, &digest)->is;

		if (is != NAME_NONE) {
			*ret_wrong = is == NAME_FOLDER ? NULL : "stands in what is no folder";
			return ERR_OK;
		}
		TRY(put(names, &digest, NAME_FOLDER, e));
	}
	*ret_wrong = NULL;
	return ERR_OK;
}

enum err_code tar_names_add(
	struct tar_names *names, struct str path, enum tar_name_is is, const char **ret_wrong, struct err *e)
{
	struct str folder = folder_of(path);
	const char *wrong = NULL;
	struct sha256 digest;
	enum tar_name_is was;

	assert(path.len > 0 && path.len <= TAR_PATH_MAX && is != NAME_NONE);
	if (!str_eq(folder, (struct str){ names->folder, names->folder_len })) {
		TRY(add_folders(names, folder, &wrong, e));
		if (wrong) {
			*ret_wrong = wrong;
			return ERR_OK;
		}
		memcpy(names->folder, folder.p, folder.len);
		names->folder_len = folder.len;
	}
	was = (enum tar_name_is)find(names, path, &digest)->is;
	if (was == NAME_NONE)
		TRY(put(names, &digest, is, e));
	else if (was != NAME_FOLDER || is != NAME_FOLDER)
		wrong = "is there twice";
	*ret_wrong = wrong;
	return ERR_OK;
}
