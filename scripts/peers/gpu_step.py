#!/usr/bin/env python3
"""Times the training steps of the nets in PyTorch or JAX on a GPU, a JSON line a point.

    gpu_step.py torch|jax MNIST_DIR --nets a,b --batches 128,2048 --precisions fp32,tf32,bf16 --seconds 60

The nets, their loss and their optimiser are those of torch_step.py; the data is resident as float32. PyTorch runs eagerly,
as one CUDA graph of the whole step, compiled, and as a graph of the compiled step; JAX runs the whole step under jit.
bf16 is autocast in PyTorch, and bf16 operands with float32 sums in JAX. Points come in order of worth, and stop when the
seconds are over. A point that fails says so.
"""
import argparse
import gzip
import json
import os
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def timed(steps, wait, a):
    """Milliseconds a step: the runs' median, least and most."""
    def seconds(k):
        start = time.perf_counter()
        for _ in range(k):
            steps()
        wait()
        return (time.perf_counter() - start) / k

    for _ in range(3):
        per = seconds(3)
    k = max(2, int(a.target / per))
    ms = [1e3 * seconds(k) for _ in range(a.runs)]
    return dict(step_ms=statistics.median(ms), min_ms=min(ms), max_ms=max(ms), runs=a.runs)


class Order:
    """Where a batch begins in a permutation that is drawn afresh for every epoch."""

    def __init__(self, rows, batch, draw):
        self.rows, self.batch, self.draw = rows, batch, draw
        self.order, self.at = draw(), 0

    def next(self):
        if self.at + self.batch > self.rows:
            self.order, self.at = self.draw(), 0
        self.at += self.batch
        return self.order, self.at - self.batch


# --- PyTorch

def torch_steps(torch, spec, data, batch, mode, precision):
    from torch_step import Net

    on, cuda = data.device, data.device.type == "cuda"
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    net = Net(spec).to(on)
    loss = net
    if "compile" in mode:
        torch._dynamo.reset()  # or it stops compiling after some shapes
        loss = torch.compile(net)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, **(dict(fused=True, capturable="graph" in mode) if cuda else {}))
    order = Order(len(data), batch, lambda: torch.randperm(len(data), device=on))
    index = torch.zeros(batch, dtype=torch.int64, device=on)

    def step():
        adam.zero_grad(set_to_none=True)
        with torch.autocast(on.type, dtype=torch.bfloat16, enabled=precision == "bf16", cache_enabled=False):
            value = loss(data.index_select(0, index))
        value.backward()
        adam.step()

    run = captured(torch, step) if "graph" in mode else step

    def following():
        perm, at = order.next()
        index.copy_(perm[at : at + batch])
        run()

    return following


def captured(torch, step):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def torch_points(a, nets):
    import torch

    from torch_step import images

    if a.device == "cuda" and not torch.cuda.is_available():
        sys.exit("PyTorch %s sees no GPU" % torch.__version__)
    data = images(a.mnist).to(a.device)
    wait = torch.cuda.synchronize if a.device == "cuda" else lambda: None
    modes = a.modes.split(",")
    for mode in modes:
        for net, precision, batch in points(a):
            rows = data if batch <= len(data) else data.repeat(-(-batch // len(data)), 1)

            def point():
                return timed(torch_steps(torch, nets[net], rows, batch, mode, precision), wait, a)

            yield dict(peer="torch " + torch.__version__, mode=mode, net=net, precision=precision, batch=batch), point


# --- JAX

def jax_loss(jax, spec, precision):
    """loss(params, x, key), params as a list of (W, b)."""
    np, nn = jax.numpy, jax.nn
    act = {"relu": nn.relu, "tanh": np.tanh, "sigmoid": nn.sigmoid}[spec["activation"]]

    def dense(x, layer):
        w, b = layer
        if precision == "bf16":
            return np.matmul(x.astype(np.bfloat16), w.astype(np.bfloat16), preferred_element_type=np.float32) + b
        return np.matmul(x, w, precision="highest" if precision == "fp32" else "default") + b

    def stack(x, layers):
        for layer in layers[:-1]:
            x = act(dense(x, layer))
        return dense(x, layers[-1])

    def loss(params, x, key):
        seen, penalty, deep = x, 0.0, len(spec["hidden"]) + 1
        if "masking" in spec:
            seen = x * (jax.random.uniform(key, x.shape) >= spec["masking"])
        h = stack(seen, params[:deep])
        if spec.get("vae"):
            mu, logvar = np.split(h, 2, axis=1)
            h = mu + jax.random.normal(key, mu.shape) * np.exp(logvar / 2)
            penalty = ((mu * mu + np.exp(logvar) - 1 - logvar) / 2).sum() / len(x)
        elif spec.get("code") == "sigmoid":
            h = nn.sigmoid(h)
        if "sparsity" in spec:
            rho, weight = spec["sparsity"]
            m = h.mean(0)
            penalty = weight * (rho * np.log(rho / m) + (1 - rho) * np.log((1 - rho) / (1 - m))).sum()
        if "contract" in spec:
            penalty = spec["contract"] * np.matmul((h * (1 - h)) ** 2, (params[0][0] ** 2).sum(0)).mean()
        out = stack(h, params[deep:])
        return (nn.softplus(out) - out * x).sum() / len(x) + penalty

    return loss


def jax_steps(jax, spec, data, batch, precision):
    np = jax.numpy
    code = spec["latent"] * (2 if spec.get("vae") else 1)
    widths = list(zip([784] + spec["hidden"], spec["hidden"] + [code]))
    widths += list(zip([spec["latent"]] + spec["hidden"][::-1], spec["hidden"][::-1] + [784]))
    keys = jax.random.split(jax.random.PRNGKey(0), len(widths) + 1)
    params = [(jax.random.normal(k, w) * w[0] ** -0.5, np.zeros(w[1])) for k, w in zip(keys, widths)]
    zeros = jax.tree_util.tree_map(np.zeros_like, params)
    state = [params, zeros, jax.tree_util.tree_map(np.zeros_like, params), np.zeros((), np.int32)]
    gradient = jax.grad(jax_loss(jax, spec, precision))

    def adam(p, m, v, t):
        return p - 1e-3 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)

    def step(state, data, order, at):
        params, m, v, t = state
        x = data[jax.lax.dynamic_slice(order, (at,), (batch,))]
        g = gradient(params, x, jax.random.fold_in(keys[-1], t))
        each = jax.tree_util.tree_map
        m, v = each(lambda a, b: 0.9 * a + 0.1 * b, m, g), each(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        t = t + 1
        return [each(lambda p, m, v: adam(p, m, v, t.astype(np.float32)), params, m, v), m, v, t]

    jitted = jax.jit(step, donate_argnums=0)
    draws = iter(range(1 << 30))
    order = Order(len(data), batch, lambda: jax.random.permutation(jax.random.PRNGKey(next(draws)), len(data)))

    def following():
        state[:] = jitted(list(state), data, *order.next())

    return following, lambda: jax.block_until_ready(state)


def jax_points(a, nets):
    import jax
    import numpy

    if a.device == "cuda" and jax.default_backend() != "gpu":
        sys.exit("JAX %s sees no GPU" % jax.__version__)
    with gzip.open(os.path.join(a.mnist, "train-images-idx3-ubyte.gz")) as f:
        pixels = numpy.frombuffer(f.read(), numpy.uint8, offset=16).reshape(-1, 784)
    data = jax.device_put(pixels.astype(numpy.float32) / 255)
    for net, precision, batch in points(a):
        rows = data if batch <= len(data) else jax.numpy.tile(data, (-(-batch // len(data)), 1))

        def point():
            steps, wait = jax_steps(jax, nets[net], rows, batch, precision)
            return timed(steps, wait, a)

        yield dict(peer="jax " + jax.__version__, mode="jit", net=net, precision=precision, batch=batch), point


def points(a):
    for batch in map(int, a.batches.split(",")):
        for precision in a.precisions.split(","):
            for net in a.nets.split(","):
                yield net, precision, batch


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("framework", choices=["torch", "jax"])
    p.add_argument("mnist")
    p.add_argument("--nets", default="a,b,c,d,e,f")
    p.add_argument("--batches", default="128,2048,16384")
    p.add_argument("--precisions", default="fp32,tf32,bf16")
    p.add_argument("--modes", default="graph,eager,compile+graph,compile")
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--target", type=float, default=0.02, help="seconds a run")
    p.add_argument("--seconds", type=float, default=3600)
    p.add_argument("--device", default="cuda", choices=["cuda", "cpu"], help="cpu only shows that the script works")
    a = p.parse_args()
    deadline = time.perf_counter() + a.seconds
    with open(os.path.join(HERE, "nets.json")) as f:
        nets = json.load(f)
    for what, point in (torch_points if a.framework == "torch" else jax_points)(a, nets):
        if time.perf_counter() > deadline:
            break
        try:
            what.update(point())
            what["examples_per_second"] = 1e3 * what["batch"] / what["step_ms"]
        except Exception as e:  # one point is not all
            what["error"] = ("%s: %s" % (type(e).__name__, e))[:300]
        print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
