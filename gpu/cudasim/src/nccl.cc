// NCCL: communicators of the simulated devices of one process, or of several, which meet in shared memory. A collective is
// work of its stream: captured with it and run with it, by every rank in its own order of communicator; sums are in the order
// of the ranks, with the same bits on all. What a GPU would hang of is an error here: ranks that call for different things,
// and one that does not come (AEGPU_CUDASIM_PATIENCE, milliseconds).
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <memory>

#include "sim.h"
#include "stream.h"

enum { NCCL_OK = 0, UNHANDLED_CUDA = 1, SYSTEM_ERROR = 2, INVALID_ARGUMENT = 4, INVALID_USAGE = 5, REMOTE_ERROR = 6 };
enum { UINT8 = 1, FLOAT32 = 7, FLOAT64 = 8 };
enum { MAX_RANKS = 16, PIECE = 1 << 18, GONE = -1 };

struct id { char name[128]; };

// call is what a rank calls for; all ranks must call for the same.
struct call {
	int root; // of a broadcast, -1 of a sum
	int type;
	uint64_t count;
	bool operator==(const call &o) const { return root == o.root && type == o.type && count == o.count; }
	uint64_t size() const { return type == FLOAT64 ? 8 : type == FLOAT32 ? 4 : 1; }
	std::string text() const {
		static const char *const names[] = {"", "bytes", "", "", "", "", "", "float32s", "float64s"};
		char s[80];
		if (root < 0)
			snprintf(s, sizeof s, "the sum of %llu %s", (unsigned long long)count, names[type]);
		else
			snprintf(s, sizeof s, "a broadcast of %llu %s by rank %d", (unsigned long long)count, names[type], root);
		return s;
	}
};

// meeting is the memory that ranks share. Turns are pieces of collectives, counted from 1.
struct seat {
	std::atomic<int> size; // that the rank knows of, 0 before it comes
	std::atomic<int> gone; // it has aborted
	std::atomic<uint64_t> posted, taken;
	call want;
};
struct meeting {
	seat seats[MAX_RANKS];
	char data[]; // PIECE bytes a rank
};

struct communicator {
	std::string name;
	meeting *at;
	int rank, size;
	sim_device *device;
	uint64_t turn = 0;
	bool busy = false, aborted = false;
	bool sums = false, broadcasts = false; // have been, and so have their memory
	int error = NCCL_OK;
	std::string text;
	std::shared_ptr<int> alive = std::make_shared<int>(); // held by what is enqueued and captured too
};

static std::set<communicator *> all;
static std::string last;

static size_t room(int size) { return sizeof(meeting) + (size_t)size * PIECE; }

static int refuse(int code, const std::string &why) {
	last = why;
	return code;
}

static double now() {
	timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

EXPORT const char *ncclGetErrorString(int code) {
	static const char *const texts[] = {"no error", "unhandled cuda error", "unhandled system error", "internal error", "invalid argument",
	                                    "invalid usage", "remote process exited or there was a network error", "in progress"};
	return code >= 0 && code < 8 ? texts[code] : "unknown result code";
}

EXPORT int ncclGetVersion(int *v) { return *v = 21805, NCCL_OK; }

EXPORT const char *ncclGetLastError(void *h) {
	sim_lock hold;
	static std::string text;
	communicator *c = (communicator *)h;
	text = all.count(c) > 0 && !c->text.empty() ? c->text : last;
	return text.c_str();
}

EXPORT int ncclGetUniqueId(id *out) {
	sim_lock hold;
	static int made;
	*out = {};
	snprintf(out->name, sizeof out->name, "/aegpu-cudasim-%d-%d-%.0f", (int)getpid(), ++made, now() * 1e3);
	return NCCL_OK;
}

// waited is whether something comes true within the patience. It lets the other threads of the process in, and runs what
// other devices of the communicator have to do, since their owners may wait for this one.
static bool waited(const communicator *c, const std::string &name, const std::function<bool()> &come) {
	double until = now() + setting("AEGPU_CUDASIM_PATIENCE", 60000);
	while (!come()) {
		if (now() > until || (c != nullptr && c->aborted))
			return false;
		for (communicator *o : all) {
			sim_device *d = o->device;
			if (o == c || o->name != name || d->helped)
				continue;
			bool work = false;
			for (sim_stream *s : d->streams)
				work |= !s->ops.empty() && !s->running;
			if (!work)
				continue;
			d->helped = true;
			std::thread([d] {
				sim_lock hold;
				drain_all(d);
				d->helped = false;
			}).detach();
		}
		let_others();
	}
	return true;
}

// meet maps the memory of a name, which begins as zeros.
static meeting *meet(const std::string &name, int size) {
	int file = shm_open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (file < 0)
		return nullptr;
	void *p = ftruncate(file, room(size)) != 0 ? MAP_FAILED
	                                           : mmap(nullptr, room(size), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	return p == MAP_FAILED ? nullptr : (meeting *)p;
}

// join takes the rank's seat and waits for the others.
static int join(communicator *c) {
	int none = 0;
	if (!c->at->seats[c->rank].size.compare_exchange_strong(none, c->size))
		return refuse(INVALID_USAGE, "rank " + std::to_string(c->rank) + " has come already");
	int absent = 0;
	bool come = waited(nullptr, c->name, [&] {
		for (absent = 0; absent < c->size; absent++)
			if (c->at->seats[absent].size == 0)
				return false;
		return true;
	});
	shm_unlink(c->name.c_str()); // all have it, or nobody else should
	if (!come)
		return refuse(REMOTE_ERROR, "rank " + std::to_string(absent) + " of " + std::to_string(c->size) + " has not come");
	for (int r = 0; r < c->size; r++)
		if (c->at->seats[r].size != c->size)
			return refuse(INVALID_ARGUMENT, "rank " + std::to_string(r) + " is one of " + std::to_string(c->at->seats[r].size) +
			                                    ", rank " + std::to_string(c->rank) + " one of " + std::to_string(c->size));
	return NCCL_OK;
}

EXPORT int ncclCommInitRank(void **out, int size, id who, int rank) {
	sim_lock hold;
	if (current_device == nullptr || current_device->contexts == 0)
		return refuse(UNHANDLED_CUDA, "there is no context");
	if (refused_by_capture())
		return refuse(UNHANDLED_CUDA, "a communicator takes memory, which a capture refuses");
	if (size < 1 || size > MAX_RANKS || rank < 0 || rank >= size)
		return refuse(INVALID_ARGUMENT, "rank " + std::to_string(rank) + " of " + std::to_string(size));
	if (strncmp(who.name, "/aegpu-cudasim-", 15) != 0)
		return refuse(INVALID_ARGUMENT, "an identity that ncclGetUniqueId did not make");
	for (communicator *c : all)
		if (c->name == who.name && c->device == current_device)
			return refuse(INVALID_USAGE, "ranks " + std::to_string(c->rank) + " and " + std::to_string(rank) + " are both on device " +
			                                 std::to_string(device_number(current_device)));
	communicator *c = new communicator();
	c->name = who.name, c->rank = rank, c->size = size, c->device = current_device;
	if ((c->at = meet(c->name, size)) == nullptr) {
		delete c;
		return refuse(SYSTEM_ERROR, "no shared memory");
	}
	all.insert(c);
	int r = join(c);
	if (r != NCCL_OK) {
		all.erase(c);
		munmap(c->at, room(size));
		delete c;
		return r;
	}
	*out = c;
	return NCCL_OK;
}

// fail is an error that the communicator has from now on, and the operation that found it.
static int fail(communicator *c, int code, const std::string &why) {
	c->error = code;
	c->text = why;
	fault("%s", why.c_str());
	return LAUNCH_FAILED;
}

template <class T> static void add_up(communicator *c, T *to, uint64_t n) {
	for (uint64_t i = 0; i < n; i++) {
		T s = ((const T *)c->at->data)[i];
		for (int r = 1; r < c->size; r++)
			s += ((const T *)(c->at->data + (size_t)r * PIECE))[i];
		to[i] = s;
	}
}

// all_have is whether every rank's count has come to a turn; who is the first that has not.
static bool all_have(communicator *c, std::atomic<uint64_t> seat::*count, uint64_t turn, int *who) {
	for (*who = 0; *who < c->size; ++*who)
		if ((c->at->seats[*who].*count).load() < turn)
			return false;
	return true;
}

// exchange does a piece of a collective.
static int exchange(communicator *c, const call &want, char *at, uint64_t bytes) {
	int who = 0;
	seat &mine = c->at->seats[c->rank];
	auto await = [&](std::atomic<uint64_t> seat::*count, uint64_t turn) {
		return waited(c, c->name, [&] {
			bool have = all_have(c, count, turn, &who);
			if (!have && c->at->seats[who].gone && c->error == NCCL_OK) { // what waits goes on waiting until somebody asks
				c->error = REMOTE_ERROR;
				c->text = "rank " + std::to_string(who) + " of " + std::to_string(c->size) + " is gone";
			}
			return have;
		});
	};
	bool come = await(&seat::taken, c->turn); // the piece before
	if (come) {
		memcpy(c->at->data + (size_t)c->rank * PIECE, at, bytes);
		mine.want = want;
		mine.posted = ++c->turn;
		come = await(&seat::posted, c->turn);
	}
	if (c->aborted)
		return GONE;
	if (!come)
		return fail(c, REMOTE_ERROR, "rank " + std::to_string(who) + " of " + std::to_string(c->size) + " has not come to " + want.text() +
		                                 " of rank " + std::to_string(c->rank));
	for (int r = 0; r < c->size; r++)
		if (call theirs = c->at->seats[r].want; !(theirs == want))
			return fail(c, INVALID_USAGE, "rank " + std::to_string(r) + " calls for " + theirs.text() + ", rank " +
			                                  std::to_string(c->rank) + " for " + want.text());
	if (want.root >= 0)
		memcpy(at, c->at->data + (size_t)want.root * PIECE, bytes);
	else if (want.type == FLOAT32)
		add_up(c, (float *)at, bytes / 4);
	else
		add_up(c, (double *)at, bytes / 8);
	mine.taken = c->turn;
	return OK;
}

// run does a collective, as work of its stream. After an abort nothing can be said of what is in the memory.
static int run(communicator *c, const call &want, char *at) {
	uint64_t bytes = want.count * want.size();
	if (!memory_check((uintptr_t)at, bytes, "collective"))
		return ILLEGAL_ADDRESS;
	if (c->busy)
		return fail(c, INVALID_USAGE, "two operations of a communicator at the same time, " + want.text() + " the second");
	stats.collectives++;
	c->busy = true;
	int r = c->aborted ? (int)GONE : c->error != NCCL_OK ? (int)LAUNCH_FAILED : (int)OK;
	for (uint64_t done = 0; r == OK && done < bytes; done += PIECE)
		r = exchange(c, want, at + done, bytes - done < PIECE ? bytes - done : (uint64_t)PIECE);
	c->busy = false;
	bytes_launch_begin();
	if (counting_bytes) {
		bytes_touch((uintptr_t)at, bytes, false);
		bytes_touch((uintptr_t)at, bytes, true);
	}
	if (r == GONE)
		memset(at, 0xFF, bytes);
	return r == GONE ? (int)OK : r;
}

static int collective(void *h, const void *from, void *to, call want, void *stream, bool *before) {
	communicator *c = (communicator *)h;
	sim_stream *s = stream_of(stream);
	if (s->device != c->device || from != to) {
		fault("%s on a stream of device %d, not in place, or by a communicator of device %d", want.text().c_str(),
		      device_number(s->device), device_number(c->device));
		return refuse(INVALID_ARGUMENT, "a stream of another device, or memory that is not in place");
	}
	if (c->aborted || c->error != NCCL_OK)
		return refuse(INVALID_USAGE, "the communicator has failed");
	if (want.count == 0)
		return NCCL_OK;
	if (!memory_check((uintptr_t)to, want.count * want.size(), "collective"))
		return refuse(INVALID_ARGUMENT, "memory that is not the device's");
	if (!*before && refused_by_capture())
		return refuse(UNHANDLED_CUDA, "the first of a kind takes memory, which a capture refuses");
	*before = true;
	auto alive = c->alive;
	int r = enqueue(s, "collective", [c, alive, want, to] { return run(c, want, (char *)to); });
	return r == OK ? (int)NCCL_OK : refuse(UNHANDLED_CUDA, "CUDA error " + std::to_string(r));
}

static bool known(void *h) {
	if (all.count((communicator *)h) > 0)
		return true;
	fault("a communicator that was given back is used");
	return false;
}

EXPORT int ncclAllReduce(const void *from, void *to, size_t count, int type, int op, void *h, void *stream) {
	sim_lock hold;
	if (!known(h) || op != 0 || (type != FLOAT32 && type != FLOAT64))
		return refuse(INVALID_ARGUMENT, "no sum of floats of a communicator");
	return collective(h, from, to, {-1, type, count}, stream, &((communicator *)h)->sums);
}

EXPORT int ncclBroadcast(const void *from, void *to, size_t count, int type, int root, void *h, void *stream) {
	sim_lock hold;
	if (!known(h) || type != UINT8 || root < 0 || root >= ((communicator *)h)->size)
		return refuse(INVALID_ARGUMENT, "no broadcast of bytes by one of a communicator");
	return collective(h, from, to, {root, type, count}, stream, &((communicator *)h)->broadcasts);
}

EXPORT int ncclCommGetAsyncError(void *h, int *error) {
	sim_lock hold;
	if (!known(h))
		return INVALID_ARGUMENT;
	return *error = ((communicator *)h)->error, NCCL_OK;
}

static void give_back(communicator *c) {
	all.erase(c);
	munmap(c->at, room(c->size));
	delete c;
}

// ncclCommAbort and ncclCommDestroy wait for the graphs that operations were captured in, for ever as the library does.
EXPORT int ncclCommAbort(void *h) {
	sim_lock hold;
	if (!known(h))
		return INVALID_ARGUMENT;
	communicator *c = (communicator *)h;
	c->aborted = true;
	c->at->seats[c->rank].gone = 1;
	if (!waited(nullptr, "", [&] { return !c->busy && c->alive.use_count() == 1; })) {
		fault("an abort of a communicator waits for ever for graphs that have operations of it");
		return INVALID_USAGE;
	}
	give_back(c);
	return NCCL_OK;
}

EXPORT int ncclCommDestroy(void *h) {
	sim_lock hold;
	if (!known(h))
		return INVALID_ARGUMENT;
	communicator *c = (communicator *)h;
	drain_all(c->device);
	if (c->alive.use_count() > 1) {
		fault("a communicator is given back before the graphs that have operations of it, which waits for ever");
		return refuse(INVALID_USAGE, "graphs have operations of it");
	}
	give_back(c);
	return NCCL_OK;
}

void communicators_left(sim_device *d) {
	for (communicator *c : std::set<communicator *>(all))
		if (c->device == d) {
			fault("leak: a communicator was not given back when the context was destroyed");
			give_back(c);
		}
}
