# Plugins in Rust. Cargo builds them into <build>/cargo; nothing is written into the source tree. They
# are left out, with a line that says why, where Cargo, its version or the network does not do.
option(ASSAY_RUST "Build the plugins in Rust, where their crates can be had" ON)

find_program(ASSAY_CARGO cargo HINTS $ENV{HOME}/.cargo/bin)

# Sets `obstacle` to why the crate in `folder` cannot be built; to nothing if it can.
function(assay_rust_obstacle folder obstacle)
    file(STRINGS ${folder}/Cargo.toml needed REGEX "^rust-version")
    string(REGEX MATCH "[0-9]+\\.[0-9]+" needed "${needed}")
    set(why)
    if(NOT ASSAY_RUST)
        set(why "ASSAY_RUST is off")
    elseif(CMAKE_CROSSCOMPILING)
        set(why "this is a cross build")
    elseif(NOT ASSAY_CARGO)
        set(why "there is no cargo; install Rust ${needed} or newer (https://rustup.rs)")
    else()
        execute_process(COMMAND ${ASSAY_CARGO} --version OUTPUT_VARIABLE version ERROR_QUIET)
        string(REGEX MATCH "[0-9]+\\.[0-9]+" version "${version}")
        if(NOT version OR version VERSION_LESS needed)
            set(why "${ASSAY_CARGO} is ${version}; install Rust ${needed} or newer (https://rustup.rs)")
        endif()
    endif()
    if(NOT why)
        assay_fetch_crates(${folder} fetched)
        if(NOT fetched)
            set(why "its crates cannot be fetched; with a network, cmake -U 'ASSAY_CRATES_*' ${CMAKE_BINARY_DIR} tries again")
        endif()
    endif()
    set(${obstacle} "${why}" PARENT_SCOPE)
endfunction()

# Whether the crates that Cargo.lock names are here. The answer is kept as long as Cargo.lock is the
# same, so that a machine without network waits once.
function(assay_fetch_crates folder fetched)
    file(SHA256 ${folder}/Cargo.lock lock)
    string(SUBSTRING ${lock} 0 16 lock)
    if(NOT DEFINED ASSAY_CRATES_${lock})
        set(fetch ${ASSAY_CARGO} fetch --locked --quiet --manifest-path ${folder}/Cargo.toml)
        execute_process(COMMAND ${fetch} --offline
            RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET TIMEOUT 30)
        if(failed)
            execute_process(COMMAND ${CMAKE_COMMAND} -E env CARGO_NET_RETRY=0 ${fetch}
                RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET TIMEOUT 300)
        endif()
        if(failed)
            set(ASSAY_CRATES_${lock} NO CACHE INTERNAL "Crates of ${folder}")
        else()
            set(ASSAY_CRATES_${lock} YES CACHE INTERNAL "Crates of ${folder}")
        endif()
    endif()
    set(${fetched} ${ASSAY_CRATES_${lock}} PARENT_SCOPE)
endfunction()

# An executable `name` in <build>/plugins, target plugin_<name>, of the crate in `folder`.
function(assay_add_rust_plugin name folder)
    get_filename_component(folder ${folder} ABSOLUTE)
    assay_rust_obstacle(${folder} obstacle)
    if(obstacle)
        message(STATUS "plugin ${name}: not built: ${obstacle}")
        return()
    endif()
    file(STRINGS ${folder}/Cargo.toml crate REGEX "^name")
    string(REGEX REPLACE "^name = \"(.*)\"$" "\\1" crate "${crate}")
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/src/*.rs)
    file(GLOB build_script CONFIGURE_DEPENDS ${folder}/build.rs)
    set(plugin ${CMAKE_BINARY_DIR}/plugins/${name}${CMAKE_EXECUTABLE_SUFFIX})
    add_custom_command(OUTPUT ${plugin}
        COMMAND ${ASSAY_CARGO} build --release --locked --quiet --jobs 2
            --manifest-path ${folder}/Cargo.toml --target-dir ${CMAKE_BINARY_DIR}/cargo
        COMMAND ${CMAKE_COMMAND} -E copy
            ${CMAKE_BINARY_DIR}/cargo/release/${crate}${CMAKE_EXECUTABLE_SUFFIX} ${plugin}
        COMMAND ${CMAKE_COMMAND} -E touch ${plugin} # cargo leaves what is up to date
        DEPENDS ${sources} ${build_script} ${folder}/Cargo.toml ${folder}/Cargo.lock
            ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/sdk/bpf_assay_plugin.rs
        COMMENT "Building the Rust plugin ${name}"
        VERBATIM)
    add_custom_target(plugin_${name} ALL DEPENDS ${plugin})
    set_target_properties(plugin_${name} PROPERTIES ASSAY_PLUGIN ${plugin})
    add_dependencies(plugins plugin_${name})
endfunction()
