// Streams to the other parts of the driver.
#pragma once

#include <time.h>

#include <deque>
#include <vector>

#include "sim.h"

struct sim_op { const char *kind; std::function<int()> run; };
struct sim_graph { std::vector<sim_op> nodes; };
struct sim_exec { std::vector<sim_op> nodes; };
struct sim_stream {
	std::deque<sim_op> ops;
	uint64_t enqueued = 0, done = 0;
	bool nonblocking = false;
	sim_graph *capture = nullptr;
};

sim_stream *stream_of(void *handle);
int drain_stream(sim_stream *s);
int sync_copies();
int sticky_error();
void clear_streams();
