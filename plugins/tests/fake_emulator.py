#!/usr/bin/env python3
"""An emulator for tests of linux_lab: fake_emulator.py -m MEMORY MODE PLUGIN, then what QEMU is given.

It says on its console what a booting kernel and /init say, and runs PLUGIN on the channel. MODE:

  works         until the plugin ends
  noisy         with kernel messages all the time, some of them like the protocol
  panics        as soon as a load comes
  lingers       the same, but it does not end after its oops
  segfaults     the plugin ends by a signal
  never-boots   ends with an emulator's message
  panics-early  before /init
  no-channel    /init does not find the channel
  boots-once    panics as soon as a load comes, and then /init does not find the channel any more
  hangs         stops answering at the first load, and says nothing
  user-mode     as User-Mode Linux: the bytes go in files (guest_files.h); its terminal echoes what
                comes before it is set up
"""

import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time


def say(text):
    sys.stdout.buffer.write(text.encode() + b"\r\n")
    sys.stdout.buffer.flush()


def channel():
    for word in sys.argv:
        found = re.fullmatch(r"socket,id=channel,fd=(\d+)", word)
        if found:
            return socket.socket(fileno=int(found[1]))
    sys.exit("no channel among the arguments")


def chatter():
    while True:
        say('[    3.1] {"hello": {"protocol": 1}}\x1b[0m \x07bpf-assay: nothing')
        time.sleep(0.005)


def panic(ends=True):
    say("[    2.000000] Unable to handle kernel paging request at virtual address 0badc0de")
    say("[    2.000001] Call trace:")
    say("[    2.000002]  ___bpf_prog_run from __bpf_prog_run32+0x5c/0x80")
    if not ends:
        time.sleep(1000)
    say("[    2.000003] Kernel panic - not syncing: Fatal exception")
    os._exit(0)


def serve(mode, plugin):
    port = channel()
    say("bpf-assay: the plugin starts")
    if mode == "noisy":
        threading.Thread(target=chatter, daemon=True).start()
    process = subprocess.Popen([plugin], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def answers():
        while data := os.read(process.stdout.fileno(), 65536):
            port.sendall(data)

    thread = threading.Thread(target=answers)
    thread.start()
    while data := port.recv(65536):
        if b'"load"' in data:
            if mode in ("panics", "lingers", "boots-once"):
                panic(ends=mode != "lingers")
            if mode == "hangs":
                time.sleep(1000)
            if mode == "segfaults":
                process.send_signal(signal.SIGSEGV)
                break
        try:
            process.stdin.write(data)
            process.stdin.flush()
        except BrokenPipeError:
            break
    process.stdin.close()
    status = process.wait()
    say("bpf-assay: the plugin ended "
        + (f"by signal {-status} (Segmentation fault)" if status < 0
           else f"with exit status {status}"))
    os._exit(0)


def word_of(pattern):
    return next(found[1] for word in sys.argv if (found := re.fullmatch(pattern, word)))


def serve_files(plugin):
    terminal = socket.socket(fileno=int(word_of(r"con1=fd:(\d+),fd:\d+")))
    folder = pathlib.Path(word_of(r"assay\.channel=(.*)"))
    terminal.settimeout(0.3)
    try:
        terminal.sendall(terminal.recv(4096))
    except TimeoutError:
        pass
    terminal.settimeout(None)
    terminal.sendall(b"ready\n")
    say("bpf-assay: the plugin starts")
    process = subprocess.Popen([plugin], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def answers():
        for number in itertools.count(1):
            if not (data := os.read(process.stdout.fileno(), 65536)):
                break
            (folder / f"out.{number}").write_bytes(data)
            terminal.sendall(f"chunk {number}\n".encode())

    threading.Thread(target=answers).start()
    for line in terminal.makefile():
        if line == "end\n":
            break
        process.stdin.write((folder / f"in.{int(line.split()[1])}").read_bytes())
        process.stdin.flush()
        terminal.sendall(b"taken\n")
    process.stdin.close()
    say(f"bpf-assay: the plugin ended with exit status {process.wait()}")
    os._exit(0)


if sys.argv[1:] == ["--version"]:
    say("QEMU emulator version 0.1")
    sys.exit(0)
# User-Mode Linux has its memory behind all other words.
mode, plugin = sys.argv[1:3] if sys.argv[1] == "user-mode" else sys.argv[3:5]
say("[    0.000000] Linux version 0.1")
if mode == "never-boots":
    say("fake_emulator: could not load kernel")
    sys.exit(1)
if mode == "panics-early":
    panic()
if mode == "user-mode":
    serve_files(plugin)
booted = plugin + " has booted"
if mode == "no-channel" or (mode == "boots-once" and os.path.exists(booted)):
    say("bpf-assay: cannot start: the channel to the host: No such device")
    sys.exit(0)
open(booted, "w", encoding="ascii").close()
serve(mode, plugin)
