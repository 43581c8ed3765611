#ifndef TEXT_MASK_DOCUMENT_H
#define TEXT_MASK_DOCUMENT_H
/*
 * mask_document: secrets out of a whole document that a tool wrote: XML, JSON, or lines of text.
 *
 * It is all there at once, so nothing is held back and nothing is cut in two. In XML a secret may be spelled with references ("&amp;", "&#39;",
 * "&#x3C;"), and every writer has its own: so an XML document is also looked at as its readers will see it. How JSON spells a value is known to
 * the masks themselves (mask_encode.h). Values that the document names (`::add-mask::`) are masked in all of it.
 */
#include "text/mask_names.h"

/* The document with its secrets replaced, appended to out. m and names may be NULL. Returns how many were replaced. */
size_t mask_document(
	const struct mask *m, const struct mask_names *names, struct str document, struct buf *out);

#endif
