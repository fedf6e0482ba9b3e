package dist

import (
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"strconv"
)

// Job is which rank of what this process is.
type Job struct {
	Rank, Size int
	// Local of LocalSize ranks on this machine; LocalSize 0: not known before Join.
	Local, LocalSize int
	// Launcher is what started the ranks, in words: "torchrun", "Open MPI", "MPICH", "Slurm", "aegpu".
	Launcher string
	// Addr is the host of rank 0; rank 0 listens on a port right after Port. "": only MPI can tell.
	Addr string
	Port int
	// ID tells the job from others, where the launcher has something that does.
	ID string
	// MPI: an MPI launcher started the ranks.
	MPI bool
}

// env reads variables. The first that is wrong is kept.
type env struct {
	get func(string) string
	err error
}

// number is the value of the first of the variables that is set, and its name; "" where none is.
func (e *env) number(names ...string) (n int, name string) {
	for _, name := range names {
		text := e.get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if (err != nil || n < 0) && e.err == nil {
			e.err = fmt.Errorf("%s=%q: expected a number from 0", name, text)
		}
		return n, name
	}
	return 0, ""
}

// Find returns which rank of what this process is, from the variables of torchrun and Kubeflow's PyTorchJob, of Open MPI
// (and so MPIJob), of MPICH and others with Hydra or PMI, or of a step of Slurm. A full set of torchrun's counts
// before those of an MPI launcher, and these before Slurm's. MASTER_ADDR and MASTER_PORT say where rank 0 is under
// any of them. A job of one rank is none: Size is then 1. Variables that are half set or contradict each other are errors.
func Find(getenv func(string) string) (Job, error) {
	e := &env{get: getenv}
	for _, find := range []func(*env) (Job, bool){torchrun, openMPI, hydra, slurm, halfTorchrun} {
		job, found := find(e)
		if e.err != nil {
			return Job{}, e.err
		}
		if !found {
			continue
		}
		if job.Size <= 1 {
			break
		}
		return job, e.err
	}
	return Job{Size: 1, LocalSize: 1}, nil
}

// ranks reads rank and size of what all launchers have, each under the first of its names that is set, and holds them
// to each other; "" where there is neither.
func (e *env) ranks(job *Job, ranks, sizes []string) (found bool) {
	rank, rankName := e.number(ranks...)
	size, sizeName := e.number(sizes...)
	switch {
	case e.err != nil || rankName == "" && sizeName == "":
		return false
	case sizeName == "":
		e.err = fmt.Errorf("%s is set, but not %s: how many ranks are there?", rankName, sizes[0])
	case rankName == "":
		e.err = fmt.Errorf("%s is set, but not %s: which rank is this?", sizeName, ranks[0])
	case rank >= size:
		e.err = fmt.Errorf("%s=%d with %s=%d: expected a rank below the number of ranks", rankName, rank, sizeName, size)
	}
	job.Rank, job.Size = rank, size
	return e.err == nil
}

// locals reads the place among the ranks of this machine.
func (e *env) locals(job *Job, rank, size string) {
	local, rankName := e.number(rank)
	n, sizeName := e.number(size)
	if e.err != nil || rankName == "" || sizeName == "" {
		return
	}
	if local >= n {
		e.err = fmt.Errorf("%s=%d with %s=%d: expected a rank below the number of ranks", rank, local, size, n)
	} else if n > job.Size {
		e.err = fmt.Errorf("%s=%d: expected no more than the job's %d ranks", size, n, job.Size)
	}
	job.Local, job.LocalSize = local, n
}

// master reads where rank 0 is, if that is said.
func (e *env) master(job *Job) {
	addr := e.get("MASTER_ADDR")
	port, name := e.number("MASTER_PORT")
	if e.err != nil || addr == "" {
		return
	}
	if name == "" {
		port = 29500 // torchrun's
	}
	if port < 1 || port+ports > 65535 {
		e.err = fmt.Errorf("MASTER_PORT=%d: expected a port from 1 to %d, some after it are used too", port, 65535-ports)
	}
	job.Addr, job.Port = addr, port
}

// onePort is a port that follows from what tells a job from others, below those that systems hand out.
func onePort(id string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return 20000 + int(h.Sum32()%700)*(ports+1)
}

// torchrun finds a whole set of its variables.
func torchrun(e *env) (Job, bool) {
	for _, name := range []string{"RANK", "WORLD_SIZE", "MASTER_ADDR"} {
		if e.get(name) == "" {
			return Job{}, false
		}
	}
	return halfTorchrun(e)
}

// halfTorchrun finds any of its variables that mean a job.
func halfTorchrun(e *env) (Job, bool) {
	job := Job{Launcher: "torchrun", ID: e.get("TORCHELASTIC_RUN_ID") + " " + e.get("TORCHELASTIC_RESTART_COUNT")}
	if e.get("WORLD_SIZE") == "" || e.get("WORLD_SIZE") == "1" {
		return job, false // others have a RANK too
	}
	if !e.ranks(&job, []string{"RANK"}, []string{"WORLD_SIZE"}) {
		return job, false
	}
	e.locals(&job, "LOCAL_RANK", "LOCAL_WORLD_SIZE")
	if e.master(&job); job.Addr == "" && job.Size > 1 && e.err == nil {
		e.err = fmt.Errorf("RANK=%d and WORLD_SIZE=%d are set, but not MASTER_ADDR: where is rank 0?", job.Rank, job.Size)
	}
	if n, _ := e.number("OMPI_COMM_WORLD_SIZE", "PMI_SIZE"); n == job.Size {
		job.MPI = true // mpirun is behind it
	}
	if job.Rank == 0 && job.LocalSize != job.Size && loopback(job.Addr) && e.get("KUBERNETES_SERVICE_HOST") != "" {
		job.Addr = "0.0.0.0" // what some versions of PyTorchJob call localhost, for the master alone, others reach by the pod's name
	}
	if e.get("AEGPU_LAUNCHED") != "" {
		job.Launcher, job.ID = "aegpu", e.get("AEGPU_JOB")
	}
	return job, true
}

// openMPI finds what its mpirun sets.
func openMPI(e *env) (Job, bool) {
	job := Job{Launcher: "Open MPI", MPI: true}
	for _, name := range []string{"PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid", "OMPI_MCA_orte_hnp_uri"} {
		if job.ID = e.get(name); job.ID != "" {
			break
		}
	}
	if !e.ranks(&job, []string{"OMPI_COMM_WORLD_RANK"}, []string{"OMPI_COMM_WORLD_SIZE"}) {
		return job, false
	}
	e.locals(&job, "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE")
	e.underMPI(&job)
	return job, true
}

// hydra finds what MPICH's launcher sets, and others that speak PMI: those of Intel MPI and MVAPICH, and srun --mpi=pmi2.
func hydra(e *env) (Job, bool) {
	job := Job{Launcher: "MPICH", MPI: true, ID: "process " + strconv.Itoa(os.Getppid())}
	if !e.ranks(&job, []string{"PMI_RANK"}, []string{"PMI_SIZE"}) {
		return job, false
	}
	e.locals(&job, "MPI_LOCALRANKID", "MPI_LOCALNRANKS")
	if step, found := slurm(e); found && step.Rank == job.Rank && step.Size == job.Size {
		step.MPI = true // srun itself speaks PMI
		return step, true
	}
	if e.get("MASTER_ADDR") != "" || job.LocalSize != job.Size {
		job.ID = "" // machines have launchers of their own
	}
	e.underMPI(&job)
	return job, true
}

// underMPI settles where rank 0 is. Of several machines MPI tells in a program that has it; on one the ranks know each other before
// MPI starts, and so which one it starts without.
func (e *env) underMPI(job *Job) {
	e.master(job)
	switch {
	case e.err != nil || job.Size <= 1 || job.Addr != "":
	case job.LocalSize == job.Size:
		job.Addr, job.Port = "127.0.0.1", onePort(job.ID)
	case !builtWithMPI:
		e.err = fmt.Errorf("%s started %d ranks on several machines: set MASTER_ADDR to the host of rank 0, or use an aegpu that was built with -tags mpi",
			job.Launcher, job.Size)
	}
}

// loopback: an address that only this machine reaches.
func loopback(addr string) bool {
	ip := net.ParseIP(addr)
	return addr == "localhost" || ip != nil && ip.IsLoopback()
}
