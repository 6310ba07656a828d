// What the two halves of the stand-in share: maps and programs, and its faults (stand_in.cpp).
#pragma once

#include "reference_vm/numeric.hpp"

#include <vector>

namespace stand_in {

/// Whether STAND_IN_FAULT names this fault.
bool has_fault(const char* name);

/// Sets errno, and returns it negative.
int fail(int error);

/// A program of a driver: its code, in which every reference to a map means this one. A file
/// descriptor, or an errno, negative.
int add_driver_program(std::vector<bpf_assay::u8> code, int map);

} // namespace stand_in
