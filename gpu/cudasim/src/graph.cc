// Capture and graphs. A graph is nodes with those that each waits for; the nodes of forked streams run as late as they may,
// or as early, so that a graph that lacks a dependency computes something else. Where bytes are counted (bytes.cc), nodes that
// may run at the same time are held against each other: one may not write what the other touches.
#include <stdlib.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "sim.h"
#include "stream.h"

struct sim_node {
	sim_op op;
	std::vector<size_t> after; // earlier ones
	int lane;
};
struct sim_graph {
	std::vector<sim_node> nodes;
	sim_stream *origin = nullptr;            // of the capture under way
	bool valid = true;
	std::vector<sim_stream *> forks;
	std::vector<size_t> joined;              // but dropped
	std::vector<std::vector<size_t>> parts;  // of a graph of graphs: the last nodes of each
};
struct sim_exec {
	std::vector<sim_op> ops;
	std::vector<std::pair<size_t, size_t>> beside; // of ops: those that may run at the same time
	bool checked = false;
};

static std::set<sim_graph *> graphs;
static std::map<void *, std::shared_ptr<sim_exec>> execs; // launches that are under way hold theirs

bool set_to(const char *name, const char *value) {
	const char *v = getenv(name);
	return v != nullptr && strcmp(v, value) == 0;
}

static void merge(std::vector<size_t> *to, const std::vector<size_t> &from) {
	to->insert(to->end(), from.begin(), from.end());
	std::sort(to->begin(), to->end());
	to->erase(std::unique(to->begin(), to->end()), to->end());
}

bool capturing() {
	return std::any_of(graphs.begin(), graphs.end(), [](sim_graph *g) { return g->origin != nullptr && g->origin->device == current_device; });
}

bool refused_by_capture() {
	if (!quirk("strict-capture") || !capturing())
		return false;
	for (sim_graph *g : graphs)
		g->valid &= g->origin == nullptr || g->origin->device != current_device;
	return true;
}

void capture(sim_stream *s, sim_op op) {
	s->capture->nodes.push_back({std::move(op), s->tail, s->lane});
	s->tail = {s->capture->nodes.size() - 1};
}

// capture_wait has a stream wait for an event: one that is not captured yet becomes part of the event's capture.
int capture_wait(sim_stream *s, const sim_event &e) {
	if (e.graph == nullptr || e.graph->origin == nullptr || (s->capture != nullptr && s->capture != e.graph))
		return CAPTURE_ISOLATION;
	bool forks = s->capture == nullptr;
	if (forks) {
		s->capture = e.graph;
		s->tail.clear();
		e.graph->forks.push_back(s);
		s->lane = e.graph->forks.size();
	}
	if (s->lane == 0 && set_to("AEGPU_CUDASIM_DROP_WAITS", "join"))
		merge(&e.graph->joined, e.tail);
	else if (s->lane == 0 || !set_to("AEGPU_CUDASIM_DROP_WAITS", "fork"))
		merge(&s->tail, e.tail);
	return OK;
}

// before is, for every node, which others it waits for, directly or not.
static std::vector<std::vector<bool>> before(const std::vector<sim_node> &nodes) {
	std::vector<std::vector<bool>> all(nodes.size(), std::vector<bool>(nodes.size()));
	for (size_t i = 0; i < nodes.size(); i++)
		for (size_t a : nodes[i].after) {
			all[i][a] = true;
			for (size_t j = 0; j < a; j++)
				if (all[a][j])
					all[i][j] = true;
		}
	return all;
}

// end_captures is for when the context goes.
void end_captures(sim_device *d) {
	for (sim_graph *g : graphs)
		if (g->origin != nullptr && g->origin->device == d)
			g->origin = nullptr;
}

EXPORT int cuStreamBeginCapture_v2(void *h, int) {
	sim_lock hold;
	sim_stream *s = stream_of(h);
	if (h == nullptr || s->capture != nullptr)
		return CAPTURE_UNSUPPORTED;
	graphs.insert(s->capture = new sim_graph());
	s->capture->origin = s;
	s->tail.clear();
	s->lane = 0;
	return OK;
}

// all_joined is whether the stream that a capture began on waits for all that was forked.
static bool all_joined(sim_graph *g) {
	std::vector<size_t> waited = g->origin->tail;
	merge(&waited, g->joined);
	auto earlier = before(g->nodes);
	for (sim_stream *f : g->forks)
		for (size_t t : f->tail)
			if (std::none_of(waited.begin(), waited.end(), [&](size_t w) { return w == t || earlier[w][t]; }))
				return false;
	return true;
}

EXPORT int cuStreamEndCapture(void *h, void **out) {
	sim_lock hold;
	sim_stream *s = stream_of(h);
	sim_graph *g = s->capture;
	if (g == nullptr || g->origin != s)
		return INVALID_VALUE;
	bool joined = all_joined(g);
	g->forks.push_back(s);
	for (sim_stream *f : g->forks) {
		f->capture = nullptr;
		f->tail.clear();
	}
	g->forks.clear();
	g->origin = nullptr;
	*out = joined && g->valid ? g : nullptr;
	return !g->valid ? (int)CAPTURE_INVALIDATED : !joined ? (int)CAPTURE_UNJOINED : sticky_error();
}

EXPORT int cuGraphCreate(void **out, unsigned) {
	sim_lock hold;
	sim_graph *g = new sim_graph();
	graphs.insert(g);
	*out = g;
	return OK;
}

// A node's handle is the number of the part, from 1.
EXPORT int cuGraphAddChildGraphNode(void **node, void *h, void *const *after, size_t n, void *child) {
	sim_lock hold;
	sim_graph *g = (sim_graph *)h, *c = (sim_graph *)child;
	size_t base = g->nodes.size();
	std::vector<bool> last(c->nodes.size(), true);
	for (sim_node v : c->nodes) {
		for (size_t &a : v.after) {
			last[a] = false;
			a += base;
		}
		for (size_t i = 0; v.after.empty() && i < n; i++)
			merge(&v.after, g->parts[(size_t)after[i] - 1]);
		g->nodes.push_back(v);
	}
	g->parts.push_back({});
	for (size_t i = 0; i < last.size(); i++)
		if (last[i])
			g->parts.back().push_back(base + i);
	*node = (void *)g->parts.size();
	return OK;
}

EXPORT int cuGraphGetNodes(void *h, void **, size_t *n) {
	sim_lock hold;
	*n = ((sim_graph *)h)->nodes.size();
	return OK;
}

EXPORT int cuGraphDestroy(void *h) {
	sim_lock hold;
	if (graphs.erase((sim_graph *)h) == 0)
		return INVALID_VALUE;
	delete (sim_graph *)h;
	return OK;
}

// ordered is the nodes one after the other: of those that may run, a forked one last, or first.
static std::vector<size_t> ordered(const std::vector<sim_node> &nodes) {
	bool early = set_to("AEGPU_CUDASIM_GRAPH_ORDER", "early");
	std::vector<bool> done(nodes.size());
	std::vector<size_t> order;
	while (order.size() < nodes.size()) {
		size_t next = nodes.size();
		for (size_t i = 0; i < nodes.size(); i++) {
			const sim_node &v = nodes[i];
			if (done[i] || !std::all_of(v.after.begin(), v.after.end(), [&](size_t a) { return done[a]; }))
				continue;
			if (next == nodes.size() || ((v.lane > 0) == early && (nodes[next].lane > 0) != early))
				next = i;
		}
		done[next] = true;
		order.push_back(next);
	}
	return order;
}

static std::shared_ptr<sim_exec> make_exec(const std::vector<sim_node> &nodes) {
	auto e = std::make_shared<sim_exec>();
	auto order = ordered(nodes);
	auto earlier = before(nodes);
	for (size_t i = 0; i < order.size(); i++) {
		e->ops.push_back(nodes[order[i]].op);
		for (size_t j = 0; j < i; j++)
			if (nodes[order[i]].lane != nodes[order[j]].lane && !earlier[order[i]][order[j]] && !earlier[order[j]][order[i]])
				e->beside.push_back({j, i});
	}
	return e;
}

// meet is whether one of two operations writes a byte that the other touches.
static bool meet(const std::vector<sim_page> &a, const std::vector<sim_page> &b) {
	for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
		if (a[i].number != b[j].number) {
			a[i].number < b[j].number ? i++ : j++;
			continue;
		}
		for (int w = 0; w < 64; w++)
			if ((a[i].written[w] & (b[j].read[w] | b[j].written[w])) | (b[j].written[w] & a[i].read[w]))
				return true;
		i++, j++;
	}
	return false;
}

// run_ops runs a graph, the first time with a look at what may run at the same time.
static int run_ops(const std::shared_ptr<sim_exec> &e) {
	bytes_launch_begin();
	bool look = counting_bytes && !e->checked && !e->beside.empty();
	std::vector<std::vector<sim_page>> touched;
	for (auto &op : e->ops) {
		if (int r = op.run())
			return r;
		if (look)
			touched.push_back(bytes_touched());
	}
	e->checked |= look;
	for (auto &[i, j] : e->beside)
		if (look && meet(touched[i], touched[j]))
			fault("nodes %zu (%s) and %zu (%s) of a graph may run at the same time, and one writes what the other touches",
			      i, e->ops[i].kind, j, e->ops[j].kind);
	return OK;
}

static void count(const std::vector<sim_node> &nodes) {
	stats.graph_nodes = nodes.size();
	stats.graph_forked = std::count_if(nodes.begin(), nodes.end(), [](const sim_node &v) { return v.lane > 0; });
	stats.graph_beside = 0;
	if (stats.graph_forked == 0)
		return;
	auto earlier = before(nodes);
	for (size_t i = 0; i < nodes.size(); i++) {
		bool beside = false;
		for (size_t f = 0; f < nodes.size(); f++)
			beside |= nodes[f].lane > 0 && !earlier[i][f] && !earlier[f][i];
		stats.graph_beside += nodes[i].lane == 0 && beside;
	}
}

EXPORT int cuGraphInstantiateWithFlags(void **out, void *h, unsigned long long) {
	sim_lock hold;
	sim_graph *g = (sim_graph *)h;
	count(g->nodes);
	auto e = make_exec(g->nodes);
	execs[e.get()] = e;
	*out = e.get();
	return OK;
}

EXPORT int cuGraphExecDestroy(void *h) {
	sim_lock hold;
	return execs.erase(h) == 0 ? (int)INVALID_VALUE : (int)OK;
}

EXPORT int cuGraphLaunch(void *h, void *st) {
	sim_lock hold;
	auto at = execs.find(h);
	sim_stream *s = stream_of(st);
	if (at == execs.end() || s->capture != nullptr)
		return INVALID_VALUE;
	auto e = at->second;
	return enqueue(s, "graph", [e] {
		stats.graph_launches++;
		return run_ops(e);
	});
}
