"""A run of the checks: its parts one after the other, each with its time, and one JSON that is whole after each of them."""
import functools
import json
import os
import signal
import subprocess
import tempfile
import threading
import time

MOST = 12 << 20  # bytes of the log; what comes after is left out


class Failed(Exception):
    """A part came to something that is not to be."""


class Cut(Exception):
    """A part's time was up; what it had found stays."""


class Skipped(Exception):
    """A part has nothing to do here."""


class Stop(Failed):
    """There is no sense in going on."""


class Interrupted(BaseException):
    """The run was told to end, by a signal."""


class Check:
    def __init__(self, here, out, seconds, quick):
        self.here, self.out, self.quick = here, out, quick
        self.start, self.seconds, self.deadline = time.monotonic(), seconds, 0.0
        self.work = tempfile.mkdtemp(prefix="gpu-check-")
        self.aegpu, self.tests = os.path.join(self.work, "aegpu"), os.path.join(self.work, "gpu.test")
        self.packed, self.mnist = os.path.join(here, "mnist"), os.path.join(self.work, "mnist")
        self.specs = os.path.join(self.work, "nets.json")  # written with nets
        self.result, self.commands, self.ended = {"format": 3, "quick": quick, "parts": []}, set(), False
        self.ceilings, self.tuning = {}, None  # that are known
        self.log = open(os.path.join(out, "gpu-check.log"), "w", encoding="utf-8")

    @functools.cached_property
    def nets(self):
        """The nets that aegpu times, also in a file; in quick mode two of them, tiny, so that the simulator does them."""
        nets = json.loads(good(*self.run([self.aegpu, "bench", "--nets"])))
        if self.quick:
            nets = {n: dict(nets[n], hidden=[8], latent=4, aegpu=nets[n]["aegpu"] + " --hidden 8 --latent 4") for n in "ab"}
        with open(self.specs, "w", encoding="utf-8") as f:
            json.dump(nets, f)
        return nets

    def left(self):
        """Seconds of the whole run."""
        return self.seconds - (time.monotonic() - self.start)

    def part_left(self):
        """Seconds of the part under way."""
        return self.deadline - time.monotonic()

    def part(self, name):
        """The facts of a part that was run, {} if it was not."""
        return next((p for p in self.result["parts"] if p["name"] == name), {})

    def save(self, indent=None):
        """Writes the JSON as far as it is known, in one go; indented it is slow to make."""
        self.result["seconds"] = round(time.monotonic() - self.start, 1)
        new = os.path.join(self.out, ".new")
        with open(new, "w", encoding="utf-8") as f:
            f.write(json.dumps(self.result, indent=indent))
        os.replace(new, os.path.join(self.out, "gpu-check.json"))

    def do(self, name, part, budget):
        """Runs a part for at most so many seconds; what it comes to is always a fact, and an end only where it says Stop."""
        budget = min(budget, self.left())
        facts = {"name": name, "state": "running", "budget": round(budget, 1)}
        self.result["parts"].append(facts)
        self.save()
        self.note("\n=== %s, %.0f s\n" % (name, budget))
        began, stop = time.monotonic(), False
        self.deadline = began + budget
        try:
            if budget < 2:
                raise Skipped("no time left")
            part(self, facts)
            facts["state"] = "passed"
        except Skipped as e:
            facts.update(state="skipped", why=str(e))
        except Cut as e:
            facts.update(state="cut", why=str(e))
        except Exception as e:
            facts.update(state="failed", why=str(e) if isinstance(e, Failed) else "%s: %s" % (type(e).__name__, e))
            stop = isinstance(e, Stop)
        facts["seconds"] = round(time.monotonic() - began, 1)
        self.save(indent=1)
        print("%-12s %-8s %6.1f of %5.1f s  %s" % (name, facts["state"], facts["seconds"], budget, facts.get("why", "")), flush=True)
        return not stop

    def note(self, text):
        if self.log.tell() < MOST:
            self.log.write(text)
            self.log.flush()

    def run(self, command, seconds=None, env=None, each=None):
        """Runs a command in a group of its own until it ends or the part's time is up, or so many seconds: (code, output,
        error), code None where time was up. each is called with every line of the output when it comes."""
        if self.ended:
            raise Cut("the run was ended")
        limit = max(0.5, min(seconds or self.part_left(), self.part_left()))
        began, out = time.monotonic(), []
        with tempfile.TemporaryFile() as errors:
            p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, cwd=self.here,
                                 env={**os.environ, **(env or {})}, start_new_session=True)
            self.commands.add(p)
            reader = threading.Thread(target=read, args=(p.stdout, out, each), daemon=True)
            reader.start()
            try:
                code = p.wait(limit)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                end(p)
                self.commands.discard(p)
            reader.join(5)
            errors.seek(0)
            err = errors.read().decode(errors="replace")
        text = "".join(out)
        ended = "cut" if code is None else "exit %d" % code
        self.note("$ %s\n%s%s[%s after %.1f s]\n" % (" ".join(command), text, err, ended, time.monotonic() - began))
        return code, text, err

    def interrupt(self, number, _):
        """Ends the run, and what it started, which threads of a part may wait for."""
        self.ended = True
        for p in list(self.commands):
            kill(p)
        raise Interrupted(number)


def read(stream, out, each):
    for line in stream:
        out.append(line.decode(errors="replace"))
        if each:
            each(out[-1])


def kill(p):
    try:
        os.killpg(p.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def end(p):
    """Ends what is left of a command's group."""
    kill(p)
    p.wait()


def last_line(text):
    lines = [l for l in text.strip().splitlines() if l.strip()]
    return lines[-1][:300] if lines else ""


def good(code, out, err):
    """The output of a command that was to succeed."""
    if code is None:
        raise Cut("time was up")
    if code:
        raise Failed("exit %d: %s" % (code, last_line(err) or last_line(out)))
    return out


def json_of(line):
    """The JSON object that a line is, None if it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
