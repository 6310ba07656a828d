# The plugin ubpf, where uBPF is installed: by its CMake package, or below UBPF_ROOT. Neither the
# package nor the header has a version, so UBPF_VERSION may say which one it is, for the report; the
# digest of the library tells one build from another in any case.
set(UBPF_ROOT "" CACHE PATH "Prefix of an installed uBPF")
set(UBPF_VERSION "" CACHE STRING "Version of that uBPF, such as the output of git describe")

find_package(ubpf CONFIG QUIET HINTS "${UBPF_ROOT}")
if(TARGET ubpf::ubpf)
    get_target_property(UBPF_LIBRARY ubpf::ubpf LOCATION)
    set(ubpf_library ubpf::ubpf)
else()
    find_path(UBPF_INCLUDE_DIR ubpf.h HINTS "${UBPF_ROOT}" PATH_SUFFIXES include)
    find_library(UBPF_LIBRARY ubpf HINTS "${UBPF_ROOT}" PATH_SUFFIXES lib lib64)
    if(UBPF_INCLUDE_DIR AND UBPF_LIBRARY)
        add_library(bpf_assay_ubpf INTERFACE)
        target_include_directories(bpf_assay_ubpf SYSTEM INTERFACE ${UBPF_INCLUDE_DIR})
        target_link_libraries(bpf_assay_ubpf INTERFACE ${UBPF_LIBRARY} m)
        set(ubpf_library bpf_assay_ubpf)
    endif()
endif()

if(NOT ubpf_library)
    message(STATUS "plugin ubpf: not built: no uBPF found; build https://github.com/iovisor/ubpf "
        "and configure with -DUBPF_ROOT=<prefix>")
    return()
endif()

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${UBPF_LIBRARY})
file(SHA256 ${UBPF_LIBRARY} ubpf_digest)
string(SUBSTRING ${ubpf_digest} 0 12 ubpf_digest)
get_filename_component(ubpf_file ${UBPF_LIBRARY} NAME)
set(ubpf_version "${UBPF_VERSION}")
if(NOT ubpf_version)
    set(ubpf_version "unknown")
endif()

assay_add_plugin(ubpf
    ${CMAKE_CURRENT_LIST_DIR}/main.c
    ${CMAKE_CURRENT_LIST_DIR}/compile.c
    ${CMAKE_CURRENT_LIST_DIR}/load.c
    ${CMAKE_CURRENT_LIST_DIR}/run.c)
target_link_libraries(plugin_ubpf PRIVATE ${ubpf_library} Threads::Threads)
target_compile_definitions(plugin_ubpf PRIVATE
    BPF_ASSAY_UBPF_VERSION="${ubpf_version}"
    BPF_ASSAY_UBPF_LIBRARY="${ubpf_file} sha256 ${ubpf_digest}")
message(STATUS "plugin ubpf: built with ${UBPF_LIBRARY}, version ${ubpf_version}")

if(ASSAY_TESTS)
    assay_add_plugin_test(plugin_ubpf ubpf_test.py plugin_ubpf smoke)
endif()
