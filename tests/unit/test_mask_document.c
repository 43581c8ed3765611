/* mask_document: a secret in a document is found as its readers will see it, and what is no secret stays as it is. */
#include "tests/test.h"

#include "text/mask_document.h"

static void becomes(const struct mask *m, const char *document, const char *want)
{
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	mask_document(m, NULL, str_z(document), &out);
	if (!str_eq(buf_view(&out), str_z(want)))
		fail_msg("\"%s\", not \"%s\"", buf_cstr(&out), want);
}

static struct mask *mask_of(const char *value)
{
	struct mask *m = mask_new();

	assert_int_equal(mask_add(m, str_z(value), NULL), ERR_OK);
	return m;
}

static void references_of_xml_are_looked_through(void **state)
{
	struct mask *m = mask_of("a<b>&'c\"d\xc3\xa9");
	(void)state;

	becomes(m, "<x>a&lt;b&gt;&amp;'c\"d\xc3\xa9.</x>", "<x>***.</x>");
	becomes(m, "<x y=\"a&lt;b>&amp;&apos;c&quot;d&#233;\"/>", "<x y=\"***\"/>");
	becomes(m, "<x>a&#60;b&#x3e;&#38;&#039;c&#x0022;d&#xE9;</x>", "<x>***</x>");
	becomes(m, " \n<x>&#97;&lt;b&gt;&amp;'c\"d\xc3\xa9&lt;</x>", " \n<x>***&lt;</x>");
	becomes(m, "<x><![CDATA[a<b>&'c\"d\xc3\xa9]]></x>", "<x><![CDATA[***]]></x>");
	mask_free(m);
}

static void what_is_no_reference_stays(void **state)
{
	struct mask *m = mask_of("a&b;c");
	(void)state;

	becomes(m, "<x>a&b;c &amp &; &#; &#x; &#xd800; &#0; &#x110000; &nbsp; &#12345678901; & &</x>",
		"<x>*** &amp &; &#; &#x; &#xd800; &#0; &#x110000; &nbsp; &#12345678901; & &</x>");
	becomes(m, "", "");
	becomes(m, "<", "<");
	becomes(m, "<&", "<&");
	becomes(m, "<&lt", "<&lt");
	mask_free(m);
}

static void what_is_no_xml_has_no_references(void **state)
{
	struct mask *m = mask_of("a&b-c");
	(void)state;

	becomes(m, "{\"x\":\"a&amp;b-c a&b-c a\\u0026b-c\"}", "{\"x\":\"a&amp;b-c *** ***\"}");
	becomes(m, "not ok 1 - a&b-c\n", "not ok 1 - ***\n");
	mask_free(m);
}

static void several_lines_in_an_attribute_are_one_value(void **state)
{
	struct mask *m = mask_of("first line of it\nsecond line of it");
	(void)state;

	becomes(m, "<x y='first line of it&#10;second line of it'/>", "<x y='***'/>");
	becomes(m, "<x y='first line of it&#xA;second line of it'/>", "<x y='***'/>");
	mask_free(m);
}

static void what_the_document_names_is_masked_in_all_of_it_and_known_shapes_too(void **state)
{
	(void)state;
	becomes(NULL, "<x><y>named-here</y>\n::add-mask::named-here\n</x>",
		"<x><y>***</y>\n::add-mask::***\n</x>");
	becomes(NULL, "<x>ghp_0123456789abcdefghijABCDEFGHIJ012345</x>", "<x>***</x>");
	becomes(NULL, "<x>https://user:pa&#115;sw0rd@example.org/a</x>",
		"<x>https://user:***@example.org/a</x>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_of_xml_are_looked_through),
		cmocka_unit_test(what_is_no_reference_stays),
		cmocka_unit_test(what_is_no_xml_has_no_references),
		cmocka_unit_test(several_lines_in_an_attribute_are_one_value),
		cmocka_unit_test(what_the_document_names_is_masked_in_all_of_it_and_known_shapes_too),
	};

	return cmocka_run_group_tests_name("mask_document", tests, NULL, NULL);
}
