#!/usr/bin/env python3
"""Runs the checks of this folder on this machine's GPU (see scripts/gpu-check.sh):

    run [OUT] [--only smoke,bench] [--seconds 525] [--budget conformance=200,bench=30]

The parts, in order of worth, each within its seconds:

    smoke        25  one step of some nets in each precision next to the CPU's; every product alone; what was expected otherwise
    bench        75  nets a, b and w in bf16, tf32 and fp32, by batch, on two streams and one
    peers       120  PyTorch (compiled as a CUDA graph, then as one), JAX (scan), where their losses are aegpu's
    ncu          25  the kernels of one step of some nets
    forms        20  what the products of some nets would take in other forms
    conformance 100  every operation next to float64
    ranks        10  a sum over one rank by NCCL in a captured step, where there is a libnccl.so.2
    training     30  every variant next to the CPU
    sanitizer        memcheck and racecheck, with what is left

OUT (default gpu-check-out) gets gpu-check.json, which is whole after every part and every point, and gpu-check.log. A part
that fails or takes too long is a fact in the JSON, and the rest goes on, unless nothing works. Exit 0: all passed or had
nothing to do; 1: something failed or was cut; 2: wrong arguments; 3: no usable GPU; 128 + N: ended by signal N, with all that
it had started. Only the standard library is used.
"""
import argparse
import json
import os
import shutil
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

from gpu_check.bench import bench  # noqa: E402
from gpu_check.check import Check, Interrupted  # noqa: E402
from gpu_check.gotests import conformance, forms, ranks, sanitizer, smoke  # noqa: E402
from gpu_check.machine import device  # noqa: E402
from gpu_check.ncu import ncu  # noqa: E402
from gpu_check.peers import peers  # noqa: E402
from gpu_check.table import show  # noqa: E402
from gpu_check.training import training  # noqa: E402

PARTS = {smoke: 25, bench: 75, peers: 120, ncu: 25, forms: 20, conformance: 100, ranks: 10, training: 30, sanitizer: 1e9}
DEVICE = 40  # seconds to find out what is here
SECONDS = 525  # of everything: a margin below 9 minutes


def arguments():
    p = argparse.ArgumentParser(prog="run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = {part.__name__: part for part in PARTS}
    p.add_argument("out", nargs="?", default="gpu-check-out")
    p.add_argument("--only", metavar="PARTS", help="some of them: " + ",".join(names))
    p.add_argument("--seconds", type=float, default=SECONDS, help="of everything (default %(default)s)")
    p.add_argument("--ceilings", metavar="JSON", help="those of an earlier gpu-check.json, which take 20 seconds to measure")
    p.add_argument("--tuning", metavar="FILE", help="algorithms that an earlier run chose, from its log")
    p.add_argument("--budget", metavar="PART=SECONDS", default="", help="in place of its own, several with commas between")
    a = p.parse_args()
    a.known = {}
    if a.ceilings:
        with open(a.ceilings, encoding="utf-8") as f:
            a.known = next(x["ceilings"] for x in json.load(f)["parts"] if x["name"] == "bench")
    if not a.seconds > 0:
        p.error("--seconds %g: expected more than 0" % a.seconds)
    budgets = dict(PARTS)
    for item in filter(None, a.budget.split(",")):
        name, _, seconds = item.partition("=")
        if name not in names or not seconds.replace(".", "", 1).isdigit():
            p.error("--budget %r: expected PART=SECONDS, PART one of %s" % (item, ", ".join(names)))
        budgets[names[name]] = float(seconds)
    only = a.only.split(",") if a.only else list(names)
    if not set(only) <= set(names):
        p.error("--only %r: expected some of %s" % (a.only, ", ".join(names)))
    try:
        os.makedirs(a.out, exist_ok=True)
        open(os.path.join(a.out, "gpu-check.log"), "a").close()
    except OSError as e:
        p.error("OUT cannot be written to: %s" % e)
    return a, {part: s for part, s in budgets.items() if part.__name__ in only}


def main():
    a, budgets = arguments()
    c = Check(HERE, os.path.abspath(a.out), a.seconds, os.environ.get("GPU_CHECK_QUICK", "") not in ("", "0"))
    c.ceilings, c.tuning = a.known, a.tuning
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, c.interrupt)
    try:
        return run(c, budgets)
    except Interrupted as e:
        print("ended by signal %d; what was found is in %s" % (e.args[0], c.out))
        return 128 + e.args[0]
    finally:
        shutil.rmtree(c.work, ignore_errors=True)


def run(c, budgets):
    with open(os.path.join(HERE, "source"), encoding="utf-8") as f:
        c.result["source"] = f.read().strip()
    c.result["began"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    c.do("device", device, DEVICE)
    facts = c.part("device")
    c.result["device"] = facts.get("gpu")
    if not c.result["device"]:
        c.result["no_device"] = facts.get("why", "")
        c.save(indent=1)
        return 3
    for part, seconds in budgets.items():
        if not c.do(part.__name__, part, seconds):
            c.result["stopped"] = c.part(part.__name__)["why"]
            print("stopped: " + c.result["stopped"])
            break
    c.result["passed"] = all(p["state"] in ("passed", "skipped") for p in c.result["parts"])
    show(c)
    return 0 if c.result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
