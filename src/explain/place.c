/*
 * place: a number is looked for that stands where a line number does, and the file in front of it.
 *
 * What is in front of ":12", "(12" or " line 12" is a file when it has a name with an extension that begins with a
 * letter: "12:30:05" is none, nor is "localhost:8080", nor "1.2.3:4". A file without an extension is one when a
 * slash is in it and a column follows ("bin/tool:3:1"): URLs have slashes and one number. A few names need neither.
 */
#include "explain/place.h"

#include <string.h>

/* Of a trace this much is looked at, and of a test's name. */
#define TRACE_LINES 200
#define LINE_LOOKED 2000
#define TEST_LOOK 500

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* What a file's name cannot have in prose. */
static bool ends_name(char c)
{
	return (uint8_t)c <= ' ' || strchr("()[]{}<>\"'`,;|=*?", c);
}

/* Digits at *i, which moves behind them. 0: none, or too many. */
static int64_t number(struct str s, size_t *i)
{
	int64_t value = 0;
	size_t from = *i;

	while (*i < s.len && is_digit(s.p[*i]) && *i - from < 9)
		value = value * 10 + (s.p[(*i)++] - '0');
	return *i < s.len && is_digit(s.p[*i]) ? 0 : value;
}

/* Letters and digits behind the last dot of the last segment, beginning with a letter. */
static bool has_extension(struct str file)
{
	const char *slash = memrchr(file.p, '/', file.len), *back = memrchr(file.p, '\\', file.len);
	const char *from = slash && (!back || slash > back) ? slash + 1 : back ? back + 1 : file.p;
	struct str name = { from, file.len - (size_t)(from - file.p) };
	const char *dot = name.len > 1 ? memrchr(name.p, '.', name.len) : NULL;
	struct str ext = str_from(name, dot ? (size_t)(dot - name.p) + 1 : name.len);

	if (ext.len == 0 || ext.len > 10 || !is_letter(ext.p[0]))
		return false;
	for (size_t i = 0; i < ext.len; i++)
		if (!is_letter(ext.p[i]) && !is_digit(ext.p[i]) && ext.p[i] != '+' && ext.p[i] != '_')
			return false;
	return true;
}

/* Files that have no extension by custom. */
static bool is_bare_name(struct str file)
{
	static const char *const names[] = { "Makefile", "makefile", "GNUmakefile", "Gemfile", "Rakefile",
		"Dockerfile", "Containerfile", "Jenkinsfile", "Vagrantfile", "Podfile", "Brewfile",
		"Procfile", "BUILD", "WORKSPACE" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_eq(file, str_z(names[i])))
			return true;
	return false;
}

/* "http://a/b:1", "example.org:443" */
static bool is_url(struct str file)
{
	static const char *const domains[] = { ".com", ".org", ".net", ".io", ".dev", ".local", ".internal" };

	for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
		if (str_ends(file, str_z(domains[i])))
			return true;
	if (str_starts(file, STR("file://")))
		return false;
	return str_starts(file, STR("//")) || str_find_str(file, STR("://")) < file.len;
}

/* The name that ends at `end`: back to what no name has. "C:" in front of a slash is a part of it, and so
 * are "file:" and V8's "node:". */
static struct str name_before(struct str s, size_t end)
{
	size_t i = end;

	while (i > 0 && !ends_name(s.p[i - 1]) && s.p[i - 1] != ':')
		i--;
	if (i >= 2 && s.p[i - 1] == ':' && is_letter(s.p[i - 2]) && i < end && strchr("/\\", s.p[i]) &&
		(i == 2 || ends_name(s.p[i - 3])))
		i -= 2;
	else if (i >= 5 && (str_eq((struct str){ s.p + i - 5, 5 }, STR("file:")) ||
				   str_eq((struct str){ s.p + i - 5, 5 }, STR("node:"))))
		i -= 5;
	return (struct str){ s.p + i, end - i };
}

/* file:12, file:12:5 with the colon at i; file(12), file(12,5) with the parenthesis there. */
static bool number_behind(struct str s, size_t i, struct place *ret)
{
	bool paren = s.p[i] == '(';
	struct str file = name_before(s, i);
	size_t at = i + 1;
	int64_t line = number(s, &at), col = 0;

	if (line <= 0 || file.len == 0 || is_url(file))
		return false;
	if (at + 1 < s.len && s.p[at] == (paren ? ',' : ':') && is_digit(s.p[at + 1])) {
		at++;
		col = number(s, &at);
	}
	if (paren && (at == s.len || s.p[at] != ')'))
		return false;
	if (!has_extension(file) && !is_bare_name(file) &&
		(paren || col == 0 || !memchr(file.p, '/', file.len)))
		return false;
	*ret = (struct place){ file, line, col, at + paren };
	return true;
}

/* "a.py", line 12  and  a.t line 12: the word begins at i. */
static bool line_behind(struct str s, size_t i, struct place *ret)
{
	size_t at = i + strlen("line "), end = i;
	int64_t line = number(s, &at);

	while (end > 0 && strchr(" ,:\"'", s.p[end - 1]))
		end--;
	bool quoted = end < i && (s.p[end] == '"' || s.p[end] == '\'');
	struct str file = name_before(s, end);
	if (quoted) { /* blanks are allowed in it */
		const char *open = end > 0 ? memrchr(s.p, s.p[end], end) : NULL;

		file = open ? (struct str){ open + 1, end - (size_t)(open + 1 - s.p) } : file;
	}
	if (line <= 0 || file.len == 0 || !has_extension(file))
		return false;
	*ret = (struct place){ file, line, 0, at };
	return true;
}

bool place_in_line(struct str line, struct place *ret)
{
	for (size_t i = 1; i + 1 < line.len; i++) {
		char c = line.p[i];

		if ((c == ':' || c == '(') && is_digit(line.p[i + 1]) && number_behind(line, i, ret))
			return true;
		if (c == 'l' && strchr(" :", line.p[i - 1]) && str_starts(str_from(line, i), STR("line ")) &&
			line_behind(line, i, ret))
			return true;
	}
	return false;
}

bool place_at_start(struct str line, struct place *ret)
{
	struct place p;
	size_t blanks = 0;

	while (blanks < line.len && (line.p[blanks] == ' ' || line.p[blanks] == '\t'))
		blanks++;
	if (!place_in_line(line, &p) || p.file.p != line.p + blanks)
		return false;
	*ret = p;
	return true;
}

static bool is_library(struct str file)
{
	static const char *const marks[] = { "node_modules/", "site-packages/", "dist-packages/",
		"node:", "/usr/lib/", "/usr/local/lib/", "/rustc/", "/.cargo/registry/", "/go/pkg/mod/",
		"/gems/", "/vendor/", "<frozen", "internal/process", "/_pytest/", "/unittest/" };
	/* What a JVM has in front of everything of one's own. */
	static const char *const jvm[] = { "Assert.java", "Assertions.java", "AssertionUtils.java",
		"AssertionFailureBuilder.java", "Method.java", "Thread.java", "MatcherAssert.java" };

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (str_find_str(file, str_z(marks[i])) < file.len)
			return true;
	for (size_t i = 0; i < sizeof jvm / sizeof jvm[0]; i++)
		if (str_eq(file, str_z(jvm[i])))
			return true;
	return str_starts(file, STR("Assert")) && str_ends(file, STR(".java"));
}

/* Is the file's name, without folders and extension, a part of the test's? */
static bool is_named_after(struct str file, struct str test)
{
	const char *slash = memrchr(file.p, '/', file.len);
	struct str stem = str_from(file, slash ? (size_t)(slash - file.p) + 1 : 0);

	stem.len = str_find(stem, '.');
	if (test.len > TEST_LOOK)
		test.len = TEST_LOOK;
	for (size_t i = 0; stem.len > 0 && i + stem.len <= test.len; i++) {
		bool begins = i == 0 || strchr("./:$ >\\", test.p[i - 1]);
		bool ends = i + stem.len == test.len || strchr("./:$ >\\#[(", test.p[i + stem.len]);

		if (begins && ends && memcmp(test.p + i, stem.p, stem.len) == 0)
			return true;
	}
	return false;
}

bool place_in_trace(struct str trace, struct str test, struct place *ret)
{
	struct place p;
	bool found = false;
	size_t end, n = 0;

	for (; trace.len > 0 && n < TRACE_LINES; trace = str_from(trace, end + 1), n++) {
		end = str_find(trace, '\n');
		struct str line = { trace.p, end < LINE_LOOKED ? end : LINE_LOOKED };
		if (!place_in_line(line, &p) || is_library(p.file))
			continue;
		if (!found || is_named_after(p.file, test))
			*ret = p;
		found = true;
		if (is_named_after(p.file, test))
			break;
	}
	return found;
}
