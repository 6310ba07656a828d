"""The sweeps of extensions, as far as the model knows their instructions."""

from functools import partial

from memory_sweeps import by_size, load_sweeps, store_register_sweeps
from sweep_file import sweep_file

# What the sweeps of loads and stores name, in the words of the extension.
CLAUSES = {
    "RFC9669-5.1-LDX-SAME-REG": "X-ACQREL-LOAD-SAME-REG",
    "RFC9669-5.1-ALIGNMENT": "X-ACQREL-ALIGNMENT",
    "RFC9669-5.1-BYTE-ORDER": "X-ACQREL-BYTE-ORDER",
}


def own_clauses(sweep):
    return {**sweep, "clauses": [CLAUSES.get(clause, clause) for clause in sweep["clauses"]]}


def acquire_release(table):
    """Alone, a load-acquire is a load and a store-release a store: they differ for other threads only."""
    loads, stores = (by_size(row for row in table.of_extension("x-acqrel") if row.mnemonic.startswith(name))
                     for name in ("load_acquire", "store_release"))  # fmt: skip
    for row in loads:
        clauses = ["X-ACQREL-LOAD", "X-ACQREL-LOAD-ZEXT", "X-ACQREL-LOAD-MEMORY", "X-ACQREL-ADDRESS"]
        yield from (own_clauses({**sweep, "base": "src"}) for sweep in load_sweeps(row, clauses))
    for row in stores:
        clauses = ["X-ACQREL-STORE", "X-ACQREL-STORE-NEIGHBOURS", "X-ACQREL-STORE-REGISTERS", "X-ACQREL-ADDRESS"]
        yield from map(own_clauses, store_register_sweeps(row, clauses))


file_of = partial(sweep_file, "extension_sweeps.py")

FILES = (file_of("extensions/x-acqrel/sweeps.yaml", "x-acqrel", acquire_release),)
