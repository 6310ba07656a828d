#!/usr/bin/env python3
"""sdk_test_plugin.c with the SDK for Python: a runtime for sdk_test.py, where the first byte of a
program says what happens.
"""

import argparse
import os
import struct
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "../sdk"))

from bpf_assay_plugin import (Fault, Info, Loaded, NoPermission, OutOfMemory, Rejected, Unavailable,
                              Unsupported, address_of, serve)

VERDICTS = {"e": Rejected, "u": Unsupported, "m": OutOfMemory, "p": NoPermission}


class Plugin:
    def info(self):
        if self.options.unavailable:
            raise Unavailable("not today", cause="permission")
        return Info(name="test", version="1", engine="native", contexts=["memory", "packet"],
                    max_insns=8, max_block=1 << 16, excluded=["div32_imm", "div32_reg"], threads=3,
                    helpers={"mix": 5, "copy": 2**32 - 1},
                    byte_order=self.options.byte_order or sys.byteorder,
                    environment={"text": b"a \"b\" \\ \n \x01 \xc3\xa9 \xff"})

    def load(self, program):
        print("chatter of the runtime")
        self.program = program
        self.kind = chr(program.image[0]) if program.image else "e"
        why = b"%d bytes: \xf0\x9f\x98\x80 \xed\xa0\x80 \xc0\xaf \t\"" % len(program.image)
        if self.kind in VERDICTS:
            raise VERDICTS[self.kind](why)
        if self.kind == "t":
            return Loaded(engine="jit", machine_code_bytes=77, log="x" * 9999,
                          translated=program.image)

    def run(self, block):
        r0 = 0xFEDCBA9800000000 + self.program.memory_bytes if self.program.one_shot else 0
        r0 += sum(block)
        block[:] = bytes(255 - byte for byte in block)
        if self.kind == "a":
            return address_of(block) % 8
        if self.kind == "c":
            os.abort()
        if self.kind == "f" and (not block or block[0] != 0xFF):
            raise Fault(b"fault \xff")
        return r0

    def run_many(self, block, threads, times):
        """Adds 1000 in each run; the run that reaches the goal returns 4, or faults."""
        lock, results, (counter, goal) = threading.Lock(), [], struct.unpack("=2Q", block)
        state = {"counter": counter}

        def work():
            for _ in range(times):
                if self.kind == "n":  # not atomic
                    value = state["counter"]
                    time.sleep(1e-4)
                    state["counter"] = value + 1000
                    continue
                with lock:
                    state["counter"] += 1000
                    results.append(4 if state["counter"] == goal else 1)

        crew = [threading.Thread(target=work) for _ in range(threads)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
        struct.pack_into("=Q", block, 0, state["counter"])
        if self.kind == "f" and 4 in results:
            raise Fault("at %d" % goal)
        return 5 if 4 in results else 1


parser = argparse.ArgumentParser()
parser.add_argument("--unavailable", action="store_true", help="be so")
parser.add_argument("--byte-order", choices=["little", "big"])
serve(Plugin(), parser)
