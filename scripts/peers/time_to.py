#!/usr/bin/env python3
"""Time from process start to a test sse on MNIST, aegpu next to PyTorch; JSON and table.

    scripts/peers/time_to.py --mnist DIR --aegpu build/aegpu --torch VENV/bin/python --device cpu --seeds 1,2,3 --out docs/benchmarks/time-to

Same net, loss (cross-entropy from logits), optimiser (Adam 1e-3), batches (shuffled, all full), device. For aegpu a run is
continued epoch by epoch until its test sse is low enough; then a process of its own trains just that many epochs, and its
whole time counts, with what `train` does at the end (evaluation, PCA, pictures, report). PyTorch is one process; evaluations
before the last are not counted, nor is its exit. With --add the seeds of an earlier run stay in the files.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# What runs, and how it starts; modes are those of gpu_step.py.
CONTESTANTS = {
    "aegpu": [],
    "aegpu, output bias from 0": ["--output-bias", "zero"],
    "PyTorch eager": ["--mode", "eager"],
    "PyTorch compiled": ["--mode", "compile"],
    "PyTorch, CUDA graph": ["--mode", "graph"],
    "PyTorch, compiled, CUDA graph": ["--mode", "compile+graph"],
    "PyTorch eager, aegpu's start": ["--mode", "eager", "--start", "aegpu"],
}


def run(command, env=None):
    """Its output and its seconds."""
    began = time.perf_counter()
    p = subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if p.returncode:
        sys.exit("%s: exit %d: %s" % (" ".join(command), p.returncode, p.stderr[-800:]))
    return json.loads(p.stdout), seconds


def aegpu(a, flags, seed):
    common = [a.aegpu, "train", a.mnist, "--hidden", a.hidden, "--latent", str(a.latent), "--activation", a.activation, "--batch", str(a.batch),
              "--lr", "1e-3", "--val", "0", "--limit", str(a.limit), "--seed", str(seed), "--precision", a.precision,
              "--device", "0" if a.device == "cuda" else "cpu", "--json", "--quiet"] + flags
    reached = []
    with tempfile.TemporaryDirectory() as folder:
        while len(reached) < a.most and not (reached and reached[-1] <= a.sse):
            out, _ = run(common + ["--epochs", str(len(reached) + 1), "--out", os.path.join(folder, "hunt"), "--resume"], a.env)
            reached.append(out["test"]["sse"])
        out, seconds = run(common + ["--epochs", str(len(reached)), "--out", os.path.join(folder, "timed")], a.env)
    if out["test"]["sse"] != reached[-1]:
        sys.exit("aegpu came to another test sse when it was trained in one go: %r, %r" % (out["test"]["sse"], reached[-1]))
    return dict(peer="aegpu", seconds=seconds, epochs=len(reached), sse=reached, reached=reached[-1] <= a.sse, training_seconds=out["seconds"])


def torch(a, flags, seed):
    spec = dict(hidden=[int(w) for w in a.hidden.split(",")], latent=a.latent, activation=a.activation)
    command = [a.torch, os.path.join(HERE, "torch_to.py"), a.mnist, "--spec", json.dumps(spec), "--sse", str(a.sse), "--batch", str(a.batch),
               "--limit", str(a.limit), "--most", str(a.most), "--seed", str(seed), "--device", a.device, "--precision", a.precision] + flags
    return run(command + (["--threads", str(a.threads)] if a.device == "cpu" else []), a.env)[0]


def over_seeds(rows):
    return "one seed" if len({r["seed"] for r in rows}) == 1 else "medians of the seeds in the last column"


def report(result):
    rows, s = result["rows"], result["settings"]
    lines = ["# Time to a test sse of %g" % s["sse"], "",
             "Made by `scripts/peers/time_to.py` on %s (%s), %s; seconds from process start, %s." % (
                 result["machine"], s["device"], ", ".join(dict.fromkeys(r["peer"] for r in rows)), over_seeds(rows)),
             "MNIST, %d training rows, net 784-%s-%d and its mirror, %s, linear code; cross-entropy from logits, Adam 1e-3, batch %d, %s." % (
                 s["limit"] or 60000, s["hidden"].replace(",", "-"), s["latent"], s["activation"], s["batch"], s["precision"]),
             "The time of aegpu is that of a whole process that trains just as many epochs as it takes and does all that `train` does at the end;",
             "PyTorch's leaves out the evaluations before the last, and its exit%s. They start differently: aegpu by default from Glorot's uniform"
             % ("; its threads wait passively" if s["device"] == "cpu" and s["wait"] == "passive" else ""),
             "weights and an output bias that makes the training mean, PyTorch from its own uniform weights and biases (a third of the variance of",
             "LeCun's; aegpu has no such initialisation). The rows with the other's start say what that is worth. Raw numbers: `%s`." % result["file"], "",
             "| | seconds | epochs | seed by seed |", "| --- | --- | --- | --- |"]
    for who in dict.fromkeys(r["who"] for r in rows):
        mine = [r for r in rows if r["who"] == who]
        every = ", ".join("%.1f%s" % (r["seconds"], "" if r["reached"] else " (not reached)") for r in mine)
        lines.append("| %s | **%.1f** | %g | %s |" % (who, statistics.median(r["seconds"] for r in mine), statistics.median(r["epochs"] for r in mine), every))
    return "\n".join(lines) + "\n"


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--aegpu", default="aegpu")
    p.add_argument("--mnist", required=True)
    p.add_argument("--torch", required=True, help="a Python that has PyTorch")
    p.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    p.add_argument("--precision", default="fp32")
    p.add_argument("--hidden", default="1000,500,250")
    p.add_argument("--latent", type=int, default=30)
    p.add_argument("--activation", default="relu", choices=["relu", "tanh", "sigmoid"])
    p.add_argument("--batch", type=int, default=96, help="it must divide the rows: a last batch of another size would be compiled anew")
    p.add_argument("--limit", type=int, default=0, help="training rows")
    p.add_argument("--sse", type=float, default=5.0)
    p.add_argument("--most", type=int, default=50, help="epochs")
    p.add_argument("--seeds", default="1,2,3")
    p.add_argument("--threads", type=int, default=2, help="on a CPU")
    p.add_argument("--wait", default="passive", choices=["passive", "active"], help="of PyTorch's OpenMP threads: active is its default, and slow where others compute")
    p.add_argument("--who", help="some of: %s; by default those without CUDA on a CPU, all on a GPU" % "; ".join(CONTESTANTS))
    p.add_argument("--add", action="store_true", help="keep the other seeds of the JSON that is there")
    p.add_argument("--out", default="docs/benchmarks/time-to", help="written with .json and .md")
    a = p.parse_args()
    if (a.limit or 60000) % a.batch:
        p.error("--batch %d does not divide the %d rows" % (a.batch, a.limit or 60000))
    a.who = a.who.split(";") if a.who else [w for w in CONTESTANTS if a.device == "cuda" or "CUDA" not in w]
    a.who = [w.strip() for w in a.who]
    for w in a.who:
        if w not in CONTESTANTS:
            p.error("--who: unknown %r" % w)
    a.env = {"OMP_NUM_THREADS": str(a.threads), "OMP_WAIT_POLICY": a.wait, "GOMAXPROCS": str(a.threads)} if a.device == "cpu" else {}
    return a


def main():
    a = arguments()
    settings = {k: getattr(a, k) for k in ("device", "precision", "hidden", "latent", "activation", "batch", "limit", "sse", "threads", "wait")}
    devices = run([a.aegpu, "devices", "--json"])[0]["devices"]
    machine = next(d["detail"] for d in devices if d["kind"] == a.device)
    result = dict(machine=machine, system=platform.platform(), settings=settings, file=os.path.basename(a.out) + ".json", rows=[])
    seeds = [int(s) for s in a.seeds.split(",")]
    if a.add and os.path.exists(a.out + ".json"):
        with open(a.out + ".json") as f:
            old = json.load(f)
        if old["settings"] != settings or old["machine"] != machine:
            sys.exit("%s.json has other settings, or is of another machine: %s" % (a.out, old["settings"]))
        result["rows"] = [r for r in old["rows"] if not (r["seed"] in seeds and r["who"] in a.who)]
    for seed in seeds:
        for who in a.who:
            row = (aegpu if who.startswith("aegpu") else torch)(a, CONTESTANTS[who], seed)
            result["rows"].append(dict(who=who, seed=seed, **row))
            print("%-32s seed %d: %6.1f s, %d epochs, sse %.2f" % (who, seed, row["seconds"], row["epochs"], row["sse"][-1]), flush=True)
    order = list(CONTESTANTS)
    result["rows"].sort(key=lambda r: (order.index(r["who"]), r["seed"]))
    os.makedirs(os.path.dirname(os.path.abspath(a.out)), exist_ok=True)
    with open(a.out + ".json", "w") as f:
        json.dump(result, f, indent=1)
    with open(a.out + ".md", "w") as f:
        f.write(report(result))


if __name__ == "__main__":
    main()
