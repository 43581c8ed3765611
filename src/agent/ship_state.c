/*
 * ship_state: what the shipper does, in a file for whoever looks: written beside and renamed, so that it is whole at any time. It is not synced, for after a crash it tells of a
 * process that is not there. Whether that lives is not asked of the file but of the lock.
 */
#include "agent/ship.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/file.h"
#include "base/json.h"
#include "text/visible.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define HELD_MAX 100 /* episodes that are named */
#define STATE_MAX ((size_t)1 << 20)

/* ---- writing it ---- */

static void put_under_way(const struct ship *s, struct json_out *j)
{
	json_open_array(j, "under_way");
	for (size_t i = 0; i < SHIP_HANDS_MAX; i++) {
		const struct ship_hand *h = &s->hands[i];

		if (h->id[0] == '\0')
			continue;
		json_open_object(j, NULL);
		json_put_z(j, "id", h->id);
		json_put_z(j, "does", h->total > 0 ? "sends" : "packs");
		json_put_number(j, "bytes", h->total > 0, h->total);
		json_put_int(j, "sent", atomic_load(&h->sent));
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_held(const struct ship *s, struct json_out *j)
{
	size_t n = 0;

	json_open_array(j, "held_back");
	for (size_t i = 0; i < s->queue.n; i++) {
		const struct ship_item *item = s->queue.items[i];

		if (!item->held || n++ >= HELD_MAX)
			continue;
		json_open_object(j, NULL);
		json_put_z(j, "id", item->id);
		json_put_z(j, "why", item->held);
		json_close_object(j);
	}
	json_close_array(j);
	json_put_int(j, "n_held_back", (int64_t)n);
}

static void put_troubles(const struct ship *s, struct json_out *j)
{
	json_open_object(j, "last_errors");
	for (size_t i = 0; i < SHIP_N_TROUBLES; i++) {
		if (s->troubles[i].n == 0)
			continue;
		json_open_object(j, ship_trouble_names[i]);
		json_put_z(j, "message", s->troubles[i].text);
		json_put_time(j, "at", s->troubles[i].at_ms);
		json_put_int(j, "times", s->troubles[i].n);
		json_put_bool(j, "lasts", s->troubles[i].told);
		json_close_object(j);
	}
	json_close_object(j);
}

static int64_t backlog_bytes(const struct ship *s)
{
	int64_t n = 0;

	for (size_t i = 0; i < s->queue.n; i++)
		n += s->queue.items[i]->bytes;
	return n;
}

void ship_state_make(struct ship *s, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	json_put_int(&j, "pid", (int64_t)getpid());
	json_put_time(&j, "since", s->since_ms);
	json_put_time(&j, "written_at", clock_wall_ms(&clock_system));
	json_put_str(&j, "receiver", buf_view(&s->peer.shown));
	json_put_z(&j, "host", s->options.host);
	json_open_object(&j, "backlog");
	json_put_int(&j, "episodes", (int64_t)(s->queue.n + s->queue.n_beyond));
	json_put_int(&j, "bytes", backlog_bytes(s));
	json_close_object(&j);
	put_under_way(s, &j);
	json_open_object(&j, "shipped");
	json_put_int(&j, "episodes", s->n_shipped);
	json_put_int(&j, "bytes", s->bytes_shipped);
	json_put_time(&j, "last_at", s->last_success_ms);
	json_close_object(&j);
	json_put_int(&j, "quarantined", s->n_quarantined);
	put_held(s, &j);
	put_troubles(s, &j);
	json_close_object(&j);
	buf_char(out, '\n');
	s->changed = false;
}

static const char *lasting_trouble(const struct ship *s)
{
	for (size_t i = 0; i < SHIP_N_TROUBLES; i++)
		if (s->troubles[i].told)
			return s->troubles[i].text;
	return "";
}

void ship_state_summary(struct ship *s, char *ret, size_t size)
{
	const char *trouble = lasting_trouble(s);

	snprintf(ret, size, "%zu to ship, %" PRId64 " shipped, %" PRId64 " in quarantine%s%s",
		s->queue.n + s->queue.n_beyond, s->n_shipped, s->n_quarantined, *trouble ? "; " : "",
		trouble);
}

/* ---- reading it ---- */

static int64_t number(const struct json *object, const char *key)
{
	int64_t value = 0;

	json_int(json_get(object, key), &value);
	return value;
}

static bool show_trouble(void *arg, struct str key, struct json *value)
{
	struct buf *out = arg;

	buf_fmt(out, "last error (%.*s, %.*s%s): %.*s\n", STR_FMT(key),
		STR_FMT(json_str(json_get(value, "at"))),
		json_is_true(json_get(value, "lasts")) ? ", lasts" : "",
		STR_FMT(json_str(json_get(value, "message"))));
	return true;
}

static void show(const struct json *state, bool lives, struct buf *out)
{
	const struct json *backlog = json_get(state, "backlog"), *shipped = json_get(state, "shipped");
	const struct json *held = json_get(state, "held_back");
	struct str last = json_str(json_get(shipped, "last_at"));

	buf_fmt(out, "%s, process %" PRId64 " since %.*s, as %.*s to %.*s\n",
		lives ? "runs" : "does not run any more", number(state, "pid"),
		STR_FMT(json_str(json_get(state, "since"))), STR_FMT(json_str(json_get(state, "host"))),
		STR_FMT(json_str(json_get(state, "receiver"))));
	buf_fmt(out, "to ship      %" PRId64 " episodes, %" PRId64 " bytes; %zu under way\n",
		number(backlog, "episodes"), number(backlog, "bytes"),
		json_len(json_get(state, "under_way")));
	buf_fmt(out, "shipped      %" PRId64 " episodes, %" PRId64 " bytes%s%.*s\n",
		number(shipped, "episodes"), number(shipped, "bytes"), last.len > 0 ? "; the last at " : "",
		STR_FMT(last));
	buf_fmt(out, "quarantine   %" PRId64 "\n", number(state, "quarantined"));
	buf_fmt(out, "held back    %" PRId64 "\n", number(state, "n_held_back"));
	for (size_t i = 0; i < json_len(held); i++)
		buf_fmt(out, "  %.*s: %.*s\n", STR_FMT(json_str(json_get(json_at(held, i), "id"))),
			STR_FMT(json_str(json_get(json_at(held, i), "why"))));
	json_each(json_get(state, "last_errors"), show_trouble, out);
}

/* Much of it others have said: for a terminal it is made harmless. */
static void show_text(const struct json *state, bool lives, struct buf *out)
{
	AUTO_BUF text;

	buf_init(&text, STATE_MAX);
	show(state, lives, &text);
	text_visible(buf_view(&text), out);
}

/* What is in the file, and at its end what the file cannot know. */
static void show_json(struct str state, bool lives, struct buf *out)
{
	state = str_trim(state);
	buf_add(out, state.p, state.len - 1);
	buf_fmt(out, ",\"runs\":%s}\n", lives ? "true" : "false");
}

static enum err_code read_state(const char *path, bool as_json, struct buf *out, struct err *e)
{
	AUTO_SHIP_FOLDER folder = SHIP_FOLDER_NONE;
	struct json_doc *doc = NULL;
	enum err_code code;
	AUTO_BUF name, text;

	buf_init(&name, 64 * 1024);
	buf_init(&text, STATE_MAX);
	TRY(ship_folder_look(path, &folder, e));
	buf_fmt(&name, "%s/" SHIP_STATE, path);
	code = file_read(buf_cstr(&name), STATE_MAX, &text, e);
	if (code == ERR_NOT_FOUND)
		return err_set(
			e, ERR_NOT_FOUND, "%s: no shipper has run here; `sluice ship %s` is one", path, path);
	TRY(code);
	if (json_parse(buf_view(&text), 0, &doc, e) != ERR_OK || json_kind(json_root(doc)) != JSON_OBJECT) {
		json_free(doc);
		return err_set(
			e, ERR_STORAGE, "%s cannot be read; a shipper writes it anew", buf_cstr(&name));
	}
	if (as_json)
		show_json(buf_view(&text), ship_folder_is_taken(&folder), out);
	else
		show_text(json_root(doc), ship_folder_is_taken(&folder), out);
	json_free(doc);
	return ERR_OK;
}

int ship_status(int argc, char **argv)
{
	bool as_json = false;
	const struct opt opts[] = { { "json", 0, OPT_FLAG, NULL, "as JSON", &as_json }, { 0 } };
	const struct command_usage usage = { .name = "ship status",
		.synopsis = "[--json] FOLDER",
		.prose = "Says what the shipper of FOLDER does, or did last: what waits, what is under way, "
			 "what\n"
			 "is held back and why, the last error of each kind.",
		.opts = opts };
	struct err e;
	int exit_code;
	AUTO_BUF out;

	buf_init(&out, 4 * STATE_MAX);
	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail("ship status", "name one folder");
	if (read_state(argv[0], as_json, &out, &e) != ERR_OK)
		return command_fail("ship status", &e);
	fputs(buf_cstr(&out), stdout);
	return fflush(stdout) == 0 ? 0 : err_exit(ERR_STORAGE);
}
