// What the network between ranks 0 and 1 does, by MPI, and sums over all ranks as aegpu makes them (dist/mpi_worker.c): a line of
// JSON each, seconds the median of so many. scripts/scaling.py compiles and runs it.
#define _GNU_SOURCE
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

enum { MOST = 16 << 20, TIMES = 31 };

static int rank;
static char *data, *more;

// finish waits as dist/mpi_worker.c does, which leaves the core to others.
static void finish(int n, MPI_Request *r) {
  double start = MPI_Wtime();
  for (int all = 0; MPI_Testall(n, r, &all, MPI_STATUSES_IGNORE), !all;) {
    if (MPI_Wtime() - start < 500e-6)
      sched_yield();
    else
      nanosleep(&(struct timespec){0, 50000}, NULL);
  }
}

static void send_one_way(int n) {
  MPI_Request r;
  if (rank > 1) return;
  for (int turn = 0; turn < 2; turn++) { // there n bytes, back none
    int size = turn ? 0 : n;
    if (rank == turn)
      MPI_Isend(data, size, MPI_BYTE, 1 - rank, turn, MPI_COMM_WORLD, &r);
    else
      MPI_Irecv(data, size, MPI_BYTE, 1 - rank, turn, MPI_COMM_WORLD, &r);
    finish(1, &r);
  }
}

static void send_both_ways(int n) {
  MPI_Request r[2];
  if (rank > 1) return;
  MPI_Isend(data, n, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, &r[0]);
  MPI_Irecv(more, n, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, &r[1]);
  finish(2, r);
}

static void add_up(int n) {
  MPI_Request r;
  MPI_Iallreduce(MPI_IN_PLACE, data, n / 4, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD, &r);
  finish(1, &r);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void measure(const char *what, void (*once)(int n), int n) {
  double seconds[TIMES];
  int times = n >= 1 << 20 ? 7 : TIMES;
  once(n);
  for (int i = 0; i < times; i++) {
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    once(n);
    seconds[i] = MPI_Wtime() - start;
  }
  qsort(seconds, times, sizeof *seconds, by_size);
  if (rank == 0)
    printf("{\"what\": \"%s\", \"bytes\": %d, \"times\": %d, \"seconds\": %.3e, \"least\": %.3e, \"most\": %.3e}\n", what, n, times, seconds[times / 2], seconds[0],
           seconds[times - 1]);
}

int main(int argc, char **argv) {
  setenv("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "3", 0); // as dist/mpi_worker.c
  prctl(PR_SET_TIMERSLACK, 1000UL);
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  data = calloc(MOST, 1);
  more = calloc(MOST, 1);
  if (!data || !more) MPI_Abort(MPI_COMM_WORLD, 1);
  for (int n = 4; n <= MOST; n *= 4) measure("one way", send_one_way, n);
  for (int n = 1 << 20; n <= MOST; n *= 4) measure("both ways", send_both_ways, n);
  for (int n = 4; n <= MOST; n *= 4) measure("sum", add_up, n);
  MPI_Finalize();
}
