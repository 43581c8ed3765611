/* body: names into shape, the text into what is left of the limit. */
#include "agent/body.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/utf8.h"
#include "model/repo.h"
#include "text/tail.h"

#define LINE_MAX_BYTES 255
#define STEP_NAME_MAX 255
#define ID_MAX 100
#define LEG_MAX 1000
#define URL_MAX 1000
/* As long as a variable or an argument can be (MAX_ARG_STRLEN): so that no name is cut before it is masked.
 */
#define NAME_LOOK (128 * 1024)

/* Control characters and runs of white space become one blank; at both ends they go. */
static struct str one_line(struct str s, struct arena *a)
{
	char *p = arena_alloc(a, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		bool blank = (unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F;

		if (!blank)
			p[n++] = s.p[i];
		else if (n > 0 && p[n - 1] != ' ')
			p[n++] = ' ';
	}
	return str_trim((struct str){ p, n });
}

static struct str settled(struct str name, const struct mask *m, struct arena *a)
{
	AUTO_BUF masked, clean;

	if (name.len > NAME_LOOK)
		name.len = NAME_LOOK;
	buf_init(&masked, 4 * NAME_LOOK);
	buf_init(&clean, 12 * NAME_LOOK);
	mask_all(m, name, &masked);
	utf8_clean(buf_view(&masked), &clean);
	return one_line(buf_view(&clean), a);
}

/* Ids stay what they are, but for what no id of the server has. */
static struct str settled_id(struct str id, struct arena *a)
{
	AUTO_BUF clean;

	if (id.len > NAME_LOOK)
		id.len = NAME_LOOK;
	buf_init(&clean, 4 * NAME_LOOK);
	utf8_clean(id, &clean);
	return one_line(buf_view(&clean), a);
}

static struct str shortened(struct str s, size_t max, struct arena *a)
{
	if (s.len <= max)
		return s;
	return arena_fmt(a, "%.*s...", (int)utf8_floor(s, max - 3), s.p);
}

/* Legs and steps are told from each other by their text: what is too long is told by the digest of the whole. */
static struct str shortened_apart(struct str s, size_t max, struct arena *a)
{
	struct sha256 digest;
	AUTO_BUF hex = { 0 };

	if (s.len <= max)
		return s;
	digest = sha256_of(s);
	buf_init(&hex, 100);
	hex_encode(digest.b, 8, &hex);
	return arena_fmt(a, "%.*s... %s", (int)utf8_floor(s, max - 20), s.p, buf_cstr(&hex));
}

static struct str good_url(struct str url)
{
	if (url.len > URL_MAX || !(str_starts(url, STR("http://")) || str_starts(url, STR("https://"))))
		return STR("");
	for (size_t i = 0; i < url.len; i++)
		if (url.p[i] <= ' ' || url.p[i] > '~')
			return STR("");
	return url;
}

static struct str good_forge(struct str forge)
{
	return forge_name_check(forge, NULL) == ERR_OK ? forge : STR("");
}

static struct str good_platform(struct str platform)
{
	static const char *const known[] = { "linux", "windows", "macos", "bsd" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq_nocase(platform, str_z(known[i])))
			return str_z(known[i]);
	return STR("");
}

void body_settle(struct step_facts *f, size_t name_max, const struct mask *m, struct arena *a)
{
	f->step_name = shortened_apart(settled(f->step_name, m, a), name_max, a);
	if (f->step_name.len == 0)
		f->step_name = STR("step");
	f->job_name = shortened(settled(f->job_name, m, a), LINE_MAX_BYTES, a);
	f->workflow = shortened(settled(f->workflow, m, a), LINE_MAX_BYTES, a);
	f->branch = shortened(settled(f->branch, m, a), LINE_MAX_BYTES, a);
	f->target_branch = shortened(settled(f->target_branch, m, a), LINE_MAX_BYTES, a);
	f->leg = shortened_apart(settled(f->leg, m, a), LEG_MAX, a);
	f->external_run_id = shortened(settled_id(f->external_run_id, a), ID_MAX, a);
	f->job_id = shortened(settled_id(f->job_id, a), ID_MAX, a);
	f->url = good_url(settled(f->url, m, a));
	f->forge = good_forge(f->forge);
	f->platform = good_platform(f->platform);
	if (f->attempt < 1 || f->attempt > 1000000)
		f->attempt = 1;
	if (f->step_index > 100000)
		f->step_index = -1;
	if (f->pull_request < 1 || f->pull_request > INT32_MAX)
		f->pull_request = 0;
}

struct str body_numbered_name(struct str name, int n, struct arena *a)
{
	return arena_fmt(a, "%.*s (%d)", STR_FMT(shortened_apart(name, STEP_NAME_MAX - 10, a)), n);
}

static void put_some(struct json_out *j, const char *key, struct str value)
{
	if (value.len > 0)
		json_put_str(j, key, value);
}

static void put_facts(struct json_out *j, const struct step_facts *f)
{
	json_put_str(j, "repo", f->repo);
	put_some(j, "forge", f->forge);
	json_put_str(j, "head_sha", f->head_sha);
	json_put_str(j, "run_id", f->external_run_id);
	json_put_int(j, "attempt", f->attempt);
	put_some(j, "workflow", f->workflow);
	put_some(j, "job_id", f->job_id);
	put_some(j, "job_name", f->job_name);
	put_some(j, "leg", f->leg);
	json_put_str(j, "step_name", f->step_name);
	if (f->step_index >= 0)
		json_put_int(j, "step_index", f->step_index);
	put_some(j, "branch", f->branch);
	put_some(j, "target_branch", f->target_branch);
	if (f->pull_request > 0)
		json_put_int(j, "pull_request", f->pull_request);
	put_some(j, "url", f->url);
	put_some(j, "platform", f->platform);
}

static void put_outcome(struct json_out *j, const struct step_facts *f)
{
	json_put_z(j, "conclusion", conclusion_name(f->conclusion));
	if (f->has_exit_code)
		json_put_int(j, "exit_code", f->exit_code);
}

void body_write_open(const struct step_facts *f, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	put_facts(&j, f);
	json_close_object(&j);
}

void body_write_find(const struct step_facts *f, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	put_facts(&j, f);
	json_put_bool(&j, "open", false);
	json_close_object(&j);
}

void body_write_finish(
	const struct step_facts *f, int64_t duration_ms, int64_t bytes, bool keep, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	put_outcome(&j, f);
	json_put_int(&j, "duration_ms", duration_ms);
	json_put_int(&j, "bytes", bytes);
	json_put_bool(&j, "keep", keep);
	json_close_object(&j);
}

static void write_all(
	const struct step_facts *f, struct str text, int64_t lines, int64_t bytes, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	put_facts(&j, f);
	put_outcome(&j, f);
	json_put_int(&j, "dropped_lines", lines);
	json_put_int(&j, "dropped_bytes", bytes);
	json_put_str(&j, "log_tail", text);
	json_close_object(&j);
}

/* The longest tail of text whose JSON fits. A longer tail never has a shorter JSON, so halving finds it. */
static struct tail fitting(struct str text, size_t room)
{
	size_t good = 0, bad = text.len + 1;

	while (bad - good > 1) {
		size_t middle = good + (bad - good) / 2;

		if (json_str_size(text_tail(text, TAIL_LINES, middle).text) <= room)
			good = middle;
		else
			bad = middle;
	}
	return text_tail(text, TAIL_LINES, good);
}

void body_write(const struct step_facts *f, const struct captured *c, struct buf *out)
{
	struct tail tail;
	AUTO_BUF rest;

	/* All but the text, with the longest numbers that can stand there. */
	buf_init(&rest, BODY_MAX);
	write_all(f, STR(""), INT64_MAX, INT64_MAX, &rest);
	tail = fitting(c->text, BODY_MAX - rest.len);
	write_all(f, tail.text, c->dropped_lines + tail.dropped_lines, c->dropped_bytes + tail.dropped_bytes,
		out);
}
