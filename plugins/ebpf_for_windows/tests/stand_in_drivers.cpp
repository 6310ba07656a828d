// The half of the stand-in for ebpfapi.dll that loads drivers. Its drivers are no Windows programs,
// but text that the tests write, a line each:
//
//   stand-in driver
//   map NAME SIZE             of its value
//   program NAME HEX          slots; a reference to a map (lddw with source register 1) is to that
//   one
#include "tests/stand_in.hpp"

#include "api.hpp"

#include <cerrno>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

using bpf_assay::u32;
using bpf_assay::u8;
using stand_in::fail;
using stand_in::has_fault;

extern "C" int bpf_map_create(int type, const char* name, u32 key_size, u32 size, u32 entries,
                              const void* opts);
extern "C" int ebpf_close_fd(int fd);

struct windows_bpf::MapOfObject {
    std::string name;
    u32 value_size = 0;
    int fd = -1;
};
struct windows_bpf::ProgramOfObject {
    std::vector<u8> code;
    int fd = -1;
};
struct windows_bpf::ObjectOfDll {
    MapOfObject map;
    std::map<std::string, ProgramOfObject> programs;
};

namespace {

using windows_bpf::MapOfObject;
using windows_bpf::ObjectOfDll;
using windows_bpf::ProgramOfObject;

unsigned driver_loads;

/// A null pointer, with errno set.
template <class T>
T* no(int error) {
    fail(error);
    return nullptr;
}

std::vector<u8> code_of(const std::string& hex) {
    std::vector<u8> code;
    for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
        code.push_back(static_cast<u8>(std::stoi(hex.substr(at, 2), nullptr, 16)));
    return code;
}

bool read(ObjectOfDll& object, const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::string line;
    if (!std::getline(file, line) || line != "stand-in driver")
        return false;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        std::string keyword, name, hex;
        words >> keyword >> name;
        if (keyword == "map" && !has_fault("no-map")) {
            object.map.name = name;
            words >> object.map.value_size;
        } else if (keyword == "program") {
            words >> hex;
            object.programs[name].code = code_of(hex);
        }
    }
    return true;
}

} // namespace

extern "C" {

ObjectOfDll* bpf_object__open(const char* path) {
    // The service opens it by itself, in a folder of its own.
    const std::string name = path;
    if (name.find(':') == std::string::npos)
        return no<ObjectOfDll>(ENOENT);
    if (name.size() < 4 || name.substr(name.size() - 4) != ".sys")
        return no<ObjectOfDll>(EINVAL); // an ELF object, which these tests have not
    auto object = std::make_unique<ObjectOfDll>();
    if (!read(*object, path))
        return no<ObjectOfDll>(EINVAL); // EBPF_INVALID_OBJECT
    return object.release();
}

int bpf_object__load(ObjectOfDll* object) {
    ++driver_loads;
    if (has_fault("unsigned") || (driver_loads > 1 && has_fault("unsigned-later")))
        return fail(windows_bpf::error_other);
    if (!object->map.name.empty())
        object->map.fd = bpf_map_create(windows_bpf::map_type_array, object->map.name.c_str(),
                                        sizeof(u32), object->map.value_size, 1, nullptr);
    for (auto& [name, program] : object->programs) {
        program.fd = stand_in::add_driver_program(program.code, object->map.fd);
        if (program.fd < 0 && !has_fault("no-map"))
            return fail(EINVAL);
    }
    return 0;
}

void bpf_object__close(ObjectOfDll* object) {
    if (object == nullptr)
        return;
    ebpf_close_fd(object->map.fd);
    for (const auto& [name, program] : object->programs)
        ebpf_close_fd(program.fd);
    delete object;
}

ProgramOfObject* bpf_object__find_program_by_name(const ObjectOfDll* object, const char* name) {
    const auto found = object->programs.find(name);
    return found != object->programs.end() ? const_cast<ProgramOfObject*>(&found->second)
                                           : no<ProgramOfObject>(ENOENT);
}

MapOfObject* bpf_object__find_map_by_name(const ObjectOfDll* object, const char* name) {
    return object->map.name == name ? const_cast<MapOfObject*>(&object->map)
                                    : no<MapOfObject>(ENOENT);
}

int bpf_program__fd(const ProgramOfObject* program) {
    return program->fd;
}

int bpf_map__fd(const MapOfObject* map) {
    return map->fd;
}

u32 bpf_map__value_size(const MapOfObject* map) {
    return map->value_size;
}

long libbpf_get_error(const void*) {
    return -errno;
}
}
