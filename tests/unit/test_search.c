/*
 * search: the lines that contain, or match, each in itself; what a stranger may not ask for; and many
 * threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/search.h"

#include <pthread.h>
#include <string.h>

static struct search *must(const char *contains, const char *regex)
{
	struct search *s = NULL;
	struct err e;

	if (search_new(str_z(contains), str_z(regex), &s, &e) != ERR_OK)
		fail_msg("\"%s\", \"%s\": %s", contains, regex, e.text);
	return s;
}

static bool note_line(void *arg, size_t line, struct str text)
{
	buf_fmt(arg, "%zu:%.*s|", line, STR_FMT(text));
	return true;
}

/* want: "0:first line|2:third|" */
static void assert_lines(const char *contains, const char *regex, struct str text, const char *want)
{
	struct search *s = must(contains, regex);
	AUTO_BUF got;
	int64_t n = -1, n_want = 0;

	for (const char *c = want; *c; c++)
		n_want += *c == '|';
	buf_init(&got, SIZE_MAX);
	assert_int_equal(search_lines(s, text, true, note_line, &got, NULL), ERR_OK);
	if (strcmp(buf_cstr(&got), want) != 0)
		fail_msg("\"%s\", \"%s\": %s", contains, regex, buf_cstr(&got));
	assert_int_equal(search_count(s, text, true, &n, NULL), ERR_OK);
	assert_int_equal(n, n_want);
	search_free(s);
}

static void assert_refused(const char *contains, const char *regex, const char *field, const char *word)
{
	struct search *s = NULL;
	struct err e;

	if (search_new(str_z(contains), str_z(regex), &s, &e) != ERR_INVALID)
		fail_msg("\"%s\", \"%s\" is not refused", contains, regex);
	assert_null(s);
	assert_string_equal(e.field, field);
	if (!strstr(e.text, word))
		fail_msg("\"%s\" does not say %s: %s", regex, word, e.text);
}

static void lines_that_contain_are_found_in_any_case_and_once(void **state)
{
	struct str text = STR("an error\nfine\nERROR error Error\n\nterror");

	(void)state;
	assert_lines("error", "", text, "0:an error|2:ERROR error Error|4:terror|");
	assert_lines("ERROR", "", text, "0:an error|2:ERROR error Error|4:terror|");
	assert_lines("fine", "", text, "1:fine|");
	assert_lines("absent", "", text, "");
	assert_lines("e", "", STR("e\ne\n"), "0:e|1:e|");
	assert_lines("error", "", STR(""), "");
}

static void nothing_in_contains_is_syntax(void **state)
{
	(void)state;
	assert_lines(".*[(\\$^", "", STR("x.*[(\\$^y\nxyz\n"), "0:x.*[(\\$^y|");
	assert_lines("a\\E.b", "", STR("A\\e.B\na\\Exb\n"), "0:A\\e.B|");
	assert_lines("100%", "", STR("100%\n1000\n"), "0:100%|");
	assert_lines("\t ", "", STR("a\t b\na b\n"), "0:a\t b|");
}

static void case_is_that_of_unicode_but_ascii_is_matched_by_ascii_alone(void **state)
{
	(void)state;
	assert_lines("\u00fcber", "", STR("\u00dcBER\n\u00fcber\nuber\n"), "0:\u00dcBER|1:\u00fcber|");
	assert_lines("\u0436", "", STR("\u0416\n\u0437\n"), "0:\u0416|");
	assert_lines("k", "", STR("\u212a\nK\n"), "1:K|"); /* the Kelvin sign */
	assert_lines("s", "", STR("\u017f\nS\n"), "1:S|"); /* the long s */
}

static void a_text_without_a_last_line_end_has_a_last_line(void **state)
{
	(void)state;
	assert_lines("b", "", STR("a\nb"), "1:b|");
	assert_lines("", "b$", STR("a\nb"), "1:b|");
	assert_lines("", "", STR("a\n\nb"), "0:a|1:|2:b|");
	assert_lines("", "", STR("a\n\n"), "0:a|1:|");
}

static void escapes_are_not_looked_at_but_given_back(void **state)
{
	struct str text = STR("\x1b[31mer\x1b[1mror\x1b[0m "
			      "x\n31m\n\x1b]8;;http://error\x1b\\link\x1b]8;;\x1b\\\nan error\n");

	(void)state;
	assert_lines("error x", "", text, "0:\x1b[31mer\x1b[1mror\x1b[0m x|");
	assert_lines("31m", "", text, "1:31m|");
	assert_lines("error", "", text, "0:\x1b[31mer\x1b[1mror\x1b[0m x|3:an error|");
	assert_lines("", "^link$", text, "2:\x1b]8;;http://error\x1b\\link\x1b]8;;\x1b\\|");
	assert_lines("\u00ab", "",
		STR("\u00ab\x1b[1m\u00bb\xc2\x9b"
		    "1m\n"),
		"0:\u00ab\x1b[1m\u00bb\xc2\x9b"
		"1m|");
}

static void a_regex_is_of_one_line_and_its_ends_are_the_lines(void **state)
{
	struct str text = STR("foo bar\nbar\nfoo\n\nx foo");

	(void)state;
	assert_lines("", "^foo$", text, "2:foo|");
	assert_lines("", "^foo", text, "0:foo bar|2:foo|");
	assert_lines("", "foo$", text, "2:foo|4:x foo|");
	assert_lines("", "bar\\s+bar", text, "");
	assert_lines("", "bar\\nbar", text, "");
	assert_lines("", "(?s)bar.bar", text, "");
	assert_lines("", "r[^x]f", text, "");
	assert_lines("", "o[^b]*$", text, "2:foo|4:x foo|");
	assert_lines("", "\\s", text, "0:foo bar|4:x foo|");
	assert_lines("", "\\Afoo", text, "0:foo bar|2:foo|");
	assert_lines("", "foo\\z", text, "2:foo|4:x foo|");
	assert_lines("", "foo\\Z", text, "2:foo|4:x foo|");
	assert_lines("", "(?-m)^foo$", text, "2:foo|");
	assert_lines("", "\\bbar\\b", text, "0:foo bar|1:bar|");
	assert_lines("", "\\Boo", text, "0:foo bar|2:foo|4:x foo|");
}

static void a_regex_that_matches_nothing_at_all_matches_where_it_may(void **state)
{
	struct str text = STR("a\n\nxx\n");

	(void)state;
	assert_lines("", "x*", text, "0:a|1:|2:xx|");
	assert_lines("", ".*", text, "0:a|1:|2:xx|");
	assert_lines("", "^$", text, "1:|");
	assert_lines("", "^", text, "0:a|1:|2:xx|");
	assert_lines("", "$", text, "0:a|1:|2:xx|");
	assert_lines("", "^x*$", text, "1:|2:xx|");
	assert_lines("", "\\b", text, "0:a|2:xx|");
	assert_lines("", "()", text, "0:a|1:|2:xx|");
}

static void case_matters_to_a_regex_unless_it_says_so(void **state)
{
	(void)state;
	assert_lines("", "error", STR("Error\nerror\n"), "1:error|");
	assert_lines("", "(?i)error", STR("Error\nerror\n"), "0:Error|1:error|");
}

static void a_regex_counts_characters_and_not_bytes(void **state)
{
	(void)state;
	assert_lines("", "^.{3}$", STR("a\u00e9\u20ac\na\u00e9\n"), "0:a\u00e9\u20ac|");
	assert_lines("", "^[^a]$", STR("\U0001f600\nab\n"), "0:\U0001f600|");
	assert_lines("", "\\x{20ac}\\p{Lu}", STR("\u20ac\u00c9\n\u20ac\u00e9\n"), "0:\u20ac\u00c9|");
}

static void both_have_to_be_in_a_line(void **state)
{
	struct str text = STR("error 12\nerror\n12\nERROR 7\n");

	(void)state;
	assert_lines("error", "\\d", text, "0:error 12|3:ERROR 7|");
	assert_lines("error", "^\\d*$", text, "");
	assert_lines("12", "^$", text, "");
}

static bool stop_at_second(void *arg, size_t line, struct str text)
{
	(void)line;
	(void)text;
	return ++*(int *)arg < 2;
}

static void who_has_enough_is_not_called_again(void **state)
{
	struct search *s = must("a", "");
	int n = 0;

	(void)state;
	assert_int_equal(search_lines(s, STR("a\na\na\na\n"), false, stop_at_second, &n, NULL), ERR_OK);
	assert_int_equal(n, 2);
	search_free(s);
	search_free(NULL);
}

static void assert_literal(const char *contains, const char *want)
{
	struct search *s = must(contains, "");
	struct str got = search_literal(s);

	if (got.len != strlen(want) || (got.len > 0 && memcmp(got.p, want, got.len) != 0))
		fail_msg("\"%s\": \"%.*s\"", contains, STR_FMT(got));
	search_free(s);
}

static void the_literal_is_the_longest_ascii_in_lower_case(void **state)
{
	struct search *s = must("", "error");

	(void)state;
	assert_literal("ERROR: X", "error: x");
	assert_literal("a\u00e9BCD\u00e9ef", "bcd");
	assert_literal("ab\u00e9cd", "ab");
	assert_literal("\u00e9", "");
	assert_int_equal(search_literal(s).len, 0); /* nothing is known of a regex */
	search_free(s);
}

static void contains_has_limits(void **state)
{
	char ascii[SEARCH_CONTAINS_MAX + 2] = { 0 }, euros[3 * SEARCH_CONTAINS_MAX + 1] = { 0 };

	(void)state;
	memset(ascii, 'a', SEARCH_CONTAINS_MAX + 1);
	for (size_t i = 0; i < SEARCH_CONTAINS_MAX; i++)
		memcpy(euros + 3 * i, "\u20ac", 3);
	search_free(must(euros, ""));
	search_free(must(ascii + 1, ""));
	assert_refused(ascii, "", "contains", "100");
	assert_refused("a\nb", "", "contains", "line end");
	assert_refused("\xff", "", "contains", "UTF-8");
}

static void a_regex_has_limits_and_says_which(void **state)
{
	char text[SEARCH_REGEX_MAX + 2] = { 0 };

	(void)state;
	memset(text, 'a', SEARCH_REGEX_MAX + 1);
	search_free(must("", text + 1));
	assert_refused("", text, "regex", "128 bytes");
	search_free(must("", "a{32}b{0,16}c{16,}"));
	search_free(must("", "a{64}"));
	assert_refused("", "a{65}", "regex", "at most 64");
	assert_refused("", "a{32}b{0,16}c{17,}", "regex", "at most 64");
	assert_refused("", "a{99999999999999999999}", "regex", "");
	assert_refused("", "(a{2}b){3}", "regex", "counted repeat");
	assert_refused("", "((x(a{2})?)*y){3}", "regex", "counted repeat");
	assert_refused("", "a{2}{3}", "regex", "counted repeat");
	assert_refused("", "(abcdefgh){64}", "regex", "256");
	assert_refused("", "\\p{L}\\p{L}\\p{L}", "regex", "256");
	assert_refused("", "[\\p{L}x]{3}", "regex", "256");
	assert_refused("", "((((((((((((((((((a))))))))))))))))))", "regex", "16 deep");
	assert_refused("", "(?x)a", "regex", "(?x)");
	assert_refused("", "(*UCP)\\w", "regex", "(*");
	assert_refused("", "(a)\\1", "regex", "not supported");
	assert_refused("", "a(?=b)", "regex", "not supported");
	assert_refused("", "(?<!a)b", "regex", "not supported");
	assert_refused("", "(a", "regex", "not closed");
	assert_refused("", "a)", "regex", "too many");
	assert_refused("", "[a", "regex", "not supported");
	assert_refused("", "*a", "regex", "not supported");
	assert_refused("", "\\", "regex", "not supported");
	assert_refused("", "\xc3", "regex", "UTF-8");
}

static void braces_that_do_not_count_are_characters(void **state)
{
	(void)state;
	assert_lines("", "a{b}", STR("a{b}\n"), "0:a{b}|");
	assert_lines("", "\\{99}", STR("{99}\n"), "0:{99}|");
	assert_lines("", "[{99}]{2}", STR("{9\n"), "0:{9|");
	assert_lines("", "[]{99}]{2}", STR("]9\n"), "0:]9|");
	assert_lines("", "[[:digit:]{99}]{2}", STR("9}\n"), "0:9}|");
	assert_lines("", "\\Q(a{99}(\\E{2}", STR("(a{99}((\n"), "0:(a{99}((|");
	assert_lines("", "\\x{263a}{2}", STR("\u263a\u263a\n"), "0:\u263a\u263a|");
}

static const char *const hostile[] = {
	"(a|b|c|d|e|f)*(a|b|c|d|e|f)*(a|b|c|d|e|f)*(a|b|c|d|e|f)*(a|b|c|d|e|f)*x",
	"(((((((((((((((a*)*)*)*)*)*)*)*)*)*)*)*)*)*)*b",
	"(a*)*(b*)*(c*)*(d*)*(e*)*(f*)*(g*)*(h*)*(i*)*(j*)*(k*)*(l*)*(m*)*(n*)*z",
	".{0,64}x",
	".{0,32}.{0,32}x",
	"x.{0,32}y.{0,32}z",
	"x.{64}y",
	"[^x]{64}y",
	"(abcdefghijklmnopqrstuvwxyz|ABCDEFGHIJKLMNOPQRSTUVWXYZ|0123456789|"
	"abcdefghijklmnopqrstuvwxyz0123456789){64}",
	"(abc|bcd|cde|def|efg|fgh|ghi|hij|ijk|jkl|klm|lmn|mno|nop|opq|pqr|qrs|rst|stu|tuv|uvw|vwx|"
	"wxy|xyz){64}",
	"(.*a.*b.*c.*d.*e.*f.*g.*h.*i.*j.*k){64}",
	"(.*a.*b.*c.*d.*e.*f.*g.*h.*i.*j.*k.*l.*m.*n.*o.*p.*q.*r.*s.*t.*u.*v){32}",
	"((a|b)*c|(d|e)*f|(g|h)*i){64}",
	"(\\p{L}|\\p{N}){64}x",
	"\\p{L}{64}x",
	"\\p{L}{0,64}x",
	"[\\x{100}-\\x{10ffff}]{64}",
	"[^\\x{100}-\\x{200}\\x{400}-\\x{500}\\x{700}-\\x{800}\\x{a00}-\\x{b00}]{64}",
	"(?i)[é-ÿ]{64}",
	"(?i)(ſ|K|é|ß|ü|ö|ä|Ω|λ|σ|ς|я|ж|щ){64}",
	"\\X{64}",
	"(x+x+)+y",
	"(x+x+)+(y+y+)+(z+z+)+w",
	"(.+)+(.+)+(.+)+(.+)+(.+)+(.+)+(.+)+(.+)+(.+)+(.+)+(.+)+(.+)+(.+)+(.+)+(.+)+$",
	"(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x",
	".*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*"
	".*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*x",
	"a?b?c?d?e?f?g?h?i?j?k?l?m?n?o?p?q?r?s?t?u?v?w?x?y?z?a?b?c?d?e?f?g?h?i?j?k?l?m?n?o?p?q?r?s?t?"
	"u?v?w?x?y?z?1",
	".?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?"
	".?.?.?.?.?.?.?.?.?.?.?.?.?.?.?.?x",
	"(a|ab|abc|abcd|abcde|abcdef|abcdefg|abcdefgh|abcdefghi|abcdefghij)*(k|kl|klm|klmn|klmno|"
	"klmnop|klmnopq|klmnopqr)*x",
	"(a.*|b.*|c.*|d.*|e.*|f.*|g.*|h.*|i.*|j.*|k.*|l.*|m.*|n.*|o.*|p.*|q.*|r.*|s.*|t.*|u.*|v.*|w.*"
	"|x.*|y.*)z",
	"(a|b|c).*(d|e|f).*(g|h|i).*(j|k|l).*(m|n|o).*(p|q|r).*(s|t|u).*(v|w|x).*(y|z|0).*(1|2|3).*("
	"4|5|6).*(7|8|9).*!",
	"((a|b).*(c|d).*){32}(e|f)",
	"(a[^b]*b|c[^d]*d|e[^f]*f|g[^h]*h){16}(a[^b]*b|c[^d]*d|e[^f]*f|g[^h]*h){16}(a[^b]*b|c[^d]*d){"
	"32}",
	"(\\w+\\s+){64}\\d",
	"(\\w+\\s+){0,64}\\d",
	"(\\w+@\\w+\\.)+\\w{64}",
	"^(\\w+\\s?)*$",
	"^(([a-z])+.)+[A-Z]([a-z])+$",
	"(\\b\\w+\\b.*){64}",
	"\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b."
	"\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.\\b.",
	"(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^|.)(^"
	"|.)(^|.)(^|.)(^|.)x",
	"(a|)(b|)(c|)(d|)(e|)(f|)(g|)(h|)(i|)(j|)(k|)(l|)(m|)(n|)(o|)(p|)(q|)(r|)(s|)(t|)(u|)(v|)(w|)"
	"(x|)(y|)(z|)(0|)(1|)!",
	"(.a|.b|.c|.d|.e|.f|.g|.h|.i|.j|.k|.l|.m|.n|.o|.p|.q|.r|.s|.t|.u|.v|.w|.x|.y|.z|.0|.1|.2){"
	"64}",
	"(?s)(.a|.b|.c|.d|.e|.f|.g|.h|.i|.j|.k|.l|.m|.n|.o|.p|.q|.r|.s|.t|.u|.v|.w|.x|.y|.z|.0|.1){"
	"64}",
	"x[^y]{1,64}[a-z]",
	"(foo.{0,16}bar|bar.{0,16}baz|baz.{0,16}qux|qux.{0,16}foo)",
	"((.{0,8}a|.{0,8}b|.{0,8}c|.{0,8}d|.{0,8}e|.{0,8}f|.{0,8}g|.{0,8}h))*",
	"(.{0,32}a|.{0,32}b)*(c|d)*e",
	"(a{1,8}b{1,8}c{1,8}d{1,8}e{1,8}f{1,8}g{1,8}h{1,8})",
	".*(a|b).{62}",
	"(a|b).{62}$",
	".*a.{61}.*",
	"(0|1)*1(0|1){63}",
	"[01]*1[01]{31}[01]*1[01]{31}",
	"(?i)a.{0,30}b.{0,30}c",
	"\\s{64}",
	"\\S+\\s{1,32}\\S+\\s{1,32}\\S+",
	"\\w{1,64}\\W",
	"\\d{64}",
	"[\\s\\S]{64}x",
	"(\\x{10000}|\\x{20000}|\\x{30000}|.){64}",
	"(?:(?:a|b){0,1}(?:c|d){0,1}(?:e|f){0,1}){2}",
	"a{64}",
	"(ab?c?d?e?f?g?h?i?j?k?l?m?n?o?p?q?r?s?t?u?v?w?x?y?z?A?B?C?D?E?F?G?H?I?J?K?L?M?N?O?P?Q?R?S?T?"
	"U?V?W?X?Y?Z?0?1?2?3?4?5?6?7?8?9?){64}",
	"(a.?b.?c.?d.?e.?f.?g.?h.?i.?j.?k.?l.?m.?n.?o.?p.?q.?r.?s.?t.?u.?v.?w.?x.?y.?z.?A.?B.?C.?D.?"
	"E.?F.?G.?H.?I.?J.?K.?L){64}",
	".?a?.?b?.?c?.?d?.?e?.?f?.?g?.?h?.?i?.?j?.?k?.?l?.?m?.?n?.?o?.?p?.?q?.?r?.?s?.?t?.?u?.?v?.?w?"
	".?x?.?y?.?z?.?A?.?B?.?C?.?D?.?E?.?x",
	"[^a]?[^b]?[^c]?[^d]?[^e]?[^f]?[^g]?[^h]?[^i]?[^j]?[^k]?[^l]?[^m]?[^n]?[^o]?[^p]?[^q]?[^r]?[^"
	"s]?[^t]?[^u]?[^v]?[^w]?x",
	"\\p{L}\\p{N}\\p{L}\\p{N}\\p{L}\\p{N}\\p{L}\\p{N}\\p{L}\\p{N}\\p{L}\\p{N}\\p{L}\\p{N}\\p{L}"
	"\\p{N}\\p{L}\\p{N}\\p{L}\\p{N}\\p{L}\\p{N}\\p{L}x",
	"\\p{L}?\\p{N}?\\p{L}?\\p{N}?\\p{L}?\\p{N}?\\p{L}?\\p{N}?\\p{L}?\\p{N}?\\p{L}?\\p{N}?\\p{L}?"
	"\\p{N}?\\p{L}?\\p{N}?\\p{L}?\\p{N}?\\p{L}?\\p{N}?x",
	"(?i)é?ß?ü?ö?ä?é?ß?ü?ö?ä?é?ß?ü?ö?ä?é?ß?ü?ö?ä?é?ß?ü?ö?ä?é?ß?ü?ö?ä?x",
	"(*UCP)\\w?\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?"
	"\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?\\d?\\w?x",
	"(*UCP)(\\w+\\W+)+\\b\\w{32}\\b\\w{32}",
	"(*UCP)\\b\\w+\\b\\w+\\b\\w+\\b\\w+\\b\\w+\\b\\w+\\b\\w+\\b\\w+\\b\\w+\\b\\w+\\b\\w+\\b\\w+"
	"\\b\\w+\\b\\w+\\b\\w+\\b\\w+\\b\\w+\\b\\w+\\b\\w+",
	"(a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u|v|w|x|y|z|.{0,2}a|.{0,2}b|.{0,2}c|.{0,2}d|.{0,2}"
	"e|.{0,2}f|.{0,2}g)*(.{0,2}x)*$",
	"x.{0,32}y.{0,32}z",
	"x.{0,21}y.{0,21}z.{0,22}w",
	"(?i)a.{0,30}b.{0,30}c",
	"(?i)a.{0,16}b.{0,16}c.{0,16}d.{0,16}e",
	"(a|b).{0,16}(c|d).{0,16}(e|f).{0,16}(g|h).{0,16}(i|j)",
	"\\w.{0,16}\\d.{0,16}\\w.{0,16}\\d.{0,16}\\s",
	"error.{0,30}timeout.{0,30}connection",
	"[ab].{32}[cd].{32}[ef]",
};

/* Refused at once or answered: each is run over a text that makes it work. */
static void hostile_patterns_are_refused_or_answered(void **state)
{
	AUTO_BUF text;

	(void)state;
	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 300; i++)
		buf_fmt(&text,
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab%d x\n"
			"abababababababababab 01010101010101010101 "
			"xxxxxxxxxxxxxxxxxxxxxxxx\n\u00e9\u00e9\u00e9\u00e9\n",
			i);
	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
		struct search *s;
		struct err e;
		int64_t n = -1;

		if (search_new(STR(""), str_z(hostile[i]), &s, &e) != ERR_OK) {
			assert_int_equal(e.code, ERR_INVALID);
			assert_string_equal(e.field, "regex");
			continue;
		}
		assert_int_equal(search_count(s, buf_view(&text), false, &n, &e), ERR_OK);
		assert_in_range(n, 0, 900);
		search_free(s);
	}
}

/* The same answers from each line alone: no match reaches over a line end, none is missed at one. */
static void a_text_is_searched_as_each_of_its_lines_alone(void **state)
{
	static const char *const patterns[] = { "a", "a$", "^b", "[^a]", "[^a]b", "\\s", "a\\s*b", "(?s)a.*b",
		"a*b*$", "b\\b", "\\Ba", "^a*$", "(a|b$)", "(^a|b)", "a.{1,2}b", "\\W", "\\Aab|b\\z",
		"ab|ba|\\n" };

	(void)state;
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		struct search *s = must("", patterns[i]);

		/* Every text of up to nine of a, b and line end. */
		for (int code = 0; code < 19683; code += 1 + code % 5) {
			char text[10] = { 0 };
			int64_t n = -1, n_alone = 0, one;
			struct str rest = { text, 9 };

			for (int k = 0, c = code; k < 9; k++, c /= 3)
				text[k] = "ab\n"[c % 3];
			assert_int_equal(search_count(s, rest, false, &n, NULL), ERR_OK);
			for (; rest.len > 0; rest = str_from(rest, str_find(rest, '\n') + 1)) {
				size_t len = str_find(rest, '\n');
				struct str line = { rest.p, len == 0 ? 1 : len };

				assert_int_equal(search_count(s, line, false, &one, NULL), ERR_OK);
				n_alone += one;
			}
			if (n != n_alone)
				fail_msg("\"%s\" in \"%s\": %d, alone %d", patterns[i], text, (int)n,
					(int)n_alone);
		}
		search_free(s);
	}
}

/*
 * vectorscan 5.4.9 passes over the last bytes where there is AVX-512: a wrong answer that nobody would
 * notice.
 */
static void what_matches_in_the_last_bytes_is_found_whatever_is_in_front(void **state)
{
	static const struct {
		const char *regex, *end;
	} cases[] = { { "[^x]$", "5\nfo Mrr\n" }, { "[^a]b", "cb\n" }, { "b\\b", "b c\n" },
		{ "x[^a]{2}", "xbb\n" }, { "e[^e]*$", "e12\nyes\n" } };
	char text[400];

	(void)state;
	for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		struct search *s = must("", cases[k].regex);

		for (size_t front = 1; front < 300; front++) {
			size_t len = front + strlen(cases[k].end);
			int64_t n = -1;

			memset(text, 'x', front);
			text[front - 1] = ' ';
			memcpy(text + front, cases[k].end, len - front);
			assert_int_equal(search_count(s, (struct str){ text, len }, false, &n, NULL), ERR_OK);
			int64_t want = str_find((struct str){ text, len }, '\n') + 1 == len ? 1 : 2;
			if (n != want)
				fail_msg("\"%s\" behind %zu bytes: %d lines of %d; the library is broken: "
					 "tools/deps build",
					cases[k].regex, front, (int)n, (int)want);
		}
		search_free(s);
	}
}

static void *search_many_times(void *arg)
{
	int64_t wrong = 0;

	for (int i = 0; i < 200; i++) {
		int64_t n = -1;
		if (search_count(arg, STR("\x1b[1merror\x1b[0m 1\nx\nerror 22\n"), true, &n, NULL) !=
				ERR_OK ||
			n != 2)
			wrong++;
	}
	return (void *)(intptr_t)wrong;
}

static void any_number_of_threads_use_one_search(void **state)
{
	struct search *s = must("error", "\\d+$");
	pthread_t threads[8];

	(void)state;
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, search_many_times, s), 0);
	for (size_t i = 0; i < 8; i++) {
		void *wrong;

		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	search_free(s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_contain_are_found_in_any_case_and_once),
		cmocka_unit_test(nothing_in_contains_is_syntax),
		cmocka_unit_test(case_is_that_of_unicode_but_ascii_is_matched_by_ascii_alone),
		cmocka_unit_test(a_text_without_a_last_line_end_has_a_last_line),
		cmocka_unit_test(escapes_are_not_looked_at_but_given_back),
		cmocka_unit_test(a_regex_is_of_one_line_and_its_ends_are_the_lines),
		cmocka_unit_test(a_regex_that_matches_nothing_at_all_matches_where_it_may),
		cmocka_unit_test(case_matters_to_a_regex_unless_it_says_so),
		cmocka_unit_test(a_regex_counts_characters_and_not_bytes),
		cmocka_unit_test(both_have_to_be_in_a_line),
		cmocka_unit_test(who_has_enough_is_not_called_again),
		cmocka_unit_test(the_literal_is_the_longest_ascii_in_lower_case),
		cmocka_unit_test(contains_has_limits),
		cmocka_unit_test(a_regex_has_limits_and_says_which),
		cmocka_unit_test(braces_that_do_not_count_are_characters),
		cmocka_unit_test(hostile_patterns_are_refused_or_answered),
		cmocka_unit_test(a_text_is_searched_as_each_of_its_lines_alone),
		cmocka_unit_test(what_matches_in_the_last_bytes_is_found_whatever_is_in_front),
		cmocka_unit_test(any_number_of_threads_use_one_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
