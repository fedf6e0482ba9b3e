#!/usr/bin/env python3
"""Times aegpu and PyTorch (and scikit-learn) back to back on this machine's CPU and writes a table and its JSON.

    scripts/peers/cpu.py --mnist DIR --torch /usr/bin/python3 [--torch VENV/bin/python ...] --out docs/benchmarks/cpu

Every net of `aegpu bench --nets` at every batch, --rounds times over, so that a busy minute of the machine does not decide a cell. The first
round has aegpu and each PyTorch as it is installed, with passive OpenMP waiting, and with malloc's thresholds raised too; the later
ones aegpu and what was the fastest PyTorch of one of the net's cells. A time is the median over the rounds of each round's median
of --runs runs; the fastest PyTorch of a cell is the peer. Two threads each.
"""
import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile

import agree

HERE = os.path.dirname(os.path.abspath(__file__))
BIG = str(1 << 30)
SETTINGS = {
    "as installed": {},
    "passive waiting": {"OMP_WAIT_POLICY": "passive"},
    "tuned": {"OMP_WAIT_POLICY": "passive", "MALLOC_MMAP_THRESHOLD_": BIG, "MALLOC_TRIM_THRESHOLD_": BIG, "MALLOC_TOP_PAD_": BIG},
}


def output(command, env):
    run = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True)
    if run.returncode:
        sys.exit("%s: %s" % (" ".join(command), run.stderr[-500:]))
    return run.stdout


def lines(command, env):
    return [json.loads(l) for l in output(command, env).splitlines()]


def measure(a, net, spec, peers):
    """A round of one net: aegpu, and each of the peers, a Python and how it is set."""
    threads = {"OMP_NUM_THREADS": str(a.threads), "GOMAXPROCS": str(a.threads)}
    common = ["--batches", a.batches, "--runs", str(a.runs), "--target", str(a.target)]
    command = [a.aegpu, "bench", a.mnist, "--device", "cpu", "--json", "--quiet"] + common + spec["aegpu"].split()
    rows = [dict(p, peer="aegpu", setting="") for p in json.loads(output(command, threads))["points"]]
    for python, setting in peers:
        env = {**threads, **SETTINGS[setting]}
        got = lines([python, os.path.join(HERE, "torch_step.py"), net, a.mnist, "--specs", a.specs, "--threads", str(a.threads)] + common, env)
        rows += [dict(p, setting=setting, python=python) for p in got]
    return rows


def rounds(a, net, spec):
    """All rounds of one net."""
    rows = [dict(r, round=0) for r in measure(a, net, spec, [(p, s) for p in a.torch for s in a.settings.split(",")])]
    fastest = {(r["python"], r["setting"]) for r in (cell(rows, b, True) for b in batches(a))}
    for i in range(1, a.rounds):
        rows += [dict(r, round=i) for r in measure(a, net, spec, sorted(fastest))]
    if net == "a" and a.sklearn:
        got = lines([a.sklearn, os.path.join(HERE, "sklearn_step.py"), a.mnist, "--runs", str(a.runs)], {"OMP_NUM_THREADS": str(a.threads)})
        rows += [dict(p, setting="as installed") for p in got]
    return [dict({k: v for k, v in r.items() if k != "python"}, net=net) for r in rows]


def batches(a):
    return [int(b) for b in a.batches.split(",")]


def cell(rows, batch, torch):
    """The median over the rounds of aegpu, or of the fastest PyTorch among those that were in every round."""
    sides = {}
    for r in rows:
        if r["batch"] == batch and r["peer"].startswith("torch" if torch else "aegpu"):
            sides.setdefault((r["peer"], r["setting"]), []).append(r)
    most = max(map(len, sides.values()))
    medians = [dict(side[0], step_ms=statistics.median(r["step_ms"] for r in side)) for side in sides.values() if len(side) == most]
    best = min(medians, key=lambda r: r["step_ms"])
    return dict(best, examples_per_second=1e3 * batch / best["step_ms"])


def table(rows, nets, a):
    ratios = []
    out = ["# Training steps on the CPU, aegpu against PyTorch", "",
           "Made by `scripts/peers/cpu.py` on %s, %d threads each, float32, in one go: median over %d rounds in turns of each round's median of"
           % (cpu_name(), a.threads, a.rounds),
           "%d runs of %g s. Raw numbers: `%s.json`. A cell is aegpu's examples/s over those of the fastest PyTorch (%s; each %s)."
           % (a.runs, a.target, os.path.basename(a.out), ", ".join(sorted({r["peer"] for r in rows if r["peer"].startswith("torch")})),
              ", ".join(s for s in SETTINGS if s in a.settings.split(","))),
           "The nets are those of `aegpu bench --nets`; tuned means passive OpenMP waiting and malloc's thresholds raised.", "",
           "| net | " + " | ".join(map(str, batches(a))) + " |", "| --- |" + " --- |" * len(batches(a))]
    for net in nets:
        cells = []
        mine = [r for r in rows if r["net"] == net]
        for b in batches(a):
            us, them = cell(mine, b, False), cell(mine, b, True)
            ratio = them["step_ms"] / us["step_ms"]
            ratios.append(ratio)
            cells.append("**%.2f** (%s / %s)" % (ratio, rate(us), rate(them)))
        out.append("| %s | %s |" % (net, " | ".join(cells)))
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    out += ["", "Lowest %.2f, geometric mean %.2f." % (min(ratios), mean)]
    others = [r for r in rows if r["peer"].startswith("scikit")]
    if others:
        out += ["", "%s on net a (squared error): %s." % (others[0]["peer"], ", ".join("%s examples/s at batch %d" % (rate(r), r["batch"]) for r in others))]
    return "\n".join(out) + "\n"


def rate(r):
    return "%.1fk" % (r["examples_per_second"] / 1e3)


def cpu_name():
    try:
        with open("/proc/cpuinfo") as f:
            info = f.read()
        name = next(l.split(":")[1].strip() for l in info.splitlines() if l.startswith("model name"))
        return name + (" with AVX-512" if "avx512f" in info else " with AVX2" if "avx2" in info else "")
    except (OSError, StopIteration):
        return platform.processor() or "an unknown CPU"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--aegpu", default="aegpu")
    p.add_argument("--mnist", required=True)
    p.add_argument("--torch", action="append", required=True, help="a Python that has PyTorch; may be given several times")
    p.add_argument("--sklearn", help="a Python that has scikit-learn")
    p.add_argument("--settings", default=",".join(SETTINGS), help="of each PyTorch: some of " + ", ".join(SETTINGS))
    p.add_argument("--nets", default="a,b,c,d,e,f")
    p.add_argument("--batches", default="64,128,512,2048,8192")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--target", type=float, default=0.2)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--out", default="docs/benchmarks/cpu", help="written with .json and .md")
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        nets, a.specs = agree.nets(lambda command: output(command, {}), a.aegpu, folder)
        write(a, nets)


def write(a, nets):
    """Times the nets and writes what came of it."""
    rows = []
    for net in a.nets.split(","):
        rows += rounds(a, net, nets[net])
        print("\n".join(table(rows, [net], a).splitlines()[-3:]), flush=True)
    os.makedirs(os.path.dirname(a.out), exist_ok=True)
    with open(a.out + ".json", "w") as f:
        json.dump(dict(cpu=cpu_name(), threads=a.threads, rows=rows), f, indent=1)
    with open(a.out + ".md", "w") as f:
        f.write(table(rows, a.nets.split(","), a))


if __name__ == "__main__":
    main()
