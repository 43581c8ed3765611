/* logs_reader: see the header. */
#include "cli/logs_reader.h"

#include "base/digest.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SAY_FROM_MS 1000

void reader_begin(struct logs_reader *r, const struct logs_step *step)
{
	r->step = step;
	r->has_heading = false;
	patience_reset(&r->patience);
}

void reader_hint(struct logs_reader *r, const char *text)
{
	if (r->has_printed || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\x1b[K%s", text);
	fflush(stderr);
	r->has_hint = *text != '\0';
}

enum err_code reader_put_heading(struct logs_reader *r, struct err *e)
{
	bool colours = r->want->style.colours;
	AUTO_BUF heading = { 0 };

	if (!r->has_headings || r->has_heading || r->want->style.json)
		return ERR_OK;
	r->has_heading = true;
	buf_init(&heading, 4096);
	buf_z(&heading, r->has_printed ? "\n" : "");
	buf_z(&heading, colours ? "\x1b[1m" : "");
	buf_z(&heading, "==> ");
	logs_step_title(r->step, &heading);
	buf_z(&heading, colours ? " <==\x1b[0m\n" : " <==\n");
	return reader_put(r, buf_view(&heading), e);
}

enum err_code reader_put(struct logs_reader *r, struct str bytes, struct err *e)
{
	if (r->has_hint)
		reader_hint(r, "");
	if (!r->has_heading)
		TRY(reader_put_heading(r, e));
	r->has_printed = true;
	return pager_write(&r->out, bytes, e);
}

static void sleep_ms(int64_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) != 0)
		;
}

bool reader_wait(struct logs_reader *r, const struct err *why, enum err_code code)
{
	uint32_t random;
	int64_t ms;

	random_bytes(&random, sizeof random);
	ms = r->out.has_failed ? -1 : patience_next(&r->patience, code, r->client->retry_after_s, random);
	if (ms < 0)
		return false;
	if (ms >= SAY_FROM_MS && !pager_is_running(&r->out)) {
		reader_hint(r, "");
		command_say("logs", "%s; once more in %lld s", why->text, (long long)(ms + 500) / 1000);
	}
	sleep_ms(ms);
	return true;
}

enum err_code reader_call(struct logs_reader *r, const char *path, struct err *e)
{
	struct err own = { 0 };
	enum err_code code;

	do {
		code = client_call(r->client, "GET", path, NULL, &own);
	} while (code != ERR_OK && reader_wait(r, &own, code));
	if (code == ERR_OK)
		patience_reset(&r->patience);
	else if (e)
		*e = own;
	return code;
}

enum err_code reader_find_from(struct logs_reader *r, int64_t *ret, struct err *e)
{
	const struct logs_want *w = r->want;
	int64_t last = 0;
	char path[100];

	*ret = w->from;
	if (w->last == 0)
		return ERR_OK;
	snprintf(path, sizeof path, "/api/v1/steps/%lld/lines?order=desc&limit=1", (long long)r->step->id);
	TRY(reader_call(r, path, e));
	json_int(json_get(json_at(json_get(client_root(r->client), "data"), 0), "number"), &last);
	if (last - w->last + 1 > w->from)
		*ret = last - w->last + 1;
	return ERR_OK;
}

bool logs_is_search(const struct logs_want *w)
{
	return w->grep || w->contains || w->level;
}

/* Who counts the line ends of a text has the numbers of its lines, unless some were dropped in front of it or inside. */
static enum err_code is_all_there(struct logs_reader *r, bool *ret, struct err *e)
{
	int64_t dropped = 0;
	struct json *root;
	char path[100];

	snprintf(path, sizeof path, "/api/v1/steps/%lld", (long long)r->step->id);
	TRY(reader_call(r, path, e));
	root = client_root(r->client);
	json_int(json_get(root, "dropped_lines"), &dropped);
	*ret = dropped == 0 && json_kind(json_get(json_get(root, "log"), "gap")) != JSON_OBJECT;
	return ERR_OK;
}

enum err_code reader_wants_lines(struct logs_reader *r, bool *ret, struct err *e)
{
	const struct logs_want *w = r->want;
	bool is_all = true;

	*ret = logs_is_search(w) || w->style.json || w->style.timestamps;
	if (*ret || !w->style.numbers)
		return ERR_OK;
	TRY(is_all_there(r, &is_all, e));
	*ret = !is_all;
	return ERR_OK;
}
