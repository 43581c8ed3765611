#ifndef SERVICE_DISPATCH_WORDS_H
#define SERVICE_DISPATCH_WORDS_H
/*
 * dispatch_words: what stands in a comment on a pull request, and in an issue. Markdown: what comes from outside stands in code spans and fences that it cannot leave, so it names nobody and links
 * nowhere either. The account is folded.
 */
#include "service/dispatch_outside.h"

void dispatch_words_comment(const struct dispatch_work *w, struct buf *out);
void dispatch_words_title(const struct dispatch_work *w, struct buf *out); /* of an issue; plain text */
void dispatch_words_issue(const struct dispatch_work *w, struct buf *out);

#endif
