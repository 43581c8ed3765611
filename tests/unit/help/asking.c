/* asking: see the header. */
#include "tests/unit/help/asking.h"

#include "tests/test.h"
#include "tests/unit/help/place.h"

#include <string.h>

struct asking asking;

int asking_set_up(void **state)
{
	if (place_make(state) != 0)
		return -1;
	place_put("token", STR("slc_token\n"));
	asking.e = (struct err){ .code = ERR_OK };
	asking.server = little_server_new();
	arena_init(&asking.a);
	if (peer_init(&asking.peer, little_server_url(asking.server), "token", &asking.e) != ERR_OK ||
		work_stop_init(&asking.stop, &asking.e) != ERR_OK)
		return -1;
	ask_init(&asking.ask, "test", &asking.peer, &asking.stop);
	place_listen(2);
	return 0;
}

int asking_tear_down(void **state)
{
	place_heard();
	ask_done(&asking.ask);
	work_stop_done(&asking.stop);
	peer_done(&asking.peer);
	arena_done(&asking.a);
	little_server_free(asking.server);
	return place_remove(state);
}

void assert_asked(size_t i, const char *text)
{
	const char *request = little_server_request(asking.server, i);

	if (!strstr(request, text))
		fail_msg("request %zu has no %s: %s", i, text, request);
}
