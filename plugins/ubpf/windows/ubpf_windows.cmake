# The plugin ubpf_windows: uBPF as eBPF for Windows embeds it, a Windows program that runs under Wine
# (docs/windows.md). Built from a checkout of uBPF, with MinGW-w64, as a project of its own.
set(UBPF_WINDOWS_SOURCE "" CACHE PATH "A checkout of uBPF, for the plugin ubpf_windows")

if(WIN32)
    return() # there it is configured by itself: docs/windows.md
endif()

set(ubpf_windows_plugin ${CMAKE_BINARY_DIR}/plugins/ubpf_windows.exe)
set(ubpf_windows_obstacle "${windows_obstacle}") # of ebpf_for_windows.cmake
if(ubpf_windows_obstacle)
    # not for want of uBPF
elseif(NOT UBPF_WINDOWS_SOURCE)
    set(ubpf_windows_obstacle "no source of uBPF; clone https://github.com/iovisor/ubpf and \
configure with -DUBPF_WINDOWS_SOURCE=<checkout>")
elseif(NOT EXISTS ${UBPF_WINDOWS_SOURCE}/vm/ubpf_vm.c)
    message(FATAL_ERROR "UBPF_WINDOWS_SOURCE is no checkout of uBPF: it has no vm/ubpf_vm.c: "
        "'${UBPF_WINDOWS_SOURCE}'")
endif()

if(ubpf_windows_obstacle)
    message(STATUS "plugin ubpf_windows: not built: ${ubpf_windows_obstacle}")
else()
    find_package(Git QUIET)
    set(ubpf_windows_version)
    if(GIT_FOUND)
        execute_process(COMMAND ${GIT_EXECUTABLE} -C ${UBPF_WINDOWS_SOURCE} describe --always --dirty
            OUTPUT_VARIABLE ubpf_windows_version OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    endif()
    if(NOT ubpf_windows_version)
        set(ubpf_windows_version unknown)
    endif()

    include(ExternalProject)
    set(windows_tools ${CMAKE_CURRENT_LIST_DIR}/../../ebpf_for_windows)
    ExternalProject_Add(plugin_ubpf_windows
        SOURCE_DIR ${CMAKE_CURRENT_LIST_DIR}
        BINARY_DIR ${CMAKE_BINARY_DIR}/ubpf_windows
        PREFIX ${CMAKE_BINARY_DIR}/ubpf_windows/external
        CMAKE_ARGS
            -DCMAKE_TOOLCHAIN_FILE=${windows_tools}/mingw-w64.cmake
            -DCMAKE_BUILD_TYPE=Release
            -DCMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER}
            -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
            -DASSAY_PLUGIN_FOLDER=${CMAKE_BINARY_DIR}/plugins
            -DASSAY_WERROR=${ASSAY_WERROR}
            -DUBPF_WINDOWS_SOURCE=${UBPF_WINDOWS_SOURCE}
            -DUBPF_WINDOWS_VERSION=${ubpf_windows_version}
        BUILD_ALWAYS ON # it knows itself what is up to date
        BUILD_BYPRODUCTS ${ubpf_windows_plugin}
        INSTALL_COMMAND "")
    add_dependencies(plugins plugin_ubpf_windows)
    message(STATUS "plugin ubpf_windows: built with ${UBPF_WINDOWS_SOURCE}, "
        "version ${ubpf_windows_version}")

    # What `--runtime ubpf_windows` starts.
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/plugins/ubpf_windows @ONLY CONTENT [[#!/bin/sh
# The plugin ubpf_windows under Wine.
export WINEPREFIX="${WINEPREFIX:-@CMAKE_BINARY_DIR@/wine}"
exec '@windows_tools@/wine.sh' '@ubpf_windows_plugin@' "$@"
]])
    file(CHMOD ${CMAKE_BINARY_DIR}/plugins/ubpf_windows
        PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
        WORLD_READ WORLD_EXECUTE)
endif()

if(ASSAY_TESTS)
    assay_add_windows_test(plugin_ubpf_windows "${ubpf_windows_obstacle}" ${Python3_EXECUTABLE} -B
        ${CMAKE_CURRENT_LIST_DIR}/../../tests/ubpf_windows_test.py
        ${CMAKE_BINARY_DIR}/plugins/ubpf_windows)
    foreach(engine interpreter jit)
        assay_add_windows_test(conformance/ubpf_windows-${engine}/smoke "${ubpf_windows_obstacle}"
            bpf-assay run --profile smoke --jobs 2 --runtime ubpf_windows:${engine})
        set_tests_properties(conformance/ubpf_windows-${engine}/smoke PROPERTIES
            LABELS "windows;smoke" PROCESSORS 2)
    endforeach()
endif()
