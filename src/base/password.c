/* password: see password.h. */
#include "base/password.h"

#include "base/digest.h"

#include <argon2.h>
#include <string.h>

#define SALT_LEN 16
#define HASH_LEN 32
#define PHC_MAX 256

static enum err_code failed(int code, struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE, "a password could not be hashed: %s", argon2_error_message(code));
}

enum err_code password_hash(struct str password, struct buf *out, struct err *e)
{
	uint8_t salt[SALT_LEN];
	char phc[PHC_MAX];
	int code;

	random_bytes(salt, sizeof salt);
	code = argon2id_hash_encoded(PASSWORD_PASSES, PASSWORD_MEMORY_KIB, PASSWORD_LANES, password.p,
		password.len, salt, sizeof salt, HASH_LEN, phc, sizeof phc);
	if (code != ARGON2_OK)
		return failed(code, e);
	buf_z(out, phc);
	return ERR_OK;
}

/* What a check costs, for a string that can be nobody's: the result is thrown away. */
static enum err_code spend(struct str password, struct err *e)
{
	static const uint8_t salt[SALT_LEN] = "nobody's salt..";
	uint8_t hash[HASH_LEN];
	int code = argon2id_hash_raw(PASSWORD_PASSES, PASSWORD_MEMORY_KIB, PASSWORD_LANES, password.p,
		password.len, salt, sizeof salt, hash, sizeof hash);

	secret_wipe(hash, sizeof hash);
	return code == ARGON2_OK ? ERR_OK : failed(code, e);
}

enum err_code password_check(struct str phc, struct str password, bool *ret_right, struct err *e)
{
	char text[PHC_MAX];
	int code = ARGON2_DECODING_FAIL;

	if (phc.len > 0 && phc.len < sizeof text) {
		memcpy(text, phc.p, phc.len);
		text[phc.len] = '\0';
		code = argon2id_verify(text, password.p, password.len);
	}
	if (code == ARGON2_MEMORY_ALLOCATION_ERROR)
		return failed(code, e);
	if (code != ARGON2_OK && code != ARGON2_VERIFY_MISMATCH)
		TRY(spend(password, e));
	*ret_right = code == ARGON2_OK;
	return ERR_OK;
}
