# Boots kernels in emulators; scripts/lab prepares the guests. Links nothing of the runner.
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
assay_add_plugin(linux_lab
    linux_lab/main.cpp
    linux_lab/console.cpp
    linux_lab/emulator.cpp
    linux_lab/file_channel.cpp
    linux_lab/guest.cpp
    linux_lab/relay.cpp)
target_link_libraries(plugin_linux_lab PRIVATE CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json
    Threads::Threads)
target_compile_definitions(plugin_linux_lab PRIVATE BPF_ASSAY_LAB_FOLDER="${CMAKE_BINARY_DIR}/lab")
