#!/usr/bin/env python3
"""aegpu, PyTorch and JAX on one machine in one go: the same nets, data, loss, optimiser and precision; JSON, table and plot.

    scripts/peers/all.py --device cpu  --mnist DIR --aegpu build/aegpu --torch VENV/bin/python --jax VENV/bin/python --out docs/benchmarks/peers-cpu
    scripts/peers/all.py --device cuda --mnist DIR --aegpu build/aegpu --precisions fp32,tf32,bf16 --batches 64..65536 --out docs/benchmarks/peers-cuda

First every peer starts from aegpu's weights and its losses over 20 steps are held against aegpu's (agree.py); then the steps
are timed: aegpu bench, PyTorch (eager, compiled, as a CUDA graph) and JAX (a step under jit, a scan over steps), one after the
other, net by net, in --rounds where the machine is not quiet. On a CPU PyTorch runs as installed and with passive OpenMP waiting, and the faster one of a cell counts.
With --add the nets of an earlier run stay in the files. Exit 1: a peer disagrees. The plot needs Go.
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
ROOT = os.path.dirname(os.path.dirname(HERE))
SETTINGS = {"cpu": {"as installed": {}, "passive waiting": {"OMP_WAIT_POLICY": "passive"}}, "cuda": {"as installed": {}}}
MODES = {"cpu": "eager,compile,jit,scan", "cuda": "graph,eager,compile+graph,compile,jit,scan"}
TINY_CUDA_NN = """
## tiny-cuda-nn's published figures

tiny-cuda-nn is not run here: all hidden layers of its networks have one width (32, 64 or 128 units in the fused ones, by its
DOCUMENTATION.md), and it has no cross-entropy from logits of pixels, so it cannot do these nets. What its authors publish, for
other work than this:

- "For these batch sizes, the speed-up over TensorFlow ranges 5–10×": fully fused networks of 64 and 128 units' width against
  TensorFlow 2.5.0 with XLA, both in half precision on tensor cores, training at a batch of 2^14 and inference at one of 2^21
  (Müller, Rousselle, Novák, Keller, "Real-time Neural Radiance Caching for Path Tracing", 2021, figure 7; the README of
  NVlabs/tiny-cuda-nn shows the same figure, measured on an RTX 3090 with `data/config_oneblob.json`). The figure is a plot
  without numbers.
- "Each 1000 steps should take a bit over 1 second with the default configuration on an RTX 4090": the README's example of
  learning an image, with `data/config_hash.json`.
"""


def output(command, env=None):
    run = subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, text=True)
    if run.returncode:
        sys.exit("%s: exit %d: %s" % (" ".join(command), run.returncode, run.stderr[-800:]))
    return run.stdout


def json_lines(text):
    return [json.loads(l) for l in text.splitlines() if l.startswith("{")]


def pythons(a):
    return [(name, python) for name, python in (("torch", a.torch), ("jax", a.jax)) if python]


def losses(a, net, spec, precision):
    """Rows of the peers' losses against aegpu's."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file, ours = agree.ours(lambda c: output(c, a.env), a.aegpu, a.mnist, spec, precision, a.on, folder)
        for framework, python in pythons(a):
            got = json_lines(output([python] + agree.theirs(framework, HERE, a.mnist, a.specs, net, precision, a.device, file) + ["--modes", a.modes], a.env))
            for p in got:
                facts = agree.compare(spec, precision, ours, p["losses"]) if "losses" in p else dict(error=p["error"], agrees=False)
                rows.append(dict(net=net, precision=precision, peer=p["peer"], mode=p["mode"], noisy=agree.noisy(spec), rows=agree.ROWS, aegpu_last=ours[-1], **facts))
    return rows


def times(a, net, spec, precision):
    common = ["--runs", str(a.runs), "--target", str(a.target)]
    key = dict(net=net, precision=precision)
    out = output([a.aegpu, "bench", a.mnist, "--device", a.on, "--precision", precision, "--json", "--quiet", "--batch", a.batches] + common + spec["aegpu"].split(), a.env)
    bench = json.loads(out)
    rows = [dict(p, peer="aegpu", mode="", setting="", **key) for p in bench["points"]]
    batches = ",".join(str(p["batch"]) for p in bench["points"])
    for framework, python in pythons(a):
        for setting, env in a.settings.items() if framework == "torch" else [("as installed", {})]:
            command = [python, os.path.join(HERE, "gpu_step.py"), framework, a.mnist, "--specs", a.specs, "--device", a.device, "--nets", net, "--precisions", precision,
                       "--batches", batches, "--modes", a.modes, "--threads", str(a.threads)] + common
            rows += [dict(p, setting=setting) for p in json_lines(output(command, {**a.env, **env}))]
    return rows, bench


def pooled(rounds):
    """The rows of several rounds as one: of every time the median over the rounds, and what follows from it."""
    groups = {}
    for r in (r for rows in rounds for r in rows):
        groups.setdefault((r["peer"], r["mode"], r["setting"], r["batch"]), []).append(r)
    out = []
    for rows in groups.values():
        good = [r for r in rows if "step_ms" in r]
        if not good:
            out.append(rows[0])
            continue
        one = dict(good[0], rounds_ms=[r["step_ms"] for r in good], runs=sum(r["runs"] for r in good))
        one.update({k: statistics.median(r[k] for r in good) for k in one if k.endswith("_ms") and k != "rounds_ms"})
        one["examples_per_second"] = 1e3 * one["batch"] / one["step_ms"]
        if "flops" in one:
            one.update(flop_rate=1e3 * one["flops"] / one["step_ms"], floor_share=one["floor_ms"] / one["step_ms"])
        out.append(one)
    return out


# --- the table

def best(rows, **key):
    """The fastest row of a cell, None where there is none."""
    mine = [r for r in rows if "step_ms" in r and all(r[k] == v for k, v in key.items())]
    return min(mine, key=lambda r: r["step_ms"]) if mine else None


def name(r):
    return " ".join(filter(None, [r["peer"].split()[0], r["mode"]]))


def rate(r):
    per = r["examples_per_second"]
    return "%.0fk" % (per / 1e3) if per >= 1e5 else "%.1fk" % (per / 1e3)


def speeds(rows, precision):
    columns = list(dict.fromkeys(name(r) for r in rows))
    ratios, lines = [], []
    for net, batch in dict.fromkeys((r["net"], r["batch"]) for r in rows if r["precision"] == precision):
        cell = [r for r in rows if (r["net"], r["batch"], r["precision"]) == (net, batch, precision)]
        found = {c: best([r for r in cell if name(r) == c]) for c in columns}
        peer = best([r for r in cell if r["peer"] != "aegpu"])
        ratio = "-"
        if peer and found["aegpu"]:
            ratios.append(peer["step_ms"] / found["aegpu"]["step_ms"])
            ratio = "**%.2f**" % ratios[-1]
        lines.append("| %s, %d | %s | %s |" % (net, batch, " | ".join(rate(found[c]) if found[c] else "-" for c in columns), ratio))
    head = ["", "## " + precision, "", "| net, batch | " + " | ".join(columns) + " | ratio |", "| --- |" + " --- |" * (len(columns) + 1)]
    end = ["", "Lowest ratio %.2f, geometric mean %.2f." % (min(ratios), math.exp(sum(map(math.log, ratios)) / len(ratios)))] if ratios else []
    return head + lines + end


def agreement(rows):
    out = ["", "## The same work", "",
           "The loss before each of %d steps on one batch of %s rows, from aegpu's first weights on: how far, relatively, it is from aegpu's,"
           % (agree.STEPS, " or ".join(map(str, sorted({r["rows"] for r in rows})))),
           "before the first step and at most. Allowed: %s." % "; ".join("%s %g and %g" % (p, agree.FIRST[p], agree.LATER[p]) for p in agree.FIRST),
           "Nets that draw noise, which every program draws otherwise, may be %g apart and on average %g." % agree.noise(), ""]
    columns = list(dict.fromkeys(name(r) for r in rows))
    out += ["| net, precision | " + " | ".join(columns) + " |", "| --- |" + " --- |" * len(columns)]
    for net, precision in dict.fromkeys((r["net"], r["precision"]) for r in rows):
        mine = {name(r): r for r in rows if (r["net"], r["precision"]) == (net, precision)}

        def word(r):
            return "-" if r is None else "failed" if "error" in r else "%.0e, %.0e%s" % (r["first"], r["worst"], "" if r["agrees"] else " **disagrees**")

        noise = any(r["noisy"] for r in mine.values())
        out.append("| %s, %s%s | %s |" % (net, precision, ", noise" if noise else "", " | ".join(word(mine.get(c)) for c in columns)))
    return out


def report(result, out):
    rows = result["rows"]
    peers = ", ".join(dict.fromkeys(r["peer"] for r in rows if r["peer"] != "aegpu"))
    lines = ["# Training steps on the %s, aegpu next to its peers" % ("GPU" if result["device"] == "cuda" else "CPU"), "",
             "Made by `scripts/peers/all.py` on %s; %s. Medians of %d runs of %g s%s; the raw numbers, with" % (
                 result["machine"], peers, result["runs"], result["target"], ", over %d rounds in turns" % result["rounds"] if result["rounds"] > 1 else ""),
             "quartiles, are in `%s.json`. Nets: `aegpu bench --nets`. A cell is thousands of examples a second; the ratio is aegpu's over" % os.path.basename(out),
             "those of the fastest peer. aegpu is timed by %s, the peers by the host's clock around a wait." % ("the device's events" if result["device"] == "cuda" else "the host's clock")]
    if os.path.exists(out + ".png"):
        lines += ["", "![Step time by batch size](%s.png)" % os.path.basename(out)]
    for precision in dict.fromkeys(r["precision"] for r in rows):
        lines += speeds(rows, precision)
    failed = [r for r in rows if "error" in r]
    if failed:
        lines += ["", "Not measured: " + "; ".join("%s %s %s at batch %d: %s" % (name(r), r["net"], r["precision"], r["batch"], r["error"].splitlines()[0]) for r in failed) + "."]
    if result["losses"]:
        lines += agreement(result["losses"])
    return "\n".join(lines) + "\n" + TINY_CUDA_NN


def save(result, out):
    """The plot, where there is Go, and the table; the JSON is there."""
    draw = ["go", "run", "./scripts/peers/plot", os.path.abspath(out + ".json"), os.path.abspath(out + ".png")]
    try:
        subprocess.run(draw, cwd=ROOT, check=True)
    except (OSError, subprocess.CalledProcessError) as e:
        print("no plot (%s); later, from the JSON: %s" % (e, " ".join(draw)), file=sys.stderr)
    with open(out + ".md", "w", encoding="utf-8") as f:
        f.write(report(result, out))


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--aegpu", default="aegpu")
    p.add_argument("--mnist", required=True)
    p.add_argument("--torch", help="a Python that has PyTorch")
    p.add_argument("--jax", help="a Python that has JAX")
    p.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    p.add_argument("--nets", default="a,b,c,d,e,f,h,w")
    p.add_argument("--batches", default="64,128,512,2048,8192", help="as aegpu bench takes them")
    p.add_argument("--precisions", default="fp32")
    p.add_argument("--modes", help="of the peers; default %s" % MODES)
    p.add_argument("--runs", type=int, default=30)
    p.add_argument("--target", type=float, default=0.05, help="seconds a run")
    p.add_argument("--rounds", type=int, default=1, help="of all programs in turns; a figure is the median over the rounds")
    p.add_argument("--threads", type=int, default=2, help="on a CPU; JAX takes all there are")
    p.add_argument("--settings", help="of PyTorch on a CPU: some of %s" % ", ".join(SETTINGS["cpu"]))
    p.add_argument("--rows", type=int, default=agree.ROWS, help="of the batch that losses are held against each other on")
    p.add_argument("--no-losses", action="store_true", help="do not check that the peers do the same work")
    p.add_argument("--add", action="store_true", help="keep the other nets of the JSON that is there")
    p.add_argument("--out", default="docs/benchmarks/peers-cpu", help="written with .json, .md and .png")
    a = p.parse_args()
    a.on, a.modes = "0" if a.device == "cuda" else "cpu", a.modes or MODES[a.device]
    a.settings = {k: v for k, v in SETTINGS[a.device].items() if not a.settings or k in a.settings.split(",")}
    agree.ROWS = a.rows
    a.env = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    if a.device == "cpu":
        a.env.update(OMP_NUM_THREADS=str(a.threads), GOMAXPROCS=str(a.threads), JAX_PLATFORMS="cpu")
    return a


def main():
    a = arguments()
    with tempfile.TemporaryDirectory() as folder:
        nets, a.specs = agree.nets(output, a.aegpu, folder)
        return compared(a, nets)


def compared(a, nets):
    result = dict(device=a.device, machine=platform.platform(), runs=a.runs, target=a.target, rounds=a.rounds, rows=[], losses=[])
    mine = a.nets.split(",")
    os.makedirs(os.path.dirname(os.path.abspath(a.out)), exist_ok=True)
    if a.add and os.path.exists(a.out + ".json"):
        with open(a.out + ".json") as f:
            old = json.load(f)
        for part in ("rows", "losses"):
            result[part] = [r for r in old[part] if r["net"] not in mine]
    for net in mine:
        for precision in a.precisions.split(","):
            if not a.no_losses:
                result["losses"] += losses(a, net, nets[net], precision)
            rounds = []
            for _ in range(a.rounds):
                rows, bench = times(a, net, nets[net], precision)
                rounds.append(rows)
            rows = pooled(rounds)
            result["rows"] += rows
            result["machine"] = bench["device_detail"]
            print("\n".join(speeds(rows, precision)[3:]), flush=True)
        for part in ("rows", "losses"):
            result[part].sort(key=lambda r: list(nets).index(r["net"]))
        with open(a.out + ".json", "w") as f:  # after every net: what comes later may fail
            json.dump(result, f, indent=1)
    save(result, a.out)
    wrong = [r for r in result["losses"] if not r["agrees"]]
    for r in wrong:
        print("%s disagrees on net %s, %s: %s" % (name(r), r["net"], r["precision"], r.get("error", r.get("worst"))), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
