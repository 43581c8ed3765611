/* xml: what is told of a document, what is refused, and what raw output in it cannot do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xml.h"

#include <string.h>

static void tell_open(void *arg, const struct xml_event *ev)
{
	buf_fmt(arg, "<%.*s@%zu", STR_FMT(ev->name), ev->line);
	for (size_t i = 0; i < ev->n_attrs; i++)
		buf_fmt(arg, " %.*s=%.*s", STR_FMT(ev->attrs[i].name), STR_FMT(ev->attrs[i].value));
	buf_z(arg, ">");
}

static void tell_text(void *arg, struct str piece)
{
	buf_str(arg, piece);
}

static void tell_close(void *arg, const struct xml_event *ev)
{
	buf_fmt(arg, "</%.*s %zu>", STR_FMT(ev->name), ev->depth);
}

static enum err_code told(struct str text, struct buf *out, struct err *e)
{
	struct xml_handler h = { tell_open, tell_text, tell_close, out };

	return xml_read(text, &h, e);
}

static void assert_told(const char *text, const char *want)
{
	struct err e = { 0 };
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	if (told(str_z(text), &out, &e) != ERR_OK)
		fail_msg("%s: %s", text, e.text);
	assert_string_equal(buf_cstr(&out), want);
}

static void assert_refused(struct str text, enum err_code want, const char *part)
{
	struct err e = { 0 };
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	assert_int_equal(told(text, &out, &e), want);
	if (!strstr(e.text, part))
		fail_msg("\"%s\" does not say \"%s\"", e.text, part);
}

static void elements_attributes_and_text_are_told_in_order_with_their_lines(void **state)
{
	(void)state;
	assert_told("<a x='1' y='&lt;&#65;'>t\n<b/>\n<![CDATA[<&]]></a>",
		"<a@0 x=1 y=<A>t\n<b@1></b 1>\n<&</a 0>");
}

static void prefixes_are_left_out_declared_or_not(void **state)
{
	(void)state;
	assert_told("<a xmlns='u:r:n' xmlns:p='q'><p:b p:c='1'/></a>",
		"<a@0 xmlns=u:r:n p=q><b@0 c=1></b 1></a 0>");
	assert_told("<x:a><x:b/></x:a>", "<a@0><b@0></b 1></a 0>");
}

static void raw_output_in_a_report_is_replaced_and_does_not_end_it(void **state)
{
	(void)state;
	assert_told("<a>\x1b[31m\xff\r\n\x08</a>", "<a@0>\xef\xbf\xbd[31m\xef\xbf\xbd \n\xef\xbf\xbd</a 0>");
	assert_told("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>", "<a@0>\xef\xbf\xbd</a 0>");
	assert_told("\xef\xbb\xbf<a>\xef\xbf\xbf</a>", "<a@0>\xef\xbf\xbd</a 0>");
}

static void a_document_type_is_refused_and_so_nothing_is_expanded(void **state)
{
	(void)state;
	assert_refused(STR("<!DOCTYPE a [<!ENTITY l 'lol'><!ENTITY m '&l;&l;&l;'>]><a>&m;</a>"),
		ERR_UNPROCESSABLE, "document type");
	assert_refused(STR("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"), ERR_UNPROCESSABLE, "line 1");
	assert_refused(STR("<a>&unknown;</a>"), ERR_INVALID, "undefined entity");
}

static void what_is_not_well_formed_is_refused_with_its_line(void **state)
{
	(void)state;
	assert_refused(STR(""), ERR_INVALID, "no element");
	assert_refused(STR("<a>\n<b></a>"), ERR_INVALID, "line 2");
	assert_refused(STR("<a>"), ERR_INVALID, "no element");
	assert_refused(STR("<a/>x"), ERR_INVALID, "junk");
}

static void depth_attributes_and_tags_have_limits(void **state)
{
	AUTO_BUF text;

	(void)state;
	buf_init(&text, SIZE_MAX);
	for (int i = 0; i <= XML_MAX_DEPTH; i++)
		buf_z(&text, "<a>");
	assert_refused(buf_view(&text), ERR_TOO_LARGE, "deep");
	buf_reset(&text);
	buf_z(&text, "<a");
	for (int i = 0; i <= XML_MAX_ATTRS; i++)
		buf_fmt(&text, " a%d=''", i);
	buf_z(&text, "/>");
	assert_refused(buf_view(&text), ERR_TOO_LARGE, "attributes");
	buf_reset(&text);
	buf_z(&text, "<a x='");
	for (int i = 0; i < 3 * XML_MAX_TAG; i++)
		buf_char(&text, 'x');
	buf_z(&text, "'/>");
	assert_refused(buf_view(&text), ERR_TOO_LARGE, "too long");
}

static void text_may_be_long_and_characters_are_whole_wherever_a_piece_ends(void **state)
{
	AUTO_BUF text, out;
	struct err e;
	size_t n = 0;

	(void)state;
	buf_init(&text, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	buf_z(&text, "<a>x");
	for (; n < 1000000; n++)
		buf_z(&text, "\xe2\x82\xac");
	buf_z(&text, "</a>");
	assert_int_equal(told(buf_view(&text), &out, &e), ERR_OK);
	assert_int_equal(out.len, strlen("<a@0>x</a 0>") + 3 * n);
	assert_int_equal(str_find_str(buf_view(&out), STR("\xef\xbf\xbd")), out.len);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_attributes_and_text_are_told_in_order_with_their_lines),
		cmocka_unit_test(prefixes_are_left_out_declared_or_not),
		cmocka_unit_test(raw_output_in_a_report_is_replaced_and_does_not_end_it),
		cmocka_unit_test(a_document_type_is_refused_and_so_nothing_is_expanded),
		cmocka_unit_test(what_is_not_well_formed_is_refused_with_its_line),
		cmocka_unit_test(depth_attributes_and_tags_have_limits),
		cmocka_unit_test(text_may_be_long_and_characters_are_whole_wherever_a_piece_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
