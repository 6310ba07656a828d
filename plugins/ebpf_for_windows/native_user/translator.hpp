// Programs to native code: ELF object, bpf2c, a C compiler, dlopen.
#pragma once

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
    int seconds = 60; // for one call of either
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
    enum class Kind { loaded, rejected, unsupported, unable } kind = Kind::unable;
    std::string why;
    std::shared_ptr<const Module> module;
    const void* program = nullptr;
};

class Translator {
public:
    explicit Translator(Tools tools);
    ~Translator();
    Translator(const Translator&) = delete;
    Translator& operator=(const Translator&) = delete;

    /// All at once, if none is refused; otherwise each is tried by itself, and those that are not
    /// refused are compiled together. By image. Throws std::runtime_error where the tools fail.
    std::map<std::string, Translated> translate(const std::vector<std::string>& images);

private:
    struct Candidate;
    struct Ended;
    std::string path(const char* name) const { return m_folder + "/" + name; }
    void write_object(const std::vector<const Candidate*>& candidates) const;
    Ended run_bpf2c() const;
    Ended compile() const;
    Ended run_tool(std::vector<std::string> words) const;
    void load(const std::vector<Candidate*>& candidates);
    void load_or_part(const std::vector<Candidate*>& candidates);

    Tools m_tools;
    std::string m_folder;
    unsigned m_modules = 0; // loaded so far
};

} // namespace bpf_assay::native_user
