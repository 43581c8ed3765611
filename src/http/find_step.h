#ifndef HTTP_FIND_STEP_H
#define HTTP_FIND_STEP_H
/* find_step: the step of the path's step_id, for handlers that read its text. */
#include "http/call.h"
#include "service/facts.h"

/* ERR_NOT_FOUND: no such step, or not for this token, or nothing ever came of it; ERR_GONE: its text has expired, with the date in the details. */
MUST_CHECK enum err_code find_step_text(struct call *c, struct step_view *ret, struct err *e);

#endif
