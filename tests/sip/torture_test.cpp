#include "sip/corpus.hpp"
#include "sip/framer.hpp"
#include "sip/parser.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <variant>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

constexpr int accepted = 0;
constexpr int not_indexed = -1;
constexpr int broken_stream = -2; ///< answered 400 where it can be, then closed
constexpr int incomplete = -3;    ///< more may come

/// What the parser says to one message that comes as a datagram.
struct Row {
    std::string_view file;
    int verdict; ///< accepted, not_indexed, or the status of the rejection
    Error error = Error::none;
    const char* why = nullptr; ///< where the verdict is not the first that the manifest names
};

constexpr std::array rows = {
    Row{"rfc4475/wsinv.dat", accepted},
    Row{"rfc4475/intmeth.dat", accepted},
    Row{"rfc4475/esc01.dat", accepted},
    Row{"rfc4475/escnull.dat", accepted},
    Row{"rfc4475/esc02.dat", accepted},
    Row{"rfc4475/lwsdisp.dat", accepted},
    Row{"rfc4475/longreq.dat", accepted},
    Row{"rfc4475/dblreq.dat", accepted},
    Row{"rfc4475/semiuri.dat", accepted},
    Row{"rfc4475/transports.dat", accepted},
    Row{"rfc4475/mpart01.dat", accepted},
    Row{"rfc4475/unreason.dat", accepted},
    Row{"rfc4475/noreason.dat", accepted},
    Row{"rfc4475/badinv01.dat", 400, Error::bad_via},
    Row{"rfc4475/clerr.dat", 400, Error::body_short},
    Row{"rfc4475/ncl.dat", 400, Error::bad_content_length},
    Row{"rfc4475/scalar02.dat", 400, Error::bad_cseq},
    Row{"rfc4475/scalarlg.dat", 400, Error::bad_cseq},
    Row{"rfc4475/quotbal.dat", 400, Error::bad_from_or_to},
    Row{"rfc4475/ltgtruri.dat", 400, Error::bad_request_uri},
    Row{"rfc4475/lwsruri.dat", 400, Error::bad_request_uri},
    Row{"rfc4475/lwsstart.dat", 400, Error::bad_start_line},
    Row{"rfc4475/trws.dat", 400, Error::bad_start_line},
    Row{"rfc4475/escruri.dat", 400, Error::bad_request_uri},
    Row{"rfc4475/baddate.dat", accepted},
    Row{"rfc4475/regbadct.dat", 400, Error::bad_contact},
    Row{"rfc4475/badaspec.dat", 400, Error::bad_from_or_to},
    Row{"rfc4475/baddn.dat", 400, Error::header_unfinished},
    Row{"rfc4475/badvers.dat", 505, Error::bad_version},
    Row{"rfc4475/mismatch01.dat", 400, Error::cseq_method_mismatch},
    Row{"rfc4475/mismatch02.dat", 501, Error::cseq_method_mismatch},
    Row{"rfc4475/bigcode.dat", not_indexed, Error::bad_status_code},
    Row{"rfc4475/badbranch.dat", 400, Error::bad_via},
    Row{"rfc4475/insuf.dat", 400, Error::missing_header},
    Row{"rfc4475/unkscm.dat", accepted},
    Row{"rfc4475/novelsc.dat", accepted},
    Row{"rfc4475/unksm2.dat", accepted},
    Row{"rfc4475/bext01.dat", accepted},
    Row{"rfc4475/invut.dat", accepted},
    Row{"rfc4475/regaut01.dat", accepted},
    Row{"rfc4475/multi01.dat", 400, Error::repeated_header},
    Row{"rfc4475/mcl01.dat", 400, Error::content_length_mismatch},
    Row{"rfc4475/bcast.dat", accepted},
    Row{"rfc4475/zeromf.dat", accepted},
    Row{"rfc4475/cparam01.dat", accepted},
    Row{"rfc4475/cparam02.dat", accepted},
    Row{"rfc4475/regescrt.dat", accepted},
    Row{"rfc4475/sdp01.dat", accepted},
    Row{"rfc4475/inv2543.dat", accepted},
    Row{"rfc4475/test.dat", not_indexed, Error::not_sip,
        "without a version nothing shows that the bytes are SIP at all, and there is no Via that "
        "an answer could go by"},
    Row{"rfc5118/ipv6-good.dat", accepted},
    Row{"rfc5118/ipv6-bad.dat", 400, Error::bad_request_uri},
    Row{"rfc5118/port-ambiguous.dat", accepted},
    Row{"rfc5118/port-unambiguous.dat", accepted},
    Row{"rfc5118/via-received-param-with-delim.dat", accepted},
    Row{"rfc5118/via-received-param-no-delim.dat", accepted},
    Row{"rfc5118/ipv6-in-sdp.dat", accepted},
    Row{"rfc5118/mult-ip-in-header.dat", accepted},
    Row{"rfc5118/mult-ip-in-sdp.dat", accepted},
    Row{"rfc5118/ipv4-mapped-ipv6.dat", accepted},
    Row{"rfc5118/ipv6-bug-abnf-3-colons.dat", accepted},
    Row{"rfc5118/ipv6-correct-abnf-2-colons.dat", accepted},
};

struct Outcome {
    int verdict = accepted;
    Error error = Error::none;

    friend bool operator==(const Outcome&, const Outcome&) = default;
};

[[nodiscard]] Outcome outcome_of(const std::string& bytes, Framing framing = Framing::datagram) {
    const Result<Message> message = index_message(bytes, framing);
    if (!message)
        return {not_indexed, to_error(message.error())};
    const std::optional<Rejection> rejection = check_message(*message);
    return rejection ? Outcome{rejection->status, rejection->error} : Outcome{};
}

/// Where a stream makes another thing of a message than a datagram does.
constexpr std::array stream_rows = {
    Row{"rfc4475/clerr.dat", incomplete, Error::none, "the rest of the body may still come"},
    Row{"rfc4475/ncl.dat", broken_stream, Error::bad_content_length, "its end can't be found"},
    Row{"rfc4475/baddn.dat", incomplete, Error::none, "no blank line ends the header yet"},
    Row{"rfc4475/mcl01.dat", broken_stream, Error::content_length_mismatch,
        "its end can't be found"},
};

/// What the first message on a stream comes to, which brings these bytes in two pieces.
[[nodiscard]] Outcome on_stream(std::string_view first, std::string_view second) {
    Framer framer;
    framer.push(first);
    Framer::Event event = framer.next();
    if (std::holds_alternative<Framer::NeedMore>(event)) {
        framer.push(second);
        event = framer.next();
    }
    if (const auto* cut = std::get_if<Framer::Cut>(&event))
        return outcome_of(cut->bytes, Framing::stream);
    if (const auto* broken = std::get_if<Framer::Broken>(&event))
        return {broken_stream, broken->error};
    return {incomplete};
}

/// What the manifest asks of a proxy, as far as a parser decides it.
[[nodiscard]] bool fulfils(const std::string& wanted, const std::string& bytes, int verdict) {
    if (wanted == "400" || wanted == "501" || wanted == "505")
        return verdict == std::stoi(wanted);
    // A response is dropped where the parser rejects it, and where no transaction knows it.
    if (wanted == "drop")
        return verdict == not_indexed || bytes.starts_with("SIP/");
    return verdict == accepted; // forwarded, or refused by routing with 416, 420, 483
}

} // namespace

TEST_CASE("torture: each message of RFC 4475 and RFC 5118 gets the verdict in the table") {
    const auto& messages = test::torture_messages();
    REQUIRE(messages.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        CAPTURE(row.file);
        REQUIRE(messages[i].file == row.file);
        const Outcome outcome = outcome_of(messages[i].bytes);
        CHECK(outcome.verdict == row.verdict);
        CHECK(sentence(outcome.error) == sentence(row.error));
    }
}

TEST_CASE("torture: each verdict in the table is one that the manifest allows") {
    const auto& messages = test::torture_messages();
    REQUIRE(messages.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        const test::TortureMessage& message = messages[i];
        CAPTURE(row.file);
        if (row.why == nullptr) {
            CHECK(fulfils(message.expect, message.bytes, row.verdict));
            continue;
        }
        CHECK_FALSE(fulfils(message.expect, message.bytes, row.verdict));
        CHECK(std::ranges::any_of(message.also_ok, [&](const std::string& wanted) {
            return fulfils(wanted, message.bytes, row.verdict);
        }));
    }
}

TEST_CASE("R35 R36 torture: each message gets its verdict on a stream, wherever it is split") {
    const auto& messages = test::torture_messages();
    REQUIRE(messages.size() == rows.size());
    std::size_t otherwise = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::string_view bytes = messages[i].bytes;
        CAPTURE(messages[i].file);
        const auto* row = std::ranges::find(stream_rows, rows[i].file, &Row::file);
        otherwise += row != stream_rows.end() ? 1 : 0;
        const Row& wanted = row != stream_rows.end() ? *row : rows[i];
        const Outcome whole = on_stream(bytes, {});
        CHECK(whole.verdict == wanted.verdict);
        CHECK(sentence(whole.error) == sentence(wanted.error));
        for (std::size_t at = 1; at < bytes.size(); ++at) {
            CAPTURE(at);
            CHECK((on_stream(bytes.substr(0, at), bytes.substr(at)) == whole));
        }
    }
    CHECK(otherwise == stream_rows.size());
}
