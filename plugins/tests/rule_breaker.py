#!/usr/bin/env python3
"""A plugin that works, but for one rule of docs/plugin-protocol.md, to test `plugin check`.

    rule_breaker.py MODE

Its runtime is that of the SDK's example in Python. Where fake_plugin.py breaks down, this one
misunderstands. Modes:

    good                breaks none
    any-protocol        says hello to protocol 2
    strict              ends at a key that it does not know
    any-message         answers messages that do not exist
    trusting            does not compare `bytes` with rows x size, or with what has come
    waits               waits for the next line after one that it cannot read
    goes-on             answers `error`, and does not end
    ends-well           answers `error`, and ends with status 0
    needs-rows          answers a run of no rows with not_loaded
    needs-bytes         ends at blocks of 0 bytes
    small-blocks        takes no blocks above 4 KiB, though it promises more
    few-rows            answers at most 1000 rows
    keeps-block         runs a row on what the row before has left
    keeps-r6            starts a row with R6 as the row before has left it
    keeps-first         runs the program that was loaded first
    keeps-loaded        runs the old program after a refusal
    no-why              refuses without a reason
    accepts             loads what is no program
    short               loads no program of more than 100 slots, though it promises more
    any-context         loads for any context
    no-packets          promises packets, and refuses them
    low-r0              returns 32 bits of R0
    dirty-status        fills the 4 bytes behind the status
    fault-r0            returns an R0 after a fault
    silent-faults       gives no reason for a fault
    all-faults          names all faults, however long the line becomes
    other-faults        names rows that have not faulted
    dies-at-length      ends at programs of more than 100 slots
    dies-at-fault       ends by SIGSEGV instead of a fault
    fault-loads         has no program after a fault
    says-big            says that its byte order is big
    big-answers         writes R0 in big-endian order
    big-images          reads immediates in big-endian order
    chats               prints on standard output while it loads
    latin-1             gives reasons that are no UTF-8
    holds-back          flushes only at the end
    one-read            takes each read for one request
    sequential          ends if a request comes before the one before is answered
    bad-end             ends with status 1 at the end of its input
    says-goodbye        prints a line at the end of its input
    stays               does not end with its input
    jit                 says jit, and shows no machine code
    prefix              answers 0x... in the one-shot contract
"""

import json
import os
import select
import signal
import struct
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "../sdk/examples/python"))
sys.dont_write_bytecode = True

from runtime import MOV_K, Refused, Runtime, Trap

MODE = sys.argv[-1]
SINK = os.fdopen(1, "wb", 1 << 20)
HELLO = {"protocol": 1, "name": "breaker", "version": "1", "byte_order": "little", "groups": [],
         "engine": "jit" if MODE == "jit" else "interpreter"}
KNOWN = {"hello": {"protocol"}, "load": {"insns", "context"}, "run": {"rows", "size"}}


class Unreadable(Exception):
    pass


class Stale(Runtime):
    """R6 is known as what `r0 = r6; r6 = ...` would read: MOV64 R0, R6 as the first instruction."""

    r6 = 0

    def run(self, block):
        first = self.program[0]
        before, self.r6 = self.r6, self.program[1][4] if len(self.program) > 1 else 0
        return before if first[:3] == [0xBF, 0, 6] else super().run(block)


class Breaker:
    def __init__(self):
        self.runtime = Stale() if MODE == "keeps-r6" else Runtime()
        self.loaded = False
        self.block = b""

    def hello(self, body, data):
        if body["protocol"] != 1 and MODE != "any-protocol":
            raise Unreadable("protocol 1 only")
        more = {"says-big": {"byte_order": "big"}, "no-packets": {"contexts": ["memory", "packet"]}}
        return {"hello": {**HELLO, **more.get(MODE, {})}}, b""

    def load(self, body, image):
        if MODE == "chats":
            write(b"compiling...\n")
        if MODE == "keeps-first" and self.loaded:
            return {"loaded": {}}, b""
        self.loaded = self.loaded and MODE == "keeps-loaded"
        if body["context"] != "memory" and MODE != "any-context":
            return {"unsupported": {"why": "memory only"}}, b""
        try:
            self.runtime.load(self.adjust(image))
        except Refused as refused:
            if MODE != "accepts":
                return {"rejected": {} if MODE == "no-why" else {"why": str(refused)}}, b""
        self.loaded = True
        return {"loaded": {}}, b""

    def adjust(self, image):
        if MODE == "dies-at-length" and len(image) > 800:
            sys.exit(5)
        if MODE == "short" and len(image) > 800:
            raise Refused("too long")
        if MODE != "big-images":
            return image
        slots = [image[at : at + 8] for at in range(0, len(image), 8)]
        turned = (s[:4] + s[:3:-1] if s[:1] == bytes([MOV_K]) else s for s in slots)
        return b"".join(turned)

    def run(self, body, data):
        rows, size = body["rows"], body["size"]
        if len(data) != rows * size and MODE != "trusting":
            raise Unreadable("bytes is not rows times size")
        if size > (4096 if MODE == "small-blocks" else 131072):
            raise Unreadable("such blocks are not taken")
        if not self.loaded or MODE == "needs-rows" and not rows:
            return {"not_loaded": {}}, b""
        if MODE == "few-rows":
            rows = min(rows, 1000)
        answer, faults = b"", []
        for row in range(rows):
            if MODE == "needs-bytes" and not size:
                sys.exit(3)
            status, r0, why, block = self.run_row(data[row * size : (row + 1) * size])
            if status and MODE != "silent-faults":
                faults.append({"row": row + (1000000 if MODE == "other-faults" else 0), "why": why})
            answer += struct.pack("<II", status, MODE == "dirty-status")
            answer += struct.pack(">Q" if MODE == "big-answers" else "<Q", r0) + block
            self.loaded = not (status and MODE == "fault-loads")
        ran = {"rows": rows, "faults": faults if MODE == "all-faults" else faults[:100]}
        return {"ran": ran, "bytes": len(answer)}, answer

    def run_row(self, before):
        block = bytearray(before)
        if MODE == "keeps-block" and len(self.block) == len(before):
            block = self.block
        self.block = block
        try:
            r0 = self.runtime.run(block)
        except Trap as trap:
            if MODE == "dies-at-fault":
                os.kill(os.getpid(), signal.SIGSEGV)
            return 1, 7 if MODE == "fault-r0" else 0, str(trap), block
        return 0, r0 & (2**32 - 1 if MODE == "low-r0" else 2**64 - 1), "", block

    def answer(self, line, data):
        try:
            request = json.loads(line)
        except ValueError:
            raise Unreadable("not JSON") from None
        if not isinstance(request, dict):
            raise Unreadable("no object")
        name = next((name for name in KNOWN if name in request), None)
        if name is None:
            if MODE == "any-message":
                return {"not_loaded": {}}, b""
            raise Unreadable("neither hello, load nor run")
        if MODE == "strict" and set(request[name]) - KNOWN[name]:
            raise Unreadable("an unknown key")
        try:
            return getattr(self, name)(request[name], data)
        except KeyError as key:
            raise Unreadable(f"{key} is missing") from None

    def serve(self):
        for line, data in requests():
            if MODE == "sequential" and select.select([0], [], [], 0.02)[0]:
                sys.exit(4)
            try:
                message, payload = self.answer(line, data)
            except Unreadable as trouble:
                if MODE == "waits":
                    continue
                message, payload = {"error": {"why": str(trouble)}}, b""
            text = json.dumps(message, ensure_ascii=MODE != "latin-1")
            if MODE == "latin-1":
                text = text.replace("known", "kn\xf6wn")
            write(text.encode("latin-1" if MODE == "latin-1" else "utf-8") + b"\n" + payload)
            if "error" in message and MODE != "goes-on":
                sys.exit(0 if MODE == "ends-well" else 1)


def size_of(line):
    try:
        return json.loads(line).get("bytes", 0)
    except (ValueError, AttributeError):
        return 0


def requests():
    source = sys.stdin.buffer
    while MODE == "one-read":
        line, _, data = os.read(0, 1 << 20).partition(b"\n")
        if not line:
            return
        yield line, data[: size_of(line)]
    while line := source.readline():
        data = source.read(size_of(line))
        if len(data) != size_of(line) and MODE != "trusting":
            sys.exit(1)
        yield line, data


def write(data):
    SINK.write(data)
    if MODE != "holds-back":
        SINK.flush()


def one_shot():
    if len(sys.argv) > 2:
        memory = bytearray.fromhex(sys.argv[1])
        runtime = Runtime()
        runtime.load(bytes.fromhex(sys.stdin.read()))
        write(b"%#x\n" % runtime.run(memory))
        sys.exit(0)


if __name__ == "__main__":
    if MODE == "prefix":
        one_shot()
    Breaker().serve()
    if MODE == "says-goodbye":
        write(b"goodbye\n")
    if MODE == "stays":
        time.sleep(3600)
    sys.exit(1 if MODE == "bad-end" else 0)
