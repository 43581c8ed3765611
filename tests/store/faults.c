#include "tests/store/faults.h"

#include <assert.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct {
	pthread_mutex_t lock; /* guards all: the writer has a thread of its own */
	enum fault_kind kind;
	int at, code, n_fired;
	bool armed, stays;
	int n[FAULT_KINDS];
} faults = { .lock = PTHREAD_MUTEX_INITIALIZER };

void faults_arm(enum fault_kind kind, int n, int code, bool stays)
{
	pthread_mutex_lock(&faults.lock);
	faults.kind = kind;
	faults.at = n;
	faults.code = code;
	faults.stays = stays;
	faults.armed = true;
	faults.n_fired = 0;
	memset(faults.n, 0, sizeof faults.n);
	pthread_mutex_unlock(&faults.lock);
}

void faults_disarm(void)
{
	pthread_mutex_lock(&faults.lock);
	faults.armed = false;
	pthread_mutex_unlock(&faults.lock);
}

int faults_fired(void)
{
	int n;

	pthread_mutex_lock(&faults.lock);
	n = faults.n_fired;
	pthread_mutex_unlock(&faults.lock);
	return n;
}

int faults_counted(enum fault_kind kind)
{
	int n;

	pthread_mutex_lock(&faults.lock);
	n = faults.n[kind];
	pthread_mutex_unlock(&faults.lock);
	return n;
}

/* Counts a call; true: it is to fail, with *code if it has one. */
static bool fails(enum fault_kind kind, int *code)
{
	bool hit;

	pthread_mutex_lock(&faults.lock);
	faults.n[kind]++;
	hit = faults.armed && kind == faults.kind &&
	      (faults.stays ? faults.n[kind] >= faults.at : faults.n[kind] == faults.at);
	if (hit) {
		faults.n_fired++;
		*code = faults.code;
	}
	pthread_mutex_unlock(&faults.lock);
	return hit;
}

/* ---- calls of the driver ---- */

#define WRAP(name, args, pass)                                                                               \
	int __real_##name args;                                                                              \
	int __wrap_##name args;                                                                              \
	int __wrap_##name args                                                                               \
	{                                                                                                    \
		int code;                                                                                    \
		return fails(FAULT_CALL, &code) ? code : __real_##name pass;                                 \
	}

WRAP(sqlite3_step, (sqlite3_stmt * s), (s))
WRAP(sqlite3_prepare_v3,
	(sqlite3 * c, const char *sql, int n, unsigned flags, sqlite3_stmt **ret, const char **tail),
	(c, sql, n, flags, ret, tail))
WRAP(sqlite3_bind_int64, (sqlite3_stmt * s, int at, sqlite3_int64 v), (s, at, v))
WRAP(sqlite3_bind_null, (sqlite3_stmt * s, int at), (s, at))
WRAP(sqlite3_bind_text64,
	(sqlite3_stmt * s, int at, const char *p, sqlite3_uint64 n, void (*d)(void *), unsigned char enc),
	(s, at, p, n, d, enc))
WRAP(sqlite3_bind_blob64, (sqlite3_stmt * s, int at, const void *p, sqlite3_uint64 n, void (*d)(void *)),
	(s, at, p, n, d))
WRAP(sqlite3_exec,
	(sqlite3 * c, const char *sql, int (*f)(void *, int, char **, char **), void *arg, char **why),
	(c, sql, f, arg, why))
WRAP(sqlite3_extended_result_codes, (sqlite3 * c, int on), (c, on))
WRAP(sqlite3_busy_timeout, (sqlite3 * c, int ms), (c, ms))

int __real_sqlite3_open_v2(const char *name, sqlite3 **ret, int flags, const char *vfs);
int __wrap_sqlite3_open_v2(const char *name, sqlite3 **ret, int flags, const char *vfs);
int __wrap_sqlite3_open_v2(const char *name, sqlite3 **ret, int flags, const char *vfs)
{
	int code;

	*ret = NULL;
	return fails(FAULT_CALL, &code) ? code : __real_sqlite3_open_v2(name, ret, flags, vfs);
}

int __real_sqlite3_db_config(sqlite3 *c, int option, ...);
int __wrap_sqlite3_db_config(sqlite3 *c, int option, ...);
int __wrap_sqlite3_db_config(sqlite3 *c, int option, ...)
{
	int code, value, *ret;
	va_list ap;

	va_start(ap, option);
	value = va_arg(ap, int);
	ret = va_arg(ap, int *);
	va_end(ap);
	return fails(FAULT_CALL, &code) ? code : __real_sqlite3_db_config(c, option, value, ret);
}

/* NULL with a length: there was no memory for the column. */
const void *__real_sqlite3_column_blob(sqlite3_stmt *s, int at);
const void *__wrap_sqlite3_column_blob(sqlite3_stmt *s, int at);
const void *__wrap_sqlite3_column_blob(sqlite3_stmt *s, int at)
{
	int code;

	return fails(FAULT_CALL, &code) ? NULL : __real_sqlite3_column_blob(s, at);
}

/* ---- calls of SQLite to its files ---- */

struct file {
	sqlite3_file base; /* first */
	sqlite3_file *real;
};

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct file *)(void *)f)->real;
}

/* What the kind of call says when it fails; the armed code, if it is of the same family. */
static bool file_fails(int usual, int *code)
{
	if (!fails(FAULT_FILE, code))
		return false;
	if (*code == SQLITE_IOERR || (*code == SQLITE_FULL && usual != SQLITE_IOERR_WRITE))
		*code = usual;
	return true;
}

#define FILE_CALL(name, usual, args, pass)                                                                   \
	static int file_##name args                                                                          \
	{                                                                                                    \
		int code;                                                                                    \
		return file_fails(usual, &code) ? code : real_of(f)->pMethods->name pass;                    \
	}

FILE_CALL(xRead, SQLITE_IOERR_READ, (sqlite3_file * f, void *p, int n, sqlite3_int64 at),
	(real_of(f), p, n, at))
FILE_CALL(xWrite, SQLITE_IOERR_WRITE, (sqlite3_file * f, const void *p, int n, sqlite3_int64 at),
	(real_of(f), p, n, at))
FILE_CALL(xTruncate, SQLITE_IOERR_TRUNCATE, (sqlite3_file * f, sqlite3_int64 n), (real_of(f), n))
FILE_CALL(xSync, SQLITE_IOERR_FSYNC, (sqlite3_file * f, int flags), (real_of(f), flags))
FILE_CALL(xFileSize, SQLITE_IOERR_FSTAT, (sqlite3_file * f, sqlite3_int64 *n), (real_of(f), n))
FILE_CALL(xLock, SQLITE_IOERR_LOCK, (sqlite3_file * f, int kind), (real_of(f), kind))
FILE_CALL(xCheckReservedLock, SQLITE_IOERR_CHECKRESERVEDLOCK, (sqlite3_file * f, int *ret), (real_of(f), ret))
FILE_CALL(xShmMap, SQLITE_IOERR_SHMMAP,
	(sqlite3_file * f, int region, int n, int extend, void volatile **ret),
	(real_of(f), region, n, extend, ret))

/* Letting go of a lock is not made to fail: it does not, short of a descriptor that is wrong. */
static int file_xShmLock(sqlite3_file *f, int at, int n, int flags)
{
	int code;

	if ((flags & SQLITE_SHM_LOCK) && file_fails(SQLITE_IOERR_SHMLOCK, &code))
		return code;
	return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static int file_xUnlock(sqlite3_file *f, int kind)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), kind);
}

static int file_xFileControl(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int file_xSectorSize(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int file_xDeviceCharacteristics(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static void file_xShmBarrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int file_xShmUnmap(sqlite3_file *f, int deletes)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), deletes);
}

static int file_xClose(sqlite3_file *f)
{
	int rc = real_of(f)->pMethods->xClose(real_of(f));

	free(real_of(f));
	return rc;
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = file_xClose,
	.xRead = file_xRead,
	.xWrite = file_xWrite,
	.xTruncate = file_xTruncate,
	.xSync = file_xSync,
	.xFileSize = file_xFileSize,
	.xLock = file_xLock,
	.xUnlock = file_xUnlock,
	.xCheckReservedLock = file_xCheckReservedLock,
	.xFileControl = file_xFileControl,
	.xSectorSize = file_xSectorSize,
	.xDeviceCharacteristics = file_xDeviceCharacteristics,
	.xShmMap = file_xShmMap,
	.xShmLock = file_xShmLock,
	.xShmBarrier = file_xShmBarrier,
	.xShmUnmap = file_xShmUnmap,
};

static sqlite3_vfs *usual_vfs;
static sqlite3_vfs our_vfs;

static int vfs_xOpen(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
	struct file *file = (struct file *)(void *)f;
	int code, rc;

	(void)v;
	file->base.pMethods = NULL;
	if (file_fails(SQLITE_CANTOPEN, &code))
		return code;
	file->real = calloc(1, (size_t)usual_vfs->szOsFile);
	assert(file->real);
	rc = usual_vfs->xOpen(usual_vfs, name, file->real, flags, ret_flags);
	if (rc == SQLITE_OK)
		file->base.pMethods = &methods;
	else
		free(file->real);
	return rc;
}

static int vfs_xDelete(sqlite3_vfs *v, const char *name, int sync_folder)
{
	int code;

	(void)v;
	return file_fails(SQLITE_IOERR_DELETE, &code) ? code
						      : usual_vfs->xDelete(usual_vfs, name, sync_folder);
}

static int vfs_xAccess(sqlite3_vfs *v, const char *name, int flags, int *ret)
{
	int code;

	(void)v;
	return file_fails(SQLITE_IOERR_ACCESS, &code) ? code
						      : usual_vfs->xAccess(usual_vfs, name, flags, ret);
}

/* ---- memory ---- */

static sqlite3_mem_methods usual_memory;

static void *memory_malloc(int n)
{
	int code;

	return fails(FAULT_MEMORY, &code) ? NULL : usual_memory.xMalloc(n);
}

static void *memory_realloc(void *p, int n)
{
	int code;

	return fails(FAULT_MEMORY, &code) ? NULL : usual_memory.xRealloc(p, n);
}

void faults_start(void)
{
	sqlite3_mem_methods ours;

	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual_memory);
	ours = usual_memory;
	ours.xMalloc = memory_malloc;
	ours.xRealloc = memory_realloc;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &ours);
	usual_vfs = sqlite3_vfs_find(NULL);
	our_vfs = *usual_vfs;
	our_vfs.zName = "faults";
	our_vfs.pNext = NULL;
	our_vfs.szOsFile = (int)sizeof(struct file);
	our_vfs.xOpen = vfs_xOpen;
	our_vfs.xDelete = vfs_xDelete;
	our_vfs.xAccess = vfs_xAccess;
	sqlite3_vfs_register(&our_vfs, 1);
}
