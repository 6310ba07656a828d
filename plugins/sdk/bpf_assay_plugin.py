"""Makes a bpf-assay plugin of an object with three methods: info, load, run.

One file, Python 3.8 or newer, no dependency. serve() speaks both contracts of
docs/plugin-protocol.md: the persistent protocol if standard input begins with '{', the one-shot
contract otherwise. What the runtime prints on standard output is sent to standard error, so that it
cannot garble the answers.

    class Plugin:
        def info(self):
            return Info(name="my-vm", version="1.2", engine="interpreter")
        def load(self, program):
            ...                             # or: raise Rejected("slot 3: no such opcode")
        def run(self, block):
            return r0                       # or: raise Fault("slot 3: no memory at 0x10")

    serve(Plugin())
"""

import argparse
import ctypes
import json
import os
import struct
import sys

MAX_LINE = 65536  # bytes, with the '\n'
MAX_PAYLOAD = 64 << 20  # bytes after a line, in both directions
MAX_WHY = 1000  # characters of a reason
MAX_LOG = 4096  # bytes of a log that are sent: the last ones


# ---- What an author uses -------------------------------------------------------------------------


class Info:
    """What `hello` says: the keys of docs/plugin-protocol.md#hello."""

    def __init__(self, name, version, engine, byte_order=sys.byteorder, r0_bits=64,
                 max_insns=1_000_000, max_block=131_072, contexts=("memory",),
                 groups=("base32", "base64"), excluded=None, extensions=None, helpers=None,
                 threads=1, stores_pointers=True, environment=None):
        self.name, self.version = name, version  # of the runtime
        self.engine = engine  # "interpreter", "jit", "native"
        self.byte_order = byte_order  # "little", "big"
        self.r0_bits, self.max_insns, self.max_block = r0_bits, max_insns, max_block
        self.contexts = contexts  # "memory", "packet"
        self.groups, self.excluded, self.extensions = groups, excluded, extensions
        self.helpers = helpers or {}  # role: id
        self.threads = threads  # above 1, there is run_many(block, threads, times)
        self.stores_pointers = stores_pointers
        self.environment = environment or {}  # name: text


class Program:
    """What load() is given."""

    def __init__(self, image, packet=False, one_shot=False, memory_bytes=0):
        self.image = image  # bytes in the runtime's byte order; any number of them, also 0
        self.packet = packet  # R1 = the context of packet loads; otherwise the block's address
        # One-shot only: R2 = memory_bytes at the start, and all 64 bits of R0 are wanted.
        self.one_shot, self.memory_bytes = one_shot, memory_bytes


class Loaded:
    """What load() may return, if more is known of the program than that it is loaded."""

    def __init__(self, engine=None, machine_code_bytes=None, log=None, translated=None):
        self.engine = engine  # what will run this program
        self.machine_code_bytes = machine_code_bytes
        self.log = log
        self.translated = translated  # bytes: the program after the runtime's own rewriting


class Words(Exception):
    """With the runtime's own message: text, bytes, or another exception."""

    def __init__(self, why):
        super().__init__(_text(why))


class Verdict(Words):
    """Raised by load(): one of the four below."""

    name, cause = "", None

    def __init__(self, why, log=None):
        super().__init__(why)
        self.log = log


class Rejected(Verdict):
    """The runtime refuses the program."""

    name = "rejected"


class Unsupported(Verdict):
    """The runtime cannot take this kind of program at all."""

    name = "unsupported"


class OutOfMemory(Verdict):
    """No verdict; the runner tries again."""

    name, cause = "unable", "memory"


class NoPermission(Verdict):
    """No verdict."""

    name, cause = "unable", "permission"


class Fault(Words):
    """Raised by run(): the runtime reports a fault."""


class Unavailable(Words):
    """Raised by info(): the runtime cannot be used here. `why` says what to do about it."""

    def __init__(self, why, cause="setup"):  # or "permission"
        super().__init__(why)
        self.cause = cause


def address_of(block):
    """The address of a block's bytes, for runtimes behind ctypes. It is 8-byte aligned."""
    return ctypes.addressof((ctypes.c_char * len(block)).from_buffer(block))


def serve(plugin, parser=None):
    """Runs the plugin and ends the process.

    `plugin` has the methods
        info()        -> Info, or raises Unavailable. Called once.
        load(program) -> None or Loaded, or raises Rejected, Unsupported, OutOfMemory, NoPermission.
        run(block)    -> R0 as a number from 0 to 2**64 - 1, or raises Fault. `block` is a bytearray
                         of its own (the packet, if the program is for packets); the program works
                         in it. address_of(block) is its address.
        run_many(block, threads, times) -> the bitwise OR of what all runs returned: only if
                         Info.threads is above 1.
    Any other exception ends the process, as a crash of the runtime should.

    `parser`, an argparse.ArgumentParser, may add the plugin's own options; what it has read is
    plugin.options.
    """
    parser = parser or argparse.ArgumentParser()
    parser.add_argument("memory", nargs="?", help="hex bytes of memory (one-shot)")
    parser.add_argument("--program", metavar="HEX", help="the program, instead of standard input")
    parser.add_argument("--debug", action="store_true", help="accepted for other suites' sake")
    parser.add_argument("--elf", action="store_true", help="refused: only hex bytes are supported")
    parser.error = lambda message: sys.exit(_complain(message))
    # Other suites split options by spaces, so empty ones occur.
    plugin.options = options = parser.parse_args([word for word in sys.argv[1:] if word])
    if options.elf:
        parser.error("--elf: ELF files are not supported, only hex bytes")
    source, sink = _open_streams()
    session = _Session(plugin, source, sink)
    try:
        if options.program is not None:
            status = session.one_shot(options.program, options.memory)
        elif not source.peek(1):
            status = _complain("nothing on standard input")
        elif source.peek(1)[:1] != b"{":
            status = session.one_shot(source.read().decode("latin-1"), options.memory)
        elif options.memory is not None:
            status = _complain(options.memory + ": memory comes with requests")
        else:
            status = session.serve()
        sys.stdout.flush()
    except BrokenPipeError:  # the runner is gone
        status = 1
    sys.exit(status)


# ---- From here on: how it is done ----------------------------------------------------------------


class _Unreadable(Exception):
    """A request that cannot be answered; the process ends."""


def _open_streams():
    if os.name == "nt":
        import msvcrt

        for descriptor in (0, 1):
            msvcrt.setmode(descriptor, os.O_BINARY)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return os.fdopen(os.dup(0), "rb"), sink


def _complain(what):
    print(what, file=sys.stderr)
    return 1


def _text(value):
    """Runtimes say anything: what is no UTF-8 becomes U+FFFD."""
    if not isinstance(value, (bytes, bytearray)):
        value = str(value).encode("utf-8", "surrogatepass")
    return value.decode("utf-8", "replace")


def _end_of(log):
    """The last MAX_LOG bytes."""
    return _text(_text(log).encode("utf-8")[-MAX_LOG:])


def _line(message):
    return json.dumps(message, ensure_ascii=False).encode("utf-8") + b"\n"


def _refuse(what):
    raise ValueError(what)


def _read_request(line):
    """The name, body and payload size of a request."""
    if not line.lstrip().startswith(b"{"):
        raise _Unreadable("a request is an object on one line")
    try:
        message = json.loads(line.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        extra = getattr(error, "msg", None) == "Extra data"
        raise _Unreadable("there is something after the object" if extra
                          else "the line is not JSON") from None
    names = [name for name in ("hello", "load", "run") if name in message]
    if not names:
        raise _Unreadable("neither hello, load nor run")
    if len(names) > 1:
        raise _Unreadable("the line holds two requests")
    body = message[names[0]]
    if not isinstance(body, dict):
        raise _Unreadable(names[0] + " is no object")
    size = _number(message, "bytes", 0)
    if size > MAX_PAYLOAD:
        raise _Unreadable("bytes is more than 64 MiB")
    return names[0], body, size


def _number(body, key, otherwise=None):
    value = body.get(key, otherwise)
    if value is None:
        raise _Unreadable(key + " is missing")
    if type(value) is not int or not 0 <= value < 2**64:
        raise _Unreadable(key + " is no whole number")
    return value


def _bytes_of_hex(text, what):
    """Bytes as hex with any spaces between them or none; a digit that stands alone is a byte."""
    try:
        words = ["0" + word if len(word) == 1 else word for word in text.split()]
        return b"".join(bytes.fromhex(word) for word in words)
    except ValueError:
        raise _Unreadable("the " + what + " is not written in hex") from None


class _Session:
    def __init__(self, plugin, source, sink):
        self.plugin, self.source, self.sink = plugin, source, sink
        self.info = self.unavailable = None
        self.program = None  # that is loaded
        self.block = bytearray()

    # ---- The persistent protocol

    def serve(self):
        """Returns the exit status."""
        try:
            while True:
                line = self.source.readline(MAX_LINE)
                if not line:
                    return 0
                if not line.endswith(b"\n"):
                    raise _Unreadable("the line is longer than 64 KiB" if len(line) == MAX_LINE
                                      else "the input ends within a line")
                self.answer(*self.handle(*_read_request(line)))
        except _Unreadable as trouble:
            self.answer({"error": {"why": str(trouble)}})
            return 1

    def answer(self, message, payload=b""):
        """Nothing is held back: if the runtime crashes later, this must have arrived."""
        line = _line(message)
        if len(line) > MAX_LINE:
            raise ValueError("the answer is longer than a line may be")
        self.sink.write(line + payload)
        self.sink.flush()

    def handle(self, name, body, size):
        data = self.source.read(size)
        if len(data) != size:
            raise _Unreadable("the input ends within a request")
        if name == "hello":
            return self.hello(body)
        if not self.info and not self.unavailable:
            raise _Unreadable("the first request must be hello")
        return self.load(body, data) if name == "load" else self.run(body, data)

    def call_info(self):
        if self.info or self.unavailable:
            return
        try:
            self.info = self.plugin.info()
        except Unavailable as unavailable:
            self.unavailable = unavailable

    def hello(self, body):
        if body.get("protocol") != 1:
            raise _Unreadable("this plugin speaks protocol 1 only")
        self.call_info()
        if self.unavailable:
            why = str(self.unavailable)
            return ({"unavailable": {"why": why, "cause": self.unavailable.cause}},)
        hello = {"protocol": 1, **vars(self.info)}
        hello["environment"] = {key: _text(text) for key, text in self.info.environment.items()}
        for key in ("contexts", "groups", "excluded", "extensions"):
            hello[key] = hello[key] if hello[key] is None else list(hello[key])
        hello = {key: value for key, value in hello.items() if value is not None}
        return ({"hello": hello},)

    def call_load(self, program):
        """Loaded, or raises a Verdict."""
        self.program = None
        slots = len(program.image) // 8
        if program.packet and "packet" not in self.info.contexts:
            raise Unsupported("the context packet is not supported")
        if slots > self.info.max_insns:
            raise Unsupported("%d slots are more than the %d that are supported"
                              % (slots, self.info.max_insns))
        loaded = self.plugin.load(program) or Loaded()
        self.program = program
        return loaded

    def load(self, body, image):
        _number(body, "insns")
        context = body.get("context")
        try:
            if self.unavailable:
                raise NoPermission(self.unavailable)
            if context not in ("memory", "packet"):
                self.program = None
                raise Unsupported("this context is unknown here")
            loaded = self.call_load(Program(image, packet=context == "packet"))
        except Verdict as verdict:
            answer = {"why": str(verdict)[:MAX_WHY], "cause": verdict.cause,
                      "log": verdict.log and _end_of(verdict.log)}
            return ({verdict.name: {key: text for key, text in answer.items() if text}},)
        answer = {"engine": loaded.engine, "machine_code_bytes": loaded.machine_code_bytes,
                  "log": loaded.log and _end_of(loaded.log)}
        answer = {key: value for key, value in answer.items() if value}
        if loaded.translated is None:
            return ({"loaded": answer},)
        answer["translated"] = len(loaded.translated) // 8
        return {"loaded": answer, "bytes": len(loaded.translated)}, bytes(loaded.translated)

    def run(self, body, data):
        rows, size, threads, times = self.read_run(body, len(data))
        if self.program is None:
            return ({"not_loaded": {}},)
        answer, faults, room = bytearray(), [], MAX_LINE // 2
        for row in range(rows):
            before = data[row * size : (row + 1) * size]
            status, r0, why = self.run_row(before, threads, times)
            answer += self.pack("IIQ", status, 0, r0)
            answer += before if self.program.packet else self.block
            if status:
                fault = {"row": row, "why": why[:MAX_WHY]}
                room -= len(_line(fault)) + 2
                if room > 0:
                    faults.append(fault)
        ran = {"rows": rows, "faults": faults} if faults else {"rows": rows}
        return {"ran": ran, "bytes": len(answer)}, answer

    def read_run(self, body, payload):
        rows, size = _number(body, "rows"), _number(body, "size")
        threads, times = _number(body, "threads", 1), _number(body, "times", 1)
        wrong = None
        if self.info and size > self.info.max_block:
            wrong = "size is more than max_block"
        elif rows * (16 + size) > MAX_PAYLOAD:
            wrong = "the answer would be longer than 64 MiB"
        elif payload != rows * size:
            wrong = "bytes is not rows times size"
        elif not threads or not times or self.info and threads > self.info.threads:
            wrong = "so many threads are not offered"
        elif times > 1_000_000:
            wrong = "times is more than 1000000"
        elif threads == 1 and times > 1:
            wrong = "times is for more than one thread"
        elif threads > 1 and self.program and self.program.packet:
            wrong = "threads share a block, and a packet is none"
        if wrong:
            raise _Unreadable("run: " + wrong)
        return rows, size, threads, times

    def run_row(self, before, threads=1, times=1):
        """Runs the program on self.block: status, R0, why."""
        if len(self.block) != len(before):
            self.block = bytearray(len(before))
        self.block[:] = before
        assert not before or address_of(self.block) % 8 == 0
        try:
            r0 = (self.plugin.run_many(self.block, threads, times) if threads > 1
                  else self.plugin.run(self.block))
        except Fault as fault:
            return 1, 0, _text(fault)
        if not isinstance(r0, int) or not 0 <= r0 < 2**64:
            raise ValueError("run() must return R0 as a number from 0 to 2**64 - 1, not %r" % (r0,))
        if len(self.block) != len(before):
            raise ValueError("run() must not change the length of the block")
        return 0, r0, ""

    def pack(self, form, *values):
        return struct.pack((">" if self.info.byte_order == "big" else "<") + form, *values)

    # ---- The one-shot contract

    def one_shot(self, program, memory):
        """Returns the exit status."""
        try:
            image = _bytes_of_hex(program, "program")
            block = _bytes_of_hex(memory or "", "memory")
            self.call_info()
            if self.unavailable:
                raise _Unreadable("unavailable: " + str(self.unavailable))
            self.call_load(Program(image, one_shot=True, memory_bytes=len(block)))
        except Verdict as verdict:
            return _complain(verdict.name + ": " + str(verdict))
        except _Unreadable as trouble:
            return _complain(trouble)
        status, r0, why = self.run_row(block)
        if status:
            return _complain("fault: " + why)
        self.sink.write(b"%x\n" % r0)
        self.sink.flush()
        return 0
