#ifndef AGENT_SHIP_H
#define AGENT_SHIP_H
/*
 * ship: `sluice ship`, which brings episodes to a receiver, and what its parts share (doc/fleet.md).
 *
 *	ship.c		the command, and the thread that looks after the others: scans, signals, the state, the bar
 *	ship_hand.c	a thread for each upload: an episode after the other, packed, sent, settled
 *	ship_tell.c	what is said to people, each thing once; the progress bar
 *	ship_state.c	ship.state.json and `sluice ship status`
 *
 * and below these, each with a header of its own: the folder and its rule (ship_folder), what is in it (ship_scan, ship_watch), archives (ship_pack), the request (ship_send), its
 * answer (ship_answer), what follows from that on the disk (ship_settle), who is next (ship_queue), the options (ship_options).
 *
 * What is promised: an episode that is finished arrives, with the same bytes however often it takes, or is in quarantine with what the receiver said, or is held back with the
 * reason. Killed at any moment, nothing of that is lost.
 */
#include "agent/ship_options.h"
#include "agent/ship_queue.h"
#include "agent/work_stop.h"
#include "base/diag.h"

#include <pthread.h>
#include <stdatomic.h>

#define SHIP_HANDS_MAX 16
#define SHIP_COMMITS_TOLD 64 /* whose remediation was printed; of more, some are printed twice */

/* Kinds of trouble; each is told once, until it is over. */
enum ship_trouble {
	SHIP_NETWORK,       /* the receiver does not answer */
	SHIP_SERVER,        /* it says "not now" */
	SHIP_CONFIGURATION, /* it says that we are set up wrongly */
	SHIP_DISK,          /* of this host */
	SHIP_PACKING,       /* of one episode */
	SHIP_QUARANTINED,   /* of one episode */
	SHIP_N_TROUBLES
};
extern const char *const ship_trouble_names[SHIP_N_TROUBLES];

struct ship_hand { /* a thread */
	struct ship *ship;
	struct http_client *http;
	pthread_t thread;
	bool started;
	char id[SHIP_NAME_MAX]; /* what it has in hand; empty: nothing */
	int64_t total;          /* bytes of the archive that it sends; 0: it packs */
	atomic_llong sent;
};

struct ship {
	struct ship_options options;
	struct ship_folder folder;
	struct peer peer;
	struct work_stop signals;
	bool once, bar;   /* bar: stderr is a terminal */
	atomic_bool stop; /* whatever is under way is left */
	int bell;         /* eventfd: for the looking-after thread */
	atomic_int n_sending;

	pthread_mutex_t telling; /* guards what is on the screen; taken last */
	bool bar_shown;

	pthread_mutex_t lock; /* guards all below, and id and total of the hands */
	pthread_cond_t news;  /* of the queue, for the hands */
	struct ship_queue queue;
	struct ship_hand hands[SHIP_HANDS_MAX];
	bool changed; /* since the state was written */
	int64_t since_ms, last_success_ms, n_shipped, bytes_shipped, n_quarantined; /* times: wall */
	struct {
		char text[300];
		int64_t at_ms, n;
		bool told; /* and is not over */
	} troubles[SHIP_N_TROUBLES];
	char commits[SHIP_COMMITS_TOLD][65];
	size_t n_commits;
};

/* ---- ship_hand.c ---- */

MUST_CHECK enum err_code ship_hands_start(struct ship *s, struct err *e);
void ship_hands_stop(struct ship *s); /* what is under way is left; also of none that were started */

/* ---- ship_tell.c; ship_trouble(), ship_over() and ship_remedy() with the lock held ---- */

/* A line of diag; one of DIAG_INFO is not told where there is a bar. */
void ship_tell(struct ship *s, enum diag_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* about: an episode, or "". One of an episode is told each time. */
void ship_trouble(struct ship *s, enum ship_trouble kind, const char *about, const char *text);
/* The receiver answered as it should. */
void ship_over(struct ship *s);
/* A receiver's way out, whole, if it was not printed yet for that commit. */
void ship_remedy(struct ship *s, const char *commit, struct str text);
void ship_bar_draw(struct ship *s);
void ship_bar_clear(struct ship *s);

/* ---- ship_state.c ---- */

/* With the lock held: what it would be now; then, without, written. */
void ship_state_make(struct ship *s, struct buf *out);
void ship_state_summary(struct ship *s, char *ret, size_t size); /* one line, for the service manager */
int ship_status(int argc, char **argv);

#endif
