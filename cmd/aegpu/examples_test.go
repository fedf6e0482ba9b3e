package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/dist"
	"gopkg.in/yaml.v3"
)

// kubeJob is what the examples use of Kubeflow's MPIJob (kubeflow.org/v2beta1) and PyTorchJob (kubeflow.org/v1).
type kubeJob struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		SlotsPerWorker int `yaml:"slotsPerWorker"`
		RunPolicy      struct {
			CleanPodPolicy string `yaml:"cleanPodPolicy"`
			BackoffLimit   int    `yaml:"backoffLimit"`
		} `yaml:"runPolicy"`
		MPI     map[string]kubeReplicas `yaml:"mpiReplicaSpecs"`
		PyTorch map[string]kubeReplicas `yaml:"pytorchReplicaSpecs"`
	}
}

type kubeReplicas struct {
	Replicas      int
	RestartPolicy string `yaml:"restartPolicy"`
	Template      struct {
		Spec struct {
			Containers []struct {
				Name, Image   string
				Env           []struct{ Name, Value string }
				Command, Args []string
				Resources     struct{ Limits map[string]string }
				VolumeMounts  []struct {
					Name      string
					MountPath string `yaml:"mountPath"`
				} `yaml:"volumeMounts"`
			}
			Volumes []struct {
				Name  string
				Claim struct {
					Name string `yaml:"claimName"`
				} `yaml:"persistentVolumeClaim"`
				EmptyDir struct{ Medium string } `yaml:"emptyDir"`
			}
		}
	}
}

func exampleJob(t *testing.T, name string) (job kubeJob) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&job); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return job
}

// The MPIJob starts a rank on each slot of its workers, each with a GPU.
func TestExampleMPIJob(t *testing.T) {
	job := exampleJob(t, "mpijob.yaml")
	launcher, worker := job.Spec.MPI["Launcher"], job.Spec.MPI["Worker"]
	if job.APIVersion != "kubeflow.org/v2beta1" || job.Kind != "MPIJob" || len(job.Spec.MPI) != 2 || launcher.Replicas != 1 {
		t.Fatalf("%s %s with %d launchers in %d kinds of replicas", job.APIVersion, job.Kind, launcher.Replicas, len(job.Spec.MPI))
	}
	run, work := launcher.Template.Spec.Containers[0], worker.Template.Spec.Containers[0]
	ranks := fmt.Sprint(job.Spec.SlotsPerWorker * worker.Replicas)
	if i := slices.Index(run.Args, "-np"); i < 0 || run.Args[i+1] != ranks || work.Resources.Limits["nvidia.com/gpu"] != fmt.Sprint(job.Spec.SlotsPerWorker) {
		t.Errorf("%v on %d workers of %d slots and %s GPUs", run.Args, worker.Replicas, job.Spec.SlotsPerWorker, work.Resources.Limits["nvidia.com/gpu"])
	}
	if first := "MASTER_ADDR=" + job.Metadata.Name + "-worker-0." + job.Metadata.Name; !slices.Contains(run.Args, first) {
		t.Errorf("%v: expected %s", run.Args, first)
	}
	checkExampleFlags(t, strings.Join(run.Args, " "))
}

// The PyTorchJob starts a rank a pod.
func TestExamplePyTorchJob(t *testing.T) {
	job := exampleJob(t, "pytorchjob.yaml")
	if job.APIVersion != "kubeflow.org/v1" || job.Kind != "PyTorchJob" || len(job.Spec.PyTorch) != 2 || job.Spec.PyTorch["Master"].Replicas != 1 {
		t.Fatalf("%s %s with %d masters in %d kinds of replicas", job.APIVersion, job.Kind, job.Spec.PyTorch["Master"].Replicas, len(job.Spec.PyTorch))
	}
	for kind, r := range job.Spec.PyTorch {
		c := r.Template.Spec.Containers[0]
		if c.Name != "pytorch" || c.Resources.Limits["nvidia.com/gpu"] != "1" || r.RestartPolicy != "OnFailure" {
			t.Errorf("%s: container %s with %s GPUs, restarted %s", kind, c.Name, c.Resources.Limits["nvidia.com/gpu"], r.RestartPolicy)
		}
		checkExampleFlags(t, strings.Join(append(c.Command, c.Args...), " "))
	}
}

// checkExampleFlags holds the flags after "aegpu train" of a command line to those that there are.
func checkExampleFlags(t *testing.T, line string) {
	t.Helper()
	_, args, found := strings.Cut(line, "aegpu train ")
	flags := regexp.MustCompile(`(?:^| )(--[a-z-]+)`).FindAllStringSubmatch(args, -1)
	if !found || len(flags) == 0 {
		t.Fatalf("no aegpu train with flags: %s", line)
	}
	help := must(t, "train", "--help").out
	for _, f := range flags {
		if !regexp.MustCompile(`(?m)^ .*` + f[1] + `\b`).MatchString(help) {
			t.Errorf("aegpu train has no flag %s: %s", f[1], line)
		}
	}
}

// runExample runs a script of examples/ with other programs in the place of those that it calls, and returns its exit
// code and what they printed.
func runExample(t *testing.T, programs map[string]string, script string, args ...string) (code int, out string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("no bash")
	}
	bin := t.TempDir()
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", append([]string{filepath.Join("..", "..", "examples", script)}, args...)...)
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "SLURM_JOB_ID=77")
	text, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// By hand: each machine starts its ranks under variables that make one job.
func TestExampleTwoMachines(t *testing.T) {
	seen := map[int]bool{}
	for machine := range 2 {
		code, out := runExample(t, map[string]string{
			"nvidia-smi": "echo one; echo two",
			"aegpu":      `echo "RANK=$RANK WORLD_SIZE=$WORLD_SIZE LOCAL_RANK=$LOCAL_RANK LOCAL_WORLD_SIZE=$LOCAL_WORLD_SIZE MASTER_ADDR=$MASTER_ADDR MASTER_PORT=$MASTER_PORT|aegpu $*"`,
		}, "two-machines.sh", fmt.Sprint(machine), "first", "data.npy", "runs/one", "--epochs", "3")
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, out)
		}
		for line := range strings.Lines(out) {
			vars, called, _ := strings.Cut(strings.TrimSpace(line), "|")
			checkExampleFlags(t, called)
			env := map[string]string{}
			for _, v := range strings.Fields(vars) {
				name, value, _ := strings.Cut(v, "=")
				env[name] = value
			}
			job, err := dist.Find(func(name string) string { return env[name] })
			if err != nil || job.Size != 4 || job.LocalSize != 2 || job.Rank/2 != machine || job.Addr != "first" || job.Port != 29500 {
				t.Errorf("%s: %+v, %v", vars, job, err)
			}
			seen[job.Rank] = true
		}
	}
	if len(seen) != 4 {
		t.Errorf("ranks %v of 4", seen)
	}
	if code, _ := runExample(t, map[string]string{"nvidia-smi": "echo one; echo two", "aegpu": `exit $((LOCAL_RANK * 3))`}, "two-machines.sh", "0", "first", "d", "o"); code != 3 {
		t.Errorf("exit code %d where a rank has 3", code)
	}
}

// Under Slurm: a job that was terminated is queued again, one that failed is not.
func TestExampleSlurm(t *testing.T) {
	for _, c := range []struct {
		srun   string
		code   int
		queued bool
	}{{"", 0, false}, {"exit 143", 143, true}, {"exit 1", 1, false}} {
		code, out := runExample(t, map[string]string{"srun": "echo srun $*\n" + c.srun, "scontrol": "echo scontrol $*"}, "slurm.sh", "data.npy", "runs/one", "--epochs", "3")
		if code != c.code || strings.Contains(out, "scontrol requeue 77") != c.queued {
			t.Errorf("srun %q: exit code %d, %s", c.srun, code, out)
		}
		first, _, _ := strings.Cut(out, "\n")
		checkExampleFlags(t, first)
	}
}
