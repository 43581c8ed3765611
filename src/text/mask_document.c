/*
 * mask_document: the text as it is, and of XML a view of it (mask_view.h) in which references are what they stand for.
 *
 * What is replaced is text between tags and in attributes, nearly always, and then the document stays what it was. Where a secret is said to go on
 * to the end of a line on which a tag ends too, the tag goes with it: a document that is broken behind that place is better than half a secret.
 */
#include "text/mask_document.h"

#include "text/mask_view.h"

static bool is_xml(struct str document)
{
	return str_starts(str_trim(document), STR("<")) || str_starts(document, STR("\xef\xbb\xbf<"));
}

/* names, and those that the document has. The caller's. */
static struct mask_names *all_names(const struct mask_names *names, struct str document)
{
	return text_has_mask_command(document) ? mask_names_add(names, document, NULL) : NULL;
}

size_t mask_document(
	const struct mask *m, const struct mask_names *names, struct str document, struct buf *out)
{
	struct mask_names *more = all_names(names, document);
	size_t n;
	AUTO_SPANS spans = { 0 };
	AUTO_SPANS seen = { 0 };
	AUTO_VIEW read;

	view_init(&read, document);
	names = more ? more : names;
	mask_find_flow(m, names, document, &spans);
	if (is_xml(document) && view_references(&read, document)) {
		mask_find_flow(m, names, buf_view(&read.text), &seen);
		view_add_spans(&read, &seen, &spans);
	}
	n = spans_write(&spans, document, 0, out);
	mask_names_unref(more);
	return n;
}
