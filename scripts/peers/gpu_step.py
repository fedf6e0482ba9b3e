#!/usr/bin/env python3
"""Times the training steps of the nets in PyTorch or JAX, on a GPU or a CPU, a JSON line a point.

    gpu_step.py torch|jax MNIST_DIR --specs nets.json --nets a,b --batches 128,2048 --precisions fp32,tf32,bf16 --seconds 60
    gpu_step.py torch|jax MNIST_DIR --points a:64:bf16,w:8192:bf16 --modes compile+graph --weights weights.json --seconds 45
    gpu_step.py torch|jax MNIST_DIR --specs nets.json --nets a --batches 1024 --losses model.safetensors --steps 20

The nets, their loss and their optimiser are those of torch_step.py; the data is resident as float32. PyTorch runs eagerly,
as one CUDA graph of the whole step, compiled (on a GPU with the compiler's own CUDA graphs), and as one graph of the compiled
step; JAX runs a step under jit (one call a step), and a scan over up to --scan steps under jit (one call for all). bf16 is
autocast in PyTorch, and bf16 operands with float32 sums in JAX. Points come in order of worth, and stop when the seconds are
over. A point that fails says so.

With --losses nothing is timed: from those weights, which aegpu wrote, the very steps that are timed elsewhere are done on one
batch, the first rows of the data, and the loss before each step is printed. With --weights, a JSON file of such files by
net:batch, that is done before a point is timed, by what is then timed.
"""
import argparse
import gzip
import itertools
import json
import os
import statistics
import struct
import sys
import time

from agree import part

MODES = {"torch": ["graph", "eager", "compile+graph", "compile"], "jax": ["scan", "jit"]}
SCANNED = {"cpu": 2e10, "cuda": 2e12}  # parameters times examples in a call of JAX's scan at the most: beyond, a call's cost does not show


def timed(steps, each, wait, a):
    """Milliseconds a step: the runs' median, quartiles, least and most. A call of steps does as many as each."""
    def seconds(k):
        start = time.perf_counter()
        for _ in range(k):
            steps()
        wait()
        return (time.perf_counter() - start) / k

    seconds(1)  # compiles
    k = 1
    for _ in range(3):
        k = max(1, int(a.target / seconds(k)))
    ms = [1e3 * seconds(k) / each for _ in range(a.runs)]
    q1, median, q3 = statistics.quantiles(ms, n=4, method="inclusive") if a.runs > 1 else ms * 3
    return dict(step_ms=median, q1_ms=q1, q3_ms=q3, min_ms=min(ms), max_ms=max(ms), runs=a.runs)


class Order:
    """Where a batch, or several in a row, begins in a permutation that is drawn afresh for every epoch."""

    def __init__(self, rows, batch, draw):
        self.rows, self.batch, self.draw = rows, batch, draw
        self.order, self.at = draw(), 0

    def next(self):
        if self.at + self.batch > self.rows:
            self.order, self.at = self.draw(), 0
        self.at += self.batch
        return self.order, self.at - self.batch


def weights(path):
    """The layers' (weight: out x in, bias) in a file of aegpu's, the encoder's and then the decoder's."""
    import numpy

    with open(path, "rb") as f:
        (size,) = struct.unpack("<Q", f.read(8))
        head, body = json.loads(f.read(size)), f.read()

    def tensor(name):
        start, end = head[name]["data_offsets"]
        return numpy.frombuffer(body[start:end], "<f4").copy().reshape(head[name]["shape"])

    layers = []
    for part in ("encoder", "decoder"):
        for i in itertools.count():
            if "%s.%d.weight" % (part, i) not in head:
                break
            layers.append((tensor("%s.%d.weight" % (part, i)), tensor("%s.%d.bias" % (part, i))))
    return layers


# --- PyTorch

class TorchSteps:
    """following() does a training step and returns its loss, a tensor."""

    def __init__(self, torch, spec, data, batch, mode, precision, seed=0):
        from torch_step import Net

        self.torch, on, cuda = torch, data.device, data.device.type == "cuda"
        torch.manual_seed(seed)
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        self.net = loss = Net(spec).to(on)
        if "compile" in mode:
            torch._dynamo.reset()  # or it stops compiling after some shapes
            loss = torch.compile(self.net, mode="reduce-overhead" if cuda and mode == "compile" else "default")
        self.adam = torch.optim.Adam(self.net.parameters(), lr=1e-3, **(dict(fused=True, capturable="graph" in mode) if cuda else {}))
        order = Order(len(data), batch, lambda: torch.randperm(len(data), device=on))
        index = torch.arange(batch, device=on)

        def step():
            self.adam.zero_grad(set_to_none=True)
            with torch.autocast(on.type, dtype=torch.bfloat16, enabled=precision == "bf16", cache_enabled=False):
                value = loss(data.index_select(0, index))
            value.backward()
            self.adam.step()
            return value

        run = step
        if "graph" in mode:
            first = [(m.weight.detach().clone(), m.bias.detach().clone()) for m in self.linear()]
            run = captured(torch, step)
            self.load(first)

        def following():
            perm, at = order.next()
            index.copy_(perm[at : at + batch])
            return run()

        def losses(layers, n):
            """The loss before each of n steps from those weights on, all on the first rows."""
            self.load(layers)
            index.copy_(torch.arange(batch, device=on))
            return [run().item() for _ in range(n)]

        self.following, self.losses = following, losses

    def linear(self):
        return [m for m in self.net.modules() if isinstance(m, self.torch.nn.Linear)]

    def load(self, layers):
        """Starts from those weights, as if no step had been done."""
        with self.torch.no_grad():
            for m, (w, b) in zip(self.linear(), layers, strict=True):
                m.weight.copy_(self.torch.as_tensor(w))
                m.bias.copy_(self.torch.as_tensor(b))
            for state in self.adam.state.values():
                for value in state.values():
                    value.zero_()


def captured(torch, step):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        value = step()

    def replay():
        graph.replay()
        return value

    return replay


def torch_points(a, nets):
    import torch

    from torch_step import images

    if a.device == "cuda" and not torch.cuda.is_available():
        sys.exit("PyTorch %s sees no GPU" % torch.__version__)
    if a.threads:
        torch.set_num_threads(a.threads)
    data = images(a.mnist).to(a.device)
    wait = torch.cuda.synchronize if a.device == "cuda" else lambda: None
    for mode in modes(a):
        for net, precision, batch in points(a):
            def point():
                rows = data if batch <= len(data) else data.repeat(-(-batch // len(data)), 1)
                return found(a, TorchSteps(torch, nets[net], rows, batch, mode, precision), net, batch, 1, wait)

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
        if part(spec, "masking"):
            seen = x * (jax.random.uniform(key, x.shape) >= part(spec, "masking")[0])
        h = stack(seen, params[:deep])
        if part(spec, "gaussian") is not None:
            mu, logvar = np.split(h, 2, axis=1)
            h = mu + jax.random.normal(key, mu.shape) * np.exp(logvar / 2)
            penalty = ((mu * mu + np.exp(logvar) - 1 - logvar) / 2).sum() / len(x)
        elif spec.get("code_activation") == "sigmoid":
            h = nn.sigmoid(h)
        if part(spec, "kl"):
            rho, weight = part(spec, "kl")
            m = h.mean(0)
            penalty = weight * (rho * np.log(rho / m) + (1 - rho) * np.log((1 - rho) / (1 - m))).sum()
        if part(spec, "exact"):
            penalty = part(spec, "exact")[0] * np.matmul((h * (1 - h)) ** 2, (params[0][0] ** 2).sum(0)).mean()
        out = stack(h, params[deep:])
        return (nn.softplus(out) - out * x).sum() / len(x) + penalty

    return loss


def widths(spec):
    """The layers' inputs and outputs."""
    code = spec["latent"] * (2 if part(spec, "gaussian") is not None else 1)
    encoder = zip([784] + spec["hidden"], spec["hidden"] + [code])
    return [*encoder, *zip([spec["latent"]] + spec["hidden"][::-1], spec["hidden"][::-1] + [784])]


class JaxSteps:
    """following() does as many training steps as each, in one call, and returns their losses."""

    def __init__(self, jax, spec, data, batch, scan, precision):
        np, tree = jax.numpy, jax.tree_util.tree_map
        self.jax = jax
        keys = jax.random.split(jax.random.PRNGKey(0), len(widths(spec)) + 1)
        self.start([(jax.random.normal(k, w) * w[0] ** -0.5, np.zeros(w[1])) for k, w in zip(keys, widths(spec))])
        gradient = jax.value_and_grad(jax_loss(jax, spec, precision))
        self.each = each = max(1, min(scan, len(data) // batch))

        def draw():
            return jax.random.permutation(jax.random.PRNGKey(next(draws)), len(data))

        def adam(p, m, v, t):
            return p - 1e-3 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)

        def step(state, at, data, order):
            params, m, v, t = state
            x = data[jax.lax.dynamic_slice(order, (at,), (batch,))]
            value, g = gradient(params, x, jax.random.fold_in(keys[-1], t))
            m, v = tree(lambda a, b: 0.9 * a + 0.1 * b, m, g), tree(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
            t = t + 1
            return (tree(lambda p, m, v: adam(p, m, v, t.astype(np.float32)), params, m, v), m, v, t), value

        def steps(state, data, order, at):
            if scan == 1:
                return step(state, at, data, order)
            return jax.lax.scan(lambda state, at: step(state, at, data, order), state, at + batch * np.arange(each))

        jitted, draws = jax.jit(steps, donate_argnums=0), itertools.count()
        order = Order(len(data), each * batch, draw)

        def following():
            self.state, losses = jitted(self.state, data, *order.next())
            return losses

        def losses(layers, n):
            """The loss before each of n steps from those weights on, all on the first rows."""
            self.load(layers)
            first, got = np.arange(len(data)) % batch, []
            while len(got) < n:
                self.state, more = jitted(self.state, data, first, 0)
                got += more.reshape(-1).tolist()
            return got[:n]

        self.following, self.losses = following, losses

    def start(self, params):
        """Starts from those parameters, as if no step had been done."""
        np, tree = self.jax.numpy, self.jax.tree_util.tree_map
        self.state = (params, tree(np.zeros_like, params), tree(np.zeros_like, params), np.zeros((), np.int32))

    def load(self, layers):
        self.start([(self.jax.numpy.array(w.T), self.jax.numpy.array(b)) for w, b in layers])

    def wait(self):
        self.jax.block_until_ready(self.state)


def jax_points(a, nets):
    import jax
    import numpy

    if a.device == "cuda" and jax.default_backend() != "gpu":
        sys.exit("JAX %s sees no GPU" % jax.__version__)
    with gzip.open(os.path.join(a.mnist, "train-images-idx3-ubyte.gz")) as f:
        pixels = numpy.frombuffer(f.read(), numpy.uint8, offset=16).reshape(-1, 784)
    data = jax.device_put(pixels.astype(numpy.float32) / 255)
    for mode in modes(a):
        for net, precision, batch in points(a):
            size = sum(n * m for n, m in widths(nets[net]))
            scan = max(1, min(a.scan, int(SCANNED[a.device] / (size * batch)))) if mode == "scan" else 1

            def point():
                rows = data if batch <= len(data) else jax.numpy.tile(data, (-(-batch // len(data)), 1))
                s = JaxSteps(jax, nets[net], rows, batch, scan, precision)
                return dict(found(a, s, net, batch, s.each, s.wait), steps_a_call=s.each)

            yield dict(peer="jax " + jax.__version__, mode=mode, net=net, precision=precision, batch=batch), point


# --- both

def found(a, steps, net, batch, each, wait):
    """A point's losses, where there are weights to start from, and its times."""
    file, out = a.losses or a.weights.get("%s:%d" % (net, batch)), {}
    if file:
        out["losses"] = steps.losses(weights(file), a.steps)
    if not a.losses:
        out.update(timed(steps.following, each, wait, a))
    return out


def points(a):
    if a.points:
        for net, batch, precision in (p.split(":") for p in a.points.split(",")):
            yield net, precision, int(batch)
        return
    for batch in map(int, a.batches.split(",")):
        for precision in a.precisions.split(","):
            for net in a.nets.split(","):
                yield net, precision, batch


def modes(a):
    known = MODES[a.framework]
    return [m for m in (a.modes.split(",") if a.modes else known) if m in known]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("framework", choices=["torch", "jax"])
    p.add_argument("mnist")
    p.add_argument("--specs", required=True, help="a file of what `aegpu bench --nets` prints")
    p.add_argument("--nets", default="a,b,c,d,e,f,h,w")
    p.add_argument("--batches", default="128,2048,16384")
    p.add_argument("--precisions", default="fp32,tf32,bf16")
    p.add_argument("--points", help="net:batch:precision, in that order, in place of all nets, batches and precisions")
    p.add_argument("--modes", help="some of %s; of %s" % (", ".join(MODES["torch"]), ", ".join(MODES["jax"])))
    p.add_argument("--scan", type=int, default=32, help="steps in a call of JAX's scan, at most")
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--target", type=float, default=0.02, help="seconds a run")
    p.add_argument("--threads", type=int, help="of PyTorch on a CPU")
    p.add_argument("--losses", metavar="WEIGHTS", help="print losses from these weights on instead of times")
    p.add_argument("--weights", metavar="JSON", default={}, help="also print the losses from the weights that it has for a point's net:batch on")
    p.add_argument("--steps", type=int, default=20, help="losses to print")
    p.add_argument("--seconds", type=float, default=3600)
    p.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    a = p.parse_args()
    deadline = time.perf_counter() + a.seconds
    with open(a.specs) as f:
        nets = json.load(f)
    if a.weights:
        with open(a.weights) as f:
            a.weights = json.load(f)
    for what, point in (torch_points if a.framework == "torch" else jax_points)(a, nets):
        if time.perf_counter() > deadline:
            break
        try:
            what.update(point())
            if not a.losses:
                what["examples_per_second"] = 1e3 * what["batch"] / what["step_ms"]
        except Exception as e:  # one point is not all
            what["error"] = ("%s: %s" % (type(e).__name__, e))[:300]
        print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
