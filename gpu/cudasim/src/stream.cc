// Streams, events, capture and graphs. What is enqueued runs only when something waits for it, each stream in its order:
// a missing wait between two streams, or before the host reads, shows as stale data.
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "sim.h"
#include "stream.h"

static std::set<sim_stream *> streams;
static std::set<sim_graph *> graphs;
static std::set<sim_exec *> execs;
sim_stream default_stream;
static int sticky; // the context's first asynchronous error

int sticky_error() { return sticky; }
void clear_streams() {
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
		s->capture->nodes.push_back({kind, op});
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

struct sim_event { sim_stream *stream; uint64_t at; double ms; };

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
	if (s->capture != nullptr)
		return CAPTURE_UNSUPPORTED;
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
	return e->stream ? drain(e->stream, e->at) : sticky;
}

EXPORT int cuEventQuery(void *h) {
	sim_event *e = (sim_event *)h;
	return e->stream == nullptr || e->stream->done >= e->at ? sticky : (int)NOT_READY;
}

EXPORT int cuEventElapsedTime(float *ms, void *from, void *to) {
	*ms = (float)(((sim_event *)to)->ms - ((sim_event *)from)->ms);
	return OK;
}

EXPORT int cuStreamWaitEvent(void *h, void *ev, unsigned) {
	sim_event e = *(sim_event *)ev; // the record that was last when the wait was enqueued
	if (e.stream == nullptr)
		return OK;
	return enqueue(stream_of(h), "wait", [e] { return drain(e.stream, e.at); });
}

EXPORT int cuStreamBeginCapture_v2(void *h, int) {
	sim_stream *s = stream_of(h);
	if (h == nullptr || s->capture != nullptr)
		return CAPTURE_UNSUPPORTED;
	graphs.insert(s->capture = new sim_graph());
	return OK;
}

EXPORT int cuStreamEndCapture(void *h, void **out) {
	sim_stream *s = stream_of(h);
	if (s->capture == nullptr)
		return INVALID_VALUE;
	*out = s->capture;
	s->capture = nullptr;
	return sticky;
}

EXPORT int cuGraphCreate(void **out, unsigned) {
	sim_graph *g = new sim_graph();
	graphs.insert(g);
	*out = g;
	return OK;
}

EXPORT int cuGraphAddChildGraphNode(void **node, void *h, const void *, size_t, void *child) {
	sim_graph *g = (sim_graph *)h, *c = (sim_graph *)child;
	g->nodes.insert(g->nodes.end(), c->nodes.begin(), c->nodes.end());
	*node = (void *)g->nodes.size();
	return OK;
}

EXPORT int cuGraphGetNodes(void *h, void **, size_t *n) {
	*n = ((sim_graph *)h)->nodes.size();
	return OK;
}

EXPORT int cuGraphDestroy(void *h) {
	if (graphs.erase((sim_graph *)h) == 0)
		return INVALID_VALUE;
	delete (sim_graph *)h;
	return OK;
}

EXPORT int cuGraphInstantiateWithFlags(void **out, void *h, unsigned long long) {
	sim_exec *e = new sim_exec{((sim_graph *)h)->nodes};
	stats.graph_nodes = e->nodes.size();
	execs.insert(e);
	*out = e;
	return OK;
}

EXPORT int cuGraphExecDestroy(void *h) {
	if (execs.erase((sim_exec *)h) == 0)
		return INVALID_VALUE;
	delete (sim_exec *)h;
	return OK;
}

EXPORT int cuGraphLaunch(void *h, void *st) {
	sim_exec *e = (sim_exec *)h;
	sim_stream *s = stream_of(st);
	if (execs.count(e) == 0 || s->capture != nullptr)
		return INVALID_VALUE;
	auto nodes = e->nodes;
	return enqueue(s, "graph", [nodes] {
		stats.graph_launches++;
		for (auto &n : nodes)
			if (int r = n.run())
				return r;
		return (int)OK;
	});
}
