/* api_dispatches: failures that are handed over: listed, claimed, answered. Not served yet. */
#include "api_table.h"

static enum err_code not_yet(struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE, "dispatches are not served yet");
}

#define NOT_YET(name)                                                                                        \
	enum err_code name(struct call *c, struct err *e)                                                    \
	{                                                                                                    \
		(void)c;                                                                                     \
		return not_yet(e);                                                                           \
	}
NOT_YET(api_list_dispatches)
NOT_YET(api_claim_dispatch)
NOT_YET(api_pause_dispatches)
NOT_YET(api_preview_dispatch)
NOT_YET(api_get_dispatch_figures)
NOT_YET(api_get_dispatch)
NOT_YET(api_renew_dispatch)
NOT_YET(api_tell_dispatch_result)
NOT_YET(api_retry_dispatch)
NOT_YET(api_cancel_dispatch)
