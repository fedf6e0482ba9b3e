package dist

import (
	"strings"
	"testing"
)

// variables reads lines of NAME=value.
func variables(text string) func(string) string {
	vars := map[string]string{}
	for _, line := range strings.Fields(text) {
		name, value, _ := strings.Cut(line, "=")
		vars[name] = value
	}
	return func(name string) string { return vars[name] }
}

const (
	asTorchrun = "RANK=5 WORLD_SIZE=8 LOCAL_RANK=1 LOCAL_WORLD_SIZE=4 MASTER_ADDR=head MASTER_PORT=4000 TORCHELASTIC_RUN_ID=x TORCHELASTIC_RESTART_COUNT=0 "
	asOpenMPI  = "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=1 OMPI_COMM_WORLD_LOCAL_SIZE=2 OMPI_MCA_ess_base_jobid=77 "
	asMPICH    = "PMI_RANK=3 PMI_SIZE=4 MPI_LOCALRANKID=1 MPI_LOCALNRANKS=2 "
	asSlurm    = "SLURM_JOB_ID=42 SLURM_STEP_ID=1 SLURM_PROCID=2 SLURM_NTASKS=4 SLURM_LOCALID=0 SLURM_STEP_NODELIST=node[007-009,11],x "
)

func TestFind(t *testing.T) {
	inSlurm := Job{Rank: 2, Size: 4, Launcher: "Slurm", Addr: "node007", Port: onePort("42.1"), ID: "42.1"}
	inTorchrun := Job{Rank: 5, Size: 8, Local: 1, LocalSize: 4, Launcher: "torchrun", Addr: "head", Port: 4000, ID: "x 0"}
	with := func(j Job, change func(*Job)) Job { change(&j); return j }
	one := Job{Size: 1, LocalSize: 1}
	for _, c := range []struct {
		name, env string
		want      Job
	}{
		{"nothing", "", one},
		{"torchrun", asTorchrun, inTorchrun},
		{"a pod of PyTorchJob", "RANK=1 WORLD_SIZE=2 MASTER_ADDR=job-master-0 MASTER_PORT=23456",
			Job{Rank: 1, Size: 2, Launcher: "torchrun", Addr: "job-master-0", Port: 23456, ID: " "}},
		{"a master of PyTorchJob", "RANK=0 WORLD_SIZE=2 MASTER_ADDR=localhost MASTER_PORT=23456 KUBERNETES_SERVICE_HOST=10.0.0.1",
			Job{Rank: 0, Size: 2, Launcher: "torchrun", Addr: "0.0.0.0", Port: 23456, ID: " "}},
		{"torchrun in a pod", "RANK=0 WORLD_SIZE=2 LOCAL_RANK=0 LOCAL_WORLD_SIZE=2 MASTER_ADDR=localhost MASTER_PORT=1 KUBERNETES_SERVICE_HOST=10.0.0.1",
			Job{Rank: 0, Size: 2, LocalSize: 2, Launcher: "torchrun", Addr: "localhost", Port: 1, ID: " "}},
		{"no port", "RANK=1 WORLD_SIZE=2 MASTER_ADDR=a", Job{Rank: 1, Size: 2, Launcher: "torchrun", Addr: "a", Port: 29500, ID: " "}},
		{"one of torchrun's", "RANK=0 WORLD_SIZE=1 MASTER_ADDR=a MASTER_PORT=1", one},
		{"a rank of something else", "RANK=colonel", one},
		{"a size alone", "WORLD_SIZE=1", one},
		{"our own", asTorchrun + "AEGPU_LAUNCHED=1 AEGPU_JOB=abc", with(inTorchrun, func(j *Job) { j.Launcher, j.ID = "aegpu", "abc" })},
		{"mpirun with torchrun's", asTorchrun + "OMPI_COMM_WORLD_RANK=5 OMPI_COMM_WORLD_SIZE=8", with(inTorchrun, func(j *Job) { j.MPI = true })},
		{"Slurm", asSlurm, inSlurm},
		{"srun by torchrun", asSlurm + asTorchrun, inTorchrun},
		{"mpirun by torchrun", asOpenMPI + asTorchrun, inTorchrun},
		{"srun with pmi2", asSlurm + "PMI_RANK=2 PMI_SIZE=4", with(inSlurm, func(j *Job) { j.MPI = true })},
		{"srun with pmix", asSlurm + "PMIX_RANK=2", with(inSlurm, func(j *Job) { j.MPI = true })},
		{"the tasks of the step", asSlurm + "SLURM_STEP_NUM_TASKS=3", with(inSlurm, func(j *Job) { j.Size = 3 })},
		{"Slurm with an address", asSlurm + "MASTER_ADDR=a MASTER_PORT=9", with(inSlurm, func(j *Job) { j.Addr, j.Port = "a", 9 })},
		{"Slurm with another size", asSlurm + "WORLD_SIZE=9", inSlurm},
		{"a batch script", strings.Replace(asSlurm, "SLURM_STEP_ID=1", "", 1), one},
		{"the batch step", strings.Replace(asSlurm, "SLURM_STEP_ID=1", "SLURM_STEP_ID=4294967291", 1), one},
		{"Open MPI with an address", asOpenMPI + "MASTER_ADDR=a MASTER_PORT=9",
			Job{Rank: 1, Size: 2, Local: 1, LocalSize: 2, Launcher: "Open MPI", MPI: true, Addr: "a", Port: 9, ID: "77"}},
		{"one of Open MPI's in Slurm", asSlurm + "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1", one},
		{"MPICH in Slurm", asSlurm + asMPICH + "MASTER_ADDR=a MASTER_PORT=9",
			Job{Rank: 3, Size: 4, Local: 1, LocalSize: 2, Launcher: "MPICH", MPI: true, Addr: "a", Port: 9}},
	} {
		got, err := Find(variables(c.env))
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v\nexpected %+v", c.name, got, err, c.want)
		}
	}
}

// TestFindUnderMPI: without an address all ranks are on this machine, or it is MPI that tells.
func TestFindUnderMPI(t *testing.T) {
	got, err := Find(variables(asOpenMPI))
	want := Job{Rank: 1, Size: 2, Local: 1, LocalSize: 2, Launcher: "Open MPI", MPI: true, Addr: "127.0.0.1", Port: onePort("77"), ID: "77"}
	if err != nil || got != want {
		t.Errorf("%+v, %v\nexpected %+v", got, err, want)
	}
	got, err = Find(variables(asMPICH))
	switch {
	case builtWithMPI && (err != nil || got.Addr != ""):
		t.Error(got, err)
	case !builtWithMPI && (err == nil || !strings.Contains(err.Error(), "set MASTER_ADDR")):
		t.Error(got, err)
	}
}

func TestHalfSetVariablesAreErrors(t *testing.T) {
	for _, c := range []struct{ env, want string }{
		{"WORLD_SIZE=2", "WORLD_SIZE is set, but not RANK"},
		{"RANK=0 WORLD_SIZE=2", "not MASTER_ADDR"},
		{"RANK=2 WORLD_SIZE=2 MASTER_ADDR=a", "RANK=2 with WORLD_SIZE=2"},
		{"RANK=one WORLD_SIZE=2 MASTER_ADDR=a", `RANK="one": expected a number`},
		{"RANK=-1 WORLD_SIZE=2 MASTER_ADDR=a", `RANK="-1"`},
		{"RANK=0 WORLD_SIZE=two MASTER_ADDR=a", `WORLD_SIZE="two"`},
		{"RANK=0 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=http", `MASTER_PORT="http"`},
		{"RANK=0 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=65535", "MASTER_PORT=65535"},
		{"RANK=0 WORLD_SIZE=2 MASTER_ADDR=a LOCAL_RANK=2 LOCAL_WORLD_SIZE=2", "LOCAL_RANK=2 with LOCAL_WORLD_SIZE=2"},
		{"RANK=0 WORLD_SIZE=2 MASTER_ADDR=a LOCAL_RANK=2 LOCAL_WORLD_SIZE=3", "LOCAL_WORLD_SIZE=3"},
		{"OMPI_COMM_WORLD_RANK=1", "not OMPI_COMM_WORLD_SIZE"},
		{"OMPI_COMM_WORLD_SIZE=2", "not OMPI_COMM_WORLD_RANK"},
		{"PMI_RANK=1", "not PMI_SIZE"},
		{"PMI_RANK=4 PMI_SIZE=4", "PMI_RANK=4 with PMI_SIZE=4"},
		{"SLURM_STEP_ID=0 SLURM_PROCID=1", "not SLURM_STEP_NUM_TASKS"},
		{"SLURM_STEP_ID=0 SLURM_PROCID=1 SLURM_NTASKS=2", "SLURM_STEP_NODELIST"},
		{"SLURM_STEP_ID=0 SLURM_PROCID=1 SLURM_NTASKS=2 SLURM_JOB_NODELIST=a[1-", "SLURM_JOB_NODELIST"},
	} {
		got, err := Find(variables(c.env))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %+v, %v\nexpected an error with %q", c.env, got, err, c.want)
		}
	}
}

func TestFirstHost(t *testing.T) {
	for list, want := range map[string]string{
		"a": "a", "a,b": "a", "node[001-003,7],x": "node001", "n[7,9]": "n7", "r[1-2]n[3-4]-ib.x,y": "r1n3-ib.x", "a,b[1-2]": "a",
		"": "", ",a": "", "a[": "", "a[]": "", "a[-1]": "", "a]": "", "a[[1]": "", "a[,1]": "",
	} {
		got, err := firstHost(list)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, expected %q", list, got, err, want)
		}
	}
}
