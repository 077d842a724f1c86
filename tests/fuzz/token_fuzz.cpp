#include "routing/branch.hpp"
#include "routing/token_codec.hpp"
#include "routing/tokens.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace roundabout::routing;

namespace {

KeyRing keys() {
    std::vector<Secret> secrets(1);
    secrets[0].id = 1;
    return *derive_keys(secrets);
}

void require(bool holds) {
    if (!holds)
        std::abort();
}

} // namespace

/// Nothing that a peer can write as a token crashes us, passes for authentic, or reads two ways.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const KeyRing ring = keys();
    static Tokens tokens = *Tokens::make(ring);
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    require(!tokens.open_route(text, "call").has_value());
    require(!tokens.open_contact(text, "call").has_value());
    require(!tokens.open_path(text).has_value());
    require(!is_authentic(ring, text, "via"));
    if (const auto id = parse_binding_id(text))
        require(parse_binding_id(to_text(*id)) == id);
    if (const auto branch = read_branch(text))
        require(read_branch(seal_branch(ring.front().branch_mac, *branch, "via")) == branch);
    TokenReader reader(text);
    const Place place = reader.place();
    if (!reader.failed()) {
        std::string written;
        write_place(written, place);
        TokenReader again(written);
        require(again.place() == place && !again.failed() && again.rest().empty());
    }
    return 0;
}
