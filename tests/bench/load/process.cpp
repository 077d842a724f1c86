#include "bench/load/process.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace roundabout::load {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(pid_t process) { return fs::path("/proc") / std::to_string(process); }

std::chrono::microseconds cpu_of(pid_t process) {
    std::ifstream file(folder_of(process) / "stat");
    std::string line;
    std::getline(file, line);
    std::istringstream fields(line.substr(std::min(line.rfind(')') + 2, line.size())));
    std::string skipped;
    for (int i = 3; i < 14; ++i) // proc(5): utime and stime are fields 14 and 15
        fields >> skipped;
    std::uint64_t user = 0;
    std::uint64_t system = 0;
    if (!(fields >> user >> system))
        throw std::runtime_error("no process " + std::to_string(process));
    static const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return std::chrono::microseconds((user + system) * 1'000'000 / ticks);
}

std::uint64_t memory_of(pid_t process) {
    std::ifstream file(folder_of(process) / "smaps_rollup");
    std::string word;
    std::uint64_t kilobytes = 0;
    while (file >> word) {
        if (word == "Pss:")
            file >> kilobytes;
    }
    return kilobytes * 1024;
}

} // namespace

Usage usage_of(pid_t process) {
    Usage sum{cpu_of(process), memory_of(process)};
    for (const fs::directory_entry& thread : fs::directory_iterator(folder_of(process) / "task")) {
        std::ifstream children(thread.path() / "children");
        for (pid_t child = 0; children >> child;) {
            const Usage more = usage_of(child);
            sum.cpu += more.cpu;
            sum.memory += more.memory;
        }
    }
    return sum;
}

} // namespace roundabout::load
