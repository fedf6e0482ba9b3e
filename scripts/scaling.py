#!/usr/bin/env python3
"""Measures training on two ranks, each with one core, over a network of 1 Gbit/s, beside one rank and beside the cost model.

    scripts/scaling.py [--runs 5] [--nets NAME...] [--aegpu FILE] [--out PREFIX] [--check]

Root, Linux, Open MPI, tc, and two cores. The network is two namespaces that it makes, joined by a pair of virtual interfaces with a token
bucket (tc tbf) at each end; ranks talk by TCP alone and nothing leaves the namespaces. Open MPI starts the ranks of the
second by a stand-in for ssh. All is taken away at the end. --check measures nothing: four ranks, two in each namespace, over ten steps
beside one. Writes PREFIX.json with every run, and PREFIX.md.
"""
import argparse
import atexit
import importlib.machinery
import importlib.util
import json
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measured import machine

ROOT = Path(__file__).resolve().parents[1]
SPACES = [f"aegpu-{os.getpid()}-{side}" for side in "ab"]
EPOCHS = 5  # that are timed, of a run
ADDRESSES = ["10.77.0.1", "10.77.0.2"]
LINK = "link0"  # the interface's name in each

# A batch is of all ranks. Layers: inputs, outputs, and how often a row passes.
NETS = {
    "deep": dict(what="784-1000-500-250-30, batches of 256", flags="--hidden 1000,500,250 --latent 30", batch=256, steps=10,
                 layers=[(784, 1000, 1), (1000, 500, 1), (500, 250, 1), (250, 30, 1), (30, 250, 1), (250, 500, 1), (500, 1000, 1), (1000, 784, 1)]),
    "tied": dict(what="784-512-256-32, tied weights, batches of 512", flags="--hidden 512,256 --latent 32 --tied", batch=512, steps=25,
                 layers=[(784, 512, 2), (512, 256, 2), (256, 32, 2)]),
    "vae": dict(what="VAE 784-200-200-50, 16 samples, batches of 256", flags="--model vae --hidden 200,200 --latent 50 --samples 16", batch=256, steps=10,
                layers=[(784, 200, 1), (200, 200, 1), (200, 100, 1), (50, 200, 16), (200, 200, 16), (200, 784, 16)]),
}
NETS["large"] = dict(NETS["vae"], what="that VAE in batches of 1,024", batch=1024, steps=5)

loader = importlib.machinery.SourceFileLoader("scaling_model", str(ROOT / "scripts" / "scaling-model.py"))
model = importlib.util.module_from_spec(importlib.util.spec_from_loader("scaling_model", loader))
loader.exec_module(model)


def lacking():
    """What this machine lacks, in words."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "this needs Linux and root, for namespaces and their network"
    for program in ["ip", "tc", "unshare", "taskset", "mpirun.openmpi", "mpicc.openmpi", "go"]:
        if not shutil.which(program):
            return f"there is no {program} (Debian: iproute2, util-linux, libopenmpi-dev, openmpi-bin)"
    if len(os.sched_getaffinity(0)) < 2:
        return "two ranks need two cores"
    return None


def call(*args, **more):
    return subprocess.run(args, check=True, text=True, **more)


def make_network(folder):
    """Two namespaces, a shaped link between them, and what starts a process in the one of an address."""
    atexit.register(remove_network)
    for space in SPACES:
        call("ip", "netns", "add", space)
        call("ip", "-n", space, "link", "set", "lo", "up")
    call("ip", "-n", SPACES[0], "link", "add", LINK, "type", "veth", "peer", "name", LINK, "netns", SPACES[1])
    for space, address in zip(SPACES, ADDRESSES):
        call("ip", "-n", space, "address", "add", address + "/24", "dev", LINK)
        # Packets as large as the driver joins them would each be a burst of their own.
        call("ip", "-n", space, "link", "set", LINK, "gso_max_size", "16384", "up")
        call("tc", "-n", space, "qdisc", "add", "dev", LINK, "root", "tbf", "rate", "1gbit", "burst", "32kb", "latency", "50ms")
    agent = folder / "agent"
    agent.write_text("#!/bin/sh\nhost=$1\nshift\ncase $host in\n" + "".join(
        f"{address}) space={space} ;;\n" for address, space in zip(ADDRESSES, SPACES)) +
        '*) echo "no namespace has $host" >&2; exit 1 ;;\nesac\nexec ip netns exec "$space" unshare --uts sh -c "hostname $space; $*"\n')
    agent.chmod(0o755)
    (folder / "hosts").write_text("".join(f"{address} slots=8\n" for address in ADDRESSES))
    (folder / "pinned").write_text('#!/bin/sh\nexec taskset -c "$((OMPI_COMM_WORLD_RANK % 2))" "$@"\n')
    (folder / "pinned").chmod(0o755)


def delay():
    """Whether the kernel can delay packets too: netem, which this one may not have."""
    tried = subprocess.run(["tc", "-n", SPACES[0], "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"], capture_output=True)
    if tried.returncode == 0:
        call("tc", "-n", SPACES[0], "qdisc", "del", "dev", "lo", "root")
    return tried.returncode == 0


def remove_network():
    for space in SPACES:
        subprocess.run(["ip", "netns", "delete", space], capture_output=True)


def within(*args):
    """The command line of what runs in the first namespace, under its name."""
    return ["ip", "netns", "exec", SPACES[0], "unshare", "--uts", "sh", "-c", f'hostname {SPACES[0]}; exec "$@"', "sh", *map(str, args)]


def mpirun(folder, ranks, *args, env=()):
    exports = [x for name in env for x in ("-x", name)]
    return within("mpirun.openmpi", "--allow-run-as-root", "--hostfile", folder / "hosts", "--map-by", "node", "-np", ranks, "--bind-to", "none",
                  "--mca", "plm_rsh_agent", folder / "agent", "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", LINK,
                  "--mca", "oob_tcp_if_include", LINK, *exports, folder / "pinned", *args)


def measure_link(folder):
    """What MPI does between the namespaces, and how many bytes the link says it carried."""
    program = folder / "link"
    call("mpicc.openmpi", "-O2", "-o", program, ROOT / "scripts" / "scaling-link.c")
    before = carried()
    text = call(*mpirun(folder, 2, program), stdout=subprocess.PIPE, timeout=300).stdout
    return [json.loads(line) for line in text.splitlines()], carried() - before


def carried():
    text = call("ip", "-n", SPACES[0], "-s", "-j", "link", "show", "dev", LINK, stdout=subprocess.PIPE).stdout
    return json.loads(text)[0]["stats64"]["tx"]["bytes"]


def train(o, folder, ranks, flags, out="run", env=()):
    """A training's lines of metrics.jsonl."""
    shutil.rmtree(folder / out, ignore_errors=True)
    args = [o.aegpu, "train", "builtin:glyphs", "--device", "cpu", "--val", "0", "--out", folder / out, "-q", *shlex.split(flags)]
    line = within("taskset", "-c", "0", *args) if ranks == 1 else mpirun(folder, ranks, *args, env=[v.partition("=")[0] for v in env])
    call(*line, stdout=subprocess.DEVNULL, timeout=600, env=dict(os.environ, **dict(v.split("=") for v in env)))
    return [json.loads(text) for text in (folder / out / "metrics.jsonl").read_text().splitlines()]


def check(o, folder):
    """The largest relative difference of ten steps' losses: four ranks, two in each namespace, and one. Noise is in it."""
    flags = "--model denoising --hidden 256,64 --latent 16 --limit 500 --batch 500 --epochs 10 --seed 3"
    losses = [[m["train"]["loss"] for m in train(o, folder, ranks, flags)] for ranks in (1, 4)]
    assert len(losses[0]) == len(losses[1]) == 10, losses
    return dict(flags=flags, one=losses[0], four=losses[1], most=max(abs(b / a - 1) for a, b in zip(*losses)))


def speed(o, folder, net, ranks, batch, overlap):
    """Examples a second of the epochs after the first, and the machine's load before."""
    load = os.getloadavg()[0]
    flags = f"{net['flags']} --batch {batch} --limit {batch * net['steps']} --epochs {EPOCHS + 1}"
    env = [] if overlap else ["AEGPU_OVERLAP=off"]
    epochs = [m["examples_per_second"] for m in train(o, folder, ranks, flags, env=env)[1:]]
    return dict(ranks=ranks, batch=batch, overlap=overlap, load=load, examples_per_second=epochs)


def settings(net, switch):
    """Ranks, rows of a batch, overlap."""
    b = net["batch"]
    yield from ((1, b // 2, True), (1, b, True))
    for rows in (b, 2 * b):
        for overlap in (True, False) if switch else (True,):
            yield 2, rows, overlap


def values(result, name, ranks, batch, overlap=True):
    """Examples a second of the runs: of each the median of its epochs, and of all epochs the best."""
    runs = [r["examples_per_second"] for r in result["runs"] if (r["net"], r["ranks"], r["batch"], r["overlap"]) == (name, ranks, batch, overlap)]
    return sorted(map(statistics.median, runs)), max((max(r) for r in runs), default=None)


def sum_seconds(result, size):
    """The least that a sum of so many bytes took by the C program, between its sizes on a straight line."""
    points = [(m["bytes"], m["least"]) for m in result["link"] if m["what"] == "sum"]
    for (x, a), (y, b) in zip(points, points[1:]):
        if size <= y:
            return a + (b - a) * max(0, size - x) / (y - x)
    return points[-1][1] * size / points[-1][0]


def predicted(result, name, batch, overlap):
    """Examples a second of two ranks by the cost model: what one rank took of half the batch, and the sums."""
    net, half = NETS[name], batch // 2
    b = net["batch"]
    small, large = (rows / values(result, name, 1, rows)[1] for rows in (b // 2, b))
    row = max(0.0, (large - small) / (b - b // 2))
    fixed = max(0.0, small - row * (b // 2))  # update, check and weights: after all sums
    work = [m * n * k for m, n, k in net["layers"]]
    part = [row * half * w / sum(work) / 3 for w in work]
    sizes = [4 * (m * n + n) for m, n, _ in net["layers"]]
    back = [x for k in reversed(range(len(part))) for x in ((part[k], k), (part[k], None))]
    reduce = lambda size: sum_seconds(result, size)
    if overlap:
        seconds = model.timeline([(p, None) for p in part] + back, sizes, reduce)
    else:
        seconds = 3 * sum(part) + model.timeline([(0.0, k) for k in reversed(range(len(part)))], sizes, reduce)
    return batch / (seconds + fixed)


def ratio_text(net):
    flops = sum(6 * m * n * k for m, n, k in net["layers"]) * net["batch"] / 2
    size = sum(4 * (m * n + n) for m, n, _ in net["layers"])
    return f"{size / 2**20:.1f}", f"{flops / size:,.0f}"


def table(result):
    lines = ["| net | gradient, MiB | FLOPs a byte | ranks | batch | sums | examples/s | least to most | times one rank | best epoch | times one rank's | predicted |",
             "|" + " --- |" * 12]
    for name in dict.fromkeys(r["net"] for r in result["runs"]):
        net = NETS[name]
        one, one_best = values(result, name, 1, net["batch"])
        for ranks, batch, overlap in settings(net, True):
            all_, best = values(result, name, ranks, batch, overlap)
            if not all_:
                continue
            m = statistics.median(all_)
            guess = f"{predicted(result, name, batch, overlap):,.0f}" if ranks > 1 else ""
            lines.append("| " + " | ".join([name, *ratio_text(net), str(ranks), f"{batch:,}", "" if ranks == 1 else "beside" if overlap else "after",
                                            f"{m:,.0f}", f"{all_[0]:,.0f} to {all_[-1]:,.0f}", f"{m / statistics.median(one):.2f}", f"{best:,.0f}",
                                            f"{best / one_best:.2f}", guess]) + " |")
    return "\n".join(lines)


def link_text(result):
    got = {(m["what"], m["bytes"]): m["seconds"] for m in result["link"]}
    big = 16 << 20
    rate = lambda what: f"{big / got[what, big] / 1e6:.0f} MB/s"  # median
    sent = sum(m["bytes"] * (m["times"] + 1) for m in result["link"])
    return (f"One way the link carries {rate('one way')} of 16 MiB by MPI, both ways at once {rate('both ways')} each; a sum of 16 MiB over two ranks "
            f"runs at {rate('sum')}, one of 4 bytes takes {1e6 * got['sum', 4]:.0f} us. All of it crossed the link: rank 0 sent {sent / 1e6:,.0f} MB in "
            f"that time, and the interface counted {result['carried'] / 1e6:,.0f}.")


def breaks_even(result):
    """The most FLOPs a second of one rank, and how many that is for each byte of a sum over the link."""
    rate = max(6 * sum(m * n * k for m, n, k in net["layers"]) * values(result, name, 1, net["batch"])[1]
               for name, net in NETS.items() if any(r["net"] == name for r in result["runs"]))
    largest = max((m for m in result["link"] if m["what"] == "sum"), key=lambda m: m["bytes"])
    return rate, rate * largest["least"] / largest["bytes"]


def report(result):
    rate, even = breaks_even(result)
    loads = [r["load"] for r in result["runs"]]
    nets = "\n".join(f"- {name}: {NETS[name]['what']}" for name in dict.fromkeys(r["net"] for r in result["runs"]))
    c = result["check"]
    return f"""# Two ranks over 1 Gbit/s

`scripts/scaling.py`, {result['machine']}; the load before the runs was {min(loads):.1f} to {max(loads):.1f}, of which these runs make up to two
themselves: {'others took turns on the same cores' if max(loads) > 3 else 'nothing else ran'}. Each rank has one core, in its own network
namespace; the link between them is shaped to 1 Gbit/s each way (125 MB/s with all headers, 117 of TCP's data), {'and its kernel could delay packets' if result['delay'] else 'without delay, which this kernel cannot make'}.
Median of {result['of']} runs, taken in turns, each the median of {EPOCHS} epochs of 5 to 25 steps after one more; beside it the best of all epochs. One rank has a
core of its own and no network.{' ' + result['note'] if result.get('note') else ''}

{link_text(result)}

{nets}

{table(result)}

One core does up to {rate / 1e9:,.0f} GFLOP/s, so a sum takes as long as {even:,.0f} FLOPs for each of its bytes: two ranks are slower than one where a
rank's share of a batch has less than that to compute, and gain where it has a multiple.

Sums go on beside the backward pass, or (`AEGPU_OVERLAP=off`) each is waited for. FLOPs a byte: those of a rank's half of the batch for each byte of gradient.
Predicted is docs/scaling.md's model with what one rank takes of a half and a whole batch at best, and the least that the C program
(`scripts/scaling-link.c`) took for sums; that the core also has to move the bytes is not in it.

Four ranks, two in each namespace: over ten steps of `{c['flags']}` their losses are within {c['most']:.1e} of one rank's.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--nets", nargs="+", choices=NETS, default=list(NETS))
    parser.add_argument("--aegpu", type=Path, help="built with -tags mpi; it is built where this is left out")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks" / "scaling", metavar="PREFIX")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--table", action="store_true", help="the Markdown again, of the JSON that is there")
    o = parser.parse_args()
    if o.table:
        result = json.loads(o.out.with_suffix(".json").read_text())
        o.out.with_suffix(".md").write_text(report(result))
        return
    if problem := lacking():
        sys.exit(f"scaling.py: {problem}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory() as folder:
        measure(o, Path(folder))


def measure(o, folder):
    if o.aegpu is None:
        o.aegpu = folder / "aegpu"
        build = f'eval "$(MPICC=mpicc.openmpi scripts/mpi-env.sh)" && go build -tags mpi -o {shlex.quote(str(o.aegpu))} ./cmd/aegpu'
        call("bash", "-c", build, cwd=ROOT)
    o.aegpu = o.aegpu.resolve()
    make_network(folder)
    result = dict(machine=machine(), of=o.runs, delay=delay())
    result["check"] = check(o, folder)
    print(json.dumps(result["check"]), flush=True)
    if o.check:
        sys.exit(result["check"]["most"] > 1e-5)
    result["link"], result["carried"] = measure_link(folder)
    result["runs"] = []
    switch = b"AEGPU_OVERLAP" in o.aegpu.read_bytes()
    for turn in range(o.runs):
        for name in o.nets:
            for how in settings(NETS[name], switch):
                row = dict(net=name, run=turn + 1, **speed(o, folder, NETS[name], *how))
                result["runs"].append(row)
                print(json.dumps(row), flush=True)
                o.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    o.out.with_suffix(".md").write_text(report(result))
    print(table(result))


if __name__ == "__main__":
    main()
