#!/usr/bin/env python3
"""versions.py: step times on the CPU of this tree against an earlier commit of it, in turns.

  scripts/peers/versions.py REV [--nets a,b,...] [--batches 64,...] [--rounds N] [--write FILE.md]

Both are built here (REV must have `bench --ceiling`); each round times every cell three times, before, after, and before once more (A/A), so that the
last column says what the machine alone makes of a ratio. Medians over rounds; the raw numbers go to FILE.json.
"""
import argparse, json, math, os, pathlib, platform, statistics, subprocess, sys, tempfile

root = pathlib.Path(__file__).resolve().parent.parent.parent


def build(rev, to):
    if rev is None:
        subprocess.run(["go", "build", "-o", to, "./cmd/aegpu"], cwd=root, check=True)
        return
    with tempfile.TemporaryDirectory() as tree:
        subprocess.run(["git", "worktree", "add", "-q", "--detach", tree, rev], cwd=root, check=True)
        try:
            subprocess.run(["go", "build", "-o", to, "./cmd/aegpu"], cwd=tree, check=True)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=root, check=True)


def step_ms(binary, flags, batch, most):
    """The median step of one run of bench."""
    command = [binary, "bench", "--device", "cpu", "--json", "--batch", str(batch), "--target", "0.05", "--most", str(most),
               "--ceiling", "1e11,1e10", "--limit", "8192", *flags.split()]
    out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=tempfile.gettempdir()).stdout)
    return out["points"][0]["step_ms"]


def nets(binary):
    return {n: s["aegpu"] for n, s in json.loads(subprocess.check_output([binary, "bench", "--nets"])).items()}


def table(o, cells):
    lines = [f"# Steps against {o.rev}", "",
             f"Made by `scripts/peers/versions.py {' '.join(sys.argv[1:])}` on {machine()}. Milliseconds a step, medians of {o.rounds} rounds "
             "in turns; a ratio above 1 says that this tree is faster. A/A is the earlier binary against itself.", "",
             "| net | batch | before | after | ratio | A/A |", "| --- | --- | --- | --- | --- | --- |"]
    for c in cells:
        lines.append(f"| {c['net']} | {c['batch']} | {c['before']:.3f} | {c['after']:.3f} | {c['ratio']:.3f} | {c['aa']:.3f} |")
    mean = lambda key: math.exp(statistics.fmean(math.log(c[key]) for c in cells))
    lines += ["", f"Geometric means: {mean('ratio'):.3f}, A/A {mean('aa'):.3f}; the cells lie between {min(c['ratio'] for c in cells):.3f} and "
              f"{max(c['ratio'] for c in cells):.3f}, A/A between {min(c['aa'] for c in cells):.3f} and {max(c['aa'] for c in cells):.3f}.", ""]
    return "\n".join(lines)


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores of an {model}"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("rev")
    p.add_argument("--nets", default="a,b,c,d,e,f")
    p.add_argument("--batches", default="64,128,512,2048,8192")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--most", type=float, default=0.4, help="seconds of timing a cell and round")
    p.add_argument("--write", help="a page; its numbers go beside it as JSON")
    o = p.parse_args()
    with tempfile.TemporaryDirectory() as work:
        before, after = os.path.join(work, "before"), os.path.join(work, "after")
        build(o.rev, before)
        build(None, after)
        flags, cells = nets(after), []
        for net in o.nets.split(","):
            for batch in map(int, o.batches.split(",")):
                cells.append({"net": net, "batch": batch, "times": {"before": [], "after": [], "again": []}})
        for r in range(o.rounds):
            for c in cells:
                order = [("before", before), ("after", after), ("again", before)]
                for name, binary in order if r % 2 == 0 else reversed(order):
                    c["times"][name].append(step_ms(binary, flags[c["net"]], c["batch"], o.most))
            print(f"round {r + 1} of {o.rounds}", file=sys.stderr, flush=True)
    for c in cells:
        for name in ("before", "after", "again"):
            c[name] = statistics.median(c["times"][name])
        c["ratio"], c["aa"] = c["before"] / c["after"], c["before"] / c["again"]
    text = table(o, cells)
    print(text)
    if o.write:
        pathlib.Path(o.write).write_text(text)
        pathlib.Path(o.write).with_suffix(".json").write_text(json.dumps({"machine": machine(), "before": o.rev, "cells": cells}, indent=1) + "\n")


main()
