/*
 * token: making one. 256 bits from the kernel, spelled in base64url, so that a token needs no quoting in a
 * shell, a header or a URL. The prefix lets scanners (ours: text/mask_shape.c) know it in a log.
 */
#include "model/token.h"

void token_make(struct buf *out)
{
	uint8_t bits[32];

	random_bytes(bits, sizeof bits);
	buf_z(out, TOKEN_PREFIX);
	base64url_encode((struct str){ (const char *)bits, sizeof bits }, out);
	secret_wipe(bits, sizeof bits);
}
