// The only file that sees LLVM. Its MC interfaces change between releases; 18 to 22 are known.
#include "conformance/assembler.hpp"

#include <llvm/ADT/StringExtras.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/MC/MCAsmBackend.h>
#include <llvm/MC/MCAsmInfo.h>
#include <llvm/MC/MCCodeEmitter.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCInstrInfo.h>
#include <llvm/MC/MCObjectFileInfo.h>
#include <llvm/MC/MCObjectWriter.h>
#include <llvm/MC/MCParser/MCAsmParser.h>
#include <llvm/MC/MCParser/MCTargetAsmParser.h>
#include <llvm/MC/MCRegisterInfo.h>
#include <llvm/MC/MCStreamer.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/MCTargetOptions.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Object/ObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/SourceMgr.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

extern "C" {
void LLVMInitializeBPFTargetInfo();
void LLVMInitializeBPFTargetMC();
void LLVMInitializeBPFAsmParser();
}

namespace bpf_assay::conformance {
namespace {

// LLVM 22 takes the triple as an object where 18 to 21 take its text.
#if LLVM_VERSION_MAJOR >= 22
const llvm::Triple& triple_argument(const llvm::Triple& triple) {
    return triple;
}
#else
std::string triple_argument(const llvm::Triple& triple) {
    return triple.str();
}
#endif

const llvm::Target& bpf_target(const llvm::Triple& triple) {
    static const bool initialised = [] {
        LLVMInitializeBPFTargetInfo();
        LLVMInitializeBPFTargetMC();
        LLVMInitializeBPFAsmParser();
        return true;
    }();
    static_cast<void>(initialised);
    std::string error;
    const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple_argument(triple), error);
    if (target == nullptr)
        throw std::runtime_error("this LLVM has no BPF target: " + error);
    return *target;
}

/// A relocation names its symbol, but not where the text has it: at the first word of that name.
AssemblyError undefined_label(std::string_view text, const std::string& name) {
    AssemblyError error{.message = "label '" + name + "' is not defined"};
    const auto in_word = [&](std::size_t at) {
        return at < text.size() && (llvm::isAlnum(text[at]) || text[at] == '_' || text[at] == '.');
    };
    std::size_t at = name.empty() ? text.npos : text.find(name);
    while (at != text.npos && (in_word(at - 1) || in_word(at + name.size())))
        at = text.find(name, at + 1);
    if (at == text.npos)
        return error;
    const std::string_view before = text.substr(0, at);
    error.line += static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    error.column = at - (before.rfind('\n') + 1); // npos + 1 is the start
    return error;
}

} // namespace

struct Assembler::Impl {
    explicit Impl(ByteOrder byte_order)
        : order(byte_order), triple(byte_order == ByteOrder::little ? "bpfel" : "bpfeb"),
          target(bpf_target(triple)), registers(target.createMCRegInfo(triple_argument(triple))),
          asm_info(target.createMCAsmInfo(*registers, triple_argument(triple), options)),
          instructions(target.createMCInstrInfo()),
          subtarget(target.createMCSubtargetInfo(triple_argument(triple), "v4", "")) {}

    ByteOrder order;
    llvm::Triple triple;
    const llvm::Target& target;
    llvm::MCTargetOptions options;
    std::unique_ptr<llvm::MCRegisterInfo> registers;
    std::unique_ptr<llvm::MCAsmInfo> asm_info;
    std::unique_ptr<llvm::MCInstrInfo> instructions;
    std::unique_ptr<llvm::MCSubtargetInfo> subtarget;
    std::optional<AssemblyError> error; // the first that LLVM reports, warnings included

    void note(const llvm::SMDiagnostic& diagnostic) {
        if (!error && diagnostic.getKind() <= llvm::SourceMgr::DK_Warning)
            error = AssemblyError{
                .line = static_cast<std::size_t>(std::max(diagnostic.getLineNo(), 1)),
                .column = static_cast<std::size_t>(std::max(diagnostic.getColumnNo(), 0)),
                .message = diagnostic.getMessage().str()};
    }
    bool emit_object(std::string_view text, llvm::SmallVectorImpl<char>& object);
    std::vector<Slot> slots_of(llvm::StringRef object, std::string_view text);
};

/// Parses the text into an ELF object in memory; false if LLVM refuses it.
bool Assembler::Impl::emit_object(std::string_view text, llvm::SmallVectorImpl<char>& object) {
    llvm::SourceMgr sources;
    sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(text)),
                               llvm::SMLoc());
    sources.setDiagHandler([](const llvm::SMDiagnostic& diagnostic,
                              void* impl) { static_cast<Impl*>(impl)->note(diagnostic); },
                           this);
    llvm::MCContext context(triple, asm_info.get(), registers.get(), subtarget.get(), &sources,
                            &options);
    // Diagnostics that belong to no source line (the assembler's own) arrive here.
    context.setDiagnosticHandler([this](const llvm::SMDiagnostic& diagnostic, bool,
                                        const llvm::SourceMgr&,
                                        std::vector<const llvm::MDNode*>&) { note(diagnostic); });
    const std::unique_ptr<llvm::MCObjectFileInfo> object_info(
        target.createMCObjectFileInfo(context, /*PIC=*/false));
    context.setObjectFileInfo(object_info.get());

    llvm::raw_svector_ostream stream(object);
    std::unique_ptr<llvm::MCCodeEmitter> emitter(
        target.createMCCodeEmitter(*instructions, context));
    std::unique_ptr<llvm::MCAsmBackend> backend(
        target.createMCAsmBackend(*subtarget, *registers, options));
    auto writer = backend->createObjectWriter(stream);
    const std::unique_ptr<llvm::MCStreamer> streamer(target.createMCObjectStreamer(
        triple, context, std::move(backend), std::move(writer), std::move(emitter), *subtarget
#if LLVM_VERSION_MAJOR < 19
        ,
        /*RelaxAll=*/false, /*IncrementalLinkerCompatible=*/false, /*DWARFMustBeAtTheEnd=*/false
#endif
        ));
    const std::unique_ptr<llvm::MCAsmParser> parser(
        llvm::createMCAsmParser(sources, context, *streamer, *asm_info));
    const std::unique_ptr<llvm::MCTargetAsmParser> target_parser(
        target.createMCAsmParser(*subtarget, *parser, *instructions, options));
    parser->setTargetParser(*target_parser);
    streamer->initSections(/*NoExecStack=*/false, *subtarget);
    return !parser->Run(/*NoInitialTextSection=*/true);
}

std::vector<Slot> Assembler::Impl::slots_of(llvm::StringRef object, std::string_view text) {
    auto file = llvm::cantFail(
        llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, "")));
    std::vector<Slot> slots;
    for (const auto& section : file->sections()) {
        if (section.relocation_begin() != section.relocation_end() && !error) {
            const auto symbol = section.relocation_begin()->getSymbol();
            const auto name = symbol != file->symbol_end() ? llvm::cantFail(symbol->getName()).str()
                                                           : std::string();
            error = undefined_label(text, name);
        }
        if (!section.isText())
            continue;
        const llvm::StringRef bytes = llvm::cantFail(section.getContents());
        for (std::size_t at = 0; at + slot_size <= bytes.size(); at += slot_size)
            slots.push_back(
                decode_slot(std::span<const u8, slot_size>(
                                reinterpret_cast<const u8*>(bytes.data()) + at, slot_size),
                            order));
    }
    return slots;
}

Assembler::Assembler(ByteOrder order) : m_impl(std::make_unique<Impl>(order)) {}
Assembler::~Assembler() = default;

std::variant<std::vector<Slot>, AssemblyError> Assembler::assemble(std::string_view text) {
    const auto made = object(text);
    if (const auto* error = std::get_if<AssemblyError>(&made))
        return *error;
    const auto& bytes = std::get<std::vector<u8>>(made);
    auto slots = m_impl->slots_of(
        llvm::StringRef(reinterpret_cast<const char*>(bytes.data()), bytes.size()), text);
    if (m_impl->error)
        return *m_impl->error;
    return slots;
}

std::variant<std::vector<u8>, AssemblyError> Assembler::object(std::string_view text) {
    m_impl->error.reset();
    llvm::SmallVector<char, 0> object;
    const bool parsed = m_impl->emit_object(text, object);
    if (m_impl->error)
        return *m_impl->error;
    if (!parsed)
        return AssemblyError{.message = "not BPF assembly"};
    return std::vector<u8>(object.begin(), object.end());
}

std::string Assembler::llvm_version() {
    return LLVM_VERSION_STRING;
}

} // namespace bpf_assay::conformance
