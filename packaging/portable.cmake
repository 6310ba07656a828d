# ASSAY_PORTABLE: programs that run on every distribution with this libc, or a newer one. They need
# libstdc++, libz and libzstd, which are wherever apt is, and libfmt, of which Debian has no archive: it
# is installed beside them.

# Has whatever links an imported shared library link its archive, which lies beside it.
function(assay_use_archive target)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "INTERFACE_LIBRARY")
        get_target_property(behind ${target} INTERFACE_LINK_LIBRARIES)
        foreach(library IN LISTS behind)
            assay_use_archive(${library})
        endforeach()
        return()
    endif()
    get_target_property(configurations ${target} IMPORTED_CONFIGURATIONS)
    foreach(configuration IN LISTS configurations)
        get_target_property(library ${target} IMPORTED_LOCATION_${configuration})
        string(REGEX REPLACE "\\.so[.0-9]*$" ".a" archive "${library}")
        if(NOT EXISTS ${archive})
            message(FATAL_ERROR "ASSAY_PORTABLE needs ${archive}")
        endif()
        set_target_properties(${target} PROPERTIES IMPORTED_LOCATION_${configuration} ${archive})
    endforeach()
endfunction()

assay_use_archive(yaml-cpp)
assay_use_archive(pugixml::pugixml)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON) # the target `installed` is enough
# LLVM's libraries name some that nothing here calls.
add_link_options(-Wl,--as-needed)
