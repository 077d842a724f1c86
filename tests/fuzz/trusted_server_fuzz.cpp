// Any word becomes datasets or faults, as many as it has parts between commas; and all that was
// taken makes servers that survive being described and loaded again, or problems.

#include "config/describe.hpp"
#include "config/load.hpp"
#include "config/trusted_server_flag.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace roundabout::config;

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer gives the name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view word(reinterpret_cast<const char*>(data), size);
    const Datasets datasets = parse_trusted_servers(word);
    const auto parts = static_cast<std::size_t>(std::ranges::count(word, ',')) + 1;
    if (datasets.taken.size() + datasets.faults.size() != parts)
        std::abort();
    Source source;
    source.flags.local_ip = {"192.0.2.1", "2001:db8::1"};
    source.flags.trusted_server = {std::string(word)};
    const Loaded loaded = load(source, {});
    if ((loaded.config() != nullptr) != loaded.problems().empty())
        std::abort();
    for (const Problem& problem : loaded.problems()) {
        if (to_string(problem).find('\n') != std::string::npos)
            std::abort();
    }
    if (loaded.config() == nullptr)
        return 0;
    if (!datasets.faults.empty() || loaded.config()->servers.size() != datasets.taken.size())
        std::abort();
    const std::string once = describe(*loaded.config());
    const Loaded again = load_text(once, "");
    if (again.config() == nullptr || describe(*again.config()) != once)
        std::abort();
    return 0;
}
