#ifndef HTTP_PAGE_RESULTS_H
#define HTTP_PAGE_RESULTS_H
/* page_results: on the page of a run, what became of its tests: what did not pass, with the differences, and all of them. Nothing for a run without results. */
#include "http/call.h"
#include "http/html.h"
#include "model/run.h"

MUST_CHECK enum err_code page_results_put(
	struct call *c, struct html *h, const struct run *run, struct err *e);

#endif
