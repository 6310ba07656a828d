// Programs as an ELF object, as libbpf, bpftool, netsh and bpf2c load it: docs/export.md.
#pragma once

#include "reference_vm/encoding.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bpf_assay::conformance {

struct ObjectProgram {
    std::string symbol;      // a C identifier, unique in the object
    std::vector<Slot> slots; // R1 = address of the block
};

/// Where in the value the block begins. Bases of vectors lie in front of it, where verifiers want
/// no address below that of the value.
inline constexpr std::size_t default_block_at = 65'536;

struct ObjectOptions {
    std::string section = "socket"; // from which loaders take the program type
    std::size_t block_size = 8;     // of the largest block of a program
    std::size_t block_at = default_block_at;
};

/// The array map whose one value, under the key 0, is the block.
inline constexpr std::string_view block_map = "block";

/// What a program returns if the map has no value, which only a broken map has not.
inline constexpr u64 no_block = 1;

/// Local functions become symbols of their own, as loaders want them. Empty, if that is possible;
/// else what stands in the way. Programs without local functions always can be.
std::string cannot_be_in_object(std::span<const Slot> slots);

/// A little-endian object. Each program is put behind a lookup of the block: R1 is its address when
/// the given slots start. Throws InputError for one that cannot be in an object.
std::vector<u8> elf_object(std::span<const ObjectProgram> programs, const ObjectOptions& options);

} // namespace bpf_assay::conformance
