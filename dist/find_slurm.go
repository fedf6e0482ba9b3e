package dist

import (
	"fmt"
	"strings"
)

// slurm finds a step of Slurm's, which srun starts: the variables of a batch script are those of the allocation.
func slurm(e *env) (Job, bool) {
	job := Job{Launcher: "Slurm"}
	step, name := e.number("SLURM_STEP_ID", "SLURM_STEPID")
	const special = 0xfffffff0 // the batch script and the shell of an allocation
	if e.err != nil || name == "" || step >= special {
		return job, false
	}
	if !e.ranks(&job, []string{"SLURM_PROCID"}, []string{"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"}) {
		return job, false
	}
	job.MPI = e.get("PMIX_RANK") != "" || e.get("PMI_RANK") != ""
	id := e.get("SLURM_JOB_ID")
	if id == "" {
		id = e.get("SLURM_JOBID")
	}
	job.ID = fmt.Sprintf("%s.%d", id, step)
	if e.master(&job); e.err != nil || job.Addr != "" || job.Size <= 1 {
		return job, true
	}
	for _, name := range []string{"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"} {
		list := e.get(name)
		if list == "" {
			continue
		}
		host, err := firstHost(list)
		if err != nil {
			e.err = fmt.Errorf("%s=%q: %w", name, list, err)
		}
		job.Addr, job.Port = host, onePort(job.ID)
		return job, true
	}
	e.err = fmt.Errorf("neither SLURM_STEP_NODELIST nor MASTER_ADDR is set: where is rank 0 of %d?", job.Size)
	return job, true
}

// firstHost is the first of a list of hosts as Slurm writes it, "node[001-003,7],x": of each bracket the first number.
func firstHost(list string) (string, error) {
	var host strings.Builder
	for list != "" && list[0] != ',' {
		if list[0] != '[' {
			host.WriteByte(list[0])
			list = list[1:]
			continue
		}
		inside, rest, closed := strings.Cut(list[1:], "]")
		first := inside
		if i := strings.IndexAny(inside, ",-"); i >= 0 {
			first = inside[:i]
		}
		if !closed || first == "" || strings.Contains(inside, "[") {
			return "", fmt.Errorf("expected hosts such as node[1-3],x")
		}
		host.WriteString(first)
		list = rest
	}
	if host.Len() == 0 || strings.ContainsAny(host.String(), "] \t") {
		return "", fmt.Errorf("expected hosts such as node[1-3],x")
	}
	return host.String(), nil
}
