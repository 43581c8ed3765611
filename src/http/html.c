/*
 * html: five characters are enough to escape for text and for quoted values alike (WHATWG HTML 13.1.2.3, 13.3); attributes are always
 * quoted, and nothing is ever written into a script, a style or a comment.
 */
#include "http/html.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "text/visible.h"

#include <stdio.h>
#include <string.h>

void html_literal(struct html *h, const char *literal, size_t len)
{
	buf_add(h->out, literal, len);
}

static struct str escape_of(char c)
{
	switch (c) {
	case '&':
		return STR("&amp;");
	case '<':
		return STR("&lt;");
	case '>':
		return STR("&gt;");
	case '"':
		return STR("&quot;");
	case '\'':
		return STR("&#39;");
	default:
		return STR("");
	}
}

static void put_escaped(struct html *h, struct str s)
{
	size_t done = 0;

	for (size_t i = 0; i < s.len; i++) {
		struct str escape = escape_of(s.p[i]);

		if (escape.len == 0)
			continue;
		buf_add(h->out, s.p + done, i - done);
		buf_str(h->out, escape);
		done = i + 1;
	}
	buf_str(h->out, str_from(s, done));
}

static bool is_plain(struct str s)
{
	bool plain = true;

	for (size_t i = 0; i < s.len; i++)
		plain &= s.p[i] >= ' ' && s.p[i] <= '~';
	return plain;
}

void html_text(struct html *h, struct str text)
{
	AUTO_BUF seen;

	buf_init(&seen, SIZE_MAX);
	if (is_plain(text)) {
		put_escaped(h, text);
		return;
	}
	text_visible(text, &seen);
	put_escaped(h, buf_view(&seen));
}

void html_name(struct html *h, struct str name, size_t max)
{
	AUTO_BUF seen;

	buf_init(&seen, SIZE_MAX);
	text_visible_name(name, max, &seen);
	put_escaped(h, buf_view(&seen));
}

void html_attr(struct html *h, const char *name, struct str value)
{
	AUTO_BUF clean;

	buf_init(&clean, SIZE_MAX);
	utf8_clean(value, &clean);
	buf_char(h->out, ' ');
	buf_z(h->out, name);
	buf_z(h->out, "=\"");
	put_escaped(h, buf_view(&clean));
	buf_char(h->out, '"');
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c));
}

static void put_percent(struct html *h, struct str s, char also)
{
	for (size_t i = 0; i < s.len; i++) {
		if (is_unreserved(s.p[i]) || (also && s.p[i] == also))
			buf_char(h->out, s.p[i]);
		else
			buf_fmt(h->out, "%%%02X", (unsigned)(uint8_t)s.p[i]);
	}
}

void html_url(struct html *h, struct str part)
{
	put_percent(h, part, '\0');
}

void html_path(struct html *h, struct str path)
{
	put_percent(h, path, '/');
}

bool html_is_web(struct str url)
{
	if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://")))
		return false;
	for (size_t i = 0; i < url.len; i++)
		if (url.p[i] <= ' ' || url.p[i] > '~')
			return false;
	return true;
}

void html_open_link(struct html *h, struct str url)
{
	html(h, "<a");
	html_attr(h, "href", html_is_web(url) ? url : STR("#"));
	html(h, " rel=\"noopener noreferrer nofollow\">");
}

/* ---- numbers and times ---- */

void html_int(struct html *h, int64_t n)
{
	buf_fmt(h->out, "%lld", (long long)n);
}

void html_count(struct html *h, int64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%lld", (long long)n);

	for (int i = 0; i < len; i++) {
		buf_char(h->out, digits[i]);
		if (digits[i] != '-' && i + 1 < len && (len - i - 1) % 3 == 0)
			buf_char(h->out, ',');
	}
}

void html_bytes(struct html *h, int64_t n)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)n;
	int unit = -1;

	while (value >= 1024 && unit < 3) {
		value /= 1024;
		unit++;
	}
	if (unit < 0)
		buf_fmt(h->out, "%lld byte%s", (long long)n, n == 1 ? "" : "s");
	else
		buf_fmt(h->out, "%.1f %s", value, units[unit]);
}

void html_duration(struct html *h, int64_t ms)
{
	long long s = ms / 1000;

	if (s < 10)
		buf_fmt(h->out, "%.1f s", (double)ms / 1000);
	else if (s < 60)
		buf_fmt(h->out, "%lld s", s);
	else if (s < 3600)
		buf_fmt(h->out, "%lld min %lld s", s / 60, s % 60);
	else
		buf_fmt(h->out, "%lld h %lld min", s / 3600, s / 60 % 60);
}

static void put_ago(struct html *h, int64_t ms, int64_t now)
{
	static const struct {
		long long seconds;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" } };
	long long s = now > ms ? (now - ms) / 1000 : (ms - now) / 1000;
	const char *before = now > ms ? "" : "in ", *behind = now > ms ? " ago" : "";

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		long long n = s / units[i].seconds;

		if (n == 0)
			continue;
		buf_fmt(h->out, "%s%lld %s%s%s", before, n, units[i].name, n == 1 ? "" : "s", behind);
		return;
	}
	buf_z(h->out, now > ms || s < 10 ? "just now" : "in a moment");
}

/* "2026-01-02 15:04:05 UTC" */
static void put_time(struct html *h, int64_t ms)
{
	char text[CLOCK_RFC3339_LEN];

	clock_rfc3339(ms, text);
	buf_fmt(h->out, "%.10s %.8s UTC", text, text + 11);
}

static void open_time(struct html *h, int64_t ms)
{
	char text[CLOCK_RFC3339_LEN];

	html(h, "<time");
	html_attr(h, "datetime", str_z(clock_rfc3339(ms, text)));
}

void html_ago(struct html *h, int64_t ms, int64_t now)
{
	if (ms == 0) {
		html(h, "never");
		return;
	}
	open_time(h, ms);
	html(h, " title=\"");
	put_time(h, ms);
	html(h, "\">");
	put_ago(h, ms, now);
	html(h, "</time>");
}

void html_time(struct html *h, int64_t ms, int64_t now)
{
	if (ms == 0) {
		html(h, "never");
		return;
	}
	open_time(h, ms);
	html(h, ">");
	put_time(h, ms);
	html(h, " (");
	put_ago(h, ms, now);
	html(h, ")</time>");
}
