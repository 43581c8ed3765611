#ifndef TEXT_MASK_HEADER_H
#define TEXT_MASK_HEADER_H
/*
 * mask_header: credentials behind the name of an HTTP header. Internal to mask_*.c.
 */
#include "text/mask_scan.h"
#include "text/mask_span.h"

/* Calls back with four characters in every mixture of case; the same one twice where one has no case. */
void needle_cases_each(const char lower[4], void (*each)(struct str needle));
/* Calls back with each string at which a header's name may be found, in every mixture of case. */
void header_needles_each(void (*each)(struct str needle));
/* One of those strings is at `at`. Is there a header's name around it and a credential behind it? */
bool header_match(struct scan *s, size_t at, struct span *ret);

#endif
