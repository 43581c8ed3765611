#ifndef SERVICE_FORGE_OPEN_H
#define SERVICE_FORGE_OPEN_H
/* forge_open: a forge of the settings, to be asked and told. */
#include "forge/forge_api.h"
#include "service/config.h"

/* Its token is read from token-file now. ERR_CONFIG: it has no url or no kind, or its token-file cannot be read. forge_api_free. */
MUST_CHECK enum err_code forge_open(
	const struct forge_config *forge, const struct clock *clock, struct forge_api **ret, struct err *e);

#endif
