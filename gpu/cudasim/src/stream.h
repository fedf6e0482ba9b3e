// Streams to the other parts of the driver.
#pragma once

#include <time.h>

#include <deque>
#include <vector>

#include "sim.h"

struct sim_graph;
struct sim_stream;
struct sim_op {
	const char *kind;
	std::function<int()> run;
	sim_stream *after = nullptr; // of a wait: the stream, and how much of it must be done
	uint64_t upto = 0;
};
struct sim_stream {
	std::deque<sim_op> ops;
	uint64_t enqueued = 0, done = 0;
	bool nonblocking = false;
	bool running = false; // an operation, which may be a wait
	sim_graph *capture = nullptr;
	std::vector<size_t> tail; // of a capture: the nodes that what comes next waits for
	int lane = 0;             // 0 for the stream that the capture began on
};
struct sim_event {
	sim_stream *stream;
	uint64_t at;
	double ms;
	sim_graph *graph; // where it was recorded in a capture, with what it stands for
	std::vector<size_t> tail;
};

sim_stream *stream_of(void *handle);
int drain_stream(sim_stream *s);
int sync_copies();
bool set_to(const char *name, const char *value); // whether the environment variable has the value
int sticky_error();
void clear_streams();

// graph.cc
void end_captures();
void capture(sim_stream *s, sim_op op);
int capture_wait(sim_stream *s, const sim_event &e);
