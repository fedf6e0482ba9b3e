#!/usr/bin/env python3
"""versions.py: step times on the CPU of this tree against an earlier commit of it, in turns.

  scripts/peers/versions.py REV [--from FILE.json] [--nets a,b,...] [--batches 64,...] [--rounds N] [--write FILE.md]

Both are built here (REV must have `bench --ceiling`); each round times every cell three times, before, after, and before once more (A/A), so that the
last columns say what the machine alone makes of a ratio. Medians over rounds and, since a shared machine has two speeds, the
fastest round beside them; the raw numbers go to FILE.json, from which --from FILE.json writes the page again.
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


def table(o, cells, where):
    lines = [f"# Steps against {o.rev}", "",
             f"Made by `scripts/peers/versions.py {o.rev}` on {where}. Milliseconds a step, of {len(cells[0]['times']['before'])} rounds in turns; a ratio "
             "above 1 says that this tree is faster. A/A is the earlier binary against itself.", "",
             "| net | batch | before, median | after | ratio | A/A | before, fastest | after | ratio | A/A |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for c in cells:
        for of, key in ((statistics.median, "median"), (min, "fastest")):
            before, after, again = (of(c["times"][k]) for k in ("before", "after", "again"))
            c[key] = before, after, before / after, before / again
        lines.append("| %s | %d | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f |" % (c["net"], c["batch"], *c["median"], *c["fastest"]))
    for key in ("median", "fastest"):
        ratios, same = [c[key][2] for c in cells], [c[key][3] for c in cells]
        mean = lambda v: math.exp(statistics.fmean(map(math.log, v)))
        lines += ["", f"By the {key}: geometric mean {mean(ratios):.3f}, A/A {mean(same):.3f}; cells between {min(ratios):.3f} and {max(ratios):.3f}, "
                  f"A/A between {min(same):.3f} and {max(same):.3f}."]
    return "\n".join(lines + [""])


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
    p.add_argument("--from", dest="raw", help="the numbers of an earlier run")
    o = p.parse_args()
    if o.raw:
        raw = json.loads(pathlib.Path(o.raw).read_text())
        return write(o, raw["cells"], raw["machine"])
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
    write(o, cells, machine())


def write(o, cells, where):
    cells = [{k: c[k] for k in ("net", "batch", "times")} for c in cells]
    raw = json.dumps({"machine": where, "before": o.rev, "cells": cells}, indent=1) + "\n"
    text = table(o, cells, where)
    print(text)
    if o.write:
        pathlib.Path(o.write).write_text(text)
        pathlib.Path(o.write).with_suffix(".json").write_text(raw)


main()
