/*
 * regex: PCRE2 with its limits set.
 *
 * What JavaScript and PCRE2 read alike goes through as it is, with the options that make PCRE2 follow
 * ECMA-262 (an empty class, \u and \x, unset back references). The rest is refused before PCRE2 sees it:
 * an unknown escape is the letter itself to JavaScript and may be anything to PCRE2 (\A, \K, \Q), and what
 * begins with (* or (? is mostly not JavaScript at all.
 *
 * A pattern is compiled for UTF and once more for bytes, for lines that are not UTF-8; the second one only when
 * such a line comes.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/regex.h"

#include "base/arena.h"
#include "base/utf8.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

struct regex {
	struct str pattern; /* owned */
	uint32_t options;
	pcre2_code *utf;
	pcre2_code *bytes; /* NULL until it is needed, and when it cannot be had */
	bool bytes_tried;
	pcre2_match_data *data;
	pcre2_match_context *limits;
	uint32_t n_groups;
	uint64_t n_given_up;
};

static enum err_code refused(struct str pattern, size_t at, const char *what, struct err *e)
{
	return err_field(e, "regexp", "\"%.*s\" at %zu: %s", (int)(pattern.len < 100 ? pattern.len : 100),
		pattern.p, at, what);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What stands behind a backslash at i. */
static enum err_code check_escape(struct str p, size_t i, struct err *e)
{
	char c = i + 1 < p.len ? p.p[i + 1] : '\0';

	if (c == '\0')
		return refused(p, i, "ends in a backslash", e);
	if (is_letter(c) && !strchr("bBcdDfknrsStuwWxpP", c))
		return refused(p, i, "is not an escape of ECMAScript that is supported here", e);
	return ERR_OK;
}

/* What stands behind a parenthesis at i. */
static enum err_code check_group(struct str p, size_t i, struct err *e)
{
	struct str rest = str_from(p, i + 1);

	if (str_starts(rest, STR("*")))
		return refused(p, i, "(* is not ECMAScript", e);
	if (!str_starts(rest, STR("?")))
		return ERR_OK;
	if (rest.len < 2 || !strchr(":=!<", rest.p[1]))
		return refused(
			p, i, "of groups with (? only (?: (?= (?! (?<= (?<! (?<name> are ECMAScript", e);
	return ERR_OK;
}

static enum err_code check_ecmascript(struct str p, struct err *e)
{
	bool in_class = false, quantified = false; /* what is in front is a quantifier */

	for (size_t i = 0; i < p.len; i++) {
		char c = p.p[i];
		bool possessive = quantified && c == '+';

		quantified = !in_class && strchr("*+?}", c) && !(i > 0 && p.p[i - 1] == '(');
		if (c == '\\') {
			TRY(check_escape(p, i++, e));
		} else if (in_class) {
			in_class = c != ']';
			if (c == '[' && i + 1 < p.len && strchr(":.=", p.p[i + 1]))
				return refused(p, i, "classes of POSIX are not ECMAScript", e);
		} else if (c == '[') {
			in_class = true;
		} else if (c == '(') {
			TRY(check_group(p, i, e));
		} else if (possessive) {
			return refused(p, i, "possessive quantifiers are not ECMAScript", e);
		}
	}
	return ERR_OK;
}

static pcre2_code *compile(const struct regex *r, uint32_t more, int *ret_error, size_t *ret_at)
{
	pcre2_compile_context *ctx = mem_must(pcre2_compile_context_create(NULL));
	pcre2_code *code;

	pcre2_set_parens_nest_limit(ctx, 50);
	pcre2_set_max_pattern_length(ctx, REGEX_PATTERN_MAX);
	code = pcre2_compile(
		(PCRE2_SPTR)r->pattern.p, r->pattern.len, r->options | more, ret_error, ret_at, ctx);
	pcre2_compile_context_free(ctx);
	if (code) /* where it cannot, pcre2_match() interprets as before, within the same limits */
		(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	return code;
}

static enum err_code set_up(struct regex *r, struct err *e)
{
	int error;
	size_t at;

	r->utf = compile(r, PCRE2_UTF, &error, &at);
	if (!r->utf) {
		PCRE2_UCHAR text[160];

		pcre2_get_error_message(error, text, sizeof text);
		return refused(r->pattern, at, (const char *)text, e);
	}
	pcre2_pattern_info(r->utf, PCRE2_INFO_CAPTURECOUNT, &r->n_groups);
	if (r->n_groups >= REGEX_GROUPS_MAX)
		return refused(r->pattern, 0, "has too many groups", e);
	r->data = mem_must(pcre2_match_data_create(REGEX_GROUPS_MAX, NULL));
	r->limits = mem_must(pcre2_match_context_create(NULL));
	pcre2_set_match_limit(r->limits, REGEX_STEPS);
	pcre2_set_depth_limit(r->limits, REGEX_STEPS);
	pcre2_set_heap_limit(r->limits, 4096); /* KiB */
	return ERR_OK;
}

enum err_code regex_new(struct str pattern, enum regex_dialect dialect, struct regex **ret, struct err *e)
{
	struct regex *r;
	enum err_code code;

	if (pattern.len == 0 || pattern.len > REGEX_PATTERN_MAX)
		return err_field(e, "regexp", "must have 1 to %d bytes", REGEX_PATTERN_MAX);
	if (utf8_valid(pattern) < pattern.len || memchr(pattern.p, '\0', pattern.len))
		return err_field(e, "regexp", "must be UTF-8 without NUL");
	if (dialect == REGEX_ECMASCRIPT)
		TRY(check_ecmascript(pattern, e));
	r = mem_alloc(sizeof *r);
	r->pattern = (struct str){ mem_dup(pattern), pattern.len };
	r->options = PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;
	if (dialect == REGEX_ECMASCRIPT)
		r->options |= PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF;
	code = set_up(r, e);
	if (code == ERR_OK)
		*ret = r;
	else
		regex_free(r);
	return code;
}

void regex_free(struct regex *r)
{
	if (!r)
		return;
	pcre2_code_free(r->utf);
	pcre2_code_free(r->bytes);
	pcre2_match_data_free(r->data);
	pcre2_match_context_free(r->limits);
	free((char *)r->pattern.p);
	free(r);
}

size_t regex_n_groups(const struct regex *r)
{
	return r->n_groups;
}

size_t regex_group(const struct regex *r, const char *name)
{
	int n = pcre2_substring_number_from_name(r->utf, (PCRE2_SPTR)name);

	return n > 0 ? (size_t)n : 0;
}

uint64_t regex_n_given_up(const struct regex *r)
{
	return r->n_given_up;
}

/* NULL: the pattern has characters that mean nothing to bytes, so it matches no such line. */
static const pcre2_code *code_for(struct regex *r, struct str line)
{
	int error;
	size_t at;

	if (utf8_valid(line) == line.len)
		return r->utf;
	if (!r->bytes_tried)
		r->bytes = compile(r, PCRE2_NEVER_UTF, &error, &at);
	r->bytes_tried = true;
	return r->bytes;
}

static struct str group(const struct regex *r, struct str line, size_t i)
{
	const size_t *at = pcre2_get_ovector_pointer(r->data);

	if (i > r->n_groups || at[2 * i] == PCRE2_UNSET || at[2 * i + 1] < at[2 * i])
		return STR("");
	return (struct str){ line.p + at[2 * i], at[2 * i + 1] - at[2 * i] };
}

bool regex_match(struct regex *r, struct str line, struct str *ret_groups, size_t n)
{
	const pcre2_code *code;
	int got;

	if (line.len > REGEX_LINE_MAX)
		line.len = utf8_floor(line, REGEX_LINE_MAX);
	if (line.len == 0)
		line.p = "";
	code = code_for(r, line);
	if (!code)
		return false;
	got = pcre2_match(code, (PCRE2_SPTR)line.p, line.len, 0, PCRE2_NO_UTF_CHECK, r->data, r->limits);
	if (got < 0) {
		r->n_given_up += got != PCRE2_ERROR_NOMATCH;
		return false;
	}
	for (size_t i = 0; i < n; i++)
		ret_groups[i] = group(r, line, i);
	return true;
}
