#!/usr/bin/env python3
"""Measures how many rows and loads a second a plugin does through its pipe.

    throughput.py [--size 256] [--batch 1024] [--seconds 2] PLUGIN [OPTIONS...]

`rows` runs a lowered-vector-like program of about 50 instructions, `rows (exit)` one of two
instructions: what remains is the cost of the protocol. Requests are pipelined. Python is a slow
reader of small answers, so `loads` of a fast runtime is bounded by this script.
"""

import argparse
import queue
import threading
import time

from plugin_client import HELLO, Plugin, insn, load, lowered, run


def program_of_50(order):
    """r3 += r4 and a few more, as lowered from a vector."""
    return lowered(insn(0x0F, 3, 4, order=order) * 22, order)


def exit_only(order):
    return insn(0xB7, order=order) + insn(0x95, order=order)


class Subject(Plugin):
    def pump(self, request, seconds):
        """Sends the request again and again; the number of answers a second."""
        several = max(1, 65536 // len(request))
        start = time.monotonic()
        due = queue.SimpleQueue()  # an entry for each write that is under way or done

        def write():
            while time.monotonic() - start < seconds:
                due.put(several)
                self.process.stdin.write(request * several)
                self.process.stdin.flush()
            due.put(0)

        threading.Thread(target=write).start()
        answers = 0
        while count := due.get():
            for _ in range(count):
                message, _ = self.answer()
                if "loaded" not in message and "ran" not in message:
                    raise SystemExit(f"unexpected answer: {message}")
            answers += count
        return answers / (time.monotonic() - start)


def main():
    parser = argparse.ArgumentParser(description="Rows and loads a second of a plugin.")
    parser.add_argument("--size", type=int, default=256, help="bytes of a block")
    parser.add_argument("--batch", type=int, default=1024, help="rows of a request")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("plugin", nargs=argparse.REMAINDER)
    options = parser.parse_args()

    plugin = Subject(options.plugin)
    hello, _ = plugin.ask(HELLO)
    if "hello" not in hello:
        raise SystemExit(f"not usable: {hello}")
    order = "<" if hello["hello"]["byte_order"] == "little" else ">"
    rows = run(*[bytes(options.size)] * options.batch)
    programs = {"rows": program_of_50(order), "rows (exit)": exit_only(order)}
    for name, program in programs.items():
        answer, _ = plugin.ask(load(program))
        if "loaded" not in answer:
            raise SystemExit(f"not loaded: {answer}")
        rate = options.batch * plugin.pump(rows, options.seconds)
        slots = len(program) // 8
        print(f"{name:12} {rate:12,.0f} /s   {slots} instructions, {options.size} bytes")
    print(f"{'loads':12} {plugin.pump(load(programs['rows']), options.seconds):12,.0f} /s")
    plugin.close()


if __name__ == "__main__":
    main()
