/*
 * seal: see the header. libcrypto fails here for want of memory only, which aborts as everywhere, or because what is opened was
 * never sealed with the key.
 */
#include "base/seal.h"

#include "base/digest.h"
#include "base/file.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_LEN 12
#define TAG_LEN 16

enum err_code seal_key_load(const char *path, struct seal_key *ret, struct err *e)
{
	enum err_code code;
	AUTO_BUF file;

	buf_init(&file, SEAL_KEY_LEN + 1);
	if (!file_exists(path)) {
		struct seal_key made;

		random_bytes(made.b, sizeof made.b);
		code = file_create(path, (struct str){ (const char *)made.b, sizeof made.b }, 0600, e);
		secret_wipe(&made, sizeof made);
		if (code != ERR_OK && code != ERR_CONFLICT)
			return code;
	}
	TRY(file_read(path, SEAL_KEY_LEN + 1, &file, e));
	if (file.len != SEAL_KEY_LEN)
		return err_set(e, ERR_STORAGE,
			"%s is no key of %d bytes; move it away and a new one is made (what was sealed with "
			"the old one is lost)",
			path, SEAL_KEY_LEN);
	memcpy(ret->b, file.p, SEAL_KEY_LEN);
	secret_wipe(file.p, file.len);
	return ERR_OK;
}

static void must(int result)
{
	if (result != 1)
		abort();
}

void seal_close(const struct seal_key *key, struct str bytes, struct buf *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t nonce[NONCE_LEN], tag[TAG_LEN];
	char *room;
	int n = 0;

	random_bytes(nonce, sizeof nonce);
	buf_add(out, nonce, sizeof nonce);
	room = buf_room(out, bytes.len);
	if (!c || !room)
		abort();
	must(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key->b, nonce));
	must(EVP_EncryptUpdate(
		c, (uint8_t *)room, &n, (const uint8_t *)(bytes.p ? bytes.p : ""), (int)bytes.len));
	must(EVP_EncryptFinal_ex(c, (uint8_t *)room + n, &n));
	must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_LEN, tag));
	buf_wrote(out, bytes.len);
	buf_add(out, tag, sizeof tag);
	EVP_CIPHER_CTX_free(c);
}

enum err_code seal_open(const struct seal_key *key, struct str sealed, struct buf *out, struct err *e)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	const uint8_t *p = (const uint8_t *)sealed.p;
	size_t len = sealed.len < NONCE_LEN + TAG_LEN ? 0 : sealed.len - NONCE_LEN - TAG_LEN;
	uint8_t tag[TAG_LEN];
	int n = 0, good = 0;
	char *room = buf_room(out, len);

	if (!c || !room)
		abort();
	if (sealed.len >= NONCE_LEN + TAG_LEN) {
		memcpy(tag, p + NONCE_LEN + len, TAG_LEN);
		must(EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key->b, p));
		must(EVP_DecryptUpdate(c, (uint8_t *)room, &n, p + NONCE_LEN, (int)len));
		must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag));
		good = EVP_DecryptFinal_ex(c, (uint8_t *)room + n, &n);
	}
	EVP_CIPHER_CTX_free(c);
	buf_wrote(out, good == 1 ? len : 0);
	if (good != 1)
		return err_set(
			e, ERR_STORAGE, "what was sealed cannot be opened with the key of this folder");
	return ERR_OK;
}
