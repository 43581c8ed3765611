/*
 * ship_settle: see the header.
 *
 * When an episode came into quarantine is what its answer's time of change says: the folder keeps the time that whoever made it left. An episode without an answer
 * there (a person moved it) has none and stays.
 */
#include "agent/ship_settle.h"

#include "agent/work_folder.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "model/episode.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX (4 * 1024 * 1024) /* an answer is 64 KiB at most, and may grow when it is escaped */

static enum err_code open_episode(const struct ship_folder *f, const char *id, int *ret, struct err *e)
{
	*ret = openat(f->episodes, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret >= 0 ? ERR_OK
			 : err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_STORAGE, errno, "episodes/%s",
				   id);
}

static void drop_archive(const struct ship_folder *f, const char *id)
{
	char name[SHIP_NAME_MAX];

	unlinkat(f->outbox, ship_name(name, id, SHIP_ARCHIVE), 0); /* what stays is swept */
}

static void put_file(struct json_out *j, const struct sha256 *digest, int64_t bytes)
{
	AUTO_BUF hex;

	buf_init(&hex, 2 * SHA256_LEN);
	hex_encode(digest->b, SHA256_LEN, &hex);
	json_put_str(j, "sha256", buf_view(&hex));
	json_put_int(j, "bytes", bytes);
}

/* ---- shipped ---- */

enum err_code ship_settle_remove(const struct ship_folder *f, const char *id, struct err *e)
{
	char name[SHIP_NAME_MAX];

	ship_name(name, id, SHIP_REMOVING);
	if (ship_is_there(f->outbox, name) && !work_tree_remove(f->outbox, name))
		return err_set(e, ERR_STORAGE, "outbox/%s cannot be removed", name);
	TRY(ship_move(f->episodes, id, f->outbox, name, e));
	if (!work_tree_remove(f->outbox, name))
		return err_set(e, ERR_STORAGE, "outbox/%s cannot be removed", name);
	return ERR_OK;
}

static enum err_code mark(
	const struct ship_folder *f, const char *id, const struct ship_shipped *s, struct err *e)
{
	char temp[SHIP_NAME_MAX];
	struct json_out j;
	AUTO_FD dir = -1;
	AUTO_BUF text;

	buf_init(&text, TEXT_MAX);
	TRY(open_episode(f, id, &dir, e));
	json_out_init(&j, &text);
	json_open_object(&j, NULL);
	put_file(&j, s->digest, s->bytes);
	json_put_time(&j, "shipped_at", s->at_ms);
	json_put_int(&j, "status", s->status);
	json_close_object(&j);
	buf_char(&text, '\n');
	return ship_put(
		f, ship_name(temp, id, ".shipped" SHIP_PARTIAL), dir, SHIP_SHIPPED, buf_view(&text), true, e);
}

enum err_code ship_settle_shipped(
	const struct ship_folder *f, const char *id, const struct ship_shipped *s, struct err *e)
{
	enum err_code code = mark(f, id, s, e);

	if (code == ERR_OK || code == ERR_NOT_FOUND)
		drop_archive(f, id);
	return code == ERR_OK && s->remove ? ship_settle_remove(f, id, e) : code;
}

/* ---- refused ---- */

static void put_body(struct json_out *j, struct str body)
{
	struct json_doc *doc = NULL;
	AUTO_BUF text;

	buf_init(&text, TEXT_MAX);
	if (json_parse(body, JSON_REPAIR_TEXT, &doc, NULL) == ERR_OK) {
		json_write(json_root(doc), &text);
		json_put_json(j, "body", buf_view(&text));
	} else {
		json_put_str(j, "body", body);
	}
	json_free(doc);
}

static enum err_code keep_answer(
	const struct ship_folder *f, const char *id, const struct ship_refused *r, struct err *e)
{
	char temp[SHIP_NAME_MAX], name[SHIP_NAME_MAX];
	struct json_out j;
	AUTO_BUF text;

	buf_init(&text, TEXT_MAX);
	json_out_init(&j, &text);
	json_open_object(&j, NULL);
	json_put_z(&j, "id", id);
	json_put_z(&j, "host", r->host);
	json_put_z(&j, "commit", r->commit);
	put_file(&j, r->digest, r->bytes);
	json_put_time(&j, "refused_at", r->at_ms);
	json_put_int(&j, "status", r->status);
	json_open_object(&j, "headers");
	json_put_told(&j, "content-type", str_z(r->content_type));
	json_put_number(&j, "retry-after", r->retry_after_s > 0, r->retry_after_s);
	json_close_object(&j);
	put_body(&j, r->body);
	json_close_object(&j);
	buf_char(&text, '\n');
	TRY(buf_check(&text, "the answer", e));
	return ship_put(f, ship_name(temp, id, ".answer" SHIP_PARTIAL), f->quarantine,
		ship_name(name, id, SHIP_ANSWER), buf_view(&text), true, e);
}

enum err_code ship_settle_refused(
	const struct ship_folder *f, const char *id, const struct ship_refused *r, struct err *e)
{
	enum err_code code;
	char name[SHIP_NAME_MAX];

	if (ship_is_there(f->quarantine, id))
		return err_set(
			e, ERR_CONFLICT, "quarantine has an episode %s already; move that one away", id);
	TRY(keep_answer(f, id, r, e));
	code = ship_move(f->episodes, id, f->quarantine, id, e);
	if (code == ERR_NOT_FOUND)
		unlinkat(f->quarantine, ship_name(name, id, SHIP_ANSWER), 0);
	if (code == ERR_OK || code == ERR_NOT_FOUND)
		drop_archive(f, id);
	return code;
}

/* ---- what is in quarantine ---- */

enum err_code ship_settle_requeue(const struct ship_folder *f, const char *id, struct err *e)
{
	char name[SHIP_NAME_MAX];

	TRY(episode_id_check(str_z(id), e));
	if (!ship_is_folder(f->quarantine, id))
		return err_set(e, ERR_NOT_FOUND, "there is no episode %s in quarantine", id);
	TRY(ship_move(f->quarantine, id, f->episodes, id, e));
	unlinkat(f->quarantine, ship_name(name, id, SHIP_ANSWER), 0);
	return ERR_OK;
}

enum err_code ship_quarantined_each(
	const struct ship_folder *f, bool (*each)(void *arg, const char *id), void *arg, struct err *e)
{
	int fd = openat(f->quarantine, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!dir) {
		enum err_code code = err_errno(e, ERR_STORAGE, errno, "%s/quarantine", f->path);

		fd_close(&fd);
		return code;
	}
	while ((entry = readdir(dir)))
		if (episode_id_check(str_z(entry->d_name), NULL) == ERR_OK &&
			ship_is_folder(f->quarantine, entry->d_name) && !each(arg, entry->d_name))
			break;
	closedir(dir);
	return ERR_OK;
}

struct expiry {
	const struct ship_folder *folder;
	int64_t before_ms;
	void (*gone)(void *arg, const char *id);
	void *arg;
};

static bool expire_one(void *arg, const char *id)
{
	struct expiry *x = arg;
	char name[SHIP_NAME_MAX];
	struct stat st;

	if (fstatat(x->folder->quarantine, ship_name(name, id, SHIP_ANSWER), &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		st.st_mtim.tv_sec * INT64_C(1000) >= x->before_ms)
		return true;
	if (work_tree_remove(x->folder->quarantine, id)) {
		unlinkat(x->folder->quarantine, name, 0);
		x->gone(x->arg, id);
	}
	return true;
}

enum err_code ship_settle_expire(const struct ship_folder *f, int64_t before_ms,
	void (*gone)(void *arg, const char *id), void *arg, struct err *e)
{
	struct expiry x = { f, before_ms, gone, arg };

	return ship_quarantined_each(f, expire_one, &x, e);
}
