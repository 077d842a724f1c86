#include "transport/forwarded_for.hpp"
#include "transport/proxy_header.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace roundabout;
using namespace roundabout::transport;

namespace {

void require(bool sound) {
    if (!sound)
        std::abort();
}

/// Read as a connection reads it, never more than is wanted: the outcome is that of all bytes at
/// once, and as long as more is wanted it ends within the largest header.
void read_header(std::string_view bytes) {
    std::size_t taken = 0;
    auto header = read_proxy_header({});
    while (header && header->wanted != 0) {
        require(header->wanted <= 4096 && !header->source);
        taken += header->wanted;
        if (taken > bytes.size())
            return;
        header = read_proxy_header(bytes.substr(0, taken));
        require(taken <= 16 + 4096);
    }
    const auto at_once = read_proxy_header(bytes);
    require(header.has_value() == at_once.has_value());
    if (header)
        require(at_once->wanted == 0 && header->source == at_once->source);
}

/// What is found is no trusted proxy, unless nothing else is there.
void read_forwarded(std::string_view bytes) {
    static const std::array<Network, 2> trusted{*Network::parse("10.0.0.0/8"),
                                                *Network::parse("2001:db8::/32")};
    const std::size_t middle = bytes.size() / 2;
    const std::array<std::string_view, 2> rows{bytes.substr(0, middle), bytes.substr(middle)};
    const auto found = forwarded_source(rows, trusted);
    const auto of_all = forwarded_source(rows, {});
    if (found && *found && !is_within(trusted, **found))
        require(of_all.has_value() && of_all->has_value());
    if (!of_all)
        require(!found);
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer gives the name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    read_header(bytes);
    read_forwarded(bytes);
    return 0;
}
