/*
 * hook: who signed a delivery, and the words around it; what its body says is hook_read.c's.
 *
 * All three forges sign alike: HMAC-SHA256 of the body as it was sent, in X-Hub-Signature-256. Gitea and Forgejo put the same digits into headers of their own too; those are looked at when the
 * common one is not there. A forge without a secret sends these headers empty, which is as good as unsigned. That a signature is malformed may be told by the time it takes; how much of it is right
 * may not.
 */
#include "forge/hook.h"

#include "base/digest.h"

static const char *const kind_names[HOOK_N_KINDS] = {
	[HOOK_FORGEJO] = "forgejo", [HOOK_GITEA] = "gitea", [HOOK_GITHUB] = "github"
};

/* Forgejo says everything under Gitea's names and GitHub's too, Gitea under GitHub's. */
static const struct hook_headers headers[HOOK_N_KINDS] = {
	[HOOK_FORGEJO] = { .event = { "X-Forgejo-Event", "X-Gitea-Event", "X-GitHub-Event" },
		.delivery = { "X-Forgejo-Delivery", "X-Gitea-Delivery", "X-GitHub-Delivery" },
		.signature = { "X-Hub-Signature-256", "X-Forgejo-Signature", "X-Gitea-Signature" } },
	[HOOK_GITEA] = { .event = { "X-Gitea-Event", "X-GitHub-Event" },
		.delivery = { "X-Gitea-Delivery", "X-GitHub-Delivery" },
		.signature = { "X-Hub-Signature-256", "X-Gitea-Signature" } },
	[HOOK_GITHUB] = { .event = { "X-GitHub-Event" },
		.delivery = { "X-GitHub-Delivery" },
		.signature = { "X-Hub-Signature-256" } },
};

const char *hook_kind_name(enum hook_kind k)
{
	return kind_names[k];
}

bool hook_kind_find(struct str name, enum hook_kind *ret)
{
	for (enum hook_kind k = 0; k < HOOK_N_KINDS; k++)
		if (str_eq(name, str_z(kind_names[k]))) {
			*ret = k;
			return true;
		}
	return false;
}

const struct hook_headers *hook_headers_of(enum hook_kind k)
{
	return &headers[k];
}

static bool is_id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.' || c == '-';
}

enum err_code hook_delivery_check(struct str delivery, struct err *e)
{
	if (delivery.len == 0)
		return err_set(e, ERR_INVALID,
			"the delivery has no id; forges send one as X-Forgejo-Delivery, X-Gitea-Delivery or "
			"X-GitHub-Delivery");
	if (delivery.len > HOOK_DELIVERY_MAX)
		return err_set(e, ERR_INVALID, "the id of the delivery has %zu bytes; at most %d are allowed",
			delivery.len, HOOK_DELIVERY_MAX);
	for (size_t i = 0; i < delivery.len; i++)
		if (!is_id_char(delivery.p[i]))
			return err_set(e, ERR_INVALID,
				"the id of the delivery has more in it than letters, digits and '_', '.', "
				"'-'");
	return ERR_OK;
}

#define PREFIX STR("sha256=")

bool hook_signature_holds(struct str secret, struct str body, struct str signature)
{
	struct sha256 told, made;

	if (str_starts(signature, PREFIX))
		signature = str_from(signature, PREFIX.len);
	if (secret.len == 0 || !hex_decode(signature, told.b, sizeof told.b))
		return false;
	made = hmac_sha256(secret, body);
	return sha256_equal(&made, &told);
}

void hook_sign(struct str secret, struct str body, struct buf *out)
{
	struct sha256 made = hmac_sha256(secret, body);

	buf_str(out, PREFIX);
	hex_encode(made.b, sizeof made.b, out);
}

/* ---- conclusions ---- */

static const char *const conclusion_names[FORGE_N_CONCLUSIONS] = { [FORGE_RUNNING] = "running",
	[FORGE_SUCCESS] = "success",
	[FORGE_FAILURE] = "failure",
	[FORGE_CANCELLED] = "cancelled",
	[FORGE_OTHER] = "other" };

const char *forge_conclusion_name(enum forge_conclusion c)
{
	return conclusion_names[c];
}

bool forge_conclusion_find(struct str name, enum forge_conclusion *ret)
{
	for (enum forge_conclusion c = 0; c < FORGE_N_CONCLUSIONS; c++)
		if (str_eq(name, str_z(conclusion_names[c]))) {
			*ret = c;
			return true;
		}
	return false;
}

/* What is in neither list is over, and no failure. */
static const struct {
	const char *word;
	enum forge_conclusion means;
} words[] = { { "success", FORGE_SUCCESS }, { "failure", FORGE_FAILURE }, { "error", FORGE_FAILURE },
	{ "timed_out", FORGE_FAILURE }, { "startup_failure", FORGE_FAILURE },
	{ "cancelled", FORGE_CANCELLED }, { "canceled", FORGE_CANCELLED }, { "queued", FORGE_RUNNING },
	{ "requested", FORGE_RUNNING }, { "waiting", FORGE_RUNNING }, { "pending", FORGE_RUNNING },
	{ "blocked", FORGE_RUNNING }, { "running", FORGE_RUNNING }, { "in_progress", FORGE_RUNNING } };

static enum forge_conclusion meaning_of(struct str word)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eq(word, str_z(words[i].word)))
			return words[i].means;
	return FORGE_OTHER;
}

/* One that is not over has no conclusion, whatever is left in that field of an attempt before; and one that is over has one. */
enum forge_conclusion forge_conclusion_of(struct str status, struct str conclusion)
{
	if (status.len > 0 && !str_eq(status, STR("completed"))) {
		enum forge_conclusion means = meaning_of(status);

		return means == FORGE_OTHER && conclusion.len > 0 ? meaning_of(conclusion) : means;
	}
	return conclusion.len > 0 ? meaning_of(conclusion) : FORGE_RUNNING;
}

int64_t forge_ref_pull(struct str ref)
{
	struct str number = STR("");
	int64_t n = 0;

	if (str_starts(ref, STR("#")))
		number = str_from(ref, 1);
	else if (str_starts(ref, STR("refs/pull/"))) {
		number = str_from(ref, 10);
		number.len = str_find(number, '/');
	}
	return str_to_int(number, &n) && n > 0 ? n : 0;
}
