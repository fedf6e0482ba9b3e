//go:build mpi

// One thread makes all calls of MPI, so that MPI needs no locks of its own, and goes on with what was begun while the
// others compute. It is a thread of C and not a goroutine: it takes its turn from the system, however busy
// the program's goroutines are, and others ask it for work without a way through Go's scheduler.

#ifdef __linux__
#define _GNU_SOURCE
#include <sys/prctl.h>
#endif
#include <errno.h>
#include <mpi.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mpi_worker.h"

enum { QUEUE = 256 };

enum { UNBORN, STARTING, READY, ENDING, ENDED };

static struct {
  pthread_mutex_t lock;
  pthread_cond_t work, done;
  struct {
    int kind, n, root;
    void *data;
  } queue[QUEUE];
  unsigned long begun, finished; // operations, ever
  int state, waiting, failed;
  int rank, size;
  char error[512 + MPI_MAX_ERROR_STRING];
} w = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

// fail keeps the first error. The lock is held.
static void fail(const char *why, const char *more) {
  if (!w.failed) snprintf(w.error, sizeof w.error, "%s%s", why, more);
  w.failed = 1;
  pthread_cond_broadcast(&w.done);
  pthread_cond_broadcast(&w.work);
}

// check notes what a call of MPI came to; false where it failed.
static int check(int code, const char *call) {
  char text[MPI_MAX_ERROR_STRING] = "";
  int n;
  if (code == MPI_SUCCESS) return 1;
  MPI_Error_string(code, text, &n);
  pthread_mutex_lock(&w.lock);
  fail(call, text);
  pthread_mutex_unlock(&w.lock);
  return 0;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// rest lets others compute between two looks at what was begun, `since` the last that anything happened. Where the program
// waits there is nothing else to do on this core, but for other ranks.
static void rest(double since, int waiting) {
  if (since < (waiting ? 500e-6 : 20e-6)) {
    sched_yield();
    return;
  }
  struct timespec t = {0, 50000};
  nanosleep(&t, NULL);
}

static int start(int kind, void *data, int n, int root, MPI_Request *r) {
  switch (kind) {
  case AEGPU_SUM32:
    return check(MPI_Iallreduce(MPI_IN_PLACE, data, n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD, r), "MPI_Iallreduce: ");
  case AEGPU_SUM64:
    return check(MPI_Iallreduce(MPI_IN_PLACE, data, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, r), "MPI_Iallreduce: ");
  default:
    return check(MPI_Ibcast(data, n, MPI_BYTE, root, MPI_COMM_WORLD, r), "MPI_Ibcast: ");
  }
}

// serve does what is begun until the end, or an error: after one MPI is not called again, as it may end the program.
static void serve(void) {
  static MPI_Request under_way[QUEUE];
  static MPI_Status statuses[QUEUE]; // MPI_STATUSES_IGNORE would do, but for a warning of gcc with MPICH's header
  unsigned long started = 0;
  double last = now();
  for (;;) {
    pthread_mutex_lock(&w.lock);
    while (w.state == READY && !w.failed && w.begun == w.finished) pthread_cond_wait(&w.work, &w.lock);
    int go_on = !w.failed && w.begun != w.finished, waiting = w.waiting;
    unsigned long begun = w.begun, finished = w.finished;
    pthread_mutex_unlock(&w.lock);
    if (!go_on) return;
    for (; started != begun; started++) {
      unsigned long i = started % QUEUE; // not written to until it is finished
      if (!start(w.queue[i].kind, w.queue[i].data, w.queue[i].n, w.queue[i].root, &under_way[started - finished])) return;
      last = now();
    }
    int all;
    double before = now();
    if (!check(MPI_Testall((int)(started - finished), under_way, &all, statuses), "MPI_Testall: ")) return;
    double after = now();
    if (all || after - before > 3e-6) last = after; // a look that took time has moved something, and more may be on its way
    if (!all) {
      rest(after - last, waiting);
      continue;
    }
    pthread_mutex_lock(&w.lock);
    w.finished = started;
    pthread_cond_broadcast(&w.done);
    pthread_mutex_unlock(&w.lock);
  }
}

static void become(int state) {
  pthread_mutex_lock(&w.lock);
  w.state = state;
  pthread_cond_broadcast(&w.done);
  pthread_mutex_unlock(&w.lock);
}

static void *run(void *unused) {
  (void)unused;
  // Left to itself, Open MPI adds up in place along a binomial tree (nbc_iallreduce.c): all that there is crosses the network 2 log2 N
  // times, one way at a time. Rabenseifner's (2004) halves and gathers: less than twice. Others do not know the variable.
  setenv("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "3", 0);
#ifdef __linux__
  prctl(PR_SET_TIMERSLACK, 1000UL); // naps of 50 microseconds are to be no longer
#endif
  int given = MPI_THREAD_SINGLE;
  if (!check(MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &given), "MPI_Init_thread: ")) return NULL;
  if (given < MPI_THREAD_SERIALIZED) {
    pthread_mutex_lock(&w.lock);
    fail("this MPI was built without threads: MPI_THREAD_SERIALIZED is needed", "");
    pthread_mutex_unlock(&w.lock);
    return NULL;
  }
  if (!check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler: ") ||
      !check(MPI_Comm_rank(MPI_COMM_WORLD, &w.rank), "MPI_Comm_rank: ") ||
      !check(MPI_Comm_size(MPI_COMM_WORLD, &w.size), "MPI_Comm_size: "))
    return NULL;
  become(READY);
  serve();
  pthread_mutex_lock(&w.lock);
  int well = !w.failed;
  pthread_mutex_unlock(&w.lock);
  if (well && check(MPI_Finalize(), "MPI_Finalize: ")) become(ENDED);
  return NULL;
}

// reach waits so long for a state, with the lock held.
static int reach(int state, double seconds, const char *late) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += (time_t)seconds + 1;
  while (w.state < state && !w.failed)
    if (pthread_cond_timedwait(&w.done, &w.lock, &until) == ETIMEDOUT) fail(late, "");
  return w.failed ? -1 : 0;
}

int aegpu_mpi_start(double seconds, int *rank, int *size) {
  pthread_mutex_lock(&w.lock);
  if (w.state == UNBORN) {
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // signals are for Go's threads
    w.state = STARTING;
    if (pthread_create(&thread, NULL, run, NULL) != 0)
      fail("no thread can be started for MPI", "");
    else
      pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  int rc = reach(READY, seconds, "MPI did not start in time: did all ranks start it?");
  *rank = w.rank, *size = w.size;
  pthread_mutex_unlock(&w.lock);
  return rc;
}

void aegpu_mpi_begin(int kind, void *data, int n, int root) {
  pthread_mutex_lock(&w.lock);
  while (w.begun - w.finished == QUEUE && !w.failed) pthread_cond_wait(&w.done, &w.lock);
  if (!w.failed) {
    unsigned long i = w.begun % QUEUE;
    w.queue[i].kind = kind, w.queue[i].data = data, w.queue[i].n = n, w.queue[i].root = root;
    w.begun++;
    pthread_cond_signal(&w.work);
  }
  pthread_mutex_unlock(&w.lock);
}

int aegpu_mpi_wait(void) {
  pthread_mutex_lock(&w.lock);
  w.waiting = 1;
  while (w.begun != w.finished && !w.failed) pthread_cond_wait(&w.done, &w.lock);
  w.waiting = 0;
  int rc = w.failed ? -1 : 0;
  pthread_mutex_unlock(&w.lock);
  return rc;
}

void aegpu_mpi_fail(const char *why) {
  pthread_mutex_lock(&w.lock);
  fail(why, "");
  pthread_mutex_unlock(&w.lock);
}

int aegpu_mpi_end(double seconds) {
  pthread_mutex_lock(&w.lock);
  if (w.state == READY) w.state = ENDING;
  pthread_cond_broadcast(&w.work);
  int rc = reach(ENDED, seconds, "MPI did not end in time");
  pthread_mutex_unlock(&w.lock);
  return rc;
}

const char *aegpu_mpi_error(void) { return w.error; }
