#!/usr/bin/env python3
"""The bpf-assay plugin of minimal-python. The three methods are what to change."""

import sys; sys.path.append(sys.path[0] + "/../..")  # where the SDK is
from bpf_assay_plugin import Fault, Info, Rejected, serve
from runtime import Refused, Runtime, Trap


class Plugin:
    def __init__(self):
        self.runtime = Runtime()

    def info(self):
        # `groups`: the conformance groups that the runtime promises. Here none, so that what it
        # does not know is unsupported, and no divergence.
        return Info(name="minimal-python", version="0.1", engine="interpreter", byte_order="little",
                    groups=[])

    def load(self, program):
        try:
            self.runtime.load(program.image)
        except Refused as refused:
            raise Rejected(refused)

    def run(self, block):
        try:
            return self.runtime.run(block)
        except Trap as trap:
            raise Fault(trap)


serve(Plugin())
