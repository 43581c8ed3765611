#ifndef SERVICE_PROGRESS_TYPE_H
#define SERVICE_PROGRESS_TYPE_H
/* progress_type: what an event of a run that tells an error is an error of, by the words of its message (progress_type.tbl). */
#include "model/error.h"

enum error_type progress_type_of(struct str message);

#endif
