#ifndef SERVICE_DISPATCH_WORDS_H
#define SERVICE_DISPATCH_WORDS_H
/*
 * dispatch_words: what stands in a comment on a pull request, and in an issue. Markdown: what comes from outside stands in code spans and fences that it cannot leave, so it names nobody and links
 * nowhere either. The account is folded.
 */
#include "service/dispatch_outside.h"

/*
 * A line that is not shown, by which what we wrote is found again (forge_find.c): how a comment begins, which is one a pull request, and an issue, which is one a group of errors, or of a dispatch
 * that has no group.
 */
void dispatch_words_mark(const struct dispatch_work *w, struct buf *out);

void dispatch_words_comment(const struct dispatch_work *w, struct buf *out);
void dispatch_words_title(const struct dispatch_work *w, struct buf *out); /* of an issue; plain text */
/* after: the number of one of the same group that was closed; 0: none. */
void dispatch_words_issue(const struct dispatch_work *w, int64_t after, struct buf *out);

#endif
