# The plugin ebpf_for_windows_native: what bpf2c of eBPF for Windows makes of programs, executed here.
# bpf2c is needed when it runs, not when it is built: BPF2C only says where it is looked for first.
set(BPF2C "" CACHE FILEPATH "bpf2c of eBPF for Windows")
set(BPF2C_INCLUDE "" CACHE PATH "The folder include of eBPF for Windows, with bpf2c.h")
set(BPF2C_VERSION "" CACHE STRING "Which bpf2c that is, such as its commit, for the report")

set(native_user ${CMAKE_CURRENT_LIST_DIR})
set(native_user_texts ${CMAKE_BINARY_DIR}/generated/native_user/glue_texts.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${native_user}/glue.c ${native_user}/windows_names.h)
file(READ ${native_user}/glue.c glue_text)
file(READ ${native_user}/windows_names.h windows_names_text)
file(CONFIGURE OUTPUT ${native_user_texts} @ONLY CONTENT [[
// Generated of glue.c and windows_names.h, which the plugin hands to the C compiler.
#pragma once
inline constexpr char glue_text[] = R"glue(@glue_text@)glue";
inline constexpr char windows_names_text[] = R"names(@windows_names_text@)names";
]])

assay_add_plugin(ebpf_for_windows_native
    ${native_user}/main.cpp
    ${native_user}/read_ahead.cpp
    ${native_user}/translator.cpp
    ${native_user}/workshop.cpp)
target_include_directories(plugin_ebpf_for_windows_native PRIVATE
    ${CMAKE_BINARY_DIR}/generated/native_user)
target_link_libraries(plugin_ebpf_for_windows_native PRIVATE
    bpf_assay::conformance Threads::Threads ${CMAKE_DL_LIBS})
target_compile_definitions(plugin_ebpf_for_windows_native PRIVATE
    BPF_ASSAY_BPF2C="${BPF2C}"
    BPF_ASSAY_BPF2C_INCLUDE="${BPF2C_INCLUDE}"
    BPF_ASSAY_BPF2C_VERSION="${BPF2C_VERSION}")

if(ASSAY_TESTS)
    assay_add_plugin_test(plugin_ebpf_for_windows_native
        ../ebpf_for_windows/native_user/native_user_test.py plugin_ebpf_for_windows_native smoke)
    if(BPF2C)
        set_tests_properties(plugin_ebpf_for_windows_native PROPERTIES
            ENVIRONMENT "BPF2C=${BPF2C};BPF2C_INCLUDE=${BPF2C_INCLUDE}")
    endif()
endif()
