// Streams to the other parts of the driver.
#pragma once

#include <time.h>

#include <deque>
#include <set>
#include <thread>
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
	sim_device *device = nullptr;
	bool running = false; // an operation, which may be a wait
	std::thread::id runner; // the thread that runs it
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

// A device has one context; it goes, with all that is in it, when its last user does.
struct sim_device {
	int contexts = 0;
	std::set<sim_stream *> streams;
	sim_stream *first = nullptr; // of those that were made
	sim_stream default_stream;
	int sticky = 0;              // the context's first asynchronous error
	size_t live_bytes = 0;
	bool going_on = false;       // with streams that run early
	bool helped = false;         // a thread of the simulator's runs what is enqueued
};
enum { MAX_DEVICES = 16 };
extern sim_device devices[MAX_DEVICES];

sim_stream *stream_of(void *handle);
int drain_stream(sim_stream *s);
int sync_copies();
bool set_to(const char *name, const char *value); // whether the environment variable has the value
int setting(const char *name, int otherwise);     // its number, where it is set
int sticky_error();                               // of the current device
void clear_streams(sim_device *d);

// nccl.cc
void communicators_left(sim_device *d);

// graph.cc
void end_captures(sim_device *d);
void capture(sim_stream *s, sim_op op);
int capture_wait(sim_stream *s, const sim_event &e);
