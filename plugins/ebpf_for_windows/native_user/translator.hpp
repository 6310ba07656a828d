// Programs to native code: ELF object, bpf2c, a C compiler, dlopen.
#pragma once

#include "workshop.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace bpf_assay::native_user {

inline constexpr std::size_t largest_block = 131'072; // the value of the map that the block is in

struct Tools {
    std::string bpf2c;
    std::string headers; // folder of bpf2c.h
    std::string compiler = "cc";
};

/// A shared object that the process has loaded.
class Module {
public:
    /// Throws std::runtime_error.
    explicit Module(const std::string& path);
    ~Module();
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    std::string version() const; // of bpf2c
    const void* find(const std::string& name) const;
    std::uint64_t run(const void* program, void* block) const { return m_run(program, block); }

private:
    template <class Function>
    void look_up(Function& function, const char* name) const;

    void* m_handle;
    std::uint64_t (*m_run)(const void*, void*) = nullptr;
    const void* (*m_find)(const char*) = nullptr;
    void (*m_version)(std::uint32_t*) = nullptr;
};

/// What became of a program.
struct Translated {
    enum class Kind {
        loaded,
        rejected,    // by bpf2c, with its reason
        unsupported, // it calls a helper function that is not here
        unable       // no verdict: a tool crashed, took too long or was not there
    } kind = Kind::unable;
    std::string why;
    std::shared_ptr<const Module> module;
    const void* program = nullptr;
};

class Translator {
public:
    explicit Translator(Tools tools);

    /// Why no object can hold the program; empty if one can.
    static std::string obstacle(const std::string& image);

    /// By image, without those that no object can hold: the first, and of the others those for
    /// which there was time. All go into one module, if none is refused; otherwise each is tried by
    /// itself, and those that bpf2c takes are compiled together. Throws std::runtime_error where
    /// the system fails.
    std::map<std::string, Translated> translate(const std::vector<std::string>& images);

private:
    struct Candidate;
    using Candidates = std::vector<Candidate*>;
    Ended bpf2c(const Candidates& candidates, int seconds) const;
    Ended compile(int seconds) const;
    bool load_together(const Candidates& candidates);
    void load_alone(Candidate& candidate);
    void load_module(const Candidates& candidates);
    Candidates those_taken(const Candidates& candidates) const;

    Tools m_tools;
    Workshop m_workshop;
    Clock::time_point m_begin; // of the translation
    unsigned m_modules = 0;    // loaded so far
};

} // namespace bpf_assay::native_user
