// The devices of the process, and the lock that lets one thread at a time in.
#include <stdlib.h>
#include <unistd.h>

#include <mutex>

#include "sim.h"
#include "stream.h"

sim_device devices[MAX_DEVICES];
thread_local sim_device *current_device;
sim_device *on;

static std::mutex whole;
static thread_local int depth;

sim_lock::sim_lock() {
	if (depth++ == 0)
		whole.lock();
}

sim_lock::~sim_lock() {
	if (--depth == 0)
		whole.unlock();
}

void let_others() {
	sim_device *was = on;
	on = nullptr;
	whole.unlock();
	usleep(50);
	whole.lock();
	on = was;
}

int device_number(const sim_device *d) { return d == nullptr ? -1 : (int)(d - devices); }

int setting(const char *name, int otherwise) {
	const char *v = getenv(name);
	return v ? atoi(v) : otherwise;
}
