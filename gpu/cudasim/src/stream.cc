// Streams and events. What is enqueued runs only when something waits for it, each stream in its order: a missing wait
// between two streams, or before the host reads, shows as stale data. Streams beside the first may run as early as what they
// wait for allows instead, so that a wait that they lack shows too. What is captured is in graph.cc.
#include <deque>
#include <set>
#include <vector>

#include "sim.h"
#include "stream.h"

static std::set<sim_stream *> streams;
static sim_stream *first; // of those that were made
sim_stream default_stream;
static int sticky; // the context's first asynchronous error

int sticky_error() { return sticky; }
void clear_streams() {
	end_captures();
	for (sim_stream *s : streams)
		delete s;
	streams.clear();
	first = nullptr;
	default_stream = sim_stream();
	sticky = OK;
}

// run_next runs the operation that a stream has come to.
static void run_next(sim_stream *s) {
	sim_op op = std::move(s->ops.front());
	s->ops.pop_front();
	s->done++;
	if (sticky != OK)
		return;
	s->running = true;
	int r = op.run();
	s->running = false;
	if (r != OK && sticky == OK)
		sticky = r;
}

// may_run is whether a stream has come to what need not wait.
static bool may_run(const sim_stream *s) {
	if (s->running || s->ops.empty())
		return false;
	const sim_op &op = s->ops.front();
	return op.after == nullptr || op.after->done >= op.upto;
}

// go_on has streams beside the first run up to waits for what is not done, where they run as early as they may.
static void go_on() {
	static bool under_way;
	if (under_way || !set_to("AEGPU_CUDASIM_GRAPH_ORDER", "early"))
		return;
	under_way = true;
	for (bool moved = true; moved;) {
		moved = false;
		for (sim_stream *s : streams)
			while (s != first && may_run(s)) {
				run_next(s);
				moved = true;
			}
	}
	under_way = false;
}

static int drain(sim_stream *s, uint64_t upto) {
	while (s->done < upto && !s->ops.empty()) {
		run_next(s);
		go_on();
	}
	return sticky;
}

int drain_stream(sim_stream *s) { return drain(s, s->enqueued); }

int drain_all() {
	drain_stream(&default_stream);
	for (sim_stream *s : streams)
		drain_stream(s);
	return sticky;
}

sim_stream *stream_of(void *h) { return h == nullptr ? &default_stream : (sim_stream *)h; }

int enqueue(sim_stream *s, const char *kind, std::function<int()> op, sim_stream *after, uint64_t upto) {
	if (sticky != OK)
		return sticky;
	if (s->capture != nullptr) {
		capture(s, {kind, op});
		return OK;
	}
	s->ops.push_back({kind, op, after, upto});
	s->enqueued++;
	go_on();
	return OK;
}

EXPORT int cuStreamCreate(void **out, unsigned flags) {
	sim_stream *s = new sim_stream();
	s->nonblocking = flags & 1;
	streams.insert(s);
	if (first == nullptr)
		first = s;
	*out = s;
	return OK;
}

EXPORT int cuStreamDestroy_v2(void *h) {
	sim_stream *s = stream_of(h);
	drain_stream(s);
	streams.erase(s);
	if (first == s)
		first = nullptr;
	delete s;
	return OK;
}

EXPORT int cuStreamSynchronize(void *h) {
	sim_stream *s = stream_of(h);
	return s->capture != nullptr ? (int)CAPTURE_UNSUPPORTED : drain_stream(s);
}

EXPORT int cuStreamQuery(void *h) { return stream_of(h)->ops.empty() ? sticky : (int)NOT_READY; }

EXPORT int cuCtxSynchronize() { return drain_all(); }

// sync_copies is what a synchronous copy waits for: the default stream and the streams that block on it.
int sync_copies() {
	drain_stream(&default_stream);
	for (sim_stream *s : streams)
		if (!s->nonblocking)
			drain_stream(s);
	return sticky;
}

EXPORT int cuEventCreate(void **out, unsigned) {
	*out = new sim_event();
	return OK;
}

EXPORT int cuEventDestroy_v2(void *e) {
	delete (sim_event *)e;
	return OK;
}

EXPORT int cuEventRecord(void *h, void *st) {
	sim_event *e = (sim_event *)h;
	sim_stream *s = stream_of(st);
	e->graph = s->capture;
	e->tail = s->tail;
	if (s->capture != nullptr)
		return OK;
	int r = enqueue(s, "event", [e] {
		timespec t;
		clock_gettime(CLOCK_MONOTONIC, &t);
		e->ms = t.tv_sec * 1e3 + t.tv_nsec / 1e6;
		return (int)OK;
	});
	e->stream = s;
	e->at = s->enqueued;
	return r;
}

EXPORT int cuEventSynchronize(void *h) {
	sim_event *e = (sim_event *)h;
	if (e->graph != nullptr)
		return CAPTURED_EVENT;
	return e->stream ? drain(e->stream, e->at) : sticky;
}

EXPORT int cuEventQuery(void *h) {
	sim_event *e = (sim_event *)h;
	if (e->graph != nullptr)
		return CAPTURED_EVENT;
	return e->stream == nullptr || e->stream->done >= e->at ? sticky : (int)NOT_READY;
}

EXPORT int cuEventElapsedTime(float *ms, void *from, void *to) {
	*ms = (float)(((sim_event *)to)->ms - ((sim_event *)from)->ms);
	return OK;
}

EXPORT int cuStreamWaitEvent(void *h, void *ev, unsigned) {
	sim_event e = *(sim_event *)ev; // the record that was last when the wait was enqueued
	if (e.graph != nullptr || stream_of(h)->capture != nullptr)
		return capture_wait(stream_of(h), e);
	if (e.stream == nullptr || set_to("AEGPU_CUDASIM_DROP_WAITS", stream_of(h) == first ? "join" : "fork"))
		return OK;
	return enqueue(stream_of(h), "wait", [e] { return drain(e.stream, e.at); }, e.stream, e.at);
}
