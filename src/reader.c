// SPDX-License-Identifier: GPL-2.0-only
#include "reader.h"
#include "datw.h"
#include "keep.h"
#include "page.h"
#include "subbuf.h"
#include "topclock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PERIOD_MS 200			/* what is there is shown after so long, however little it is */
#define COUNTERS_NS NSEC_PER_SEC	/* between two looks at the kernel's counters, and between two flushes of a file */
#define SLACK_NS (2 * NSEC_PER_MSEC)	/* a writer that an interrupt, or a hypervisor, has held up */
#define ROUND_PAGES 256			/* of a CPU in a round, so that others have their turn */
#define DRAIN_ROUNDS 1000		/* of events that go on, when recording could not be stopped */
#define WAITING_MAX (32u << 20)		/* bytes that may wait for the engine, or that it has not given back */

struct stream {
	int pages, stats;
	uint8_t buffer;
	uint32_t cpu;
	bool drained;			/* in this round: there was no more */
	uint64_t last_ts;		/* of what was read */
	uint64_t overrun, commit_overrun, dropped, known;	/* known: overruns that were told with sub-buffers */
	bool ahead;			/* known may hold what later ones will tell too */
	uint64_t before;		/* overruns from before we began: of the top-level buffer */
	struct page_acc open;		/* being filled from partial ones, for keep and file */
};
struct made_stream {			/* our own events of a CPU that the next round gives */
	struct made_page m;
	uint8_t *page;
	bool any;
};
struct new_format {
	struct new_format *next;
	char *system, *text;
	size_t len;
};
struct reader {
	pthread_t thread;
	pthread_mutex_t lock;		/* over what is below, up to the next comment */
	pthread_cond_t changed;
	struct chunk *first, **end;
	uint64_t *skipped;		/* by stream: to be told with its next sub-buffer */
	struct chunk *spare;		/* to be used again: so memory is what was needed at once, whoever frees it */
	uint64_t n_waiting, watermark;
	struct reader_counts counts;
	struct datw *file;
	char *error;
	uint64_t rounds, rounds_asked;
	bool stopping, signalled, ending, flush, more;	/* more: the last round did not read all that there was */
	struct made_stream *made;	/* by CPU */
	uint64_t made_ts;
	struct new_format *formats;
	/* the thread's own */
	struct stream *stream;
	size_t n_streams;
	struct keep *keep;
	struct topclock *top;		/* NULL: no marks come from the top-level buffer */
	size_t page_size;
	uint32_t n_cpus;
	uint64_t counters_at, losses_at;
	uint8_t *page;
	int epoll, wake, ready;		/* wake: of the thread; ready: of the engine */
};

/* Not an instance of ours: what it lost before is not ours to tell. */
static bool is_top(const struct reader *r, const struct stream *s)
{
	return r->top && s->buffer == TRACER_MARKS;
}

/* ---- to the flight recorder and the file ---- */

static void file_failed(struct reader *r, struct err *err)
{
	pthread_mutex_lock(&r->lock);
	free(r->error);
	r->error = xstrdup(err->text);
	r->file = NULL;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void put_away(struct reader *r, uint32_t cpu, unsigned buffer, const uint8_t *page)
{
	uint64_t from, to;
	struct err err;

	if (r->keep && subbuf_times(page, r->page_size, &from, &to))
		keep_add(r->keep, cpu * N_STREAMS_CPU + buffer, from, to, page);
	if (r->file && datw_pages(r->file, buffer, cpu, page, 1, &err))
		file_failed(r, &err);
}

static void close_open(struct reader *r, struct stream *s)
{
	const uint8_t *page = page_take(&s->open);

	if (page)
		put_away(r, s->cpu, s->buffer, page);
}

static void close_all_open(struct reader *r)
{
	for (size_t i = 0; i < r->n_streams; i++)
		close_open(r, &r->stream[i]);
}

/* ---- to the engine ---- */

/* The engine is too slow: what has waited longest goes, and is told as lost with the next of its stream. */
static void skip_oldest(struct reader *r)
{
	struct chunk **p = &r->first, *c, *n;
	uint64_t n_events;

	while (*p && (*p)->stream % N_STREAMS_CPU == READER_MADE)
		p = &(*p)->next;	/* nobody would tell those again */
	c = *p;
	if (!c || !c->next)
		return;
	*p = c->next;
	for (n = c->next; n && n->stream != c->stream; n = n->next)
		;
	n_events = subbuf_count(c->page, r->page_size);
	if (n) {
		n->lost = true;
		n->n_missing += c->n_missing + n_events;
	} else {
		r->skipped[c->stream] += c->n_missing + n_events;
	}
	r->counts.n_skipped += n_events;
	r->n_waiting -= r->page_size;
	c->next = r->spare;
	r->spare = c;
}

/* With the lock held. */
static struct chunk *new_chunk(struct reader *r)
{
	struct chunk *c = r->spare;

	if (c)
		r->spare = c->next;
	return c ? c : xmalloc(sizeof *c + r->page_size);
}

static void hand_over(struct reader *r, uint32_t stream, const uint8_t *page, bool lost, uint64_t n_missing)
{
	struct chunk *c;

	pthread_mutex_lock(&r->lock);
	c = new_chunk(r);
	*c = (struct chunk){ .stream = stream, .lost = lost || r->skipped[stream], .n_missing = n_missing + r->skipped[stream] };
	r->skipped[stream] = 0;
	memcpy(c->page, page, r->page_size);
	*r->end = c;
	r->end = &c->next;
	r->n_waiting += r->page_size;
	for (uint64_t before = 0; r->n_waiting > WAITING_MAX && r->n_waiting != before;) {
		before = r->n_waiting;
		skip_oldest(r);
	}
	pthread_mutex_unlock(&r->lock);
}

/* ---- counters ---- */

static uint64_t number_behind(const char *text, const char *name)
{
	const char *p = strstr(text, name);

	return p ? strtoull(p + strlen(name), NULL, 10) : 0;
}

static bool read_counters(struct stream *s, uint64_t *overrun, uint64_t *commit_overrun, uint64_t *dropped)
{
	char text[512];
	ssize_t n = pread(s->stats, text, sizeof text - 1, 0);

	if (n <= 0)
		return false;
	text[n] = 0;
	*overrun = number_behind(text, "\noverrun:");
	*commit_overrun = number_behind(text, "\ncommit overrun:");
	*dropped = number_behind(text, "\ndropped events:");
	return true;
}

static bool add_made(struct reader *r, uint32_t cpu, uint64_t ts, const void *record, size_t n);

/* Losses that no sub-buffer tells: writes that were given up. Nobody knows when, only that it was since the last look. */
static bool tell_loss(struct reader *r, struct stream *s, uint64_t n, uint64_t from)
{
	struct made_lost lost = { .head = made_head(MADE_LOST), .from = from, .count = n };
	bool told;

	pthread_mutex_lock(&r->lock);
	told = add_made(r, s->cpu, clock_ns(CLOCK_MONOTONIC), &lost, sizeof lost);
	pthread_mutex_unlock(&r->lock);
	return told;
}

static void look_at_counters(struct reader *r, uint64_t now)
{
	struct reader_counts sum = { 0 };
	uint64_t from = r->losses_at;

	for (size_t i = 0; i < r->n_streams; i++) {
		struct stream *s = &r->stream[i];
		uint64_t commit_overrun = s->commit_overrun, dropped = s->dropped;

		if (read_counters(s, &s->overrun, &s->commit_overrun, &s->dropped) &&
		    (s->commit_overrun > commit_overrun || s->dropped > dropped) &&
		    !tell_loss(r, s, s->commit_overrun - commit_overrun + s->dropped - dropped, from)) {
			s->commit_overrun = commit_overrun;	/* no room now: at the next look */
			s->dropped = dropped;
		}
		sum.overrun += s->overrun - s->before;
		if (is_top(r, s))
			continue;
		sum.commit_overrun += s->commit_overrun;
		sum.dropped += s->dropped;
	}
	r->losses_at = now;
	pthread_mutex_lock(&r->lock);
	r->counts.overrun = sum.overrun;
	r->counts.commit_overrun = sum.commit_overrun;
	r->counts.dropped = sum.dropped;
	pthread_mutex_unlock(&r->lock);
}

/*
 * How many events are missing before this sub-buffer; `told`: as it says itself, 0 when it had no room to. Then the kernel's
 * counter must do, which knows already of what later ones will tell: from then on no more is counted than it counts.
 */
static uint64_t count_missing(struct stream *s, uint64_t told)
{
	uint64_t overrun, n = told;

	s->ahead |= !told;
	if (s->ahead && read_counters(s, &overrun, &(uint64_t){ 0 }, &(uint64_t){ 0 })) {
		n = overrun > s->known ? overrun - s->known : 0;
		n = told ? MIN(n, told) : n;
	}
	s->known += n;
	return n;
}

/* ---- a round ---- */

static void take_page(struct reader *r, struct stream *s)
{
	uint64_t from, to, told, n_missing = 0;
	bool lost = subbuf_missed(r->page, r->page_size, &told);

	if (r->top && s->buffer == TRACER_MARKS && !topclock_convert(r->top, r->page, r->page_size))
		return;
	if (!subbuf_times(r->page, r->page_size, &from, &to))
		return;
	if (lost)
		n_missing = count_missing(s, told);
	s->last_ts = to;
	hand_over(r, s->cpu * N_STREAMS_CPU + s->buffer, r->page, lost, n_missing);
	if (!r->keep && !r->file)
		return;
	if (!page_append(&s->open, r->page)) {
		close_open(r, s);
		page_append(&s->open, r->page);
	}
}

static void drain(struct reader *r, struct stream *s)
{
	unsigned n = 0;

	s->drained = false;
	while (n < ROUND_PAGES) {
		ssize_t got = read(s->pages, r->page, r->page_size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			s->drained = true;
			break;
		}
		if ((size_t)got < r->page_size)
			memset(r->page + got, 0, r->page_size - (size_t)got);
		take_page(r, s);
		n++;
	}
}

/* Ours come last: their times are of before this moment, those of the next round will be later. */
static void give_made(struct reader *r)
{
	for (uint32_t cpu = 0; cpu < r->n_cpus; cpu++) {
		struct made_stream *m = &r->made[cpu];
		uint64_t from, to;
		bool any;

		pthread_mutex_lock(&r->lock);
		any = m->any;
		if (any)
			memcpy(r->page, m->page, r->page_size);
		m->any = false;
		pthread_cond_broadcast(&r->changed);
		pthread_mutex_unlock(&r->lock);
		if (!any || !subbuf_times(r->page, r->page_size, &from, &to))
			continue;
		hand_over(r, cpu * N_STREAMS_CPU + READER_MADE, r->page, false, 0);
		put_away(r, cpu, READER_MADE, r->page);
	}
}

static bool asked_for(struct reader *r, bool *what)
{
	bool asked;

	pthread_mutex_lock(&r->lock);
	asked = *what;
	*what = false;
	pthread_mutex_unlock(&r->lock);
	return asked;
}

static void publish(struct reader *r, uint64_t watermark, bool more)
{
	uint64_t one = 1;

	pthread_mutex_lock(&r->lock);
	r->watermark = MAX(r->watermark, watermark);
	if (r->file)
		r->counts.record_bytes = datw_bytes(r->file);
	r->rounds++;
	r->more = more;
	pthread_cond_broadcast(&r->changed);
	if (!r->signalled && write(r->ready, &one, sizeof one) == sizeof one)
		r->signalled = true;
	pthread_mutex_unlock(&r->lock);
}

static void free_formats(struct new_format *f)
{
	while (f) {
		struct new_format *next = f->next;

		free(f->system);
		free(f->text);
		free(f);
		f = next;
	}
}

static void tell_formats(struct reader *r)
{
	struct new_format *all;
	struct err err;

	pthread_mutex_lock(&r->lock);
	all = r->formats;
	r->formats = NULL;
	pthread_mutex_unlock(&r->lock);
	for (struct new_format *f = all; f && r->file; f = f->next) {
		struct datw_format one = { f->system, { f->text, f->len } };
		int e = datw_add_format(r->file, &one, &err);

		if (e && e != -ENOTSUP && e != -ENOSPC)
			file_failed(r, &err);
	}
	free_formats(all);
}

/* What partial sub-buffers there are belong to it too. */
static void end_file(struct reader *r)
{
	close_all_open(r);
	pthread_mutex_lock(&r->lock);
	r->file = NULL;
	pthread_mutex_unlock(&r->lock);
}

static bool round_of(struct reader *r)
{
	uint64_t begin = clock_ns(CLOCK_MONOTONIC), watermark = begin - SLACK_NS;
	bool more = false;

	tell_formats(r);
	topclock_compare(r->top, begin);
	for (size_t i = 0; i < r->n_streams; i++) {
		struct stream *s = &r->stream[i];

		drain(r, s);
		if (!s->drained) {
			watermark = MIN(watermark, s->last_ts);
			more = true;
		}
	}
	if (begin - r->counters_at >= COUNTERS_NS) {
		struct err err;

		look_at_counters(r, begin);
		if (r->file) {
			close_all_open(r);
			if (r->file && datw_flush(r->file, &err))
				file_failed(r, &err);
		}
		r->counters_at = begin;
	}
	give_made(r);
	if (asked_for(r, &r->flush))
		close_all_open(r);
	if (r->file && asked_for(r, &r->ending))
		end_file(r);
	publish(r, watermark, more);
	return more;
}

static void wait_for_more(struct reader *r, bool more)
{
	struct epoll_event ev[64];
	uint64_t n;
	int got = epoll_wait(r->epoll, ev, ARRAY_LEN(ev), more ? 0 : PERIOD_MS);

	if (got < 0 && errno != EINTR)
		usleep(PERIOD_MS * 1000);
	/* a CPU that never was online cannot be waited for; it is read in every round all the same */
	for (int i = 0; i < got; i++)
		if (ev[i].events & (EPOLLERR | EPOLLHUP))
			epoll_ctl(r->epoll, EPOLL_CTL_DEL, ev[i].data.fd, NULL);
	if (read(r->wake, &n, sizeof n) < 0)
		return;		/* nobody woke us: a buffer is filling, or it is time */
}

static void *run(void *arg)
{
	struct reader *r = arg;
	bool stop = false;

	pthread_setname_np(pthread_self(), "agenttop-reader");
	/* the rest of us may wait for a CPU (SCHED_BATCH); what waits here is lost */
	sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 });
	while (!stop) {
		uint64_t asked;
		bool more;

		pthread_mutex_lock(&r->lock);
		stop = r->stopping;
		asked = r->rounds_asked;
		pthread_mutex_unlock(&r->lock);
		do
			more = round_of(r);
		while (more && asked > r->rounds);
		if (!stop)
			wait_for_more(r, more);
	}
	close_all_open(r);
	return NULL;
}

/* ---- for the engine's thread ---- */

static int watch(struct reader *r, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return fd < 0 || epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int start(struct reader *r, struct err *err)
{
	sigset_t all, old;
	int e = 0;

	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->epoll < 0 || r->ready < 0 || watch(r, r->wake))
		e = -errno;
	for (size_t i = 0; i < r->n_streams && !e; i++)
		e = watch(r, r->stream[i].pages);
	if (e)
		return err_set(err, e, "the ring buffers cannot be waited for: %s", strerror(-e));
	/* signals are the main thread's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	e = pthread_create(&r->thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return e ? err_set(err, -e, "no thread can be had: %s", strerror(e)) : 0;
}

void chunks_free(struct chunk *c)
{
	while (c) {
		struct chunk *next = c->next;

		free(c);
		c = next;
	}
}

void reader_give_back(struct reader *r, struct chunk *list)
{
	struct chunk **end = &list;

	if (!list)
		return;
	pthread_mutex_lock(&r->lock);
	for (; *end; end = &(*end)->next)
		r->n_waiting -= MIN(r->n_waiting, r->page_size);
	*end = r->spare;
	r->spare = list;
	pthread_mutex_unlock(&r->lock);
}

static void free_reader(struct reader *r)
{
	struct batch b;

	if (reader_take(r, &b))
		chunks_free(b.first);
	chunks_free(r->spare);
	for (size_t i = 0; i < r->n_streams; i++) {
		close(r->stream[i].pages);
		close(r->stream[i].stats);
		page_acc_fini(&r->stream[i].open);
	}
	for (uint32_t i = 0; i < r->n_cpus; i++)
		free(r->made[i].page);
	free_formats(r->formats);
	topclock_free(r->top);
	free(r->made);
	free(r->skipped);
	free(r->stream);
	free(r->page);
	free(r->error);
	if (r->epoll >= 0)
		close(r->epoll);
	if (r->wake >= 0)
		close(r->wake);
	if (r->ready >= 0)
		close(r->ready);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->changed);
	free(r);
}

/* The top-level buffer has been there before us, and so have its losses. */
static void know_old_losses(struct reader *r)
{
	for (size_t i = 0; i < r->n_streams; i++) {
		struct stream *s = &r->stream[i];

		if (is_top(r, s) && read_counters(s, &s->before, &s->commit_overrun, &s->dropped))
			s->known = s->before;
	}
}

struct reader *reader_start(struct broker_started *st, size_t page_size, struct keep *keep, struct datw *file, struct err *err)
{
	struct reader *r = xcalloc(1, sizeof *r);

	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	r->end = &r->first;
	r->keep = keep;
	r->file = file;
	r->page_size = page_size;
	r->page = xmalloc(page_size);
	r->n_cpus = st->n_cpus;
	r->made = xcalloc(r->n_cpus, sizeof *r->made);
	r->skipped = xcalloc((size_t)r->n_cpus * N_STREAMS_CPU, sizeof *r->skipped);
	r->stream = xcalloc(st->n_files, sizeof *r->stream);
	r->epoll = r->wake = r->ready = -1;
	r->losses_at = clock_ns(CLOCK_MONOTONIC);
	for (size_t i = 0; i < st->n_files; i++) {
		struct broker_file *f = &st->file[i];

		r->stream[r->n_streams] = (struct stream){ .pages = f->pages, .stats = f->stats, .buffer = f->buffer, .cpu = f->cpu };
		page_acc_init(&r->stream[r->n_streams++].open, (uint32_t)page_size, 8, SUBBUF_HEAD);
		f->pages = f->stats = -1;
	}
	if (st->marks == MARKS_TOP)
		r->top = topclock_new(st->marker, st->top_mono);
	know_old_losses(r);
	if (!start(r, err))
		return r;
	free_reader(r);
	return NULL;
}

static void wake(struct reader *r)
{
	uint64_t one = 1;

	if (write(r->wake, &one, sizeof one) < 0)
		return;		/* its counter is full: it is awake */
}

void reader_stop(struct reader *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_mutex_unlock(&r->lock);
	wake(r);
	pthread_join(r->thread, NULL);
	free_reader(r);
}

int reader_fd(const struct reader *r) { return r->ready; }

bool reader_take(struct reader *r, struct batch *b)
{
	uint64_t n;

	pthread_mutex_lock(&r->lock);
	if (r->ready >= 0 && read(r->ready, &n, sizeof n) == sizeof n)
		r->signalled = false;
	*b = (struct batch){ .first = r->first, .end = r->first ? r->end : NULL, .watermark = r->watermark };
	r->first = NULL;
	r->end = &r->first;
	pthread_mutex_unlock(&r->lock);
	return b->first || b->watermark;
}

/* With the lock held. A full page waits for the round that takes it, which is asked for. */
static bool add_made(struct reader *r, uint32_t cpu, uint64_t ts, const void *record, size_t n)
{
	bool fits;
	struct made_stream *m = &r->made[cpu < r->n_cpus ? cpu : 0];

	if (!m->page)
		m->page = xmalloc(r->page_size);
	r->made_ts = ts = MAX(ts, r->made_ts);
	if (!m->any)
		made_begin(&m->m, m->page, r->page_size);
	fits = made_add(&m->m, ts, record, n);
	m->any |= fits;
	return fits;
}

void reader_made(struct reader *r, uint32_t cpu, const void *record, size_t n)
{
	struct made_stream *m = &r->made[cpu < r->n_cpus ? cpu : 0];

	pthread_mutex_lock(&r->lock);
	while (m->any && m->m.used + 16 + n > r->page_size) {
		wake(r);
		pthread_cond_wait(&r->changed, &r->lock);
	}
	add_made(r, cpu, clock_ns(CLOCK_MONOTONIC), record, n);
	pthread_mutex_unlock(&r->lock);
}

void reader_counts(struct reader *r, struct reader_counts *c)
{
	pthread_mutex_lock(&r->lock);
	*c = r->counts;
	pthread_mutex_unlock(&r->lock);
}

/*
 * With the lock held: waits for two rounds, since the one that was under way may have passed a stream before the call, and
 * for up to so many more while one does not get to the end of what there is.
 */
static void wait_rounds(struct reader *r, unsigned more)
{
	uint64_t upto = r->rounds_asked = r->rounds + 2;

	while (r->rounds < upto || (r->more && r->rounds < upto + more)) {
		wake(r);
		pthread_cond_wait(&r->changed, &r->lock);
	}
}

void reader_drain(struct reader *r)
{
	pthread_mutex_lock(&r->lock);
	wait_rounds(r, DRAIN_ROUNDS);
	pthread_mutex_unlock(&r->lock);
}

/* Recording goes on, so there is no end of it to be waited for. */
void reader_flush(struct reader *r)
{
	pthread_mutex_lock(&r->lock);
	wait_rounds(r, 0);
	r->flush = true;
	wait_rounds(r, 0);
	pthread_mutex_unlock(&r->lock);
}

void reader_end_record(struct reader *r)
{
	reader_drain(r);
	pthread_mutex_lock(&r->lock);
	while (r->file) {
		r->ending = true;
		wake(r);
		pthread_cond_wait(&r->changed, &r->lock);
	}
	pthread_mutex_unlock(&r->lock);
}

void reader_add_format(struct reader *r, const char *system, const char *text, size_t len)
{
	struct new_format *f = xcalloc(1, sizeof *f);

	f->system = xstrdup(system);
	f->text = xstrndup(text, len);
	f->len = len;
	pthread_mutex_lock(&r->lock);
	f->next = r->formats;
	r->formats = f;
	pthread_mutex_unlock(&r->lock);
}

void reader_again(struct reader *r)
{
	uint64_t one = 1;

	pthread_mutex_lock(&r->lock);
	if (!r->signalled && write(r->ready, &one, sizeof one) == sizeof one)
		r->signalled = true;
	pthread_mutex_unlock(&r->lock);
}

void reader_stats(struct reader *r, struct datw *file)
{
	for (size_t i = 0; i < r->n_streams; i++) {
		struct stream *s = &r->stream[i];
		char text[512];
		ssize_t n = is_top(r, s) ? 0 : pread(s->stats, text, sizeof text, 0);

		if (n > 0)
			datw_stats(file, s->buffer, s->cpu, text, (size_t)n);
	}
}

const char *reader_error(struct reader *r)
{
	const char *e;

	pthread_mutex_lock(&r->lock);
	e = r->error;
	pthread_mutex_unlock(&r->lock);
	return e;
}
