#ifndef SERVICE_DISPATCH_PROMPT_H
#define SERVICE_DISPATCH_PROMPT_H
/*
 * dispatch_prompt: what a fixer is told: the task; which repo, branch, commit and pull request; what was tried before and what came of it; what the repo's keeper wants to be known; and last the
 * account of the failure.
 *
 * It is a template with placeholders in braces: {id} {repo} {forge} {branch} {sha} {pull_request} {url} {page} {workflow} {author} {class} {message} {try} {tries_max}, and {tries} {appendix} {context},
 * which are sections or empty. Others stay as they are. A template without {context} gets that behind its end.
 *
 * The template and the appendix are the keeper's words. All else comes from outside, and stands in code spans and fences that it cannot leave (explain/context_part.h), under a line that says that it is
 * data; what is put in is not looked at for placeholders again.
 */
#include "base/buf.h"
#include "model/dispatch.h"

#define PROMPT_MAX ((size_t)512 << 10)
#define PROMPT_FILE_MAX ((size_t)64 << 10) /* of a template, an appendix */
#define PROMPT_EARLIER_MAX 5               /* attempts that are told, the newest */

struct prompt_facts {
	const struct dispatch *dispatch;
	int64_t try, tries_max;
	struct str page; /* URL of the commit's page here; may be empty */
	const struct dispatch *earlier;
	size_t n_earlier;
	struct str appendix, context; /* may be empty; context as account_write() makes it */
};

extern const char dispatch_prompt_default[];
/* Appended. */
void dispatch_prompt(struct str template, const struct prompt_facts *f, struct buf *out);

#endif
