// Streams and events. What is enqueued runs only when something waits for it, each stream in its order: a missing wait
// between two streams, or before the host reads, shows as stale data. What is captured is in graph.cc.
#include <deque>
#include <set>
#include <vector>

#include "sim.h"
#include "stream.h"

static std::set<sim_stream *> streams;
sim_stream default_stream;
static int sticky; // the context's first asynchronous error

int sticky_error() { return sticky; }
void clear_streams() {
	end_captures();
	for (sim_stream *s : streams)
		delete s;
	streams.clear();
	default_stream = sim_stream();
	sticky = OK;
}

static int drain(sim_stream *s, uint64_t upto) {
	while (s->done < upto && !s->ops.empty()) {
		sim_op op = std::move(s->ops.front());
		s->ops.pop_front();
		s->done++;
		if (sticky != OK)
			continue;
		int r = op.run();
		if (r != OK && sticky == OK)
			sticky = r;
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

int enqueue(sim_stream *s, const char *kind, std::function<int()> op) {
	if (sticky != OK)
		return sticky;
	if (s->capture != nullptr) {
		capture(s, {kind, op});
		return OK;
	}
	s->ops.push_back({kind, op});
	s->enqueued++;
	return OK;
}

EXPORT int cuStreamCreate(void **out, unsigned flags) {
	sim_stream *s = new sim_stream();
	s->nonblocking = flags & 1;
	streams.insert(s);
	*out = s;
	return OK;
}

EXPORT int cuStreamDestroy_v2(void *h) {
	sim_stream *s = stream_of(h);
	drain_stream(s);
	streams.erase(s);
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
	if (e.stream == nullptr)
		return OK;
	return enqueue(stream_of(h), "wait", [e] { return drain(e.stream, e.at); });
}
