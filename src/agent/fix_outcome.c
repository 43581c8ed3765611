/* fix_outcome: see the header. */
#include "agent/fix_outcome.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/utf8.h"

#include <stdio.h>

static const char *const words[] = {
	[FIX_NOTE] = "note", [FIX_FIXED] = "fixed", [FIX_NO_FIX] = "no_fix", [FIX_FAILED] = "failed"
};

const char *fix_word_name(enum fix_word w)
{
	return words[w];
}

/* ---- the file ---- */

struct reading {
	struct arena *a;
	struct fix_said said;
	struct buf note;
	size_t line; /* 0: JSON */
	struct err *e;
	bool failed;
};

static void refuse(struct reading *r, const char *what)
{
	if (r->failed)
		return;
	r->failed = true;
	if (r->line > 0)
		(void)!err_set(r->e, ERR_INVALID, "line %zu: %s", r->line, what);
	else
		(void)!err_set(r->e, ERR_INVALID, "%s", what);
}

static void read_outcome(struct reading *r, struct str value)
{
	for (size_t i = FIX_FIXED; i <= FIX_FAILED; i++) {
		if (str_eq_nocase(value, str_z(words[i]))) {
			r->said.word = (enum fix_word)i;
			return;
		}
	}
	refuse(r, "outcome is fixed, no_fix or failed");
}

static void read_sha(struct reading *r, struct str value)
{
	char *p = arena_cstr(r->a, value);

	if ((value.len != 40 && value.len != 64) || !is_hex(value)) {
		refuse(r, "sha is a commit's id, 40 or 64 hex digits");
		return;
	}
	for (size_t i = 0; i < value.len; i++)
		if (p[i] >= 'A' && p[i] <= 'F')
			p[i] = (char)(p[i] - 'A' + 'a');
	r->said.sha = (struct str){ p, value.len };
}

static void read_note(struct reading *r, struct str value)
{
	if (r->note.len > 0)
		buf_char(&r->note, '\n');
	buf_str(&r->note, value);
}

static bool read_value(struct reading *r, struct str name, struct str value)
{
	static const struct {
		const char *name;
		void (*read)(struct reading *r, struct str value);
	} known[] = { { "outcome", read_outcome }, { "sha", read_sha }, { "note", read_note } };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (str_eq(name, str_z(known[i].name))) {
			known[i].read(r, value);
			return !r->failed;
		}
	}
	refuse(r, "it has outcome, sha and note, and nothing else");
	return false;
}

static bool read_member(void *arg, struct str key, struct json *value)
{
	struct reading *r = arg;

	if (json_kind(value) == JSON_NULL)
		return true;
	if (json_kind(value) == JSON_STRING)
		return read_value(r, key, json_str(value));
	refuse(r, "what it says are texts");
	return false;
}

static void read_json(struct reading *r, struct str file)
{
	struct json_doc *doc = NULL;

	if (json_parse(file, JSON_REPAIR_TEXT, &doc, r->e) != ERR_OK) {
		r->failed = true;
		return;
	}
	json_each(json_root(doc), read_member, r);
	json_free(doc);
}

static void read_lines(struct reading *r, struct str file)
{
	while (file.len > 0 && !r->failed) {
		struct str line = { file.p, str_find(file, '\n') };
		size_t equals;

		r->line++;
		file = str_from(file, line.len + 1);
		line = str_trim(line);
		equals = str_find(line, '=');
		if (line.len == 0 || line.p[0] == '#')
			continue;
		if (equals == line.len)
			refuse(r, "a line is NAME=VALUE");
		else
			read_value(r, str_trim((struct str){ line.p, equals }),
				str_trim(str_from(line, equals + 1)));
	}
	r->line = 0;
}

enum err_code fix_outcome_parse(struct str file, struct arena *a, struct fix_said *ret, struct err *e)
{
	struct reading r = { .a = a, .said = { .word = FIX_NOTE }, .e = e };
	struct str text = str_trim(file);

	buf_init(&r.note, FIX_OUTCOME_FILE_MAX);
	if (text.len > 0 && text.p[0] == '{')
		read_json(&r, text);
	else
		read_lines(&r, file);
	if (r.said.word == FIX_FIXED && r.said.sha.len == 0)
		refuse(&r, "outcome=fixed wants the sha of the commit that fixes it");
	if (!r.failed) {
		r.said.note = arena_str(a, buf_view(&r.note));
		*ret = r.said;
	}
	buf_done(&r.note);
	return r.failed ? ERR_INVALID : ERR_OK;
}

/* ---- deciding ---- */

static void add_sentence(struct buf *note, struct str text)
{
	if (text.len == 0)
		return;
	if (note->len > 0)
		buf_z(note, "\n");
	buf_str(note, text);
}

static enum fix_word word_of(const struct fix_ended *how)
{
	const struct confined_end *end = how->end;

	if (!end || end->stopped || end->timed_out)
		return FIX_FAILED;
	if (end->exit_code == FIX_NO_FIX_CODE)
		return FIX_NO_FIX;
	return end->exit_code == 0 ? how->said.word : FIX_FAILED;
}

static void say_end(const struct fix_ended *how, struct buf *note)
{
	const struct confined_end *end = how->end;
	AUTO_BUF text;

	buf_init(&text, 1000);
	if (!end)
		return;
	if (end->stopped)
		buf_z(&text, how->lost ? "the dispatch was taken away" : "the agent was stopped");
	else if (!end->timed_out && end->signal == 0 && end->exit_code != 0 &&
		 end->exit_code != FIX_NO_FIX_CODE)
		buf_fmt(&text, "it ended with exit code %d", end->exit_code);
	add_sentence(note, buf_view(&text));
	buf_reset(&text);
	if (!end->stopped)
		confined_describe(end, how->timeout_ms, &text);
	add_sentence(note, buf_view(&text));
}

struct fix_said fix_outcome_decide(const struct fix_ended *how, struct arena *a)
{
	struct fix_said said = { .word = word_of(how) };
	AUTO_BUF note;

	buf_init(&note, 2 * FIX_OUTCOME_FILE_MAX);
	if (said.word == FIX_FIXED)
		said.sha = how->said.sha;
	say_end(how, &note);
	if (how->why.code != ERR_OK && how->end)
		buf_fmt(&note, "%sits outcome file was not understood: %s", note.len > 0 ? "\n" : "",
			how->why.text);
	else if (how->why.code != ERR_OK)
		add_sentence(&note, str_z(how->why.text));
	add_sentence(&note, how->said.note);
	if (said.word == FIX_NOTE && note.len == 0)
		add_sentence(&note, STR("it is done; what came of it is seen by the next run"));
	said.note = arena_str(a, buf_view(&note));
	return said;
}

void fix_note_clean(struct str note, struct buf *out)
{
	AUTO_BUF clean;
	struct str rest;

	buf_init(&clean, SIZE_MAX);
	utf8_clean(note, &clean);
	rest = str_trim(buf_view(&clean));
	if (rest.len > FIX_NOTE_MAX)
		rest.len = utf8_floor(rest, FIX_NOTE_MAX);
	for (size_t i = 0; i < rest.len; i++) {
		unsigned char c = (unsigned char)rest.p[i];
		bool is_c1 = c == 0xc2 && i + 1 < rest.len && (unsigned char)rest.p[i + 1] < 0xa0;

		if (is_c1)
			i++;
		buf_char(out, is_c1 || c == 0x7f || (c < 0x20 && c != '\n' && c != '\t') ? ' ' : (char)c);
	}
}
