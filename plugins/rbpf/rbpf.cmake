# rbpf and Cranelift are some 50 crates: minutes, the first time.
assay_add_rust_plugin(rbpf ${CMAKE_CURRENT_LIST_DIR})
