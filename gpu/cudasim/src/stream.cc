// Streams and events. What is enqueued runs only when something waits for it, each stream in its order: a missing wait
// between two streams, or before the host reads, shows as stale data. Streams beside the first may run as early as what they
// wait for allows instead, so that a wait that they lack shows too. What is captured is in graph.cc.
#include <deque>
#include <set>
#include <vector>

#include "sim.h"
#include "stream.h"

int sticky_error() { return current_device == nullptr ? 0 : current_device->sticky; }
void clear_streams(sim_device *d) {
	end_captures(d);
	for (sim_stream *s : d->streams)
		delete s;
	d->streams.clear();
	d->first = nullptr;
	d->default_stream = sim_stream();
	d->sticky = OK;
}

// run_next runs the operation that a stream has come to.
static void run_next(sim_stream *s) {
	sim_op op = std::move(s->ops.front());
	s->ops.pop_front();
	if (s->device->sticky == OK) {
		s->running = true;
		s->runner = std::this_thread::get_id();
		sim_device *was = on;
		on = s->device;
		int r = op.run();
		on = was;
		s->running = false;
		if (r != OK && s->device->sticky == OK)
			s->device->sticky = r;
	}
	s->done++;
}

// may_run is whether a stream has come to what need not wait.
static bool may_run(const sim_stream *s) {
	if (s->running || s->ops.empty())
		return false;
	const sim_op &op = s->ops.front();
	return op.after == nullptr || op.after->done >= op.upto;
}

// go_on has streams beside the first run up to waits for what is not done, where they run as early as they may.
static void go_on(sim_device *d) {
	if (d->going_on || !set_to("AEGPU_CUDASIM_GRAPH_ORDER", "early"))
		return;
	d->going_on = true;
	for (bool moved = true; moved;) {
		moved = false;
		std::set<sim_stream *> streams = d->streams; // others may come while an operation lets other threads in
		for (sim_stream *s : streams)
			while (s != d->first && d->streams.count(s) > 0 && may_run(s)) {
				run_next(s);
				moved = true;
			}
	}
	d->going_on = false;
}

static int drain(sim_stream *s, uint64_t upto) {
	sim_device *d = s->device;
	while (s->done < upto) {
		if (s->running && s->runner != std::this_thread::get_id()) {
			let_others();
			continue;
		}
		if (s->running || s->ops.empty())
			break;
		run_next(s);
		go_on(d);
	}
	return d->sticky;
}

int drain_stream(sim_stream *s) { return drain(s, s->enqueued); }

int drain_all(sim_device *d) {
	d->default_stream.device = d;
	drain_stream(&d->default_stream);
	std::set<sim_stream *> streams = d->streams;
	for (sim_stream *s : streams)
		if (d->streams.count(s) > 0)
			drain_stream(s);
	return d->sticky;
}

sim_stream *stream_of(void *h) {
	if (h != nullptr)
		return (sim_stream *)h;
	sim_device *d = current_device == nullptr ? devices : current_device;
	d->default_stream.device = d;
	return &d->default_stream;
}

int enqueue(sim_stream *s, const char *kind, std::function<int()> op, sim_stream *after, uint64_t upto) {
	if (s->device != current_device) {
		fault("%s on a stream of device %d in the context of device %d", kind, device_number(s->device), device_number(current_device));
		return INVALID_HANDLE;
	}
	if (s->device->sticky != OK)
		return s->device->sticky;
	if (s->capture != nullptr) {
		capture(s, {kind, op});
		return OK;
	}
	s->ops.push_back({kind, op, after, upto});
	s->enqueued++;
	go_on(s->device);
	return OK;
}

EXPORT int cuStreamCreate(void **out, unsigned flags) {
	sim_lock hold;
	if (current_device == nullptr)
		return INVALID_CONTEXT;
	sim_stream *s = new sim_stream();
	s->nonblocking = flags & 1;
	s->device = current_device;
	current_device->streams.insert(s);
	if (current_device->first == nullptr)
		current_device->first = s;
	*out = s;
	return OK;
}

EXPORT int cuStreamDestroy_v2(void *h) {
	sim_lock hold;
	sim_stream *s = stream_of(h);
	drain_stream(s);
	s->device->streams.erase(s);
	if (s->device->first == s)
		s->device->first = nullptr;
	delete s;
	return OK;
}

EXPORT int cuStreamSynchronize(void *h) {
	sim_lock hold;
	sim_stream *s = stream_of(h);
	return s->capture != nullptr ? (int)CAPTURE_UNSUPPORTED : drain_stream(s);
}

EXPORT int cuStreamQuery(void *h) {
	sim_lock hold;
	sim_stream *s = stream_of(h);
	return s->done == s->enqueued ? s->device->sticky : (int)NOT_READY;
}

EXPORT int cuCtxSynchronize() {
	sim_lock hold;
	return current_device == nullptr ? (int)INVALID_CONTEXT : drain_all(current_device);
}

// sync_copies is what a synchronous copy waits for: the default stream and the streams that block on it.
int sync_copies() {
	drain_stream(stream_of(nullptr));
	if (current_device == nullptr)
		return OK;
	std::set<sim_stream *> streams = current_device->streams;
	for (sim_stream *s : streams)
		if (!s->nonblocking)
			drain_stream(s);
	return current_device->sticky;
}

EXPORT int cuEventCreate(void **out, unsigned) {
	sim_lock hold;
	*out = new sim_event();
	return OK;
}

EXPORT int cuEventDestroy_v2(void *e) {
	sim_lock hold;
	delete (sim_event *)e;
	return OK;
}

EXPORT int cuEventRecord(void *h, void *st) {
	sim_lock hold;
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
	sim_lock hold;
	sim_event *e = (sim_event *)h;
	if (e->graph != nullptr)
		return CAPTURED_EVENT;
	return e->stream ? drain(e->stream, e->at) : sticky_error();
}

EXPORT int cuEventQuery(void *h) {
	sim_lock hold;
	sim_event *e = (sim_event *)h;
	if (e->graph != nullptr)
		return CAPTURED_EVENT;
	return e->stream == nullptr || e->stream->done >= e->at ? sticky_error() : (int)NOT_READY;
}

EXPORT int cuEventElapsedTime(float *ms, void *from, void *to) {
	sim_lock hold;
	*ms = (float)(((sim_event *)to)->ms - ((sim_event *)from)->ms);
	return OK;
}

EXPORT int cuStreamWaitEvent(void *h, void *ev, unsigned) {
	sim_lock hold;
	sim_event e = *(sim_event *)ev; // the record that was last when the wait was enqueued
	if (e.graph != nullptr || stream_of(h)->capture != nullptr)
		return capture_wait(stream_of(h), e);
	if (e.stream == nullptr || set_to("AEGPU_CUDASIM_DROP_WAITS", stream_of(h) == stream_of(h)->device->first ? "join" : "fork"))
		return OK;
	return enqueue(stream_of(h), "wait", [e] { return drain(e.stream, e.at); }, e.stream, e.at);
}
