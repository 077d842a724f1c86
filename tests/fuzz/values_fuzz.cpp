#include "base/ascii.hpp"
#include "sip/uri.hpp"
#include "sip/values.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

void require(bool holds, const char* sentence) {
    if (holds)
        return;
    std::fprintf(stderr, "does not hold: %s\n", sentence);
    std::abort();
}

void try_uri(std::string_view text) {
    const Result<Uri> uri = parse_uri(text);
    if (!uri)
        return;
    require(equivalent(*uri, *uri), "a URI equals itself");
    (void)unescape(uri->user);

    // Written in another case, where case does not matter, it is another text and still equal.
    std::string louder(text);
    const std::size_t host =
        uri->is_sip() ? static_cast<std::size_t>(uri->host.data() - text.data()) : text.find(':');
    for (std::size_t i = uri->is_sip() ? host : 0;
         i < (uri->is_sip() ? host + uri->host.size() : host); ++i)
        louder[i] = ascii::lower(louder[i]);
    const Result<Uri> other = parse_uri(louder);
    require(other.has_value() && equivalent(*uri, *other) && equivalent(*other, *uri),
            "the case of host and scheme does not matter");

    const std::string set = with_parameter(*uri, "rb", "1f");
    const Result<Uri> changed = parse_uri(set);
    require(changed.has_value(), "a URI with a parameter set is a URI");
    if (uri->is_sip()) {
        require(changed->parameter("RB") == "1f", "a parameter that was set is there");
        require(changed->host_port == uri->host_port && changed->userinfo == uri->userinfo &&
                    changed->headers == uri->headers,
                "setting a parameter leaves the rest");
        require(with_parameter(*changed, "rb", "1f") == set,
                "setting a parameter twice is the same");
    }
}

void try_values(std::string_view text) {
    if (const Result<Via> via = parse_via(text)) {
        require(via->parameters.well_formed() && !via->host.empty() && !via->transport.empty(),
                "a Via that was read has its parts");
        require(!(via->has_magic_cookie() && via->has_bare_cookie()), "a branch is one of the two");
    }
    if (const Result<NameAddr> address = parse_name_addr(text)) {
        require(address->parameters.well_formed() && !address->uri.empty(),
                "a name-addr that was read has its parts");
        try_uri(address->uri);
        const std::string bare = "<" + std::string(address->uri) + ">";
        const Result<NameAddr> again = parse_name_addr(bare);
        require(again.has_value() && again->uri == address->uri, "a URI can be put in brackets");
    }
    if (const Result<CSeq> parsed = parse_cseq(text))
        require(!parsed->method.empty(), "a CSeq has a method");
    (void)parse_delta_seconds(text);
    (void)parse_max_forwards(text);
    (void)Parameters(text).find("tag");
}

} // namespace

/// Two lines: each is read as everything that a header's value can be, and both as URIs are
/// compared.
// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer gives the name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const std::string_view text = bytes;
    const std::string_view first = text.substr(0, text.find('\n'));
    const std::string_view second = text.substr(std::min(first.size() + 1, text.size()));
    for (const std::string_view line : {first, second}) {
        try_uri(line);
        try_values(line);
        ValueCursor cursor(line);
        while (const auto value = cursor.next()) {
            require(!value->empty() && ascii::trim(*value) == *value, "a value is trimmed");
            ValueCursor alone(*value);
            require(alone.next() == *value && !alone.next(), "a value is not cut again");
            try_values(*value);
        }
    }
    const Result<Uri> a = parse_uri(first);
    const Result<Uri> b = parse_uri(second);
    if (a && b)
        require(equivalent(*a, *b) == equivalent(*b, *a), "equality has no direction");
    return 0;
}
