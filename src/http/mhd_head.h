#ifndef HTTP_MHD_HEAD_H
#define HTTP_MHD_HEAD_H
/* mhd_head: what libmicrohttpd knows of a request before its body, as the router takes it (request.h). */
#include "http/request.h"

struct MHD_Connection;
/* uri: path and query as sent. What the connection knows (peer, listener) is the caller's to add. Good as long as the request is. */
void mhd_head_read(struct MHD_Connection *mhd, const char *method, struct str uri, struct request_head *ret);

#endif
