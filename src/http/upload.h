#ifndef HTTP_UPLOAD_H
#define HTTP_UPLOAD_H
/*
 * upload: a body that becomes a file by its content (x-body-stream).
 *
 * It is written while it comes, by the thread that receives it, and put in its place by another: to sync a large file may take seconds, and a worker has others to answer.
 */
#include "http/call.h"

struct blob_file;

/* What is done with a file that came in whole: *ret_new: it was not there before. */
typedef enum err_code upload_keep_fn(struct call *c, struct blob_file *f, struct str digest, bool *ret_new,
	int64_t *ret_bytes, struct err *e);

/* A parameter that is a SHA-256, in lower case. */
struct str upload_digest(struct call *c, struct str given);
/* With the headers: the body goes to a file of that digest. */
MUST_CHECK enum err_code upload_begin(struct call *c, struct str digest, upload_keep_fn *keep, struct err *e);
/* At its end: 201, or 200 when it was there, with a BlobKept. */
MUST_CHECK enum err_code upload_end(struct call *c, struct err *e);

#endif
