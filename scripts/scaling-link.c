// What the network between ranks 0 and 1 does, by MPI, and sums over all ranks as aegpu makes them (dist/mpi_worker.c): a line of
// JSON each, seconds the median of so many. scripts/scaling.py compiles and runs it.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 16 << 20, TIMES = 31 };

static int rank;
static char *data, *more;

static void send_one_way(int n) {
  if (rank == 0) {
    MPI_Send(data, n, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
    MPI_Recv(more, 0, MPI_BYTE, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  } else if (rank == 1) {
    MPI_Recv(data, n, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Send(more, 0, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
  }
}

static void send_both_ways(int n) {
  if (rank < 2) MPI_Sendrecv(data, n, MPI_BYTE, 1 - rank, 0, more, n, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void add_up(int n) {
  MPI_Request r;
  MPI_Iallreduce(MPI_IN_PLACE, data, n / 4, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD, &r);
  MPI_Wait(&r, MPI_STATUS_IGNORE);
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
    printf("{\"what\": \"%s\", \"bytes\": %d, \"seconds\": %.3e, \"least\": %.3e, \"most\": %.3e}\n", what, n, seconds[times / 2], seconds[0], seconds[times - 1]);
}

int main(int argc, char **argv) {
  setenv("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "3", 0); // as dist/mpi_worker.c
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
