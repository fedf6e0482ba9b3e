#!/usr/bin/env bash
# gpu-check-test.sh: scripts/gpu-check.sh without a GPU. Its folder, copied elsewhere, says that there is none; and it is run dry, on
# tiny nets through the simulator, with stand-ins for PyTorch, ncu and compute-sanitizer: the order of the parts, their budgets,
# parts that fail or are cut, the JSON of a run that is killed, and the table at the end. It prints the dry run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export TMPDIR=$tmp # what a run that is killed leaves
fail() { echo "gpu-check-test: $*" >&2; exit 1; }

# is OUT PYTHON: the JSON in OUT, as r, with its parts by name, as p.
is() {
  python3 -c "import json; r = json.load(open('$1/gpu-check.json')); p = {x['name']: x for x in r['parts']}; assert $2, [(x['name'], x['state'], x.get('why')) for x in r['parts']]" ||
    fail "not so in $1/gpu-check.json: $2"
  [ "$(find "$1" -type f | wc -l)" -le 8 ] || fail "more than 8 files in $1"
  [ -z "$(find "$1" -size +16M)" ] || fail "a file of more than 16 MiB in $1"
}

mkdir -p "$tmp/data/mnist" "$tmp/tools"
python3 - "$tmp/data/mnist" <<'END' # 1,000 images of waves
import gzip, struct, sys
def idx(name, shape, data):
    with gzip.open(sys.argv[1] + "/" + name, "wb") as f:
        f.write(struct.pack(">I%dI" % len(shape), 0x800 + len(shape), *shape) + data)
idx("train-images-idx3-ubyte.gz", (1000, 28, 28), bytes((r * r * 7 + c * (3 + r % 5)) % 256 for r in range(1000) for c in range(784)))
idx("train-labels-idx1-ubyte.gz", (1000,), bytes(r % 10 for r in range(1000)))
END

# A Python that has PyTorch, as gpu_step.py would have it: its losses are aegpu's, but on net b.
cat >"$tmp/tools/python" <<'END'
#!/usr/bin/env python3
import json, os, sys
if sys.argv[1] == "-c":
    sys.exit("'torch'" not in sys.argv[2])
option = lambda name: sys.argv[sys.argv.index(name) + 1]
weights = json.load(open(option("--weights")))
for net, batch, precision in (p.split(":") for p in option("--points").split(",")):
    trained = os.path.dirname(weights["%s:%s" % (net, batch)]).replace("/weights-", "/losses-").replace("-bf16", "-" + precision)
    losses = [json.loads(l)["train"]["loss"] * (1.2 if net == "b" else 1) for l in open(trained + "/metrics.jsonl")]
    print(json.dumps(dict(peer="torch 0", mode=option("--modes"), net=net, batch=int(batch), precision=precision, step_ms=99.0, losses=losses)))
END

# ncu runs the program, and has something to say of three steps, unless it may not.
cat >"$tmp/tools/ncu" <<'END'
#!/usr/bin/env bash
set -e
all=$*
while [ "$1" != --log-file ]; do shift; done
log=$2
shift 2
"$@" >/dev/null
if [ -n "${NO_COUNTERS:-}" ]; then echo "==ERROR== ERR_NVGPUCTRPERM - no permission" >"$log"; exit 1; fi
{
  echo "==PROF== Connected"
  echo '"ID","Process ID","Kernel Name","Grid Size","gpu__time_duration.sum"'
  echo '"","","","","ns"'
  echo '"0","7","loading","(1, 1, 1)","900,000"'
  for step in 1 2 3; do
    printf '"%d","7","%s","(%d, 1, 1)","%s"\n' ${step}1 'gather_fwd_u8' 2 1,200 ${step}2 'sm90_xmma_gemm_bf16, a tile' 4 "3,${step}00" ${step}3 update_fwd_f32 8 2,500
  done
} >"$log"
[[ $all == *"--graph-profiling node"* ]]
END

# compute-sanitizer finds nothing, and takes for ever over races.
cat >"$tmp/tools/compute-sanitizer" <<'END'
#!/usr/bin/env bash
tool=$2
shift 4
[ "$tool" = memcheck ] || sleep 600
"$@"
echo "========= ERROR SUMMARY: 0 errors"
END
chmod +x "$tmp"/tools/*

AEGPU_DATA=$tmp/data scripts/gpu-check.sh build "$tmp/built"
mv "$tmp/built" "$tmp/elsewhere"
code=0
AEGPU_LIBCUDA=/nowhere/libcuda.so.1 scripts/gpu-check.sh run "$tmp/elsewhere" "$tmp/none" || code=$?
[ $code = 3 ] || fail "exit $code without a GPU, want 3"
is "$tmp/none" "r['device'] is None and 'no CUDA driver' in r['no_device'] and list(p) == ['device']"

AEGPU_LIBCUDA=$(scripts/cuda-sim.sh)
export AEGPU_LIBCUDA GPU_CHECK_QUICK=1
run="$tmp/elsewhere/run" code=0
AEGPU_LIBCUBLASLT=/nowhere/lt "$run" "$tmp/unusable" || code=$?
[ $code = 3 ] || fail "exit $code with a GPU that cannot be used, want 3"
is "$tmp/unusable" "r['device'] is None and '/nowhere/lt' in r['no_device'] and list(p) == ['device']"
export AEGPU_LIBCUBLASLT=$AEGPU_LIBCUDA AEGPU_LIBNCCL=$AEGPU_LIBCUDA

echo "--- the dry run"
began=$SECONDS code=0
PATH=$tmp/tools:$PATH GPU_CHECK_PYTHON=$tmp/tools/python "$run" "$tmp/sim" --budget sanitizer=10 | tee "$tmp/said" || code=$?
[ $code = 1 ] || fail "exit $code of a run with a part that fails and one that is cut, want 1"
is "$tmp/sim" "list(p) == ['device', 'smoke', 'bench', 'peers', 'ncu', 'forms', 'conformance', 'ranks', 'training', 'sanitizer'] and 'cudasim' in r['device']"
is "$tmp/sim" "{n: x['state'] for n, x in p.items() if x['state'] != 'passed'} == {'peers': 'failed', 'sanitizer': 'cut'}"
is "$tmp/sim" "[x['budget'] for x in p.values()][1:-1] == [25, 75, 120, 25, 20, 100, 10, 30] and all(x['seconds'] <= x['budget'] + 2 for x in p.values())"
is "$tmp/sim" "[s['net'] for s in p['smoke']['steps']] == 3 * ['plain', 'VAE', 'code of 1'] + ['tuned'] and all(s['agrees'] for s in p['smoke']['steps'])"
is "$tmp/sim" "len(p['smoke']['products']) > 50 and all(q['right'] for q in p['smoke']['products'] if q['status'] == 'ok')"
is "$tmp/sim" "{'the mask bit at a pre-activation of 0', 'NaN through ReLU, recorded'} <= {f['subject'] for f in p['smoke']['findings']}"
is "$tmp/sim" "[(q['precision'], q['net'], q['batch'], q['streams']) for q in p['bench']['points']] == [(f, n, b, s) for s in (2, 1) for f in ('bf16', 'tf32', 'fp32') for n in 'ab' for b in (64, 128)]"
is "$tmp/sim" "all(q['launches'] > 0 and q['step_ms'] > 0 for q in p['bench']['points']) and p['bench']['algorithms'] > 8"
is "$tmp/sim" "p['peers']['missing'] == ['jax'] and {q['net']: q['agrees'] for q in p['peers']['points']} == {'a': True, 'b': False} and 'net b' in p['peers']['why']"
is "$tmp/sim" "[(k['kernel'], k['us'], k['product']) for k in p['ncu']['steps'][0]['kernels']] == [('gather_fwd_u8', 1.2, False), ('sm90_xmma_gemm_bf16, a tile', 3.3, True), ('update_fwd_f32', 2.5, False)]"
is "$tmp/sim" "p['conformance']['runs'][0]['passed'] > 2 and [x['tool'] for x in [p['sanitizer']]] == ['$tmp/tools/compute-sanitizer']"
is "$tmp/sim" "[(x['test'], x['agrees'], x['same_twice']) for x in p['training']['runs']] == [('TestVariants/plain', True, True), ('TestVariants/VAE', True, True)]"
is "$tmp/sim" "all(x['overlay'] and x['same_twice'] for x in p['training']['mnist']) and p['sanitizer']['tools']['memcheck']['exit'] == 0"
is "$tmp/sim" "[s['mib'] for s in p['ranks']['sums']] == [1, 8, 64] and all(s['unchanged'] and s['launches'] == 2 for s in p['ranks']['sums'])"
is "$tmp/sim" "len(r['table']) == 12 and {(t['net'], t['batch']): 'ratio' in t for t in r['table']} == {('a', 64): True, ('a', 128): False, ('b', 64): False, ('b', 128): False}"
is "$tmp/sim" "[t['predicted']['us'] for t in r['table'] if t['precision'] == 'bf16' and t['batch'] == 64] == [75, 58] and not r['passed']"
[ "$(tail -13 "$tmp/said" | awk '{ print $1 }' | tr -d '\n')" = netaabbaabbaabb ] || fail "the last lines are not the table: $(tail -13 "$tmp/said")"
[ "$(grep -c "99000 torch eager" "$tmp/said")" = 3 ] || fail "the table has other peers than PyTorch on net a"
! pgrep -f "$tmp/tools/compute-sanitizer" >/dev/null || fail "what was cut still runs"
echo "--- $((SECONDS - began)) s"

# ncu that may not read counters has nothing to say, which is no failure; parts can be chosen.
PATH=$tmp/tools:$PATH NO_COUNTERS=1 "$run" "$tmp/ncu" --only ncu >"$tmp/said" || fail "exit $? where ncu is not permitted: $(cat "$tmp/said")"
is "$tmp/ncu" "list(p) == ['device', 'ncu'] and p['ncu']['state'] == 'skipped' and 'ERR_NVGPUCTRPERM' in p['ncu']['why']"

# Without NCCL there is nothing to say of it, which is no failure either.
AEGPU_LIBNCCL=/nowhere/nccl "$run" "$tmp/ranks" --only ranks >"$tmp/said" || fail "exit $? without NCCL: $(cat "$tmp/said")"
is "$tmp/ranks" "p['ranks']['state'] == 'skipped' and '/nowhere/nccl' in p['ranks']['why']"

# A run that is killed leaves the points it had.
"$run" "$tmp/killed" --only bench >/dev/null &
killed=$!
for _ in $(seq 600); do
  if grep -q '"step_ms"' "$tmp/killed/gpu-check.json" 2>/dev/null; then break; fi
  sleep 0.05
done
disown %1
kill -KILL "$killed"
sleep 0.2
is "$tmp/killed" "p['bench']['state'] == 'running' and 0 < len(p['bench']['points']) < 24"

# One that is told to end takes with it what it started.
for name in INT TERM; do
  env --default-signal=INT "$run" "$tmp/ended" --only training >"$tmp/said" &
  ended=$!
  for _ in $(seq 600); do
    if pgrep -f "$tmp/gpu-check-[^/]*/aegpu train" >/dev/null; then break; fi
    sleep 0.05
  done
  kill -$name $ended
  code=0
  wait $ended || code=$?
  [ $code -gt 128 ] && grep -q "^ended by signal" "$tmp/said" || fail "exit $code of a run that got SIG$name: $(cat "$tmp/said")"
  ! pgrep -f "$tmp/gpu-check-[^/]*/aegpu" >/dev/null || fail "what a run had started that got SIG$name still runs"
done
is "$tmp/ended" "p['training']['state'] == 'running'"

# Arguments that come to nothing.
for args in "$tmp/said" "$tmp/new --seconds 0" "$tmp/new --seconds nan" "$tmp/new --only most"; do
  code=0
  "$run" $args 2>"$tmp/err" || code=$?
  [ $code = 2 ] && [ "$(tail -1 "$tmp/err" | grep -c '^run: error: ')" = 1 ] || fail "exit $code of run $args: $(cat "$tmp/err")"
done

# Where no product is right the run ends.
cat >"$tmp/wrong" <<'END'
#!/bin/sh
echo '{"test":"TestSmoke/fp32_plain","found":{"what":"product","right":false}}' >>"$AEGPU_TEST_REPORT"
echo "--- FAIL: TestSmoke"
exit 1
END
gzip -c "$tmp/wrong" >"$tmp/elsewhere/gpu.test.gz"
code=0
"$run" "$tmp/stopped" >"$tmp/said" || code=$?
[ $code = 1 ] || fail "exit $code where nothing works, want 1"
is "$tmp/stopped" "list(p) == ['device', 'smoke'] and 'nothing works' in r['stopped'] and r['table'] == []"
grep -q "^stopped: nothing works" "$tmp/said" || fail "it does not say that it stopped: $(cat "$tmp/said")"
