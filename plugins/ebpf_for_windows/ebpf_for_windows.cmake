# eBPF for Windows: a Windows program (docs/windows.md). On Windows it is built like any plugin; from
# Linux with MinGW-w64, as a project of its own, and its tests run it under Wine.
set(windows_plugin_sources api.cpp hello.cpp load.cpp main.cpp native.cpp objects.cpp
    run.cpp system.cpp)
list(TRANSFORM windows_plugin_sources PREPEND ${CMAKE_CURRENT_LIST_DIR}/)

if(WIN32)
    assay_add_plugin(ebpf_for_windows ${windows_plugin_sources})
    target_link_libraries(plugin_ebpf_for_windows PRIVATE version)
    return()
endif()

find_program(ASSAY_MINGW_CXX NAMES x86_64-w64-mingw32-g++-posix x86_64-w64-mingw32-g++)
find_program(ASSAY_WINE NAMES wine64 wine HINTS /usr/lib/wine)
set(windows_folder ${CMAKE_BINARY_DIR}/windows)
set(windows_plugin ${CMAKE_BINARY_DIR}/plugins/ebpf_for_windows.exe)
set(windows_obstacle) # to building for Windows
if(NOT ASSAY_MINGW_CXX)
    set(windows_obstacle "MinGW-w64 is missing; apt-get install g++-mingw-w64-x86-64-posix")
elseif(CMAKE_CROSSCOMPILING)
    set(windows_obstacle "this is a cross build")
endif()

if(windows_obstacle)
    message(STATUS "plugin ebpf_for_windows: not built: ${windows_obstacle}")
else()
    include(ExternalProject)
    ExternalProject_Add(plugin_ebpf_for_windows
        SOURCE_DIR ${CMAKE_CURRENT_LIST_DIR}
        BINARY_DIR ${windows_folder}
        PREFIX ${windows_folder}/external
        CMAKE_ARGS
            -DCMAKE_TOOLCHAIN_FILE=${CMAKE_CURRENT_LIST_DIR}/mingw-w64.cmake
            -DCMAKE_BUILD_TYPE=Release
            -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
            -DASSAY_PLUGIN_FOLDER=${CMAKE_BINARY_DIR}/plugins
            -DASSAY_STAND_IN=${ASSAY_TESTS}
            -DASSAY_WERROR=${ASSAY_WERROR}
        BUILD_ALWAYS ON # it knows itself what is up to date
        BUILD_BYPRODUCTS ${windows_plugin}
        INSTALL_COMMAND "")
    add_dependencies(plugins plugin_ebpf_for_windows)
    message(STATUS "plugin ebpf_for_windows: built for Windows with ${ASSAY_MINGW_CXX}")
endif()

if(ASSAY_TESTS)
    # All share one Wine, whose settings are in the build folder; at the end nothing of it is left
    # running.
    set(wine ${CMAKE_CURRENT_LIST_DIR}/wine.sh)
    set(stand_in "'${windows_plugin}' --dll '${windows_folder}/ebpfapi.dll'")
    function(assay_add_windows_test name obstacle)
        if(NOT obstacle AND NOT ASSAY_WINE)
            set(obstacle "Wine is missing; apt-get install wine64")
        endif()
        if(obstacle)
            add_test(NAME ${name} COMMAND ${CMAKE_COMMAND}
                -E echo "  not available: ${name}: ${obstacle}")
            set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "not available: ")
        else()
            add_test(NAME ${name} COMMAND ${ARGN})
            set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED wine)
        endif()
        set_tests_properties(${name} PROPERTIES
            LABELS windows TIMEOUT 900 ENVIRONMENT "WINEPREFIX=${CMAKE_BINARY_DIR}/wine")
    endfunction()

    assay_add_windows_test(plugin_ebpf_for_windows "${windows_obstacle}" ${Python3_EXECUTABLE} -B
        ${CMAKE_CURRENT_LIST_DIR}/../tests/ebpf_for_windows_test.py ${wine} ${windows_plugin}
        ${windows_folder} $<TARGET_FILE:bpf-assay>)
    assay_add_windows_test(plugin_ebpf_for_windows/native "${windows_obstacle}" ${Python3_EXECUTABLE} -B
        ${CMAKE_CURRENT_LIST_DIR}/../tests/ebpf_for_windows_native_test.py ${wine} ${windows_plugin}
        ${windows_folder} $<TARGET_FILE:bpf-assay>)
    assay_add_windows_test(plugin_ebpf_for_windows/check "${windows_obstacle}"
        bpf-assay plugin check "'${wine}' ${stand_in}")
    assay_add_windows_test(conformance/ebpf_for_windows-stand_in/smoke "${windows_obstacle}"
        bpf-assay run --profile smoke --jobs 2 --timeout 60 --plugin "'${wine}' ${stand_in}")
    set_tests_properties(conformance/ebpf_for_windows-stand_in/smoke PROPERTIES
        LABELS "windows;smoke" PROCESSORS 2)
    if(NOT windows_obstacle AND ASSAY_WINE)
        add_test(NAME windows/end COMMAND sh -c "wineserver -k || /usr/lib/wine/wineserver -k || true")
        set_tests_properties(windows/end PROPERTIES LABELS windows FIXTURES_CLEANUP wine
            ENVIRONMENT "WINEPREFIX=${CMAKE_BINARY_DIR}/wine")
    endif()
endif()
