// Any text either makes a configuration that survives being described and loaded again, or gives
// problems; never both, never neither.

#include "config/describe.hpp"
#include "config/load.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace roundabout::config;

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer gives the name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Loaded loaded = load_text(text, "fuzz.toml");
    if ((loaded.config() != nullptr) != loaded.problems().empty())
        std::abort();
    for (const Problem& problem : loaded.problems()) {
        if (to_string(problem).find('\n') != std::string::npos)
            std::abort();
    }
    if (loaded.config() == nullptr)
        return 0;
    const std::string once = describe(*loaded.config());
    const Loaded again = load_text(once, "");
    if (again.config() == nullptr || describe(*again.config()) != once)
        std::abort();
    return 0;
}
