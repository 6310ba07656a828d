"""Imports what the standard library does not have, or ends the test as skipped."""

import importlib
import sys

SKIPPED = 77  # SKIP_RETURN_CODE of the tests that use this


def require(*names):
    """The modules of these names."""
    missing = []
    modules = []
    for name in names:
        try:
            modules.append(importlib.import_module(name))
        except ImportError:
            missing.append(name)
    if missing:
        print(f"  not run: this Python has no {' and no '.join(missing)} "
              f"({sys.executable}; Debian: python3-yaml, python3-jsonschema)")
        sys.exit(SKIPPED)
    return modules
