# Writes OUTPUT, a header with the page of FOLDER: the template, and what parts.txt names.
file(READ ${FOLDER}/page.html template)
file(STRINGS ${FOLDER}/parts.txt names)
set(style)
set(scripts)
foreach(name IN LISTS names)
    file(READ ${FOLDER}/${name} part)
    if(part MATCHES "</(script|style)|<!--")
        message(FATAL_ERROR "${FOLDER}/${name} would end its element")
    endif()
    if(name MATCHES "\\.css$")
        string(APPEND style "${part}\n")
    else()
        string(APPEND scripts "${part}\n")
    endif()
endforeach()
file(WRITE ${OUTPUT} "// Made of reports/html by reports/embed.cmake.
#pragma once

namespace bpf_assay::reports {

inline constexpr const char* page_template = R\"assay(${template})assay\";
inline constexpr const char* page_style = R\"assay(${style})assay\";
inline constexpr const char* page_scripts = R\"assay(${scripts})assay\";

} // namespace bpf_assay::reports
")
