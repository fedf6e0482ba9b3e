// The thread that makes all calls of MPI, see mpi_worker.c.
#pragma once

enum { AEGPU_SUM32, AEGPU_SUM64, AEGPU_BROADCAST };

// aegpu_mpi_start starts the thread, and MPI in it. It returns 0, or -1 with an error to ask for.
int aegpu_mpi_start(double seconds, int *rank, int *size);

// aegpu_mpi_begin starts an operation on n numbers, or bytes. They belong to MPI until aegpu_mpi_wait returned 0.
void aegpu_mpi_begin(int kind, void *data, int n, int root);

// aegpu_mpi_wait waits for all that was begun. It returns 0, or -1 with an error to ask for.
int aegpu_mpi_wait(void);

// aegpu_mpi_fail ends every wait with an error, and keeps the thread from calling MPI again.
void aegpu_mpi_fail(const char *why);

// aegpu_mpi_end ends MPI, with all ranks. It returns 0, or -1 with an error to ask for.
int aegpu_mpi_end(double seconds);

// aegpu_mpi_error is the first error.
const char *aegpu_mpi_error(void);
