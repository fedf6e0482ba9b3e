#!/usr/bin/env python3
"""Prints what docs/scaling.md predicts of many GPUs: step times and efficiency by the number of ranks, and of all-reduces alone.

    scripts/scaling-model.py [--net NAME=WIDTHS] [--rows N]
    scripts/scaling-model.py --check docs/scaling.md      whether that file has every line of it

A step of one rank is what docs/benchmarks/gpu-h100.md measured of bf16, by three constants (below). Sums over ranks are what NCCL's
own model of its algorithms says (src/graph/tuning.cc), with its constants for Hopper. Nothing here was measured on several GPUs.
--net adds a net, as in --net mine=2000,512,64, whose decoder mirrors the encoder.
"""
import argparse
import contextlib
import io
import math
import sys

# One H100 in bf16 (docs/benchmarks/gpu-h100.md): the rates of large products and copies as measured, and what fits the step times there.
FLOPS, BYTES = 694e12, 2.6e12  # a second
LAUNCH = 3e-6  # seconds each, 3 for a layer and 3 more
ROW_BYTES = 24  # that move for each unit of each layer and row
PARAMETER_BYTES = 42  # and each parameter: its weights read twice, its gradient written and checked, and the update
AFTER = 34  # of those in the check and the update, which wait for all sums

BUCKET = 1 << 20  # backend.BucketBytes

NETS = {
    "h: 784-1000-500-250-30": [784, 1000, 500, 250, 30],
    "a: 784-512-256-32": [784, 512, 256, 32],
    "w: 784-4096-4096-64": [784, 4096, 4096, 64],
    "g: 30000-512-256-32": [30000, 512, 256, 32],
}
MEASURED = {  # microseconds of a step in bf16 by rows, from docs/benchmarks/gpu-h100.md
    "a: 784-512-256-32": {64: 79.7, 512: 99.0, 2048: 147.1, 8192: 298.2, 65536: 1902},
    "w: 784-4096-4096-64": {64: 723.3, 512: 816.4, 2048: 1355, 8192: 3537},
}


PUBLISHED = [  # machines, GPUs of each, bytes, microseconds that nccl-tests showed, on what, where (docs/scaling.md has the addresses)
    (1, 8, 4, 12.5, "8 H20, NVLink as an H100's", "DeepEP 303"),
    (1, 8, 4 << 10, 16.7, "8 H20", "DeepEP 303"),
    (2, 8, 4, 47.5, "16 H20, InfiniBand 400", "NCCL 1244"),
    (2, 8, 1 << 20, 203.2, "16 H100, Ethernet 200 of a cloud", "a3mega"),
    (2, 8, 4 << 20, 364.6, "16 H100, Ethernet 200 of a cloud", "a3mega"),
    (2, 8, 64 << 20, 1261.6, "16 H100, Ethernet 200 of a cloud", "a3mega"),
    (2, 1, 2 << 20, 113.2, "2 H100, InfiniBand 400", "nccl-tests 232"),
    (2, 1, 8 << 20, 231.4, "2 H100, InfiniBand 400", "nccl-tests 232"),
    (2, 1, 32 << 20, 812.3, "2 H100, InfiniBand 400", "nccl-tests 232"),
]


class Net:
    """The dense layers of a net whose decoder mirrors its encoder."""

    def __init__(self, encoder):
        widths = encoder + encoder[-2::-1]
        self.weights = [m * n for m, n in zip(widths, widths[1:])]
        self.parameters = sum(self.weights) + sum(widths[1:])
        self.units = sum(widths)
        self.flops = 6 * sum(self.weights) - 2 * self.weights[0]  # a row: forward and twice back, but not to the data

    def per_row(self):
        return max(self.flops / FLOPS, ROW_BYTES * self.units / BYTES)

    def operations(self, rows):
        """(seconds, index of the layer whose gradient is final then or None), in order, up to the check."""
        launch = LAUNCH, None
        share = [w / sum(self.weights) * self.per_row() * rows / 3 for w in self.weights]
        once = [w / BYTES for w in self.weights]
        yield launch  # rows are gathered
        for s, w in zip(share, once):
            yield LAUNCH + s + 2 * w, None
        yield launch  # loss
        for k in reversed(range(len(share))):
            yield LAUNCH + share[k] + 4 * once[k], k
            if k > 0:
                yield LAUNCH + share[k] + 2 * once[k], None
            else:  # the first layer has one product less, and the others its part of what was fitted
                yield share[k], None

    def after(self):
        """Seconds of the check and the update."""
        return 2 * LAUNCH + AFTER * sum(self.weights) / BYTES

    def step(self, rows, reduce=None, bucket=BUCKET):
        """Seconds of a step of so many rows a rank, where reduce(bytes) is what a sum over the ranks takes."""
        return timeline(self.operations(rows), [4 * w for w in self.weights], reduce, bucket) + self.after()


def timeline(operations, sizes, reduce, bucket=BUCKET):
    """Seconds until all operations and sums are done. Sums run beside operations, one after the other, each as soon as a bucket
    of gradients is final; what is left goes at the end. Layers become final from the last to the first."""
    now = free = 0.0
    waiting = 0
    for seconds, final in operations:
        now += seconds
        if final is not None and reduce:
            waiting += sizes[final]
            if waiting >= bucket:
                free, waiting = max(now, free) + reduce(waiting), 0
    if reduce and waiting:
        free = max(now, free) + reduce(waiting)
    return max(now, free)


def ring(ranks, size, latency, rate):
    """Seconds of a ring: each rank sends 2 (N - 1) parts of an Nth (Patarasuk and Yuan 2009)."""
    return 2 * (ranks - 1) * latency + 2 * (ranks - 1) / ranks * size / rate


def doubling(ranks, size, latency, rate):
    """Seconds of recursive doubling: log2 N exchanges of all (Thakur et al. 2005)."""
    return math.ceil(math.log2(ranks)) * (latency + size / rate)


def halving(ranks, size, latency, rate):
    """Seconds of halving and gathering (Rabenseifner 2004)."""
    return 2 * math.ceil(math.log2(ranks)) * latency + 2 * (ranks - 1) / ranks * size / rate


NVLINK = 370e9  # bytes a second a GPU of an H100, by NCCL: 18 links of 20.6 GB/s
NVLS = 275e9  # of an all-reduce in the switches of eight, measured (nccl-tests, issue 212)
NIC = 50e9  # 400 Gbit/s, one a GPU


def nccl(machines, gpus, size):
    """Seconds of NCCL's best algorithm: latency and bytes a second by src/graph/tuning.cc, its names for them."""
    n = machines * gpus
    if n == 1:
        return 0.0
    around = 2 * (n - 1) / n
    if machines == 1:
        hops = 2 * (gpus - 1)
        ways = [
            (6.6 + hops * 0.6, 141e9 / around),  # ring, LL
            (14.0 + hops * 1.9, 0.92 * NVLINK / around),  # ring, LL128
            (8.4 + hops * 3.4, NVLINK / around),  # ring, Simple
        ]
        if gpus > 2:
            ways.append((25.0, NVLS))
    else:
        inside, up = 2 * (gpus - 1), 2 * math.log2(machines)
        net = gpus * NIC
        between = 2 * (machines - 1)
        ways = [
            (6.8 + inside * 0.6 + up * 5.0, 10e9),  # tree, LL
            (14.0 + inside * 1.25 + up * 8.5, 0.5 * 0.85 * 0.92 * 0.94 * net),  # tree, LL128
            (8.4 + inside * 4.0 + up * 14.0, 0.5 * 0.85 * 0.92 * net),  # tree, Simple
            (8.4 + (2 * (n - 1) - between) * 3.4 + between * 14.0, net / around),  # ring, Simple
        ]
        if gpus > 2:
            ways.append((25.0 + up * 14.0, min(NVLS, net * 5 / 6 / (1 if machines == 2 else 2))))  # NVLSTree
    return min(latency * 1e-6 + size / rate for latency, rate in ways)


def shape(ranks):
    """Machines of eight GPUs, and GPUs used of each."""
    return max(1, ranks // 8), min(8, ranks)


def stepped(net, rows, ranks, bucket=BUCKET):
    machines, gpus = shape(ranks)
    return net.step(rows, (lambda size: nccl(machines, gpus, size)) if ranks > 1 else None, bucket)


def efficient(net, ranks, weak):
    """The rows a rank, a power of two, from which 90 % of the time is not waiting."""
    for rows in (1 << k for k in range(2, 22)):
        alone = stepped(net, rows, 1) if weak else stepped(net, rows * ranks, 1) / ranks
        if alone >= 0.9 * stepped(net, rows, ranks):
            return rows
    return None


def table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def us(seconds):
    return f"{1e6 * seconds:,.0f}"


def size_name(size):
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB" if size >= 1 << 10 else f"{size} B"


def fit_table():
    print("One GPU: microseconds of a step in bf16, measured and by the three constants\n")
    rows = []
    for name, points in MEASURED.items():
        for batch, measured in points.items():
            model = 1e6 * Net(NETS[name]).step(batch)
            rows.append([name, f"{batch:,}", f"{measured:,.0f}", f"{model:,.0f}", f"{model / measured:.2f}"])
    table(["net", "rows", "measured", "model", "ratio"], rows)


def reduce_table():
    print("All-reduce of float32: microseconds, predicted\n")
    shapes = [(1, 2), (1, 8), (2, 1), (2, 8), (64, 8)]
    sizes = [4, 64 << 10, 1 << 20, 2 << 20, 4 << 20, 8 << 20, 16 << 20, 64 << 20, 256 << 20]
    table(["size", *(f"{m} x {g} GPUs" for m, g in shapes)], [[size_name(s), *(us(nccl(m, g, s)) for m, g in shapes)] for s in sizes])


def published_table():
    print("All-reduce of float32 as published, beside the prediction\n")
    rows = []
    for m, g, size, published, where, source in PUBLISHED:
        guess = 1e6 * nccl(m, g, size)
        rows.append([where, f"{m} x {g}", size_name(size), f"{published:,.1f}", f"{guess:,.0f}", f"{published / guess:.1f}", source])
    table(["on", "GPUs", "size", "published us", "predicted us", "ratio", "from"], rows)


def step_tables(nets, batch, counts, per_rank):
    print(f"Strong scaling: batches of {batch:,} rows in all. Microseconds of a step, and efficiency T(1) / (N T(N))\n")
    rows = []
    for name, net in nets.items():
        alone = stepped(net, batch, 1)
        cells = [f"{us(t)}, {100 * alone / (n * t):.0f} %" for n in counts for t in [stepped(net, batch / n, n)]]
        rows.append([name, f"{net.parameters * 4 / 2**20:.1f}", us(alone), *cells])
    table(["net", "gradient, MiB", "1", *map(str, counts)], rows)
    print(f"Weak scaling: {per_rank:,} rows a rank. Microseconds of a step, and efficiency T(1) / T(N)\n")
    rows = []
    for name, net in nets.items():
        alone = stepped(net, per_rank, 1)
        rows.append([name, us(alone), *(f"{us(t)}, {100 * alone / t:.0f} %" for n in counts for t in [stepped(net, per_rank, n)])])
    table(["net", "1", *map(str, counts)], rows)


def limit_table(nets):
    print("Rows a rank (a power of two) from which efficiency is 90 %: the rows of a rank of so many, strong / weak\n")
    counts = [2, 8, 64, 512]
    name = lambda rows: f"{rows:,}" if rows else "none"
    table(["net", *(f"{n} GPUs" for n in counts)],
          [[title, *(f"{name(efficient(net, n, False))} / {name(efficient(net, n, True))}" for n in counts)] for title, net in nets.items()])


def bucket_table(nets, per_rank):
    print(f"Buckets: microseconds of a step of {per_rank:,} rows a rank by the least bytes of a bucket; the last is all at once, beside nothing\n")
    buckets = [1 << 20, 1 << 21, 1 << 22, 1 << 24, 1 << 62]
    rows = [[title, str(n), *(us(stepped(net, per_rank, n, b)) for b in buckets)] for title, net in nets.items() for n in (8, 512)]
    table(["net", "GPUs", *map(size_name, buckets[:-1]), "one"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", action="append", default=[], metavar="NAME=WIDTHS")
    parser.add_argument("--rows", type=int, default=65536, help="of a batch in all, for strong scaling")
    parser.add_argument("--check", metavar="FILE")
    o = parser.parse_args()
    nets = {name: Net(widths) for name, widths in NETS.items()}
    for text in o.net:
        name, _, widths = text.partition("=")
        try:
            nets[name] = Net([int(w) for w in widths.split(",")])
        except ValueError:
            parser.error(f"--net {text}: expected NAME=WIDTH,WIDTH,...")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        fit_table()
        reduce_table()
        published_table()
        step_tables(nets, o.rows, [2, 4, 8, 64, 512], 2048)
        limit_table(nets)
        bucket_table(nets, 2048)
    if not o.check:
        sys.stdout.write(out.getvalue())
        return
    there = set(open(o.check).read().splitlines())
    if missing := [line for line in out.getvalue().splitlines() if line not in there]:
        sys.exit(f"{o.check} lacks {len(missing)} lines of scripts/scaling-model.py, first: {missing[0]}")


if __name__ == "__main__":
    main()
