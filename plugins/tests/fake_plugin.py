#!/usr/bin/env python3
"""A plugin that misbehaves on demand, to test what drives plugins.

    fake_plugin.py MODE [conditions] [settings]

The good part is a runtime of little endian that understands nothing: it copies the registers
before (bytes 0..79 of the block) to the registers after (80..159), stores two addresses behind
them as a lowered program would (160..175), copies nothing else, and returns R0 = 0. So every vector
whose instructions change nothing passes. It refuses images that are no whole number of slots, or
do not end with EXIT or a jump, or name a register above 10, or hold the opcode 0xff.

Modes:

    good                 as above, always
    wrong                flips the lowest bit of R4 after
    fault                reports a fault, with quotes, a newline and U+FFFD in its text
    lies-length          in an answer to run, announces --by bytes more than it sends (8; -8: fewer)
    short-rows           answers one row fewer than asked for, consistently
    dies                 ends by --signal SEGV, KILL, ABRT... in the middle of a batch (SEGV)
    exits                ends with status 0 in the middle of a batch, without an answer
    hangs                never answers again
    floods-stdout        endless garbage instead of an answer
    floods-stderr        4 MiB on standard error before the answer, which is right
    half-line            half an answer without its line end, then silence
    not-json             a line that is not JSON instead of the answer
    bad-hello            a hello without its required keys; or what --hello TEXT says
                         (interprets and optimises take --hello, too, if it is stated)
    accepts-everything   loads what it should refuse
    rejects              refuses every program
    unable               is out of memory for the first --times loads of a program (1)
    unavailable          says so instead of hello: permission
    interprets           says that an interpreter runs the program (for a --hello that promises jit)
    optimises            shows a translated program of which only EXIT is left
    slow-start           waits for --seconds before it reads anything (3)
    spoilt               after such a row: ends by --signal at the next run of a program that holds the
                         bytes --then HEX, or, without it, at the end of the input
    dies-once            ends by --signal at such a row if the file --flag is not there, and makes it
    slow                 waits for --seconds before each answer to run (3)

Conditions say when; all that are given must hold. Numbers count from 0, in the life of one process.

    --request N          at this request (0 is hello)
    --row N              at this row
    --r4 VALUE           at rows whose R4 before is VALUE
    --program HEX        for programs that hold these bytes

Without any: at every row (wrong, fault, dies, exits), else at every load and run.
"""

import argparse
import json
import os
import signal
import struct
import sys
import time

HELLO = {
    "protocol": 1,
    "name": "fake",
    "version": "1.0",
    "engine": "interpreter",
    "byte_order": "little",
    "contexts": ["memory", "packet"],
    "groups": ["base32", "base64", "divmul32", "divmul64", "atomic32", "atomic64", "packet"],
    "environment": {"purpose": "tests"},
}
BAD = '{"hello": {"protocol": 1, "name": 5}}'
FLOOD = 4 << 20  # bytes


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    number = lambda text: int(text, 0)
    parser.add_argument("mode", choices=MODES, metavar="MODE")
    parser.add_argument("--request", type=number)
    parser.add_argument("--row", type=number)
    parser.add_argument("--r4", type=number)
    parser.add_argument("--program", type=bytes.fromhex, default=b"")
    parser.add_argument("--by", type=number, default=8)
    parser.add_argument("--signal", default="SEGV")
    parser.add_argument("--then", type=bytes.fromhex)
    parser.add_argument("--flag")
    parser.add_argument("--hello", default=BAD)
    parser.add_argument("--times", type=number, default=1)
    parser.add_argument("--seconds", type=float, default=3)
    return parser.parse_args()


def flaw_of(image):
    """Why the image is refused, or None."""
    if not image or len(image) % 8:
        return f"{len(image)} bytes are no program"
    slots = [image[at : at + 8] for at in range(0, len(image), 8)]
    if slots[-1][0] not in (0x95, 0x05, 0x06):
        return "the program runs off its end"
    for pc, slot in enumerate(slots):
        if slot[0] == 0xFF or slot[1] & 15 > 10 or slot[1] >> 4 > 10:
            return f"slot {pc} is no instruction"
    return None


class Fake:
    def __init__(self, options):
        self.options = options
        self.requests, self.rows, self.refusals = -1, -1, {}
        self.image = None  # of the loaded program
        self.spoilt = False

    def is_time(self, block=None):
        """Do the conditions hold, at this request or at the row with this block?"""
        options = self.options
        if options.program and (self.image is None or options.program not in self.image):
            return False
        if options.request is not None and options.request != self.requests:
            return False
        if options.row is not None and (block is None or options.row != self.rows):
            return False
        if options.r4 is None:
            return True
        return block is not None and block[32:40] == struct.pack("<Q", options.r4 % 2**64)

    def misbehaves(self, mode, block=None):
        return self.options.mode == mode and self.is_time(block)

    def serve(self):
        if self.options.mode == "slow-start":
            time.sleep(self.options.seconds)
        while line := sys.stdin.buffer.readline():
            self.requests += 1
            request = json.loads(line)
            data = sys.stdin.buffer.read(request.get("bytes", 0))
            if "hello" in request:
                self.hello()
            elif "load" in request:
                self.load(data)
            else:
                self.run(request["run"]["rows"], request["run"]["size"], data)
        if self.spoilt and not self.options.then:
            self.die()

    def die(self):
        os.kill(os.getpid(), getattr(signal, "SIG" + self.options.signal))
        time.sleep(60)

    def hello(self):
        promises = self.options.mode in ("interprets", "optimises") and self.options.hello != BAD
        if self.options.mode == "bad-hello" or promises:
            self.write(self.options.hello.encode() + b"\n")
        elif self.options.mode == "unavailable":
            self.answer({"unavailable": {"why": "a fake one", "cause": "permission"}})
        else:
            self.obstruct(explicitly=True)
            self.answer({"hello": HELLO})

    def load(self, image):
        self.image = image
        self.obstruct()
        flaw = flaw_of(image)
        if self.misbehaves("accepts-everything"):
            flaw = None
        if self.misbehaves("rejects"):
            flaw = "nothing is good enough"
        if self.misbehaves("unable"):
            self.refusals[image] = self.refusals.get(image, 0) + 1
            if self.refusals[image] <= self.options.times:
                self.image = None
                self.answer({"unable": {"why": "out of memory", "cause": "memory"}})
                return
        if flaw:
            self.image = None
            self.answer({"rejected": {"why": flaw}})
        elif self.misbehaves("interprets"):
            self.answer({"loaded": {"engine": "interpreter"}})
        elif self.misbehaves("optimises"):
            self.answer({"loaded": {"translated": 1}, "bytes": 8}, bytes([0x95]) + bytes(7))
        else:
            self.answer({"loaded": {}})

    def run(self, rows, size, data):
        if self.image is None:
            self.answer({"not_loaded": {}})
            return
        by_row = self.options.row is not None or self.options.r4 is not None
        if not by_row:
            self.obstruct()
        answer, faults = b"", []
        for row in range(rows):
            self.rows += 1
            before = data[row * size : (row + 1) * size]
            if by_row:
                self.obstruct(before)
            answer += self.run_row(row, before, faults)
        if self.misbehaves("short-rows"):
            rows -= 1
            answer = answer[: rows * (16 + size)]
        if self.misbehaves("slow"):
            time.sleep(self.options.seconds)
        announced = len(answer) + (self.options.by if self.misbehaves("lies-length") else 0)
        self.answer({"ran": {"rows": rows, "faults": faults}, "bytes": announced}, answer)

    def run_row(self, row, before, faults):
        block = bytearray(before)
        if len(block) >= 176:  # less is no lowered vector
            block[80:160] = block[0:80]
            block[160:176] = struct.pack("<QQ", 0x1000_0000, 0x2000_0200)
            if self.misbehaves("wrong", before):
                block[112] ^= 1
        if self.misbehaves("fault", before):
            faults.append({"row": row, "why": 'a "fault"\nof \ufffd bytes'})
            return struct.pack("<IIQ", 1, 0, 0) + before
        if self.misbehaves("dies", before):
            self.die()
        if self.misbehaves("dies-once", before) and not os.path.exists(self.options.flag):
            open(self.options.flag, "x").close()
            self.die()
        if self.spoilt and self.options.then and self.options.then in self.image:
            self.die()
        self.spoilt = self.spoilt or self.misbehaves("spoilt", before)
        if self.misbehaves("exits", before):
            os._exit(0)
        return struct.pack("<IIQ", 0, 0, 0) + block

    def obstruct(self, block=None, explicitly=False):
        """The modes that replace or delay an answer. `explicitly`: only with --request."""
        mode = self.options.mode
        if explicitly and self.options.request is None or not self.is_time(block):
            return
        if mode == "hangs":
            self.sleep_for_ever()
        elif mode == "floods-stdout":
            while True:
                self.write(b"garbage " * 8192)
        elif mode == "floods-stderr":
            for _ in range(FLOOD // 65536):
                sys.stderr.write("complaint\n" * 6553)
            sys.stderr.flush()
        elif mode == "half-line":
            self.write(b'{"loaded": {"eng')
            self.sleep_for_ever()
        elif mode == "not-json":
            self.write(b"segmentation fault (just kidding)\n")
            self.sleep_for_ever()

    @staticmethod
    def sleep_for_ever():
        while True:
            time.sleep(3600)

    @staticmethod
    def write(data):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def answer(self, message, payload=b""):
        self.write(json.dumps(message).encode() + b"\n" + payload)


MODES = (
    "good wrong fault lies-length short-rows dies exits hangs floods-stdout floods-stderr"
    " half-line not-json bad-hello accepts-everything rejects unable unavailable interprets"
    " optimises slow-start slow spoilt dies-once"
).split()

if __name__ == "__main__":
    Fake(parse()).serve()
