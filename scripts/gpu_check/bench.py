"""Step times of aegpu, point by point."""
import os
import shutil

from .check import Cut, Failed, json_of, last_line

PRECISIONS = ["bf16", "tf32", "fp32"]
BATCHES = {"a": "64,512,2048,8192,65536", "b": "64,512,2048,8192,65536", "w": "64,512,2048,8192"}
TIMING = ["--runs", "10", "--target", "0.004", "--most", "0.3"]
QUICK = ["--runs", "5", "--target", "0.0001", "--most", "0.001"]
QUICK_CEILING = {"gemm_flops": 1e9, "copy_bytes": 1e9}  # which would take the simulator minutes to measure


def bench(c, facts):
    """All nets in all precisions on two streams, then on one: starting the program costs as much as some points, and what it is
    worth most is known first. Net w fills a GPU on one stream too."""
    facts.update(ceilings=dict.fromkeys(PRECISIONS, QUICK_CEILING) if c.quick else dict(c.ceilings), points=[], errors=[])
    facts["tuning"] = tuned(c)
    if c.tuning and facts["tuning"] != "off":
        shutil.copy(c.tuning, facts["tuning"])
    try:
        for streams, nets in ((2, "abw"), (1, "ab"), (1, "w")):
            for precision in PRECISIONS:
                for net in nets:
                    if net in c.nets:
                        sweep(c, facts, net, precision, streams)
    finally:
        chosen = algorithms(c)
        facts["algorithms"] = chosen.count("\n")
        c.note("algorithms:\n" + chosen)
    if facts["errors"]:
        raise Failed("%d sweeps failed, the first: %s" % (len(facts["errors"]), facts["errors"][0]))


def tuned(c):
    """Where the choices of algorithms are kept, measured with nothing beside it; nowhere if the smoke test found measuring to fail."""
    smoke = c.part("smoke")
    tried = any(s["net"] == "tuned" for s in smoke.get("steps", []))
    measured = any(p["net"] == "tuned" and p.get("microseconds") for p in smoke.get("products", []))
    return "off" if tried and not measured else os.path.join(c.work, "tuning")


def algorithms(c):
    """The choices, a line each."""
    if not os.path.exists(tuned(c)):
        return ""
    with open(tuned(c), encoding="utf-8") as f:
        return f.read()


def sweep(c, facts, net, precision, streams):
    """One net over batch sizes. The ceiling is measured once a precision."""
    command = [c.aegpu, "bench", c.mnist, "--device", "0", "--quiet", "--points", "--precision", precision]
    command += ["--batch", "64,128" if c.quick else BATCHES[net], *(QUICK if c.quick else TIMING), *c.nets[net]["aegpu"].split()]
    ceiling = facts["ceilings"].get(precision)
    if ceiling:
        command += ["--ceiling", "%r,%r" % (ceiling["gemm_flops"], ceiling["copy_bytes"])]

    def each(line):
        found = json_of(line)
        if found and "batch" in found:
            facts["points"].append({"net": net, "precision": precision, "streams": streams, **found})
        elif found and "ceiling" in found:
            facts["ceilings"].setdefault(precision, found["ceiling"])
        c.save()

    env = {"AEGPU_GPU_TUNING": tuned(c)}
    if streams == 1:
        env["AEGPU_GPU_ONE_STREAM"] = "1"
    if c.part_left() < 1:
        raise Cut("time was up before net %s in %s on %d streams" % (net, precision, streams))
    code, out, err = c.run(command, env=env, each=each)
    if code is None:
        raise Cut("time was up at net %s in %s on %d streams" % (net, precision, streams))
    if code:
        facts["errors"].append("net %s, %s, %d streams: exit %d: %s" % (net, precision, streams, code, last_line(err) or last_line(out)))
