#include "sip/corpus.hpp"
#include "sip/framer.hpp"
#include "sip/parser.hpp"
#include "support/random_message.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

/// What a framer said, in words: "ping", "pong", "cut:BYTES", "broken:sentence:HEAD".
std::string word(const Framer::Event& event) {
    if (std::holds_alternative<Framer::Ping>(event))
        return "ping";
    if (std::holds_alternative<Framer::Pong>(event))
        return "pong";
    if (const auto* cut = std::get_if<Framer::Cut>(&event))
        return "cut:" + cut->bytes;
    const auto& broken = std::get<Framer::Broken>(event);
    return "broken:" + std::string(sentence(broken.error)) + ":" + broken.head;
}

using Words = std::vector<std::string>;

/// Asks until the framer needs more, or is broken.
void drain(Framer& framer, Words& words) {
    for (;;) {
        const auto event = framer.next();
        if (std::holds_alternative<Framer::NeedMore>(event))
            return;
        words.push_back(word(event));
        if (std::holds_alternative<Framer::Broken>(event))
            return;
    }
}

Words words_of(const std::vector<std::string>& pushes, FramerLimits limits = {}) {
    Framer framer(limits);
    Words words;
    for (const auto& bytes : pushes) {
        if (!words.empty() && words.back().starts_with("broken"))
            break;
        framer.push(bytes);
        drain(framer, words);
    }
    return words;
}

std::vector<std::string> bytewise(const std::string& bytes) {
    std::vector<std::string> out;
    for (const char c : bytes)
        out.emplace_back(1, c);
    return out;
}

std::string broken(Error error, const std::string& head) {
    return "broken:" + std::string(sentence(error)) + ":" + head;
}

/// The same outcome whether the bytes come at once, one by one, or in two pieces cut anywhere.
void check_however_split(const std::string& bytes, const Words& expected) {
    CAPTURE(bytes);
    CHECK(words_of({bytes}) == expected);
    CHECK(words_of(bytewise(bytes)) == expected);
    for (std::size_t at = 1; at < bytes.size(); ++at)
        REQUIRE(words_of({bytes.substr(0, at), bytes.substr(at)}) == expected);
}

std::string request(const std::string& rows, const std::string& body = "") {
    return "OPTIONS sip:a SIP/2.0\r\n" + rows + "\r\n" + body;
}

/// The torture messages that are whole on a stream: with a Content-Length that fits.
std::vector<std::string> stream_corpus() {
    std::vector<std::string> out;
    for (const auto& message : test::torture_messages()) {
        const auto indexed = index_message(message.bytes, Framing::stream);
        if (indexed && indexed->defect() == Error::none)
            out.push_back(message.bytes);
    }
    REQUIRE(out.size() > 30);
    return out;
}

} // namespace

TEST_CASE("R35 each torture message that is valid on a stream is cut whole, however it is split") {
    for (const auto& bytes : stream_corpus())
        check_however_split(bytes, {"cut:" + bytes});
}

TEST_CASE("R35 all valid torture messages in one push are cut one by one") {
    std::string all;
    Words expected;
    for (const auto& bytes : stream_corpus()) {
        all += bytes;
        expected.push_back("cut:" + bytes);
    }
    CHECK(words_of({all}) == expected);
    CHECK(words_of(bytewise(all)) == expected);
}

TEST_CASE("R35 on a stream the two requests of dblreq are two requests") {
    const auto bytes = test::read_data("torture/rfc4475/dblreq.dat");
    const auto second = bytes.find("INVITE sip:joe");
    const auto rest = bytes.size() - 5; // the INVITE's Content-Length is 5 less than what is there
    check_however_split(bytes, {"cut:" + bytes.substr(0, second - 2), "pong",
                                "cut:" + bytes.substr(second, rest - second),
                                "cut:" + bytes.substr(rest)});
}

TEST_CASE("R35 random messages in random pieces are cut as they were put together") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        test::Random random(seed);
        std::string all;
        Words expected;
        for (std::size_t i = 1 + random.below(6); i > 0; --i) {
            const auto bytes = test::random_message(random, true).text();
            all += bytes;
            expected.push_back("cut:" + bytes);
        }
        std::vector<std::string> pieces;
        for (std::size_t at = 0; at < all.size(); at += pieces.back().size())
            pieces.push_back(all.substr(at, 1 + random.below(2000)));
        REQUIRE(words_of(pieces) == expected);
    }
}

TEST_CASE("R35 Content-Length is found in compact form, any case, folded, with white space") {
    for (const char* const row :
         {"Content-Length: 4\r\n", "l:4\r\n", "L : 4\r\n", "CONTENT-length\t:\r\n  4 \r\n",
          "content-Length: 0004\r\nX: y\r\n", "X: y\r\n l: 9\r\nl:4\r\n", "l: 4\r\nX-l: 9\r\n"})
        check_however_split(request(row, "\r\n\r\n"), {"cut:" + request(row, "\r\n\r\n")});
}

TEST_CASE("R35 without Content-Length a message on a stream has no body") {
    check_however_split(request("X: y\r\n") + request("Y: z\r\n"),
                        {"cut:" + request("X: y\r\n"), "cut:" + request("Y: z\r\n")});
}

TEST_CASE("R35 a start line is never taken for a Content-Length") {
    check_however_split("l: 4\r\n\r\n" + request("X: y\r\n"),
                        {"cut:l: 4\r\n\r\n", "cut:" + request("X: y\r\n")});
}

TEST_CASE("R36 two equal Content-Lengths frame the message, for a later check to refuse it") {
    const auto bytes = request("l: 2\r\nContent-Length: 02\r\n", "ab");
    check_however_split(bytes, {"cut:" + bytes});
}

TEST_CASE("R36 a malformed Content-Length breaks the stream once the header can be answered") {
    for (const std::string_view value :
         {"-1", "-999", "+4", "4 4", "4,4", "0x4", "", "1\r\n 2", "4;x"}) {
        const auto head = request("l: " + std::string(value) + "\r\nVia: SIP/2.0/TCP h\r\n");
        check_however_split(head + "1234", {broken(Error::bad_content_length, head)});
    }
}

TEST_CASE("R36 contradicting Content-Lengths break the stream") {
    const auto head = request("Content-Length: 13\r\nVia: x\r\nl: 5\r\n");
    check_however_split(head + "12345", {broken(Error::content_length_mismatch, head)});
}

TEST_CASE("R36 a Content-Length beyond the limit, or beyond 2**32 or 2**64, breaks the stream") {
    for (const std::string_view value : {"262144", "4294967296", "4294967300",
                                         "18446744073709551616", "99999999999999999999999"}) {
        const auto head = request("Content-Length: " + std::string(value) + "\r\n");
        CHECK(words_of({head}) == Words{broken(Error::message_too_large, head)});
    }
}

TEST_CASE("R36 a message as large as the limit passes, one byte more does not") {
    const auto bytes = request("l: 4\r\n", "1234");
    CHECK(words_of({bytes}, {.header = 1000, .message = bytes.size()}) == Words{"cut:" + bytes});
    CHECK(words_of({bytes}, {.header = 1000, .message = bytes.size() - 1}) ==
          Words{broken(Error::message_too_large, request("l: 4\r\n"))});
}

TEST_CASE("R36 a header alone can be beyond the limit of a message") {
    const auto bytes = request("X: y\r\n");
    CHECK(words_of({bytes}, {.header = 1000, .message = bytes.size() - 1}) ==
          Words{broken(Error::message_too_large, bytes)});
}

TEST_CASE("R36 a header beyond its limit breaks the stream before more of it is taken") {
    const auto bytes = request("X: " + std::string(100, 'x') + "\r\n");
    CHECK(words_of({bytes}, {.header = bytes.size()}) == Words{"cut:" + bytes});
    const FramerLimits tight{.header = bytes.size() - 1};
    const auto expected = broken(Error::message_too_large, bytes.substr(0, bytes.size() - 1));
    CHECK(words_of({bytes}, tight) == Words{expected});
    CHECK(words_of(bytewise(bytes), tight) == Words{expected});
}

TEST_CASE("R36 a bare LF in the header breaks the stream") {
    check_however_split("OPTIONS sip:a SIP/2.0\nX: y\r\n\r\n",
                        {broken(Error::bare_line_feed, "OPTIONS sip:a SIP/2.0\n")});
    check_however_split(request("X: y\nl: 4\r\n"),
                        {broken(Error::bare_line_feed, "OPTIONS sip:a SIP/2.0\r\nX: y\n")});
    check_however_split("OPTIONS sip:a SIP/2.0\r\nX: y\r\n\n",
                        {broken(Error::bare_line_feed, "OPTIONS sip:a SIP/2.0\r\nX: y\r\n\n")});
    check_however_split("\n", {broken(Error::bare_line_feed, "")});
}

TEST_CASE("R36 a NUL in the header breaks the stream, but for a quoted pair") {
    const auto stray = request(std::string("X: ") + '\0' + "\r\n");
    check_however_split(stray, {broken(Error::nul_in_header, stray)});
    const auto quoted = request(std::string("To: \"\\") + '\0' + "\" <sip:a>\r\n");
    check_however_split(quoted, {"cut:" + quoted});
    check_however_split(std::string(1, '\0'), {broken(Error::nul_in_header, "")});
}

TEST_CASE("R36 bytes that begin no message break the stream at once") {
    check_however_split("\x16\x03\x01\x02", {broken(Error::not_sip, "")});
    check_however_split(" OPTIONS", {broken(Error::not_sip, "")});
}

TEST_CASE("a broken stream stays broken and buffers nothing") {
    Framer framer;
    framer.push("\n");
    CHECK(word(framer.next()) == broken(Error::bare_line_feed, ""));
    framer.push(request("X: y\r\n"));
    CHECK(word(framer.next()) == broken(Error::bare_line_feed, ""));
    CHECK(framer.buffered() == 0);
    CHECK_FALSE(framer.in_message());
}

TEST_CASE("R38 CRLFCRLF between messages is a ping") {
    const auto bytes = request("X: y\r\n");
    CHECK(words_of({"\r\n\r\n"}) == Words{"ping"});
    CHECK(words_of({bytes + "\r\n\r\n" + bytes}) == Words{"cut:" + bytes, "ping", "cut:" + bytes});
    CHECK(words_of({"\r\n\r\n\r\n\r\n"}) == Words{"ping", "ping"});
}

TEST_CASE("R38 a ping that comes in pieces is still a ping") {
    for (const auto& pieces : std::vector<std::vector<std::string>>{
             {"\r\n", "\r\n"}, {"\r", "\n", "\r", "\n"}, {"\r\n\r", "\n"}})
        CHECK(words_of(pieces) == Words{"pong", "ping"});
    CHECK(words_of({"\r", "\n\r\n"}) == Words{"ping"});
    CHECK(words_of({"\r\n", "\r\n\r\n", "\r\n"}) == Words{"pong", "ping", "pong", "ping"});
}

TEST_CASE("R38 a ping says whether its first half was told as a pong: two pongs look like it") {
    const auto last_event = [](const std::vector<std::string>& pieces) {
        Framer framer;
        Framer::Event event;
        for (const std::string& piece : pieces) {
            framer.push(piece);
            event = framer.next();
        }
        return event;
    };
    const auto pongs = last_event({"\r\n", "\r\n"});
    REQUIRE(std::holds_alternative<Framer::Ping>(pongs));
    CHECK(std::get<Framer::Ping>(pongs).after_pong);
    const auto ping = last_event({"\r\n\r\n"});
    REQUIRE(std::holds_alternative<Framer::Ping>(ping));
    CHECK_FALSE(std::get<Framer::Ping>(ping).after_pong);
}

TEST_CASE("R38 a lone CRLF is a pong, and before a start line it is harmless") {
    const auto bytes = request("X: y\r\n");
    CHECK(words_of({"\r\n"}) == Words{"pong"});
    CHECK(words_of({"\r\n" + bytes}) == Words{"pong", "cut:" + bytes});
    CHECK(words_of({"\r\n\r\n\r\n" + bytes}) == Words{"ping", "pong", "cut:" + bytes});
}

TEST_CASE("R38 CRLFs with a message between them make no ping") {
    const auto bytes = request("X: y\r\n");
    CHECK(words_of({"\r\n" + bytes + "\r\n"}) == Words{"pong", "cut:" + bytes, "pong"});
}

TEST_CASE("R36 in_message tells a message under way from a quiet connection") {
    Framer framer;
    Words words;
    CHECK_FALSE(framer.in_message());
    framer.push("\r\n\r\n");
    drain(framer, words);
    CHECK_FALSE(framer.in_message());
    framer.push("O");
    drain(framer, words);
    CHECK(framer.in_message());
    framer.push(request("l: 4\r\n").substr(1) + "123");
    drain(framer, words);
    CHECK(framer.in_message());
    framer.push("4");
    drain(framer, words);
    CHECK_FALSE(framer.in_message());
    CHECK(framer.buffered() == 0);
    CHECK(words.size() == 2);
}
